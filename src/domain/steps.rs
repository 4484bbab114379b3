//! Rules over the closes of a series, day by day: jumps, and steps that no market makes.

use chrono::NaiveDate;

use super::alignment::STEP;
use super::bar::Bar;
use super::corporate_action::stands;
use super::digits::last_digit;
use super::digits::shortest;
use super::finding::{Finding, Rule};
use super::window::Window;

/// A close that moves by more than this share of the one before is reported (contract, section 6).
const JUMP: f64 = 0.3;
/// A step of at most this many last digits may only be due to a lack of digits.
const FEW_DIGITS: f64 = 3.0;

/// A close further outside its bar than this factor is not one of its prices.
const MUCH: f64 = 1.25;

/// The part of a bar that reveals a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DayClose {
    pub(crate) date: NaiveDate,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

impl DayClose {
    pub(crate) fn of(bar: &Bar) -> Self {
        let [_, high, low, close] = bar.prices();
        Self {
            date: bar.date(),
            high,
            low,
            close,
        }
    }

    /// Whether both days traded at some common price.
    fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// Whether the close is one of the bar's own prices, up to rounding.
    fn closes_inside(&self) -> bool {
        self.low / MUCH <= self.close && self.close <= self.high * MUCH
    }
}

/// A split that a source lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// First day of the new shares.
    pub(crate) date: NaiveDate,
    /// New shares.
    pub(crate) numerator: f64,
    /// Old shares.
    pub(crate) denominator: f64,
}

/// The jumps and steps within a window; `days` are in order and include the day before it. A step that a split explains
/// is not reported as a step but as an unadjusted split.
///
/// A step is a close at least 1.8 times the one before, or the inverse, if the two bars share no price, or if the next
/// day reverses it by such a factor (contract, section 5). Every smaller move beyond 30 % is a jump.
#[must_use]
pub(crate) fn find_steps(days: &[DayClose], splits: &[Split], window: Window) -> Vec<Finding> {
    let digit = last_digit(days.iter().map(|d| d.close));
    let pairs = days.iter().zip(days.iter().skip(1));
    pairs
        .enumerate()
        .filter(|(_, (_, day))| window.contains(day.date))
        .filter_map(|(place, (before, day))| {
            if let Some(finding) = find_unadjusted(before, day, splits) {
                return Some(finding);
            }
            let change = day.close / before.close - 1.0;
            // Up to rounding: exactly 30 % is the price limit of the Korea Exchange, and not a jump.
            if change.abs() <= JUMP + 1e-9 {
                return None;
            }
            let behind = days.get(place + 2);
            let rule = if is_step(before, day, behind, digit) {
                Rule::ScaleStep
            } else {
                Rule::PriceJump
            };
            let (close, last) = (shortest(day.close), shortest(before.close));
            let detail = format!("close {close} after {last}, {:+.1} %", change * 100.0);
            Some(Finding {
                date: day.date,
                rule,
                detail,
            })
        })
        .collect()
}

fn find_unadjusted(before: &DayClose, day: &DayClose, splits: &[Split]) -> Option<Finding> {
    let since = |s: &&Split| before.date < s.date && s.date <= day.date;
    let stands = |s: &&Split| stands(s.numerator / s.denominator, before.close, day.close);
    let split = splits.iter().find(|s| since(s) && stands(s))?;
    let (close, last) = (shortest(day.close), shortest(before.close));
    Some(Finding {
        date: day.date,
        rule: Rule::SplitUnadjusted,
        detail: format!(
            "the split {}:{} of {} is not adjusted in the closes: {close} after {last}",
            split.numerator, split.denominator, split.date
        ),
    })
}

