//! A staging file that this user can read but not write: another user's, or one on a read-only medium.

use std::fs;
use std::path::{Path, absolute};

use anyhow::{Context, Error, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::companions::{WAL, beside};
use super::error::sqlite_code;
use crate::staging::{Staging, StagingError, missing_migration};

impl Staging {
    /// Opens the file, if it exists, for reading only; without write access it is read as is.
    ///
    /// # Errors
    /// As [`Staging::open`], and if it cannot be read as is.
    pub(crate) fn open_to_read(path: &Path) -> Result<Option<Self>> {
        match Self::open_existing(path) {
            Err(error) if is_unwritable(&error) => Self::open_as_it_is(path).map(Some),
            opened => opened,
        }
    }

    /// Opens a file without a write-ahead log. SQLite would create one to read it, but is told that the file does not
    /// change (<https://sqlite.org/uri.html#uriimmutable>); whoever changes it creates a log first.
    fn open_as_it_is(path: &Path) -> Result<Self> {
        let unsettled = || {
            let file = path.to_owned();
            Error::from(StagingError::Unsettled { file })
        };
        if fs::metadata(beside(path, WAL)).is_ok_and(|log| log.len() > 0) {
            return Err(unsettled());
        }
        let doing = || format!("cannot read the staging file {}", path.display());
        let place = absolute(path).with_context(doing)?;
        let place = place.to_str().with_context(doing)?;
        let place = utf8_percent_encode(place, NON_ALPHANUMERIC);
        let uri = format!("file:{place}?immutable=1");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&uri, flags).with_context(doing)?;
        if missing_migration(&connection, path)?.is_some() {
            return Err(unsettled());
        }
        Self::pooled(
            SqliteConnectionManager::file(uri).with_flags(flags),
            path,
            1,
        )
    }
}

/// Whether SQLite may not write the file or its companions.
fn is_unwritable(error: &Error) -> bool {
    let of_file = matches!(error.downcast_ref(), Some(StagingError::ReadOnly { .. }));
    of_file || matches!(sqlite_code(error), Some(ErrorCode::CannotOpen))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::staging::{APPLICATION_ID, MIGRATIONS, schema};

    /// Every file of a folder with its bytes.
    fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
        files.map(|f| (f.clone(), fs::read(f).unwrap())).collect()
    }

    /// A file in WAL mode that nobody has open, made by this SQL.
    fn settled(path: &Path, sql: &str) {
        let connection = Connection::open(path).unwrap();
        connection
            .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn refusal(path: &Path) -> String {
        let refused = Staging::open_as_it_is(path).map(|_| ());
        refused.unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_without_anything_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        // What has a meaning in a URI, and may be in a name on Windows.
        let path = folder.path().join("a #%41.db");
        settled(&path, &schema());
        let before = contents(folder.path());
        let staging = Staging::open_as_it_is(&path).unwrap();
        assert!(staging.last_runs(1).unwrap().is_empty());
        let error = staging.prune_runs(chrono::Utc::now()).unwrap_err();
        let said = format!("{:#}", staging.explain(error));
        assert!(
            said.contains("this user may not write the staging file ") && !said.contains("code"),
            "{said}"
        );
        assert!(before == contents(folder.path()), "the folder changed");
    }

    #[test]
    fn what_is_not_in_the_file_yet_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        settled(&path, &schema());
        let writer = Connection::open(&path).unwrap();
        let insert = "INSERT INTO job_run (job_id, job_name, started_at, status, host, process_id, version)
                      VALUES ('1', 'collect', '2026-01-05T00:00:00.000000Z', 'success', 'h', 1, '1')";
        writer.execute_batch(insert).unwrap();
        assert!(refusal(&path).contains("let its owner run"));
        drop(writer);
        let runs = Staging::open_as_it_is(&path).unwrap().last_runs(9).unwrap();
        assert_eq!(runs.len(), 1);
        let old = folder.path().join("old.db");
        settled(
            &old,
            &format!(
                "{} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1",
                MIGRATIONS[0]
            ),
        );
        assert!(refusal(&old).contains("let its owner run"));
    }
}
