//! `backup`, `restore` and `prune`: what the staging file needs after a year.

use std::iter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::own_files::refuse_own_file;
use super::{Printed, now, open_staging, read_staging};
use crate::cli::{BackupArgs, Format, PruneArgs, RestoreArgs};
use crate::config::{Config, ConfigError};
use crate::output::table;
use crate::sources::fetch::{count_old_answers, prune_archive};
use crate::staging::{Old, Staging, check_backup_target};

/// What was copied where.
#[derive(Serialize)]
struct Copy {
    file: String,
    bars: u64,
    bytes: u64,
    /// Where what was there before is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_as: Option<String>,
}

pub(super) fn backup(args: &BackupArgs, format: Format, config: &Config) -> Result<Printed> {
    refuse_own_file("the backup", &args.file, config)?;
    check_backup_target(&args.file, args.force)?;
    let copied = read_staging(config)?.backup(&args.file)?;
    let copy = Copy {
        file: args.file.display().to_string(),
        bars: copied.bars,
        bytes: copied.bytes,
        kept_as: None,
    };
    Ok(Printed::success(match format {
        Format::Json => table::json(&[&copy])?,
        Format::Table => format!(
            "Wrote {} with {} bars, {} bytes; SQLite finds it sound.\n",
            copy.file, copy.bars, copy.bytes
        ),
    }))
}

pub(super) fn restore(args: &RestoreArgs, format: Format, config: &Config) -> Result<Printed> {
    let path = &config.staging_db;
    let (copied, kept) = Staging::restore(&args.file, path, &keep_as(path, now()))?;
    let copy = Copy {
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

/// What was removed.
#[derive(Serialize)]
struct Pruned {
    what: String,
    older_than_days: u32,
    removed: u64,
    dry_run: bool,
}

pub(super) fn prune(args: &PruneArgs, format: Format, config: &Config) -> Result<Printed> {
    let staging = open_staging(config)?;
    let now = now();
    let mut pruned = Vec::new();
    for (old, days) in [
        (Old::Quarantine, args.quarantine),
        (Old::Runs, args.runs),
        (Old::History, args.history),
    ] {
        if days == 0 {
            continue;
        }
        let before = now - TimeDelta::days(i64::from(days));
        let removed = staging.prune(old, before, !args.dry_run)?;
        pruned.push(Pruned {
            what: old.table().to_owned(),
            older_than_days: days,
            removed: removed as u64,
            dry_run: args.dry_run,
        });
    }
    if let Some(folder) = args.archive.as_ref().filter(|_| args.archive_days > 0) {
        pruned.push(prune_answers(args, folder, now)?);
    }
    let text = match format {
        Format::Json => table::json(&pruned)?,
        Format::Table => table(&pruned, args.dry_run)?,
    };
    Ok(Printed::success(text))
}

fn prune_answers(args: &PruneArgs, folder: &Path, now: DateTime<Utc>) -> Result<Pruned> {
    if !folder.is_dir() {
        return Err(ConfigError(format!("--archive is {folder:?}, which is no folder")).into());
    }
    let remove = if args.dry_run {
        count_old_answers
    } else {
        prune_archive
    };
    Ok(Pruned {
        what: folder.display().to_string(),
        older_than_days: args.archive_days,
        removed: remove(folder, args.archive_days, now)
            .with_context(|| format!("the archive {} cannot be pruned", folder.display()))?,
        dry_run: args.dry_run,
    })
}

fn table(pruned: &[Pruned], dry_run: bool) -> Result<String> {
    let mut text = table::table(pruned, &["what", "older_than_days", "removed"])?;
    if dry_run {
        text.push_str("This was a dry run: nothing was removed.\n");
    }
    Ok(text)
}
