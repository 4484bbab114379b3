//! The files that accompany the staging file: SQLite's own, and the locks of syncs and runs.

use std::path::{Path, PathBuf};

/// Ending of SQLite's write-ahead log.
pub(in crate::staging) const WAL: &str = "-wal";
/// Ending of SQLite's index of the write-ahead log.
pub(super) const SHARED_MEMORY: &str = "-shm";
/// Ending of SQLite's rollback journal.
pub(super) const JOURNAL: &str = "-journal";
/// Ending of the lock that prevents two syncs at once.
pub(super) const SYNC_LOCK: &str = "-sync";
/// Start of the ending of a run's lock; the run's id follows.
pub(in crate::staging) const RUN_LOCK: &str = "-run-";

/// The companion of an SQLite file with this ending; with an empty ending, the file itself.
pub(in crate::staging) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Whether a file in the folder of the staging file belongs to it, judged by both names.
#[must_use]
pub(crate) fn belongs_to(staging_file: &str, file: &str) -> bool {
    let Some(ending) = file.strip_prefix(staging_file) else {
        return false;
    };
    [WAL, SHARED_MEMORY, JOURNAL, SYNC_LOCK].contains(&ending) || ending.starts_with(RUN_LOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_staging_file_is_known_by_its_name() {
        for name in [
            "s.db-wal",
            "s.db-shm",
            "s.db-journal",
            "s.db-sync",
            "s.db-run-0197",
        ] {
            assert!(belongs_to("s.db", name), "{name}");
        }
        for name in [
            "s.db",
            "s.db.html",
            "s.db-2026",
            "s.db-wal2",
            "t.db-wal",
            "-wal",
        ] {
            assert!(!belongs_to("s.db", name), "{name}");
        }
    }
}
