//! The lock of a run: a file beside the staging file that tells whether the process of a run is still alive.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::companions::{RUN_LOCK, beside};

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
        let file = File::create(&path).with_context(doing)?;
        file.try_lock().with_context(doing)?;
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
    let start = lock_path(path, "");
    let (Some(folder), Some(start)) = (start.parent(), start.file_name()) else {
        return Ok(());
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_lock = name
            .as_encoded_bytes()
            .starts_with(start.as_encoded_bytes());
        if is_lock && !is_abandoned(&entry.path())? {
            bail!(
                "a run is under way, it holds {}; restore when it has ended",
                entry.path().display()
            );
        }
    }
    Ok(())
}
