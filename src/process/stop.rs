//! The stop flag: set once, by Ctrl-C or the system, and seen by everything that waits.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

/// The program was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the run was stopped")]
pub(crate) struct Stopped;

/// A flag shared by all its clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Sets the flag; every wait ends at once.
    pub(crate) fn set(&self) {
        let (flag, changed) = &*self.0;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Whether the flag is set.
    #[must_use]
    pub(crate) fn is_set(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, but only until the flag is set.
    ///
    /// # Errors
    /// [`Stopped`] if it was set.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), Stopped> {
        let (flag, changed) = &*self.0;
        let flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let (flag, _) = changed
            .wait_timeout_while(flag, time, |stop| !*stop)
            .unwrap_or_else(PoisonError::into_inner);
        if *flag { Err(Stopped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_wait_ends_when_somebody_says_stop() {
        let stop = Stop::default();
        assert_eq!(stop.wait(Duration::ZERO), Ok(()));
        let waiting = {
            let stop = stop.clone();
            thread::spawn(move || stop.wait(Duration::from_secs(3600)))
        };
        stop.set();
        assert_eq!(waiting.join().unwrap(), Err(Stopped));
        assert!(stop.is_set());
        assert_eq!(stop.wait(Duration::from_secs(3600)), Err(Stopped));
    }
}
