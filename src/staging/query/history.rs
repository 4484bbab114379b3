//! Earlier values of prices: when they were known and when they changed.

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
    pub(crate) date: String,
    pub(crate) source: String,
    #[serde(flatten)]
    pub(crate) values: Values,
    /// When these values were first fetched.
    pub(crate) known_since: String,
    /// The run that fetched them, if known.
    pub(crate) job_id: Option<String>,
    /// When they were replaced or retracted; `None` for the current values.
    pub(crate) replaced_at: Option<String>,
    /// The run that replaced them.
    pub(crate) replaced_by: Option<String>,
    /// Why the owner retracted them, if nothing replaced them.
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

    /// The bars of an asset, or of one day, as they were known at a time.
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
