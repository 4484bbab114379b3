//! Corporate actions: dividends, splits and distributed capital gains, and which of a source's reports can be trusted.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::answer::{ActionKind, RawAction, RawDay};
use super::calendar::add_days;
use super::text::bounded;
use super::window::Window;

/// Characters kept of a rejected event.
const LONGEST_RAW: usize = 200;

/// The largest amount or ratio of shares, and the inverse of the smallest: products of a few can be computed
/// everywhere.
const LARGEST: f64 = 1e9;

/// Why an action counts in no factor that its source no longer lists, as the column `left_out` has it.
pub(crate) const WITHDRAWN: &str = "withdrawn";

/// Why an event can be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ActionRefusal {
    #[error("its date is invalid")]
    NoDate,
    #[error("one of its numbers is invalid")]
    NotANumber,
    #[error("one of its numbers is not above zero")]
    NotPositive,
    #[error("its ratio is 1:1")]
    NoSplit,
    #[error("one of its numbers is far too large or small")]
    Extreme,
}

/// The content of an action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Terms {
    /// Cash per share.
    Dividend(f64),
    /// Gains per share of a fund.
    CapitalGain(f64),
    /// `numerator` new shares for `denominator` old ones.
    Split {
        /// New shares.
        numerator: f64,
        /// Old shares.
        denominator: f64,
    },
}

impl Terms {
    /// The kind of the action.
    #[must_use]
    pub fn kind(self) -> ActionKind {
        match self {
            Self::Dividend(_) => ActionKind::Dividend,
            Self::CapitalGain(_) => ActionKind::CapitalGain,
            Self::Split { .. } => ActionKind::Split,
        }
    }

    /// Amount per share.
    #[must_use]
    pub fn amount(self) -> Option<f64> {
        match self {
            Self::Dividend(amount) | Self::CapitalGain(amount) => Some(amount),
            Self::Split { .. } => None,
        }
    }

    /// New shares and old shares of a split.
    #[must_use]
    pub fn split(self) -> Option<(f64, f64)> {
        match self {
            Self::Split {
                numerator,
                denominator,
            } => Some((numerator, denominator)),
            Self::Dividend(_) | Self::CapitalGain(_) => None,
        }
    }

    /// Combines two actions of one day into one. A source that lists the same twice (under a day's key and under a
    /// month's) means one; other payments of a day add up, and other splits of a day multiply.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (same, other) if same == other => same,
            (Self::Dividend(a), Self::Dividend(b)) => Self::Dividend(a + b),
            (Self::CapitalGain(a), Self::CapitalGain(b)) => Self::CapitalGain(a + b),
            (
                Self::Split {
                    numerator: a,
                    denominator: b,
                },
                Self::Split {
                    numerator: c,
                    denominator: d,
                },
            ) => Self::Split {
                numerator: a * c,
                denominator: b * d,
            },
            (first, _) => first,
        }
    }
}

/// A trusted action: every number is finite and above zero, and a split is not 1:1.
#[derive(Debug, Clone, PartialEq)]
pub struct CorporateAction {
    /// The day on which it takes effect.
    pub(crate) date: NaiveDate,
    pub(crate) terms: Terms,
    /// The currency of an amount, if known.
    pub(crate) currency: Option<String>,
    /// When it was reported.
    pub(crate) told_at: DateTime<Utc>,
}

impl CorporateAction {
    /// Combines two actions of one day into one. If their currencies differ, it gets the one that the prices are not
    /// in: their sum is not an amount.
    fn and(self, other: Self, currency: Option<&str>) -> Self {
        let terms = self.terms.and(other.terms);
        let last = match other.currency.as_deref() == currency {
            true => self,
            false => other,
        };
        Self { terms, ..last }
    }
}

/// An event that cannot be an action, with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedAction {
    /// Its day, if valid.
    pub(crate) date: Option<NaiveDate>,
    /// Its kind, according to the source.
    pub(crate) kind: ActionKind,
    pub(crate) reason: ActionRefusal,
    /// The event as it was in the answer.
    pub(crate) raw: String,
}

/// What answers report about the actions of a series.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ToldActions {
    /// The actions, at most one per day and kind, in order.
    pub(crate) actions: Vec<CorporateAction>,
    /// Events that cannot be actions.
    pub(crate) refused: Vec<RefusedAction>,
    /// The days for which all actions were reported; None if an answer says nothing about actions.
    pub(crate) days: Option<Window>,
    /// When they were last reported.
    pub(crate) told_at: Option<DateTime<Utc>>,
}

