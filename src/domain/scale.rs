//! The scale of a series: whether an answer can be stored beside the existing bars, and which part of it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::alignment::{Alignment, Change, Compared, Lacking, MadeStep, STEP};
use super::asset::AssetId;
use super::bar::{Bar, FetchedBar, Sign};
use super::digits::{last_digit, round_to, shortest};
use super::finding::{Finding, Rule};
use super::merge::Stored;

/// The stored series of one source by day.
pub(crate) type StoredBars = HashMap<NaiveDate, Stored>;

/// Two sources are in one scale if their closes of a day differ by less than this.
const SOURCES_DIFFER: f64 = 0.05;

/// Compares bars that are both stored and fetched and that can show a scale. An older answer proves nothing about a
/// newer stored bar.
#[must_use]
pub(crate) fn align(bars: &[FetchedBar], stored: &StoredBars, now: DateTime<Utc>) -> Alignment {
    Alignment::of(compared(bars, stored, |old, new| {
        !old.is_newer_than(new, now) && was_traded(old, new)
    }))
}

/// The same for days without trade, if there are no others: a step must not overwrite them.
#[must_use]
pub(crate) fn align_untraded(
    bars: &[FetchedBar],
    stored: &StoredBars,
    now: DateTime<Utc>,
) -> Alignment {
    Alignment::of(compared(bars, stored, |old, new| {
        !old.is_newer_than(new, now)
    }))
}

/// Days without trade only repeat a close.
fn was_traded(old: &Stored, new: &FetchedBar) -> bool {
    !new.suspended && !old.bar.is_copied() && !new.bar.is_copied()
}

/// Whether any day shows something about the scale.
#[must_use]
pub(crate) fn has_compared_day(bars: &[FetchedBar], stored: &StoredBars) -> bool {
    !compared(bars, stored, |_, _| true).is_empty()
}

/// Whether any day's close equals the stored one.
#[must_use]
pub(crate) fn has_equal_close(bars: &[FetchedBar], stored: &StoredBars) -> bool {
    let mut days = compared(bars, stored, |_, _| true).into_iter();
    days.any(|d| (d.fetched / d.stored - 1.0).abs() < 1e-4)
}

/// Whether bars of another symbol have the stored closes: enough days to tell, and none differs.
#[must_use]
pub(crate) fn goes_on(bars: &[FetchedBar], stored: &StoredBars) -> bool {
    Alignment::of(compared(bars, stored, was_traded)).is_untouched()
}

/// The closes of days that are both stored and fetched. Provisional bars change anyway.
fn compared(
    bars: &[FetchedBar],
    stored: &StoredBars,
    counts: impl Fn(&Stored, &FetchedBar) -> bool,
) -> Vec<Compared> {
    bars.iter()
        .filter_map(|new| Some((stored.get(&new.bar.date())?, new)))
        .filter(|(old, new)| old.is_final && new.is_final && counts(old, new))
        .map(|(old, new)| Compared {
            date: new.bar.date(),
            stored: old.bar.close(),
            fetched: new.bar.close(),
        })
        .collect()
}

/// Why bars fetched before the stored ones must not fill days beside them: they are in an older scale.
#[must_use]
pub(crate) fn find_older_scale(
    bars: &[FetchedBar],
    stored: &StoredBars,
    now: DateTime<Utc>,
) -> Option<String> {
    let compared = compared(bars, stored, |old, new| {
        old.is_newer_than(new, now) && was_traded(old, new)
    });
    // The stored bars arrived later.
    let turned = compared.into_iter().map(|day| Compared {
        date: day.date,
        stored: day.fetched,
        fetched: day.stored,
    });
    let change = Alignment::of(turned.collect()).change()?;
    let unknown = bars
        .iter()
        .filter(|b| !stored.contains_key(&b.bar.date()))
        .count();
    (unknown > 0).then(|| {
        format!(
            "it is older than what is stored and in the scale of then, {}; \
             {unknown} days that are not stored were left out with it",
            in_words(&change)
        )
    })
}

