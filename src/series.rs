//! Rules over a series of bars: jumps, days without a bar, a change of scale. Pure: no clock, no store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::validate::{Finding, Rule};

/// A close that moves by more than this share of the one before is worth a look (contract, section 6).
const JUMP: f64 = 0.3;
/// A series that begins so many sessions after the asked day began there, it does not lack them.
const LEADING_SESSIONS: usize = 3;
/// A change of scale shows in at least this many sessions.
pub const LEAST_OVERLAP: usize = 3;
/// Closes are the same up to this share: Yahoo sends single precision.
const SAME: f64 = 1e-4;

/// The closes that moved by more than 30 % against the one before, of the days from `first` to `last`.
#[must_use]
pub fn price_jumps(closes: &[(NaiveDate, f64)], first: NaiveDate, last: NaiveDate) -> Vec<Finding> {
    let moved = |(_, before): (NaiveDate, f64), (date, close): (NaiveDate, f64)| {
        let change = close / before - 1.0;
        // Up to rounding: exactly 30 % is the price limit of the Korea Exchange, and no jump.
        (change.abs() > JUMP + 1e-9).then(|| Finding {
            date,
            rule: Rule::PriceJump,
            detail: format!("close {close} after {before}, {:+.1} %", change * 100.0),
        })
    };
    let pairs = closes.iter().zip(closes.iter().skip(1));
    pairs
        .filter(|(_, (date, _))| first <= *date && *date <= last)
        .filter_map(|(a, b)| moved(*a, *b))
        .collect()
}

/// The due sessions that have no bar. `sessions` and `days` are in order; the sessions begin with the first asked day.
///
/// Sessions before the first bar count only while they are few: an asset may have been listed after the first asked day,
/// or its source reaches no further back.
#[must_use]
pub fn missing(sessions: &[NaiveDate], days: &BTreeSet<NaiveDate>) -> Vec<NaiveDate> {
    let Some(first) = days.first() else {
        return sessions.to_vec();
    };
    let leading = sessions.iter().take_while(|s| *s < first).count();
    let skipped = if leading > LEADING_SESSIONS {
        leading
    } else {
        0
    };
    sessions
        .iter()
        .skip(skipped)
        .filter(|s| !days.contains(s))
        .copied()
        .collect()
}

/// The one factor by which fetched closes differ from the stored ones of the same days, if there is one: a split.
///
/// `pairs` are (stored, fetched). Every one of at least three must differ, and by that factor up to the last digit that the
/// source sends (whole won, cents) or single precision.
#[must_use]
pub fn constant_factor(pairs: &[(f64, f64)]) -> Option<f64> {
    let measured = median_factor(pairs)?;
    let digit = last_digit(pairs.iter().map(|(_, fetched)| *fetched));
    let fits = |factor: f64| {
        let is_near = |(stored, fetched): &(f64, f64)| {
            (fetched - stored * factor).abs() <= tolerance(*fetched, digit)
        };
        pairs.iter().all(is_near)
    };
    let all_moved = pairs
        .iter()
        .all(|(stored, fetched)| (fetched - stored).abs() > tolerance(*fetched, digit));
    if !all_moved {
        return None;
    }
    // Rounded prices measure 1:3 as 0.33331; a plain ratio that explains them as well is what the split was.
    plain_ratios(measured)
        .find(|ratio| fits(*ratio))
        .or_else(|| fits(measured).then_some(measured))
}

/// The middle of the factors by which fetched closes differ from stored ones; `None` of fewer than three.
fn median_factor(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < LEAST_OVERLAP {
        return None;
    }
    let mut factors: Vec<f64> = pairs
        .iter()
        .map(|(stored, fetched)| fetched / stored)
        .collect();
    factors.sort_by(f64::total_cmp);
    factors.get(factors.len() / 2).copied()
}

