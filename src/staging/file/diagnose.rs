//! Checks whether the staging file will be writable, without changing it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::backup::integrity;
use super::companions::{WAL, beside};
use crate::process::unfinished::Unfinished;
use crate::staging::{Found, STAGING_DB, StagingError, explain, inspect};

/// What was found at the path of the staging file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Diagnosis {
    /// Its size in bytes including the write-ahead log; `None` if the file does not exist yet.
    pub(crate) bytes: Option<u64>,
    /// The part in the write-ahead log, which a copy of the file alone would lack.
    pub(crate) log_bytes: u64,
    /// Damage that SQLite finds.
    pub(crate) damage: Option<String>,
    /// Who holds its write lock, if someone does.
    pub(crate) locked_by: Option<String>,
    /// Whether SQLite can keep a write-ahead log in its folder.
    pub(crate) can_wal: bool,
}

/// Checks the file, and creates a trial database beside it: the nearest existing folder must be writable.
///
/// # Errors
/// Why it cannot be read or written.
pub(crate) fn diagnose(path: &Path) -> Result<Diagnosis> {
    let mut diagnosis = match inspect(STAGING_DB, path)? {
        Found::Nothing => Diagnosis::default(),
        Found::Ours => look(path)?,
        Found::NoSqlite => Diagnosis {
            bytes: Some(fs::metadata(path)?.len()),
            damage: Some("it does not start like an SQLite file".to_owned()),
            ..Diagnosis::default()
        },
    };
    diagnosis.can_wal = try_wal(&nearest_folder(path)).map_err(|error| explain(error, path))?;
    Ok(diagnosis)
}

fn look(path: &Path) -> Result<Diagnosis> {
    let doing = || format!("cannot use the staging file {}", path.display());
    // Before opening it: whoever closes it last empties the log.
    let log_bytes = fs::metadata(beside(path, WAL)).map_or(0, |log| log.len());
    let connection = Connection::open(path).with_context(doing)?;
    // A writer is not a fault, but one that never stops is.
    connection.busy_timeout(Duration::from_secs(3))?;
    let found = integrity(&connection).and_then(|damage| {
        // A damaged file need not be writable.
        if damage.is_none() {
            connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
        }
        Ok(damage)
    });
    let (damage, locked_by) = match found.map_err(|error| explain(error, path)) {
        Ok(damage) => (damage, None),
        Err(error) => match error.downcast_ref() {
            Some(StagingError::Locked { holder, .. }) => (None, Some(holder.clone())),
            _ => return Err(error.context(doing())),
        },
    };
    Ok(Diagnosis {
        bytes: Some(fs::metadata(path).with_context(doing)?.len() + log_bytes),
        log_bytes,
        damage,
        locked_by,
        can_wal: false,
    })
}

/// The folder of the file, or its nearest existing parent.
#[must_use]
pub(crate) fn nearest_folder(path: &Path) -> PathBuf {
    let above = path.ancestors().skip(1);
    let there = above.map(|p| {
        if p.as_os_str().is_empty() {
            Path::new(".")
        } else {
            p
        }
    });
    there
        .into_iter()
        .find(|p| p.is_dir())
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// Network folders cannot share the memory that a write-ahead log needs.
fn try_wal(folder: &Path) -> Result<bool> {
    let doing = || format!("cannot write to the folder {}", folder.display());
    let trial = Unfinished::beside(&folder.join(".pricestash-doctor"), None).with_context(doing)?;
    let tried = (|| {
        let connection = Connection::open(trial.path())?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
        connection.execute_batch("CREATE TABLE trial (x); INSERT INTO trial VALUES (1)")?;
        Ok::<_, rusqlite::Error>(mode == "wal")
    })();
    tried.with_context(doing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::Staging;

    #[test]
    fn a_file_is_looked_at_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/s.db");
        let found = diagnose(&path).unwrap();
        assert_eq!((found.bytes, found.can_wal), (None, true));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Staging::open(&path).unwrap());
        let found = diagnose(&path).unwrap();
        assert!(found.bytes.is_some() && found.damage.is_none() && found.locked_by.is_none());
        for lock in [
            "BEGIN IMMEDIATE",
            "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
        ] {
            let other = Connection::open(&path).unwrap();
            other.execute_batch(lock).unwrap();
            let holder = diagnose(&path).unwrap().locked_by.unwrap();
            assert!(holder.starts_with("another program"), "{holder}");
        }
    }
}
