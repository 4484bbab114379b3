//! Rules over a series of bars: jumps, days without a bar, a change of scale. Pure: no clock, no store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::validate::{Finding, Rule};

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
/// At least three days must have moved by it, and more than half of all: one of them may have been corrected as well.
/// Prices are compared up to the last digit that the source sends (whole won, cents) or single precision.
#[must_use]
pub fn constant_factor(overlap: &[Moved]) -> Option<f64> {
    let digits = Digits::of(overlap);
    let is_one_for_most = |factor: &f64| {
        let fitting = overlap.iter().filter(|m| digits.fit(m, *factor)).count();
        fitting >= LEAST_OVERLAP && 2 * fitting > overlap.len()
    };
    if is_one_for_most(&1.0) {
        return None;
    }
    let measured = median_factor(overlap)?;
    // Rounded prices measure 1:3 as 0.33331; a plain ratio that explains them as well is what the split was.
    plain_ratios(measured)
        .chain([measured])
        .filter(|factor| (factor - 1.0).abs() > SAME)
        .find(is_one_for_most)
}

/// The middle of the factors by which fetched closes differ from stored ones.
fn median_factor(overlap: &[Moved]) -> Option<f64> {
    let mut factors: Vec<f64> = overlap.iter().map(|m| m.fetched / m.stored).collect();
    factors.sort_by(f64::total_cmp);
    factors.get(factors.len() / 2).copied()
}

/// Whether at least three days have moved by this factor.
#[must_use]
pub fn has_moved_by(overlap: &[Moved], factor: f64) -> bool {
    let digits = Digits::of(overlap);
    overlap.iter().filter(|m| digits.fit(m, factor)).count() >= LEAST_OVERLAP
}

/// Whether at least three closes overlap, and all of them are the same up to rounding.
#[must_use]
pub fn are_same(overlap: &[Moved]) -> bool {
    let digits = Digits::of(overlap);
    overlap.len() >= LEAST_OVERLAP && overlap.iter().all(|m| digits.fit(m, 1.0))
}

/// The close of a day as it is stored and as it was fetched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// As it is stored.
    pub stored: f64,
    /// As it was fetched.
    pub fetched: f64,
}

/// The weights of the last digits of two sets of prices.
struct Digits {
    stored: f64,
    fetched: f64,
}

impl Digits {
    fn of(overlap: &[Moved]) -> Self {
        Self {
            stored: last_digit(overlap.iter().map(|m| m.stored)),
            fetched: last_digit(overlap.iter().map(|m| m.fetched)),
        }
    }

    /// Whether the stored close times a factor is the fetched one. Half a digit that the stored one was rounded by grows
    /// with the factor.
    fn fit(&self, moved: &Moved, factor: f64) -> bool {
        let rounding = (self.fetched + self.stored * factor) / 2.0;
        let tolerance = (moved.fetched * SAME).max(self.fetched).max(rounding);
        (moved.fetched - moved.stored * factor).abs() <= tolerance
    }
}

/// Ratios of whole numbers up to 100 within two percent of a factor, those with the smallest denominator first.
fn plain_ratios(factor: f64) -> impl Iterator<Item = f64> {
    (1..=100_u32)
        .map(f64::from)
        .map(move |denominator| ((factor * denominator).round(), denominator))
        .filter(|(numerator, _)| (1.0..=100.0).contains(numerator))
        .map(|(numerator, denominator)| numerator / denominator)
        .filter(move |ratio| (ratio / factor - 1.0).abs() < 0.02)
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
    /// Those that no answer came for: whether they have a bar is not known.
    pub unanswered: BTreeSet<NaiveDate>,
}

impl Attendance {
    /// Whether the day was asked for, was due, and has a bar.
    #[must_use]
    pub fn has_a_bar(&self, day: NaiveDate) -> bool {
        self.due.contains(&day) && !self.missing.contains(&day)
    }
}

