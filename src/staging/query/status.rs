//! Questions of `status`: what is staged, what waits, how the last runs went, what was found.

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::timestamp;
use crate::staging::Staging;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub job_id: String,
    /// `collect` or `sync`.
    pub job_name: String,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// How long it took.
    pub seconds: Option<f64>,
    /// Its status.
    pub status: String,
    /// A JSON list of what failed.
    pub error_message: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The process on it.
    pub process_id: Option<u32>,
    /// The program's version.
    pub version: Option<String>,
}

/// A run that ended, or what it did for one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The command, or the asset.
    pub name: String,
    /// When the run began.
    pub started_at: String,
    /// How it ended.
    pub status: String,
    /// Whether that was well.
    pub succeeded: bool,
    /// Why not.
    pub error: Option<String>,
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
            "SELECT job_id, job_name, started_at, ended_at, round((julianday(ended_at) - julianday(started_at)) * 86400, 1),
                    status, error_message, host, process_id, version
             FROM job_run ORDER BY started_at DESC, job_id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([limit], |r| {
            Ok(RunSummary {
                job_id: r.get(0)?,
                job_name: r.get(1)?,
                started_at: r.get(2)?,
                ended_at: r.get(3)?,
                seconds: r.get(4)?,
                status: r.get(5)?,
                error_message: r.get(6)?,
                host: r.get(7)?,
                process_id: r.get(8)?,
                version: r.get(9)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The runs that ended since a time, by command, oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn ended_runs(&self, since: DateTime<Utc>) -> Result<Vec<Ended>> {
        self.ended(
            "SELECT job_name, started_at, status, status = 'success', error_message
             FROM job_run WHERE ended_at IS NOT NULL AND started_at >= ?1 ORDER BY started_at",
            since,
        )
    }

    /// What runs of `collect` since a time did for each asset, oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn ended_assets(&self, since: DateTime<Utc>) -> Result<Vec<Ended>> {
        self.ended(
            "SELECT a.value ->> 'asset_id', r.started_at, a.value ->> 'status', a.value ->> 'status' = 'ok', a.value ->> 'message'
             FROM job_run r, json_each(r.summary) a
             WHERE r.job_name = 'collect' AND r.ended_at IS NOT NULL AND r.started_at >= ?1 AND json_valid(r.summary)
                   AND a.value ->> 'asset_id' IS NOT NULL AND a.value ->> 'status' IS NOT NULL
             ORDER BY r.started_at",
            since,
        )
    }

    fn ended(&self, sql: &str, since: DateTime<Utc>) -> Result<Vec<Ended>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([timestamp::to_text(since)], |r| {
            Ok(Ended {
                name: r.get(0)?,
                started_at: r.get(1)?,
                status: r.get(2)?,
                succeeded: r.get(3)?,
                error: r.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many alerts wait to be sent.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count_alerts(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM alert_outbox";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
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
