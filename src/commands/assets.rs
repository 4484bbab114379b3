//! `assets`: shows or edits the configured assets, or shows a year of a calendar.

use anyhow::Result;
use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::answer::Answer;
use super::context::{assets_text, now, read_assets, read_calendars};
use super::edited_assets::write_assets;
use super::{assets_add, assets_search, test_source};
use crate::cli::{AssetsArgs, AssetsCommand, AssetsEdit};
use crate::config::assets_edit;
use crate::config::{Config, ConfigError};
use crate::domain::asset::SourceKind;
use crate::domain::asset_names::AssetNames;
use crate::domain::close::what_it_is;
use crate::output::calendar_year::CalendarYear;
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};

/// Columns of `assets`.
const COLUMNS: &[&str] = &[
    "asset_id", "name", "category", "calendar", "currency", "active", "sources",
];

/// An asset as `assets` shows it.
#[derive(Serialize)]
struct AssetRow {
    asset_id: String,
    name: String,
    category: &'static str,
    calendar: String,
    currency: String,
    active: bool,
    sources: Vec<String>,
}

pub(super) fn run(args: &AssetsArgs, config: &Config) -> Result<Answer> {
    match &args.command {
        Some(AssetsCommand::Add(args)) => return assets_add::run(args, config),
        Some(AssetsCommand::Edit(command)) => return edit_assets(command, config),
        Some(AssetsCommand::Search(args)) => return assets_search::run(args, config),
        Some(AssetsCommand::TestSource(args)) => return test_source::run(args, config),
        Some(AssetsCommand::List) | None => {}
    }
    if let Some(name) = &args.calendar {
        return calendar(name, args.year);
    }
    if args.calendars {
        return calendars();
    }
    let assets = read_assets(&config.assets_file)?;
    let sources = assets.iter().flat_map(|a| &a.sources);
    let kinds: Vec<SourceKind> = sources.map(|s| s.kind).collect();
    let rows = assets.into_iter().map(|a| AssetRow {
        asset_id: a.id.to_string(),
        name: a.name,
        category: a.category.name(),
        calendar: a.calendar.name().to_owned(),
        currency: a.currency,
        active: a.active,
        sources: a
            .sources
            .iter()
            .map(|s| format!("{} {} {}", s.stored_as, s.symbol, s.currency))
            .collect(),
    });
    let rows: Vec<AssetRow> = rows.collect();
    let closes = closes_of(&kinds);
    Ok(
        Answer::on_screen(rows, move |rows, screen| Ok(table(rows, screen)? + &closes))
            .with_columns(COLUMNS),
    )
}

fn table(rows: &[AssetRow], screen: Screen<'_>) -> Result<String> {
    const SHOWN: &[Column] = &[
        always("asset_id"),
        shortened("name", 12),
        if_room("category"),
        always("calendar"),
        always("currency"),
        if_room("active"),
        shortened("asked", 20).titled("sources"),
    ];
    #[derive(Serialize)]
    struct ShownAsset<'a> {
        #[serde(flatten)]
        row: &'a AssetRow,
        asked: String,
    }
    let asked = |row: &AssetRow| {
        // The asset's own currency has its own column.
        let own = format!(" {}", row.currency);
        let sources = row.sources.iter();
        let sources: Vec<&str> = sources.map(|s| s.strip_suffix(&own).unwrap_or(s)).collect();
        sources.join(", ")
    };
    let shown = rows.iter().map(|row| ShownAsset {
        asked: asked(row),
        row,
    });
    let mut text = screen::table(&shown.collect::<Vec<_>>(), SHOWN, screen)?;
    let inactive = rows.iter().filter(|row| !row.active);
    let inactive: Vec<&str> = inactive.map(|row| row.asset_id.as_str()).collect();
    if !inactive.is_empty() {
        text.push_str(&format!("inactive: {}\n", inactive.join(", ")));
    }
    Ok(text)
}

