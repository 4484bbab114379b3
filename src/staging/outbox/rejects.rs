//! Rows that the warehouse rejected, in the rejected revision.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{TransactionBehavior, params};

use crate::domain::text::brief;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::{RawText, shown};

/// Characters kept of the warehouse's message, which may quote a value of a megabyte.
pub(super) const LONGEST_MESSAGE: usize = 2000;

/// A row that cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its key as stored: asset, date, source.
    pub(crate) key: [RawText; 3],
    /// The revision that was read.
    pub(crate) revision: i64,
    /// The row as it was sent; empty if it could not be sent.
    pub(crate) sent: String,
    /// The SQLSTATE of the rejection.
    pub(crate) sqlstate: String,
    /// What is wrong with it.
    pub(crate) message: String,
    /// The violated constraint, if there is one.
    pub(crate) constraint: Option<String>,
}

/// The rows of one series that the warehouse rejected and would reject again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedSeries {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// Number of rows.
    pub(crate) rows: u64,
    /// The day of the first one.
    pub(crate) first_date: String,
    /// The warehouse's message for that one.
    pub(crate) message: String,
}

impl Staging {
    /// Records rows that cannot be sent. They stay pending and are tried again in a new revision or by a full sync.
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

    /// How many rows the warehouse rejected and would reject again.
    pub(crate) fn count_sync_rejects(&self) -> Result<u64> {
        let sql =
            "SELECT count(*) FROM sync_reject r JOIN price_daily p USING (asset_id, date, source)
                   WHERE p.revision = r.revision OR r.row_sent = ''";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
    }
    /// The rows of [`Staging::count_sync_rejects`] by series.
    pub(crate) fn rejected_series(&self) -> Result<Vec<RejectedSeries>> {
        let connection = self.connection()?;
        // With min(), SQLite takes the other columns from the row that has the minimum.
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
