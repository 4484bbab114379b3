//! One sync of a file at a time: a second one would send the same rows again.

use std::fs::{File, OpenOptions, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::companions::{SYNC_LOCK, beside};
use super::running::others_under_way;
use crate::staging::Staging;

/// Between two looks whether the other one has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Held while a sync runs; the system lets go of it when the process dies, however.
///
/// The file beside the staging file stays: were it removed, two could hold locks on two files of one name.
#[derive(Debug)]
pub(crate) struct SyncLock {
    _file: File,
}

impl Staging {
    /// Waits until no other sync of this file runs, and tells `waiting` for whom.
    ///
    /// # Errors
    /// What the system says, or who is still under way after `patience`.
    pub(crate) fn lock_sync(
        &self,
        patience: Duration,
        waiting: impl FnOnce(&str),
    ) -> Result<SyncLock> {
        let path = beside(&self.path, SYNC_LOCK);
        let doing = || format!("the file {path:?} that keeps two syncs apart cannot be locked");
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
                    "{}; this one waited {} s for its end and sends nothing",
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

    /// `another sync of this file is under way: sync (process 812 on nas) since …`
    fn other_sync(&self) -> String {
        let runs = self
            .connection()
            .and_then(|connection| others_under_way(&connection, &self.path));
        let mut runs = runs.into_iter().flatten();
        match runs.find(|run| run.job_name == "sync") {
            Some(run) => format!("another sync of this file is under way: {run}"),
            None => "another sync of this file is under way".to_owned(),
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
        assert_eq!(told, "another sync of this file is under way");
        assert!(
            said.starts_with("another sync of this file is under way"),
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