/// The days that a calendar's assets all lack: at least two answers came for the day and not one has a bar.
#[must_use]
pub fn probably_closed<'a>(
    attendances: impl Iterator<Item = &'a Attendance>,
) -> BTreeSet<NaiveDate> {
    let mut asked: BTreeMap<NaiveDate, (usize, usize)> = BTreeMap::new();
    for attendance in attendances {
        let is_answered = |day: &&NaiveDate| !attendance.unanswered.contains(day);
        for day in attendance.missing.iter().filter(is_answered) {
            asked.entry(*day).or_default().1 += 1;
        }
        for day in attendance.due.iter().filter(is_answered) {
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

    fn moved(pairs: &[(f64, f64)]) -> Vec<Moved> {
        pairs
            .iter()
            .map(|(stored, fetched)| Moved {
                stored: *stored,
                fetched: *fetched,
            })
            .collect()
    }

    /// The factor that is found when closes are multiplied and rounded to a digit, both before and after.
    fn found(closes: &[f64], factor: f64, digit: f64) -> Option<f64> {
        let round = |price: f64| (price / digit).round() * digit;
        let pairs = closes.iter().map(|p| (round(*p), round(p * factor)));
        constant_factor(&moved(&pairs.collect::<Vec<_>>()))
    }

    fn is(found: Option<f64>, factor: f64) -> bool {
        found.is_some_and(|f| (f / factor - 1.0).abs() < 1e-9)
    }

    #[test]
    fn a_split_is_one_factor_whatever_is_rounded() {
        // 005930 before and after 50:1, as Naver rounds it.
        let samsung = [2_650_000.0, 2_607_000.0, 2_595_000.0];
        assert!(is(found(&samsung, 0.02, 1.0), 0.02));
        assert_eq!(
            found(&samsung[..2], 0.02, 1.0),
            None,
            "two sessions may be chance"
        );
        assert!(is(
            found(&[20.13, 21.58, 19.99], 1.0 / 3.0, 0.01),
            1.0 / 3.0
        ));
        for (closes, factor) in [
            ([1_480.0, 1_515.0, 1_502.0], 0.02),
            ([301.0, 305.0, 299.0], 0.2),
            ([140.2, 138.4, 145.4], 10.0),
            ([1_003.4, 988.0, 1_011.6], 2.0),
            ([50_100.0, 51_250.0, 49_800.0], 1.5),
            ([50_100.0, 51_250.0, 49_800.0], 1.02),
        ] {
            assert!(is(found(&closes, factor, 1.0), factor), "{factor}");
        }
        let odd = found(&[50_100.0, 51_250.0, 49_800.0], 0.918_27, 1.0).unwrap();
        assert!((odd - 0.918_27).abs() < 1e-4);
    }

    #[test]
    fn a_day_that_was_corrected_too_does_not_hide_a_split() {
        let pairs = [
            (5_000.0, 100.0),
            (5_100.0, 102.0),
            (5_050.0, 107.0),
            (5_200.0, 104.0),
        ];
        assert!(is(constant_factor(&moved(&pairs)), 0.02));
        assert!(has_moved_by(&moved(&pairs), 0.02));
        assert!(!has_moved_by(&moved(&pairs), 0.1));
    }

    #[test]
    fn corrections_are_no_split() {
        for (pairs, why) in [
            ([(100.0, 100.0), (110.0, 110.0), (120.0, 120.0)], "the same"),
            (
                [(100.0, 50.0), (110.0, 110.0), (120.0, 60.0)],
                "one day is as it was",
            ),
            (
                [(100.0, 50.0), (110.0, 55.0), (120.0, 80.0)],
                "one day has another factor",
            ),
            (
                [
                    (50_000.0, 50_001.0),
                    (51_000.0, 51_001.0),
                    (52_000.0, 52_001.0),
                ],
                "one won is rounding",
            ),
        ] {
            assert_eq!(constant_factor(&moved(&pairs)), None, "{why}");
        }
    }

    #[test]
    fn a_day_that_all_lack_is_probably_closed_if_there_are_two() {
        let asset = |due: &[u32], missing: &[u32]| Attendance {
            due: days(due.iter().copied()),
            missing: days(missing.iter().copied()),
            unanswered: BTreeSet::new(),
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
        let lost = Attendance {
            unanswered: BTreeSet::from([day(6)]),
            ..b.clone()
        };
        assert!(
            probably_closed([&a, &lost].into_iter()).is_empty(),
            "only a's source answered for the 6th"
        );
    }
}
