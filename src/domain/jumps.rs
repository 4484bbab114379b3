//! Jumps in a series whose prices may be zero or negative, where relative changes mean nothing.

use super::digits::shortest;
use super::finding::{Finding, Rule};
use super::steps::DayClose;
use super::window::Window;

/// A change beyond this many times the usual one is reported (contract, section 6).
const TIMES: f64 = 5.0;
/// The usual change is the median of this many days before.
const USUAL_DAYS: usize = 60;
/// A series with fewer changes has no usual one yet.
const LEAST_DAYS: usize = 10;
/// Calendar days that contain those sessions and the holidays between them.
pub(crate) const LOOKBACK_DAYS: u64 = 120;

/// The days of a window whose close moved by more than 5 times the median absolute change of the 60 days before; `days`
/// are in order and include those before the window.
#[must_use]
pub(crate) fn find_jumps(days: &[DayClose], window: Window) -> Vec<Finding> {
    let pairs = days.iter().zip(days.iter().skip(1));
    let changes: Vec<f64> = pairs.map(|(a, b)| b.close - a.close).collect();
    let judged = days.iter().zip(days.iter().skip(1)).enumerate();
    judged
        .filter(|(_, (_, day))| window.contains(day.date))
        .filter_map(|(place, (before, day))| {
            let earlier = changes.get(place.saturating_sub(USUAL_DAYS)..place)?;
            let usual = median(earlier)?;
            let change = changes.get(place)?;
            (change.abs() > TIMES * usual).then(|| Finding {
                date: day.date,
                rule: Rule::PriceJump,
                detail: format!(
                    "close {} after {}, the usual change of a day is {}",
                    shortest(day.close),
                    shortest(before.close),
                    short(usual)
                ),
            })
        })
        .collect()
}

/// The median of the absolute changes; None if there are too few.
fn median(changes: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = changes.iter().map(|c| c.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let is_enough = sizes.len() >= LEAST_DAYS;
    sizes.get(sizes.len() / 2).copied().filter(|_| is_enough)
}

/// A difference of two prices in its few digits.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::add_days;

    fn found(closes: &[f64], judged_from: u64) -> Vec<String> {
        let first = "2020-01-01".parse().unwrap();
        let days: Vec<DayClose> = (0..)
            .zip(closes)
            .map(|(n, close)| DayClose {
                date: add_days(first, n),
                high: *close,
                low: *close,
                close: *close,
            })
            .collect();
        let window = Window {
            start: add_days(first, judged_from),
            end: add_days(first, 1000),
        };
        let found = find_jumps(&days, window);
        found.into_iter().map(|f| f.detail).collect()
    }

    #[test]
    fn a_jump_is_five_times_the_usual_change() {
        // A dollar a day, up and down.
        let mut oil: Vec<f64> = (0..30).map(|n| 20.0 + f64::from(n % 2)).collect();
        oil.extend([18.27, -37.63, 10.01, 10.5]);
        assert_eq!(
            found(&oil, 1),
            [
                "close -37.63 after 18.27, the usual change of a day is 1",
                "close 10.01 after -37.63, the usual change of a day is 1",
            ]
        );
        assert_eq!(found(&oil, 32).len(), 1, "only days of the window");
        assert!(
            found(&[1.0, -50.0, 30.0], 1).is_empty(),
            "nothing is usual yet"
        );
        // A rate that stood still.
        let mut rate = vec![0.0; 20];
        rate.push(-0.25);
        assert_eq!(
            found(&rate, 1),
            ["close -0.25 after 0, the usual change of a day is 0"]
        );
    }
}
