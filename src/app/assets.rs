//! `assets`.

use anyhow::Result;
use serde::Serialize;

use super::{Printed, read_assets};
use crate::cli::Format;
use crate::config::Config;
use crate::render;

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

pub(super) fn run(format: Format, config: &Config) -> Result<Printed> {
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
        Format::Json => render::json(&rows)?,
        Format::Table => render::table(
            &rows,
            &[
                "asset_id", "name", "category", "calendar", "currency", "active", "sources",
            ],
        )?,
    }))
}
