//! Backups of the staging file: made while others write to it, and restored.

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

/// The content of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) bars: u64,
    pub(crate) bytes: u64,
}

/// Damage that SQLite finds in a copy.
#[derive(Debug, Error)]
#[error("it is damaged: {0}")]
struct Damage(String);

impl Staging {
    /// Copies the file as of one moment, checks the copy, and puts it at `target`. Others may write meanwhile: they do
    /// not wait, and the copy does not contain their later writes. The copy is never readable by users who cannot read
    /// the file.
    ///
    /// # Errors
    /// Errors of SQLite or the system; then `target` does not exist or is unchanged.
    pub(crate) fn backup(&self, target: &Path) -> Result<Copied> {
        let doing = || format!("cannot write the backup {}", target.display());
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
        // A single file without companions, which can be moved.
        copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        drop(copy);
        let bytes = fs::metadata(unfinished.path()).with_context(doing)?.len();
        unfinished
            .complete(target, rights.as_ref())
            .with_context(doing)?;
        Ok(Copied { bars, bytes })
    }

    /// Replaces the staging file at `path` with a backup; returns where the old content is kept. Programs that have the
    /// file open see the new content from their next transaction on. A damaged file is moved aside.
    ///
    /// # Errors
    /// [`ConfigError`] if the backup is not a staging file of ours or is newer than this program, or if a run is in
    /// progress; errors of SQLite or the system. Then the staging file is unchanged.
    pub(crate) fn restore(
        backup: &Path,
        path: &Path,
        keep_as: &Path,
    ) -> Result<(Copied, Option<PathBuf>)> {
        let place = backup.display();
        match inspect("the backup", backup)? {
            Found::Nothing => return Err(ConfigError(format!("there is no backup {place}")).into()),
            Found::NoSqlite => {
                return Err(
                    ConfigError(format!("the backup {place} is not an SQLite file")).into(),
                );
            }
            Found::Ours => {}
        }
        let doing = || format!("cannot read the backup {}", backup.display());
        let source = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(doing)?;
        check_integrity(&source).with_context(doing)?;
        if let Some(why) = foreign_schema(&source).with_context(doing)? {
            let why = format!("the backup {place} {why}; it was not restored");
            return Err(ConfigError(why).into());
        }
        let bars = count_bars(&source).with_context(doing)?;
        let present = keep_present(path, keep_as)?;
        let doing = || format!("cannot write the staging file {}", path.display());
        let rights = Rights::of(path)?.or(Rights::of(backup)?);
        let kept = put(&source, path, keep_as, &present, rights.as_ref()).with_context(doing)?;
        // Updates it to this program's version, and to WAL.
        drop(Self::open(path)?);
        let bytes = fs::metadata(path).with_context(doing)?.len();
        Ok((Copied { bars, bytes }, kept))
    }

    /// Damage in a copy comes from the file.
    fn damage_or(&self, error: anyhow::Error, doing: String) -> anyhow::Error {
        let file = self.path.clone();
        match error.is::<Damage>() {
            true => error.context(StagingError::Damaged { file }),
            false => error.context(doing),
        }
    }
}

/// The disk of the copy is full, which may differ from that of the staging file.
fn target_full_or(error: anyhow::Error, target: &Path) -> anyhow::Error {
    match sqlite_code(&error) {
        Some(ErrorCode::DiskFull) => error.context(StagingError::DiskFull {
            what: "the backup",
            file: target.to_owned(),
        }),
        _ => error,
    }
}

/// What was found where the backup should go.
enum Present {
    /// No file, or one that cannot be read as a staging file. It was not moved, and no run has it open.
    Unreadable,
    /// A sound file, which has been copied.
    Kept,
}

/// Copies the file at `path` to `keep_as` if it can be read. A run in progress would continue to write into the file it
/// has open, wherever it is moved, so the file is not moved during a run.
fn keep_present(path: &Path, keep_as: &Path) -> Result<Present> {
    let kept = match inspect(STAGING_DB, path)? {
        Found::Nothing | Found::NoSqlite => {
            refuse_beside_a_run(path)?;
            return Ok(Present::Unreadable);
        }
        Found::Ours => Staging::open(path).and_then(|present| {
            if let Some(run) = present.running_runs()?.first() {
                bail!("{run} is in progress; restore after it has ended");
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

/// Puts a copy of a sound file at `path`: into the existing file, which others may have open, or in its place. Returns
/// where the old content is.
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
    // Only after the copy exists: the damaged file may be all there is.
    let kept = set_aside(path, keep_as)?;
    unfinished.complete(path, rights)?;
    Ok(kept)
}

/// Moves a file, if it exists, and its write-ahead log, which SQLite would apply to the next file with this name.
/// Returns the first of them that existed, by its new name.
fn set_aside(path: &Path, keep_as: &Path) -> Result<Option<PathBuf>> {
    let mut kept = None;
    for ending in ["", WAL, SHARED_MEMORY] {
        let [from, to] = [path, keep_as].map(|p| beside(p, ending));
        match fs::rename(&from, &to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            moved => {
                moved.with_context(|| {
                    format!("cannot move {} to {}", from.display(), to.display())
                })?;
                kept.get_or_insert(to);
            }
        }
    }
    Ok(kept)
}

/// Copies all pages in one step: a single moment, and no writer in WAL mode has to wait. Waits while someone locks the
/// target.
fn copy_all(from: &Connection, to: &mut Connection) -> Result<()> {
    let mut wait = Wait::new();
    let backup = Backup::new(from, to)?;
    loop {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ if wait.again() => {}
            // The same error as after a statement that waited.
            _ => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
        }
    }
}

/// The rights of a copy: those of the file it replaces, else those of the staging file, but never more than the staging
/// file or, for a new file, the user's mask allows.
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

/// The damage that SQLite finds in a file: it reports it in a row, or cannot even check.
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

/// Refuses to write a backup over something.
///
/// # Errors
/// [`ConfigError`] that names what exists.
pub(crate) fn check_backup_target(target: &Path, force: bool) -> Result<()> {
    let place = Place::file(target);
    if let Err(error) = &place
        && error.kind() != io::ErrorKind::NotFound
    {
        let why = format!("cannot write the backup to {}: {error}", target.display());
        return Err(ConfigError(why).into());
    }
    if target.exists() && !force {
        return Err(ConfigError(format!(
            "the backup {} already exists; choose another name, or replace it with --force",
            target.display()
        ))
        .into());
    }
    let log = beside(place.as_deref().unwrap_or(target), WAL);
    if log.exists() {
        return Err(ConfigError(format!(
            "the write-ahead log {log:?} lies beside the backup {}: someone has it open, or died while writing it; choose another name",
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
            assert!(said.contains("a run is in progress"), "{said}");
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
