//! Why the staging file cannot be used, with advice: SQLite itself only says "database is locked".

use std::path::{Path, PathBuf};

use anyhow::Error;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use super::long_path::sqlite_name;
use super::running::{is_own, under_way};

/// Context of SQLite's own error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum StagingError {
    /// Someone held a lock longer than we wait.
    #[error(
        "the staging file {} stays locked by {holder}; let it finish or close it, then run this again (no staged data is lost)",
        file.display()
    )]
    Locked {
        file: PathBuf,
        /// Who may hold the lock.
        holder: String,
    },
    /// There is no room for its companions.
    #[error(
        "the disk of {what} {} is full; free some space, then run this again (no staged data is lost)",
        file.display()
    )]
    DiskFull {
        /// Its name for the user: the staging file, or a copy of it on another disk.
        what: &'static str,
        file: PathBuf,
    },
    /// It can only be read.
    #[error(
        "this user may not write the staging file {}; run this as its owner, allow this user to write the file and its folder, or set STAGING_DB to another file",
        file.display()
    )]
    ReadOnly { file: PathBuf },
    /// It can only be read, and part of the data is in its write-ahead log, or an older version lacks a table.
    #[error(
        "reading the staging file {} needs a change that this user may not make; let its owner run `pricestash status` once, then run this again",
        file.display()
    )]
    Unsettled { file: PathBuf },
    /// SQLite cannot read it.
    #[error(
        "the staging file {} is damaged; `pricestash doctor` checks all of it, `pricestash restore` replaces it with a backup and keeps the damaged file",
        file.display()
    )]
    Damaged { file: PathBuf },
}

/// Adds what an error means for the staging file at `path`, if anything; does so once, however often it is called.
#[must_use]
pub(crate) fn explain(error: Error, path: &Path) -> Error {
    if error.is::<StagingError>() {
        return error;
    }
    let Some(code) = sqlite_code(&error) else {
        return error;
    };
    let file = path.to_owned();
    match code {
        ErrorCode::DatabaseBusy => {
            let holder = holder(path);
            error.context(StagingError::Locked { file, holder })
        }
        ErrorCode::SystemIoFailure if !has_room(path) => {
            let what = "the staging file";
            error.context(StagingError::DiskFull { what, file })
        }
        ErrorCode::DiskFull => {
            let what = "the staging file";
            error.context(StagingError::DiskFull { what, file })
        }
        // SQLite's own message adds nothing.
        ErrorCode::ReadOnly => StagingError::ReadOnly { file }.into(),
        code if is_damage(code) => error.context(StagingError::Damaged { file }),
        _ => error,
    }
}

/// Whether the disk has room for the file's companions: without it SQLite reports an I/O error, as it does for a broken disk.
fn has_room(path: &Path) -> bool {
    /// Bytes of the index of the write-ahead log, which grows in such steps.
    const STEP: u64 = 32 << 10;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let room = fs4::available_space(folder.unwrap_or(Path::new(".")));
    room.map_or(true, |bytes| bytes >= STEP)
}

/// SQLite's error code, if SQLite is the cause.
pub(super) fn sqlite_code(error: &Error) -> Option<ErrorCode> {
    let cause = error
        .chain()
        .find_map(|e| e.downcast_ref::<rusqlite::Error>());
    cause.and_then(rusqlite::Error::sqlite_error_code)
}

/// Whether SQLite reports damage.
pub(super) fn is_damage(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
}

/// Who may hold a lock on the file. Runs of this program are known, including this run, whose workers wait for each
/// other; but they hold locks only for moments, so another program remains possible.
pub(super) fn holder(path: &Path) -> String {
    const OTHER: &str = "another program, such as an SQLite browser with an open transaction";
    // A long path is a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Without waiting: if the lock excludes readers too, nothing can be learnt.
    let runs = Connection::open_with_flags(sqlite_name(path), flags)
        .map_err(Error::from)
        .and_then(|connection| under_way(&connection, path));
    let runs = runs.into_iter().flatten();
    let (own, others): (Vec<_>, Vec<_>) = runs.partition(is_own);
    let mut holder = OTHER.to_owned();
    if !own.is_empty() {
        holder = format!("{holder}, or another worker of this run");
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        holder = format!("{holder}, or a run in progress: {}", others.join(", "));
    }
    holder
}

#[cfg(test)]
mod tests {
    use crate::staging::Staging;

    use anyhow::Context;
    use chrono::Utc;

    use super::*;

    /// What a statement says that waits for nobody.
    fn error_of(path: &Path, sql: &str) -> Error {
        let connection = Connection::open(path).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let done = connection.execute_batch(sql);
        done.context("a row cannot be written").unwrap_err()
    }

    #[test]
    fn a_lock_is_said_with_file_holder_and_advice_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        drop(Staging::open(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
            other.execute_batch(lock).unwrap();
            let error = explain(error_of(&path, "DELETE FROM job_run"), &path);
            let said = format!("{:#}", explain(error, &path));
            other.execute_batch("ROLLBACK").unwrap();
            assert_eq!(
                said.matches("stays locked by another program").count(),
                1,
                "{said}"
            );
            assert!(
                said.contains("s.db") && said.contains("run this again"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_full_disk_is_said_to_be_that_of_the_staging_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let connection = Connection::open(&path).unwrap();
        // What SQLite says when it may not take more pages is what it says of a full disk.
        connection
            .execute_batch("CREATE TABLE t (a); PRAGMA max_page_count = 2")
            .unwrap();
        let done = connection.execute_batch("INSERT INTO t VALUES (zeroblob(100000))");
        let said = format!("{:#}", explain(done.unwrap_err().into(), &path));
        assert!(
            said.contains("disk of the staging file") && said.contains("s.db is full"),
            "{said}"
        );
    }

    #[test]
    fn runs_of_others_are_named_and_those_that_are_gone_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let staging = Staging::open(&path).unwrap();
        let (_, lock) = staging.begin_run("collect", &[], Utc::now()).unwrap();
        let is_a_run = || holder(&path).contains("under way");
        assert!(!is_a_run(), "this process itself");
        assert!(holder(&path).ends_with("or another worker of this run"));
        let other = Connection::open(&path).unwrap();
        other
            .execute("UPDATE job_run SET process_id = 1", [])
            .unwrap();
        let said = holder(&path);
        assert!(
            said.contains("a run in progress: collect (process 1 on "),
            "{said}"
        );
        drop(lock);
        assert!(!is_a_run());
    }

    #[test]
    fn damage_is_said_as_such_and_other_errors_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        drop(Staging::open(&path).unwrap());
        // The pool may close its connections later: what they wrote is to be in the file, and not beside it.
        Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.iter_mut().skip(4096).for_each(|b| *b = 0x55);
        std::fs::write(&path, bytes).unwrap();
        let said = explain(error_of(&path, "DELETE FROM job_run"), &path);
        let said = format!("{said:#}");
        assert!(
            said.contains("is damaged") && said.contains("pricestash restore"),
            "{said}"
        );
        let other = explain(error_of(&path, "nonsense"), &path);
        assert!(!other.is::<StagingError>(), "{other:#}");
    }
}
