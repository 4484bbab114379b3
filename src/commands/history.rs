//! `history`: shows an asset's earlier prices, when they were valid, and which run changed them.

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::{find_asset, read_staging};
use crate::cli::HistoryArgs;
use crate::config::Config;
use crate::domain::digits::shortest;
use crate::output::local_time::of_text;
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};
use crate::staging::{StoredSource, Version};

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
        (Some(_), _) => "No bar was known at that time.\n",
        (None, Some(_)) => "No bar is stored for that day.\n",
        (None, None) => "No bar of it has ever changed.\n",
    };
    let assets = staging.stored_assets()?;
    let stored = assets.into_iter().find(|a| a.asset_id == asset.as_str());
    let sources = stored.map_or_else(Vec::new, |a| a.sources);
    let text = move |versions: &[Version], screen: Screen<'_>| match versions {
        [] => Ok(none.to_owned()),
        _ => Ok(table(versions, screen)? + &units(&sources, versions)),
    };
    Ok(Answer::on_screen(versions, text).with_columns(COLUMNS))
}

/// A version as people read it.
#[derive(Serialize)]
struct ShownVersion<'a> {
    date: &'a str,
    source: &'a str,
    open: String,
    high: String,
    low: String,
    close: String,
    volume: Option<i64>,
    known_since: String,
    job_id: Option<&'a str>,
    replaced_at: Option<String>,
    replaced_by: Option<&'a str>,
    retracted: Option<&'a str>,
}

impl<'a> ShownVersion<'a> {
    fn of(version: &'a Version) -> Self {
        let [open, high, low, close] = version.values.prices().map(shortest);
        Self {
            date: &version.date,
            source: &version.source,
            open,
            high,
            low,
            close,
            volume: version.values.volume,
            known_since: of_text(&version.known_since),
            job_id: version.job_id.as_deref(),
            replaced_at: version.replaced_at.as_deref().map(of_text),
            replaced_by: version.replaced_by.as_deref(),
            retracted: version.retracted.as_deref(),
        }
    }
}

fn table(versions: &[Version], screen: Screen<'_>) -> Result<String> {
    const SHOWN: &[Column] = &[
        always("date"),
        always("source"),
        if_room("open").number(),
        if_room("high").number(),
        if_room("low").number(),
        always("close").number(),
        if_room("volume"),
        always("known_since"),
        if_room("job_id"),
        always("replaced_at"),
        if_room("replaced_by"),
        shortened("retracted", 9),
    ];
    let shown: Vec<ShownVersion<'_>> = versions.iter().map(ShownVersion::of).collect();
    screen::table(&shown, SHOWN, screen)
}

/// The units of each source's prices: `yahoo in GBp`.
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
