//! `prune`: removes old rows from the staging file and old answers from an archive; never a price.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::answer::Answer;
use super::context::{now, open_staging};
use super::leftovers;
use crate::cli::PruneArgs;
use crate::config::{Config, ConfigError};
use crate::output::print;
use crate::sources::fetch::{count_old_answers, prune_archive};
use crate::staging::Old;

#[derive(Serialize)]
struct Pruned {
    what: String,
    /// `None` if age does not matter.
    older_than_days: Option<u32>,
    removed: u64,
    dry_run: bool,
}

pub(super) fn run(args: &PruneArgs, config: &Config) -> Result<Answer> {
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
            older_than_days: Some(days),
            removed: removed as u64,
            dry_run: args.dry_run,
        });
    }
    if let Some(folder) = args.archive.as_ref().filter(|_| args.archive_days > 0) {
        pruned.push(prune_answers(args, folder, now)?);
    }
    pruned.extend(prune_leftovers(args, config));
    let dry_run = args.dry_run;
    Ok(Answer::rows(pruned, move |pruned| table(pruned, dry_run)))
}

/// Removes what killed runs left behind; reports nothing if there is nothing.
fn prune_leftovers(args: &PruneArgs, config: &Config) -> Option<Pruned> {
    let files = leftovers::count(config).files;
    if !args.dry_run {
        leftovers::remove(config);
    }
    (files > 0).then(|| Pruned {
        what: "files of killed runs".to_owned(),
        older_than_days: None,
        removed: files as u64,
        dry_run: args.dry_run,
    })
}

fn prune_answers(args: &PruneArgs, folder: &Path, now: DateTime<Utc>) -> Result<Pruned> {
    if !folder.is_dir() {
        return Err(ConfigError(format!("--archive: folder {folder:?} does not exist")).into());
    }
    let remove = if args.dry_run {
        count_old_answers
    } else {
        prune_archive
    };
    Ok(Pruned {
        what: folder.display().to_string(),
        older_than_days: Some(args.archive_days),
        removed: remove(folder, args.archive_days, now)
            .with_context(|| format!("cannot prune the archive {}", folder.display()))?,
        dry_run: args.dry_run,
    })
}

fn table(pruned: &[Pruned], dry_run: bool) -> Result<String> {
    let mut text = print::table(pruned, &["what", "older_than_days", "removed"])?;
    if dry_run {
        text.push_str("This was a dry run: nothing was removed.\n");
    }
    Ok(text)
}
