//! Who may read and write a file, carried from one file to the one that takes its place.

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
    /// The rights of the file at a path; `None` where there is none.
    ///
    /// # Errors
    /// What the system says.
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

    /// These rights, and the owner may also read and write.
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

    /// These rights without those that another file does not give.
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

    /// Gives a file these rights. Where it cannot get the owner or the group, another group gets no rights from it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn give_to(&self, file: &File) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::fs::Permissions;
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

            let (user, group) = self.owner;
            let has = file.metadata()?;
            // Only an administrator may give a file away, and only to a group of one's own may one give it.
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

/// Makes an empty file where nothing is, not even a link; a private one can be read by its owner only.
///
/// # Errors
/// What the system says.
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
