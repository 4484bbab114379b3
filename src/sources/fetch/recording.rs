//! Recorded answers as files: `yahoo/SOXL.json`, or as an archive has them,
//! `yahoo/SOXL@20261125T100412.123456Z.json.gz`; beside each an optional `{file}.meta.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

use crate::process::result_file::{self, check_readable};

/// Largest recording that is read, in bytes after decompression; four times the largest answer.
const MAX_BYTES: u64 = 64 << 20;
/// Ending of a compressed recording.
pub(super) const COMPRESSED: &str = ".gz";
/// Ending of the file with metadata of a recording.
pub(super) const META: &str = ".meta.json";
/// The folder with answers to look-ups; it has a folder per source.
pub(super) const LOOK_UPS: &str = "lookup";
/// Format of the time in a recording's name.
const STAMP: &str = "%Y%m%dT%H%M%S%.6fZ";

/// Metadata of a recording.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct RecordingMeta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: serde_json::Value,
    pub(super) fetched_at: Option<DateTime<Utc>>,
    /// First requested day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<NaiveDate>,
    /// Last requested day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<NaiveDate>,
}

/// The name of a recording that is kept beside others of the same name: with its time, compressed.
pub(super) fn stamped(recording: &str, time: DateTime<Utc>) -> String {
    let stamp = time.format(STAMP);
    match recording.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}@{stamp}.{ending}{COMPRESSED}"),
        None => format!("{recording}@{stamp}{COMPRESSED}"),
    }
}

/// The name without time and compression, and the time, if the file is named like a recording.
pub(super) fn plain_name(file: &str) -> (String, Option<DateTime<Utc>>) {
    let name = file.strip_suffix(COMPRESSED).unwrap_or(file);
    let stamped = name.rsplit_once('@').and_then(|(stem, rest)| {
        // The stamp itself has a point before its microseconds.
        let (stamp, ending) = rest.split_once("Z.").map(|(s, e)| (format!("{s}Z"), e))?;
        let time = NaiveDateTime::parse_from_str(&stamp, STAMP).ok()?;
        Some((format!("{stem}.{ending}"), time.and_utc()))
    });
    match stamped {
        Some((name, time)) => (name, Some(time)),
        None => (name.to_owned(), None),
    }
}

/// The recordings in a folder by their plain names, each below the folder of its source.
pub(super) fn list(folder: &Path) -> io::Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in fs::read_dir(folder)? {
        let source = source?;
        if !source.path().is_dir() {
            continue;
        }
        let Ok(source_name) = source.file_name().into_string() else {
            continue;
        };
        for file in fs::read_dir(source.path())? {
            let Ok(file) = file?.file_name().into_string() else {
                continue;
            };
            if !file.ends_with(META) {
                let (name, _) = plain_name(&file);
                let names = found.entry(format!("{source_name}/{name}")).or_default();
                names.push(format!("{source_name}/{file}"));
            }
        }
    }
    for names in found.values_mut() {
        names.sort();
    }
    Ok(found)
}

/// The body of a recording, decompressed.
pub(super) fn read_body(path: &Path) -> io::Result<Vec<u8>> {
    check_readable(path)?;
    let file = File::open(path)?;
    let mut body = Vec::new();
    if path.extension().is_some_and(|e| e == "gz") {
        GzDecoder::new(file)
            .take(MAX_BYTES)
            .read_to_end(&mut body)?;
    } else {
        file.take(MAX_BYTES).read_to_end(&mut body)?;
    }
    Ok(body)
}

/// The metadata of a recording; empty without a file.
pub(super) fn read_meta(path: &Path) -> io::Result<RecordingMeta> {
    match result_file::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(RecordingMeta::default()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamped_name_gives_back_name_and_time() {
        let time: DateTime<Utc> = "2026-11-25T10:04:12.123456Z".parse().unwrap();
        for (recording, file) in [
            (
                "yahoo/BRK.B.json",
                "yahoo/BRK.B@20261125T100412.123456Z.json.gz",
            ),
            (
                "krx/ks200_2026.csv",
                "krx/ks200_2026@20261125T100412.123456Z.csv.gz",
            ),
        ] {
            assert_eq!(stamped(recording, time), file);
            assert_eq!(plain_name(file), (recording.to_owned(), Some(time)));
        }
    }

    #[test]
    fn other_names_stay_as_they_are() {
        for (file, name) in [
            ("SOXL.json", "SOXL.json"),
            ("SOXL.json.gz", "SOXL.json"),
            ("a@b.json", "a@b.json"),
            ("a@2026.json.gz", "a@2026.json"),
        ] {
            assert_eq!(plain_name(file), (name.to_owned(), None));
        }
    }
}
