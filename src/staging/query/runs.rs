//! Queries about runs: the newest, those since a time, and how they ended.

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::domain::run::{JobRun, Status};
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::{optional_text, text};
use crate::staging::job_run::{job_runs, job_runs_as};

/// How a run or one of its assets ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The command or the asset.
    pub(crate) name: String,
    /// Start of the run.
    pub(crate) started_at: String,
    pub(crate) status: String,
    pub(crate) succeeded: bool,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

impl From<JobRun> for Ended {
    fn from(run: JobRun) -> Self {
        Self {
            name: run.job_name,
            started_at: run.started_at,
            succeeded: run.status == Status::Success.name(),
            status: run.status,
            error: run.error_message,
        }
    }
}

impl Staging {
    /// The newest runs, newest first.
    pub(crate) fn last_runs(&self, limit: u32) -> Result<Vec<JobRun>> {
        let newest = "ORDER BY started_at DESC, job_id DESC LIMIT ?1";
        job_runs(&*self.connection()?, newest, [limit])
    }

    /// The runs that started at or after a time, newest first.
    pub(crate) fn runs_since(&self, time: &str) -> Result<Vec<JobRun>> {
        let since = "WHERE started_at >= ?1 ORDER BY started_at DESC, job_id DESC";
        job_runs(&*self.connection()?, since, [time])
    }

    /// The newest finished run of a command.
    pub(crate) fn newest_ended_run(&self, job_name: &str) -> Result<Option<JobRun>> {
        let newest =
            "WHERE job_name = ?1 AND ended_at IS NOT NULL ORDER BY started_at DESC LIMIT 1";
        Ok(job_runs(&*self.connection()?, newest, [job_name])?.pop())
    }

    /// The runs that ended since a time, by command, oldest first.
    pub(crate) fn ended_runs(&self, since: DateTime<Utc>) -> Result<Vec<Ended>> {
        let ended = "WHERE ended_at IS NOT NULL AND started_at >= ?1 ORDER BY started_at";
        let since = [timestamp::to_text(since)];
        job_runs_as(&*self.connection()?, ended, since, Ended::from)
    }

    /// The sources of the bars staged by runs since a time: the run's id, the asset, and the sources separated by
    /// commas.
    pub(crate) fn answered_since(&self, time: &str) -> Result<Vec<[String; 3]>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT a.job_id, a.asset_id, a.source FROM job_run r JOIN asset_run a USING (job_id)
             WHERE r.started_at >= ?1 AND a.source IS NOT NULL",
        )?;
        let rows = statement.query_map([time], |r| Ok([text(r, 0)?, text(r, 1)?, text(r, 2)?]))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The results of each asset in runs of `collect` since a time, oldest first.
    pub(crate) fn ended_assets(&self, since: DateTime<Utc>) -> Result<Vec<Ended>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT a.asset_id, r.started_at, a.status, a.status = 'ok', a.message
             FROM job_run r JOIN asset_run a USING (job_id)
             WHERE r.ended_at IS NOT NULL AND r.started_at >= ?1
             ORDER BY r.started_at",
        )?;
        let rows = statement.query_map([timestamp::to_text(since)], |r| {
            Ok(Ended {
                name: text(r, 0)?,
                started_at: text(r, 1)?,
                status: text(r, 2)?,
                succeeded: r.get(3)?,
                error: optional_text(r, 4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
