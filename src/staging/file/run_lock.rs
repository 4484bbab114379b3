//! The lock of a run: a file beside the staging file that tells whether the process of a run is still alive.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::companions::{RUN_LOCK, beside};
use crate::process::lock_file;
use crate::process::unfinished::folder_of;

/// Shows other processes that a run's process is alive: the system lets go of the lock when the process dies, however.
///
/// The file lies beside the staging file and goes when the run ends.
#[derive(Debug)]
pub(crate) struct RunLock {
    file: Option<File>,
    path: PathBuf,
}

impl RunLock {
    pub(in crate::staging) fn take(path: PathBuf) -> Result<Self> {
        let doing = || {
            format!(
                "the file {} that shows that a run is alive cannot be made",
                path.display()
            )
        };
        let file = lock_file::take(&path).with_context(doing)?;
        Ok(Self {
            file: Some(file),
            path,
        })
    }
}

#[cfg(test)]
impl RunLock {
    /// What the system does when a process dies: the lock is gone, the file is not.
    pub(in crate::staging) fn die(&mut self) {
        drop(self.file.take());
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closed first: Windows removes no open file.
        drop(self.file.take());
        remove_lock_file(&self.path);
    }
}

pub(in crate::staging) fn remove_lock_file(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::debug!("{} was not removed: {error}", path.display());
    }
}

/// Whether the process that took the lock at this path is gone.
pub(in crate::staging) fn is_abandoned(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(e).with_context(|| format!("{} cannot be read", path.display())),
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => {
            Err(e).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// The file beside the staging file that shows that a run is alive.
pub(in crate::staging) fn lock_path(staging: &Path, job_id: &str) -> PathBuf {
    beside(staging, &format!("{RUN_LOCK}{job_id}"))
}

/// Refuses to go on while a run holds its lock beside the staging file at `path`, which itself need not be readable.
pub(super) fn refuse_beside_a_run(path: &Path) -> Result<()> {
    for lock in run_locks(path)? {
        if !is_abandoned(&lock)? {
            bail!(
                "a run is under way, it holds {}; restore when it has ended",
                lock.display()
            );
        }
    }
    Ok(())
}

/// The locks of runs that lie beside the staging file at `path`.
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

/// The locks that dead runs left beside the staging file at `path`.
pub(crate) fn left_locks(path: &Path) -> Vec<PathBuf> {
    let mut left = run_locks(path).unwrap_or_default();
    left.retain(|lock| lock_file::of_dead_process(lock).is_some());
    left
}

/// Removes them. Each is held meanwhile, so that no run takes it.
pub(crate) fn remove_left_locks(path: &Path) {
    for lock in run_locks(path).unwrap_or_default() {
        if let Some(_held) = lock_file::of_dead_process(&lock) {
            remove_lock_file(&lock);
        }
    }
}
