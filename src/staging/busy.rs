//! Waiting for a lock on the staging file that somebody else holds: another program, or another worker of this one.

use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result};

/// How long a statement waits.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long after the program was told to stop: the workers of this program let each other finish, and the run still ends
/// within 2 s.
const AFTER_STOP: Duration = Duration::from_secs(1);
/// The longest pause between two looks at a lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// When the program was told to stop. SQLite's handler is a plain function, so that it can know only what all know.
static STOPPED_AT: OnceLock<Instant> = OnceLock::new();

/// From now on no statement of this process waits longer than [`AFTER_STOP`] for a lock.
pub fn wait_no_longer() {
    STOPPED_AT.get_or_init(Instant::now);
}

/// Lets the statements of a connection wait for locks.
pub(super) fn wait_for_locks(connection: &Connection) -> Result<()> {
    connection.busy_handler(Some(wait_again))
}

/// Whether it is worth waiting for what was waited for since `since`.
pub(super) fn may_wait(since: Instant) -> bool {
    let stopped = STOPPED_AT.get();
    since.elapsed() < BUSY_TIMEOUT && stopped.is_none_or(|at| at.elapsed() < AFTER_STOP)
}

/// Waits once for a lock that was waited for `count` times; false when it is not waited for any longer.
fn wait_again(count: i32) -> bool {
    thread_local! {
        static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    if count == 0 {
        SINCE.set(Some(Instant::now()));
    }
    let goes_on = SINCE.get().is_none_or(may_wait);
    if goes_on {
        // From 1 ms on, as SQLite's own handler does.
        let pause = Duration::from_millis(1 << count.clamp(0, 6));
        thread::sleep(pause.min(LONGEST_PAUSE));
    }
    goes_on
}
