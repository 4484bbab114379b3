//! `history`: what the prices of an asset were, since when, and which run changed them.

use anyhow::Result;

use super::context::{asset_id, read_staging, refuse_unknown};
use super::printed::Printed;
use crate::cli::{Format, HistoryArgs};
use crate::config::Config;
use crate::output::table;

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

pub(super) fn run(args: &HistoryArgs, format: Format, config: &Config) -> Result<Printed> {
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
