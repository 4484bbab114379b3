//! Fetches one window in parts, retrying where that can help, within the time limit of one asset.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::collector::Collector;
use super::series::Series;
use super::unavailable_hosts::UnavailableHosts;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::calendar::add_days;
use crate::domain::currency::is_same_currency;
use crate::domain::timestamp::millis;
use crate::domain::validate::{self, Checked, Context};
use crate::domain::window::Window;
use crate::process::clock::Clock;
use crate::process::retry::RetryPolicy;
use crate::sources::fetch::{AboutHost, Feed, FetchError, Part, Request, Response};
use crate::sources::is_same_symbol;
use crate::staging::LostPart;

/// Time limit of one asset, including requests and waits. 37 yearly files with the default pause take 20 s.
const ASSET_TIME: Duration = Duration::from_secs(300);
/// After this many consecutive timeouts, each after all tries, the asset's remaining parts are skipped.
const SILENT_PARTS: u32 = 2;
/// A series that begins within this many sessions after the requested day is cut short; one that begins later simply
/// starts there.
const SHORT_REACH_SESSIONS: usize = 3;

/// Fetches for one asset within its time limit.
#[derive(Clone, Copy)]
pub(super) struct AssetFetcher<'a> {
    fetcher: &'a Fetcher<'a>,
    /// Deadline.
    until: Duration,
}

/// The result of fetching the parts of a window.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) checked: Checked,
    /// The days that were not fetched, and why.
    pub(super) lost: Vec<Lost>,
}

/// A part of a window that could not be fetched.
pub(super) struct Lost {
    pub(super) part: LostPart,
    pub(super) why: String,
}

/// Missing days with their reasons; adjacent parts with the same reason are merged.
pub(super) fn what_is_missing(lost: &[Lost]) -> Vec<String> {
    let is_one = |a: &Lost, b: &Lost| {
        a.why == b.why && add_days(a.part.window.end, 1) == b.part.window.start
    };
    let together = lost.chunk_by(is_one).filter_map(|lost| {
        let (first, last) = (lost.first()?, lost.last()?);
        let (start, end) = (first.part.window.start, last.part.window.end);
        Some(format!("{start} to {end} is missing: {}", first.why))
    });
    together.collect()
}

impl Fetched {
    /// Adds a part. If days overlap, which happens only in recordings of several runs, the later part wins.
    fn absorb(&mut self, window: Window, part: Checked) {
        let days: BTreeSet<_> = part.bars.iter().map(|b| b.bar.date()).collect();
        self.checked.bars.retain(|b| !days.contains(&b.bar.date()));
        self.checked.findings.retain(|f| !window.contains(f.date));
        self.checked.without_bar.retain(|d| !window.contains(*d));
        self.checked.append(part);
    }

    /// A note if the answer begins later than requested and the source is known to reach only that far back.
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
    clock: &'a Clock,
    unavailable: UnavailableHosts,
    /// Files that contain the same days whatever is requested, by name: each is fetched once per run, even if it does
    /// not exist. The error tells why one failed after all tries.
    files: Mutex<HashMap<String, Result<Response, String>>>,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(collector: &Collector<'a>) -> Self {
        Self {
            feed: collector.feed,
            retry: collector.options.retry,
            clock: collector.clock,
            unavailable: UnavailableHosts::default(),
            files: Mutex::default(),
        }
    }