/// Explains what a close of each of the asset's sources is.
fn closes_of(kinds: &[SourceKind]) -> String {
    let mut text = String::new();
    for (at, kind) in kinds.iter().enumerate() {
        if !kinds.iter().take(at).any(|k| k == kind) {
            let what = what_it_is(*kind);
            text.push_str(&format!("closes of {}: {what}\n", kind.name()));
        }
    }
    text
}

/// A year of a calendar, for a person to look at.
fn calendar(name: &str, year: Option<i32>) -> Result<Answer> {
    let calendars = read_calendars()?;
    let calendar = calendars
        .get(name)
        .or_else(|| calendars.get(&name.to_uppercase()));
    let calendar = calendar.ok_or_else(|| {
        let names = calendars.names();
        ConfigError(format!("--calendar: {name:?} is not one of {names}"))
    })?;
    let today = now().with_timezone(&calendar.zone()).date_naive();
    let year = year.unwrap_or_else(|| today.year());
    let days = CalendarYear::new(&calendar, year).days();
    Ok(Answer::on_screen(days, move |_, screen| {
        Ok(CalendarYear::new(&calendar, year).text(screen.room(200)))
    }))
}

/// A row of the list of calendars.
#[derive(Serialize)]
struct CalendarRow {
    calendar: String,
    name: String,
    zone: &'static str,
    known_from: Option<NaiveDate>,
    known_until: Option<NaiveDate>,
    origin: String,
}

fn calendars() -> Result<Answer> {
    let calendars = read_calendars()?;
    let rows = calendars.all().map(|c| CalendarRow {
        calendar: c.name().to_owned(),
        name: c.title().to_owned(),
        zone: c.zone().name(),
        known_from: c.known_from(),
        known_until: c.known_until(),
        origin: c.origin(),
    });
    const COLUMNS: &[Column] = &[
        always("calendar"),
        shortened("name", 20),
        if_room("zone"),
        always("known_until"),
        shortened("origin", 12),
    ];
    Ok(Answer::table(rows.collect(), COLUMNS))
}

/// The result of an edit.
#[derive(Serialize)]
struct Edited {
    asset_id: String,
    result: &'static str,
}

/// `assets remove|enable|disable`.
fn edit_assets(command: &AssetsEdit, config: &Config) -> Result<Answer> {
    let path = &config.assets_file;
    let text = assets_text(path)?;
    let (id, edited, result, changed, same) = match command {
        AssetsEdit::Remove { id } => {
            let id = known_id(id, config)?;
            let edited = assets_edit::remove(&text, &id);
            let changed = format!("{id} removed.\n");
            let same = format!("{id} is already removed; nothing changed.\n");
            (id, edited, "removed", changed, same)
        }
        AssetsEdit::Enable { id } => {
            let id = known_id(id, config)?;
            let edited = assets_edit::set_active(&text, &id, true);
            let changed = format!("{id} enabled.\n");
            let same = format!("{id} is already enabled; nothing changed.\n");
            (id, edited, "enabled", changed, same)
        }
        AssetsEdit::Disable { id } => {
            let id = known_id(id, config)?;
            let edited = assets_edit::set_active(&text, &id, false);
            let changed = format!("{id} disabled.\n");
            let same = format!("{id} is already disabled; nothing changed.\n");
            (id, edited, "disabled", changed, same)
        }
    };
    let is_same = edited.as_ref() == Ok(&text);
    write_assets(path, &text, edited)?;
    let row = Edited {
        asset_id: id,
        result: if is_same { "unchanged" } else { result },
    };
    Ok(Answer::row(row, if is_same { same } else { changed }))
}

/// The asset id for a name. If the file is broken elsewhere, only ids as written in it work, so that it can still be
/// repaired.
fn known_id(name: &str, config: &Config) -> Result<String, ConfigError> {
    match read_assets(&config.assets_file) {
        Ok(assets) => {
            let names = AssetNames::of(&assets);
            names.find(name).map(str::to_owned).map_err(ConfigError)
        }
        Err(_) => Ok(name.to_owned()),
    }
}
