//! Whether an answer continues the stored series: its closes compared day by day (contract, section 5, restatements).
//!
//! A *segment* is a run of at least three compared days with one ratio; shorter runs are corrections. The segments that
//! moved show what happened: sources adjust all days by one factor, or the older days but not the newest. Any other
//! answer is accepted only if it makes no step in the series. "Too few compared days" is a verdict of its own.

use chrono::NaiveDate;

use super::digits::{Digits, Factors, last_digit, likely};

/// This many consecutive days with one ratio make a segment.
pub(crate) const SEGMENT_DAYS: usize = 3;
/// A step of at least this factor is not a market move.
pub(crate) const STEP: f64 = 1.8;
/// A step between its inverse and this factor cannot be distinguished from market moves.
const MARKET: f64 = 1.25;
/// A final close that moves by more than this share is reported.
const CORRECTION: f64 = 0.01;
/// Two steps at one border differ if they are further apart than this.
const DIFFERENT: f64 = 1.02;

/// A day with both a stored and a fetched final close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Compared {
    pub(crate) date: NaiveDate,
    pub(crate) stored: f64,
    pub(crate) fetched: f64,
}

/// Consecutive days with one ratio, as positions among the compared days.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: usize,
    last: usize,
    factors: Factors,
    /// Whether all of them moved, each by a different ratio: other prices, not another scale.
    is_ragged: bool,
}

impl Run {
    fn is_segment(&self) -> bool {
        self.last - self.first + 1 >= SEGMENT_DAYS
    }

    fn has_moved(&self) -> bool {
        self.is_ragged || !self.factors.are_one()
    }

    /// The factors that explain both; `None` if one of them has no single factor.
    fn factors_with(&self, other: &Self) -> Option<Factors> {
        let is_plain = !self.is_ragged && !other.is_ragged;
        let is_alike = self.has_moved() == other.has_moved();
        let factors = self.factors.and(other.factors);
        factors.filter(|_| is_plain && is_alike)
    }
}

/// The compared days of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Alignment {
    days: Vec<Compared>,
    digits: Digits,
    runs: Vec<Run>,
    segments: Vec<Run>,
}

/// What is stored beyond the fetched days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Beyond {
    /// Stored days before the first fetched one.
    pub(crate) older: bool,
    /// Stored days after the last fetched one.
    pub(crate) newer: bool,
    /// Stored days in between that were not fetched.
    pub(crate) between: bool,
}

/// How an answer relates to a series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It continues the series; single days may have been corrected.
    Same,
    /// It has older days, or all, in another scale, or repairs days that were in another one.
    Restated(Change),
    /// It would make a step in the series.
    Refused(MadeStep),
    /// Too few days can be compared.
    TooFew,
    /// What moved may extend beyond the fetched days: the whole series must be read.
    ReadWhole(Change),
}

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// The factor to multiply the stored closes of the newest moved segment with.
    pub(crate) factor: f64,
    /// The newest day that moved by it.
    pub(crate) example: Compared,
}

/// A step that an answer would make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MadeStep {
    /// The last compared day before it.
    pub(crate) before: Compared,
    /// The first compared day after it.
    pub(crate) after: Compared,
    /// The factor by which the older side moved.
    pub(crate) older: f64,
    /// The factor by which the newer side moved.
    pub(crate) newer: f64,
    /// The first compared day after the newer side; the day of the step if there is none.
    pub(crate) until: NaiveDate,
}

/// What is known about a step on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Nothing,
    /// An answer was refused because of it, and the finding is open.
    Refused,
    /// That day was the first of those staged without comparison with an accepted answer.
    Unconfirmed,
    /// The owner accepts the answer anyway.
    Accepted,
}

/// A stored day that an answer lacks, in the scale of the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Lacking {
    /// Unchanged.
    Unmoved,
    /// Its neighbours on both sides moved by this factor.
    MovedBy(f64),
    /// Its neighbours moved differently, or only one of them is known.
    Unknown,
}

