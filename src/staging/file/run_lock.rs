//! The lock of a run: a file beside the staging file that shows whether the run's process is alive.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::companions::{RUN_LOCK, beside};
use crate::process::lock_file;
use crate::process::unfinished::folder_of;

/// Shows other processes that a run's process is alive: the system releases the lock when the process dies in any way.
///
/// The file lies beside the staging file and is removed when the run ends.
#[derive(Debug)]
pub(crate) struct RunLock {
    file: Option<File>,
    path: PathBuf,
}

impl RunLock {
    pub(in crate::staging) fn take(path: PathBuf) -> Result<Self> {
        let doing = || format!("cannot create the lock file {} of this run", path.display());
        let file = lock_file::take(&path).with_context(doing)?;
        Ok(Self {
            file: Some(file),
            path,
        })
    }
}

#[cfg(test)]
impl RunLock {
    /// Imitates the death of the process: the lock is released, the file stays.
    pub(in crate::staging) fn die(&mut self) {
        drop(self.file.take());
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Close it first: Windows cannot remove an open file.
        drop(self.file.take());
        remove_lock_file(&self.path);
    }
}

pub(in crate::staging) fn remove_lock_file(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::debug!("cannot remove {}: {error}", path.display());
    }
}

/// Whether the process that took the lock at this path is gone.
pub(in crate::staging) fn is_abandoned(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => {
            Err(e).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// The path of a run's lock beside the staging file.
pub(in crate::staging) fn lock_path(staging: &Path, job_id: &str) -> PathBuf {
    beside(staging, &format!("{RUN_LOCK}{job_id}"))
}

/// Fails while a run holds its lock beside the staging file at `path`, which itself need not be readable.
pub(super) fn refuse_beside_a_run(path: &Path) -> Result<()> {
    for lock in run_locks(path)? {
        if !is_abandoned(&lock)? {
            bail!(
                "a run is in progress and holds {}; restore after it has ended",
                lock.display()
            );
        }
    }
    Ok(())
}

/// The locks of runs beside the staging file at `path`.
fn run_locks(path: &Path) -> io::Result<Vec<PathBuf>> {
    let start = lock_path(path, "");
    let start = start.file_name().unwrap_or_default().as_encoded_bytes();
    let entries = match fs::read_dir(folder_of(path)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut locks = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(start) {
            locks.push(entry.path());
        }
    }
    Ok(locks)
}

/// The locks of dead runs beside the staging file at `path`.
pub(crate) fn left_locks(path: &Path) -> Vec<PathBuf> {
    let mut left = run_locks(path).unwrap_or_default();
    left.retain(|lock| lock_file::of_dead_process(lock).is_some());
    left
}

/// Removes them. Each is locked meanwhile, so that no run takes it.
pub(crate) fn remove_left_locks(path: &Path) {
    for lock in run_locks(path).unwrap_or_default() {
        if let Some(_held) = lock_file::of_dead_process(&lock) {
            remove_lock_file(&lock);
        }
    }
}
