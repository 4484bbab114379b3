//! `assets`, and a year of a calendar.

use anyhow::Result;
use chrono::Datelike;
use serde::Serialize;

use super::{Printed, now, read_assets, read_calendars};
use crate::cli::{AssetsArgs, Format};
use crate::config::{Config, ConfigError};
use crate::output::calendar_year::Year;
use crate::output::table;

/// An asset as `assets` shows it.
#[derive(Serialize)]
struct AssetRow<'a> {
    asset_id: &'a str,
    name: &'a str,
    category: &'a str,
    calendar: &'a str,
    currency: &'a str,
    active: bool,
    sources: Vec<String>,
}

pub(super) fn run(args: &AssetsArgs, format: Format, config: &Config) -> Result<Printed> {
    if let Some(name) = &args.calendar {
        return calendar(name, args.year, format);
    }
    let assets = read_assets(&config.assets_file)?;
    let rows: Vec<AssetRow<'_>> = assets
        .iter()
        .map(|a| AssetRow {
            asset_id: a.id.as_str(),
            name: &a.name,
            category: a.category.name(),
            calendar: a.calendar.name(),
            currency: &a.currency,
            active: a.active,
            sources: a
                .sources
                .iter()
                .map(|s| format!("{} {} {}", s.stored_as, s.symbol, s.currency))
                .collect(),
        })
        .collect();
    Ok(Printed::success(match format {
        Format::Json => table::json(&rows)?,
        Format::Table => table::table(
            &rows,
            &[
                "asset_id", "name", "category", "calendar", "currency", "active", "sources",
            ],
        )?,
    }))
}

/// A year of a calendar, for a person to look at.
fn calendar(name: &str, year: Option<i32>, format: Format) -> Result<Printed> {
    let calendars = read_calendars()?;
    let calendar = calendars.get(&name.to_uppercase()).ok_or_else(|| {
        let names = calendars.names();
        ConfigError(format!(
            "--calendar is {name:?}, it should be one of {names}"
        ))
    })?;
    let today = now().with_timezone(&calendar.zone()).date_naive();
    let year = Year::new(calendar, year.unwrap_or_else(|| today.year()));
    Ok(Printed::success(match format {
        Format::Json => table::json(&year.days())?,
        Format::Table => year.text(),
    }))
}
