//! Questions of `status`: what is staged, what waits, how the last runs went, what was found.

use anyhow::Result;
use serde::Serialize;

use super::Staging;

/// One asset's staged bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssetSummary {
    /// Asset.
    pub asset_id: String,
    /// Source.
    pub source: String,
    /// The oldest day.
    pub first_date: String,
    /// The newest day.
    pub last_date: String,
    /// Staged rows.
    pub staged: u64,
    /// Rows that are not final yet.
    pub provisional: u64,
    /// Rows that the warehouse does not have.
    pub pending: u64,
    /// Findings that are still open.
    pub open_findings: u64,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub job_id: String,
    /// `collect` or `sync`.
    pub job_name: String,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Its status.
    pub status: String,
    /// A JSON list of what failed.
    pub error_message: Option<String>,
}

/// An open finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingRow {
    /// Asset.
    pub asset_id: String,
    /// Source.
    pub source: String,
    /// The day.
    pub date: String,
    /// What was found.
    pub rule: String,
    /// The values behind it.
    pub detail: String,
}

impl Staging {
    /// What is staged, by asset and source.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn asset_summaries(&self) -> Result<Vec<AssetSummary>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT c.asset_id, c.source, c.first_date, c.last_date, c.bars, c.provisional, c.pending,
                    (SELECT count(*) FROM open_findings f WHERE f.asset_id = c.asset_id AND f.source = c.source)
             FROM coverage c ORDER BY c.asset_id, c.source",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(AssetSummary {
                asset_id: r.get(0)?,
                source: r.get(1)?,
                first_date: r.get(2)?,
                last_date: r.get(3)?,
                staged: r.get(4)?,
                provisional: r.get(5)?,
                pending: r.get(6)?,
                open_findings: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn last_runs(&self, limit: u32) -> Result<Vec<RunSummary>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT job_id, job_name, started_at, ended_at, status, error_message FROM job_run
             ORDER BY started_at DESC, job_id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(RunSummary {
                job_id: r.get(0)?,
                job_name: r.get(1)?,
                started_at: r.get(2)?,
                ended_at: r.get(3)?,
                status: r.get(4)?,
                error_message: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many runs of a command ended well, and how many ended, of its newest `last`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn success_rate(&self, job_name: &str, last: u32) -> Result<(u64, u64)> {
        let sql = "SELECT count(*) FILTER (WHERE status = 'success'), count(*) FROM (
                       SELECT status FROM job_run WHERE job_name = ?1 AND ended_at IS NOT NULL
                       ORDER BY started_at DESC LIMIT ?2)";
        Ok(self
            .connection()?
            .query_row(sql, (job_name, last), |r| Ok((r.get(0)?, r.get(1)?)))?)
    }

    /// The open findings, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open_findings(&self, limit: u32) -> Result<Vec<FindingRow>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT asset_id, source, date, rule, detail FROM open_findings ORDER BY date DESC, asset_id, rule LIMIT ?1")?;
        let rows = statement.query_map([limit], |r| {
            Ok(FindingRow {
                asset_id: r.get(0)?,
                source: r.get(1)?,
                date: r.get(2)?,
                rule: r.get(3)?,
                detail: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
