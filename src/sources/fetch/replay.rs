//! Answers from recordings: a folder as people create it (`DIR/yahoo/SOXL.json`), or one written by an archive.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use super::filled::key_names;
use super::recording::{self, COMPRESSED, LOOK_UPS, META, RecordingMeta};
use super::{Feed, FetchError, LookUpFeed, Part, Question, Request, Response};
use crate::config::keys::Keys;
use crate::domain::timestamp::{self, CLOCK_TOLERANCE};
use crate::domain::window::Window;
use crate::sources::Upstream;

/// A folder of recorded answers.
///
/// The time of a recording is its `fetched_at`, else the one given for all, else now: an old recording must never look
/// newer than a later fetch. What was not recorded counts as not asked: a source without any recording has no answer,
/// but a yearly source is asked only for the years that exist.
pub(crate) struct Replay {
    folder: PathBuf,
    recordings: BTreeMap<String, Vec<String>>,
    /// Recordings of look-ups, by their names below that folder.
    look_ups: BTreeMap<String, Vec<String>>,
    fetched_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    keys: Keys,
}

/// A recording and the days that it covers.
struct FoundRecording {
    file: String,
    window: Window,
    meta: RecordingMeta,
}

/// No source has earlier prices; yearly recordings are searched from here on.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day of the calendar");

impl Replay {
    /// The recordings below a folder; `fetched_at` is the time of those without their own.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn new(
        folder: &Path,
        fetched_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> io::Result<Self> {
        let look_ups = folder.join(LOOK_UPS);
        Ok(Self {
            recordings: recording::list(folder)?,
            look_ups: match look_ups.is_dir() {
                true => recording::list(&look_ups)?,
                false => BTreeMap::new(),
            },
            folder: folder.to_owned(),
            fetched_at: fetched_at.map(timestamp::micros),
            now: timestamp::micros(now),
            keys: Keys::default(),
        })
    }

    /// The same, with these keys redacted if an answer quotes them.
    #[must_use]
    pub(crate) fn hiding(self, keys: &Keys) -> Self {
        Self {
            keys: keys.clone(),
            ..self
        }
    }

    fn meta(&self, file: &str) -> Result<RecordingMeta, FetchError> {
        let name = format!("{file}{META}");
        let bad = |why: String| FetchError::BadRecording(name.clone(), why);
        let meta =
            recording::read_meta(&self.folder.join(&name)).map_err(|e| bad(e.to_string()))?;
        match meta.fetched_at.filter(|t| *t > self.now + CLOCK_TOLERANCE) {
            // It would beat every later fetch until then.
            Some(time) => Err(bad(format!("its fetched_at {time} is in the future"))),
            None => Ok(meta),
        }
    }

    /// The recordings of a name with the days they cover: the requested ones, else those in the name.
    fn named(&self, name: &str, says: Window) -> impl Iterator<Item = FoundRecording> {
        let files = self.recordings.get(name).map_or(&[][..], Vec::as_slice);
        files.iter().map(move |file| {
            // An unreadable meta file is reported together with its recording.
            let meta = self.meta(file).unwrap_or_default();
            let window = Window {
                start: meta.start.unwrap_or(says.start),
                end: meta.end.unwrap_or(says.end),
            };
            FoundRecording {
                file: file.clone(),
                window,
                meta,
            }
        })
    }