    /// Starts the time limit of an asset.
    pub(super) fn for_asset(&'a self) -> AssetFetcher<'a> {
        AssetFetcher {
            fetcher: self,
            until: (self.clock.uptime)() + ASSET_TIME,
        }
    }

    fn try_once(
        &self,
        request: Request<'_>,
        asset: &Asset,
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
        let response = match kept {
            Some(kept) => kept.map_err(FetchError::NotAsked)?,
            None => self.feed.get(request)?,
        };
        let checked = read(request, &response, asset, entry);
        let is_settled = checked
            .as_ref()
            .map_or_else(|e| !e.is_transient(), |_| true);
        if is_whole_file(request) && !is_kept && is_settled {
            self.files().insert(name, Ok(response));
        }
        checked
    }

    /// Remembers a file that failed after all tries, so that no other asset asks for it in this run.
    fn give_up(&self, request: Request<'_>, error: &FetchError) {
        if is_whole_file(request) && error.is_transient() {
            let name = request
                .upstream
                .recording(request.symbol, request.part.window);
            let why = format!("{error} (for {})", request.symbol);
            self.files().insert(name, Err(why));
        }
    }

    fn files(&self) -> MutexGuard<'_, HashMap<String, Result<Response, String>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AssetFetcher<'_> {
    /// The parts of a window.
    pub(super) fn parts(&self, series: Series<'_>, window: Window) -> Vec<Part> {
        let feed = self.fetcher.feed;
        feed.parts(series.upstream, &series.entry.symbol, window)
    }

    /// Fetches all parts of a window. Fails if none of them could be fetched.
    pub(super) fn fetch(&self, series: Series<'_>, window: Window) -> Result<Fetched, FetchError> {
        self.fetch_parts(series, self.parts(series, window))
    }

    /// Fetches parts of a window. Fails if none of them could be fetched.
    ///
    /// A failed part without a due session is not a loss: the KRX cache has no file for a new year before its first
    /// session.
    pub(super) fn fetch_parts(
        &self,
        series: Series<'_>,
        parts: Vec<Part>,
    ) -> Result<Fetched, FetchError> {
        let endpoint = series.upstream.name();
        let unavailable = &self.fetcher.unavailable;
        unavailable.check(endpoint)?;
        let mut fetched = Fetched::default();
        let (mut any, mut silent, mut first_error) = (false, 0, None);
        for part in parts {
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
                    unavailable.failed(endpoint, &series.entry.symbol, &error);
                    silent += u32::from(error.about_host() == AboutHost::Silent);
                    if series.is_due(part.window) {
                        let why = error.to_string();
                        let part = LostPart {
                            window: part.window,
                            is_asked_again: error.may_be_answered_later(),
                        };
                        fetched.lost.push(Lost { part, why });
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !any => {
                unavailable.gave_nothing(endpoint, &series.entry.symbol, &error);
                Err(error)
            }
            _ => {
                unavailable.answered(endpoint);
                Ok(fetched)
            }
        }
    }

    /// Fetches, reads and checks one part, retrying where that can help.
    fn fetch_part(&self, series: Series<'_>, part: &Part) -> Result<Checked, FetchError> {
        let Fetcher {
            retry,
            clock,
            unavailable,
            ..
        } = self.fetcher;
        let request = series.request(part);
        let mut attempt = 0;
        loop {
            unavailable.check(request.upstream.name())?;
            if (clock.uptime)() >= self.until {
                return Err(FetchError::OutOfTime(ASSET_TIME));
            }
            let error = match self.fetcher.try_once(request, series.asset, series.entry) {
                Err(error) if error.is_transient() && attempt + 1 < retry.tries => error,
                Err(error) => {
                    self.fetcher.give_up(request, &error);
                    return Err(error);
                }
                checked => return checked,
            };
            let random = (clock.random)();
            let wait = retry.wait(attempt, random, error.retry_after());
            if (clock.uptime)() + wait >= self.until {
                return Err(error);
            }
            // For an unreachable host the one line about skipping it is enough.
            let level = match error.is_unavailable() {
                true => log::Level::Debug,
                false => log::Level::Info,
            };
            log::log!(level, source = request.upstream.name(), symbol = request.symbol, attempt = attempt + 1, wait_ms = millis(wait); "trying again: {error}");
            (clock.sleep)(wait)?;
            attempt += 1;
        }
    }
}

/// Whether the answer is a file that contains the same days whatever is requested, and not a recording of one request.
fn is_whole_file(request: Request<'_>) -> bool {
    request.upstream.serves_whole_files() && request.part.recording.is_none()
}

/// Reads an answer and checks that it matches the request.
fn read(
    request: Request<'_>,
    response: &Response,
    asset: &Asset,
    entry: &SourceEntry,
) -> Result<Checked, FetchError> {
    let read = request.upstream.read(
        response.status,
        &response.body,
        request.symbol,
        &asset.calendar,
    );
    let mut answer = read.map_err(|error| FetchError::Answer {
        error,
        retry_after: response.retry_after(),
    })?;
    if let Some(got) = answer.symbol.filter(|s| !is_same_symbol(request.symbol, s)) {
        return Err(FetchError::Symbol {
            got: got.to_owned(),
            expected: request.symbol.to_owned(),
        });
    }
    let currency = answer
        .currency
        .or_else(|| request.upstream.currency_of(request.symbol));
    if let Some(got) = currency.filter(|c| !is_same_currency(c, &entry.currency)) {
        return Err(FetchError::Currency {
            got: got.to_owned(),
            expected: entry.currency.clone(),
        });
    }
    let context = Context {
        window: request.part.window,
        calendar: &asset.calendar,
        sign: asset.sign,
        fetched_at: response.fetched_at,
    };
    if answer.actions.is_none() && request.upstream.asks_for_actions(&response.url) {
        // An answer that was asked for actions and lists none means that there are none.
        answer.actions = Some(Vec::new());
    }
    let mut checked = validate::check(&answer, context);
    if !response.url.is_empty() {
        // From the answer's first row to the end of the request, since it may omit what lies before; `None` if a
        // recording was requested without actions.
        let is_asked = request.upstream.asks_for_actions(&response.url);
        let rows = checked.actions.days.filter(|_| is_asked);
        checked.actions.days = rows.map(|rows| Window {
            end: request.part.window.end,
            ..rows
        });
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::assets_file::parse_assets;
    use crate::domain::asset::Asset;
    use crate::domain::calendar::Calendars;
    use crate::process::stop::Stopped;
    use crate::sources::{AnswerError, Upstream, endpoints};
    use chrono::{DateTime, NaiveDate, Utc};
    use std::collections::VecDeque;
    use std::sync::Arc;

    const FETCHED_AT: &str = "2026-11-25T10:00:00Z";

    /// Gives these answers one after the other: a status, and how long it asks to wait.
    struct Canned(Mutex<VecDeque<(u16, Option<&'static str>)>>);

    impl Feed for Canned {
        fn asked_at(&self, _: &dyn Upstream, _: &str) -> DateTime<Utc> {
            FETCHED_AT.parse().unwrap()
        }

        fn host(&self, _: Request<'_>) -> String {
            String::new()
        }

        fn parts(&self, upstream: &dyn Upstream, _: &str, window: Window) -> Vec<Part> {
            upstream.parts(window).into_iter().map(Part::of).collect()
        }

        fn get(&self, _: Request<'_>) -> Result<Response, FetchError> {
            let (status, retry_after) =
                self.0.lock().unwrap().pop_front().expect("one more answer");
            let header = |value: &str| ("retry-after".to_owned(), value.to_owned());
            Ok(Response {
                status,
                body: b"[]".to_vec(),
                fetched_at: FETCHED_AT.parse().unwrap(),
                url: String::new(),
                headers: retry_after.map(header).into_iter().collect(),
            })
        }
    }

    /// What came of fetching, the waits in milliseconds, and the answers that were not asked for.
    type Ran = (Result<usize, FetchError>, Vec<u128>, usize);

    /// Fetches the given number of yearly files with these answers; time passes only by waiting.
    fn fetch(
        tries: u32,
        answers: &[(u16, Option<&'static str>)],
        years: i32,
        stopped_after: usize,
    ) -> Ran {
        let (mut fetched, waits, left) = fetch_for(1, tries, answers, years, stopped_after);
        (fetched.remove(0), waits, left)
    }

    /// The same for a number of assets, one after another in one run.
    fn fetch_for(
        assets: usize,
        tries: u32,
        answers: &[(u16, Option<&'static str>)],
        years: i32,
        stopped_after: usize,
    ) -> (Vec<Result<usize, FetchError>>, Vec<u128>, usize) {
        let feed = Canned(Mutex::new(answers.iter().copied().collect()));
        let waits = Arc::new(Mutex::new(Vec::<u128>::new()));
        let (passed, slept) = (Arc::clone(&waits), Arc::clone(&waits));
        let clock = Clock {
            uptime: Box::new(move || {
                let millis: u128 = passed.lock().unwrap().iter().sum();
                Duration::from_millis(u64::try_from(millis).unwrap())
            }),
            sleep: Box::new(move |time| {
                let mut waits = slept.lock().unwrap();
                waits.push(time.as_millis());
                if waits.len() > stopped_after {
                    Err(Stopped)
                } else {
                    Ok(())
                }
            }),
            random: Box::new(|| 0.5),
        };
        let fetcher = Fetcher {
            feed: &feed,
            retry: RetryPolicy {
                tries,
                base_delay: Duration::from_secs(1),
            },
            clock: &clock,
            unavailable: UnavailableHosts::default(),
            files: Mutex::default(),
        };
        let asset = asset();
        let series = Series {
            asset: &asset,
            entry: &asset.sources[0],
            upstream: endpoints(asset.sources[0].kind)[0],
            asked_at: FETCHED_AT.parse().unwrap(),
        };
        let window = Window {
            start: NaiveDate::from_ymd_opt(2025 - years + 1, 1, 1).unwrap(),
            end: NaiveDate::from_ymd_opt(2025, 12, 31).unwrap(),
        };
        let one = || fetcher.for_asset().fetch(series, window);
        let fetched = (0..assets).map(|_| one().map(|f| f.lost.len())).collect();
        let left = feed.0.lock().unwrap().len();
        (fetched, waits.lock().unwrap().clone(), left)
    }

    fn asset() -> Asset {
        let text = "[[asset]]\nid = \"K\"\nname = \"K\"\ncategory = \"index\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\n\
                    sources = [{ source = \"krx\", symbol = \"ks200\" }]\n";
        let mut assets = parse_assets(text, &Calendars::built_in().unwrap()).unwrap();
        assets.remove(0)
    }

    fn status(error: &FetchError) -> u16 {
        match error {
            FetchError::Answer {
                error: AnswerError::Status { status, .. },
                ..
            } => *status,
            error => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_whole_file_that_cannot_be_had_is_not_asked_for_by_the_next_asset() {
        let answers = [(503, None), (503, None), (200, None)];
        let (fetched, waits, left) = fetch_for(2, 2, &answers, 1, 9);
        assert_eq!(status(fetched[0].as_ref().unwrap_err()), 503);
        assert!(
            matches!(&fetched[1], Err(FetchError::NotAsked(why)) if why.contains("503") && why.contains("ks200")),
            "{fetched:?}"
        );
        assert_eq!(
            (waits.len(), left),
            (1, 1),
            "each asset tried the file again"
        );
    }

    #[test]
    fn the_waits_between_tries_are_exact() {
        let (fetched, waits, left) = fetch(
            4,
            &[(500, None), (503, None), (502, None), (504, None)],
            1,
            9,
        );
        assert_eq!(
            (status(&fetched.unwrap_err()), waits, left),
            (504, vec![1150, 2300, 4600], 0)
        );
        let (fetched, waits, left) = fetch(4, &[(404, None), (200, None)], 1, 9);
        assert_eq!(
            (status(&fetched.unwrap_err()), waits, left),
            (404, vec![], 1)
        );
    }

    #[test]
    fn a_source_may_ask_for_a_longer_wait() {
        let answers = [
            (429, Some("1")),
            (503, Some("7")),
            (429, Some("Wed, 25 Nov 2026 10:00:45 GMT")),
            (429, Some("3600")),
            (429, None),
        ];
        let (_, waits, _) = fetch(5, &answers, 1, 9);
        assert_eq!(waits, [1150, 7000, 45_000, 60_000]);
    }

    #[test]
    fn one_asset_takes_no_more_than_its_time() {
        let busy = [(503, Some("60")); 20];
        let (fetched, waits, left) = fetch(20, &busy, 1, 99);
        // The fifth wait would end when the time is used up.
        assert_eq!(
            (status(&fetched.unwrap_err()), waits, left),
            (503, vec![60_000; 4], 15)
        );
        let (fetched, waits, left) = fetch(5, &busy, 3, 99);
        assert_eq!(status(&fetched.unwrap_err()), 503);
        assert_eq!(
            (waits.len(), left),
            (4, 20 - 5 - 1 - 1),
            "the other years are tried once"
        );
    }

    #[test]
    fn a_stop_ends_the_waiting_and_the_asking() {
        let (fetched, waits, left) = fetch(5, &[(503, None); 9], 1, 1);
        assert!(
            matches!(fetched, Err(FetchError::Stopped(_))),
            "{fetched:?}"
        );
        assert_eq!((waits, left), (vec![1150, 2300], 7));
    }

    #[test]
    fn after_too_many_requests_the_other_years_are_not_asked_for() {
        let (fetched, _, left) = fetch(2, &[(429, None); 9], 4, 9);
        assert_eq!((status(&fetched.unwrap_err()), left), (429, 7));
    }
}
