//! An answer as a source gave it: rows as text, untouched, and what it says about all of them.

use chrono::NaiveDate;
use chrono_tz::Tz;

/// What a source answered: rows as received, and what it says about all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer<'a> {
    /// The rows, in the answer's own order; empty where the source has nothing for the window.
    pub rows: Vec<RawBar<'a>>,
    /// What the prices are of, where the source says it.
    pub symbol: Option<&'a str>,
    /// The currency of the prices, where the source says it.
    pub currency: Option<&'a str>,
    /// The exchange's time zone, where the source says it.
    pub zone: Option<Tz>,
    /// Why its days may be others than the calendar's, in words: the zones differ, or the answer's is not known.
    pub zone_doubt: Option<String>,
    /// The first day of what the symbol stands for, where the source says it.
    pub first_trade: Option<NaiveDate>,
    /// Whether volumes are amounts with a fraction (coins), not counts.
    pub fractional_volume: bool,
}

/// The day of a row as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawDay<'a> {
    /// A day of the calendar, in the exchange's own time zone.
    Date(NaiveDate),
    /// What stands where a date should (`20260231`, `99999999999999`).
    Impossible(&'a str),
}

impl Default for RawDay<'_> {
    /// No text where a date should stand.
    fn default() -> Self {
        Self::Impossible("")
    }
}

/// One row of an answer as received: text, untouched, empty where the source sent nothing or null.
///
/// Text, because only the digits that were sent give the correctly rounded double, and because a row that is refused is
/// kept with exactly what stood in it. A source fills what it has, and leaves the rest to the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RawBar<'a> {
    /// The session's day.
    pub day: RawDay<'a>,
    /// Opening price.
    pub open: &'a str,
    /// Highest price.
    pub high: &'a str,
    /// Lowest price.
    pub low: &'a str,
    /// Closing price.
    pub close: &'a str,
    /// Volume.
    pub volume: &'a str,
    /// Whether this may be Yahoo's live row, which can stand beside the day's own row.
    pub may_be_live: bool,
}
