//! Times as text: `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that they sort as text, and days as `YYYY-MM-DD`.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A time further ahead of now than this came from a clock that was wrong.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// A time as it stands in the staging file.
#[must_use]
pub fn to_text(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Reads a time with its offset (RFC 3339); other programs may have written it with fewer digits.
#[must_use]
pub fn from_text(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|t| micros(t.with_timezone(&Utc)))
}

/// Cuts a time to the microseconds that both stores keep, so that it is the same in memory as in them.
#[must_use]
pub fn micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_time_are_the_same_to_the_microsecond() {
        let time = from_text("2026-01-24T21:09:07.123456789+09:00").unwrap();
        assert_eq!(to_text(time), "2026-01-24T12:09:07.123456Z");
        assert_eq!(from_text(&to_text(time)), Some(time));
        assert_eq!(
            to_text(from_text("2026-01-24T12:09:07Z").unwrap()),
            "2026-01-24T12:09:07.000000Z"
        );
        assert_eq!(from_text("yesterday"), None);
    }
}
