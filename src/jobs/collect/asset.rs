//! One asset: its sources in their order until one answers with bars.

use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::Collector;
use super::fetch::{AssetFetcher, Fetcher};
use super::outcome::{AssetOutcome, Progress};
use super::window::{OVERLAP_SESSIONS, due_sessions, is_recent, plan_window};
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::calendar::sub_days;
use crate::domain::timestamp::millis;
use crate::sources::fetch::{Feed, FetchError, Part, Request};
use crate::sources::{Upstream, Window, ways};
use crate::staging::{Attended, HEALING_DAYS, Lookback};

/// One way to one series, asked at a time.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    pub(super) asset: &'a Asset,
    pub(super) entry: &'a SourceEntry,
    pub(super) upstream: &'a dyn Upstream,
    pub(super) asked_at: DateTime<Utc>,
}

impl<'a> Series<'a> {
    pub(super) fn request(self, part: &'a Part) -> Request<'a> {
        Request {
            upstream: self.upstream,
            symbol: &self.entry.symbol,
            category: self.asset.category,
            part,
        }
    }

    /// Who is asked.
    pub(super) fn host(self, feed: &dyn Feed) -> String {
        let today = self.asked_at.date_naive();
        let part = Part::of(Window {
            start: today,
            end: today,
        });
        feed.host(self.request(&part))
    }

    /// How the way is called in messages.
    fn way(self) -> &'a str {
        match self.entry.stored_as.contains(':') {
            true => &self.entry.stored_as,
            false => self.upstream.name(),
        }
    }

    /// Whether a window holds a session whose bar must be there.
    pub(super) fn is_due(self, window: Window) -> bool {
        let calendar = &self.asset.calendar;
        calendar.has_due_session(window.start, window.end, self.asked_at)
    }
}

impl Collector<'_> {
    /// Collects one asset. An error of the staging file is the asset's failure too.
    pub(super) fn collect<'s>(
        &self,
        asset: &'s Asset,
        fetcher: &Fetcher<'_>,
    ) -> (AssetOutcome, Vec<Attended<'s>>) {
        let started = Instant::now();
        let mut progress = Progress::new(asset);
        let attended = self.ask_sources(asset, fetcher, &mut progress);
        let attended = attended.unwrap_or_else(|error| {
            let error = self.staging.explain(error);
            progress.fail(None, format!("it could not be staged: {error:#}"));
            Vec::new()
        });
        (progress.finish(millis(started.elapsed())), attended)
    }

    /// Asks the sources in their order until one answers with bars, or all of them.
    fn ask_sources<'s>(
        &self,
        asset: &'s Asset,
        fetcher: &Fetcher<'_>,
        progress: &mut Progress,
    ) -> Result<Vec<Attended<'s>>> {
        let fetcher = fetcher.for_asset();
        let mut attended = Vec::new();
        let mut is_done = false;
        let mut due = false;
        for entry in &asset.sources {
            if is_done && !self.options.all_sources {
                break;
            }
            is_done |= self.ask_ways(asset, entry, fetcher, progress, &mut due, &mut attended)?;
            if self.stop.is_set() {
                break;
            }
        }
        if !is_done {
            progress.fail_without_a_bar();
        }
        Ok(attended)
    }

    /// Asks the ways to one source until one answers with bars; says whether one did, or had nothing to answer.
    fn ask_ways<'s>(
        &self,
        asset: &'s Asset,
        entry: &'s SourceEntry,
        fetcher: AssetFetcher<'_>,
        progress: &mut Progress,
        due: &mut bool,
        attended: &mut Vec<Attended<'s>>,
    ) -> Result<bool> {
        // What the source has no bar for, by the last way that answered.
        let mut lacking = None;
        for upstream in ways(entry.kind) {
            let asked_at = self.feed.asked_at(*upstream, &entry.symbol);
            let series = Series {
                asset,
                entry,
                upstream: *upstream,
                asked_at,
            };
            let window = self.window(series)?;
            if attended.is_empty() {
                progress.window = Some(window);
            }
            *due |= series.is_due(window);
            let asked = self.ask(series, window, fetcher, progress)?;
            // Without a due session (a weekend, a holiday) there is nothing that another source could know.
            match asked {
                Some((series, has_bars)) if has_bars || !*due => {
                    attended.extend(series);
                    return Ok(true);
                }
                Some((Some(series), _)) => lacking = Some(series),
                _ => {}
            }
            if self.stop.is_set() {
                break;
            }
        }
        if let Some(series) = lacking {
            progress.found_gaps(&series.attendance);
        }
        Ok(false)
    }

    /// Asks one way, and stages what it has. Gives what was staged, and whether there was a bar; nothing when no answer came.
    fn ask<'s>(
        &self,
        series: Series<'s>,
        window: Window,
        fetcher: AssetFetcher<'_>,
        progress: &mut Progress,
    ) -> Result<Option<(Option<Attended<'s>>, bool)>> {
        let name = series.way();
        let parts = self.parts(series, window, fetcher)?;
        match fetcher.fetch_parts(series, parts) {
            Ok(mut fetched) => {
                let has_bars = !fetched.checked.bars.is_empty();
                if let Some(reach) = fetched.short_reach(series, window) {
                    progress.warn(name, reach);
                }
                self.add_witnesses(series, window, fetcher, &mut fetched, progress)?;
                let attended = self.stage(series, window, fetched, fetcher, progress)?;
                if !has_bars && series.is_due(window) {
                    let days = format!("no bar from {} to {}", window.start, window.end);
                    progress.warn(name, days);
                }
                Ok(Some((attended, has_bars)))
            }
            Err(error @ FetchError::NoRecording(_)) => {
                progress.not_asked(name, error.to_string());
                Ok(None)
            }
            Err(error) => {
                progress.warn(name, error.to_string());
                Ok(None)
            }
        }
    }

    /// The parts of a window that are asked for.
    fn parts(
        &self,
        series: Series<'_>,
        window: Window,
        fetcher: AssetFetcher<'_>,
    ) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for part in fetcher.parts(series, window) {
            if !self.is_settled(series, &part)? {
                parts.push(part);
            }
        }
        Ok(parts)
    }

    /// Whether a part needs no request though the window reaches back over it: all of it is stored, final and not of a kind
    /// that is restated. A year that was lost is asked for again without those after it.
    fn is_settled(&self, series: Series<'_>, part: &Part) -> Result<bool> {
        let Series {
            asset,
            entry,
            asked_at,
            ..
        } = series;
        let today = asset.calendar.trading_day(asked_at, asset.calendar.zone());
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
        let source = &series.entry.stored_as;
        let reach = self.staging.reach_back(series.asset, source, &lookback)?;
        Ok(plan_window(self.options.window, today, reach))
    }
}
