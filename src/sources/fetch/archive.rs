//! Keeps every answer as received, in the layout that a replay reads.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::recording::{LOOK_UPS, META, RecordingMeta, plain_name, stamped};
use super::{Feed, FetchError, LookUpFeed, Part, Question, Request, Response};
use crate::domain::window::Window;
use crate::sources::Upstream;

/// Ending of a file that is still being written.
const UNFINISHED: &str = ".part";

/// A feed whose answers are kept in a folder, failures included.
///
/// Each name contains the time (`yahoo/SOXL@20261125T100412.123456Z.json.gz`), with a `.meta.json` beside it. A folder
/// that cannot be written does not stop collecting: it is reported once, at the end.
pub(crate) struct Archive<F> {
    feed: F,
    folder: PathBuf,
    /// The first write error.
    failure: Mutex<Option<String>>,
}

impl<F: Feed> Archive<F> {
    /// Keeps the answers of `feed` in a folder, which is created.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub(crate) fn new(feed: F, folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            feed,
            folder: folder.to_owned(),
            failure: Mutex::default(),
        })
    }

    /// The first write error.
    #[must_use]
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, recording: &str, days: Option<Window>, response: &Response) {
        if let Err(error) = self.write(recording, days, response) {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| {
                format!(
                    "cannot keep an answer in {}: {error}",
                    self.folder.display()
                )
            });
        }
    }

    /// Writes an answer and the days that were requested.
    fn write(&self, recording: &str, days: Option<Window>, response: &Response) -> io::Result<()> {
        let path = self.free_path(recording, response.fetched_at);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let meta = RecordingMeta {
            url: Some(response.url.clone()),
            status: Some(response.status),
            headers: headers(response),
            fetched_at: Some(response.fetched_at),
            start: days.map(|days| days.start),
            end: days.map(|days| days.end),
        };
        // The file with the status comes first: a body without it would count as a success.
        fs::write(with_ending(&path, META), serde_json::to_vec_pretty(&meta)?)?;
        let unfinished = with_ending(&path, UNFINISHED);
        let mut encoder = GzEncoder::new(File::create(&unfinished)?, Compression::default());
        encoder.write_all(&response.body)?;
        encoder.finish()?.flush()?;
        fs::rename(unfinished, path)
    }

    /// A free path for a recording; another process may have used the same microsecond.
    fn free_path(&self, recording: &str, time: DateTime<Utc>) -> PathBuf {
        let mut time = time;
        loop {
            let path = self.folder.join(stamped(recording, time));
            if !path.exists() {
                return path;
            }
            time += TimeDelta::microseconds(1);
        }
    }
}

fn headers(response: &Response) -> serde_json::Value {
    let mut headers = serde_json::Map::new();
    for (name, value) in &response.headers {
        headers.insert(name.clone(), value.as_str().into());
    }
    headers.into()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    name.into()
}

impl<F: Feed> Feed for Archive<F> {
    fn asked_at(&self, upstream: &dyn Upstream, symbol: &str) -> DateTime<Utc> {
        self.feed.asked_at(upstream, symbol)
    }

    fn host(&self, request: Request<'_>) -> String {
        self.feed.host(request)
    }

    fn parts(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<Part> {
        self.feed.parts(upstream, symbol, window)
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let response = self.feed.get(request)?;
        let window = request.part.window;
        let recording = request.upstream.recording(request.symbol, window);
        self.keep(&recording, Some(window), &response);
        Ok(response)
    }
}

impl<F: LookUpFeed + Feed> LookUpFeed for Archive<F> {
    fn look_up(&self, question: Question<'_>) -> Result<Response, FetchError> {
        let response = self.feed.look_up(question)?;
        let recordings = question.look_up.recordings(question.word);
        if let Some(recording) = recordings.first() {
            self.keep(&format!("{LOOK_UPS}/{recording}"), None, &response);
        }
        Ok(response)
    }
}

/// Removes archived answers older than `days` days, by the time in their names or else of the files, and returns how
/// many. Other files, including recordings that people put there, stay.
///
/// # Errors
/// If the folder cannot be read or a file cannot be removed.
pub(crate) fn prune_archive(folder: &Path, days: u32, now: DateTime<Utc>) -> io::Result<u64> {
    let old = old_answers(folder, days, now)?;
    old.iter().try_for_each(fs::remove_file)?;
    Ok(count_answers(&old))
}

/// How many answers [`prune_archive`] would remove.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) fn count_old_answers(folder: &Path, days: u32, now: DateTime<Utc>) -> io::Result<u64> {
    old_answers(folder, days, now).map(|old| count_answers(&old))
}

fn count_answers(files: &[PathBuf]) -> u64 {
    let is_meta = |path: &&PathBuf| path.to_string_lossy().ends_with(META);
    (files.len() - files.iter().filter(is_meta).count()) as u64
}

/// The folders of an archive that contain answers, including those of look-ups.
fn source_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let folders = |of: &Path| -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(of)?.map(|entry| Ok(entry?.path()));
        let mut folders: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
        folders.retain(|path| path.is_dir());
        Ok(folders)
    };
    let mut found = folders(folder)?;
    let look_ups = folder.join(LOOK_UPS);
    if look_ups.is_dir() {
        found.extend(folders(&look_ups)?);
    }
    Ok(found)
}

/// The answers in an archive that are older than `days` days.
fn old_answers(folder: &Path, days: u32, now: DateTime<Utc>) -> io::Result<Vec<PathBuf>> {
    let oldest = now - TimeDelta::days(i64::from(days));
    let mut old = Vec::new();
    for source in source_folders(folder)? {
        for file in fs::read_dir(&source)? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let body = name.trim_end_matches(META).trim_end_matches(UNFINISHED);
            let (_, Some(stamp)) = plain_name(body) else {
                continue;
            };
            let modified = file.metadata().and_then(|m| m.modified());
            let written = modified.map_or(now, |t: SystemTime| t.into());
            if stamp.min(written) < oldest {
                old.push(file.path());
            }
        }
    }
    Ok(old)
}