/// How many closes have moved by a factor. `pairs` are (stored, fetched).
#[must_use]
pub fn count_moved(pairs: &[(f64, f64)], factor: f64) -> usize {
    let digit = last_digit(pairs.iter().map(|(_, fetched)| *fetched));
    let has_moved = |(stored, fetched): &&(f64, f64)| {
        (fetched - stored * factor).abs() <= tolerance(*fetched, digit)
    };
    pairs.iter().filter(has_moved).count()
}

/// Whether two measurements of a factor mean the same one.
#[must_use]
pub fn is_same_factor(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-3
}

/// Whether at least three closes overlap, and all of them are the same up to rounding. `pairs` are (stored, fetched).
#[must_use]
pub fn are_same(pairs: &[(f64, f64)]) -> bool {
    let digit = last_digit(pairs.iter().map(|(_, fetched)| *fetched));
    let is_same =
        |(stored, fetched): &(f64, f64)| (fetched - stored).abs() <= tolerance(*fetched, digit);
    pairs.len() >= LEAST_OVERLAP && pairs.iter().all(is_same)
}

fn tolerance(price: f64, digit: f64) -> f64 {
    (price.abs() * SAME).max(digit)
}

/// Ratios of whole numbers up to 100 close to a factor, those with the smallest denominator first.
fn plain_ratios(factor: f64) -> impl Iterator<Item = f64> {
    (1..=100_u32)
        .map(f64::from)
        .map(move |denominator| ((factor * denominator).round(), denominator))
        .filter(|(numerator, _)| (1.0..=100.0).contains(numerator))
        .map(|(numerator, denominator)| numerator / denominator)
        .filter(move |ratio| is_same_factor(*ratio, factor))
}

/// The weight of the last digit of prices that have at most two decimals (1, 0.1, 0.01), else 0.
#[must_use]
pub fn last_digit(prices: impl Iterator<Item = f64>) -> f64 {
    let of_one = |price: f64| {
        [1.0, 0.1, 0.01]
            .into_iter()
            .find(|digit| ((price / digit).round() * digit - price).abs() < 1e-9)
            .unwrap_or(0.0)
    };
    let smallest = prices.map(of_one).fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { 0.0 }
}

/// What was collected of one asset for a calendar: the sessions that were asked for and were due, and those of them that
/// have no bar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attendance {
    /// Sessions that were asked for and due.
    pub due: Vec<NaiveDate>,
    /// Those without a bar.
    pub missing: Vec<NaiveDate>,
}

impl Attendance {
    /// Whether the day was asked for, was due, and has a bar.
    #[must_use]
    pub fn has_a_bar(&self, day: NaiveDate) -> bool {
        self.due.contains(&day) && !self.missing.contains(&day)
    }
}

