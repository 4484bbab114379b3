//! Whether a later source's bar may stand in for an asset's price on a day that a better source lacks. The view
//! `best_price` has the same rule in SQL.

use std::collections::BTreeMap;

use chrono::NaiveDate;

/// The two sources are compared over this many days of the better one before the day, and as many after it.
const DAYS_COMPARED: usize = 10;
/// Only days within this distance count.
pub(crate) const WITHIN_DAYS: u64 = 60;
/// Closes that differ by at most this share agree.
const TOLERANCE: f64 = 0.02;

/// Whether a source agrees with a better one around a day: on at least half of the common days. `better` has the better
/// source's days and closes in order; `close_of` returns the later source's close of a day.
///
/// A better source without nearby bars cannot be compared, which is no objection. One with nearby bars but no common
/// day cannot confirm: then the later source does not stand in.
#[must_use]
fn agree(
    day: NaiveDate,
    better: &[(NaiveDate, f64)],
    close_of: impl Fn(NaiveDate) -> Option<f64>,
) -> bool {
    let (before, after) = better.split_at(better.partition_point(|(date, _)| *date < day));
    let is_near = |date: NaiveDate| {
        date.max(day)
            .signed_duration_since(date.min(day))
            .num_days()
            <= WITHIN_DAYS.cast_signed()
    };
    let near = before.iter().rev().take(DAYS_COMPARED);
    let near = near.chain(after.iter().take(DAYS_COMPARED));
    let (mut is_alone, mut common, mut agreeing) = (true, 0, 0);
    for (date, close) in near.filter(|(date, _)| is_near(*date)) {
        is_alone = false;
        if let Some(other) = close_of(*date) {
            common += 1;
            agreeing += usize::from((other - close).abs() <= TOLERANCE * close.abs());
        }
    }
    is_alone || (common > 0 && 2 * agreeing >= common)
}

/// The index of the source that provides the price of each day: the first that has a bar, a later one only if it agrees
/// with all better ones. `closes` are those of the sources, best first.
#[must_use]
pub(crate) fn best_sources(closes: &[BTreeMap<NaiveDate, f64>]) -> BTreeMap<NaiveDate, usize> {
    let mut best: BTreeMap<NaiveDate, Option<usize>> = BTreeMap::new();
    let mut better: Vec<Vec<(NaiveDate, f64)>> = Vec::new();
    for (place, own) in closes.iter().enumerate() {
        for day in own.keys() {
            let agrees = |better: &Vec<_>| agree(*day, better, |day| own.get(&day).copied());
            let stands = || better.iter().all(agrees).then_some(place);
            best.entry(*day).or_insert_with(stands);
        }
        better.push(own.iter().map(|(day, close)| (*day, *close)).collect());
    }
    let taken = |(day, place): (NaiveDate, Option<usize>)| Some((day, place?));
    best.into_iter().filter_map(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(n)
    }

    /// Whether the other source, with its closes by day, may stand in on the 20th day.
    fn may(better: impl IntoIterator<Item = u64>, other: impl Fn(u64) -> Option<f64>) -> bool {
        let better: Vec<_> = better.into_iter().map(|n| (day(n), 100.0)).collect();
        let close_of = |date: NaiveDate| other((date - day(0)).num_days().cast_unsigned());
        agree(day(20), &better, close_of)
    }

    #[test]
    fn a_source_that_says_the_same_stands_in() {
        let around = || (10..20).chain(21..30);
        assert!(may(around(), |_| Some(101.9)));
        assert!(!may(around(), |_| Some(102.1)));
        assert!(may(10..20, |_| Some(98.1)), "the better one's newest days");
        assert!(may(21..30, |_| Some(98.1)), "before the better one begins");
    }

    #[test]
    fn single_wrong_closes_do_not_decide_and_far_ones_do_not_count() {
        let wrong = |n: u64| Some(if n.is_multiple_of(3) { 300.0 } else { 100.0 });
        assert!(may(10..20, wrong));
        let rescaled_long_ago = |n: u64| Some(if n < 10 { 500.0 } else { 100.0 });
        assert!(may(0..20, rescaled_long_ago), "only the ten nearest days");
        let rescaled = |n: u64| Some(if n < 20 { 500.0 } else { 100.0 });
        assert!(!may(10..20, rescaled));
    }

    #[test]
    fn what_cannot_be_compared_stands_in_only_for_a_source_without_bars() {
        assert!(may([], |_| None));
        assert!(!may(10..20, |_| None), "no common day");
        assert!(may([81], |_| None), "it begins more than 60 days later");
        assert!(!may([80], |_| None));
    }
}
