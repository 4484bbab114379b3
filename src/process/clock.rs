//! Time and randomness as values, so that tests can control them.

use std::time::{Duration, Instant};

use super::stop::{Stop, Stopped};

/// The passing of time.
pub(crate) struct Clock {
    /// Time since some fixed moment; never goes back.
    pub(crate) uptime: Box<dyn Fn() -> Duration + Send + Sync>,
    /// Waits, unless the program is told to stop.
    pub(crate) sleep: Box<dyn Fn(Duration) -> Result<(), Stopped> + Send + Sync>,
    /// A number in [0, 1).
    pub(crate) random: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub(crate) fn real(stop: &Stop) -> Self {
        let (start, stop) = (Instant::now(), stop.clone());
        Self {
            uptime: Box::new(move || start.elapsed()),
            sleep: Box::new(move |time| stop.wait(time)),
            random: Box::new(rand::random::<f64>),
        }
    }
}
