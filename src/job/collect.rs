//! `collect`: ask an asset's sources in their order, check what they say, stage it.

use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::asset::{Asset, SourceEntry};
use crate::calendar::{Calendar, sub_days};
use crate::feed::{Feed, FetchError, Request};
use crate::job_run::{Problem, Status};
use crate::retry::RetryPolicy;
use crate::staging::{Batch, Reach, Staging, Tally};
use crate::timestamp::millis;
use crate::upstream::{Upstream, Window, ways};
use crate::validate::{self, Checked, Context};

/// The default window reaches this many days back from today.
const DEFAULT_DAYS: u64 = 7;
/// A series is always asked for again over at least this many stored sessions, so that a split is seen.
const OVERLAP_SESSIONS: u32 = 3;
/// An asset with nothing staged is asked for three years.
const FIRST_MONTHS: Months = Months::new(36);

/// Which days the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowArgs {
    /// The first day.
    pub start: Option<NaiveDate>,
    /// The last day.
    pub end: Option<NaiveDate>,
    /// So many days back from the last day.
    pub days: Option<u32>,
}

/// How `collect` runs.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which days.
    pub window: WindowArgs,
    /// Nothing is written.
    pub dry_run: bool,
    /// Provisional bars are not staged.
    pub final_only: bool,
    /// How often a request is tried.
    pub retry: RetryPolicy,
}

/// What became of one asset. The fields are the columns of the result.
#[derive(Debug, Clone, Serialize)]
pub struct AssetOutcome {
    /// Asset.
    pub asset_id: String,
    /// `ok` or `failed`.
    pub status: &'static str,
    /// The source whose bars were staged.
    pub source: Option<String>,
    /// The first day that was asked for.
    pub start: Option<NaiveDate>,
    /// The last day that was asked for.
    pub end: Option<NaiveDate>,
    /// Bars of days that were not stored.
    pub new: u64,
    /// Bars that changed stored values.
    pub changed: u64,
    /// Bars with the stored values.
    pub unchanged: u64,
    /// Bars that were not stored because the stored one is newer or has the volume that this one lacks.
    pub kept: u64,
    /// Rows that can be no bar and were not in quarantine yet.
    pub rejected: u64,
    /// What was found about the bars.
    pub findings: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed, and what sources said that did not answer.
    pub message: Option<String>,
    /// The same for `error_message`.
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

impl AssetOutcome {
    fn has_failed(&self) -> bool {
        self.status == FAILED
    }
}

const OK: &str = "ok";
const FAILED: &str = "failed";

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// By asset, in the order of `assets.toml`.
    pub assets: Vec<AssetOutcome>,
}

impl Outcome {
    /// The run's status.
    #[must_use]
    pub fn status(&self) -> Status {
        let failed = self.assets.iter().filter(|a| a.has_failed()).count();
        Status::of(self.assets.len() - failed, failed)
    }

    /// Everything that failed, for `error_message`.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.assets
            .iter()
            .flat_map(|a| a.problems.iter().cloned())
            .collect()
    }
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
    /// What went wrong with parts of it.
    lost: Vec<String>,
}

