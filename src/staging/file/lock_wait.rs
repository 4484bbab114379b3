//! Waits for locks on the staging file held by other programs or by other workers of this one.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result};

use super::error::holder;

/// How long a statement waits: longer than the minute that a person or a backup may hold the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(90);
/// After one such timeout later waits are shorter: 500 assets must not wait 90 s each.
const TIMEOUT_AFTER_FAILED_WAIT: Duration = Duration::from_secs(5);
/// How long a timeout is remembered: afterwards the file may be locked for a minute again.
const FAILED_WAIT_MEMORY: Duration = Duration::from_secs(300);
/// The limit after a stop: the workers of this program let each other finish, and the run still ends within 2 s.
const TIMEOUT_AFTER_STOP: Duration = Duration::from_millis(700);
/// The limit after that: enough for the last asset and the end of the run, since other transactions take milliseconds.
const LAST_STATEMENT_TIMEOUT: Duration = Duration::from_millis(150);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// A longer wait is announced, with the holder of the lock.
const SILENT: Duration = Duration::from_secs(3);
/// Several workers that wait at once warn once.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

// SQLite's handler is a plain function, so it can use only what the whole process knows.

/// When the program was told to stop.
static STOPPED_AT: OnceLock<Instant> = OnceLock::new();
/// Time of the last timeout.
static LAST_FAILED_WAIT: Mutex<Option<Instant>> = Mutex::new(None);
/// The file of this process, for messages.
static FILE: OnceLock<PathBuf> = OnceLock::new();
/// Time of the last announcement.
static LAST_WARNING: Mutex<Option<Instant>> = Mutex::new(None);

/// From now on statements of this process wait for locks up to [`TIMEOUT_AFTER_STOP`], and then
/// [`LAST_STATEMENT_TIMEOUT`] each.
pub(crate) fn wait_no_longer() {
    STOPPED_AT.get_or_init(Instant::now);
}

/// Sets the file for messages; the first call wins.
pub(in crate::staging) fn name_file(path: &Path) {
    FILE.get_or_init(|| path.to_owned());
}

/// Makes the statements of a connection wait for locks.
pub(in crate::staging) fn wait_for_locks(connection: &Connection) -> Result<()> {
    connection.busy_handler(Some(wait_again))
}

/// One wait for a lock, from its first try on.
#[derive(Debug, Clone, Copy)]
pub(in crate::staging) struct Wait {
    since: Instant,
    looks: u32,
    is_announced: bool,
}

impl Wait {
    pub(in crate::staging) fn new() -> Self {
        Self {
            since: Instant::now(),
            looks: 0,
            is_announced: false,
        }
    }

    /// Pauses before the next try; returns false when the wait is over.
    pub(in crate::staging) fn again(&mut self) -> bool {
        let waited = self.since.elapsed();
        let stopped = STOPPED_AT.get().map(Instant::elapsed);
        if is_over(waited, stopped, since_timeout()) {
            if stopped.is_none() {
                *locked(&LAST_FAILED_WAIT) = Some(Instant::now());
            }
            return false;
        }
        if waited >= SILENT && !self.is_announced {
            self.is_announced = true;
            announce();
        }
        // Starting with 1 ms, like SQLite's own handler.
        let pause = Duration::from_millis(1 << self.looks.min(6));
        thread::sleep(pause.min(LONGEST_PAUSE));
        self.looks += 1;
        true
    }
}

/// Whether a statement has waited long enough. `stopped`: time since the program was told to stop.
fn is_over(waited: Duration, stopped: Option<Duration>, since_timeout: Option<Duration>) -> bool {
    match stopped {
        Some(stopped) => stopped >= TIMEOUT_AFTER_STOP && waited >= LAST_STATEMENT_TIMEOUT,
        None => waited >= patience(since_timeout),
    }
}

/// `since_timeout`: time since the last timeout.
fn patience(since_timeout: Option<Duration>) -> Duration {
    if since_timeout.is_some_and(|ago| ago < FAILED_WAIT_MEMORY) {
        TIMEOUT_AFTER_FAILED_WAIT
    } else {
        BUSY_TIMEOUT
    }
}

fn since_timeout() -> Option<Duration> {
    locked(&LAST_FAILED_WAIT).map(|at| at.elapsed())
}

/// Locks an instant, which cannot be left in an inconsistent state.
fn locked(moment: &Mutex<Option<Instant>>) -> MutexGuard<'_, Option<Instant>> {
    moment.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Announces who is waited for, unless it was announced just now.
fn announce() {
    let Some(path) = FILE.get() else { return };
    let mut last_warning = locked(&LAST_WARNING);
    if last_warning.is_some_and(|at| at.elapsed() < WARNING_INTERVAL) {
        return;
    }
    *last_warning = Some(Instant::now());
    log::warn!(
        "waiting up to {} s for {}, which is locked by {}",
        patience(since_timeout()).as_secs(),
        path.display(),
        holder(path)
    );
}

/// Waits once for a lock that has been tried `count` times.
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
    fn who_waited_in_vain_does_not_wait_as_long_again_for_some_minutes() {
        let seconds = Duration::from_secs;
        for (waited, since_timeout, expected) in [
            (61, None, false),
            (91, None, true),
            (4, Some(1), false),
            (6, Some(1), true),
            // A lock of an hour ago proves nothing about this one.
            (61, Some(3600), false),
        ] {
            let over = is_over(seconds(waited), None, since_timeout.map(seconds));
            assert_eq!(over, expected, "{waited} {since_timeout:?}");
        }
    }

    #[test]
    fn after_a_stop_each_statement_still_waits_for_a_moment() {
        let millis = Duration::from_millis;
        for (waited, stopped, expected) in [
            (60_000, 500, false),
            (60_000, 1100, true),
            // One that has only begun to wait.
            (5, 1100, false),
            (200, 1100, true),
        ] {
            let over = is_over(millis(waited), Some(millis(stopped)), None);
            assert_eq!(over, expected, "{waited} {stopped}");
        }
    }
}