impl Alignment {
    /// Compares days, which must be in order.
    #[must_use]
    pub(crate) fn of(days: Vec<Compared>) -> Self {
        let digits = Digits {
            stored: last_digit(days.iter().map(|d| d.stored)),
            fetched: last_digit(days.iter().map(|d| d.fetched)),
        };
        let runs = ragged(&days, runs(&days, digits));
        let segments = segments(&runs);
        Self {
            days,
            digits,
            runs,
            segments,
        }
    }

    #[must_use]
    pub(crate) fn days(&self) -> &[Compared] {
        &self.days
    }

    /// Whether enough days are compared to determine the scale.
    #[must_use]
    pub(crate) fn can_tell(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Whether the scale can be determined and no segment has moved.
    #[must_use]
    pub(crate) fn is_unmoved(&self) -> bool {
        self.can_tell() && self.change().is_none()
    }

    /// Whether the scale can be determined and not a single day has moved.
    #[must_use]
    pub(crate) fn is_untouched(&self) -> bool {
        self.can_tell() && self.has_no_move()
    }

    /// Whether not a single compared day has moved.
    #[must_use]
    pub(crate) fn has_no_move(&self) -> bool {
        !self.runs.iter().any(Run::has_moved)
    }

    /// Whether the newest days have moved.
    #[must_use]
    pub(crate) fn has_newest_moved(&self) -> bool {
        self.runs.last().is_some_and(Run::has_moved)
    }

    /// Whether the oldest days have moved, as after an adjustment by the source.
    #[must_use]
    pub(crate) fn has_older_moved(&self) -> bool {
        self.segments.first().is_some_and(Run::has_moved)
    }

    /// The days that moved by more than 1 % while their neighbours stayed.
    pub(crate) fn corrections(&self) -> impl Iterator<Item = &Compared> {
        let beside = |place: usize| {
            let before = place.checked_sub(1);
            let places = before.into_iter().chain([place + 1]);
            places.filter_map(|place| self.runs.get(place))
        };
        let runs = self.runs.iter().enumerate();
        let alone = runs.filter(move |(place, run)| {
            !run.is_segment() && beside(*place).count() > 0 && !beside(*place).any(Run::has_moved)
        });
        let days = alone.filter_map(|(_, run)| self.days.get(run.first..=run.last));
        days.flatten()
            .filter(|d| (d.fetched / d.stored - 1.0).abs() > CORRECTION)
    }

    /// The newest change.
    #[must_use]
    pub(crate) fn change(&self) -> Option<Change> {
        let moved = self.segments.iter().rev().find(|s| s.has_moved())?;
        self.change_of(moved)
    }

    /// The factor to multiply the stored closes of a run with. Corrections within it do not count.
    fn factor(&self, run: &Run) -> f64 {
        if !run.has_moved() {
            return 1.0;
        }
        let days = self.days.get(run.first..=run.last).unwrap_or_default();
        let fits = |d: &&Compared| {
            let factors = Factors::of(d.stored, d.fetched, self.digits);
            run.is_ragged || factors.and(run.factors).is_some()
        };
        likely(
            days.iter().filter(fits).map(|d| (d.stored, d.fetched)),
            self.digits,
        )
    }

    fn change_of(&self, run: &Run) -> Option<Change> {
        let days = self.days.get(run.first..=run.last)?;
        let has_moved = |day: &&Compared| day.stored.total_cmp(&day.fetched).is_ne();
        Some(Change {
            factor: self.factor(run),
            example: *days.iter().rfind(has_moved).or(days.last())?,
        })
    }

    /// How the answer relates to the series. `may_read_more`: whether more of it can still be requested; `owner`: what
    /// is known about a step on a day.
    #[must_use]
    pub(crate) fn verdict(
        &self,
        beyond: Beyond,
        may_read_more: bool,
        owner: impl Fn(NaiveDate) -> Known,
    ) -> Verdict {
        let is_whole = beyond == Beyond::default();
        if self.segments.is_empty() && !is_whole {
            return Verdict::TooFew;
        }
        if may_read_more && let Some(verdict) = self.moved_beyond(beyond) {
            return verdict;
        }
        let known = |step: &MadeStep| owner(step.after.date);
        let newest = self.segments.last().and_then(|s| self.days.get(s.first));
        // Nobody has confirmed those days: a later answer decides about them.
        let is_unconfirmed = |step: &MadeStep| {
            let is_newest = newest.is_some_and(|d| d.date == step.after.date);
            let is_small = step.size().is_none_or(|size| size < STEP);
            known(step) == Known::Unconfirmed && is_newest && is_small
        };
        let is_taken = |step: &MadeStep| known(step) == Known::Accepted || is_unconfirmed(step);
        let steps = self.other_prices().into_iter();
        let refused_before = |step: &MadeStep| known(step) == Known::Refused;
        let steps = steps.chain(self.between_segments(refused_before));
        let mut steps = steps.chain(self.by_corrections());
        if let Some(step) = steps.find(|step| !is_taken(step)) {
            return Verdict::Refused(step);
        }
        self.change().map_or(Verdict::Same, Verdict::Restated)
    }

    /// What moved may extend beyond the fetched days, or before the few that did not move.
    fn moved_beyond(&self, beyond: Beyond) -> Option<Verdict> {
        let is_settled = |run: Option<&Run>| run.is_some_and(|r| r.is_segment() && !r.has_moved());
        let is_open = beyond.between
            || (beyond.older && !is_settled(self.runs.first()))
            || (beyond.newer && !is_settled(self.runs.last()));
        if let Some(change) = self.change().filter(|_| is_open) {
            return Some(Verdict::ReadWhole(change));
        }
        let edges = [
            (beyond.older, self.runs.first()),
            (beyond.newer, self.runs.last()),
        ];
        let has_moved = |run: Option<&Run>| run.is_some_and(Run::has_moved);
        edges
            .into_iter()
            .any(|(more, run)| more && has_moved(run))
            .then_some(Verdict::TooFew)
    }

    /// Whether the days belong to other prices: they moved, and no run of them has a single ratio.
    fn other_prices(&self) -> Option<MadeStep> {
        let first = self.segments.first()?;
        if !self.segments.iter().all(|s| s.is_ragged) {
            return None;
        }
        let [before, after, ..] = *self.days.get(first.first..)? else {
            return None;
        };
        let ratio = |day: Compared| day.fetched / day.stored;
        Some(MadeStep {
            before,
            after,
            older: ratio(before),
            newer: ratio(after),
            until: self.days.last()?.date,
        })
    }

    /// The steps between segments that are no source's way of adjusting.
    fn between_segments(
        &self,
        refused_before: impl Fn(&MadeStep) -> bool,
    ) -> impl Iterator<Item = MadeStep> {
        let newest = self.segments.len().saturating_sub(1);
        let older_moved = self
            .segments
            .iter()
            .enumerate()
            .all(|(place, s)| s.has_moved() == (place < newest) && !s.is_ragged);
        let borders = self.segments.iter().zip(self.segments.iter().skip(1));
        borders.enumerate().filter_map(move |(place, (a, b))| {
            let is_last = place + 1 == newest;
            let step = self.step(a, b)?;
            let made = step.size();
            let between = step.newer / step.older;
            let refused = if is_last && older_moved {
                made.is_some_and(|size| size >= STEP)
            } else if is_within(between, DIFFERENT) {
                false
            } else if is_within(between, MARKET) {
                // Newest days that moved cannot be distinguished from a market move. A block inside is corrections,
                // unless it was refused while it was the newest: what was staged after it since proves nothing.
                let newest_moved = is_last && b.has_moved();
                (newest_moved && (!a.has_moved() || made.is_some()))
                    || (!newest_moved && refused_before(&step))
            } else {
                made.is_some()
            };
            refused.then_some(step)
        })
    }

    /// Single days that would leave the series by more than the market moves, or that stayed while all around them
    /// moved.
    fn by_corrections(&self) -> impl Iterator<Item = MadeStep> {
        let short = self.runs.iter().enumerate();
        let short = short.filter(|(_, run)| !run.is_segment());
        short.filter_map(|(place, run)| {
            let before = place.checked_sub(1).and_then(|p| self.runs.get(p));
            let behind = self.runs.get(place + 1);
            let moved = |run: Option<&Run>| run.is_some_and(Run::has_moved);
            let stayed_alone = !run.has_moved() && moved(before) && moved(behind);
            if !run.has_moved() && !moved(before) && !moved(behind) {
                return None;
            }
            let steps = [
                before.and_then(|before| self.step(before, run)),
                behind.and_then(|behind| self.step(run, behind)),
            ];
            let largest =
                |of: fn(&MadeStep) -> f64| steps.iter().flatten().map(of).fold(1.0, f64::max);
            let is_worse = largest(MadeStep::fetched) > largest(MadeStep::stored) * DIFFERENT;
            let least = if stayed_alone { DIFFERENT } else { STEP };
            let refused = steps.into_iter().flatten();
            let mut refused = refused.filter(|s| s.size().is_some_and(|size| size >= least));
            refused.next().filter(|_| is_worse)
        })
    }

    /// The step from one run to the next.
    fn step(&self, older: &Run, newer: &Run) -> Option<MadeStep> {
        let after = *self.days.get(newer.first)?;
        // The day on which it would be reversed.
        let behind = self.days.get(newer.last + 1);
        Some(MadeStep {
            before: *self.days.get(older.last)?,
            after,
            older: self.factor(older),
            newer: self.factor(newer),
            until: behind.map_or(after.date, |day| day.date),
        })
    }

    /// A stored day that the answer lacks, in the answer's scale.
    #[must_use]
    pub(crate) fn lacking(&self, date: NaiveDate) -> Lacking {
        let date_of = |place: usize| self.days.get(place).map(|d| d.date);
        let before = |s: &&Run| date_of(s.first).is_some_and(|first| first < date);
        let behind = |s: &&Run| date_of(s.last).is_some_and(|last| last > date);
        let left = self.segments.iter().rfind(before);
        let right = self.segments.iter().find(behind);
        let has_moved = |s: Option<&Run>| s.is_some_and(Run::has_moved);
        match (left, right) {
            (Some(l), Some(r)) if has_moved(left) && l.factors_with(r).is_some() => {
                Lacking::MovedBy(self.factor(l))
            }
            _ if has_moved(left) || has_moved(right) => Lacking::Unknown,
            _ => Lacking::Unmoved,
        }
    }
}

/// The runs of days, each as long as one factor explains it.
fn runs(days: &[Compared], digits: Digits) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (place, day) in days.iter().enumerate() {
        let factors = Factors::of(day.stored, day.fetched, digits);
        // Coarse digits allow a wide range: a close that is equal to the last bit did not move together with those that
        // did.
        let is_equal = day.stored.total_cmp(&day.fetched).is_eq();
        let goes_on = |run: &Run| !is_equal || run.factors.are_one();
        match runs.last_mut().filter(|run| goes_on(run)) {
            Some(run) if run.factors.and(factors).is_some() => {
                run.factors = run.factors.and(factors).unwrap_or(factors);
                run.last = place;
            }
            _ => runs.push(Run {
                first: place,
                last: place,
                factors,
                is_ragged: false,
            }),
        }
    }
    runs
}

