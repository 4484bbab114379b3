//! Fetching of one window: its parts, each tried again where that may help, within the time that one asset may take.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Collector;
use super::chain::Series;
use super::closed::ClosedHosts;
use crate::asset::SourceEntry;
use crate::calendar::Calendar;
use crate::feed::{AboutHost, Feed, FetchError, Part, Request, Response};
use crate::pace::Pace;
use crate::retry::RetryPolicy;
use crate::timestamp::millis;
use crate::upstream::{Window, is_same_symbol};
use crate::validate::{self, Checked, Context};

/// The time that one asset may take, requests and waits together. 37 yearly files with the default pause take 20 s.
const ASSET_TIME: Duration = Duration::from_secs(300);
/// So many parts in a row without an answer in time, after all tries, and the others of the asset are not waited for.
const SILENT_PARTS: u32 = 2;
/// A series that begins so few sessions after the asked day lacks them; one that begins later begins there.
const SHORT_REACH_SESSIONS: usize = 3;

/// Fetches for one asset, within its time.
#[derive(Clone, Copy)]
pub(super) struct AssetFetcher<'a> {
    fetcher: &'a Fetcher<'a>,
    /// When its time is used up.
    until: Duration,
}

/// What the parts of a window came to.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) checked: Checked,
    /// The days that were not, and why.
    pub(super) lost: Vec<Lost>,
}

/// A part of a window that could not be had.
pub(super) struct Lost {
    pub(super) window: Window,
    pub(super) why: String,
}

impl Lost {
    pub(super) fn message(&self) -> String {
        let Window { start, end } = self.window;
        format!("{start} to {end} is missing: {}", self.why)
    }
}

impl Fetched {
    /// Takes over a part. What a later part says of its days counts: only recordings of several runs overlap.
    fn absorb(&mut self, window: Window, part: Checked) {
        let days: BTreeSet<_> = part.bars.iter().map(|b| b.bar.date()).collect();
        self.checked.bars.retain(|b| !days.contains(&b.bar.date()));
        self.checked.findings.retain(|f| !window.contains(f.date));
        self.checked.append(part);
    }

    /// That the answer begins later than was asked for, where the source is known to reach only so far.
    pub(super) fn short_reach(&self, series: Series<'_>, window: Window) -> Option<String> {
        let reach = series.upstream.reach()?;
        let first = self.checked.bars.iter().map(|b| b.bar.date()).min()?;
        let calendar = &series.asset.calendar;
        let before = calendar
            .sessions(window.start, first)
            .take_while(|d| *d < first);
        (before.take(SHORT_REACH_SESSIONS + 1).count() > SHORT_REACH_SESSIONS)
            .then(|| format!("nothing from {} until {first}; {reach}", window.start))
    }
}

