//! `collect`: ask an asset's sources in their order, check what they say, stage it.

use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::asset::{Asset, SourceEntry};
use crate::calendar::{Calendar, sub_days};
use crate::feed::{Feed, FetchError, Request};
use crate::job_run::Problem;
use crate::retry::RetryPolicy;
use crate::staging::{Attended, Batch, HEALING_DAYS, Heal, Lookback, Rebase, Staged, Staging};
use crate::timestamp::millis;
use crate::upstream::{Upstream, Window, ways};
use crate::validate::{self, Checked, Context};

mod gaps;
mod outcome;
mod window;

use gaps::judge_closed_days;
pub use outcome::{AssetOutcome, Outcome};
use outcome::{Progress, log_outcome};
pub use window::WindowArgs;
use window::{OVERLAP_SESSIONS, due_sessions, plan_window};

/// How `collect` runs.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which days.
    pub window: WindowArgs,
    /// Nothing is written.
    pub dry_run: bool,
    /// Provisional bars are not staged.
    pub final_only: bool,
    /// A series that came in another scale is read again as a whole.
    pub heal: bool,
    /// How often a request is tried.
    pub retry: RetryPolicy,
}

/// Collects assets; each one's failure is its own.
pub struct Collector<'a> {
    /// Where answers come from.
    pub feed: &'a dyn Feed,
    /// Where bars go.
    pub staging: &'a Staging,
    /// How.
    pub options: Options,
    /// The run.
    pub job_id: Uuid,
    /// Now.
    pub now: fn() -> DateTime<Utc>,
    /// Waits between two tries.
    pub sleep: fn(std::time::Duration),
}

/// What the parts of a window came to.
struct Fetched {
    checked: Checked,
    /// The parts that no answer came for, and why.
    lost: Vec<(Window, String)>,
}

