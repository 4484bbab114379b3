//! The staging file: an SQLite database in WAL mode that this program writes and anyone may read.
//!
//! Unless a function says otherwise, its errors are those of SQLite.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::config::{ConfigError, Unwritable};
use crate::process::result_file::check_readable;
use file::lock_wait::Wait;
use file::long_path::sqlite_name;

mod alerts;
mod bar_row;
mod file;
mod ingest;
mod job_run;
mod outbox;
mod query;
mod runs;
#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod staging_tests;

pub(crate) use alerts::{LastDelivery, NewAlert, WaitingAlert};
pub(crate) use bar_row::{BarRow, Record, StoredBar};
pub(crate) use file::backup::check_backup_target;
pub(crate) use file::companions::belongs_to;
pub(crate) use file::diagnose::{Diagnosis, diagnose, nearest_folder};
pub(crate) use file::error::{StagingError, explain};
pub(crate) use file::lock_wait::wait_no_longer;
pub(crate) use file::prune::Old;
pub(crate) use file::run_lock::{RunLock, left_locks, remove_left_locks};
pub(crate) use ingest::batch::{
    Batch, Done, LostPart, OtherScale, Reading, Staged, StagedSeries, Suspicion, Tally,
};
pub(crate) use ingest::fill::Filling;
pub(crate) use ingest::lookback::{HEALING_DAYS, Lookback, Reach};
pub(crate) use ingest::retraction::PutBack;
pub use outbox::pending::Scope;
pub(crate) use outbox::rejects::{Reject, RejectedSeries};
pub(crate) use query::actions::Action;
pub(crate) use query::bars::{
    Selection, StagedBar, StoredAsset, StoredFinding, StoredSeries, StoredSource, best_bars,
};
pub(crate) use query::corrections::{Correction, StoredReject};
pub(crate) use query::history::Version;
pub(crate) use query::runs::Ended;
pub(crate) use query::status::{FindingRow, SeriesSummary};
pub(crate) use runs::RunEnd;

/// The file's `application_id`: "psth" in ASCII.
const APPLICATION_ID: i64 = 0x7073_7468;
/// The migrations in order. Each runs once, in one transaction with its number; a released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../../schema/staging/001_initial.sql"),
    include_str!("../../schema/staging/002_series.sql"),
    include_str!("../../schema/staging/003_warehouse.sql"),
    include_str!("../../schema/staging/004_alerts.sql"),
    include_str!("../../schema/staging/005_acknowledged.sql"),
    include_str!("../../schema/staging/006_scale.sql"),
    include_str!("../../schema/staging/007_asset_run.sql"),
    include_str!("../../schema/staging/008_best_price.sql"),
    include_str!("../../schema/staging/009_source_said.sql"),
    include_str!("../../schema/staging/010_known_since.sql"),
    include_str!("../../schema/staging/011_corporate_action.sql"),
    include_str!("../../schema/staging/012_adjustment.sql"),
    include_str!("../../schema/staging/013_retraction.sql"),
    include_str!("../../schema/staging/014_asset_source.sql"),
    include_str!("../../schema/staging/015_alert_channels.sql"),
];
/// Number of compiled statements kept: more than staging an asset needs. With rusqlite's default of 16 none would be
/// left for the next asset.
const STATEMENTS: usize = 64;
/// Most connections: one per worker that stages.
const POOL_SIZE: u32 = 8;

/// A connection from the pool.
type Pooled = r2d2::PooledConnection<SqliteConnectionManager>;

/// The open staging file.
#[derive(Clone)]
pub struct Staging {
    pool: r2d2::Pool<SqliteConnectionManager>,
    path: PathBuf,
}

/// What is at the path of the staging file.
enum Found {
    Nothing,
    Ours,
    NoSqlite,
}

