//! The access rights of a file, transferred to the file that replaces it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The rights of a file. On Windows a file has those of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rights {
    #[cfg(unix)]
    mode: u32,
    #[cfg(unix)]
    owner: (u32, u32),
}

impl Rights {
    /// The rights of the file at a path; `None` if there is none.
    ///
    /// # Errors
    /// Errors of the system.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        let metadata = match std::fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Ok(Some(Self {
                mode: metadata.mode() & 0o777,
                owner: (metadata.uid(), metadata.gid()),
            }))
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Ok(Some(Self {}))
        }
    }

    /// These rights, plus read and write for the owner.
    #[must_use]
    pub(crate) fn writable(self) -> Self {
        #[cfg(unix)]
        {
            let mode = self.mode | 0o600;
            Self { mode, ..self }
        }
        #[cfg(not(unix))]
        self
    }

    /// These rights, restricted to those that another file grants.
    #[must_use]
    pub(crate) fn no_wider_than(self, other: &Self) -> Self {
        #[cfg(unix)]
        {
            Self {
                mode: self.mode & (other.mode | 0o600),
                ..self
            }
        }
        #[cfg(not(unix))]
        {
            let _ = other;
            self
        }
    }

    /// Gives a file these rights. If owner or group cannot be set, the file's group gets no rights.
    ///
    /// # Errors
    /// Errors of the system.
    pub(crate) fn give_to(&self, file: &File) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::fs::Permissions;
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

            let (user, group) = self.owner;
            let has = file.metadata()?;
            // Only an administrator may change the owner, and others may set only groups they belong to.
            let has_group = has.gid() == group || fchown(file, None, Some(group)).is_ok();
            if has.uid() != user {
                drop(fchown(file, Some(user), None));
            }
            let mode = if has_group {
                self.mode
            } else {
                self.mode & !0o070
            };
            file.set_permissions(Permissions::from_mode(mode))
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            Ok(())
        }
    }
}

/// Creates an empty file if nothing exists there, not even a link; a private one is readable by its owner only.
///
/// # Errors
/// Errors of the system.
pub(super) fn create_new(path: &Path, private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if private { 0o600 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path).map(drop)
}