impl Collector<'_> {
    /// Collects every asset in turn, then looks at the days that no asset of a calendar has.
    #[must_use]
    pub fn run(&self, assets: &[&Asset]) -> Outcome {
        let mut outcomes = Vec::with_capacity(assets.len());
        let mut collected = Vec::new();
        for asset in assets {
            let (outcome, series) = self.collect(asset);
            log_outcome(&outcome);
            outcomes.push(outcome);
            collected.extend(series);
        }
        let mut outcome = Outcome {
            assets: outcomes,
            problem: None,
        };
        if !self.options.dry_run
            && let Err(error) = self.judge_gaps(&collected, &mut outcome.assets)
        {
            log::error!("sessions without a bar could not be noted: {error:#}");
            outcome.problem = Some(Problem {
                asset_id: None,
                source: None,
                error: format!("{error:#}"),
            });
        }
        outcome
    }

    /// Notes the sessions without a bar, and counts them with the other findings.
    fn judge_gaps(&self, collected: &[Attended<'_>], outcomes: &mut [AssetOutcome]) -> Result<()> {
        let gaps = judge_closed_days(
            self.staging,
            collected,
            &self.job_id.to_string(),
            (self.now)(),
        )?;
        for outcome in outcomes {
            outcome.findings += gaps.get(outcome.asset_id.as_str()).copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Collects one asset. An error of the staging file is the asset's failure too.
    fn collect<'s>(&self, asset: &'s Asset) -> (AssetOutcome, Option<Attended<'s>>) {
        let started = Instant::now();
        let mut progress = Progress::new(asset);
        let collected = self
            .ask_sources(asset, &mut progress)
            .unwrap_or_else(|error| {
                progress.fail(None, format!("it could not be staged: {error:#}"));
                None
            });
        (progress.finish(millis(started.elapsed())), collected)
    }

    /// Asks the sources in their order until one answers with bars.
    fn ask_sources<'s>(
        &self,
        asset: &'s Asset,
        progress: &mut Progress,
    ) -> Result<Option<Attended<'s>>> {
        let mut due = false;
        for entry in &asset.sources {
            for upstream in ways(entry.kind) {
                let asked_at = self.feed.asked_at(*upstream, &entry.symbol);
                let series = Series {
                    asset,
                    entry,
                    upstream: *upstream,
                    asked_at,
                };
                let window = self.window(series)?;
                progress.window = Some(window);
                due |= asset
                    .calendar
                    .has_due_session(window.start, window.end, asked_at);
                match self.fetch(series, window) {
                    Ok(mut fetched) => {
                        let has_bars = !fetched.checked.bars.is_empty();
                        self.add_witnesses(series, window, &mut fetched, progress)?;
                        let collected = self.stage(series, window, fetched, progress)?;
                        // Without a due session (a weekend, a holiday) there is nothing that another source could know.
                        if has_bars || !due {
                            return Ok(collected);
                        }
                        progress.warn(
                            upstream.name(),
                            format!("no bar from {} to {}", window.start, window.end),
                        );
                    }
                    Err(error @ FetchError::NoRecording(_)) => {
                        progress.not_asked(upstream.name(), error.to_string())
                    }
                    Err(error) => progress.warn(upstream.name(), error.to_string()),
                }
            }
        }
        progress.fail_without_a_bar();
        Ok(None)
    }

    fn window(&self, series: Series<'_>) -> Result<Window> {
        let calendar = &series.asset.calendar;
        let today = calendar.trading_day(series.asked_at, calendar.zone());
        let healing = Window {
            start: sub_days(today, HEALING_DAYS),
            end: today,
        };
        let recent = due_sessions(calendar, healing, series.asked_at);
        let lookback = Lookback {
            overlap: OVERLAP_SESSIONS,
            recent: &recent,
            since: healing.start,
            now: series.asked_at,
        };
        let (asset, source) = (&series.asset.id, &series.entry.stored_as);
        let reach = self.staging.reach_back(asset, source, &lookback)?;
        Ok(plan_window(self.options.window, today, reach))
    }

    /// Fetches a few stored days beside a window that holds too few of them to tell whether the source still has the stored
    /// scale: a window of the past after a split, say. They are compared, not staged.
    fn add_witnesses(
        &self,
        series: Series<'_>,
        window: Window,
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
        match self.fetch(series, beside) {
            Ok(witnesses) => fetched.checked.bars.extend(witnesses.checked.bars),
            Err(error) => progress.warn(
                source,
                format!("whether it still has the stored scale is not known, {} to {} had no answer: {error}", beside.start, beside.end),
            ),
        }
        Ok(())
    }

    /// Fetches all parts of a window. Fails when not one of them could be had.
    ///
    /// A part without a due session is no loss: the KRX cache has no file of a new year before its first session.
    fn fetch(&self, series: Series<'_>, window: Window) -> Result<Fetched, FetchError> {
        let Series {
            asset,
            entry,
            upstream,
            asked_at,
        } = series;
        let mut fetched = Fetched {
            checked: Checked::default(),
            lost: Vec::new(),
        };
        let mut first_error = None;
        let mut any = false;
        for part in self.feed.parts(upstream, &entry.symbol, window) {
            let request = Request {
                upstream,
                symbol: &entry.symbol,
                category: asset.category,
                part,
            };
            match self.fetch_part(request, &asset.calendar, entry) {
                Ok(checked) => {
                    any = true;
                    fetched.checked.append(checked);
                }
                Err(error) => {
                    if asset
                        .calendar
                        .has_due_session(part.start, part.end, asked_at)
                    {
                        let why = format!("{} to {} is missing: {error}", part.start, part.end);
                        fetched.lost.push((part, why));
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !any => Err(error),
            _ => Ok(fetched),
        }
    }

    /// Fetches, reads and checks one part, again while that may help.
    fn fetch_part(
        &self,
        request: Request<'_>,
        calendar: &Calendar,
        entry: &SourceEntry,
    ) -> Result<Checked, FetchError> {
        self.options.retry.retry(
            || {
                let response = self.feed.get(request)?;
                let answer = request.upstream.read(response.status, &response.body, calendar)?;
                if let Some(got) = answer.currency.filter(|c| *c != entry.currency) {
                    return Err(FetchError::Currency { got: got.to_owned(), expected: entry.currency.clone() });
                }
                Ok(validate::check(&answer, Context { window: request.part, calendar, fetched_at: response.fetched_at }))
            },
            FetchError::is_transient,
            rand::random::<f64>,
            |attempt, error, wait| {
                log::info!(source = request.upstream.name(), symbol = request.symbol, attempt = attempt + 1, wait_ms = millis(wait); "trying again: {error}");
                (self.sleep)(wait);
            },
        )
    }

    /// Stages what was fetched. A series that came in another scale is read again as a whole first.
    fn stage<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetched: Fetched,
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
            return self.read_again(series, window, &rebase, progress);
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
        let fetched = match self.fetch(series, whole) {
            Ok(fetched) if fetched.lost.is_empty() => fetched,
            Ok(fetched) => {
                let lost: Vec<String> = fetched.lost.into_iter().map(|(_, why)| why).collect();
                return Ok(progress.fail_rebase(source, detail, &lost.join("; ")));
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
        let (lost, why): (Vec<Window>, Vec<String>) = lost.into_iter().unzip();
        let job_id = self.job_id.to_string();
        let source = &series.entry.stored_as;
        let batch = Batch {
            asset: series.asset,
            entry: series.entry,
            window,
            due: &due,
            lost: &lost,
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
        for why in why {
            progress.fail(Some(source), why);
        }
        Ok(Ok(Some(Attended {
            asset: series.asset,
            source,
            attendance,
        })))
    }
}

/// One way to one series, asked at a time.
#[derive(Clone, Copy)]
struct Series<'a> {
    asset: &'a Asset,
    entry: &'a SourceEntry,
    upstream: &'a dyn Upstream,
    asked_at: DateTime<Utc>,
}
