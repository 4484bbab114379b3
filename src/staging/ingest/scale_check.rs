//! Checks whether a batch continues in the scale of its series: what to read first, what to write, what to report.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::batch::{Batch, OtherScale, Reading, Staged};
use super::findings::Notes;
use super::series::SeriesTable;
use crate::domain::alignment::{Alignment, Beyond, Known, Lacking, Verdict};
use crate::domain::asset::Category;
use crate::domain::bar::{FetchedBar, Sign};
use crate::domain::finding::Rule;
use crate::domain::merge::Stored;
use crate::domain::scale::{self, StoredBars, align, align_untraded};
use crate::domain::window::Window;

/// A batch compared with its series.
pub(super) struct ScaleCheck<'a> {
    batch: &'a Batch<'a>,
    series: SeriesTable<'a>,
    notes: &'a Notes<'a>,
    /// The stored bars between the first and the last fetched day.
    stored: &'a StoredBars,
    /// From the first to the last stored day of the series.
    days: Option<Window>,
    /// From the first to the last fetched day.
    fetched: Option<Window>,
    pub(super) alignment: Alignment,
    pub(super) verdict: Verdict,
}

/// Which part of an answer is written.
pub(super) enum Taken {
    /// All of it.
    All,
    /// What equals the stored values, and these days: the others conflict with it.
    OnlyWhatJoins(BTreeSet<NaiveDate>),
}

/// The days that arrived.
pub(super) struct Came<'a> {
    /// Those whose stored values changed.
    pub(super) changed: &'a BTreeSet<NaiveDate>,
    /// New ones that were held back.
    pub(super) held_back: &'a [NaiveDate],
    /// Those that were not stored before.
    pub(super) new: &'a BTreeSet<NaiveDate>,
}

impl<'a> ScaleCheck<'a> {
    pub(super) fn of(
        batch: &'a Batch<'a>,
        series: SeriesTable<'a>,
        notes: &'a Notes<'a>,
        stored: &'a StoredBars,
    ) -> Result<Self> {
        let bars = &batch.checked.bars;
        let dates = || bars.iter().map(|b| b.bar.date());
        let ends = dates().min().zip(dates().max());
        let mut check = Self {
            batch,
            series,
            notes,
            stored,
            days: series.days()?,
            fetched: ends.map(|(start, end)| Window { start, end }),
            alignment: align(bars, stored, batch.now),
            verdict: Verdict::Same,
        };
        if batch.asset.sign == Sign::Any {
            // Between positive and negative prices no factor shows a scale, so they are accepted as they are.
            check.alignment = Alignment::of(Vec::new());
            return Ok(check);
        }
        check.verdict = check.judge()?;
        if !check.alignment.can_tell() {
            check.look_at_untraded_days()?;
        }
        Ok(check)
    }

    /// If no traded day can tell, days without trade show at least that nothing has moved, so that no step overwrites
    /// anything.
    fn look_at_untraded_days(&mut self) -> Result<()> {
        let Batch { checked, now, .. } = self.batch;
        let untraded = align_untraded(&checked.bars, self.stored, *now);
        let is_last = self.verdict == Verdict::Same || self.batch.reading == Reading::All;
        if is_last || untraded.is_untouched() {
            self.alignment = untraded;
            self.verdict = self.judge()?;
        }
        Ok(())
    }

    /// The first stored day of the series.
    pub(super) fn first_stored(&self) -> Option<NaiveDate> {
        self.days.map(|days| days.start)
    }

    fn fetched_dates(&self) -> BTreeSet<NaiveDate> {
        let bars = &self.batch.checked.bars;
        bars.iter().map(|b| b.bar.date()).collect()
    }

    fn judge(&self) -> Result<Verdict> {
        let (Some(days), Some(fetched)) = (self.days, self.fetched) else {
            return Ok(Verdict::Same);
        };
        let dates = self.fetched_dates();
        let beyond = Beyond {
            older: days.start < fetched.start,
            newer: days.end > fetched.end,
            between: self.stored.keys().any(|date| !dates.contains(date)),
        };
        let waived = self.notes.waived(Rule::ScaleRefused)?;
        let refused = self.notes.open_days(Rule::ScaleRefused)?;
        let unknown = self.notes.open_days(Rule::ScaleUnknown)?;
        let may_read_more = self.batch.reading != Reading::All;
        let verdict = self.alignment.verdict(beyond, may_read_more, |date| {
            if waived.iter().any(|w| w.contains(date)) {
                Known::Accepted
            } else if refused.contains(&date) {
                Known::Refused
            } else if unknown.contains(&date) {
                Known::Unconfirmed
            } else {
                Known::Nothing
            }
        });
        // Nobody can be asked about a file, and coins do not split: if nothing moved, it is accepted.
        let need_not_tell =
            self.batch.reading == Reading::File || self.batch.asset.category == Category::Crypto;
        Ok(match verdict {
            Verdict::TooFew if need_not_tell && self.alignment.has_no_move() => Verdict::Same,
            verdict => verdict,
        })
    }

    /// Whether a day's bar is in another scale than the stored one, so that its prices must move.
    pub(super) fn moves(&self, date: NaiveDate) -> bool {
        let is_restated = matches!(self.verdict, Verdict::Restated(_));
        is_restated && self.alignment.lacking(date) != Lacking::Unmoved
    }

