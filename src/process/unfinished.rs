//! Files that are still being written, under their own name beside their target, and what killed processes left of
//! them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::lock_file;
use super::rights::{Rights, create_new};

const UNFINISHED: &str = "-unfinished";
/// Suffix of the file whose lock shows that the writer is alive. The file itself is not locked: on some systems the
/// lock would keep SQLite out, even that of the writer.
const LOCK: &str = "-lock";
/// Suffixes of the file itself and of what SQLite may keep beside it.
const CONTENT: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// A file without a lock was written by an older version. If nobody has touched it for this long, it is left over.
const UNTOUCHED: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that is removed unless it is completed. The system releases its lock when the process dies in any way.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    lock: Option<File>,
}

impl Unfinished {
    /// Creates an empty file beside `target`, so that it can replace it in one step. With `rights` nobody else can read
    /// it meanwhile.
    ///
    /// # Errors
    /// Errors of the system.
    pub(crate) fn beside(target: &Path, rights: Option<&Rights>) -> io::Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}{UNFINISHED}", std::process::id()));
        let path = PathBuf::from(name);
        let lock = lock_file::take(&with_ending(&path, LOCK))?;
        let unfinished = Self {
            path,
            lock: Some(lock),
        };
        // A process with the same number may have left one.
        unfinished.remove_content();
        create_new(&unfinished.path, rights.is_some())?;
        Ok(unfinished)
    }

    /// Its path until it is complete.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The rights that a new file gets here: those of its lock. Nothing else reveals the process's mask.
    ///
    /// # Errors
    /// Errors of the system.
    pub(crate) fn usual_rights(&self) -> io::Result<Option<Rights>> {
        Rights::of(&with_ending(&self.path, LOCK))
    }

    /// Makes sure that it is on disk and moves it to its place.
    ///
    /// # Errors
    /// Errors of the system; then the target is unchanged.
    pub(crate) fn complete(self, target: &Path, rights: Option<&Rights>) -> io::Result<()> {
        let file = File::options().write(true).open(&self.path)?;
        if let Some(rights) = rights {
            rights.give_to(&file)?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&self.path, target)
    }

    fn remove_content(&self) {
        for ending in CONTENT {
            // Usually there is none.
            drop(fs::remove_file(with_ending(&self.path, ending)));
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.remove_content();
        drop(fs::remove_file(with_ending(&self.path, LOCK)));
        drop(self.lock.take());
    }
}

/// What a killed process left of a file that it was writing.
#[derive(Debug)]
pub(crate) struct Leftover {
    path: PathBuf,
    /// Held meanwhile, so that nobody starts to write under this name.
    lock: Option<File>,
    /// Its size, including its companions.
    pub(crate) bytes: u64,
}

impl Leftover {
    /// Removes it; what cannot be removed stays for the next time.
    pub(crate) fn remove(self) {
        let has_gone = |ending: &str| {
            let removed = fs::remove_file(with_ending(&self.path, ending));
            removed.map_or_else(|e| e.kind() == io::ErrorKind::NotFound, |()| true)
        };
        // The lock last: as long as it exists, the rest is recognised as left over.
        if CONTENT.iter().filter(|ending| !has_gone(ending)).count() == 0 {
            drop(fs::remove_file(with_ending(&self.path, LOCK)));
        }
        drop(self.lock);
    }
}

/// Removes what killed processes left in a folder.
pub(crate) fn clear_up(folder: &Path) {
    leftovers(folder).into_iter().for_each(Leftover::remove);
}

/// What killed processes left in a folder. An unreadable folder has nothing that can be removed.
pub(crate) fn leftovers(folder: &Path) -> Vec<Leftover> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names: BTreeSet<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            unfinished_name(name.to_str()?).map(str::to_owned)
        })
        .collect();
    let left = names.iter().map(|name| folder.join(name));
    left.filter_map(leftover).collect()
}

/// The unfinished file `report.html.812-unfinished` for this name or that of a companion; `None` for any other name.
fn unfinished_name(name: &str) -> Option<&str> {
    let end = name.rfind(UNFINISHED)? + UNFINISHED.len();
    let (base, ending) = name.split_at(end);
    let (_, process) = base.strip_suffix(UNFINISHED)?.rsplit_once('.')?;
    let is_ours = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
    (is_ours && (ending == LOCK || CONTENT.contains(&ending))).then_some(base)
}

/// The file and its lock, unless someone is writing it or that cannot be determined.
fn leftover(path: PathBuf) -> Option<Leftover> {
    let sizes = CONTENT.iter().filter_map(|ending| {
        let metadata = fs::symlink_metadata(with_ending(&path, ending)).ok()?;
        metadata.is_file().then_some(metadata.len())
    });
    let bytes = sizes.sum();
    let lock_path = with_ending(&path, LOCK);
    let lock = lock_file::of_dead_process(&lock_path);
    let has_none = || fs::symlink_metadata(&lock_path).is_err() && is_untouched(&path);
    (lock.is_some() || has_none()).then_some(Leftover { path, lock, bytes })
}

fn is_untouched(path: &Path) -> bool {
    let touched = fs::symlink_metadata(path).and_then(|m| m.modified());
    let age = touched.map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
    age.is_ok_and(|age| age > UNTOUCHED)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The folder of a file; the working folder if none is named.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = files
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "a.db.7-unfinished",
            "a.db.7-unfinished-wal",
            "a.db.7-unfinished-lock",
            // Of an older version, perhaps still being written; and somebody else's.
            "b.db.8-unfinished",
            "notes-unfinished",
            "my.draft-unfinished",
            "c.9-unfinished-lock-of-mine",
        ] {
            fs::write(at(name), "123").unwrap();
        }
        let left = leftovers(folder.path());
        assert_eq!(left.iter().map(|l| l.bytes).collect::<Vec<_>>(), [6]);
        drop(left);
        clear_up(folder.path());
        let writing = Unfinished::beside(&at("d.csv"), None).unwrap();
        assert!(leftovers(folder.path()).is_empty());
        let writing_name = writing.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(
            names(folder.path()),
            [
                "b.db.8-unfinished",
                "c.9-unfinished-lock-of-mine",
                writing_name,
                &format!("{writing_name}-lock"),
                "my.draft-unfinished",
                "notes-unfinished"
            ]
        );
        writing.complete(&at("d.csv"), None).unwrap();
        assert!(names(folder.path()).contains(&"d.csv".to_owned()));
        assert_eq!(names(folder.path()).len(), 5);
        // Of an older version, and untouched for two days.
        let old = File::options().write(true).open(at("b.db.8-unfinished"));
        let old_time = SystemTime::now() - 2 * UNTOUCHED;
        old.unwrap().set_modified(old_time).unwrap();
        assert_eq!(leftovers(folder.path()).len(), 1);
    }

    #[test]
    fn a_name_is_taken_though_others_clear_up_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.csv");
        thread::scope(|scope| {
            let clearing = scope.spawn(|| {
                for _ in 0..300 {
                    clear_up(folder.path());
                }
            });
            for _ in 0..300 {
                let unfinished = Unfinished::beside(&target, None).unwrap();
                fs::write(unfinished.path(), "whole").unwrap();
                unfinished.complete(&target, None).unwrap();
                assert_eq!(fs::read(&target).unwrap(), b"whole");
            }
            clearing.join().unwrap();
        });
        assert_eq!(names(folder.path()), ["a.csv"]);
    }
}
