//! Protects the program's own files from being overwritten by a result.

use std::fs;
use std::path::{Component, Path, PathBuf, absolute};

use crate::config::{Config, ConfigError};
use crate::staging::belongs_to;

/// Refuses to overwrite the staging file, its companions, the assets file or `.env`. `what` is the user's name for the
/// path: `--output`.
///
/// # Errors
/// Names the file that would be overwritten.
pub(super) fn refuse_own_file(what: &str, path: &Path, config: &Config) -> Result<(), ConfigError> {
    let targets = places(path);
    let is = |own: &Path| places(own).iter().any(|place| targets.contains(place));
    let own = if is(&config.staging_db) {
        "the staging file"
    } else if is_companion(&targets, &config.staging_db) {
        "a file that belongs to the staging file"
    } else if is(&config.assets_file) {
        "the assets file"
    } else if is(Path::new(".env")) {
        "the file of the settings"
    } else {
        return Ok(());
    };
    Err(ConfigError(format!(
        "{what}: {path:?} is {own}; choose another name. Nothing was written"
    )))
}

fn is_companion(targets: &[PathBuf], staging: &Path) -> bool {
    places(staging).iter().any(|staging| {
        let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
        targets.iter().any(|target| {
            let (Some(target_name), Some(staging_name)) = (name(target), name(staging)) else {
                return false;
            };
            target.parent() == staging.parent() && belongs_to(&staging_name, &target_name)
        })
    })
}

/// The path itself and, for a link, its target.
fn places(path: &Path) -> [PathBuf; 2] {
    let leads_to = resolve(path);
    let named = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolve(folder).join(name),
        _ => leads_to.clone(),
    };
    [named, leads_to]
}

/// Resolves links and dots. Parts that do not exist yet stay as written.
fn resolve(path: &Path) -> PathBuf {
    // An empty path means the working folder.
    let path = Path::new(".").join(path);
    let path = absolute(&path).unwrap_or(path);
    let mut place = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            place.pop();
            continue;
        }
        place.push(component);
        if let Ok(real) = fs::canonicalize(&place) {
            place = real;
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    #[test]
    fn a_path_is_recognised_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).unwrap();
        fs::write(at("data/s.db"), "bars").unwrap();
        let variables = |name: &str| {
            let path = match name {
                "STAGING_DB" => at("data/s.db"),
                "ASSETS_FILE" => at("data/assets.toml"),
                _ => return None,
            };
            Some(path.to_str().unwrap().to_owned())
        };
        let config = Variables::new(variables, "", &[]).read().unwrap();
        let message = |path: &Path| {
            refuse_own_file("--output", path, &config)
                .map_or_else(|error| error.to_string(), |()| String::new())
        };
        for (name, own) in [
            ("data/s.db", "the staging file"),
            ("data/../data/./s.db", "the staging file"),
            // `report` makes folders that are missing.
            ("new/../data/s.db", "the staging file"),
            ("data/s.db-wal", "belongs to the staging file"),
            ("data/s.db-run-1", "belongs to the staging file"),
            ("data/assets.toml", "the assets file"),
        ] {
            assert!(
                message(&at(name)).contains(own),
                "{name}: {}",
                message(&at(name))
            );
        }
        assert!(message(Path::new(".env")).contains("settings"));
        for name in ["data/s.db.html", "data/s.db-2026", "s.db", "assets.toml"] {
            assert_eq!(message(&at(name)), "", "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_what_it_leads_to() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        fs::write(at("disk/real.db"), "bars").unwrap();
        symlink(at("disk/real.db"), at("s.db")).unwrap();
        symlink(at("s.db"), at("other.db")).unwrap();
        symlink(at("disk"), at("folder")).unwrap();
        let staging = at("s.db").to_str().unwrap().to_owned();
        let variables = |name: &str| (name == "STAGING_DB").then(|| staging.clone());
        let config = Variables::new(variables, "", &[]).read().unwrap();
        for name in [
            "s.db",
            "other.db",
            "disk/real.db",
            "folder/real.db",
            "folder/real.db-wal",
            "s.db-sync",
        ] {
            let refused = refuse_own_file("--output", &at(name), &config);
            assert!(refused.is_err(), "{name}");
        }
    }
}
