//! Times as text, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sort correctly, and days as `YYYY-MM-DD`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Timelike, Utc};

/// A time further in the future than this came from a wrong clock.
pub(crate) const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// A time as stored in the staging file.
#[must_use]
pub(crate) fn to_text(time: DateTime<Utc>) -> String {
    // Not with a chrono pattern, which would be parsed for each time.
    let (day, micros) = (time.date_naive(), time.timestamp_subsec_micros());
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()];
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Reads a time with its offset (RFC 3339); other programs may have written fewer digits.
#[must_use]
pub(crate) fn from_text(text: &str) -> Option<DateTime<Utc>> {
    own_form(text).or_else(|| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|t| micros(t.with_timezone(&Utc)))
    })
}

/// Reads the form of [`to_text`]: for hundreds of thousands of rows the general way takes a tenth of a sync.
fn own_form(text: &str) -> Option<DateTime<Utc>> {
    let (day, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix('T')?.strip_suffix('Z')?;
    if time.len() != 15 || [time.get(2..3)?, time.get(5..6)?, time.get(8..9)?] != [":", ":", "."] {
        return None;
    }
    let part = |from: usize, to: usize| digits(time.get(from..to)?);
    day_from_text(day)?
        .and_hms_micro_opt(part(0, 2)?, part(3, 5)?, part(6, 8)?, part(9, 15)?)
        .map(|t| t.and_utc())
}

/// Reads a day like `2026-01-31`.
#[must_use]
pub(crate) fn day_from_text(text: &str) -> Option<NaiveDate> {
    if text.len() != 10 || [text.get(4..5)?, text.get(7..8)?] != ["-", "-"] {
        return None;
    }
    let part = |from: usize, to: usize| digits(text.get(from..to)?);
    NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(5, 7)?, part(8, 10)?)
}

/// A number of digits only.
fn digits(text: &str) -> Option<u32> {
    text.bytes().try_fold(0, |number: u32, byte| {
        let digit = char::from(byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Truncates a time to the microseconds that both stores keep, so that it is equal in memory and in them.
#[must_use]
pub(crate) fn micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// A duration in whole milliseconds.
#[must_use]
pub(crate) fn millis(duration: Duration) -> u64 {
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

    #[test]
    fn our_own_form_is_read_as_the_general_one_is() {
        for text in [
            "2026-01-24T12:09:07.123456Z",
            "2024-02-29T23:59:59.999999Z",
            "2023-02-29T00:00:00.000000Z",
            "2026-01-24T24:00:00.000000Z",
            "2026-01-24T12:60:00.000000Z",
            "2026-01-24T12:0a:00.000000Z",
            "2026-01-24 12:09:07.123456Z",
            "2026-01-2éT12:09:07.12345Z",
        ] {
            let general = DateTime::parse_from_rfc3339(text).ok();
            assert_eq!(
                own_form(text),
                general.map(|t| t.to_utc()).filter(|_| text.contains('T')),
                "{text}"
            );
        }
        assert_eq!(
            day_from_text("2024-02-29"),
            NaiveDate::from_ymd_opt(2024, 2, 29)
        );
        for wrong in ["2023-02-29", "2024-2-29", "+224-02-29", "2024-02-290", ""] {
            assert_eq!(day_from_text(wrong), None, "{wrong}");
        }
    }
}
