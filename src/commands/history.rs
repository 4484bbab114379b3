//! `history`: what the prices of an asset were, since when, and which run changed them.

use anyhow::Result;

use super::answer::Answer;
use super::context::{find_asset, read_staging};
use crate::cli::HistoryArgs;
use crate::config::Config;
use crate::output::print;
use crate::staging::{StoredSource, Version};

/// The columns of `history`.
const COLUMNS: &[&str] = &[
    "date",
    "source",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "known_since",
    "job_id",
    "replaced_at",
    "replaced_by",
    "retracted",
];

pub(super) fn run(args: &HistoryArgs, config: &Config) -> Result<Answer> {
    let staging = read_staging(config)?;
    let asset = find_asset(&args.asset, &staging, config)?;
    let versions = match args.as_of {
        Some(time) => staging.as_of(&asset, args.date, time)?,
        None => staging.history(&asset, args.date)?,
    };
    let none = match (args.as_of, args.date) {
        (Some(_), _) => "No bar was known then.\n",
        (None, Some(_)) => "There is no bar of that day.\n",
        (None, None) => "No bar of it has ever changed.\n",
    };
    let assets = staging.stored_assets()?;
    let stored = assets.into_iter().find(|a| a.asset_id == asset.as_str());
    let sources = stored.map_or_else(Vec::new, |a| a.sources);
    let text = move |versions: &[Version]| match versions {
        [] => Ok(none.to_owned()),
        _ => Ok(print::table(versions, COLUMNS)? + &units(&sources, versions)),
    };
    Ok(Answer::rows(versions, text).with_columns(COLUMNS))
}

/// What the prices of each source are in: `yahoo in GBp`.
fn units(sources: &[StoredSource], versions: &[Version]) -> String {
    let has_some = |s: &&StoredSource| versions.iter().any(|v| v.source == s.source);
    let known = sources.iter().filter(has_some);
    let words: Vec<String> = known
        .map(|s| format!("{} in {}", s.source, s.currency))
        .collect();
    match words.is_empty() {
        true => String::new(),
        false => format!("prices: {}\n", words.join(", ")),
    }
}
