//! Series that may hold two scales.

use anyhow::Result;

use super::status::FindingRow;
use crate::staging::Staging;
use crate::staging::bar_row::text;

impl Staging {
    /// The open findings that make a series suspect, by asset, source and day.
    pub(crate) fn suspects(&self) -> Result<Vec<FindingRow>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT asset_id, source, date, rule, detail FROM finding
             WHERE resolved_at IS NULL AND rule IN ('scale_step', 'scale_refused', 'scale_unknown')
             ORDER BY asset_id, source, date",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(FindingRow {
                asset_id: text(r, 0)?,
                source: text(r, 1)?,
                date: text(r, 2)?,
                rule: text(r, 3)?,
                detail: text(r, 4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
