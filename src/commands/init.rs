//! `init`, and `assets add|remove|enable|disable`: the files that a user edits.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Printed, read_calendars};
use crate::cli::{AddAssetArgs, AssetsCommand, Format};
use crate::config::assets_edit;
use crate::config::assets_edit::NewAsset;
use crate::config::assets_file::parse_assets;
use crate::config::{Config, ConfigError};
use crate::output::table;
use crate::process::atomic_file::write_beside;

/// A file and what became of it.
#[derive(Serialize)]
struct Written {
    file: String,
    result: &'static str,
}

pub(super) fn init(format: Format, config: &Config) -> Result<Printed> {
    let files = [
        (Path::new(".env"), include_str!("../../.env.example")),
        (&*config.assets_file, include_str!("../../data/assets.toml")),
    ];
    let mut written = Vec::new();
    for (path, content) in files {
        let is_new = write_new(path, content)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        written.push(Written {
            file: path.display().to_string(),
            result: if is_new {
                "written"
            } else {
                "was there, left as it is"
            },
        });
    }
    Ok(Printed::success(match format {
        Format::Json => table::json(&written)?,
        Format::Table => {
            table::table(&written, &["file", "result"])?
                + "Set DATABASE_URL and ALERT_WEBHOOK_URL in .env, look at the assets, then `pricestash doctor` says what is missing.\n"
        }
    }))
}

/// Writes a file unless one is there; says whether it did.
fn write_new(path: &Path, content: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        // Passwords will stand in it.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if path.ends_with(".env") { 0o600 } else { 0o666 });
    }
    match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
        Ok(mut file) => {
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
    }
}

/// What was done to an asset.
#[derive(Serialize)]
struct Edited<'a> {
    asset_id: &'a str,
    result: &'static str,
}

pub(super) fn edit_assets(
    command: &AssetsCommand,
    format: Format,
    config: &Config,
) -> Result<Printed> {
    let path = &config.assets_file;
    let text = fs::read_to_string(path).map_err(|e| {
        ConfigError(format!(
            "ASSETS_FILE is {path:?}, which cannot be read ({e}); `pricestash init` writes one"
        ))
    })?;
    let (id, edited, result) = match command {
        AssetsCommand::Add(args) => (&args.id, assets_edit::add(&text, &new_asset(args)), "added"),
        AssetsCommand::Remove { id } => (id, assets_edit::remove(&text, id), "removed"),
        AssetsCommand::Enable { id } => (id, assets_edit::set_active(&text, id, true), "enabled"),
        AssetsCommand::Disable { id } => {
            (id, assets_edit::set_active(&text, id, false), "disabled")
        }
    };
    let wrong =
        |why: String| ConfigError(format!("{}: {why}; it was left as it is", path.display()));
    let edited = edited.map_err(wrong)?;
    // What could not be read again is not written.
    parse_assets(&edited, &read_calendars()?).map_err(wrong)?;
    let result = if edited == text {
        "was so before"
    } else {
        result
    };
    replace(path, &edited).with_context(|| format!("{} cannot be written", path.display()))?;
    let row = Edited {
        asset_id: id,
        result,
    };
    Ok(Printed::success(match format {
        Format::Json => table::json(&[row])?,
        Format::Table => format!("{} {}.\n", row.asset_id, row.result),
    }))
}

fn new_asset(args: &AddAssetArgs) -> NewAsset {
    NewAsset {
        id: args.id.clone(),
        name: args.name.clone(),
        category: args.category.clone(),
        calendar: args.calendar.clone(),
        currency: args.currency.clone(),
        active: !args.inactive,
        sources: args.sources.clone(),
    }
}

/// Puts a new text in a file's place.
fn replace(path: &Path, text: &str) -> Result<()> {
    // A link goes on leading to the file.
    let path = fs::canonicalize(path)?;
    write_beside(&path, |mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        Ok((file, ()))
    })
}
