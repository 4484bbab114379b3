//! Retries with waits of base × 2^attempt × (1 + random × 0.3); sleep and randomness are values.

use std::time::Duration;

/// The number of tries and the waits between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// Total number of tries, at least 1.
    pub(crate) tries: u32,
    /// The wait after the first failed try, without its random part.
    pub(crate) base_delay: Duration,
}

/// The longest wait that a server may demand (`Retry-After`).
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The random part of a wait, so that many clients do not return at once.
const JITTER: f64 = 0.3;

impl RetryPolicy {
    /// The wait after failed try number `attempt` (starting at 0); `random` is in [0, 1).
    #[must_use]
    pub(crate) fn delay(&self, attempt: u32, random: f64) -> Duration {
        let factor = f64::from(2_u32.saturating_pow(attempt)) * (1.0 + random * JITTER);
        self.base_delay.mul_f64(factor.min(f64::from(u16::MAX)))
    }

    /// The wait after failed try number `attempt`, or what the server demanded if longer, up to
    /// [`LONGEST_RETRY_AFTER`].
    #[must_use]
    pub(crate) fn wait(
        &self,
        attempt: u32,
        random: f64,
        retry_after: Option<Duration>,
    ) -> Duration {
        let asked = retry_after.map_or(Duration::ZERO, |t| t.min(LONGEST_RETRY_AFTER));
        self.delay(attempt, random).max(asked)
    }

    /// Calls `op` until it succeeds, fails permanently, or has used all tries; returns the last result.
    ///
    /// `wait` receives the number of the failed try (starting at 0), its error and the time to wait, and waits.
    ///
    /// # Errors
    /// The error of the last try.
    pub(crate) fn retry<T, E>(
        &self,
        mut op: impl FnMut() -> Result<T, E>,
        is_transient: impl Fn(&E) -> bool,
        mut random: impl FnMut() -> f64,
        mut wait: impl FnMut(u32, &E, Duration),
    ) -> Result<T, E> {
        let mut attempt = 0;
        loop {
            match op() {
                Err(error) if is_transient(&error) && attempt + 1 < self.tries => {
                    wait(attempt, &error, self.delay(attempt, random()));
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        tries: 4,
        base_delay: Duration::from_secs(1),
    };

    #[test]
    fn the_schedule_is_exact() {
        let mut waits = Vec::new();
        let mut tries = 0;
        let result: Result<(), &str> = POLICY.retry(
            || {
                tries += 1;
                Err("down")
            },
            |_| true,
            || 0.5,
            |attempt, _, wait| waits.push((attempt, wait)),
        );
        assert_eq!((result, tries), (Err("down"), 4));
        let expected = [1150, 2300, 4600].map(Duration::from_millis);
        assert_eq!(
            waits,
            [(0, expected[0]), (1, expected[1]), (2, expected[2])]
        );
    }

    #[test]
    fn success_and_permanent_failures_end_it() {
        let mut answers = [Err("transient"), Ok(7)].into_iter();
        let result = POLICY.retry(
            || answers.next().unwrap(),
            |e| *e == "transient",
            || 0.0,
            |_, _, _| {},
        );
        assert_eq!(result, Ok(7));
        let mut answers = [Err("permanent"), Ok(7)].into_iter();
        let result = POLICY.retry(
            || answers.next().unwrap(),
            |e| *e == "transient",
            || 0.0,
            |_, _, _| {},
        );
        assert_eq!(result, Err("permanent"));
    }

    #[test]
    fn a_server_may_ask_for_up_to_a_minute() {
        let wait = |asked| {
            POLICY
                .wait(1, 0.0, Some(Duration::from_secs(asked)))
                .as_secs()
        };
        assert_eq!([0, 2, 3, 60, 61, u64::MAX].map(wait), [2, 2, 3, 60, 60, 60]);
        assert_eq!(POLICY.wait(1, 0.0, None).as_secs(), 2);
    }

    #[test]
    fn a_large_attempt_does_not_overflow() {
        assert!(POLICY.delay(u32::MAX, 0.99) <= Duration::from_secs(70_000));
    }
}
