//! What killed runs left behind in the program's folders: unfinished files and run locks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::process::unfinished::{self, Leftover, folder_of};
use crate::staging::{left_locks, remove_left_locks};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

/// Counts what killed runs left behind.
pub(super) fn count(config: &Config) -> Left {
    let unfinished = unfinished_files(config);
    Left {
        files: unfinished.len() + left_locks(&config.staging_db).len(),
        bytes: unfinished.iter().map(|left| left.bytes).sum(),
    }
}

/// Removes it, except for files that are still being written.
pub(super) fn remove(config: &Config) {
    unfinished_files(config)
        .into_iter()
        .for_each(Leftover::remove);
    remove_left_locks(&config.staging_db);
}

/// In the folders of our own files and in the working folder. Elsewhere the next result written there removes it.
fn unfinished_files(config: &Config) -> Vec<Leftover> {
    let own = [&*config.staging_db, &*config.assets_file, Path::new(".env")];
    let real = |file: &Path| {
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        fs::canonicalize(folder_of(&file)).ok()
    };
    let folders: BTreeSet<PathBuf> = own.into_iter().filter_map(real).collect();
    let left = folders.iter().flat_map(|f| unfinished::leftovers(f));
    left.collect()
}