impl ToldActions {
    /// Adds what a later part reports: for an action in both, the later one counts.
    pub(crate) fn append(&mut self, mut other: Self) {
        let is_told_again = |a: &CorporateAction| {
            let key = (a.date, a.terms.kind());
            let mut others = other.actions.iter();
            others.any(|b| (b.date, b.terms.kind()) == key)
        };
        self.actions.retain(|a| !is_told_again(a));
        self.actions.append(&mut other.actions);
        self.told_at = self.told_at.max(other.told_at);
        self.refused.append(&mut other.refused);
        // Nothing is known about days between spans that do not touch: then the later span counts.
        self.days = match (self.days, other.days) {
            (Some(a), Some(b)) if joins(a, b) => Some(Window {
                start: a.start.min(b.start),
                end: a.end.max(b.end),
            }),
            (Some(a), Some(b)) if a.end > b.end => Some(a),
            (a, b) => b.or(a),
        };
    }
}

/// A split by at least this factor, or its inverse, can be distinguished from market moves (contract, section 5).
const TELLING: f64 = 1.25;

/// Whether the step of a split is still present between two closes: closer to its ratio (new shares for one) than to 1,
/// and not further from it than a market moves. The view `adjustment` has the same rule.
#[must_use]
pub(crate) fn stands(ratio: f64, before: f64, after: f64) -> bool {
    let step = before / after;
    let is_nearer = match ratio {
        r if r > TELLING => step * step > r,
        r if r < TELLING.recip() => step * step < r,
        _ => false,
    };
    is_nearer && (TELLING.recip()..=TELLING).contains(&(step / ratio))
}

/// Whether no day lies between two windows.
fn joins(one: Window, other: Window) -> bool {
    one.start <= add_days(other.end, 1) && other.start <= add_days(one.end, 1)
}