impl Collector<'_> {
    /// Collects every asset in turn.
    #[must_use]
    pub fn run(&self, assets: &[&Asset]) -> Outcome {
        let mut outcomes = Vec::with_capacity(assets.len());
        for asset in assets {
            let outcome = self.collect(asset);
            log_outcome(&outcome);
            outcomes.push(outcome);
        }
        Outcome { assets: outcomes }
    }

    /// Collects one asset. An error of the staging file is the asset's failure too.
    fn collect(&self, asset: &Asset) -> AssetOutcome {
        let started = Instant::now();
        let mut progress = Progress::new(asset);
        if let Err(error) = self.ask_sources(asset, &mut progress) {
            progress.fail(None, format!("{error:#}"));
        }
        progress.finish(millis(started.elapsed()))
    }

    /// Asks the sources in their order until one answers with bars.
    fn ask_sources(&self, asset: &Asset, progress: &mut Progress) -> Result<()> {
        let mut due = false;
        for entry in &asset.sources {
            for upstream in ways(entry.kind) {
                let asked_at = self.feed.asked_at(*upstream, &entry.symbol);
                let window = self.window(asset, entry, asked_at)?;
                progress.window = Some(window);
                due |= asset
                    .calendar
                    .has_due_session(window.start, window.end, asked_at);
                match self.fetch(asset, entry, *upstream, window) {
                    Ok(fetched) => {
                        let has_bars = !fetched.checked.bars.is_empty();
                        self.stage(asset, entry, window, fetched, progress)?;
                        if has_bars {
                            return Ok(());
                        }
                        if !due {
                            // A weekend or a holiday: there is nothing that another source could know.
                            return Ok(());
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
        Ok(())
    }

    fn window(
        &self,
        asset: &Asset,
        entry: &SourceEntry,
        asked_at: DateTime<Utc>,
    ) -> Result<Window> {
        let today = asset.calendar.trading_day(asked_at, asset.calendar.zone());
        let reach = self
            .staging
            .reach_back(&asset.id, &entry.stored_as, OVERLAP_SESSIONS)?;
        Ok(plan_window(self.options.window, today, reach))
    }

    /// Fetches all parts of a window. Fails when not one of them could be had.
    ///
    /// A part without a due session is no loss: the KRX cache has no file of a new year before its first session.
    fn fetch(
        &self,
        asset: &Asset,
        entry: &SourceEntry,
        upstream: &dyn Upstream,
        window: Window,
    ) -> Result<Fetched, FetchError> {
        let now = self.feed.asked_at(upstream, &entry.symbol);
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
            match self.fetch_part(request, asset.calendar, entry) {
                Ok(checked) => {
                    any = true;
                    fetched.checked.append(checked);
                }
                Err(error) => {
                    if asset.calendar.has_due_session(part.start, part.end, now) {
                        fetched.lost.push(format!(
                            "{} to {} is missing: {error}",
                            part.start, part.end
                        ));
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
        calendar: Calendar,
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

    fn stage(
        &self,
        asset: &Asset,
        entry: &SourceEntry,
        window: Window,
        fetched: Fetched,
        progress: &mut Progress,
    ) -> Result<()> {
        let Fetched { mut checked, lost } = fetched;
        if self.options.final_only {
            checked.bars.retain(|b| b.is_final);
        }
        let job_id = self.job_id.to_string();
        let batch = Batch {
            asset: &asset.id,
            source: &entry.stored_as,
            window,
            checked: &checked,
            job_id: &job_id,
            now: (self.now)(),
        };
        let tally = self.staging.stage(&batch, !self.options.dry_run)?;
        progress.staged(&entry.stored_as, tally, &checked);
        for lost in lost {
            progress.fail(Some(&entry.stored_as), lost);
        }
        Ok(())
    }
}

/// The days to ask for.
fn plan_window(args: WindowArgs, today: NaiveDate, reach: Reach) -> Window {
    let end = args.end.unwrap_or(today);
    let default_start = sub_days(end, DEFAULT_DAYS);
    let start = match (args.start, args.days) {
        (Some(start), _) => start,
        (None, Some(days)) => sub_days(end, u64::from(days)),
        (None, None) if args.end.is_some() => default_start,
        (None, None) => match reach {
            Reach::NothingStaged => today
                .checked_sub_months(FIRST_MONTHS)
                .unwrap_or(default_start),
            Reach::To(oldest) => oldest.map_or(default_start, |d| d.min(default_start)),
        },
    };
    Window { start, end }
}

/// What is known of an asset while it is collected.
struct Progress {
    asset_id: String,
    source: Option<String>,
    window: Option<Window>,
    tally: Tally,
    findings: u64,
    failed: bool,
    problems: Vec<Problem>,
    /// Sources that a replay has no recording of; worth saying only when no other one answered.
    not_asked: Vec<Problem>,
}

impl Progress {
    fn new(asset: &Asset) -> Self {
        Self {
            asset_id: asset.id.to_string(),
            source: None,
            window: None,
            tally: Tally::default(),
            findings: 0,
            failed: false,
            problems: Vec::new(),
            not_asked: Vec::new(),
        }
    }

    fn problem(&self, source: Option<&str>, error: String) -> Problem {
        Problem {
            asset_id: Some(self.asset_id.clone()),
            source: source.map(str::to_owned),
            error,
        }
    }

    fn not_asked(&mut self, source: &str, error: String) {
        self.not_asked.push(self.problem(Some(source), error));
    }

    fn warn(&mut self, source: &str, error: String) {
        self.problems.push(self.problem(Some(source), error));
    }

    fn fail(&mut self, source: Option<&str>, error: String) {
        self.failed = true;
        self.problems.push(self.problem(source, error));
    }

    fn fail_without_a_bar(&mut self) {
        self.problems.append(&mut self.not_asked);
        self.fail(None, "no source has a bar".to_owned());
    }

    fn staged(&mut self, source: &str, tally: Tally, checked: &Checked) {
        if !checked.bars.is_empty() || tally.rejected > 0 {
            self.source = Some(source.to_owned());
        }
        self.tally.new += tally.new;
        self.tally.changed += tally.changed;
        self.tally.unchanged += tally.unchanged;
        self.tally.kept += tally.kept;
        self.tally.rejected += tally.rejected;
        self.findings += checked.findings.len() as u64;
        if tally.rejected > 0 {
            let rows: Vec<String> = checked
                .rejected
                .iter()
                .take(3)
                .map(|r| format!("{} {} {}", r.date, r.reason, r.raw))
                .collect();
            let more = if checked.rejected.len() > rows.len() {
                " …"
            } else {
                ""
            };
            self.fail(
                Some(source),
                format!(
                    "{} rows went to quarantine: {}{more}",
                    tally.rejected,
                    rows.join("; ")
                ),
            );
        }
    }

    fn finish(self, elapsed_ms: u64) -> AssetOutcome {
        let message: Vec<String> = self
            .problems
            .iter()
            .map(|p| {
                p.source
                    .as_ref()
                    .map_or_else(|| p.error.clone(), |s| format!("{s}: {}", p.error))
            })
            .collect();
        AssetOutcome {
            asset_id: self.asset_id,
            status: if self.failed { FAILED } else { OK },
            source: self.source,
            start: self.window.map(|w| w.start),
            end: self.window.map(|w| w.end),
            new: self.tally.new,
            changed: self.tally.changed,
            unchanged: self.tally.unchanged,
            kept: self.tally.kept,
            rejected: self.tally.rejected,
            findings: self.findings,
            elapsed_ms,
            message: (!message.is_empty()).then(|| message.join(" · ")),
            problems: self.problems,
        }
    }
}

fn log_outcome(outcome: &AssetOutcome) {
    let level = match (outcome.has_failed(), &outcome.message) {
        (true, _) => log::Level::Error,
        (false, Some(_)) => log::Level::Warn,
        (false, None) => log::Level::Info,
    };
    let said = outcome
        .message
        .as_deref()
        .map(|m| format!(": {m}"))
        .unwrap_or_default();
    log::log!(
        level,
        asset = outcome.asset_id.as_str(),
        source = outcome.source.as_deref().unwrap_or("-"),
        rows = outcome.new + outcome.changed + outcome.unchanged,
        elapsed_ms = outcome.elapsed_ms;
        "{}{said}", if outcome.has_failed() { "failed" } else { "collected" }
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn plan(
        start: Option<&str>,
        end: Option<&str>,
        days: Option<u32>,
        reach: Reach,
    ) -> (String, String) {
        let args = WindowArgs {
            start: start.map(date),
            end: end.map(date),
            days,
        };
        let window = plan_window(args, date("2026-11-22"), reach);
        (window.start.to_string(), window.end.to_string())
    }

    fn days(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn the_default_window_is_a_week_and_reaches_back_as_far_as_needed() {
        let none = (None, None, None);
        let default = |reach| plan(none.0, none.1, none.2, reach);
        assert_eq!(default(Reach::To(None)), days("2026-11-15", "2026-11-22"));
        assert_eq!(
            default(Reach::To(Some(date("2026-11-18")))),
            days("2026-11-15", "2026-11-22")
        );
        assert_eq!(
            default(Reach::To(Some(date("2026-09-01")))),
            days("2026-09-01", "2026-11-22")
        );
        assert_eq!(
            default(Reach::NothingStaged),
            days("2023-11-22", "2026-11-22")
        );
    }

    #[test]
    fn what_the_user_says_is_what_is_asked() {
        let reach = Reach::NothingStaged;
        assert_eq!(
            plan(Some("2020-01-01"), Some("2020-12-31"), None, reach),
            days("2020-01-01", "2020-12-31")
        );
        assert_eq!(
            plan(Some("2020-01-01"), None, None, reach),
            days("2020-01-01", "2026-11-22")
        );
        assert_eq!(
            plan(None, Some("2020-12-31"), None, reach),
            days("2020-12-24", "2020-12-31")
        );
        assert_eq!(
            plan(None, None, Some(30), reach),
            days("2026-10-23", "2026-11-22")
        );
        assert_eq!(
            plan(None, Some("2020-12-31"), Some(1), reach),
            days("2020-12-30", "2020-12-31")
        );
    }
}
