//! Files whose lock shows that a process is alive: the system lets go of it when the process dies, however.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::rights::create_new;

/// Makes the file and locks it. Whoever clears up may take it for that of a dead process just before it is locked, so that this
/// is tried again.
///
/// # Errors
/// What the system says, or that another process holds the lock.
pub(crate) fn take(path: &Path) -> io::Result<File> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        match create_new(path, false) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let file = File::options().write(true).open(path);
        match file.map(|file| (file.try_lock(), file)) {
            Ok((Ok(()), file)) if is_at(&file, path) => return Ok(file),
            Ok((Err(TryLockError::Error(error)), _)) => return Err(error),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    Err(io::Error::other("another process holds its lock"))
}

/// The lock of a process that is gone, held meanwhile; `None` while the process is alive, where that cannot be told, and where
/// there is no such file.
pub(crate) fn of_dead_process(path: &Path) -> Option<File> {
    // A link or a pipe is no lock of ours, and opening it may take for ever.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    // Its owner may have removed it between, and somebody else may have made another one there.
    is_at(&file, path).then_some(file)
}

/// Whether an open file is the one that stands at a path now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let here = fs::symlink_metadata(path).map(|m| (m.dev(), m.ino()));
    let open = file.metadata().map(|m| (m.dev(), m.ino()));
    matches!((here, open), (Ok(here), Ok(open)) if here == open)
}

/// Whether an open file is the one that stands at a path now. Here an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}
