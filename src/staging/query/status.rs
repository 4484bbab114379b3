//! Questions of `status`: what is staged, what waits, what was found.

use anyhow::Result;
use serde::Serialize;

use crate::staging::Staging;
use crate::staging::bar_row::text;

/// One asset's staged bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AssetSummary {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// The oldest day.
    pub(crate) first_date: String,
    /// The newest day.
    pub(crate) last_date: String,
    /// Staged rows.
    pub(crate) staged: u64,
    /// Rows that are not final yet.
    pub(crate) provisional: u64,
    /// Rows that the warehouse does not have.
    pub(crate) pending: u64,
    /// Findings that are still open.
    pub(crate) open_findings: u64,
}

/// An open finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FindingRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// The day.
    pub(crate) date: String,
    /// What was found.
    pub(crate) rule: String,
    /// The values behind it.
    pub(crate) detail: String,
}

impl Staging {
    /// What is staged, by asset and source.
    pub(crate) fn asset_summaries(&self) -> Result<Vec<AssetSummary>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT c.asset_id, c.source, c.first_date, c.last_date, c.bars, c.provisional, c.pending,
                    (SELECT count(*) FROM open_findings f WHERE f.asset_id = c.asset_id AND f.source = c.source)
             FROM coverage c ORDER BY c.asset_id, c.source",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(AssetSummary {
                asset_id: text(r, 0)?,
                source: text(r, 1)?,
                first_date: text(r, 2)?,
                last_date: text(r, 3)?,
                staged: r.get(4)?,
                provisional: r.get(5)?,
                pending: r.get(6)?,
                open_findings: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many alerts wait to be sent.
    pub(crate) fn count_alerts(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM alert_outbox";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
    }

    /// The open findings, newest first.
    pub(crate) fn open_findings(&self, limit: u32) -> Result<Vec<FindingRow>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT asset_id, source, date, rule, detail FROM open_findings ORDER BY date DESC, asset_id, rule LIMIT ?1")?;
        let rows = statement.query_map([limit], |r| {
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