fn is_step(before: &DayClose, day: &DayClose, behind: Option<&DayClose>, digit: f64) -> bool {
    let factor = day.close / before.close;
    let is_large = |factor: f64| factor.max(factor.recip()) >= STEP;
    if !is_large(factor) || (day.close - before.close).abs() <= FEW_DIGITS * digit {
        return false;
    }
    let returns = behind.is_some_and(|behind| {
        let back = behind.close / day.close;
        is_large(back) && (back > 1.0) != (factor > 1.0) && !is_large(back * factor)
    });
    returns || !before.overlaps(day) || !before.closes_inside() || !day.closes_inside()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    /// Days that trade within a percent of their close.
    fn days(closes: &[f64]) -> Vec<DayClose> {
        let of = |(n, close): (u32, &f64)| DayClose {
            date: day(n),
            high: close * 1.01,
            low: close * 0.99,
            close: *close,
        };
        (1..).zip(closes).map(of).collect()
    }

    fn all() -> Window {
        Window {
            start: day(1),
            end: day(31),
        }
    }

    fn found(days: &[DayClose]) -> Vec<(u32, Rule)> {
        let found = find_steps(days, &[], all());
        let short = |f: &Finding| (chrono::Datelike::day(&f.date), f.rule);
        found.iter().map(short).collect()
    }

    #[test]
    fn a_jump_is_more_than_thirty_percent_against_the_bar_before() {
        let days = days(&[100.0, 131.0, 91.0, 64.0, 44.8, 58.24]);
        // Exactly 30 % is not a jump, nor is the first bar.
        assert_eq!(found(&days), [(2, Rule::PriceJump), (3, Rule::PriceJump)]);
        assert_eq!(
            find_steps(&days, &[], all())[0].detail,
            "close 131 after 100, +31.0 %"
        );
        let later = Window {
            start: day(3),
            ..all()
        };
        assert_eq!(
            find_steps(&days, &[], later).len(),
            1,
            "the bar before may lie outside"
        );
    }

    #[test]
    fn a_step_is_what_no_market_makes() {
        for (closes, steps) in [
            (vec![100.0, 50.0, 51.0], vec![(2, Rule::ScaleStep)]),
            (vec![100.0, 3_000.0], vec![(2, Rule::ScaleStep)]),
            (vec![100.0, 55.6], vec![(2, Rule::PriceJump)]),
            // SOXL in March 2020.
            (
                vec![15.9, 11.77, 8.75, 11.7],
                vec![(3, Rule::PriceJump)]
                    .into_iter()
                    .skip(1)
                    .chain([(4, Rule::PriceJump)])
                    .collect(),
            ),
        ] {
            assert_eq!(found(&days(&closes)), steps, "{closes:?}");
        }
    }

    #[test]
    fn a_crash_that_was_traded_is_a_jump() {
        let mut crash = days(&[100.0, 50.0]);
        crash[1].high = 99.5;
        assert_eq!(found(&crash), [(2, Rule::PriceJump)]);
    }

    #[test]
    fn one_day_that_leaves_and_returns_is_a_step_whatever_its_range_says() {
        // Only the high and the close of the second day are in pence.
        let mut pence = days(&[0.98, 98.0, 0.97]);
        pence[1].low = 0.96;
        assert_eq!(found(&pence)[0], (2, Rule::ScaleStep));
    }

    #[test]
    fn a_close_that_is_none_of_its_bars_prices_is_no_crash() {
        // Closes alone in pence, for more than a day.
        let mut pence = days(&[1.0, 1.0, 1.0, 1.0]);
        pence[1].close = 100.0;
        pence[2].close = 101.0;
        let steps = [(2, Rule::ScaleStep), (4, Rule::ScaleStep)];
        assert_eq!(found(&pence), steps);
    }

    #[test]
    fn a_source_without_digits_makes_no_step() {
        assert_eq!(found(&days(&[1e-10, 2e-10])), [(2, Rule::PriceJump)]);
        assert_eq!(found(&days(&[2.0, 1.0])), [(2, Rule::PriceJump)]);
        assert_eq!(found(&days(&[2.25e-9, 1.1e-9])), [(2, Rule::ScaleStep)]);
    }

    #[test]
    fn a_step_that_a_split_explains_is_the_splits() {
        let split = |date, numerator: f64, denominator: f64| Split {
            date: day(date),
            numerator,
            denominator,
        };
        let rules = |closes: &[f64], splits: &[Split]| -> Vec<_> {
            let found = find_steps(&days(closes), splits, all());
            found
                .iter()
                .map(|f| (chrono::Datelike::day(&f.date), f.rule))
                .collect()
        };
        let halved = [100.0, 51.0, 52.0];
        assert_eq!(
            rules(&halved, &[split(2, 2.0, 1.0)]),
            [(2, Rule::SplitUnadjusted)]
        );
        assert_eq!(
            find_steps(&days(&halved), &[split(2, 2.0, 1.0)], all())[0].detail,
            "the split 2:1 of 2026-01-02 is not adjusted in the closes: 51 after 100"
        );
        // Another ratio and another day explain nothing.
        for other in [split(2, 4.0, 1.0), split(3, 2.0, 1.0), split(2, 1.0, 2.0)] {
            assert_eq!(rules(&halved, &[other]), [(2, Rule::ScaleStep)]);
        }
        // Shares laid together; a split that the source has adjusted for; one that is too small to tell.
        assert_eq!(
            rules(&[1.0, 10.5], &[split(2, 1.0, 10.0)]),
            [(2, Rule::SplitUnadjusted)]
        );
        assert_eq!(rules(&[100.0, 97.0], &[split(2, 2.0, 1.0)]), []);
        assert_eq!(rules(&[100.0, 80.0], &[split(2, 5.0, 4.0)]), []);
        assert_eq!(
            rules(&[100.0, 66.0], &[split(2, 3.0, 2.0)]),
            [(2, Rule::SplitUnadjusted)]
        );
    }
}
