//! Waiting for a lock on the staging file that somebody else holds: another program, or another worker of this one.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result};

use super::trouble::holder;

/// How long a statement waits: longer than the minute for which a person, or a backup, may keep the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(90);
/// How long once this process has waited in vain: 500 assets must not wait for 90 s each.
const AFTER_IN_VAIN: Duration = Duration::from_secs(5);
/// How long after the program was told to stop: the workers of this program let each other finish, and the run still ends
/// within 2 s.
const AFTER_STOP: Duration = Duration::from_secs(1);
/// The longest pause between two looks at a lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// Whoever waits longer is told for whom.
const SILENT: Duration = Duration::from_secs(3);
/// Several workers that wait at once say so once.
const BETWEEN_WORDS: Duration = Duration::from_secs(60);

// SQLite's handler is a plain function, so that it can know only what all of the process know.

/// When the program was told to stop.
static STOPPED_AT: OnceLock<Instant> = OnceLock::new();
/// Whether a wait has ended in vain.
static IN_VAIN: AtomicBool = AtomicBool::new(false);
/// The file that this process works on, for what is said.
static FILE: OnceLock<PathBuf> = OnceLock::new();
/// When somebody was told of a wait last.
static TOLD_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// From now on no statement of this process waits longer than [`AFTER_STOP`] for a lock.
pub fn wait_no_longer() {
    STOPPED_AT.get_or_init(Instant::now);
}

/// Names the file that is waited for; the first one counts.
pub(super) fn name_file(path: &Path) {
    FILE.get_or_init(|| path.to_owned());
}

/// Lets the statements of a connection wait for locks.
pub(super) fn wait_for_locks(connection: &Connection) -> Result<()> {
    connection.busy_handler(Some(wait_again))
}

/// One wait for a lock, from the first look at it on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    since: Instant,
    looks: u32,
    is_told: bool,
}

impl Wait {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            looks: 0,
            is_told: false,
        }
    }

    /// Pauses before the next look; false when it is not waited for any longer.
    pub(super) fn again(&mut self) -> bool {
        let waited = self.since.elapsed();
        if let Some(stopped) = STOPPED_AT.get() {
            if stopped.elapsed() >= AFTER_STOP {
                return false;
            }
        } else if waited >= patience(IN_VAIN.load(Ordering::Relaxed)) {
            IN_VAIN.store(true, Ordering::Relaxed);
            return false;
        }
        if waited >= SILENT && !self.is_told {
            self.is_told = true;
            tell();
        }
        // From 1 ms on, as SQLite's own handler does.
        let pause = Duration::from_millis(1 << self.looks.min(6));
        thread::sleep(pause.min(LONGEST_PAUSE));
        self.looks += 1;
        true
    }
}

fn patience(was_in_vain: bool) -> Duration {
    if was_in_vain {
        AFTER_IN_VAIN
    } else {
        BUSY_TIMEOUT
    }
}

/// Says who is waited for, unless that was said just now.
fn tell() {
    let Some(path) = FILE.get() else { return };
    let mut told_at = TOLD_AT.lock().unwrap_or_else(PoisonError::into_inner);
    if told_at.is_some_and(|at| at.elapsed() < BETWEEN_WORDS) {
        return;
    }
    *told_at = Some(Instant::now());
    log::warn!(
        "waiting for {}, which is locked by {}; at most {} s",
        path.display(),
        holder(path),
        patience(IN_VAIN.load(Ordering::Relaxed)).as_secs()
    );
}

/// Waits once for a lock that was waited for `count` times.
fn wait_again(count: i32) -> bool {
    thread_local! {
        static WAIT: Cell<Option<Wait>> = const { Cell::new(None) };
    }
    let mut wait = match WAIT.take() {
        Some(wait) if count > 0 => wait,
        _ => Wait::new(),
    };
    let goes_on = wait.again();
    WAIT.set(Some(wait));
    goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_in_vain_does_not_wait_as_long_again() {
        assert!(patience(false) > Duration::from_secs(60));
        assert!(patience(true) * 10 < patience(false));
    }
}
