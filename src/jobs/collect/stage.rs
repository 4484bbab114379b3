//! Staging of what was fetched of one series; when it came in another scale, after reading all of it again.

use anyhow::Result;

use super::collector::Collector;
use super::fetch::{AssetFetcher, Fetched, what_is_missing};
use super::outcome::AssetProgress;
use super::series::Series;
use super::window::{OVERLAP_SESSIONS, due_sessions};
use crate::domain::scale::{Rebase, Rescale};
use crate::domain::window::Window;
use crate::staging::{Batch, LostPart, Staged, StagedSeries};

/// What came of staging one answer.
enum Attempt<'s> {
    /// It was staged.
    Staged(StagedSeries<'s>),
    /// It would mix what must not stand in one series: nothing was staged, and the asset has failed.
    Refused,
    /// It is in another scale: nothing was staged.
    OtherScale(Rebase),
}

impl Collector<'_> {
    /// Fetches a few stored days beside a window that holds too few of them to tell whether the source still has the stored
    /// scale: a window of the past after a split, say. They are compared, not staged.
    pub(super) fn add_witnesses(
        &self,
        series: Series<'_>,
        window: Window,
        fetcher: AssetFetcher<'_>,
        fetched: &mut Fetched,
        progress: &mut AssetProgress,
    ) -> Result<()> {
        let Series { asset, entry, .. } = series;
        if fetched.checked.bars.is_empty() || !asset.category.has_splits() {
            return Ok(());
        }
        let source = &entry.stored_as;
        let Some(beside) = self
            .staging
            .witnesses(&asset.id, source, window, OVERLAP_SESSIONS)?
        else {
            return Ok(());
        };
        match fetcher.fetch(series, beside) {
            Ok(witnesses) => fetched.checked.bars.extend(witnesses.checked.bars),
            Err(error) => progress.warn(
                source,
                format!("whether it still has the stored scale is not known, {} to {} had no answer: {error}", beside.start, beside.end),
            ),
        }
        Ok(())
    }

    /// Stages what was fetched. A series that came in another scale is read again as a whole first.
    pub(super) fn stage<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetched: Fetched,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<Option<StagedSeries<'s>>> {
        let rescale = if self.options.heal {
            Rescale::IfWhole
        } else {
            Rescale::No
        };
        let rebase = match self.stage_once(series, window, fetched, rescale, progress)? {
            Attempt::Staged(staged) => return Ok(Some(staged)),
            Attempt::Refused => return Ok(None),
            Attempt::OtherScale(rebase) => rebase,
        };
        if self.options.heal {
            return self.read_again(series, window, &rebase, fetcher, progress);
        }
        let (detail, first) = (&rebase.detail, rebase.first);
        let by_hand = format!(
            "pricestash collect --assets {} --start {first}",
            series.asset.id
        );
        progress.fail(Some(&series.entry.stored_as), format!("it came in another scale, {detail}; nothing was staged, `{by_hand}` reads it all again"));
        Ok(None)
    }

    /// Reads a whole series again, because its scale has changed.
    fn read_again<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        rebase: &Rebase,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<Option<StagedSeries<'s>>> {
        let Rebase {
            factor,
            detail,
            first,
            last,
            ..
        } = rebase;
        let source = &series.entry.stored_as;
        log::warn!(asset = series.asset.id.as_str(), source = source.as_str(); "it came in another scale, {detail}; it is read again from {first}");
        let whole = Window {
            start: window.start.min(*first),
            end: window.end.max(*last),
        };
        progress.window = Some(whole);
        let fetched = match fetcher.fetch(series, whole) {
            Ok(fetched) if fetched.lost.is_empty() => fetched,
            Ok(fetched) => {
                let lost = what_is_missing(&fetched.lost).join("; ");
                return Ok(progress.fail_rebase(source, detail, &lost));
            }
            Err(error) => return Ok(progress.fail_rebase(source, detail, &error.to_string())),
        };
        let confirmed = Rescale::Confirmed(*factor);
        match self.stage_once(series, whole, fetched, confirmed, progress)? {
            Attempt::Staged(staged) => Ok(Some(staged)),
            Attempt::Refused => Ok(None),
            Attempt::OtherScale(now) => {
                let why = format!("its source answers in more than one scale, {}", now.detail);
                Ok(progress.fail_rebase(source, detail, &why))
            }
        }
    }

    /// Stages one answer, or says that its scale is another one.
    fn stage_once<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetched: Fetched,
        rescale: Rescale,
        progress: &mut AssetProgress,
    ) -> Result<Attempt<'s>> {
        let Fetched { mut checked, lost } = fetched;
        if self.options.final_only {
            checked.bars.retain(|b| b.is_final);
        }
        let due = due_sessions(&series.asset.calendar, window, series.asked_at);
        let lost_parts: Vec<LostPart> = lost.iter().map(|l| l.part).collect();
        let job_id = self.job_id.to_string();
        let source = &series.entry.stored_as;
        let batch = Batch {
            asset: series.asset,
            source,
            symbol: &series.entry.symbol,
            currency: &series.entry.currency,
            window,
            due: &due,
            lost: &lost_parts,
            checked: &checked,
            rescale,
            job_id: &job_id,
            now: (self.now)(),
        };
        let (tally, coverage) = match self.staging.stage(&batch, !self.options.dry_run)? {
            Staged::Rebased(rebase) => return Ok(Attempt::OtherScale(rebase)),
            Staged::Refused(why) => {
                progress.fail(Some(source), format!("{why}; nothing was staged"));
                return Ok(Attempt::Refused);
            }
            Staged::Done { tally, coverage } => (tally, coverage),
        };
        progress.staged(source, tally, &checked);
        for missing in what_is_missing(&lost) {
            progress.fail(Some(source), missing);
        }
        Ok(Attempt::Staged(StagedSeries {
            asset: series.asset,
            source,
            coverage,
        }))
    }
}
