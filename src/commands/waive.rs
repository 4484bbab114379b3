//! `waive`: accepts sessions without a price, or findings about values that are right; --undo withdraws that.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{choose, find_asset, now, open_staging, read_assets};
use crate::cli::WaiveArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::finding::Rule;
use crate::domain::window::Window;
use crate::staging::Staging;

/// The result. The fields are its columns.
#[derive(Serialize)]
struct Waiver {
    asset_id: String,
    rule: Rule,
    /// The first day.
    date: NaiveDate,
    /// The last day.
    end: NaiveDate,
    waived: bool,
    changed: bool,
}

pub(super) fn run(args: &WaiveArgs, config: &Config) -> Result<Answer> {
    let staging = open_staging(config)?;
    let id = find_asset(&args.asset, &staging, config)?;
    let reason = args.reason.as_deref().unwrap_or_default();
    if args.reason.is_some() && reason.trim().is_empty() {
        return refused("--reason is empty; say why the price will never arrive".to_owned());
    }
    let days = args.days;
    let changed = match (args.rule, args.undo) {
        (Rule::DateGap, true) => undo_gaps(&staging, &id, days)?,
        (rule, true) => staging.unwaive_rule(&id, rule, days)?,
        (rule, false) => {
            let assets = read_assets(&config.assets_file)?;
            let chosen = choose(&assets, &[id.to_string()])?;
            let mut changed = false;
            for asset in chosen {
                changed |= match rule {
                    Rule::DateGap => waive_gaps(&staging, asset, days, reason)?,
                    rule => staging.waive_rule(&asset.id, rule, days, reason, now())?,
                };
            }
            changed
        }
    };
    let text = in_words(args, &id, changed);
    let Window { start, end } = days;
    let waiver = Waiver {
        asset_id: id.to_string(),
        rule: args.rule,
        date: start,
        end,
        waived: !args.undo,
        changed,
    };
    Ok(Answer::row(waiver, text))
}

/// What became of the days.
fn in_words(args: &WaiveArgs, id: &AssetId, changed: bool) -> String {
    let Window { start, end } = args.days;
    let what = match args.rule {
        Rule::DateGap => id.to_string(),
        rule => format!("{rule} of {id}"),
    };
    // Of a range only the sessions without a bar are waived.
    if !args.undo && args.rule == Rule::DateGap && start < end {
        return match changed {
            true => format!("{id} from {start} to {end}: the sessions without a bar are waived.\n"),
            false => format!(
                "{id} from {start} to {end}: no session without a bar that is not waived already.\n"
            ),
        };
    }
    match (args.undo, changed, start == end) {
        (true, true, true) => format!("{what} on {start} is checked again.\n"),
        (true, true, false) => format!("{what} from {start} to {end} is checked again.\n"),
        (true, false, true) => format!("{what} on {start} was not waived.\n"),
        (true, false, false) => format!("{what} from {start} to {end} was not waived.\n"),
        (false, true, true) => format!("{what} on {start} is waived.\n"),
        (false, true, false) => format!("{what} from {start} to {end} is waived.\n"),
        (false, false, true) => format!("{what} on {start} was already waived.\n"),
        (false, false, false) => format!("{what} from {start} to {end} was already waived.\n"),
    }
}

fn refused<T>(why: String) -> Result<T> {
    Err(ConfigError(why).into())
}

/// Why a missing bar cannot be waived.
fn check_gap(asset: &Asset, date: NaiveDate, staging: &Staging) -> Result<Option<String>> {
    let calendar = &asset.calendar;
    if let Some(reason) = calendar.closed_reason(date) {
        let name = calendar.name();
        return Ok(Some(format!(
            "{date} is not a session of {name} ({reason}), so no bar is missing"
        )));
    }
    if date > now().with_timezone(&calendar.zone()).date_naive() {
        return Ok(Some(format!(
            "{date} is in the future, so no bar is missing"
        )));
    }
    if staging.has_nothing_to_waive(asset, date)? {
        return Ok(Some(format!(
            "{} has a bar on {date}, so none is missing",
            asset.id
        )));
    }
    Ok(None)
}

/// Waives the sessions of these days that have no bar. For a single day, explains why there is none to waive.
fn waive_gaps(staging: &Staging, asset: &Asset, days: Window, reason: &str) -> Result<bool> {
    if days.start == days.end {
        if let Some(why) = check_gap(asset, days.start, staging)? {
            return refused(why);
        }
        return staging.waive(&asset.id, days.start, reason, now());
    }
    let (mut found, mut changed) = (false, false);
    for date in asset.calendar.sessions(days.start, days.end) {
        if check_gap(asset, date, staging)?.is_none() {
            found = true;
            changed |= staging.waive(&asset.id, date, reason, now())?;
        }
    }
    match found {
        true => Ok(changed),
        false => refused(format!(
            "{} has no missing session from {} to {}",
            asset.id, days.start, days.end
        )),
    }
}

fn undo_gaps(staging: &Staging, id: &AssetId, days: Window) -> Result<bool> {
    let mut changed = false;
    for date in days.start.iter_days().take_while(|d| *d <= days.end) {
        changed |= staging.unwaive(id, date)?;
    }
    Ok(changed)
}