impl Staging {
    /// Opens the file, creates it if it is missing, and migrates it to this program's version.
    ///
    /// # Errors
    /// [`ConfigError`] for a file that is not ours or newer than this program, which stays unchanged; else errors of
    /// the system.
    pub fn open(path: &Path) -> Result<Self> {
        if let Found::NoSqlite = inspect(STAGING_DB, path)? {
            return Err(no_sqlite(path));
        }
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| {
                Unwritable(format!("cannot create the folder {}", folder.display()))
            })?;
        }
        let doing = || Unwritable(format!("cannot write the staging file {}", path.display()));
        file::lock_wait::name_file(path);
        let name = sqlite_name(path);
        let mut connection = Connection::open(&name).with_context(doing)?;
        prepare(&mut connection, path).map_err(|error| match explain(error, path) {
            // A damaged or locked file has its own message.
            error if error.is::<StagingError>() => error,
            error => error.context(doing()),
        })?;
        drop(connection);
        Self::pooled(SqliteConnectionManager::file(name), path, POOL_SIZE)
    }

    /// Opens the file if it exists.
    ///
    /// # Errors
    /// As [`Staging::open`].
    pub(crate) fn open_existing(path: &Path) -> Result<Option<Self>> {
        match inspect(STAGING_DB, path)? {
            Found::Nothing => Ok(None),
            Found::Ours | Found::NoSqlite => Self::open(path).map(Some),
        }
    }

    /// Opens the file to look at it: creates nothing and does not migrate an older version. `None` if there is no file
    /// of this program's version.
    ///
    /// # Errors
    /// As [`Staging::open`].
    pub(crate) fn open_to_look(path: &Path) -> Result<Option<Self>> {
        match inspect(STAGING_DB, path)? {
            Found::Nothing => return Ok(None),
            Found::NoSqlite => return Err(no_sqlite(path)),
            Found::Ours => {}
        }
        let name = sqlite_name(path);
        // Not read-only: whoever closes the file last merges the write-ahead log and removes it.
        let flags = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
        let is_ours = Connection::open_with_flags(&name, flags)
            .map_err(anyhow::Error::from)
            .and_then(|connection| Ok(missing_migration(&connection, path)?.is_none()))
            .map_err(|error| explain(error, path))?;
        if !is_ours {
            return Ok(None);
        }
        file::lock_wait::name_file(path);
        let manager = SqliteConnectionManager::file(name).with_flags(flags);
        Self::pooled(manager, path, 1).map(Some)
    }

    /// A staging in memory, for a run that must not write.
    pub(crate) fn in_memory() -> Result<Self> {
        let path = Path::new(":memory:");
        let staging = Self::pooled(SqliteConnectionManager::memory(), path, 1)?;
        prepare(&mut *staging.connection()?, path)?;
        Ok(staging)
    }

    fn pooled(manager: SqliteConnectionManager, path: &Path, size: u32) -> Result<Self> {
        let manager = manager.with_init(|c| {
            #[cfg(test)]
            scan_tests::follow(c);
            file::lock_wait::wait_for_locks(c)?;
            c.set_prepared_statement_cache_capacity(STATEMENTS);
            // Without it a statement is compiled again for each value that may or may not allow a partial index.
            c.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            // A day reported as staged must survive a power cut.
            c.pragma_update(None, "synchronous", "FULL")
        });
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .build(manager)
            .with_context(|| format!("cannot open the staging file {}", path.display()))?;
        Ok(Self {
            pool,
            path: path.to_owned(),
        })
    }

    /// [`explain`] for this file.
    #[must_use]
    pub(crate) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        explain(error, &self.path)
    }

    fn connection(&self) -> Result<Pooled> {
        self.pool
            .get()
            .with_context(|| format!("cannot open the staging file {}", self.path.display()))
    }
}

/// The DDL that turns an empty SQLite file into a staging file of this version.
#[must_use]
pub(crate) fn schema() -> String {
    let version = MIGRATIONS.len();
    format!(
        "{}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {version};\n",
        MIGRATIONS.join("\n")
    )
}

/// Inspects the file without changing it or its companions: SQLite itself would leave files there. `what`: the file's
/// name for the user.
fn inspect(what: &str, path: &Path) -> Result<Found> {
    if path.is_dir() {
        return Err(refused(what, path, "it is a folder, not a file"));
    }
    if let Err(error) = check_readable(path)
        && error.kind() == std::io::ErrorKind::InvalidInput
    {
        return Err(refused(what, path, &error.to_string()));
    }
    let doing = || format!("cannot read {what} {}", path.display());
    let file = match fs::File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        other => other.with_context(doing)?,
    };
    let mut head = Vec::new();
    file.take(Header::LENGTH)
        .read_to_end(&mut head)
        .with_context(doing)?;
    if head.is_empty() {
        return Ok(Found::Nothing);
    }
    let Some(header) = Header::read(&head) else {
        return Ok(Found::NoSqlite);
    };
    match header.application_id {
        APPLICATION_ID if header.user_version > known_version() => {
            Err(newer(what, path, header.user_version))
        }
        APPLICATION_ID => Ok(Found::Ours),
        // SQLite wrote its first page, but the program died before the first migration arrived there.
        0 if header.has_no_tables => Ok(Found::Ours),
        _ => Err(refused(
            what,
            path,
            "it is an SQLite file of another program",
        )),
    }
}

