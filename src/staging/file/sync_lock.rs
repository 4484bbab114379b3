//! Allows one sync of a file at a time: a second one would send the same rows again.

use std::fs::{File, OpenOptions, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::companions::{SYNC_LOCK, beside};
use super::running::others_under_way;
use crate::staging::Staging;

/// Pause between two checks whether the other sync has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Held while a sync runs; the system releases it when the process dies in any way.
///
/// The file beside the staging file stays: were it removed, two could hold locks on two files of one name.
#[derive(Debug)]
pub(crate) struct SyncLock {
    _file: File,
}

impl Staging {
    /// Waits until no other sync of this file runs; calls `waiting` with the one it waits for.
    ///
    /// # Errors
    /// Errors of the system, or who is still running after `patience`.
    pub(crate) fn lock_sync(
        &self,
        patience: Duration,
        waiting: impl FnOnce(&str),
    ) -> Result<SyncLock> {
        let path = beside(&self.path, SYNC_LOCK);
        let doing = || format!("cannot lock {path:?}, which prevents two syncs at once");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(doing)?;
        let started = Instant::now();
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(SyncLock { _file: file }),
                Err(TryLockError::Error(e)) => return Err(e).with_context(doing),
                Err(TryLockError::WouldBlock) => {}
            }
            if started.elapsed() >= patience {
                bail!(
                    "{}; waited {} s for it to end, so this sync sends nothing",
                    self.other_sync(),
                    patience.as_secs()
                );
            }
            if let Some(waiting) = waiting.take() {
                waiting(&self.other_sync());
            }
            thread::sleep(PAUSE);
        }
    }

    /// `another sync of this file is in progress: sync (process 812 on nas) since …`
    fn other_sync(&self) -> String {
        let runs = self
            .connection()
            .and_then(|connection| others_under_way(&connection, &self.path));
        let mut runs = runs.into_iter().flatten();
        match runs.find(|run| run.job_name == "sync") {
            Some(run) => format!("another sync of this file is in progress: {run}"),
            None => "another sync of this file is in progress".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_sync_waits_and_leaves_when_the_first_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(&folder.path().join("s.db")).unwrap();
        let first = staging
            .lock_sync(Duration::ZERO, |_| panic!("nobody is waited for"))
            .unwrap();
        let mut told = String::new();
        let second = staging.lock_sync(Duration::from_millis(100), |who| who.clone_into(&mut told));
        let said = second.unwrap_err().to_string();
        assert_eq!(told, "another sync of this file is in progress");
        assert!(
            said.starts_with("another sync of this file is in progress"),
            "{said}"
        );
        let waited = thread::scope(|scope| {
            let second = scope.spawn(|| {
                let patience = Duration::from_secs(60);
                staging.lock_sync(patience, |_| drop(first)).is_ok()
            });
            second.join().unwrap()
        });
        assert!(waited);
    }
}
