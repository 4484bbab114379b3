//! Collects one asset: asks its sources in order until one returns bars.

use std::time::Instant;

use anyhow::Result;
use chrono::TimeDelta;

use super::collector::Collector;
use super::fetch::{AssetFetcher, Fetcher};
use super::outcome::{AssetOutcome, AssetProgress};
use super::series::Series;
use super::window::{OVERLAP_SESSIONS, Plan, due_sessions, is_recent, plan_window};
use crate::domain::answer::{LONGEST_WORD, Said};
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::calendar::sub_days;
use crate::domain::text::brief;
use crate::domain::timestamp::millis;
use crate::domain::window::Window;
use crate::sources::endpoints;
use crate::sources::fetch::{AboutHost, FetchError, Part};
use crate::staging::{HEALING_DAYS, Lookback, Reach, StagedSeries};

/// If a source still lacks a session this long after it became final, the next source is asked for it.
const LATE_AFTER: TimeDelta = TimeDelta::hours(24);

/// The result of asking one endpoint.
enum Asked<'s> {
    /// No answer: the next endpoint or source may have one.
    NoAnswer,
    /// An answer without bars, and what was staged of it.
    Empty(Option<StagedSeries<'s>>),
    /// Bars, and what was staged of them; `None` if they were refused.
    Bars(Option<StagedSeries<'s>>),
}

impl Collector<'_> {
    /// Collects one asset. An error of the staging file also counts as the asset's failure.
    pub(super) fn collect<'s>(
        &self,
        asset: &'s Asset,
        fetcher: &Fetcher<'_>,
    ) -> (AssetOutcome, Vec<StagedSeries<'s>>) {
        let started = Instant::now();
        let mut progress = AssetProgress::new(asset);
        let staged = self.ask_sources(asset, fetcher, &mut progress);
        let staged = staged.unwrap_or_else(|error| {
            let error = self.staging.explain(error);
            progress.fail(None, format!("cannot stage it: {error:#}"));
            Vec::new()
        });
        (progress.finish(millis(started.elapsed())), staged)
    }

    /// Asks the sources in order until one returns bars, and later ones for sessions that the earlier ones lack; or
    /// asks all of them.
    fn ask_sources<'s>(
        &self,
        asset: &'s Asset,
        fetcher: &Fetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<Vec<StagedSeries<'s>>> {
        let fetcher = fetcher.for_asset();
        let mut staged = Vec::new();
        let mut is_done = false;
        let mut due = false;
        for entry in &asset.sources {
            let is_asked = !is_done || self.options.all_sources || self.could_fill(asset, entry)?;
            if !is_asked {
                continue;
            }
            is_done |=
                self.ask_endpoints(asset, entry, fetcher, progress, &mut due, &mut staged)?;
            if self.stop.is_set() {
                break;
            }
        }
        if !is_done {
            progress.fail_without_a_bar();
        }
        self.ask_for_actions(asset, &staged, fetcher, progress)?;
        Ok(staged)
    }

    /// Whether a source may have sessions that the asset's better sources lack.
    fn could_fill(&self, asset: &Asset, entry: &SourceEntry) -> Result<bool> {
        if entry.currency != asset.currency {
            return Ok(false);
        }
        let Some(upstream) = endpoints(entry.kind).into_iter().next() else {
            return Ok(false);
        };
        let now = self.feed.asked_at(upstream, &entry.symbol);
        let calendar = &asset.calendar;
        let today = calendar.trading_day(now, calendar.zone());
        let asked = plan_window(self.options.window, today, Reach::NothingStaged);
        let recent = Window {
            start: asked.start.max(sub_days(today, HEALING_DAYS)),
            end: asked.end,
        };
        let due = due_sessions(calendar, recent, now - LATE_AFTER);
        self.staging.lacks_one_of(asset, &due)
    }

    /// Asks the endpoints of one source until one returns bars. Returns whether one did, or had nothing to return.
    fn ask_endpoints<'s>(
        &self,
        asset: &'s Asset,
        entry: &'s SourceEntry,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
        due: &mut bool,
        staged: &mut Vec<StagedSeries<'s>>,
    ) -> Result<bool> {
        // Sessions without a bar, according to the last endpoint that answered.
        let mut lacking = None;
        for upstream in endpoints(entry.kind) {
            let asked_at = self.feed.asked_at(upstream, &entry.symbol);
            let series = Series {
                asset,
                entry,
                upstream,
                asked_at,
            };
            let plan = self.plan(series)?;
            if staged.is_empty() {
                progress.window = Some(plan.window);
            }
            *due |= series.is_due(plan.window);
            match self.ask(series, plan, fetcher, progress)? {
                Asked::Bars(series) => {
                    staged.extend(series);
                    return Ok(true);
                }
                // Without a due session (weekend, holiday) no other source can have more.
                Asked::Empty(series) if !*due => {
                    staged.extend(series);
                    return Ok(true);
                }
                Asked::Empty(Some(series)) => lacking = Some(series),
                Asked::Empty(None) | Asked::NoAnswer => {}
            }
            if self.stop.is_set() {
                break;
            }
        }
        if let Some(series) = lacking {
            progress.found_gaps(&series.coverage);
        }
        Ok(false)
    }

    /// Asks one endpoint and stages its bars. If it does not answer for the whole series, it is asked for the due days.
    fn ask<'s>(
        &self,
        series: Series<'s>,
        plan: Plan,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<Asked<'s>> {
        let name = series.endpoint();
        let window = plan.window;
        let parts = self.parts(series, plan, fetcher)?;
        match fetcher.fetch_parts(series, parts) {
            Ok(fetched) if plan.is_audit && fetched.checked.bars.is_empty() => {
                self.ask_what_is_due(series, plan, fetcher, progress, "it is empty")
            }
            Ok(fetched) => {
                let has_bars = !fetched.checked.bars.is_empty();
                if let Some(reach) = fetched
                    .short_reach(series, window)
                    .filter(|_| !plan.is_audit)
                {
                    progress.warn(name, reach);
                }
                let staged = self.stage(series, plan, fetched, fetcher, progress)?;
                if !has_bars && series.is_due(window) {
                    let days = format!("no bar from {} to {}", window.start, window.end);
                    progress.warn(name, days);
                }
                progress.is_read_whole |= has_bars && plan.is_audit;
                if has_bars && plan.is_audit {
                    self.audit_older_file(series, fetcher, progress)?;
                }
                Ok(match has_bars {
                    true => Asked::Bars(staged),
                    false => Asked::Empty(staged),
                })
            }
            Err(error @ FetchError::NoRecording(_)) => {
                progress.not_asked(name, error.to_string());
                Ok(Asked::NoAnswer)
            }
            Err(error @ FetchError::Currency { .. }) => {
                self.remember_currency(series, &error)?;
                progress.warn(name, error.to_string());
                Ok(Asked::NoAnswer)
            }
            Err(error) if plan.is_audit && error.about_host() != AboutHost::Closed => {
                self.ask_what_is_due(series, plan, fetcher, progress, &error.to_string())
            }
            Err(error) => {
                progress.no_answer(name, &error);
                Ok(Asked::NoAnswer)
            }
        }
    }

    /// Remembers the currency of a source that was refused for its currency: `doctor` shows it.
    fn remember_currency(&self, series: Series<'_>, error: &FetchError) -> Result<()> {
        let FetchError::Currency { got, .. } = error else {
            return Ok(());
        };
        if self.options.dry_run {
            return Ok(());
        }
        let said = Said {
            currency: Some(brief(got, LONGEST_WORD)),
            ..Said::default()
        };
        let asset = series.asset.id.as_str();
        let source = &series.entry.stored_as;
        self.staging
            .remember_said(asset, source, &said, (self.now)())
    }

    /// Asks for the due days after an endpoint failed to return the whole series, which is asked again only at its next
    /// turn.
    fn ask_what_is_due<'s>(
        &self,
        series: Series<'s>,
        plan: Plan,
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
        why: &str,
    ) -> Result<Asked<'s>> {
        let Series { asset, entry, .. } = series;
        progress.warn(
            series.endpoint(),
            format!("the series was not compared in full; the full request failed: {why}"),
        );
        if !self.options.dry_run {
            let today = series.today();
            self.staging
                .put_off_audit(asset.id.as_str(), &entry.stored_as, today)?;
        }
        let plan = plan.without_audit();
        progress.window = Some(plan.window);
        self.ask(series, plan, fetcher, progress)
    }

    /// The parts of a window to request.
    fn parts(
        &self,
        series: Series<'_>,
        plan: Plan,
        fetcher: AssetFetcher<'_>,
    ) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for part in fetcher.parts(series, plan.window) {
            if plan.is_audit || !self.is_settled(series, &part)? {
                parts.push(part);
            }
        }
        Ok(parts)
    }

    /// Whether a part needs no request although the window covers it: it is stored completely, final, and of a kind
    /// that is never restated. A lost year is requested again without the years after it.
    fn is_settled(&self, series: Series<'_>, part: &Part) -> Result<bool> {
        let Series {
            asset,
            entry,
            asked_at,
            ..
        } = series;
        let today = series.today();
        let is_asked = !self.options.window.is_default()
            || part.recording.is_some()
            || asset.category.has_splits()
            || is_recent(part.window, today);
        if is_asked {
            return Ok(false);
        }
        let due = due_sessions(&asset.calendar, part.window, asked_at);
        let (source, end) = (&entry.stored_as, part.window.end);
        self.staging
            .is_settled(&asset.id, source, &due, end, OVERLAP_SESSIONS)
    }

    fn plan(&self, series: Series<'_>) -> Result<Plan> {
        let calendar = &series.asset.calendar;
        let today = series.today();
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
        let source = &series.entry.stored_as;
        let reach = self.staging.reach_back(series.asset, source, &lookback)?;
        let window = plan_window(self.options.window, today, reach);
        let plan = Plan::of(window, today, calendar);
        Ok(match self.audited_from(series, today)? {
            Some(start) => plan.auditing_from(start),
            None => plan,
        })
    }
}