/// The facts in the first page of an SQLite file (<https://sqlite.org/fileformat2.html#the_database_header>).
struct Header {
    user_version: i64,
    application_id: i64,
    has_no_tables: bool,
}

impl Header {
    /// Up to the cell count of the page with the list of tables.
    const LENGTH: u64 = 105;

    fn read(page: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            page.get(at..at + 4)?
                .try_into()
                .ok()
                .map(|b| i64::from(i32::from_be_bytes(b)))
        };
        page.starts_with(b"SQLite format 3\0").then_some(())?;
        Some(Self {
            user_version: number(60)?,
            application_id: number(68)?,
            // A leaf of a table b-tree (13) without cells.
            has_no_tables: page.get(100) == Some(&13) && page.get(103..105) == Some(&[0, 0]),
        })
    }
}

/// The name of the staging file for the user.
const STAGING_DB: &str = "STAGING_DB";

fn refused(what: &str, path: &Path, why: &str) -> anyhow::Error {
    ConfigError(format!(
        "cannot use {what} {path:?}: {why}; the file was not changed"
    ))
    .into()
}

fn no_sqlite(path: &Path) -> anyhow::Error {
    refused(
        STAGING_DB,
        path,
        "it is not an SQLite file; if it used to be one, it is damaged: replace it with a backup by `pricestash restore`",
    )
}

fn newer(what: &str, path: &Path, version: i64) -> anyhow::Error {
    let known = known_version();
    refused(
        what,
        path,
        &format!(
            "it was written by a newer pricestash (its schema has version {version}, this program knows {known})"
        ),
    )
}

/// The schema version of this program.
fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Sets WAL once and applies the missing migrations.
fn prepare(connection: &mut Connection, path: &Path) -> Result<()> {
    file::lock_wait::wait_for_locks(connection)?;
    set_wal(connection)?;
    // Checked without a lock first: a current file can be opened while someone writes to it.
    while missing_migration(connection, path)?.is_some() {
        // Checked again inside the transaction: another process may have been first.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some((version, migration)) = missing_migration(&tx, path)? {
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            tx.pragma_update(None, "user_version", version + 1)?;
            tx.commit()?;
        }
    }
    Ok(())
}

/// SQLite does not wait for a lock here: if several processes switch a new file to WAL at once, some get "busy".
fn set_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut wait = Wait::new();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && wait.again() => {}
            done => return done,
        }
    }
}

