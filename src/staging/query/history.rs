//! What a price was, since when it was known, and when it changed.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::params;
use serde::Serialize;

use crate::domain::asset::AssetId;
use crate::domain::bar_values::Values;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::{bar_sql, optional_text, text, values};

/// A bar as it was known for a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Version {
    /// The session's day.
    pub(crate) date: String,
    pub(crate) source: String,
    /// What the bar said.
    #[serde(flatten)]
    pub(crate) values: Values,
    /// When these values were fetched first.
    pub(crate) known_since: String,
    /// The run that brought them, where it is known.
    pub(crate) job_id: Option<String>,
    /// When values that replaced them were fetched, or they were taken back; `None` for those that hold.
    pub(crate) replaced_at: Option<String>,
    /// The run that replaced them.
    pub(crate) replaced_by: Option<String>,
    /// Why the owner took them back, where nothing replaced them.
    pub(crate) retracted: Option<String>,
}

fn version(row: &rusqlite::Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        date: text(row, 0)?,
        source: text(row, 1)?,
        known_since: text(row, 2)?,
        job_id: optional_text(row, 3)?,
        replaced_at: optional_text(row, 4)?,
        replaced_by: optional_text(row, 5)?,
        retracted: optional_text(row, 6)?,
        values: values(row, 7)?,
    })
}

impl Staging {
    /// Every version of the bars of an asset that have changed, or of one day's bars, oldest first.
    pub(crate) fn history(&self, asset: &AssetId, date: Option<NaiveDate>) -> Result<Vec<Version>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(bar_sql!("history.sql"))?;
        let rows = statement.query_map(
            params![asset.as_str(), date.map(|d| d.to_string())],
            version,
        )?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The bars of an asset as they were known at a time, or of one day.
    pub(crate) fn as_of(
        &self,
        asset: &AssetId,
        date: Option<NaiveDate>,
        time: DateTime<Utc>,
    ) -> Result<Vec<Version>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(bar_sql!("as_of.sql"))?;
        let values = params![
            asset.as_str(),
            date.map(|d| d.to_string()),
            timestamp::to_text(time)
        ];
        let rows = statement.query_map(values, version)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