/// The days that a calendar's assets all lack: at least two were asked for the day and not one has a bar.
#[must_use]
pub fn probably_closed<'a>(
    attendances: impl Iterator<Item = &'a Attendance>,
) -> BTreeSet<NaiveDate> {
    let mut asked: BTreeMap<NaiveDate, (usize, usize)> = BTreeMap::new();
    for attendance in attendances {
        for day in &attendance.missing {
            asked.entry(*day).or_default().1 += 1;
        }
        for day in &attendance.due {
            asked.entry(*day).or_default().0 += 1;
        }
    }
    asked
        .into_iter()
        .filter(|(_, (due, missing))| *due >= 2 && due == missing)
        .map(|(day, _)| day)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn days(range: impl IntoIterator<Item = u32>) -> Vec<NaiveDate> {
        range.into_iter().map(day).collect()
    }

    #[test]
    fn a_jump_is_more_than_thirty_percent_against_the_bar_before() {
        let closes = [
            (day(1), 100.0),
            (day(2), 131.0),
            (day(3), 91.0),
            (day(4), 64.0),
            (day(5), 44.8),
            (day(6), 58.24),
        ];
        let found = price_jumps(&closes, day(1), day(6));
        let dates: Vec<_> = found.iter().map(|f| f.date).collect();
        assert_eq!(
            dates,
            days([2, 3]),
            "30 % exactly is no jump, nor is the first bar"
        );
        assert_eq!(found[0].detail, "close 131 after 100, +31.0 %");
        assert_eq!(
            price_jumps(&closes, day(3), day(6)).len(),
            1,
            "the bar before may lie outside"
        );
    }

    #[test]
    fn a_session_without_a_bar_is_missing() {
        let sessions = days(5..=16);
        let without = |gone: &[u32]| {
            sessions
                .iter()
                .filter(|d| !gone.contains(&chrono::Datelike::day(*d)))
                .copied()
                .collect()
        };
        assert!(missing(&sessions, &without(&[])).is_empty());
        assert_eq!(missing(&sessions, &without(&[9])), days([9]));
        assert_eq!(
            missing(&sessions, &without(&[5])),
            days([5]),
            "the first asked day"
        );
        assert_eq!(
            missing(&sessions, &without(&[15, 16])),
            days([15, 16]),
            "the newest days"
        );
        assert!(
            missing(&sessions, &without(&[5, 6, 7, 8])).is_empty(),
            "listed later"
        );
        assert_eq!(missing(&sessions, &BTreeSet::new()).len(), sessions.len());
    }

    #[test]
    fn a_split_is_one_factor_in_every_session() {
        // 005930 before and after 50:1, as Naver rounds it.
        let split: Vec<(f64, f64)> = [2_650_000.0, 2_607_000.0, 2_595_000.0]
            .iter()
            .map(|p| (*p, (p / 50.0_f64).round()))
            .collect();
        assert!((constant_factor(&split).unwrap() - 0.02).abs() < 1e-6);
        assert_eq!(
            constant_factor(&split[..2]),
            None,
            "two sessions may be chance"
        );
        let cents: Vec<(f64, f64)> = [20.13, 21.58, 19.99]
            .iter()
            .map(|p| (*p, (p / 3.0 * 100.0_f64).round() / 100.0))
            .collect();
        assert!((constant_factor(&cents).unwrap() - 1.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn corrections_are_no_split() {
        assert_eq!(
            constant_factor(&[(100.0, 100.0), (110.0, 110.0), (120.0, 120.0)]),
            None
        );
        assert_eq!(
            constant_factor(&[(100.0, 50.0), (110.0, 110.0), (120.0, 60.0)]),
            None,
            "one day is as it was"
        );
        assert_eq!(
            constant_factor(&[(100.0, 50.0), (110.0, 55.0), (120.0, 80.0)]),
            None,
            "one day has another factor"
        );
        let won: Vec<(f64, f64)> = [50_000.0, 51_000.0, 52_000.0]
            .iter()
            .map(|p| (*p, p + 1.0))
            .collect();
        assert_eq!(constant_factor(&won), None, "one won is rounding");
    }

    #[test]
    fn a_day_that_all_lack_is_probably_closed_if_there_are_two() {
        let asset = |due: &[u32], missing: &[u32]| Attendance {
            due: days(due.iter().copied()),
            missing: days(missing.iter().copied()),
        };
        let [a, b, c] = [
            asset(&[5, 6, 7], &[6, 7]),
            asset(&[5, 6, 7], &[6]),
            asset(&[7], &[7]),
        ];
        assert_eq!(
            probably_closed([&a, &b].into_iter()),
            BTreeSet::from([day(6)])
        );
        assert!(probably_closed([&a].into_iter()).is_empty());
        assert_eq!(
            probably_closed([&a, &b, &c].into_iter()),
            BTreeSet::from([day(6)]),
            "b has a bar on the 7th"
        );
        assert_eq!(
            probably_closed([&a, &c].into_iter()),
            BTreeSet::from([day(7)]),
            "only a was asked for the 6th"
        );
    }
}
