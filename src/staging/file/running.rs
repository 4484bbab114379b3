//! The runs in progress in a staging file, and whether their processes are alive.

use std::path::Path;

use anyhow::Result;
use rusqlite::Connection;

use super::run_lock::{is_abandoned, lock_path};
use crate::domain::run::{JobRun, Status};
use crate::staging::job_run::job_runs;

/// Whether it is a run of this process.
pub(super) fn is_own(run: &JobRun) -> bool {
    run.process_id == Some(std::process::id()) && run.host_name() == host()
}

/// The runs recorded as running, oldest first.
pub(in crate::staging) fn running(connection: &Connection) -> Result<Vec<JobRun>> {
    let with_status = "WHERE status = ?1 ORDER BY started_at";
    job_runs(connection, with_status, [Status::Running.name()])
}

/// The runs in the staging file at `path` whose process is alive, oldest first.
pub(in crate::staging) fn under_way(connection: &Connection, path: &Path) -> Result<Vec<JobRun>> {
    let mut alive = Vec::new();
    for run in running(connection)? {
        if !is_abandoned(&lock_path(path, &run.job_id))? {
            alive.push(run);
        }
    }
    Ok(alive)
}

/// The same without the runs of this process.
pub(super) fn others_under_way(connection: &Connection, path: &Path) -> Result<Vec<JobRun>> {
    let mut runs = under_way(connection, path)?;
    runs.retain(|run| !is_own(run));
    Ok(runs)
}

pub(in crate::staging) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
