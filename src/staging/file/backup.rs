//! Copies of the staging file: taken while others write to it, and put back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use super::companions::{SHARED_MEMORY, WAL, beside};
use super::error::{is_damage, sqlite_code};
use super::lock_wait::Wait;
use super::run_lock::refuse_beside_a_run;
use super::tables::foreign_schema;
use crate::config::ConfigError;
use crate::process::result_file::Place;
use crate::process::rights::Rights;
use crate::process::unfinished::{Unfinished, clear_up, folder_of};
use crate::staging::{Found, STAGING_DB, Staging, StagingError, explain, inspect};

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Bars.
    pub(crate) bars: u64,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// What SQLite finds wrong in a copy.
#[derive(Debug, Error)]
#[error("it is damaged: {0}")]
struct Damage(String);

impl Staging {
    /// Copies the file as it is at one moment, checks the copy, and puts it at `target`. Others may write meanwhile: they do
    /// not wait, and what they write afterwards is not in the copy. Nobody may read the copy who may not read the file.
    ///
    /// # Errors
    /// What SQLite or the system says; then there is no file at `target`, or the old one.
    pub(crate) fn backup(&self, target: &Path) -> Result<Copied> {
        let doing = || format!("the backup {} cannot be written", target.display());
        let target = &Place::file(target).with_context(doing)?;
        clear_up(folder_of(target));
        let own = Rights::of(&self.path).with_context(doing)?;
        let unfinished = Unfinished::beside(target, own.as_ref()).with_context(doing)?;
        let old = Rights::of(target).with_context(doing)?;
        let usual = unfinished.usual_rights().with_context(doing)?;
        let rights = rights_of_copy(own, old, usual);
        let mut copy = Connection::open(unfinished.path()).with_context(doing)?;
        copy_all(&*self.connection()?, &mut copy)
            .with_context(doing)
            .map_err(|error| target_full_or(error, target))?;
        let checked = check_integrity(&copy).and_then(|()| count_bars(&copy));
        let bars = checked.map_err(|error| self.damage_or(error, doing()))?;
        // One file without companions, which may be moved about.
        copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        drop(copy);
        let bytes = fs::metadata(unfinished.path()).with_context(doing)?.len();
        unfinished
            .complete(target, rights.as_ref())
            .with_context(doing)?;
        Ok(Copied { bars, bytes })
    }

    /// Puts a backup in the place of the staging file at `path`; gives where what was there is kept. Programs that have the file
    /// open see the new content from their next transaction on. A file that is damaged is moved aside.
    ///
    /// # Errors
    /// [`ConfigError`] for a file that is no staging file of ours or newer than the program; when a run is under way; what
    /// SQLite or the system says. Then the staging file is as it was.
    pub(crate) fn restore(
        backup: &Path,
        path: &Path,
        keep_as: &Path,
    ) -> Result<(Copied, Option<PathBuf>)> {
        let place = backup.display();
        match inspect("the backup", backup)? {
            Found::Nothing => return Err(ConfigError(format!("there is no backup {place}")).into()),
            Found::NoSqlite => {
                return Err(ConfigError(format!("the backup {place} is no SQLite file")).into());
            }
            Found::Ours => {}
        }
        let doing = || format!("the backup {} cannot be read", backup.display());
        let source = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(doing)?;
        check_integrity(&source).with_context(doing)?;
        if let Some(why) = foreign_schema(&source).with_context(doing)? {
            let why = format!("the backup {place} {why}; it is not restored");
            return Err(ConfigError(why).into());
        }
        let bars = count_bars(&source).with_context(doing)?;
        let present = keep_present(path, keep_as)?;
        let doing = || format!("the staging file {} cannot be written", path.display());
        let rights = Rights::of(path)?.or(Rights::of(backup)?);
        let kept = put(&source, path, keep_as, &present, rights.as_ref()).with_context(doing)?;
        // Brings it to this program's version, and to WAL.
        drop(Self::open(path)?);
        let bytes = fs::metadata(path).with_context(doing)?.len();
        Ok((Copied { bars, bytes }, kept))
    }

