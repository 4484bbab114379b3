//! `restore`: replaces the staging file with a backup and keeps the old file beside it.

use std::io::ErrorKind;
use std::iter;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::backup::CopiedFile;
use super::context::now;
use crate::cli::RestoreArgs;
use crate::config::{Config, ConfigError};
use crate::process::result_file::Place;
use crate::staging::Staging;

pub(super) fn run(args: &RestoreArgs, config: &Config) -> Result<Answer> {
    let path = &real_place(&config.staging_db)?;
    let (copied, kept) = Staging::restore(&args.file, path, &keep_as(path, now()))?;
    let copy = CopiedFile {
        file: path.display().to_string(),
        bars: copied.bars,
        bytes: copied.bytes,
        kept_as: kept.map(|k| k.display().to_string()),
    };
    let (file, bars, backup) = (&copy.file, copy.bars, args.file.display());
    let text = match &copy.kept_as {
        None => format!("Restored {file} with {bars} bars from {backup}.\n"),
        Some(kept) => format!(
            "Restored {file} with {bars} bars from {backup}. The previous file is kept as {kept}.\n"
        ),
    };
    Ok(Answer::row(copy, text))
}

/// The target of a link: the old file is kept there and the new one goes there.
fn real_place(staging: &Path) -> Result<PathBuf, ConfigError> {
    match Place::file(staging) {
        // Not even its folder exists yet.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(staging.to_owned()),
        place => {
            place.map_err(|e| ConfigError(format!("cannot write STAGING_DB {staging:?}: {e}")))
        }
    }
}

/// A free name such as `data/staging.db.before-restore-20261125T180000Z`.
fn keep_as(path: &Path, now: DateTime<Utc>) -> PathBuf {
    let named = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(now.format(".before-restore-%Y%m%dT%H%M%SZ").to_string());
        name.push(ending);
        PathBuf::from(name)
    };
    let numbered = (2..).map(|n| named(&format!("-{n}")));
    let mut names = iter::once(named("")).chain(numbered);
    names.find(|n| !n.exists()).unwrap_or_else(|| named(""))
}
