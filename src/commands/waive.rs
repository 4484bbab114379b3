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
    let what = match (args.undo, changed) {
        (true, true) => "is checked again",
        (true, false) => "was not waived",
        (false, true) => "is waived",
        (false, false) => "was already waived",
    };
    let Window { start, end } = days;
    let waiver = Waiver {
        asset_id: id.to_string(),
        rule: args.rule,
        date: start,
        end,
        waived: !args.undo,
        changed,
    };
    let when = match start == end {
        true => format!("on {start}"),
        false => format!("from {start} to {end}"),
    };
    let rule = match args.rule {
        Rule::DateGap => String::new(),
        rule => format!("{rule} of "),
    };
    let text = match (args.rule, start == end, args.undo, changed) {
        // Days with a bar are not waived.
        (Rule::DateGap, false, false, true) => {
            format!("{id} {when}: the sessions without a bar are waived.\n")
        }
        (Rule::DateGap, false, false, false) => {
            format!("{id} {when}: no session without a bar that is not waived already.\n")
        }
        _ => format!("{rule}{id} {when} {what}.\n"),
    };
    Ok(Answer::row(waiver, text))
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
