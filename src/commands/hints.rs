//! What to do about an error that the system reports in its own words.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Error;
use rusqlite::ErrorCode;

use crate::config::Unwritable;

/// Behind the error: what to do where a folder cannot be written, as below Program Files.
#[must_use]
pub fn hint(error: &Error, working_folder: &Path) -> String {
    if error.downcast_ref::<Unwritable>().is_none() || !error.chain().any(is_forbidden) {
        return String::new();
    }
    let protected = working_folder.components().any(|part| {
        part.as_os_str()
            .to_string_lossy()
            .starts_with("Program Files")
    });
    let why = if protected {
        "Windows protects Program Files from programs that run without administrator rights"
    } else {
        "everything is kept in the working folder unless STAGING_DB and --log-dir say otherwise"
    };
    format!(
        "; {why}: run pricestash in a folder that you may write, now it is {}",
        working_folder.display()
    )
}

/// Whether the system forbids it, or SQLite cannot even make its file.
fn is_forbidden(cause: &(dyn std::error::Error + 'static)) -> bool {
    let by_system = cause.downcast_ref::<std::io::Error>().is_some_and(|e| {
        matches!(
            e.kind(),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
        )
    });
    let code = cause
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    by_system
        || matches!(
            code,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen)
        )
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_folder_that_cannot_be_written_is_explained() {
        let home = Path::new("/home/me");
        let doing = || Unwritable("cannot write to the log folder logs".to_owned());
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
            let message = hint(&Error::from(io::Error::from(kind)).context(doing()), home);
            assert!(
                message.contains("STAGING_DB") && message.contains("/home/me"),
                "{message}"
            );
        }
        let read_only = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        let error = Error::from(rusqlite::Error::SqliteFailure(read_only, None)).context(doing());
        let message = hint(&error, Path::new("Program Files (x86)/pricestash"));
        assert!(
            message.contains("Windows protects Program Files"),
            "{message}"
        );
    }

    #[test]
    fn other_errors_stand_alone() {
        let error = Error::from(io::Error::from(ErrorKind::PermissionDenied)).context("a socket");
        assert_eq!(hint(&error, Path::new(".")), "");
    }
}