/// The file's version and the migration to the next one; `None` if it is current.
///
/// Its owner was already read from the header; the content of the write-ahead log is visible only here.
fn missing_migration(connection: &Connection, path: &Path) -> Result<Option<(i64, &'static str)>> {
    // One statement, so that all three belong to the same moment.
    let (version, application_id, objects): (i64, i64, i64) = connection.query_row(
        "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master)
         FROM pragma_user_version, pragma_application_id",
        [],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )?;
    if application_id != APPLICATION_ID && objects > 0 {
        return Err(refused(
            STAGING_DB,
            path,
            "it is an SQLite file of another program",
        ));
    }
    if version > known_version() {
        return Err(newer(STAGING_DB, path, version));
    }
    Ok(usize::try_from(version)
        .ok()
        .and_then(|v| MIGRATIONS.get(v))
        .map(|migration| (version, *migration)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    /// Every file of a folder with its bytes.
    fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .map(|p| (p.clone(), fs::read(p).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// Refuses the file and leaves the whole folder byte for byte as it was.
    fn assert_refused(folder: &Path, path: &Path, why: &str) {
        let before = contents(folder);
        for result in [
            Staging::open(path).map(|_| ()),
            Staging::open_existing(path).map(|_| ()),
        ] {
            let error = result.unwrap_err();
            assert!(error.is::<ConfigError>(), "{error:#}");
            assert!(format!("{error:#}").contains(why), "{error:#}");
        }
        assert!(before == contents(folder), "the folder changed");
    }

    #[test]
    fn a_statement_is_compiled_once_whatever_it_is_asked() {
        let staging = Staging::in_memory().unwrap();
        let connection = staging.connection().unwrap();
        // Of the rules some are in a partial index.
        let sql = "SELECT count(*) FROM finding WHERE asset_id = 'A' AND source = 'a' AND rule = ?1 AND resolved_at IS NULL";
        let mut statement = connection.prepare(sql).unwrap();
        for rule in ["date_gap", "scale_step", "date_gap"] {
            let count: i64 = statement.query_row([rule], |r| r.get(0)).unwrap();
            assert_eq!(count, 0);
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_new_file_gets_the_schema_and_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/staging.db");
        assert!(Staging::open_existing(&path).unwrap().is_none());
        drop(Staging::open(&path).unwrap());
        let c = Connection::open(&path).unwrap();
        let mode: String = c
            .query_row("PRAGMA journal_mode", [], |r| r.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        assert!(Staging::open_existing(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let c = Connection::open(&path).unwrap();
        let first = MIGRATIONS[0];
        c.execute_batch(&format!(
            "{first} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;
             INSERT INTO asset_source VALUES ('A', 'naver', 0, '005930', 'KRW', 1), ('A', 'yahoo', 1, 'X', 'KRW', 1);
             INSERT INTO price_daily (asset_id, date, source, open, high, low, close) VALUES ('A', '2026-01-05', 'naver', 1.0, 1.0, 1.0, 1.0);"
        ))
        .unwrap();
        Staging::open(&path).unwrap();
        let version: i64 = c
            .query_row("PRAGMA user_version", [], |r| r.get(0))
            .unwrap();
        assert_eq!(version, known_version());
        let known: String = c
            .query_row("SELECT group_concat(symbol) FROM series", [], |r| r.get(0))
            .unwrap();
        assert_eq!(known, "005930", "only what has bars");
        let bars: i64 = c
            .query_row("SELECT count(*) FROM pending", [], |r| r.get(0))
            .unwrap();
        assert_eq!(bars, 1);
    }

    #[test]
    fn whoever_only_looks_does_not_bring_it_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        assert!(Staging::open_to_look(&path).unwrap().is_none());
        assert!(!path.exists());
        let c = Connection::open(&path).unwrap();
        let first = MIGRATIONS[0];
        c.execute_batch(&format!(
            "{first} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1"
        ))
        .unwrap();
        drop(c);
        let before = contents(folder.path());
        assert!(Staging::open_to_look(&path).unwrap().is_none());
        assert!(before == contents(folder.path()), "the folder changed");
        drop(Staging::open(&path).unwrap());
        let staging = Staging::open_to_look(&path).unwrap().unwrap();
        assert!(staging.last_runs(1).unwrap().is_empty());
    }

    #[test]
    fn the_printed_schema_makes_a_staging_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch(&schema())
            .unwrap();
        assert!(Staging::open_existing(&path).unwrap().is_some());
    }

    #[test]
    fn an_empty_file_and_an_empty_database_become_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.db");
        fs::write(&path, b"").unwrap();
        Staging::open(&path).unwrap();
        let path = folder.path().join("died-early.db");
        Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .unwrap();
        Staging::open(&path).unwrap();
    }

    #[test]
    fn what_is_not_ours_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        fs::write(&text, "my notes\n").unwrap();
        assert_refused(folder.path(), &text, "not an SQLite file");
        let foreign = folder.path().join("foreign.db");
        let c = Connection::open(&foreign).unwrap();
        c.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
            .unwrap();
        drop(c);
        assert_refused(folder.path(), &foreign, "another program");
        assert_refused(folder.path(), folder.path(), "a folder");
    }

    #[test]
    fn a_newer_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        // Not by a pool, which may close its connections later and change the folder then.
        let c = Connection::open(&path).unwrap();
        c.execute_batch(&schema()).unwrap();
        c.pragma_update(None, "user_version", 99).unwrap();
        drop(c);
        assert_refused(folder.path(), &path, "newer pricestash");
    }

    #[test]
    fn many_processes_may_create_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Staging::open(&path).map(|_| ()).unwrap());
            }
        });
    }
}
