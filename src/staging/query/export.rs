//! Bars on their way out, one after the other.

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::params;
use serde::Serialize;

use crate::staging::Staging;

/// Which bars.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Of these assets; of all when empty.
    pub assets: Vec<String>,
    /// Of this source.
    pub source: Option<String>,
    /// From this day on.
    pub start: Option<NaiveDate>,
    /// Until this day.
    pub end: Option<NaiveDate>,
}

/// A bar as it stands in the file. The fields are the columns of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedBar {
    /// Asset.
    pub asset_id: String,
    /// The session's day.
    pub date: String,
    /// Where it came from.
    pub source: String,
    /// Opening price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Closing price.
    pub close: f64,
    /// Volume, where it is known.
    pub volume: Option<i64>,
    /// When it was fetched.
    pub ingested_at: String,
    /// Whether it was fetched after the session's final time.
    pub is_final: bool,
}

impl ExportedBar {
    /// The names of the columns.
    pub const COLUMNS: [&str; 10] = [
        "asset_id",
        "date",
        "source",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "ingested_at",
        "is_final",
    ];
}

impl Staging {
    /// Gives every selected bar to `take`, by asset, day and source; says how many there were.
    ///
    /// # Errors
    /// What SQLite or `take` says.
    pub fn export(
        &self,
        selection: &Selection,
        mut take: impl FnMut(&ExportedBar) -> Result<()>,
    ) -> Result<u64> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(include_str!("export.sql"))?;
        let assets = serde_json::Value::from(selection.assets.clone()).to_string();
        let day = |date: Option<NaiveDate>| date.map(|d| d.to_string());
        let mut rows = statement.query(params![
            assets,
            selection.source,
            day(selection.start),
            day(selection.end)
        ])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            take(&ExportedBar {
                asset_id: row.get(0)?,
                date: row.get(1)?,
                source: row.get(2)?,
                open: row.get(3)?,
                high: row.get(4)?,
                low: row.get(5)?,
                close: row.get(6)?,
                volume: row.get(7)?,
                ingested_at: row.get(8)?,
                is_final: row.get(9)?,
            })?;
            count += 1;
        }
        Ok(count)
    }
}
