//! Writes the edited assets file; the new text is parsed before it replaces the old one.

use std::path::Path;

use anyhow::{Context, Result};

use super::context::read_calendars;
use crate::config::ConfigError;
use crate::config::assets_file::{parse_assets, parse_assets_file, without_line};
use crate::process::result_file::Place;

/// Replaces the assets file with the edited text. Refuses a text that cannot be parsed, and names the line if the
/// existing file is already broken.
pub(super) fn write_assets(path: &Path, old: &str, edited: Result<String, String>) -> Result<()> {
    let edited = check_assets(path, old, edited)?;
    Place::of(path)
        .map_err(anyhow::Error::from)
        .and_then(|place| place.write(|to| Ok(to.write_all(edited.as_bytes())?)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the edited text if it can be parsed.
///
/// # Errors
/// Why the text must not be written.
pub(super) fn check_assets(
    path: &Path,
    old: &str,
    edited: Result<String, String>,
) -> Result<String, ConfigError> {
    let wrong = |why: String| {
        ConfigError(format!(
            "{}: {why}; the file was not changed",
            path.display()
        ))
    };
    let edited = edited.map_err(wrong)?;
    check_edited(old, &edited).map_err(wrong)?;
    Ok(edited)
}

/// Checks that an edited text can be parsed.
///
/// # Errors
/// Why not, without the line number if the fault is in the new text, which the user cannot look at.
pub(super) fn check_edited(old: &str, edited: &str) -> Result<(), String> {
    let calendars = read_calendars().map_err(|error| format!("{error:#}"))?;
    let Err(why) = parse_assets(edited, &calendars) else {
        return Ok(());
    };
    match parse_assets_file(old, &calendars) {
        Ok(_) => Err(without_line(&why).to_owned()),
        Err(why) => Err(why),
    }
}