/// Reads events; `currency` is that of the answer's prices, for amounts without their own. Events outside the answer's
/// own days (`days`) are skipped: they were not requested.
#[must_use]
pub(crate) fn read_actions(
    events: &[RawAction<'_>],
    currency: Option<&str>,
    days: Window,
    told_at: DateTime<Utc>,
) -> ToldActions {
    let mut told = ToldActions {
        told_at: Some(told_at),
        ..ToldActions::default()
    };
    let mut actions: BTreeMap<(NaiveDate, ActionKind), CorporateAction> = BTreeMap::new();
    for event in events {
        let date = match event.day {
            RawDay::Date(date) => Some(date),
            RawDay::Impossible(_) => None,
        };
        if date.is_some_and(|date| !days.contains(date)) {
            continue;
        }
        match read_action(event, date, currency, told_at) {
            Ok(action) => {
                let key = (action.date, action.terms.kind());
                let action = match actions.remove(&key) {
                    Some(first) => first.and(action, currency),
                    None => action,
                };
                actions.insert(key, action);
            }
            Err(reason) => told.refused.push(RefusedAction {
                date,
                kind: event.kind,
                reason,
                raw: bounded(event.raw, LONGEST_RAW),
            }),
        }
    }
    told.actions = actions.into_values().collect();
    told
}

fn read_action(
    event: &RawAction<'_>,
    date: Option<NaiveDate>,
    currency: Option<&str>,
    told_at: DateTime<Utc>,
) -> Result<CorporateAction, ActionRefusal> {
    let date = date.ok_or(ActionRefusal::NoDate)?;
    let terms = match event.kind {
        ActionKind::Dividend => Terms::Dividend(positive(event.amount)?),
        ActionKind::CapitalGain => Terms::CapitalGain(positive(event.amount)?),
        ActionKind::Split => {
            let (numerator, denominator) =
                (positive(event.numerator)?, positive(event.denominator)?);
            let ratio = in_proportion(numerator / denominator)?;
            if (ratio - 1.0).abs() < f64::EPSILON {
                return Err(ActionRefusal::NoSplit);
            }
            Terms::Split {
                numerator,
                denominator,
            }
        }
    };
    let own = event.currency.or(currency);
    let currency = terms.amount().and(own).map(str::to_owned);
    Ok(CorporateAction {
        date,
        terms,
        currency,
        told_at,
    })
}

/// A number within the limits.
fn in_proportion(number: f64) -> Result<f64, ActionRefusal> {
    if (LARGEST.recip()..=LARGEST).contains(&number) {
        Ok(number)
    } else {
        Err(ActionRefusal::Extreme)
    }
}

/// A positive number within the limits.
fn positive(text: &str) -> Result<f64, ActionRefusal> {
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => Err(ActionRefusal::NotANumber),
        Ok(number) if number <= 0.0 => Err(ActionRefusal::NotPositive),
        Ok(number) => in_proportion(number),
        Err(_) => Err(ActionRefusal::NotANumber),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn january() -> Window {
        Window {
            start: day(1),
            end: day(31),
        }
    }

    fn paid(kind: ActionKind, date: u32, amount: &str) -> RawAction<'_> {
        RawAction {
            kind,
            day: RawDay::Date(day(date)),
            amount,
            numerator: "",
            denominator: "",
            currency: None,
            raw: amount,
        }
    }

    fn split<'a>(date: u32, numerator: &'a str, denominator: &'a str) -> RawAction<'a> {
        RawAction {
            numerator,
            denominator,
            raw: numerator,
            ..paid(ActionKind::Split, date, "")
        }
    }

    fn read(events: &[RawAction<'_>]) -> (Vec<(u32, Terms)>, Vec<ActionRefusal>) {
        let told = read_actions(events, Some("USD"), january(), DateTime::UNIX_EPOCH);
        let short = |a: &CorporateAction| (chrono::Datelike::day(&a.date), a.terms);
        (
            told.actions.iter().map(short).collect(),
            told.refused.iter().map(|r| r.reason).collect(),
        )
    }

    #[test]
    fn only_what_pays_or_splits_is_an_action() {
        use ActionKind::{CapitalGain, Dividend};
        use ActionRefusal::{Extreme, NoDate, NoSplit, NotANumber, NotPositive};
        let undated = RawAction {
            day: RawDay::Impossible("soon"),
            ..paid(Dividend, 1, "1")
        };
        let events = [
            paid(Dividend, 5, "0.26"),
            paid(CapitalGain, 5, "4.014"),
            split(6, "4.0", "1"),
            paid(Dividend, 7, "0"),
            paid(Dividend, 8, "-1"),
            paid(Dividend, 9, "Infinity"),
            paid(Dividend, 10, ""),
            split(11, "1", "1.0"),
            split(12, "0", "1"),
            split(13, "2", "NaN"),
            undated,
            paid(Dividend, 14, "1e308"),
            split(15, "1e9", "1e-9"),
        ];
        let (actions, refused) = read(&events);
        let four = Terms::Split {
            numerator: 4.0,
            denominator: 1.0,
        };
        assert_eq!(
            actions,
            [
                (5, Terms::Dividend(0.26)),
                (5, Terms::CapitalGain(4.014)),
                (6, four)
            ]
        );
        assert_eq!(
            refused,
            [
                NotPositive,
                NotPositive,
                NotANumber,
                NotANumber,
                NoSplit,
                NotPositive,
                NotANumber,
                NoDate,
                Extreme,
                Extreme
            ]
        );
    }

    #[test]
    fn two_events_of_a_day_and_kind_are_one() {
        use ActionKind::Dividend;
        let twice = [paid(Dividend, 5, "0.5"), paid(Dividend, 5, "0.50")];
        assert_eq!(read(&twice).0, [(5, Terms::Dividend(0.5))]);
        let special = [paid(Dividend, 5, "0.5"), paid(Dividend, 5, "2")];
        assert_eq!(read(&special).0, [(5, Terms::Dividend(2.5))]);
        let splits = [split(5, "2", "1"), split(5, "3", "2"), split(5, "2", "1")];
        let (numerator, denominator) = read(&splits).0[0].1.split().unwrap();
        assert_eq!((numerator, denominator), (12.0, 2.0));
    }

    #[test]
    fn an_amount_has_a_currency_and_a_split_has_none() {
        let own = RawAction {
            currency: Some("EUR"),
            ..paid(ActionKind::Dividend, 6, "1")
        };
        let events = [
            paid(ActionKind::Dividend, 5, "1"),
            own,
            split(7, "2", "1"),
            paid(ActionKind::Dividend, 5, "1"),
        ];
        let told = read_actions(&events, Some("USD"), january(), DateTime::UNIX_EPOCH);
        let mixed = [events[1], paid(ActionKind::Dividend, 6, "2")];
        for mixed in [mixed, [mixed[1], mixed[0]]] {
            let told = read_actions(&mixed, Some("USD"), january(), DateTime::UNIX_EPOCH);
            assert_eq!(told.actions[0].currency.as_deref(), Some("EUR"));
        }
        let currencies: Vec<_> = told.actions.iter().map(|a| a.currency.as_deref()).collect();
        assert_eq!(currencies, [Some("USD"), Some("EUR"), None]);
        let later = Window {
            start: day(6),
            ..january()
        };
        assert_eq!(
            read_actions(&events, None, later, DateTime::UNIX_EPOCH)
                .actions
                .len(),
            2
        );
    }

    #[test]
    fn of_two_parts_the_later_that_tells_an_action_counts() {
        let of = |amount: &'static str, date| {
            let events = [paid(ActionKind::Dividend, date, amount)];
            let mut told = read_actions(&events, None, january(), DateTime::UNIX_EPOCH);
            told.days = Some(Window {
                start: day(date),
                end: day(date),
            });
            told
        };
        let mut told = of("1", 5);
        told.append(of("2", 5));
        told.append(of("3", 6));
        told.append(ToldActions::default());
        let amounts: Vec<_> = told.actions.iter().map(|a| a.terms.amount()).collect();
        assert_eq!(amounts, [Some(2.0), Some(3.0)]);
        assert_eq!(
            told.days,
            Some(Window {
                start: day(5),
                end: day(6)
            })
        );
        told.append(of("4", 9));
        let last = Window {
            start: day(9),
            end: day(9),
        };
        assert_eq!(told.days, Some(last), "the day between is not known");
    }
}
