//! One sync of a file at a time: a second one would send the same rows again.

use std::fs::{File, OpenOptions, TryLockError};

use anyhow::{Context, Result};

use super::Staging;

/// Held while a sync runs; the system lets go of it when the process dies, however.
///
/// The file beside the staging file stays: were it removed, two could hold locks on two files of one name.
#[derive(Debug)]
pub struct SyncLock {
    _file: File,
}

impl Staging {
    /// Waits until no other sync of this file runs; calls `waiting` when there is one.
    ///
    /// # Errors
    /// What the system says.
    pub fn lock_sync(&self, waiting: impl FnOnce()) -> Result<SyncLock> {
        let mut path = self.path.clone().into_os_string();
        path.push("-sync");
        let doing = || format!("the file {path:?} that keeps two syncs apart cannot be locked");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(doing)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().with_context(doing)?;
            }
            Err(TryLockError::Error(e)) => return Err(e).with_context(doing),
        }
        Ok(SyncLock { _file: file })
    }
}
