//! The scale of a series: whether stored and fetched prices of the same days differ by one factor, as after a split.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::bar::{Bar, FetchedBar};
use super::finding::{Finding, Rule};
use super::merge::Stored;

/// A change of scale shows in at least this many sessions.
pub(crate) const LEAST_OVERLAP: usize = 3;

/// Closes are the same up to this share: Yahoo sends single precision.
const SAME: f64 = 1e-4;

/// What to do when a series comes in another scale: a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rescale {
    /// Nothing is staged.
    No,
    /// It is staged if it comes whole, so that two scales never stand side by side.
    IfWhole,
    /// It was read again as a whole because its closes changed by this factor. Stored days that the source no longer has
    /// are carried over into the new scale.
    Confirmed(f64),
}

/// The series of one source by day, as it is stored.
pub(crate) type StoredBars = HashMap<NaiveDate, Stored>;

/// What the days that are both stored and fetched say of the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Overlap {
    /// Fewer final closes overlap than it takes to tell.
    TooShort,
    /// The closes are the same.
    SameScale,
    /// The fetched closes are the stored ones times a factor.
    MovedBy {
        /// What the stored closes must be multiplied with.
        factor: f64,
        /// The newest day that told.
        seen: NaiveDate,
        /// Its close.
        example: Moved,
    },
}

/// A change of scale of a whole series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rebase {
    /// What the stored closes must be multiplied with.
    pub(crate) factor: f64,
    /// The same in words, with an example.
    pub(crate) detail: String,
    /// The newest day that told.
    pub(crate) seen: NaiveDate,
    /// The first stored day.
    pub(crate) first: NaiveDate,
    /// The last stored day.
    pub(crate) last: NaiveDate,
    /// Stored days that were not fetched.
    pub(crate) uncovered: BTreeSet<NaiveDate>,
}

impl Rebase {
    /// The finding that says so.
    #[must_use]
    pub(crate) fn finding(&self) -> Finding {
        Finding {
            date: self.seen,
            rule: Rule::Rebased,
            detail: self.detail.clone(),
        }
    }

    /// Whether staging leaves one scale behind.
    #[must_use]
    pub(crate) fn can_be_staged(&self, rescale: Rescale) -> bool {
        match rescale {
            Rescale::No => false,
            Rescale::IfWhole => self.uncovered.is_empty(),
            Rescale::Confirmed(factor) => factor.total_cmp(&self.factor).is_eq(),
        }
    }
}

impl Overlap {
    /// Compares the final closes that are both stored and fetched. A provisional close changes by itself.
    #[must_use]
    pub(crate) fn of(
        bars: &[FetchedBar],
        stored: &StoredBars,
        rescale: Rescale,
        now: DateTime<Utc>,
    ) -> Self {
        let overlap = overlap(bars, stored, |old, new| !old.is_newer_than(new, now));
        let closes: Vec<Moved> = overlap.iter().map(|(_, moved)| *moved).collect();
        let factor = match rescale {
            // Days that were corrected or back-filled meanwhile may have the new scale already.
            Rescale::Confirmed(factor) if has_moved_by(&closes, factor) => Some(factor),
            _ => constant_factor(&closes),
        };
        match (factor, overlap.last()) {
            (Some(factor), Some((seen, example))) => Self::MovedBy {
                factor,
                seen: *seen,
                example: *example,
            },
            _ if closes.len() >= LEAST_OVERLAP => Self::SameScale,
            _ => Self::TooShort,
        }
    }

    /// What a change of scale means for the whole series, whose stored days are `series`; `None` when there is none.
    #[must_use]
    pub(crate) fn rebase(
        &self,
        bars: &[FetchedBar],
        series: &BTreeSet<NaiveDate>,
    ) -> Option<Rebase> {
        let Self::MovedBy {
            factor,
            seen,
            example,
        } = *self
        else {
            return None;
        };
        let fetched: BTreeSet<NaiveDate> = bars.iter().map(|b| b.bar.date()).collect();
        Some(Rebase {
            factor,
            detail: in_words(factor, (seen, example)),
            seen,
            first: series.first().copied().unwrap_or(seen),
            last: series.last().copied().unwrap_or(seen),
            uncovered: series.difference(&fetched).copied().collect(),
        })
    }
}

/// Why bars that were fetched before the stored ones must not fill days beside them: they are in an older scale.
#[must_use]
pub(crate) fn find_older_scale(
    bars: &[FetchedBar],
    stored: &StoredBars,
    now: DateTime<Utc>,
) -> Option<String> {
    let overlap: Vec<(NaiveDate, Moved)> =
        overlap(bars, stored, |old, new| old.is_newer_than(new, now))
            .into_iter()
            // What is stored came later.
            .map(|(day, then)| {
                let (stored, fetched) = (then.fetched, then.stored);
                (day, Moved { stored, fetched })
            })
            .collect();
    let closes: Vec<Moved> = overlap.iter().map(|(_, moved)| *moved).collect();
    let factor = constant_factor(&closes)?;
    let example = overlap.last()?;
    let unknown = bars
        .iter()
        .filter(|b| !stored.contains_key(&b.bar.date()))
        .count();
    (unknown > 0).then(|| {
        format!(
            "it is older than what is stored and in the scale of then, {}; \
             {unknown} days that are not stored were left out with it",
            in_words(factor, *example)
        )
    })
}