    /// The recordings of a symbol that cover days of a window, oldest first.
    fn found(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<FoundRecording> {
        let mut names: Vec<(String, Window)> = Vec::new();
        for part in upstream.parts(window) {
            let name = upstream.recording(symbol, part);
            match names.last_mut() {
                Some((last, whole)) if *last == name => whole.end = part.end,
                _ => names.push((name, part)),
            }
        }
        let all = names
            .iter()
            .flat_map(|(name, says)| self.named(name, *says))
            .filter(|f| f.window.start <= window.end && f.window.end >= window.start);
        let mut found = last_of_each_request(all);
        found.sort_by_key(|f| (f.meta.fetched_at, f.window.start));
        found
    }

    /// The time of the newest recording of a symbol, if one contains it.
    fn recorded_at(&self, upstream: &dyn Upstream, symbol: &str) -> Option<DateTime<Utc>> {
        let ever = Window {
            start: EARLIEST,
            end: self.now.date_naive(),
        };
        let found = self.found(upstream, symbol, ever);
        found.iter().filter_map(|f| f.meta.fetched_at).max()
    }
}

/// Of several recordings of one request, successes win over failures, and newer ones over older ones.
fn rank(meta: &RecordingMeta) -> (bool, Option<DateTime<Utc>>) {
    let is_success = meta.status.is_none_or(|s| (200..300).contains(&s));
    (is_success, meta.fetched_at)
}

/// Keeps one recording per request: the newest success, else the newest failure.
fn last_of_each_request(found: impl Iterator<Item = FoundRecording>) -> Vec<FoundRecording> {
    let mut by_url: HashMap<String, FoundRecording> = HashMap::new();
    let mut without_url = Vec::new();
    for one in found {
        let Some(url) = one.meta.url.clone() else {
            without_url.push(one);
            continue;
        };
        match by_url.get(&url) {
            Some(other) if rank(&other.meta) > rank(&one.meta) => {}
            _ => {
                by_url.insert(url, one);
            }
        }
    }
    without_url.extend(by_url.into_values());
    without_url
}

impl Feed for Replay {
    fn asked_at(&self, upstream: &dyn Upstream, symbol: &str) -> DateTime<Utc> {
        self.recorded_at(upstream, symbol)
            .or(self.fetched_at)
            .unwrap_or(self.now)
    }

    fn host(&self, request: Request<'_>) -> String {
        request.upstream.name().to_owned()
    }

    fn parts(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<Part> {
        let found = self.found(upstream, symbol, window);
        if !found.is_empty() {
            let part = |f: FoundRecording| Part {
                window: Window {
                    start: f.window.start.max(window.start),
                    end: f.window.end.min(window.end),
                },
                recording: Some(f.file),
            };
            return found.into_iter().map(part).collect();
        }
        // Nothing is recorded: make one request, which fails with the name of the missing file.
        let last = upstream.parts(window).pop();
        last.map(Part::of).into_iter().collect()
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let Some(file) = request.part.recording.as_ref() else {
            let name = request
                .upstream
                .recording(request.symbol, request.part.window);
            return Err(FetchError::NoRecording(name));
        };
        let body = recording::read_body(&self.folder.join(file))
            .map_err(|e| FetchError::BadRecording(file.clone(), e.to_string()))?;
        let meta = self.meta(file)?;
        let fetched_at = meta.fetched_at.map(timestamp::micros).or(self.fetched_at).unwrap_or_else(|| {
            let file = file.strip_suffix(COMPRESSED).unwrap_or(file);
            log::warn!(recording = file; "the recording has no fetch time, so the current time is used; `collect --fetched-at TIME` sets one");
            self.now
        });
        Ok(Response {
            status: meta.status.unwrap_or(200),
            body: self.keys.hide(&key_names(request), body),
            fetched_at,
            url: meta.url.unwrap_or_default(),
            headers: Vec::new(),
        })
    }
}

impl LookUpFeed for Replay {
    /// Uses the newest success of several recordings, else the newest failure.
    fn look_up(&self, question: Question<'_>) -> Result<Response, FetchError> {
        let names = question.look_up.recordings(question.word);
        let files = names.iter().find_map(|name| self.look_ups.get(name));
        let files = files.ok_or_else(|| {
            let name = names.first().map_or("", String::as_str);
            FetchError::NoRecording(format!("{LOOK_UPS}/{name}"))
        })?;
        let with_meta = files.iter().map(|file| {
            let file = format!("{LOOK_UPS}/{file}");
            Ok((self.meta(&file)?, file))
        });
        let found: Vec<(RecordingMeta, String)> = with_meta.collect::<Result<_, FetchError>>()?;
        let newest = found.into_iter().max_by_key(|(meta, _)| rank(meta));
        let (meta, file) = newest.ok_or_else(|| FetchError::NoRecording(names.join(" or ")))?;
        let body = recording::read_body(&self.folder.join(&file))
            .map_err(|e| FetchError::BadRecording(file, e.to_string()))?;
        Ok(Response {
            status: meta.status.unwrap_or(200),
            body,
            fetched_at: meta.fetched_at.or(self.fetched_at).unwrap_or(self.now),
            url: meta.url.unwrap_or_default(),
            headers: Vec::new(),
        })
    }
}
