//! `history`, `waive` and `reconcile`: what was believed, what is let pass, and whether sources agree.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::{Printed, choose, now, open_staging, read_assets, read_staging, refuse_unknown};
use crate::cli::{Format, HistoryArgs, ReconcileArgs, WaiveArgs};
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, AssetId};
use crate::jobs::reconcile::{Closes, Comparison, Difference, compare};
use crate::output::table;
use crate::staging::Staging;

/// The columns of `history`.
pub(super) const VERSION_COLUMNS: &[&str] = &[
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
];
/// The columns of `reconcile`.
pub(super) const DIFFERENCE_COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "source",
    "close",
    "other_source",
    "other_close",
    "difference",
];

/// An id on the command line. It may be of an asset that is no longer configured: its bars are still there.
fn asset_id(text: &str) -> Result<AssetId, ConfigError> {
    AssetId::new(text).map_err(ConfigError)
}

pub(super) fn history(args: &HistoryArgs, format: Format, config: &Config) -> Result<Printed> {
    let asset = asset_id(&args.asset)?;
    let staging = read_staging(config)?;
    let versions = match args.as_of {
        Some(time) => staging.as_of(&asset, args.date, time)?,
        None => staging.history(&asset, args.date)?,
    };
    if versions.is_empty() {
        refuse_unknown(std::slice::from_ref(&args.asset), &staging, config)?;
    }
    Ok(Printed::success(match (format, versions.is_empty()) {
        (Format::Json, _) => table::json(&versions)?,
        (Format::Table, false) => table::table(&versions, VERSION_COLUMNS)?,
        (Format::Table, true) if args.as_of.is_some() => "No bar was known then.\n".to_owned(),
        (Format::Table, true) if args.date.is_some() => "There is no bar of that day.\n".to_owned(),
        (Format::Table, true) => "No bar of it has ever changed.\n".to_owned(),
    }))
}

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
    if staging.lacks_nothing(asset, date)? {
        return refused(format!(
            "{} has a bar of {date}, so that none is missing",
            asset.id
        ));
    }
    Ok(())
}

pub(super) fn waive(args: &WaiveArgs, format: Format, config: &Config) -> Result<Printed> {
    #[derive(Serialize)]
    struct Waiver<'a> {
        asset_id: &'a str,
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
    Ok(Printed::success(match format {
        Format::Json => table::json(&[Waiver {
            asset_id: asset.as_str(),
            date: args.date,
            waived: !args.undo,
            changed,
        }])?,
        Format::Table => format!("{asset} on {} {what}.\n", args.date),
    }))
}

pub(super) fn reconcile(args: &ReconcileArgs, format: Format, config: &Config) -> Result<Printed> {
    let assets = read_assets(&config.assets_file)?;
    let chosen = choose(&assets, &args.assets)?;
    let staging = read_staging(config)?;
    let mut compared: Vec<Comparison> = Vec::new();
    for asset in chosen {
        let mut closes = staging.closes(&asset.id)?;
        let series: Vec<(String, Closes)> = asset
            .own_sources()
            .filter_map(|s| closes.remove_entry(s))
            .collect();
        compared.extend(compare(asset.id.as_str(), &series, args.tolerance));
    }
    let differences: Vec<_> = compared
        .iter()
        .flat_map(|c| c.differences.iter().cloned())
        .collect();
    let text = match format {
        Format::Json => table::json(&differences)?,
        Format::Table => comparison_table(&compared, &differences)?,
    };
    Ok(Printed {
        text,
        exit_code: u8::from(!differences.is_empty()),
    })
}

fn comparison_table(compared: &[Comparison], differences: &[Difference]) -> Result<String> {
    if compared.is_empty() {
        return Ok("No asset has bars of two sources in its own currency; `pricestash collect --all-sources` asks all of them.\n".to_owned());
    }
    let mut text = String::new();
    if !differences.is_empty() {
        let shown: Vec<Shown<'_>> = differences.iter().map(Shown::of).collect();
        text = table::table(&shown, DIFFERENCE_COLUMNS)?;
    }
    for c in compared {
        text.push_str(&format!(
            "{}: {} common days, {} differ\n",
            c.what,
            c.common,
            c.differences.len()
        ));
    }
    Ok(text)
}

/// A difference as a person reads it.
#[derive(Serialize)]
struct Shown<'a> {
    asset_id: &'a str,
    date: NaiveDate,
    source: &'a str,
    close: f64,
    other_source: &'a str,
    other_close: f64,
    difference: String,
}

impl<'a> Shown<'a> {
    fn of(difference: &'a Difference) -> Self {
        Self {
            asset_id: &difference.asset_id,
            date: difference.date,
            source: &difference.source,
            close: difference.close,
            other_source: &difference.other_source,
            other_close: difference.other_close,
            difference: format!("{:+.3} %", difference.difference * 100.0),
        }
    }
}
