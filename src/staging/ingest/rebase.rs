//! A change of scale of a whole series, seen where stored and fetched days overlap: a split.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::Connection;

use super::stored::{Stored, stored_bars, stored_days};
use super::write::{Batch, Heal};
use crate::domain::bar::Bar;
use crate::domain::gaps::{LEAST_OVERLAP, Moved, constant_factor, has_moved_by, last_digit};
use crate::domain::validate::{FetchedBar, Finding, Rule};

/// A change of scale of a whole series.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebase {
    /// What the stored closes must be multiplied with.
    pub factor: f64,
    /// The same in words, with an example.
    pub detail: String,
    /// The newest day that told.
    pub seen: NaiveDate,
    /// The first stored day.
    pub first: NaiveDate,
    /// The last stored day.
    pub last: NaiveDate,
    /// Stored days that the batch does not hold.
    pub uncovered: BTreeSet<NaiveDate>,
}

impl Rebase {
    pub(in crate::staging) fn finding(&self) -> Finding {
        Finding {
            date: self.seen,
            rule: Rule::Rebased,
            detail: self.detail.clone(),
        }
    }

    /// Whether staging leaves one scale behind.
    pub(in crate::staging) fn can_be_staged(&self, heal: Heal) -> bool {
        match heal {
            Heal::No => false,
            Heal::IfWhole => self.uncovered.is_empty(),
            Heal::Again(factor) => factor.total_cmp(&self.factor).is_eq(),
        }
    }
}

/// What the overlap says of the scale.
#[derive(Debug)]
pub(in crate::staging) enum Scale {
    /// Fewer final closes overlap than it takes to tell.
    Unknown,
    Same,
    Changed(Rebase),
}

/// Compares the final closes that are both stored and fetched. A provisional close changes by itself.
pub(in crate::staging) fn find_rebase(
    connection: &Connection,
    batch: &Batch<'_>,
    stored: &HashMap<NaiveDate, Stored>,
) -> Result<Scale> {
    let bars = &batch.checked.bars;
    let overlap = overlap(bars, stored, |old, new| !old.is_newer_than(new));
    let closes: Vec<Moved> = overlap.iter().map(|(_, moved)| *moved).collect();
    let factor = match batch.heal {
        // Days that were corrected or back-filled meanwhile may have the new scale already.
        Heal::Again(factor) if has_moved_by(&closes, factor) => Some(factor),
        _ => constant_factor(&closes),
    };
    let (Some(factor), Some(example)) = (factor, overlap.last()) else {
        let tells = closes.len() >= LEAST_OVERLAP;
        return Ok(if tells { Scale::Same } else { Scale::Unknown });
    };
    let series = stored_days(connection, batch.asset.id.as_str(), &batch.entry.stored_as)?;
    let fetched: BTreeSet<NaiveDate> = bars.iter().map(|b| b.bar.date()).collect();
    Ok(Scale::Changed(Rebase {
        factor,
        detail: in_words(factor, *example),
        seen: example.0,
        first: series.first().copied().unwrap_or(example.0),
        last: series.last().copied().unwrap_or(example.0),
        uncovered: series.difference(&fetched).copied().collect(),
    }))
}

/// Why bars that were fetched before the stored ones must not fill days beside them: they are in an older scale.
pub(in crate::staging) fn find_older_scale(
    bars: &[FetchedBar],
    stored: &HashMap<NaiveDate, Stored>,
) -> Option<String> {
    let overlap: Vec<(NaiveDate, Moved)> = overlap(bars, stored, Stored::is_newer_than)
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
pub(in crate::staging) fn find_other_scale(
    bars: &[FetchedBar],
    stored: &HashMap<NaiveDate, Stored>,
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
pub(in crate::staging) fn final_closes(
    bars: &[FetchedBar],
    stored: &HashMap<NaiveDate, Stored>,
) -> Vec<Moved> {
    overlap(bars, stored, |_, _| true)
        .into_iter()
        .map(|(_, moved)| moved)
        .collect()
}

/// The closes of the final bars that are both stored and fetched, by day.
fn overlap(
    bars: &[FetchedBar],
    stored: &HashMap<NaiveDate, Stored>,
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

/// The stored bars of days that a whole answer says nothing better of, each with what it is in the new scale, rounded to
/// the last digit that the source sends.
pub(in crate::staging) fn rescaled(
    connection: &Connection,
    batch: &Batch<'_>,
    rebase: &Rebase,
    days: &BTreeSet<NaiveDate>,
) -> Result<Vec<(Stored, FetchedBar)>> {
    let bars = &batch.checked.bars;
    let Some(fetched_at) = bars.iter().map(|b| b.fetched_at).max() else {
        return Ok(Vec::new());
    };
    let asset = batch.asset.id.as_str();
    let mut stored = stored_bars(
        connection,
        asset,
        &batch.entry.stored_as,
        rebase.first,
        rebase.last,
    )?;
    let digit = last_digit(bars.iter().map(|b| b.bar.close()));
    let carried = days.iter().filter_map(|date| {
        let old = stored.remove(date)?;
        let prices = old.bar.prices().map(|p| round_to(p * rebase.factor, digit));
        let bar = Bar::new(*date, prices, old.bar.volume()).ok()?;
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
    Ok(carried.collect())
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
