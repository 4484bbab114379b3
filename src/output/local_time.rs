//! Local times to the minute, for people.

use chrono::{DateTime, Local, Utc};

use crate::domain::timestamp;

/// A time in the machine's time zone.
#[must_use]
pub(crate) fn to_the_minute(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

/// The same for a stored time; an invalid one stays as it is.
#[must_use]
pub(crate) fn of_text(text: &str) -> String {
    timestamp::from_text(text).map_or_else(|| text.to_owned(), to_the_minute)
}
