//! `doctor`'s look at the files around: what killed runs left, and who may read the settings.

use crate::commands::leftovers;
use crate::config::Config;
use crate::jobs::doctor::Check;
use crate::output::numbers::counted;

/// What killed runs left; nothing is said where there is nothing.
pub(super) fn leftovers(config: &Config) -> Option<Check> {
    let left = leftovers::count(config);
    let files = u64::try_from(left.files).unwrap_or(u64::MAX);
    (files > 0).then(|| {
        Check::warn(
            "leftovers",
            format!(
                "{} of runs that were killed, {} kB",
                counted(files, "file is left", "files are left"),
                left.bytes.div_ceil(1000)
            ),
            "the next collect or sync removes them, and `pricestash prune` does it now",
        )
    })
}

/// Whether others may read the file of the settings.
pub(super) fn settings() -> Option<Check> {
    let others = readers_of_settings()?;
    Some(Check::warn(
        "settings file",
        format!("{others} may read .env, where passwords stand"),
        "`chmod 600 .env` lets only its owner read it",
    ))
}

#[cfg(unix)]
fn readers_of_settings() -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt;

    match std::fs::metadata(".env").ok()?.permissions().mode() {
        mode if mode & 0o006 != 0 => Some("every user of this machine"),
        mode if mode & 0o060 != 0 => Some("the users of its group"),
        _ => None,
    }
}

/// Who may read a file on Windows stands in its folder's properties, where nothing here can look.
#[cfg(not(unix))]
fn readers_of_settings() -> Option<&'static str> {
    None
}
