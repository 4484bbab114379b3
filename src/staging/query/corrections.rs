//! Queries of `report`: corrections, waivers, and rows that are pending or rejected.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::domain::bar_values::{COLUMNS, Values};
use crate::staging::Staging;
use crate::staging::bar_row::{bar_sql, optional_text, text, values};

/// A bar that was replaced by other values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Correction {
    pub(crate) date: String,
    pub(crate) source: String,
    /// The values before.
    pub(crate) before: Values,
    /// The values after; `None` if the bar is gone.
    pub(crate) after: Option<Values>,
    /// Whether the old bar was only provisional.
    pub(crate) was_provisional: bool,
    /// When the new values were fetched.
    pub(crate) replaced_at: String,
    /// The run that replaced them.
    pub(crate) job_id: Option<String>,
}

/// A row that the warehouse rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReject {
    pub(crate) asset_id: String,
    pub(crate) date: String,
    pub(crate) source: String,
    /// PostgreSQL's error code.
    pub(crate) sqlstate: String,
    /// PostgreSQL's message.
    pub(crate) message: String,
    /// When it was rejected.
    pub(crate) rejected_at: String,
}

impl Staging {
    /// The replaced bars of an asset, newest first.
    pub(crate) fn corrections(&self, asset_id: &str) -> Result<Vec<Correction>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(bar_sql!("corrections.sql"))?;
        let rows = statement.query_map([asset_id], correction)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The waived sessions of an asset with the reason.
    pub(crate) fn waivers(&self, asset_id: &str) -> Result<BTreeMap<NaiveDate, String>> {
        let connection = self.connection()?;
        let mut statement =
            connection.prepare_cached("SELECT date, reason FROM waiver WHERE asset_id = ?1")?;
        let mut rows = statement.query([asset_id])?;
        let mut waivers = BTreeMap::new();
        while let Some(row) = rows.next()? {
            if let Ok(date) = row.get::<_, String>(0)?.parse() {
                waivers.insert(date, text(row, 1)?);
            }
        }
        Ok(waivers)
    }

    /// The rows that the warehouse rejected in their current revision, newest first.
    pub(crate) fn rejects(&self) -> Result<Vec<StoredReject>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT r.asset_id, r.date, r.source, r.sqlstate, r.message, r.rejected_at
             FROM sync_reject r JOIN price_daily p USING (asset_id, date, source)
             WHERE p.revision = r.revision ORDER BY r.rejected_at DESC, r.asset_id, r.date",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(StoredReject {
                asset_id: text(r, 0)?,
                date: text(r, 1)?,
                source: text(r, 2)?,
                sqlstate: text(r, 3)?,
                message: text(r, 4)?,
                rejected_at: text(r, 5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The number of pending bars by asset.
    pub(crate) fn pending_by_asset(&self) -> Result<HashMap<String, u64>> {
        let connection = self.connection()?;
        let mut statement =
            connection.prepare("SELECT asset_id, count(*) FROM pending GROUP BY asset_id")?;
        let rows = statement.query_map([], |r| Ok((text(r, 0)?, r.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn correction(row: &Row<'_>) -> rusqlite::Result<Correction> {
    const BEFORE_AT: usize = 5;
    const AFTER_AT: usize = BEFORE_AT + COLUMNS.len();
    // A bar that is gone has none.
    let is_gone = row.get_ref(AFTER_AT)? == ValueRef::Null;
    Ok(Correction {
        date: text(row, 0)?,
        source: text(row, 1)?,
        was_provisional: !row.get::<_, bool>(2)?,
        replaced_at: text(row, 3)?,
        job_id: optional_text(row, 4)?,
        before: values(row, BEFORE_AT)?,
        after: match is_gone {
            true => None,
            false => Some(values(row, AFTER_AT)?),
        },
    })
}