/// The finding about another source of the asset that is stored in another scale than these bars of `source`.
#[must_use]
pub(crate) fn find_other_scale(
    bars: &[FetchedBar],
    stored: &StoredBars,
    source: &str,
) -> Option<Finding> {
    let days = compared(bars, stored, was_traded);
    let mut factors: Vec<f64> = days.iter().map(|d| d.fetched / d.stored).collect();
    factors.sort_by(f64::total_cmp);
    let factor = *factors.get(factors.len() / 2)?;
    let is_one_for_most = |factor: &f64| {
        let fits = |d: &&Compared| (d.fetched / d.stored / factor - 1.0).abs() <= 0.02;
        let fitting = days.iter().filter(fits).count();
        fitting >= super::alignment::SEGMENT_DAYS && 2 * fitting > days.len()
    };
    if (factor - 1.0).abs() <= SOURCES_DIFFER || !is_one_for_most(&factor) {
        return None;
    }
    let change = Change {
        factor,
        example: *days.last()?,
    };
    Some(Finding {
        date: change.example.date,
        rule: Rule::ScaleDiffers,
        detail: format!("{source} has it by {}", in_words(&change)),
    })
}

/// The finding that a series is now in another scale.
#[must_use]
pub(crate) fn rebased(change: &Change) -> Finding {
    Finding {
        date: change.example.date,
        rule: Rule::Rebased,
        detail: in_words(change),
    }
}

/// The finding that an answer would make a step, with both sides of it.
#[must_use]
pub(crate) fn refused(step: &MadeStep, asset: &AssetId) -> Finding {
    let MadeStep {
        before,
        after,
        older,
        newer,
        until,
    } = *step;
    let days = match until == after.date {
        true => after.date.to_string(),
        false => format!("{}..{until}", after.date),
    };
    let side = |day: &Compared, factor: f64| {
        let moved = if (factor - 1.0).abs() < 1e-4 {
            "unmoved".to_owned()
        } else {
            format!("factor {}", six_digits(factor))
        };
        format!(
            "{moved} (the close of {} is {} here, {} there)",
            day.date, day.stored, day.fetched
        )
    };
    Finding {
        date: after.date,
        rule: Rule::ScaleRefused,
        detail: format!(
            "the source's answer makes a step on {}: until {} {}, from {} on {}; what conflicts was held back, \
             `pricestash waive {asset} {days} --rule scale_refused --reason …` takes the answer at the next run",
            after.date,
            before.date,
            side(&before, older),
            after.date,
            side(&after, newer)
        ),
    }
}

/// The finding that a single close was corrected.
#[must_use]
pub(crate) fn corrected(day: &Compared) -> Finding {
    let change = (day.fetched / day.stored - 1.0) * 100.0;
    Finding {
        date: day.date,
        rule: Rule::Correction,
        detail: format!(
            "the close was {}, is now {}, {change:+.1} %",
            day.stored, day.fetched
        ),
    }
}

/// The finding that nothing shows whether a bar is in the scale of the series.
#[must_use]
pub(crate) fn unknown(date: NaiveDate, why: &str) -> Finding {
    Finding {
        date,
        rule: Rule::ScaleUnknown,
        detail: why.to_owned(),
    }
}

/// The days among these that a series lacks and that join it: each within a market move of the close before and after
/// it.
#[must_use]
pub(crate) fn joining(bars: &[FetchedBar], closes: &[(NaiveDate, f64)]) -> BTreeSet<NaiveDate> {
    let mut joined = BTreeSet::new();
    let mut before: Option<(NaiveDate, f64)> = None;
    let mut standing = closes.iter().copied().peekable();
    let is_step = |a: f64, b: f64| (a / b).max(b / a) >= STEP;
    for bar in bars {
        let (date, close) = (bar.bar.date(), bar.bar.close());
        while let Some(day) = standing.next_if(|(day, _)| *day < date) {
            before = Some(day);
        }
        if standing.peek().is_some_and(|(day, _)| *day == date) {
            continue;
        }
        let leaves = before.is_some_and(|(_, other)| is_step(close, other));
        let returns = standing
            .peek()
            .is_some_and(|(_, other)| is_step(close, *other));
        if !leaves && !returns {
            joined.insert(date);
            before = Some((date, close));
        }
    }
    joined
}

/// The stored bars of `days` for which an answer has nothing better, each converted to the answer's scale and rounded
/// to the last digit that the source sends; and the days of unknown scale.
#[must_use]
pub(crate) fn carried(
    stored: &StoredBars,
    bars: &[FetchedBar],
    alignment: &Alignment,
    days: &BTreeSet<NaiveDate>,
) -> (Vec<(Stored, FetchedBar)>, Vec<NaiveDate>) {
    let (mut carried, mut unknown) = (Vec::new(), Vec::new());
    let Some(fetched_at) = bars.iter().map(|b| b.fetched_at).max() else {
        return (carried, unknown);
    };
    let digit = last_digit(bars.iter().map(|b| b.bar.close()));
    for date in days {
        let Some(old) = stored.get(date).cloned() else {
            continue;
        };
        match alignment.lacking(*date) {
            Lacking::Unmoved => {}
            Lacking::Unknown => unknown.push(*date),
            Lacking::MovedBy(factor) => {
                let prices = old.bar.prices().map(|p| round_to(p * factor, digit));
                let Ok(bar) = Bar::new(*date, old.bar.values().with_prices(prices), Sign::Positive)
                else {
                    unknown.push(*date);
                    continue;
                };
                let new = FetchedBar {
                    bar,
                    is_final: old.is_final,
                    fetched_at,
                    suspended: false,
                };
                carried.push((old, new));
            }
        }
    }
    (carried, unknown)
}