    /// What is damaged in a copy is damaged in the file.
    fn damage_or(&self, error: anyhow::Error, doing: String) -> anyhow::Error {
        let file = self.path.clone();
        match error.is::<Damage>() {
            true => error.context(StagingError::Damaged { file }),
            false => error.context(doing),
        }
    }
}

/// It is the disk of the copy that is full, which may be another one than that of the staging file.
fn target_full_or(error: anyhow::Error, target: &Path) -> anyhow::Error {
    match sqlite_code(&error) {
        Some(ErrorCode::DiskFull) => error.context(StagingError::DiskFull {
            what: "the backup",
            file: target.to_owned(),
        }),
        _ => error,
    }
}

/// What was found in the place that a backup is to take.
enum Present {
    /// No file, or what cannot be read as a staging file. It is where it was, and no run has it open.
    Unreadable,
    /// A sound file, of which there is a copy now.
    Kept,
}

/// Copies what is at `path` to `keep_as`, if it can be read. A run that is under way writes on into the file that it has open,
/// wherever that was moved to: it is not moved from under one.
fn keep_present(path: &Path, keep_as: &Path) -> Result<Present> {
    let kept = match inspect(STAGING_DB, path)? {
        Found::Nothing | Found::NoSqlite => {
            refuse_beside_a_run(path)?;
            return Ok(Present::Unreadable);
        }
        Found::Ours => Staging::open(path).and_then(|present| {
            if let Some(run) = present.running_runs()?.first() {
                bail!("{run} is under way; restore when it has ended");
            }
            present.backup(keep_as)
        }),
    };
    match kept.map_err(|error| explain(error, path)) {
        Ok(_) => Ok(Present::Kept),
        Err(error) if matches!(error.downcast_ref(), Some(StagingError::Damaged { .. })) => {
            refuse_beside_a_run(path)?;
            Ok(Present::Unreadable)
        }
        Err(error) => Err(error),
    }
}

/// Puts a copy of a sound file at `path`: into the file that is there, which others may have open, or in its place. Gives where
/// what was there is.
fn put(
    source: &Connection,
    path: &Path,
    keep_as: &Path,
    present: &Present,
    rights: Option<&Rights>,
) -> Result<Option<PathBuf>> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    if let Present::Kept = present {
        copy_all(source, &mut Connection::open(path)?)?;
        return Ok(Some(keep_as.to_owned()));
    }
    let unfinished = Unfinished::beside(path, rights)?;
    copy_all(source, &mut Connection::open(unfinished.path())?)?;
    // Not before the copy is there: what is damaged may still be all that there is.
    let kept = set_aside(path, keep_as)?;
    unfinished.complete(path, rights)?;
    Ok(kept)
}

/// Moves a file, if there is one, and its write-ahead log, which SQLite would take for that of the next file of this name. Gives
/// the first of them that was there, by its new name.
fn set_aside(path: &Path, keep_as: &Path) -> Result<Option<PathBuf>> {
    let mut kept = None;
    for ending in ["", WAL, SHARED_MEMORY] {
        let [from, to] = [path, keep_as].map(|p| beside(p, ending));
        match fs::rename(&from, &to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            moved => {
                moved.with_context(|| {
                    format!("{} cannot be moved to {}", from.display(), to.display())
                })?;
                kept.get_or_insert(to);
            }
        }
    }
    Ok(kept)
}

/// Copies every page in one step: a single moment, for which a writer in WAL mode need not wait. Waits for whoever keeps the
/// target from being written.
fn copy_all(from: &Connection, to: &mut Connection) -> Result<()> {
    let mut wait = Wait::new();
    let backup = Backup::new(from, to)?;
    loop {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ if wait.again() => {}
            // As a statement that had waited would say it.
            _ => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
        }
    }
}

