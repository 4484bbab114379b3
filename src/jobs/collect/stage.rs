//! Stages the fetched bars of one series; reads more of it if they cannot show the scale.

use anyhow::Result;

use super::collector::Collector;
use super::fetch::{AssetFetcher, Fetched, what_is_missing};
use super::outcome::AssetProgress;
use super::series::Series;
use super::window::{Plan, due_sessions};
use crate::domain::scale::in_words;
use crate::domain::window::Window;
use crate::staging::{Batch, Done, LostPart, OtherScale, Reading, Staged, StagedSeries};

/// The result of staging one answer.
enum Attempt<'s> {
    Staged(StagedSeries<'s>),
    /// It would mix data that must not be in one series: nothing was staged, and the asset failed.
    Refused,
    /// It is in another scale: nothing was staged.
    OtherScale(OtherScale),
    /// It cannot show the scale: nothing was staged.
    TooFew {
        beside: Option<Window>,
        whole: Window,
    },
}

impl Collector<'_> {
    /// Stages what was fetched. Fetches more if too few days can be compared, and the whole series if it arrived in
    /// another scale.
    pub(super) fn stage<'s>(
        &self,
        series: Series<'s>,
        plan: Plan,
        mut fetched: Fetched,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<Option<StagedSeries<'s>>> {
        let mut attempt = self.stage_once(series, plan, &fetched, Reading::Window, progress)?;
        if let Attempt::TooFew {
            beside: Some(beside),
            ..
        } = attempt
            && let Ok(more) = fetcher.fetch(series, beside)
        {
            // These bars are compared, not staged.
            fetched.checked.bars.extend(more.checked.bars);
            fetched.checked.bars.sort_by_key(|b| b.bar.date());
            attempt = self.stage_once(series, plan, &fetched, Reading::Window, progress)?;
        }
        let (other, whole) = match attempt {
            Attempt::Staged(staged) => return Ok(Some(staged)),
            Attempt::Refused => return Ok(None),
            Attempt::OtherScale(other) => (Some(other.change), other.whole),
            Attempt::TooFew { whole, .. } => (None, whole),
        };
        let detail = other.as_ref().map(in_words);
        let source = &series.entry.stored_as;
        if let (Some(detail), false) = (&detail, self.options.heal) {
            self.leave(series, detail, whole, progress);
            return Ok(None);
        }
        let why = detail.as_deref().map_or_else(
            || "too few days to determine its scale".to_owned(),
            |detail| format!("it arrived in another scale, {detail}"),
        );
        log::warn!(asset = series.asset.id.as_str(), source = source.as_str(); "{why}; rereading it from {}", whole.start);
        let plan = plan.reading_all(whole);
        progress.window = Some(plan.window);
        progress.is_read_whole = true;
        let answered = fetcher.fetch(series, plan.window);
        let missing = match &answered {
            Ok(all) => what_is_missing(&all.lost).join("; "),
            Err(error) => error.to_string(),
        };
        match (answered, detail) {
            (Ok(all), _) if missing.is_empty() => self.stage_all(series, plan, &all, progress),
            (_, Some(detail)) => Ok(progress.fail_rebase(source, &detail, &missing)),
            // The first answer may or may not join the series; staging it decides.
            (_, None) => {
                progress.warn(source, format!("no answer for its older days: {missing}"));
                self.stage_all(series, plan, &fetched, progress)
            }
        }
    }

    /// Stages the whole series.
    fn stage_all<'s>(
        &self,
        series: Series<'s>,
        plan: Plan,
        fetched: &Fetched,
        progress: &mut AssetProgress,
    ) -> Result<Option<StagedSeries<'s>>> {
        match self.stage_once(series, plan, fetched, Reading::All, progress)? {
            Attempt::Staged(staged) => return Ok(Some(staged)),
            Attempt::OtherScale(other) => {
                self.leave(series, &in_words(&other.change), other.whole, progress);
            }
            // There is no more to read.
            Attempt::Refused | Attempt::TooFew { .. } => {}
        }
        Ok(None)
    }

    /// Leaves a series in another scale unchanged, as the user asked with `--no-heal`.
    fn leave(&self, series: Series<'_>, detail: &str, whole: Window, progress: &mut AssetProgress) {
        let by_hand = format!(
            "pricestash collect --assets {} --start {}",
            series.asset.id, whole.start
        );
        let why = format!(
            "it arrived in another scale, {detail}; nothing was staged; `{by_hand}` rereads all of it"
        );
        progress.fail(Some(&series.entry.stored_as), why);
    }

    /// Stages one answer, or tells why it cannot be staged yet.
    fn stage_once<'s>(
        &self,
        series: Series<'s>,
        plan: Plan,
        fetched: &Fetched,
        reading: Reading,
        progress: &mut AssetProgress,
    ) -> Result<Attempt<'s>> {
        let Fetched { checked, lost } = fetched;
        let mut checked = std::borrow::Cow::Borrowed(checked);
        if self.options.final_only && checked.bars.iter().any(|b| !b.is_final) {
            checked.to_mut().bars.retain(|b| b.is_final);
        }
        let window = plan.window;
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
            reading,
            heal: self.options.heal,
            settled: plan.settled,
            is_audit: plan.is_audit && lost.is_empty(),
            today: series.today(),
            job_id: &job_id,
            now: (self.now)(),
        };
        let done = match self.staging.stage(&batch, !self.options.dry_run)? {
            Staged::OtherScale(other) => return Ok(Attempt::OtherScale(other)),
            Staged::TooFew { beside, whole } => return Ok(Attempt::TooFew { beside, whole }),
            Staged::Refused(why) => {
                progress.fail(Some(source), format!("{why}; nothing was staged"));
                return Ok(Attempt::Refused);
            }
            Staged::Done(done) => done,
        };
        let Done {
            tally,
            coverage,
            suspicion,
        } = done;
        progress.staged(source, tally, &checked);
        progress.suspected(source, &suspicion, &due);
        for missing in what_is_missing(lost) {
            progress.fail(Some(source), missing);
        }
        Ok(Attempt::Staged(StagedSeries {
            asset: series.asset,
            source,
            is_elsewhere: series.misfit(&checked.said).is_some(),
            coverage,
        }))
    }
}
