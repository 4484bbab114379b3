//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;

/// Lets `write` write a file beside its place, sees it stored, and moves it there in one step: who reads meanwhile sees what
/// was there before, and a failure leaves that.
pub(crate) fn write_atomically<T>(
    path: &Path,
    write: impl FnOnce(File) -> Result<(File, T)>,
) -> Result<T> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-unfinished", std::process::id()));
    let unfinished = Path::new(&name);
    let written = File::create(unfinished)
        .map_err(anyhow::Error::from)
        .and_then(write)
        .and_then(|(file, written)| {
            file.sync_all()?;
            fs::rename(unfinished, path)?;
            Ok(written)
        });
    if written.is_err() {
        // Perhaps it could not even be made.
        drop(fs::remove_file(unfinished));
    }
    written
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let failed = write_atomically(&path, |mut file| -> Result<(File, ())> {
            file.write_all(b"half")?;
            anyhow::bail!("no more")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let written = write_atomically(&path, |mut file| {
            file.write_all(b"new")?;
            Ok((file, 3))
        });
        assert_eq!(
            (written.unwrap(), fs::read(&path).unwrap()),
            (3, b"new".to_vec())
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
