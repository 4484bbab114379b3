//! An answer as received: rows as unchanged text, and facts about all of them.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::number_format::Decimal;
use super::text::brief;

/// Characters kept of a word: a source may send a megabyte.
pub(crate) const LONGEST_WORD: usize = 40;

/// A source's answer: rows as received, and facts about all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer<'a> {
    /// The rows in the answer's own order; empty if the source has nothing for the window.
    pub rows: Vec<RawBar<'a>>,
    /// The symbol of the prices, if the source names it.
    pub symbol: Option<&'a str>,
    /// The currency of the prices, if the source names it.
    pub currency: Option<&'a str>,
    /// The exchange's time zone, if the source names it.
    pub zone: Option<Tz>,
    /// The source's own code of the exchange (Yahoo's `JPX`), if it names one.
    pub exchange: Option<&'a str>,
    /// Why its days may differ from the calendar's, in words: the zones differ, or the answer's is unknown.
    pub zone_doubt: Option<String>,
    /// The first trading day of the symbol, if the source names it.
    pub first_trade: Option<NaiveDate>,
    /// The dividends, splits and capital gains that it lists; `None` if it says nothing about them.
    pub actions: Option<Vec<RawAction<'a>>>,
    /// Whether volumes are amounts with a fraction (coins) instead of counts.
    pub fractional_volume: bool,
    /// The notation of its numbers.
    pub decimal: Decimal,
}

impl Answer<'_> {
    /// The facts besides the rows.
    #[must_use]
    pub(crate) fn said(&self) -> Said {
        let known = |text: Option<&str>| text.map(|t| brief(t, LONGEST_WORD));
        Said {
            currency: known(self.currency),
            zone: self.zone.map(|z| z.name().to_owned()),
            exchange: known(self.exchange),
        }
    }
}

/// Facts about a series besides its prices; a field is `None` if the source does not state it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// Currency of the prices (`GBp`).
    pub(crate) currency: Option<String>,
    /// The exchange's time zone.
    pub(crate) zone: Option<String>,
    /// The source's own code of the exchange.
    pub(crate) exchange: Option<String>,
}

impl Said {
    /// Adds what a later answer about the same series says.
    pub(crate) fn update(&mut self, later: Self) {
        self.currency = later.currency.or(self.currency.take());
        self.zone = later.zone.or(self.zone.take());
        self.exchange = later.exchange.or(self.exchange.take());
    }
}

/// The day of a row as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawDay<'a> {
    /// A valid date in the exchange's own time zone.
    Date(NaiveDate),
    /// The text in place of a date (`20260231`, `99999999999999`).
    Impossible(&'a str),
}

impl Default for RawDay<'_> {
    /// An empty text in place of a date.
    fn default() -> Self {
        Self::Impossible("")
    }
}

/// One row of an answer as received: unchanged text, empty if the source sent nothing or null.
///
/// Text, because only the digits as sent give the correctly rounded double, and because a rejected row is kept exactly
/// as it was. A source fills what it has and leaves the rest to the default.
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
    /// Whether this may be Yahoo's live row, which can appear beside the day's own row.
    pub may_be_live: bool,
}

/// Kinds of corporate actions. The names are the `kind` column of `corporate_action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKind {
    /// Cash per share.
    Dividend,
    /// Old shares became new ones.
    Split,
    /// A fund's realised gains per share.
    CapitalGain,
}

impl ActionKind {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dividend => "dividend",
            Self::Split => "split",
            Self::CapitalGain => "capital_gain",
        }
    }
}

/// One event of an answer as received: unchanged text, empty if the source sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawAction<'a> {
    /// Its kind, according to the source.
    pub kind: ActionKind,
    /// The day on which it takes effect, in the exchange's own time zone: the ex-date, or the first day of the new
    /// shares.
    pub day: RawDay<'a>,
    /// Amount per share.
    pub amount: &'a str,
    /// New shares of a split.
    pub numerator: &'a str,
    /// Old shares of a split.
    pub denominator: &'a str,
    /// The currency of the amount, if the event has its own.
    pub currency: Option<&'a str>,
    /// The event as it is in the answer.
    pub raw: &'a str,
}