/// The rights of a copy: those of the file that it replaces, else those of the staging file, but none that the staging file or,
/// for a new file, the user's mask does not give.
fn rights_of_copy(
    own: Option<Rights>,
    old: Option<Rights>,
    usual: Option<Rights>,
) -> Option<Rights> {
    Some(match (own, old, usual) {
        (Some(own), Some(old), _) => old.no_wider_than(&own),
        (Some(own), None, Some(usual)) => own.writable().no_wider_than(&usual),
        (own, old, usual) => old.or(own).or(usual)?,
    })
}

fn check_integrity(copy: &Connection) -> Result<()> {
    match integrity(copy)? {
        Some(damage) => Err(Damage(damage).into()),
        None => Ok(()),
    }
}

fn count_bars(copy: &Connection) -> Result<u64> {
    Ok(copy.query_row("SELECT count(*) FROM price_daily", [], |r| r.get(0))?)
}

/// What SQLite finds wrong in a file; it says so in a row, or cannot even look.
pub(super) fn integrity(connection: &Connection) -> Result<Option<String>> {
    let said: rusqlite::Result<String> =
        connection.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0));
    match said {
        Ok(said) => Ok((said != "ok").then_some(said)),
        Err(error) if error.sqlite_error_code().is_some_and(is_damage) => {
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses to write a backup where something is.
///
/// # Errors
/// [`ConfigError`] with what is there.
pub(crate) fn check_backup_target(target: &Path, force: bool) -> Result<()> {
    let place = Place::file(target);
    if let Err(error) = &place
        && error.kind() != io::ErrorKind::NotFound
    {
        let why = format!(
            "the backup cannot be written to {}: {error}",
            target.display()
        );
        return Err(ConfigError(why).into());
    }
    if target.exists() && !force {
        return Err(ConfigError(format!(
            "the backup {} is there already; take another name, or --force to replace it",
            target.display()
        ))
        .into());
    }
    let log = beside(place.as_deref().unwrap_or(target), WAL);
    if log.exists() {
        return Err(ConfigError(format!(
            "beside the backup {} there is the write-ahead log {log:?}, so that somebody has it open or died with it; take another name",
            target.display()
        ))
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_of_the_copy_is_not_said_to_be_that_of_the_staging_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("s.db"), folder.path().join("copy.db"));
        let staging = Staging::open(&path).unwrap();
        let mut copy = Connection::open(&target).unwrap();
        // What SQLite says when it may not take more pages is what it says of a full disk.
        copy.execute_batch("PRAGMA max_page_count = 2").unwrap();
        let copied = copy_all(&staging.connection().unwrap(), &mut copy);
        let error = target_full_or(copied.unwrap_err(), &target);
        let said = format!("{:#}", explain(error, &path));
        assert!(
            said.starts_with("the disk of the backup") && said.contains("copy.db is full"),
            "{said}"
        );
        assert!(!said.contains("the disk of the staging file"), "{said}");
    }

    #[test]
    fn what_cannot_be_read_is_not_moved_from_under_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (path, backup) = (at("s.db"), at("copy.db"));
        let other = Staging::open(&at("other.db")).unwrap();
        other.backup(&backup).unwrap();
        let lock = fs::File::create(at("s.db-run-1")).unwrap();
        lock.try_lock().unwrap();
        let restore = || Staging::restore(&backup, &path, &at("kept.db"));
        let refused = || {
            let said = format!("{:#}", restore().unwrap_err());
            assert!(said.contains("a run is under way"), "{said}");
        };
        // Removed from under it, and damaged.
        refused();
        fs::write(&path, "no SQLite").unwrap();
        refused();
        assert_eq!(fs::read(&path).unwrap(), b"no SQLite");
        drop(lock);
        assert_eq!(restore().unwrap().1, Some(at("kept.db")));
    }
}