/// Consecutive short runs are not corrections if they are many days that all moved.
fn ragged(days: &[Compared], runs: Vec<Run>) -> Vec<Run> {
    let has_moved = |day: &Compared| !is_within(day.fetched / day.stored, DIFFERENT);
    let is_odd = |run: &Run| {
        let mut days = days.get(run.first..=run.last).unwrap_or_default().iter();
        !run.is_segment() && days.all(has_moved)
    };
    let mut joined: Vec<Run> = Vec::new();
    for together in runs.chunk_by(|a, b| is_odd(a) && is_odd(b)) {
        match together {
            [first, .., last] if last.last - first.first + 1 >= SEGMENT_DAYS => joined.push(Run {
                last: last.last,
                is_ragged: true,
                ..*first
            }),
            _ => joined.extend(together),
        }
    }
    joined
}

/// The segments among runs; segments that one factor explains, with only corrections between them, are merged.
fn segments(runs: &[Run]) -> Vec<Run> {
    let mut segments: Vec<Run> = Vec::new();
    for run in runs.iter().filter(|run| run.is_segment()) {
        let before = segments.last_mut();
        match before.and_then(|s| Some((s.factors_with(run)?, s))) {
            Some((factors, segment)) => {
                segment.factors = factors;
                segment.last = run.last;
            }
            None => segments.push(*run),
        }
    }
    segments
}

