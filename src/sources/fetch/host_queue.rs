//! Sends one request to a host at a time, with a pause between two.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::process::clock::Clock;
use crate::process::stop::{Stop, Stopped};

/// Random share added to the pause between two requests to one host.
const JITTER: f64 = 0.3;
/// How quickly a waiting request notices a stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The hosts asked so far.
pub(super) struct HostQueues {
    interval: Duration,
    clock: Arc<Clock>,
    stop: Stop,
    lines: Mutex<HashMap<String, Arc<HostQueue>>>,
}

/// The queue of requests to one host.
#[derive(Default)]
struct HostQueue {
    state: Mutex<QueueState>,
    left: Condvar,
}

#[derive(Default)]
struct QueueState {
    is_busy: bool,
    /// Earliest time of the next request.
    next: Duration,
}

impl HostQueue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to ask a host, until it is dropped.
pub(super) struct Turn(Arc<HostQueue>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().is_busy = false;
        self.0.left.notify_one();
    }
}

impl HostQueues {
    /// At least `interval` passes between the starts of two requests to one host.
    pub(super) fn new(interval: Duration, clock: Arc<Clock>, stop: Stop) -> Self {
        Self {
            interval,
            clock,
            stop,
            lines: Mutex::default(),
        }
    }

    /// Waits until the host may be asked, and keeps it unasked for at least `interval` after that.
    pub(super) fn enter(&self, host: &str, interval: Duration) -> Result<Turn, Stopped> {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(host.to_owned()).or_default())
        };
        let mut state = line.state();
        while state.is_busy {
            if self.stop.is_set() {
                return Err(Stopped);
            }
            let waited = line.left.wait_timeout(state, POLL_INTERVAL);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_busy = true;
        let next = state.next;
        drop(state);
        let turn = Turn(line);
        (self.clock.sleep)(next.saturating_sub((self.clock.uptime)()))?;
        let pause = self
            .interval
            .max(interval)
            .mul_f64(1.0 + JITTER * (self.clock.random)());
        turn.0.state().next = (self.clock.uptime)() + pause;
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    /// A clock whose time passes only by sleeping, and the milliseconds that have passed.
    fn still(random: f64) -> (Arc<Clock>, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(0));
        let (read, pass) = (Arc::clone(&now), Arc::clone(&now));
        let clock = Clock {
            uptime: Box::new(move || Duration::from_millis(read.load(Ordering::SeqCst))),
            sleep: Box::new(move |time| {
                let millis = u64::try_from(time.as_millis()).unwrap();
                pass.fetch_add(millis, Ordering::SeqCst);
                Ok(())
            }),
            random: Box::new(move || random),
        };
        (Arc::new(clock), now)
    }

    #[test]
    fn requests_to_one_host_are_spaced_and_other_hosts_do_not_wait() {
        let (clock, now) = still(0.5);
        let hosts = HostQueues::new(Duration::from_millis(1000), clock, Stop::default());
        let mut times = Vec::new();
        for host in ["a", "a", "b", "a"] {
            drop(hosts.enter(host, Duration::ZERO).unwrap());
            times.push(now.load(Ordering::SeqCst));
        }
        assert_eq!(times, [0, 1150, 1150, 2300]);
        // What a request itself took counts.
        now.fetch_add(5000, Ordering::SeqCst);
        drop(hosts.enter("a", Duration::ZERO).unwrap());
        assert_eq!(now.load(Ordering::SeqCst), 7300);
        // A source may want to be left alone for longer, not for less.
        drop(hosts.enter("b", Duration::from_secs(10)).unwrap());
        drop(hosts.enter("b", Duration::ZERO).unwrap());
        assert_eq!(now.load(Ordering::SeqCst), 7300 + 11_500);
    }

    #[test]
    fn one_request_at_a_time() {
        let (clock, _) = still(0.0);
        let hosts = HostQueues::new(Duration::ZERO, clock, Stop::default());
        let inside = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let turn = hosts.enter("a", Duration::ZERO).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
    }

    #[test]
    fn nobody_stands_in_line_after_a_stop() {
        let (clock, _) = still(0.0);
        let stop = Stop::default();
        let hosts = HostQueues::new(Duration::ZERO, clock, stop.clone());
        let turn = hosts.enter("a", Duration::ZERO).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| hosts.enter("a", Duration::ZERO).map(drop));
            stop.set();
            assert_eq!(waiting.join().unwrap(), Err(Stopped));
        });
        drop(turn);
    }
}
