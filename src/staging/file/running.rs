//! The runs that are under way in a staging file, and whether their processes are alive.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;

use super::run_lock::{is_abandoned, lock_path};

/// A run that is recorded as under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningRow {
    /// The run.
    pub job_id: String,
    /// `collect` or `sync`.
    pub job_name: String,
    /// The machine.
    pub host: String,
    /// The process on it.
    pub process_id: u32,
    /// When it began.
    pub started_at: String,
}

impl RunningRow {
    /// Whether it is a run of this process.
    pub(in crate::staging) fn is_own(&self) -> bool {
        self.process_id == std::process::id() && self.host == host()
    }
}

impl fmt::Display for RunningRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            job_name,
            host,
            process_id,
            started_at,
            ..
        } = self;
        write!(
            f,
            "{job_name} (process {process_id} on {host}) since {started_at}"
        )
    }
}

pub(in crate::staging) fn running(connection: &Connection) -> Result<Vec<RunningRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT job_id, job_name, coalesce(host, '?'), coalesce(process_id, 0), started_at FROM job_run
         WHERE status = 'running' ORDER BY started_at",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(RunningRow {
            job_id: r.get(0)?,
            job_name: r.get(1)?,
            host: r.get(2)?,
            process_id: r.get(3)?,
            started_at: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The runs in the staging file at `path` whose process is alive, oldest first.
pub(in crate::staging) fn under_way(
    connection: &Connection,
    path: &Path,
) -> Result<Vec<RunningRow>> {
    let mut alive = Vec::new();
    for run in running(connection)? {
        if !is_abandoned(&lock_path(path, &run.job_id))? {
            alive.push(run);
        }
    }
    Ok(alive)
}

/// The same without the runs of this process.
pub(super) fn others_under_way(connection: &Connection, path: &Path) -> Result<Vec<RunningRow>> {
    let mut runs = under_way(connection, path)?;
    runs.retain(|run| !run.is_own());
    Ok(runs)
}

pub(in crate::staging) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
