//! An answer as a source gave it: rows as text, untouched, and what it says about all of them.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::number_format::Decimal;
use super::text::brief;

/// So many characters of a word are kept: a source may send a megabyte of them.
pub(crate) const LONGEST_WORD: usize = 40;

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
    /// The source's own code of the exchange (Yahoo's `JPX`), where it says one.
    pub exchange: Option<&'a str>,
    /// Why its days may be others than the calendar's, in words: the zones differ, or the answer's is not known.
    pub zone_doubt: Option<String>,
    /// The first day of what the symbol stands for, where the source says it.
    pub first_trade: Option<NaiveDate>,
    /// The dividends, splits and capital gains that it lists; `None` where it says nothing of such.
    pub actions: Option<Vec<RawAction<'a>>>,
    /// Whether volumes are amounts with a fraction (coins), not counts.
    pub fractional_volume: bool,
    /// How its numbers are written.
    pub decimal: Decimal,
}

impl Answer<'_> {
    /// What is said beside the rows.
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

/// What a source says of a series beside its prices; a part is none where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// The currency of the prices (`GBp`).
    pub(crate) currency: Option<String>,
    /// The exchange's time zone.
    pub(crate) zone: Option<String>,
    /// The source's own code of the exchange.
    pub(crate) exchange: Option<String>,
}

impl Said {
    /// Takes what a later answer of the same series says.
    pub(crate) fn update(&mut self, later: Self) {
        self.currency = later.currency.or(self.currency.take());
        self.zone = later.zone.or(self.zone.take());
        self.exchange = later.exchange.or(self.exchange.take());
    }
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

/// What happened. The names are the `kind` column of `corporate_action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKind {
    /// Cash for each share.
    Dividend,
    /// Old shares became new ones.
    Split,
    /// A fund's realised gains, for each share.
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

/// One event of an answer as received: text, untouched, empty where the source sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawAction<'a> {
    /// What the source calls it.
    pub kind: ActionKind,
    /// The day on which it takes effect, in the exchange's own time zone: the ex-date, the first day of the new shares.
    pub day: RawDay<'a>,
    /// What is paid for a share.
    pub amount: &'a str,
    /// The new shares of a split.
    pub numerator: &'a str,
    /// The old shares of a split.
    pub denominator: &'a str,
    /// The currency of the amount, where the event says one of its own.
    pub currency: Option<&'a str>,
    /// The event as it stands in the answer.
    pub raw: &'a str,
}
