//! Writes results into files that appear completely or not at all; devices and pipes are written directly. Links are
//! followed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::rights::Rights;
use super::unfinished::{Unfinished, clear_up, folder_of};

/// Most links in a chain, as in Linux.
const MAX_LINKS: u32 = 40;
/// How long a pipe may wait for its reader.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// This program's own stdout.
    Stdout,
    /// A device, a pipe, or a file that someone holds open for us (`/dev/fd/3`).
    Stream(PathBuf),
    /// A regular file, or nothing yet; not a link.
    File(PathBuf),
}

impl Place {
    /// Determines where a path leads; opens and creates nothing.
    ///
    /// # Errors
    /// For a folder, a socket or a circle of links, and errors of the system.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let folder = || io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
        if ends_like_a_folder(path) {
            return Err(folder());
        }
        if is_windows_device(path) {
            return Ok(Self::Stream(path.to_owned()));
        }
        if is_stdout(path) {
            return Ok(Self::Stdout);
        }
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let name = path.file_name().ok_or_else(folder)?;
            let real_folder = fs::canonicalize(folder_of(&path))
                .map_err(|e| io::Error::new(e.kind(), format!("its folder: {e}")))?;
            let metadata = match fs::symlink_metadata(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::File(path)),
                other => other?,
            };
            if holds_open_files(&real_folder) {
                return Ok(Self::Stream(real_folder.join(name)));
            }
            if !metadata.is_symlink() {
                return by_type(path, metadata.file_type());
            }
            path = real_folder.join(fs::read_link(&path)?);
        }
        Err(io::Error::other("its links form a circle"))
    }

    /// The place of a separate file, which cannot be a stream.
    ///
    /// # Errors
    /// As [`Place::of`], and for anything but a regular file or nothing.
    pub(crate) fn file(path: &Path) -> io::Result<PathBuf> {
        match Self::of(path)? {
            Self::File(file) => Ok(file),
            Self::Stdout | Self::Stream(_) => Err(no_file()),
        }
    }

    /// Runs `write` to produce the result. A file is written beside its place and moved there in one step, with the
    /// rights of the file it replaces: readers see the old content until then, and a failure keeps it.
    ///
    /// # Errors
    /// Errors of `write` and of the system.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = write(&mut stdout)?;
                stdout.flush()?;
                Ok(written)
            }
            Self::Stream(path) => write(&mut open_stream(path)?),
            Self::File(path) => {
                clear_up(folder_of(path));
                let rights = Rights::of(path)?;
                let unfinished = Unfinished::beside(path, rights.as_ref())?;
                let mut file = File::options().write(true).open(unfinished.path())?;
                let written = write(&mut file)?;
                drop(file);
                unfinished.complete(path, rights.as_ref())?;
                Ok(written)
            }
        }
    }
}

fn by_type(place: PathBuf, kind: fs::FileType) -> io::Result<Place> {
    if kind.is_file() {
        return Ok(Place::File(place));
    }
    if kind.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_socket() {
            return Err(io::Error::other("it is a socket"));
        }
    }
    Ok(Place::Stream(place))
}

fn no_file() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is a device or a pipe, but must be a file",
    )
}

/// Refuses to read anything but a regular file: a pipe without a writer would block for ever. What a shell holds open
/// for us (`<(…)`, `/dev/stdin`) may be a pipe.
///
/// # Errors
/// Errors of the system, or that it is not a file.
pub(crate) fn check_readable(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let is_held_open = || {
        let folder = fs::canonicalize(folder_of(path));
        folder.is_ok_and(|f| holds_open_files(&f) || f == Path::new("/dev"))
    };
    // Other errors of a folder are reported when it is read.
    if metadata.is_file() || metadata.is_dir() || (is_pipe(&metadata) && is_held_open()) {
        return Ok(());
    }
    Err(no_file())
}

#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

/// [`fs::read`] of a regular file.
///
/// # Errors
/// As [`check_readable`], and errors of the system.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    check_readable(path)?;
    fs::read(path)
}

