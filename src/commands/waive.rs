//! `waive`: a session without a price is let pass, or looked at again.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{asset_id, choose, now, open_staging, read_assets};
use crate::cli::WaiveArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::Asset;
use crate::staging::Staging;

/// Why a day cannot be waived.
fn check_waiver(asset: &Asset, args: &WaiveArgs, staging: &Staging) -> Result<()> {
    let (date, calendar) = (args.date, &asset.calendar);
    let refused = |why: String| Err(ConfigError(why).into());
    if let Some(reason) = calendar.closed_reason(date) {
        let name = calendar.name();
        return refused(format!(
            "{date} is no session of {name} ({reason}), so that no bar is missing"
        ));
    }
    if date > now().with_timezone(&calendar.zone()).date_naive() {
        return refused(format!(
            "{date} is still to come, so that no bar is missing"
        ));
    }
    let is_empty = |reason: &String| reason.trim().is_empty();
    if args.reason.as_ref().is_some_and(is_empty) {
        return refused(
            "--reason is empty, it should say why the price will never come".to_owned(),
        );
    }
    if staging.has_nothing_to_waive(asset, date)? {
        return refused(format!(
            "{} has a bar of {date}, so that none is missing",
            asset.id
        ));
    }
    Ok(())
}

pub(super) fn run(args: &WaiveArgs, config: &Config) -> Result<Answer> {
    #[derive(Serialize)]
    struct Waiver {
        asset_id: String,
        date: NaiveDate,
        waived: bool,
        changed: bool,
    }
    let asset = asset_id(&args.asset)?;
    let staging = open_staging(config)?;
    let changed = if args.undo {
        staging.unwaive(&asset, args.date)?
    } else {
        let assets = read_assets(&config.assets_file)?;
        for asset in choose(&assets, std::slice::from_ref(&args.asset))? {
            check_waiver(asset, args, &staging)?;
        }
        staging.waive(
            &asset,
            args.date,
            args.reason.as_deref().unwrap_or_default(),
            now(),
        )?
    };
    let what = match (args.undo, changed) {
        (true, true) => "is looked at again",
        (true, false) => "was not waived",
        (false, true) => "is waived",
        (false, false) => "was waived before",
    };
    let waiver = Waiver {
        asset_id: asset.to_string(),
        date: args.date,
        waived: !args.undo,
        changed,
    };
    let text = format!("{asset} on {} {what}.\n", args.date);
    Ok(Answer::row(waiver, text))
}
