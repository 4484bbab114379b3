//! Staging of what was fetched of one series; when it came in another scale, after reading all of it again.

use anyhow::Result;

use super::Collector;
use super::asset::Series;
use super::fetch::{AssetFetcher, Fetched, what_is_missing};
use super::outcome::Progress;
use super::window::{OVERLAP_SESSIONS, due_sessions};
use crate::sources::Window;
use crate::staging::{Attended, Batch, Heal, LostPart, Rebase, Staged};

impl Collector<'_> {
    /// Fetches a few stored days beside a window that holds too few of them to tell whether the source still has the stored
    /// scale: a window of the past after a split, say. They are compared, not staged.
    pub(super) fn add_witnesses(
        &self,
        series: Series<'_>,
        window: Window,
        fetcher: AssetFetcher<'_>,
        fetched: &mut Fetched,
        progress: &mut Progress,
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
        progress: &mut Progress,
    ) -> Result<Option<Attended<'s>>> {
        let heal = if self.options.heal {
            Heal::IfWhole
        } else {
            Heal::No
        };
        let rebase = match self.stage_once(series, window, fetched, heal, progress)? {
            Ok(attended) => return Ok(attended),
            Err(rebase) => rebase,
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
        progress: &mut Progress,
    ) -> Result<Option<Attended<'s>>> {
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
        let again = Heal::Again(*factor);
        match self.stage_once(series, whole, fetched, again, progress)? {
            Ok(attended) => Ok(attended),
            Err(now) => {
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
        heal: Heal,
        progress: &mut Progress,
    ) -> Result<Result<Option<Attended<'s>>, Rebase>> {
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
            entry: series.entry,
            window,
            due: &due,
            lost: &lost_parts,
            checked: &checked,
            heal,
            job_id: &job_id,
            now: (self.now)(),
        };
        let (tally, attendance) = match self.staging.stage(&batch, !self.options.dry_run)? {
            Staged::Rebased(rebase) => return Ok(Err(rebase)),
            Staged::Refused(why) => {
                progress.fail(Some(source), format!("{why}; nothing was staged"));
                return Ok(Ok(None));
            }
            Staged::Done { tally, attendance } => (tally, attendance),
        };
        progress.staged(source, tally, &checked);
        for missing in what_is_missing(&lost) {
            progress.fail(Some(source), missing);
        }
        Ok(Ok(Some(Attended {
            asset: series.asset,
            source,
            attendance,
        })))
    }
}