impl MadeStep {
    fn stored(&self) -> f64 {
        size(self.after.stored / self.before.stored)
    }

    fn fetched(&self) -> f64 {
        size(self.after.fetched / self.before.fetched)
    }

    /// The size of the step if the answer makes it: it differs from the stored step and is further from 1.
    fn size(&self) -> Option<f64> {
        let stored = self.after.stored / self.before.stored;
        let fetched = self.after.fetched / self.before.fetched;
        let is_made = !is_within(fetched / stored, DIFFERENT) && size(fetched) > size(stored);
        is_made.then(|| size(fetched))
    }
}

/// How far a ratio is from 1, as a factor of at least 1.
fn size(ratio: f64) -> f64 {
    ratio.max(ratio.recip())
}

/// Whether a ratio is between the inverse of a bound and the bound.
fn is_within(ratio: f64, bound: f64) -> bool {
    size(ratio) <= bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(n: usize) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(n as u64)
    }

    /// Days that are stored at about 100, and that came times these factors.
    fn aligned(factors: &[f64]) -> Alignment {
        let compared = |(n, factor): (usize, &f64)| {
            let stored = 100.0 + f64::from(u8::try_from(n * 7 % 11).unwrap()) * 0.3;
            Compared {
                date: day(n),
                stored,
                fetched: stored * factor,
            }
        };
        Alignment::of(factors.iter().enumerate().map(compared).collect())
    }

    fn of(parts: &[(usize, f64)]) -> Alignment {
        let factors: Vec<f64> = parts
            .iter()
            .flat_map(|(count, factor)| vec![*factor; *count])
            .collect();
        aligned(&factors)
    }

    /// The verdict in a word, when the whole series was fetched.
    fn whole(parts: &[(usize, f64)]) -> &'static str {
        word(&of(parts).verdict(Beyond::default(), true, |_| Known::Nothing))
    }

    /// The verdict in a word, when there are older days.
    fn window(parts: &[(usize, f64)]) -> &'static str {
        let beyond = Beyond {
            older: true,
            ..Beyond::default()
        };
        word(&of(parts).verdict(beyond, true, |_| Known::Nothing))
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Same => "same",
            Verdict::Restated(_) => "restated",
            Verdict::Refused(_) => "refused",
            Verdict::TooFew => "too few",
            Verdict::ReadWhole(_) => "read whole",
        }
    }

    const ALL: [f64; 6] = [0.5, 30.0, 0.8, 10.0 / 11.0, 1.0 / 49.426, 0.02];

    #[test]
    fn days_that_all_moved_or_only_the_older_ones_are_how_sources_adjust() {
        for factor in ALL {
            assert_eq!(whole(&[(20, factor)]), "restated", "{factor}");
            assert_eq!(window(&[(5, factor)]), "read whole", "{factor}");
        }
        // The newest days were stored in the new scale already.
        let late = |factor: f64| {
            let stored = |n: usize| if n < 15 { 100.37 } else { 100.37 * factor };
            let days = (0..20).map(|n| Compared {
                date: day(n),
                stored: stored(n),
                fetched: 100.37 * factor,
            });
            Alignment::of(days.collect())
        };
        for factor in ALL {
            let verdict = late(factor).verdict(Beyond::default(), true, |_| Known::Nothing);
            let Verdict::Restated(change) = verdict else {
                panic!("{factor}: {verdict:?}")
            };
            assert!(
                (change.factor / factor - 1.0).abs() < 1e-9,
                "{factor} {change:?}"
            );
            assert_eq!(change.example.date, day(14), "a day that moved");
        }
    }

    #[test]
    fn an_answer_that_makes_a_step_is_refused() {
        for (parts, verdict) in [
            // Adjusted only since March.
            (vec![(20, 1.0), (10, 0.5)], "refused"),
            (vec![(20, 1.0), (10, 10.0 / 11.0)], "refused"),
            // Pounds for pence for a week, and older days in pounds.
            (vec![(20, 1.0), (5, 0.01), (5, 1.0)], "refused"),
            (vec![(20, 0.01), (5, 1.0)], "refused"),
            // A block that differs by less than the market moves.
            (vec![(20, 1.0), (5, 0.97), (5, 1.0)], "restated"),
            // Single days.
            (vec![(20, 1.0), (1, 0.97), (5, 1.0)], "same"),
            (vec![(20, 1.0), (2, 1.01)], "same"),
            (vec![(20, 1.0), (1, 0.01), (5, 1.0)], "refused"),
            (vec![(20, 1.0), (1, 100.0)], "refused"),
            // The older days, and the newest stay.
            (vec![(20, 100.0), (2, 1.0)], "refused"),
            (vec![(20, 0.5), (1, 1.0)], "refused"),
            // Days that were forgotten.
            (vec![(20, 0.8), (2, 1.0), (5, 0.8)], "refused"),
        ] {
            assert_eq!(whole(&parts), verdict, "{parts:?}");
        }
    }

    #[test]
    fn what_stood_in_another_scale_is_mended() {
        // A block of stored days was in pence, and one day.
        for (from, to) in [(10, 15), (10, 11)] {
            let days = (0..30).map(|n| Compared {
                date: day(n),
                stored: if (from..to).contains(&n) {
                    1_000.0
                } else {
                    10.0
                },
                fetched: 10.0,
            });
            let verdict =
                Alignment::of(days.collect()).verdict(Beyond::default(), true, |_| Known::Nothing);
            assert!(!matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        }
    }

    #[test]
    fn too_few_days_are_an_answer_of_their_own() {
        assert_eq!(window(&[(2, 1.0)]), "too few");
        assert_eq!(window(&[(2, 1.0), (1, 1.01), (2, 1.0)]), "too few");
        assert_eq!(window(&[(0, 1.0)]), "too few");
        assert_eq!(
            window(&[(2, 0.5), (3, 1.0)]),
            "too few",
            "it may go on before"
        );
        assert_eq!(window(&[(3, 1.0)]), "same");
        // What moved may have begun just before.
        for factor in [0.01, 100.0, 0.5, 0.8, 10.0 / 11.0] {
            assert_eq!(window(&[(2, 1.0), (3, factor)]), "read whole");
            assert_eq!(window(&[(1, 1.0), (4, factor)]), "read whole");
            assert_eq!(window(&[(2, 1.0), (10, factor), (2, 1.0)]), "read whole");
        }
        // All that is stored came again: nothing of another scale can be left.
        assert_eq!(whole(&[(2, 0.9)]), "same");
        assert_eq!(whole(&[(0, 1.0)]), "same");
    }

    #[test]
    fn other_prices_are_no_corrections() {
        // Another company, another currency by the day's rate, a noisy factor for the newest days.
        let noise = |n: usize| 1.0 + 0.02 * f64::from(u8::try_from(n * 5 % 7).unwrap());
        let company: Vec<f64> = (0..30).map(|n| 0.4 * noise(n) * noise(n + 1)).collect();
        let currency: Vec<f64> = (0..30).map(|n| 1_300.0 * noise(n)).collect();
        let newest: Vec<f64> = (0..30)
            .map(|n| if n < 15 { 1.0 } else { 0.7 * noise(n) })
            .collect();
        for factors in [company, currency, newest] {
            let verdict = aligned(&factors).verdict(Beyond::default(), true, |_| Known::Nothing);
            assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        }
        // Three closes in a row that were corrected a little.
        assert_eq!(
            whole(&[(20, 1.0), (1, 1.01), (1, 0.99), (1, 1.015)]),
            "same"
        );
    }

    #[test]
    fn what_was_refused_is_not_taken_for_the_days_that_were_staged_since() {
        let alignment = of(&[(20, 1.0), (10, 10.0 / 11.0), (3, 1.0)]);
        let verdict = |known: Known| alignment.verdict(Beyond::default(), true, |_| known);
        assert!(matches!(verdict(Known::Refused), Verdict::Refused(_)));
        assert!(matches!(verdict(Known::Nothing), Verdict::Restated(_)));
    }

    #[test]
    fn a_later_answer_has_the_last_word_about_days_that_nobody_compared() {
        let verdict = |factor: f64, since: usize| {
            let alignment = of(&[(20, 1.0), (5, factor)]);
            let known = |date| match date == day(since) {
                true => Known::Unconfirmed,
                false => Known::Nothing,
            };
            alignment.verdict(Beyond::default(), true, known)
        };
        assert!(matches!(verdict(1.1, 20), Verdict::Restated(_)));
        // Not about those before, nor by more than what joined.
        assert!(matches!(verdict(1.1, 19), Verdict::Refused(_)));
        assert!(matches!(verdict(0.01, 20), Verdict::Refused(_)));
    }

    #[test]
    fn two_small_factors_that_remove_a_step_are_taken() {
        // Ten for eleven was missed, now twenty for twenty-one: all days moved.
        let days = (0..40).map(|n| Compared {
            date: day(n),
            stored: if n < 30 { 110.0 } else { 100.0 },
            fetched: 100.0 / 1.05,
        });
        let verdict =
            Alignment::of(days.collect()).verdict(Beyond::default(), true, |_| Known::Nothing);
        assert!(matches!(verdict, Verdict::Restated(_)), "{verdict:?}");
    }

    #[test]
    fn a_close_that_is_the_same_has_not_moved_with_coarse_digits_either() {
        // 20 won, ten for eleven: 17 is near enough to both.
        let days = (0..12).map(|n| Compared {
            date: day(n),
            stored: if n < 6 { 20.0 } else { 18.0 },
            fetched: 18.0,
        });
        let alignment = Alignment::of(days.collect());
        let Some(change) = alignment.change() else {
            panic!("nothing moved")
        };
        assert_eq!(change.example.date, day(5));
        assert_eq!(alignment.lacking(day(8)), Lacking::Unmoved);
    }

    #[test]
    fn a_day_that_moved_alone_is_a_correction() {
        let corrected = |parts: &[(usize, f64)]| -> Vec<NaiveDate> {
            of(parts).corrections().map(|d| d.date).collect()
        };
        assert_eq!(corrected(&[(5, 1.0), (1, 1.02), (5, 1.0)]), [day(5)]);
        assert_eq!(corrected(&[(5, 1.0), (2, 0.98)]), [day(5), day(6)]);
        assert_eq!(corrected(&[(5, 1.0), (1, 1.009), (5, 1.0)]), []);
        assert_eq!(corrected(&[(5, 0.5), (1, 0.51), (5, 0.5)]), []);
    }

    #[test]
    fn the_owner_may_take_a_step() {
        let alignment = of(&[(20, 1.0), (10, 0.5)]);
        let verdict = |accepted: usize| {
            let known = |date| match date == day(accepted) {
                true => Known::Accepted,
                false => Known::Nothing,
            };
            alignment.verdict(Beyond::default(), true, known)
        };
        assert!(matches!(verdict(20), Verdict::Restated(_)));
        let Verdict::Refused(step) = verdict(19) else {
            panic!("taken")
        };
        assert_eq!((step.before.date, step.after.date), (day(19), day(20)));
        assert_eq!((step.older, step.newer), (1.0, 0.5));
    }

    #[test]
    fn a_lacking_day_moves_as_its_neighbours_on_both_sides_do() {
        let alignment = of(&[(5, 0.5), (5, 0.25), (5, 1.0)]);
        let between = |n: usize| day(n) + chrono::TimeDelta::hours(0);
        // Days 2 and 6 lie within segments, 5 begins the next one.
        assert_eq!(alignment.lacking(between(2)), Lacking::MovedBy(0.5));
        assert_eq!(alignment.lacking(between(7)), Lacking::MovedBy(0.25));
        assert_eq!(alignment.lacking(between(12)), Lacking::Unmoved);
        assert_eq!(alignment.lacking(day(30)), Lacking::Unmoved);
        let before = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
        assert_eq!(alignment.lacking(before), Lacking::Unknown);
    }

    /// A market of daily moves up to three percent, in cents.
    fn market(moves: &[f64]) -> Vec<f64> {
        let mut price = 80.0;
        let walk = moves.iter().map(|m| {
            price *= 1.0 + m;
            price
        });
        walk.collect()
    }

    fn cents(price: f64) -> f64 {
        (price * 100.0).round() / 100.0
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever the market does: a source that adjusts its older days, all of them or up to some days ago, is followed; one
        /// that takes a split back, moves only its newest days or a block is not.
        #[test]
        fn sources_are_followed_when_they_adjust_and_not_when_they_break(
            moves in proptest::collection::vec(-0.03..0.03, 40..60),
            late in 0_usize..20,
            which in 0_usize..ALL.len(),
        ) {
            let factor = ALL[which];
            let raw = market(&moves);
            let split = raw.len() - late;
            let is_new = |n: usize| n >= split;
            let aligned = |stored: &dyn Fn(usize) -> f64, fetched: &dyn Fn(usize) -> f64| {
                let days = raw.iter().enumerate().map(|(n, price)| Compared {
                    date: day(n),
                    stored: cents(price * stored(n)),
                    fetched: cents(price * fetched(n)),
                });
                Alignment::of(days.collect()).verdict(Beyond::default(), true, |_| Known::Nothing)
            };
            let unadjusted = |n: usize| if is_new(n) { factor } else { 1.0 };
            let adjusted = |_: usize| factor;
            let mended = aligned(&unadjusted, &adjusted);
            prop_assert!(matches!(mended, Verdict::Restated(_)), "{mended:?}");
            if late >= SEGMENT_DAYS {
                let plain = |_: usize| 1.0;
                let newest = aligned(&plain, &unadjusted);
                prop_assert!(matches!(newest, Verdict::Refused(_)), "{newest:?}");
                if !is_within(factor, MARKET) {
                    let back = aligned(&adjusted, &|n| if is_new(n) { factor } else { 1.0 });
                    prop_assert!(matches!(back, Verdict::Refused(_)), "{back:?}");
                    let block = aligned(&plain, &|n| if (10..15).contains(&n) { factor } else { 1.0 });
                    prop_assert!(matches!(block, Verdict::Refused(_)), "{block:?}");
                }
            }
        }
    }
}
