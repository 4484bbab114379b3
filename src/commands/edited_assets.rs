//! The assets file with a change in it: read again before it takes the old one's place.

use std::path::Path;

use anyhow::{Context, Result};

use super::context::read_calendars;
use crate::config::ConfigError;
use crate::config::assets_file::{parse_assets, parse_assets_file, without_line};
use crate::process::result_file::Place;

/// Writes an edited assets file in place of the old text. What could not be read again is not written, and what is wrong in the file
/// as it is there is said with its line.
pub(super) fn write_assets(path: &Path, old: &str, edited: Result<String, String>) -> Result<()> {
    let edited = check_assets(path, old, edited)?;
    Place::of(path)
        .map_err(anyhow::Error::from)
        .and_then(|place| place.write(|to| Ok(to.write_all(edited.as_bytes())?)))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// The edited text, if it can be read.
///
/// # Errors
/// Why it would not be written.
pub(super) fn check_assets(
    path: &Path,
    old: &str,
    edited: Result<String, String>,
) -> Result<String, ConfigError> {
    let wrong =
        |why: String| ConfigError(format!("{}: {why}; it was left as it is", path.display()));
    let edited = edited.map_err(wrong)?;
    check_edited(old, &edited).map_err(wrong)?;
    Ok(edited)
}

/// Whether an edited text can be read.
///
/// # Errors
/// Why not. The line of a text that is not written is none that anybody could look at.
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