/// What is said of another source of the asset that is stored in another scale than these bars of `source`.
#[must_use]
pub(crate) fn find_other_scale(
    bars: &[FetchedBar],
    stored: &StoredBars,
    source: &str,
) -> Option<Finding> {
    let closes = final_closes(bars, stored);
    let factor = constant_factor(&closes)?;
    let example = *overlap(bars, stored, |_, _| true).last()?;
    Some(Finding {
        date: example.0,
        rule: Rule::ScaleDiffers,
        detail: format!("{source} has it by {}", in_words(factor, example)),
    })
}

/// The closes of the final bars that are both stored and fetched.
#[must_use]
pub(crate) fn final_closes(bars: &[FetchedBar], stored: &StoredBars) -> Vec<Moved> {
    overlap(bars, stored, |_, _| true)
        .into_iter()
        .map(|(_, moved)| moved)
        .collect()
}

/// The closes of the final bars that are both stored and fetched, by day.
fn overlap(
    bars: &[FetchedBar],
    stored: &StoredBars,
    counts: impl Fn(&Stored, &FetchedBar) -> bool,
) -> Vec<(NaiveDate, Moved)> {
    bars.iter()
        .filter_map(|new| Some((stored.get(&new.bar.date())?, new)))
        .filter(|(old, new)| old.is_final && new.is_final && counts(old, new))
        .map(|(old, new)| {
            let (stored, fetched) = (old.bar.close(), new.bar.close());
            (new.bar.date(), Moved { stored, fetched })
        })
        .collect()
}

/// The stored bars of `days`, of which a whole answer says nothing better, each with what it is in the new scale, rounded to
/// the last digit that the source sends.
#[must_use]
pub(crate) fn rescaled(
    mut stored: StoredBars,
    bars: &[FetchedBar],
    factor: f64,
    days: &BTreeSet<NaiveDate>,
) -> Vec<(Stored, FetchedBar)> {
    let Some(fetched_at) = bars.iter().map(|b| b.fetched_at).max() else {
        return Vec::new();
    };
    let digit = last_digit(bars.iter().map(|b| b.bar.close()));
    let carried = days.iter().filter_map(|date| {
        let old = stored.remove(date)?;
        let prices = old.bar.prices().map(|p| round_to(p * factor, digit));
        let bar = Bar::new(*date, old.bar.values().with_prices(prices)).ok()?;
        let (is_final, suspended) = (old.is_final, false);
        Some((
            old,
            FetchedBar {
                bar,
                is_final,
                fetched_at,
                suspended,
            },
        ))
    });
    carried.collect()
}

/// The one factor by which fetched closes differ from the stored ones of the same days, if there is one: a split.
///
/// At least three days must have moved by it, and more than half of all: one of them may have been corrected as well.
/// Prices are compared up to the last digit that the source sends (whole won, cents) or single precision.
#[must_use]
pub(crate) fn constant_factor(overlap: &[Moved]) -> Option<f64> {
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
pub(crate) fn has_moved_by(overlap: &[Moved], factor: f64) -> bool {
    let digits = Digits::of(overlap);
    overlap.iter().filter(|m| digits.fit(m, factor)).count() >= LEAST_OVERLAP
}

/// Whether at least three closes overlap, and all of them are the same up to rounding.
#[must_use]
pub(crate) fn are_same(overlap: &[Moved]) -> bool {
    let digits = Digits::of(overlap);
    overlap.len() >= LEAST_OVERLAP && overlap.iter().all(|m| digits.fit(m, 1.0))
}

/// The close of a day as it is stored and as it was fetched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moved {
    /// As it is stored.
    pub(crate) stored: f64,
    /// As it was fetched.
    pub(crate) fetched: f64,
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
pub(crate) fn last_digit(prices: impl Iterator<Item = f64>) -> f64 {
    let of_one = |price: f64| {
        [1.0, 0.1, 0.01]
            .into_iter()
            .find(|digit| ((price / digit).round() * digit - price).abs() < 1e-9)
            .unwrap_or(0.0)
    };
    let smallest = prices.map(of_one).fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { 0.0 }
}

fn round_to(price: f64, digit: f64) -> f64 {
    if digit > 0.0 {
        // Divided by the whole reciprocal, so that 0.07 comes out as the double of "0.07".
        let per_unit = (1.0 / digit).round();
        (price * per_unit).round() / per_unit
    } else {
        price
    }
}

fn in_words(factor: f64, (date, moved): (NaiveDate, Moved)) -> String {
    let Moved { stored, fetched } = moved;
    let text = format!("{factor:.5e}");
    // Six significant digits, no zeros at the end.
    let factor = text
        .parse::<f64>()
        .map_or(text, |rounded| rounded.to_string());
    format!("factor {factor} (the close of {date} was {stored}, is {fetched})")
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