    /// What must be read before anything is staged.
    pub(super) fn must_read_more(&self) -> Result<Option<Staged>> {
        let (Some(whole), Some(fetched)) = (self.days, self.fetched) else {
            return Ok(None);
        };
        Ok(match self.verdict {
            Verdict::ReadWhole(change) => {
                self.notes.put_lasting(scale::rebased(&change))?;
                Some(Staged::OtherScale(OtherScale { change, whole }))
            }
            // With --no-heal it is not rewritten even if all of it happened to be read.
            Verdict::Restated(change) if !self.batch.heal && self.alignment.has_older_moved() => {
                self.notes.put_lasting(scale::rebased(&change))?;
                Some(Staged::OtherScale(OtherScale { change, whole }))
            }
            Verdict::TooFew if self.batch.reading == Reading::Window => Some(Staged::TooFew {
                beside: self.series.beside(fetched)?,
                whole,
            }),
            _ => None,
        })
    }

    /// Which part of the answer is written.
    pub(super) fn taken(&self) -> Result<Taken> {
        let (Verdict::Refused(_) | Verdict::TooFew, Some(days)) = (&self.verdict, self.fetched)
        else {
            return Ok(Taken::All);
        };
        // A provisional bar of a day that arrived again proves nothing.
        let stands = |date: &NaiveDate| self.stored.get(date).is_none_or(|old| old.is_final);
        let closes = self.series.closes(days)?;
        let closes = closes.iter().map(|d| (d.date, d.close));
        let closes: Vec<(NaiveDate, f64)> = closes.filter(|(date, _)| stands(date)).collect();
        let bars = &self.batch.checked.bars;
        let mut joining = scale::joining(bars, &closes);
        // The owner says that they join.
        let waived = self.notes.waived(Rule::ScaleUnknown)?;
        let dates = bars.iter().map(|b| b.bar.date());
        joining.extend(dates.filter(|d| waived.iter().any(|w| w.contains(*d))));
        Ok(Taken::OnlyWhatJoins(joining))
    }

    /// Records the result of the comparison.
    pub(super) fn note(&self, came: Came<'_>) -> Result<()> {
        let Came {
            new,
            changed,
            held_back,
        } = came;
        if matches!(self.verdict, Verdict::Same | Verdict::Restated(_)) {
            let corrections = self.alignment.corrections();
            for day in corrections.filter(|day| changed.contains(&day.date)) {
                self.notes.put(&scale::corrected(day))?;
            }
        }
        let asset = &self.batch.asset.id;
        match &self.verdict {
            Verdict::Restated(change) if self.alignment.has_older_moved() => {
                self.notes.put_lasting(scale::rebased(change))
            }
            Verdict::Refused(step) => {
                self.notes.put(&scale::refused(step, asset))?;
                let why = "it was staged while the source's answer was refused";
                match new.first() {
                    Some(first) => self.notes.put_lasting(scale::unknown(*first, why)),
                    None => Ok(()),
                }
            }
            Verdict::TooFew => {
                // Bars that arrived as they are stored reveal nothing new.
                let news = new.iter().chain(changed).chain(held_back);
                let Some(first) = news.min() else {
                    return Ok(());
                };
                let compared = self.alignment.days().len();
                let why = format!(
                    "too few days ({compared}) could be compared with the stored ones to show whether the source's scale is unchanged; \
                     if it is, `pricestash waive {asset} FIRST..LAST --rule scale_unknown --reason …` accepts its bars of those days"
                );
                self.notes.put_lasting(scale::unknown(*first, &why))
            }
            _ => Ok(()),
        }
    }

    /// The stored bars for which a source in another scale has nothing better, in addition to days whose volume the
    /// fetched row lacks, each with its value in the new scale. A day whose neighbours cannot show the scale is
    /// reported as unknown.
    pub(super) fn lacking(
        &self,
        lacking_volume: &BTreeSet<NaiveDate>,
    ) -> Result<Vec<(Stored, FetchedBar)>> {
        let (Verdict::Restated(_), Some(fetched)) = (&self.verdict, self.fetched) else {
            return Ok(Vec::new());
        };
        let dates = self.fetched_dates();
        let mut days = lacking_volume.clone();
        days.extend(self.stored.keys().filter(|date| !dates.contains(date)));
        let bars = &self.batch.checked.bars;
        let (carried, unknown) = scale::carried(self.stored, bars, &self.alignment, &days);
        for date in unknown {
            let why =
                "its source no longer has a bar for it, and its neighbours do not show its scale";
            self.notes.put(&scale::unknown(date, why))?;
        }
        self.note_beyond(fetched)?;
        Ok(carried)
    }

    /// Reports stored days before or after those that a source in another scale still has: their scale is unknown.
    fn note_beyond(&self, fetched: Window) -> Result<()> {
        let Some(days) = self.days else {
            return Ok(());
        };
        if days.start < fetched.start
            && self.alignment.has_older_moved()
            && let Some(last) = self.series.last_before(fetched.start)?
        {
            let (from, first) = (fetched.start, days.start);
            let why = format!(
                "its source had nothing before {from}: the bars from {first} to {last} may be in an older scale"
            );
            self.notes.put(&scale::unknown(last, &why))?;
        }
        if days.end > fetched.end && self.alignment.has_newest_moved() {
            let why = format!(
                "its source had nothing after {}: the bars since may be in an older scale",
                fetched.end
            );
            self.notes.put(&scale::unknown(days.end, &why))?;
        }
        Ok(())
    }
}
