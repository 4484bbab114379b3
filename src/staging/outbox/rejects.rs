//! Rows that the warehouse refuses, in the revision that it refused.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{TransactionBehavior, params};

use crate::domain::text::brief;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::{RawText, shown};

/// So many characters of what the warehouse says are kept; it may quote a value of a megabyte.
pub(super) const LONGEST_MESSAGE: usize = 2000;

/// A row that cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its key as it stands: asset, date, source.
    pub(crate) key: [RawText; 3],
    /// The revision that was read.
    pub(crate) revision: i64,
    /// The row as it was sent; empty for one that could not be.
    pub(crate) sent: String,
    /// The SQLSTATE of the refusal.
    pub(crate) sqlstate: String,
    /// What is wrong with it.
    pub(crate) message: String,
    /// The constraint that it violates, where it is one.
    pub(crate) constraint: Option<String>,
}

/// What the warehouse has refused of one series and would refuse again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedSeries {
    /// The asset.
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// How many rows.
    pub(crate) rows: u64,
    /// The day of the first one.
    pub(crate) first_date: String,
    /// Why that one was refused, in the warehouse's words.
    pub(crate) message: String,
}

impl Staging {
    /// Notes rows that cannot be sent. They stay pending, and are tried again in a new revision or by a full sync.
    pub(crate) fn reject(&self, rejects: &[Reject], now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rejects {
            let [asset, date, source] = &row.key;
            tx.prepare_cached(
                "INSERT INTO sync_reject (asset_id, date, source, revision, sqlstate, message, constraint_name, rejected_at, row_sent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (asset_id, date, source) DO UPDATE
                 SET revision = excluded.revision, sqlstate = excluded.sqlstate, message = excluded.message,
                     constraint_name = excluded.constraint_name, rejected_at = excluded.rejected_at,
                     row_sent = excluded.row_sent",
            )?
            .execute(params![
                asset,
                date,
                source,
                row.revision,
                row.sqlstate,
                brief(&row.message, LONGEST_MESSAGE),
                row.constraint,
                timestamp::to_text(now),
                row.sent,
            ])?;
        }
        Ok(tx.commit()?)
    }

    /// How many rows the warehouse has refused and would refuse again.
    pub(crate) fn count_sync_rejects(&self) -> Result<u64> {
        let sql =
            "SELECT count(*) FROM sync_reject r JOIN price_daily p USING (asset_id, date, source)
                   WHERE p.revision = r.revision OR r.row_sent = ''";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
    }
    /// The rows behind [`Staging::count_sync_rejects`] by series.
    pub(crate) fn rejected_series(&self) -> Result<Vec<RejectedSeries>> {
        let connection = self.connection()?;
        // Beside min(), SQLite takes the other columns from the row that has it.
        let mut statement = connection.prepare_cached(
            "SELECT asset_id, source, count(*), min(date), r.sqlstate || ' ' || r.message
             FROM sync_reject r JOIN price_daily p USING (asset_id, date, source)
             WHERE p.revision = r.revision OR r.row_sent = '' GROUP BY asset_id, source ORDER BY asset_id, source",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(RejectedSeries {
                asset_id: shown(r.get_ref(0)?),
                source: shown(r.get_ref(1)?),
                rows: r.get(2)?,
                first_date: shown(r.get_ref(3)?),
                message: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
