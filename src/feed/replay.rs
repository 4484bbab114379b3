//! Answers from recordings: `DIR/yahoo/SOXL.json` and the like, each with an optional `{file}.meta.json` beside it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Feed, FetchError, Request, Response};
use crate::timestamp::{self, CLOCK_TOLERANCE};
use crate::upstream::{Upstream, Window};

/// What is known of a recording beside its body.
#[derive(Debug, Default, Deserialize)]
struct Meta {
    status: Option<u16>,
    fetched_at: Option<DateTime<Utc>>,
}

/// A folder of recorded answers.
///
/// The time of a recording is its `fetched_at`, else the one given for all, else now: an old recording must never look
/// newer than a later fetch. What was not recorded counts as not asked: a source without any recording has no answer,
/// but a yearly source is only asked for the years that are there.
pub struct Replay {
    folder: PathBuf,
    fetched_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

impl Replay {
    /// Recordings below a folder; `fetched_at` is their time where they have none of their own.
    #[must_use]
    pub fn new(folder: &Path, fetched_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self {
            folder: folder.to_owned(),
            fetched_at: fetched_at.map(timestamp::micros),
            now: timestamp::micros(now),
        }
    }

    fn meta(&self, recording: &str) -> Result<Meta, FetchError> {
        let bad = |e: &dyn std::fmt::Display| {
            FetchError::BadRecording(format!("{recording}.meta.json"), e.to_string())
        };
        match fs::read(self.folder.join(format!("{recording}.meta.json"))) {
            Ok(text) => {
                let meta: Meta = serde_json::from_slice(&text).map_err(|e| bad(&e))?;
                match meta.fetched_at.filter(|t| *t > self.now + CLOCK_TOLERANCE) {
                    // It would beat every later fetch until then.
                    Some(time) => Err(bad(&format!("its fetched_at {time} lies in the future"))),
                    None => Ok(meta),
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Meta::default()),
            Err(e) => Err(bad(&e)),
        }
    }

    fn exists(&self, recording: &str) -> bool {
        self.folder.join(recording).is_file()
    }

    /// The time of the newest recording of a symbol, where one says it.
    fn recorded_at(&self, upstream: &dyn Upstream, symbol: &str) -> Option<DateTime<Utc>> {
        let ever = Window {
            start: EARLIEST,
            end: self.now.date_naive(),
        };
        let recordings = self.distinct_parts(upstream, symbol, ever);
        recordings
            .iter()
            .filter_map(|(recording, _)| self.meta(recording).ok()?.fetched_at)
            .max()
    }

    /// The recordings that are there, each with the days it stands for.
    fn distinct_parts(
        &self,
        upstream: &dyn Upstream,
        symbol: &str,
        window: Window,
    ) -> Vec<(String, Window)> {
        let mut parts: Vec<(String, Window)> = Vec::new();
        for part in upstream.parts(window) {
            let recording = upstream.recording(symbol, part);
            match parts.last_mut() {
                Some((last, whole)) if *last == recording => whole.end = part.end,
                _ => parts.push((recording, part)),
            }
        }
        parts.retain(|(recording, _)| self.exists(recording));
        parts
    }
}

/// No source has prices from before; recordings of years are looked for from here on.
const EARLIEST: chrono::NaiveDate =
    chrono::NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day of the calendar");

impl Feed for Replay {
    fn asked_at(&self, upstream: &dyn Upstream, symbol: &str) -> DateTime<Utc> {
        self.recorded_at(upstream, symbol)
            .or(self.fetched_at)
            .unwrap_or(self.now)
    }

    fn parts(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<Window> {
        let recorded: Vec<Window> = self
            .distinct_parts(upstream, symbol, window)
            .into_iter()
            .map(|(_, w)| w)
            .collect();
        // Nothing recorded: one request, which fails with the name of the file that is missing.
        if recorded.is_empty() {
            upstream
                .parts(window)
                .into_iter()
                .next_back()
                .into_iter()
                .collect()
        } else {
            recorded
        }
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let recording = request.upstream.recording(request.symbol, request.part);
        let body = match fs::read(self.folder.join(&recording)) {
            Ok(body) => body,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(FetchError::NoRecording(recording));
            }
            Err(e) => return Err(FetchError::BadRecording(recording, e.to_string())),
        };
        let meta = self.meta(&recording)?;
        let fetched_at = meta.fetched_at.map(timestamp::micros).or(self.fetched_at).unwrap_or_else(|| {
            log::warn!(recording = recording.as_str(); "a recording does not say when it was fetched, now is taken; --fetched-at sets it");
            self.now
        });
        Ok(Response {
            status: meta.status.unwrap_or(200),
            body,
            fetched_at,
        })
    }
}