/// Opens a device or a pipe, or an open file at its end. The system would wait for a pipe's reader for ever.
fn open_stream(path: &Path) -> io::Result<File> {
    let (opened, answer) = mpsc::channel();
    let place = path.to_owned();
    let open = move || {
        let file = File::options().append(true).open(place);
        // After the time limit nobody listens.
        drop(opened.send(file));
    };
    thread::Builder::new().name("open".to_owned()).spawn(open)?;
    answer.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let why = format!("nobody reads it (waited {} s)", PATIENCE.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// Whether a path names a folder, as `out/` does even if it does not exist.
fn ends_like_a_folder(path: &Path) -> bool {
    let last = path.as_os_str().as_encoded_bytes().last();
    last == Some(&b'/') || (cfg!(windows) && last == Some(&b'\\'))
}

/// Whether a folder shows the open files of a process: following its links would replace those files.
fn holds_open_files(folder: &Path) -> bool {
    cfg!(unix) && (folder.starts_with("/proc") || folder.starts_with("/dev/fd"))
}

/// Whether a path leads to the same file, pipe or terminal as stdout. A second handle would not know the position of
/// the first.
#[cfg(unix)]
fn is_stdout(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let stdout = stdout.and_then(|file| file.metadata());
    let is_it = |stdout: &fs::Metadata, path: &fs::Metadata| {
        (stdout.dev(), stdout.ino()) == (path.dev(), path.ino())
    };
    matches!((&stdout, &fs::metadata(path)), (Ok(stdout), Ok(path)) if is_it(stdout, path))
}

#[cfg(not(unix))]
fn is_stdout(_: &Path) -> bool {
    false
}

/// Whether a name is a Windows device, in any folder and with any ending (`NUL`, `nul.csv`), or below `\\.\`.
fn is_windows_device(path: &Path) -> bool {
    cfg!(windows) && is_device_name(&path.to_string_lossy())
}

fn is_device_name(path: &str) -> bool {
    if path.starts_with(r"\\.\") {
        return true;
    }
    let name = path.rsplit(['\\', '/', ':']).next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = || {
        let number = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
        number.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) -> Result<()> {
        Place::of(path)?.write(|to| Ok(to.write_all(text.as_bytes())?))
    }

    #[test]
    fn a_file_is_replaced_whole_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let place = Place::of(&path).unwrap();
        let failed = place.write(|to| -> Result<()> {
            to.write_all(b"half")?;
            anyhow::bail!("no more")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        put(&path, "new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_no_place_for_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for path in [at(""), at("new/"), at("."), at("..")] {
            let refused = Place::of(&path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::IsADirectory, "{path:?}");
        }
        assert!(Place::of(&at("none/a.csv")).is_err());
        assert!(Place::of(Path::new("a.csv")).is_ok());
    }

    #[test]
    fn windows_has_devices_by_name() {
        for device in [
            "NUL",
            "nul",
            r"C:\x\Nul.csv",
            "con",
            "COM1",
            "lpt9.html",
            r"\\.\pipe\p",
        ] {
            assert!(is_device_name(device), "{device}");
        }
        for file in ["null", "nulls.csv", "COM10", "com", "report.nul", "a/b.csv"] {
            assert!(!is_device_name(file), "{file}");
        }
    }

    #[cfg(unix)]
    mod unix {
        use std::io::Read;
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;
        use std::process::Command;

        use super::*;

        fn make_pipe(path: &Path) {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }

        #[test]
        fn links_are_followed_also_to_what_is_not_there_yet() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("disk")).unwrap();
            symlink("disk/a.csv", at("one")).unwrap();
            symlink("one", at("two")).unwrap();
            for text in ["first", "second"] {
                put(&at("two"), text).unwrap();
                assert_eq!(fs::read_to_string(at("disk/a.csv")).unwrap(), text);
            }
            assert!(at("one").is_symlink() && at("two").is_symlink());
            symlink("round", at("round")).unwrap();
            assert!(put(&at("round"), "x").is_err());
        }

        #[test]
        fn a_replaced_file_keeps_its_rights() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.csv");
            for mode in [0o600, 0o640, 0o666, 0o444] {
                fs::write(&path, "old").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                put(&path, "new").unwrap();
                assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
                fs::remove_file(&path).unwrap();
            }
        }

        #[test]
        fn devices_pipes_and_sockets_stay_what_they_are() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            make_pipe(&at("pipe"));
            symlink("/dev/null", at("null")).unwrap();
            let _socket = UnixListener::bind(at("socket")).unwrap();
            put(&at("null"), "away").unwrap();
            assert!(put(&at("socket"), "x").is_err() && at("socket").exists());
            let pipe = at("pipe");
            let reader = thread::spawn(move || {
                let mut text = String::new();
                File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            });
            put(&at("pipe"), "through").unwrap();
            assert_eq!(reader.join().unwrap(), "through");
            let kinds = ["pipe", "null", "socket"].map(|n| Place::file(&at(n)).is_err());
            assert_eq!(kinds, [true; 3]);
            assert!(read(&at("pipe")).is_err());
            // No file has come of any of them.
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        }

        #[test]
        fn what_somebody_holds_open_is_written_on_and_not_replaced() {
            use std::os::fd::AsRawFd;

            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            fs::write(&path, "before ").unwrap();
            let open = File::options().append(true).open(&path).unwrap();
            let before = fs::metadata(&path).unwrap().ino();
            put(
                Path::new(&format!("/dev/fd/{}", open.as_raw_fd())),
                "behind",
            )
            .unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "before behind");
            assert_eq!(fs::metadata(&path).unwrap().ino(), before);
        }
    }
}
