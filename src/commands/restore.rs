//! `restore`: a backup takes the place of the staging file; what was there is kept beside it.

use std::iter;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::backup::CopiedFile;
use super::context::now;
use super::printed::Printed;
use crate::cli::{Format, RestoreArgs};
use crate::config::Config;
use crate::output::table;
use crate::staging::Staging;

pub(super) fn run(args: &RestoreArgs, format: Format, config: &Config) -> Result<Printed> {
    let path = &config.staging_db;
    let (copied, kept) = Staging::restore(&args.file, path, &keep_as(path, now()))?;
    let copy = CopiedFile {
        file: path.display().to_string(),
        bars: copied.bars,
        bytes: copied.bytes,
        kept_as: kept.map(|k| k.display().to_string()),
    };
    Ok(Printed::success(match format {
        Format::Json => table::json(&[&copy])?,
        Format::Table => {
            let kept = copy
                .kept_as
                .map(|k| format!(" What was there is kept as {k}."));
            format!(
                "Restored {} with {} bars from {}.{}\n",
                copy.file,
                copy.bars,
                args.file.display(),
                kept.unwrap_or_default()
            )
        }
    }))
}

/// `data/staging.db.before-restore-20261125T180000Z`, under which nothing is yet.
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
