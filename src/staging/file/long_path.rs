//! Paths of 260 characters and more on Windows, for SQLite.
//!
//! Rust's own file functions accept them in any form. SQLite needs another of its file layers and a form of the path
//! that Windows does not cut short, whatever the machine's setting for long paths.

use std::path::{Path, PathBuf, absolute};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// From this length on, the path of a companion file (`-journal`) may be too long for Windows.
const LONG: usize = 245;

/// The name by which SQLite opens a file.
pub(in crate::staging) fn sqlite_name(path: &Path) -> PathBuf {
    let absolute = if cfg!(windows) {
        absolute(path).ok()
    } else {
        None
    };
    let long = absolute
        .as_deref()
        .and_then(Path::to_str)
        .and_then(long_name);
    long.map_or_else(|| path.to_owned(), PathBuf::from)
}

/// The SQLite URI of an absolute Windows path, if it is long.
fn long_name(path: &str) -> Option<String> {
    if path.encode_utf16().count() < LONG {
        return None;
    }
    let verbatim = match path.strip_prefix(r"\\") {
        Some(rest) if rest.starts_with(r"?\") => path.to_owned(),
        Some(share) => format!(r"\\?\UNC\{share}"),
        None => format!(r"\\?\{path}"),
    };
    let encoded = utf8_percent_encode(&verbatim, NON_ALPHANUMERIC);
    Some(format!("file:{encoded}?vfs=win32-longpath"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_path_is_opened_in_another_way() {
        assert_eq!(
            sqlite_name(Path::new("data/staging.db")),
            Path::new("data/staging.db")
        );
        assert_eq!(long_name(r"C:\data\staging.db"), None);
        let long = "가".repeat(LONG);
        for (path, verbatim) in [
            (format!(r"C:\{long}"), format!(r"\\?\C:\{long}")),
            (
                format!(r"\\server\share\{long}"),
                format!(r"\\?\UNC\server\share\{long}"),
            ),
            (format!(r"\\?\C:\{long}"), format!(r"\\?\C:\{long}")),
        ] {
            let encoded = utf8_percent_encode(&verbatim, NON_ALPHANUMERIC).to_string();
            assert!(encoded.starts_with("%5C%5C%3F%5C"));
            let uri = format!("file:{encoded}?vfs=win32-longpath");
            assert_eq!(long_name(&path), Some(uri));
        }
    }
}
