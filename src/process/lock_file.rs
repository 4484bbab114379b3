//! Files whose lock shows that a process is alive: the system releases it when the process dies in any way.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::rights::create_new;

/// Creates the file and locks it. Retries, because a cleanup may mistake it for that of a dead process just before it
/// is locked.
///
/// # Errors
/// Errors of the system, or that another process holds the lock.
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

/// The lock of a dead process, held meanwhile; `None` if the process is alive, if that cannot be determined, or if
/// there is no such file.
pub(crate) fn of_dead_process(path: &Path) -> Option<File> {
    // A link or a pipe is not our lock, and opening it may block for ever.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?;
    file.try_lock().ok()?;
    // Its owner may have removed it meanwhile, and another may have been created there.
    is_at(&file, path).then_some(file)
}

/// Whether an open file is the one at a path now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let here = fs::symlink_metadata(path).map(|m| (m.dev(), m.ino()));
    let open = file.metadata().map(|m| (m.dev(), m.ino()));
    matches!((here, open), (Ok(here), Ok(open)) if here == open)
}

/// Whether an open file is the one at a path now. On this system an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}
