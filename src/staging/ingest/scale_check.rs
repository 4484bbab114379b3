//! Whether a batch goes on in the scale of its series: what must be read before, what of it is written, what is said.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::batch::{Batch, OtherScale, Reading, Staged};
use super::findings::Notes;
use super::series::SeriesTable;
use crate::domain::alignment::{Alignment, Beyond, Verdict};
use crate::domain::asset::Category;
use crate::domain::bar::FetchedBar;
use crate::domain::calendar::sub_days;
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

/// What of an answer is written.
pub(super) enum Taken {
    /// All of it; `rescaling` where prices must move although a volume is lacking.
    All { rescaling: bool },
    /// What says the same as what is stored, and these days: the others conflict with it.
    OnlyWhatJoins(BTreeSet<NaiveDate>),
}

/// The days that came.
pub(super) struct Came<'a> {
    /// Those that the answer has the last word about.
    pub(super) heard: &'a BTreeSet<NaiveDate>,
    /// Those whose stored values changed.
    pub(super) changed: &'a BTreeSet<NaiveDate>,
    /// New ones that were held back.
    pub(super) held_back: &'a [NaiveDate],
    /// Whether one was written that was not stored.
    pub(super) is_new: bool,
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
        check.verdict = check.judge()?;
        let nothing_more = check.verdict == Verdict::Same || batch.reading == Reading::All;
        if !check.alignment.can_tell() && nothing_more {
            check.alignment = align_untraded(bars, stored, batch.now);
            check.verdict = check.judge()?;
        }
        Ok(check)
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
        let may_read_more = self.batch.reading != Reading::All;
        let verdict = self.alignment.verdict(beyond, may_read_more, |date| {
            waived.iter().any(|w| w.contains(date))
        });
        // Nobody can be asked about a file, and nobody splits a coin.
        let need_not_tell =
            self.batch.reading == Reading::File || self.batch.asset.category == Category::Crypto;
        Ok(match verdict {
            Verdict::TooFew if need_not_tell => Verdict::Same,
            verdict => verdict,
        })
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
            Verdict::TooFew if self.batch.reading == Reading::Window => Some(Staged::TooFew {
                beside: self.series.beside(fetched)?,
                whole,
            }),
            _ => None,
        })
    }

    /// What of the answer is written.
    pub(super) fn taken(&self) -> Result<Taken> {
        let rescaling = matches!(self.verdict, Verdict::Restated(_));
        let (Verdict::Refused(_) | Verdict::TooFew, Some(days)) = (&self.verdict, self.fetched)
        else {
            return Ok(Taken::All { rescaling });
        };
        // A provisional bar of a day that came again stands for nothing.
        let stands = |date: &NaiveDate| self.stored.get(date).is_none_or(|old| old.is_final);
        let closes = self.series.closes(days)?;
        let closes = closes.iter().map(|d| (d.date, d.close));
        let closes: Vec<(NaiveDate, f64)> = closes.filter(|(date, _)| stands(date)).collect();
        let bars = &self.batch.checked.bars;
        Ok(Taken::OnlyWhatJoins(scale::joining(bars, &closes)))
    }

    /// Notes what the comparison says.
    pub(super) fn note(&self, came: Came<'_>) -> Result<()> {
        let Came {
            heard,
            changed,
            held_back,
            is_new,
        } = came;
        if matches!(self.verdict, Verdict::Same | Verdict::Restated(_)) {
            let corrections = self.alignment.corrections();
            for day in corrections.filter(|day| changed.contains(&day.date)) {
                self.notes.put(&scale::corrected(day))?;
            }
        }
        let is_news = is_new || !changed.is_empty() || !held_back.is_empty();
        match &self.verdict {
            Verdict::Restated(change) if self.alignment.has_older_moved() => {
                self.notes.put_lasting(scale::rebased(change))
            }
            Verdict::Refused(step) => self.notes.put(&scale::refused(step, &self.batch.asset.id)),
            Verdict::TooFew if is_news => {
                let Some(date) = heard.iter().chain(held_back).max() else {
                    return Ok(());
                };
                let why = format!(
                    "too few days ({}) could be compared with what is stored to tell whether the source still has its scale",
                    self.alignment.days().len()
                );
                self.notes.put_lasting(scale::unknown(*date, &why))
            }
            _ => Ok(()),
        }
    }

    /// The stored bars that a source in another scale says nothing better of, beside those of days whose volume the fetched row
    /// lacks, each with what it is in the new scale. Of a day whose neighbours do not tell it is said that it is not known.
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
            let why = "its source has no bar of it any more, and its neighbours do not tell which scale it is in";
            self.notes.put(&scale::unknown(date, why))?;
        }
        let older = self.first_stored().filter(|first| *first < fetched.start);
        if let Some(first) = older.filter(|_| self.alignment.has_older_moved()) {
            let why = format!(
                "its source reaches no further back than {}: the bars from {first} on may be in an older scale",
                fetched.start
            );
            let last = sub_days(fetched.start, 1);
            self.notes.put(&scale::unknown(last, &why))?;
        }
        Ok(carried)
    }
}