/// Fetches windows for all workers of a run.
pub(super) struct Fetcher<'a> {
    feed: &'a dyn Feed,
    retry: RetryPolicy,
    pace: &'a Pace,
    closed: ClosedHosts,
    /// Files that hold the same days whatever is asked, by their names: each is asked for once a run.
    files: Mutex<HashMap<String, Response>>,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(collector: &Collector<'a>) -> Self {
        Self {
            feed: collector.feed,
            retry: collector.options.retry,
            pace: collector.pace,
            closed: ClosedHosts::default(),
            files: Mutex::default(),
        }
    }

    /// Fetches for an asset that is begun now.
    pub(super) fn for_asset(&'a self) -> AssetFetcher<'a> {
        AssetFetcher {
            fetcher: self,
            until: (self.pace.uptime)() + ASSET_TIME,
        }
    }

    fn try_once(
        &self,
        request: Request<'_>,
        calendar: &Calendar,
        entry: &SourceEntry,
    ) -> Result<Checked, FetchError> {
        let Request {
            upstream,
            symbol,
            part,
            ..
        } = request;
        let name = upstream.recording(symbol, part.window);
        let kept = self.files().get(&name).cloned();
        let is_kept = kept.is_some();
        let response = kept.map_or_else(|| self.feed.get(request), Ok)?;
        let checked = read(request, &response, calendar, entry)?;
        if upstream.serves_whole_files() && part.recording.is_none() && !is_kept {
            self.files().insert(name, response);
        }
        Ok(checked)
    }

    fn files(&self) -> MutexGuard<'_, HashMap<String, Response>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AssetFetcher<'_> {
    /// Fetches all parts of a window. Fails when not one of them could be had.
    ///
    /// A part without a due session is no loss: the KRX cache has no file of a new year before its first session.
    pub(super) fn fetch(&self, series: Series<'_>, window: Window) -> Result<Fetched, FetchError> {
        let way = series.upstream.name();
        let Fetcher { feed, closed, .. } = self.fetcher;
        closed.check(way)?;
        let mut fetched = Fetched::default();
        let (mut any, mut silent, mut first_error) = (false, 0, None);
        for part in feed.parts(series.upstream, &series.entry.symbol, window) {
            let answered = if silent < SILENT_PARTS {
                self.fetch_part(series, &part)
            } else {
                Err(FetchError::NotAsked("no answer in time".to_owned()))
            };
            match answered {
                Ok(checked) => {
                    (any, silent) = (true, 0);
                    fetched.absorb(part.window, checked);
                }
                Err(error) => {
                    closed.failed(way, &series.entry.symbol, &error);
                    silent += u32::from(error.about_host() == AboutHost::Silent);
                    if series.is_due(part.window) {
                        let why = error.to_string();
                        fetched.lost.push(Lost {
                            window: part.window,
                            why,
                        });
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !any => {
                closed.gave_nothing(way, &series.entry.symbol, &error);
                Err(error)
            }
            _ => {
                closed.answered(way);
                Ok(fetched)
            }
        }
    }

    /// Fetches, reads and checks one part, again while that may help.
    fn fetch_part(&self, series: Series<'_>, part: &Part) -> Result<Checked, FetchError> {
        let Fetcher {
            retry,
            pace,
            closed,
            ..
        } = self.fetcher;
        let request = series.request(part);
        let mut attempt = 0;
        loop {
            closed.check(request.upstream.name())?;
            if (pace.uptime)() >= self.until {
                return Err(FetchError::OutOfTime(ASSET_TIME));
            }
            let error = match self
                .fetcher
                .try_once(request, &series.asset.calendar, series.entry)
            {
                Err(error) if error.is_transient() && attempt + 1 < retry.tries => error,
                result => return result,
            };
            let random = (pace.random)();
            let wait = retry.wait(attempt, random, error.retry_after());
            if (pace.uptime)() + wait >= self.until {
                return Err(error);
            }
            log::info!(source = request.upstream.name(), symbol = request.symbol, attempt = attempt + 1, wait_ms = millis(wait); "trying again: {error}");
            (pace.sleep)(wait)?;
            attempt += 1;
        }
    }
}

/// Reads an answer and checks that it is what was asked for.
fn read(
    request: Request<'_>,
    response: &Response,
    calendar: &Calendar,
    entry: &SourceEntry,
) -> Result<Checked, FetchError> {
    let read = request
        .upstream
        .read(response.status, &response.body, calendar);
    let answer = read.map_err(|error| FetchError::Answer {
        error,
        retry_after: response.retry_after(),
    })?;
    if let Some(got) = answer.symbol.filter(|s| !is_same_symbol(request.symbol, s)) {
        return Err(FetchError::Symbol {
            got: got.to_owned(),
            expected: request.symbol.to_owned(),
        });
    }
    if let Some(got) = answer.currency.filter(|c| *c != entry.currency) {
        return Err(FetchError::Currency {
            got: got.to_owned(),
            expected: entry.currency.clone(),
        });
    }
    let context = Context {
        window: request.part.window,
        calendar,
        fetched_at: response.fetched_at,
    };
    Ok(validate::check(&answer, context))
}