/// A change of scale in words, with a day that shows it.
#[must_use]
pub(crate) fn in_words(change: &Change) -> String {
    let Compared {
        date,
        stored,
        fetched,
    } = change.example;
    let factor = six_digits(change.factor);
    let (stored, fetched) = (shortest(stored), shortest(fetched));
    format!("factor {factor} (the close of {date} was {stored}, is {fetched})")
}

/// Six significant digits without trailing zeros.
fn six_digits(factor: f64) -> String {
    let text = format!("{factor:.5e}");
    text.parse::<f64>()
        .map_or(text, |rounded| rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bar_values::Values;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn bar(n: u32, close: f64, volume: i64) -> Bar {
        Bar::new(day(n), Values::of([close; 4], Some(volume)), Sign::Positive).unwrap()
    }

    fn fetched(n: u32, close: f64) -> FetchedBar {
        FetchedBar {
            bar: bar(n, close, 5),
            is_final: true,
            fetched_at: "2026-02-01T00:00:00Z".parse().unwrap(),
            suspended: false,
        }
    }

    fn stored(n: u32, close: f64, volume: i64) -> (NaiveDate, Stored) {
        let stored = Stored {
            bar: bar(n, close, volume),
            ingested_at: "2026-01-31T00:00:00Z".parse().ok(),
            is_final: true,
            known_since: String::new(),
            job_id: None,
        };
        (day(n), stored)
    }

    #[test]
    fn a_new_day_joins_within_a_step_of_the_closes_beside_it() {
        let closes = [(day(5), 100.0), (day(8), 100.0)];
        let joined = |bars: &[(u32, f64)]| -> Vec<u32> {
            let bars: Vec<FetchedBar> = bars.iter().map(|(n, c)| fetched(*n, *c)).collect();
            let days = joining(&bars, &closes);
            days.iter().map(chrono::Datelike::day).collect()
        };
        assert_eq!(joined(&[(6, 110.0), (7, 179.0)]), [6, 7]);
        assert_eq!(
            joined(&[(6, 181.0)]),
            [] as [u32; 0],
            "far from the day before"
        );
        assert_eq!(
            joined(&[(6, 150.0), (7, 190.0)]),
            [6],
            "far from the day behind"
        );
        assert_eq!(joined(&[(9, 110.0), (10, 55.0), (12, 56.0)]), [9]);
        assert_eq!(
            joined(&[(5, 50.0), (8, 50.0), (9, 50.0)]),
            [] as [u32; 0],
            "a stored day stands"
        );
    }

    #[test]
    fn days_without_trade_tell_nothing_where_others_do() {
        let days: StoredBars = (1..10)
            .map(|n| stored(n, 100.0, if n > 4 { 0 } else { 5 }))
            .collect();
        let bars: Vec<FetchedBar> = (1..10)
            .map(|n| fetched(n, if n > 4 { 1.0 } else { 100.0 }))
            .collect();
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        assert!(align(&bars, &days, now).is_untouched());
        assert!(!align_untraded(&bars, &days, now).is_unmoved());
    }

    #[test]
    fn a_source_that_stands_in_differs_by_more_than_sources_do() {
        let days: StoredBars = (1..10).map(|n| stored(n, 100.0, 5)).collect();
        let found = |factor: f64| {
            let noise = |n: u32| 1.0 + 0.003 * f64::from(n % 3);
            let bars: Vec<FetchedBar> = (1..10)
                .map(|n| fetched(n, 100.0 * factor * noise(n)))
                .collect();
            find_other_scale(&bars, &days, "yahoo").map(|f| f.rule)
        };
        assert_eq!(found(1.0), None);
        assert_eq!(found(0.985), None);
        assert_eq!(found(0.5), Some(Rule::ScaleDiffers));
        assert_eq!(found(10.0 / 11.0), Some(Rule::ScaleDiffers));
    }
}
