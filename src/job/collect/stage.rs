//! Staging of what was fetched of one series; when it came in another scale, after reading all of it again.

use anyhow::Result;

use super::Collector;
use super::chain::Series;
use super::fetch::{AssetFetcher, Fetched, Lost};
use super::gaps::Collected;
use super::outcome::Progress;
use super::window::due_sessions;
use crate::staging::{Batch, Rebase, Staged};
use crate::upstream::Window;

impl Collector<'_> {
    /// Stages what was fetched. A series that came in another scale is read again as a whole first.
    pub(super) fn stage<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetched: Fetched,
        fetcher: AssetFetcher<'_>,
        progress: &mut Progress,
    ) -> Result<Option<Collected<'s>>> {
        let Rebase {
            detail,
            first,
            last,
            ..
        } = match self.stage_once(series, window, fetched, progress)? {
            Ok(collected) => return Ok(Some(collected)),
            Err(rebase) => rebase,
        };
        let source = &series.entry.stored_as;
        if !self.options.heal {
            let by_hand = format!(
                "pricestash collect --assets {} --start {first}",
                series.asset.id
            );
            progress.fail(Some(source), format!("it came in another scale, {detail}; nothing was staged, `{by_hand}` reads it all again"));
            return Ok(None);
        }
        log::warn!(asset = series.asset.id.as_str(), source = source.as_str(); "it came in another scale, {detail}; it is read again from {first}");
        let whole = Window {
            start: first,
            end: window.end.max(last),
        };
        progress.window = Some(whole);
        let again = match fetcher.fetch(series, whole) {
            Ok(fetched) if fetched.lost.is_empty() => {
                self.stage_once(series, whole, fetched, progress)?
            }
            Ok(fetched) => {
                let lost: Vec<String> = fetched.lost.iter().map(Lost::message).collect();
                return Ok(progress.fail_rebase(source, &detail, &lost.join("; ")));
            }
            Err(error) => return Ok(progress.fail_rebase(source, &detail, &error.to_string())),
        };
        match again {
            Ok(collected) => Ok(Some(collected)),
            Err(rebase) => {
                let days = format!(
                    "{} stored days are not in its answer any more",
                    rebase.uncovered
                );
                Ok(progress.fail_rebase(source, &detail, &days))
            }
        }
    }

    /// Stages one answer, or says that its scale is another one.
    fn stage_once<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetched: Fetched,
        progress: &mut Progress,
    ) -> Result<Result<Collected<'s>, Rebase>> {
        let Fetched {
            mut checked, lost, ..
        } = fetched;
        if self.options.final_only {
            checked.bars.retain(|b| b.is_final);
        }
        let due = due_sessions(&series.asset.calendar, window, series.asked_at);
        let job_id = self.job_id.to_string();
        let source = &series.entry.stored_as;
        let batch = Batch {
            asset: &series.asset.id,
            source,
            window,
            due: &due,
            checked: &checked,
            heal: self.options.heal,
            job_id: &job_id,
            now: (self.now)(),
        };
        let (tally, attendance) = match self.staging.stage(&batch, !self.options.dry_run)? {
            Staged::Rebased(rebase) => return Ok(Err(rebase)),
            Staged::Done { tally, attendance } => (tally, attendance),
        };
        progress.staged(source, tally, &checked);
        for lost in lost {
            progress.fail(Some(source), lost.message());
        }
        Ok(Ok(Collected {
            asset: series.asset,
            source,
            attendance,
        }))
    }
}
