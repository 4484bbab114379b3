//! Time and chance as values, so that a test can hold them still.

use std::time::{Duration, Instant};

use super::stop::{Stop, Stopped};

/// How time passes.
pub(crate) struct Clock {
    /// The time since some fixed moment; it never goes back.
    pub(crate) uptime: Box<dyn Fn() -> Duration + Send + Sync>,
    /// Waits, unless the program is told to stop.
    pub(crate) sleep: Box<dyn Fn(Duration) -> Result<(), Stopped> + Send + Sync>,
    /// A number in [0, 1).
    pub(crate) random: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Clock {
    /// As the machine's clock goes.
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
