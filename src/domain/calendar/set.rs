//! The set of calendars: compiled in, and corrected by files of the same name in a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use super::{Calendar, file};
use crate::process::result_file;

/// The calendar of crypto currencies, which needs no file.
const ALWAYS: &str = "24/7";

/// The calendars that have a file, with the text that is compiled in.
const FILES: [(&str, &str); 3] = [
    ("XKRX", include_str!("../../../data/calendars/XKRX.toml")),
    ("XNYS", include_str!("../../../data/calendars/XNYS.toml")),
    ("CMES", include_str!("../../../data/calendars/CMES.toml")),
];

/// XKRX, XNYS, CMES and 24/7.
#[derive(Debug, Clone)]
pub struct Calendars(Vec<Calendar>);

impl Calendars {
    /// The calendars as they are compiled in.
    ///
    /// # Errors
    /// When a compiled-in file is wrong, which a test excludes.
    pub fn built_in() -> Result<Self, String> {
        let mut calendars = Vec::with_capacity(FILES.len() + 1);
        for (name, text) in FILES {
            let table = file::parse(text, None).map_err(|why| format!("{name}.toml: {why}"))?;
            calendars.push(Calendar {
                name,
                table: Some(Arc::new(table)),
            });
        }
        calendars.push(Calendar {
            name: ALWAYS,
            table: None,
        });
        Ok(Self(calendars))
    }

    /// The calendars, each one corrected by the file of its name (`XKRX.toml`) in a folder: a file with a `zone` replaces
    /// it as a whole, one without adds its lines. The folder need not exist.
    ///
    /// # Errors
    /// One sentence with the file, the line, the value and what would be right. A `.toml` file of another name is refused
    /// as well: a correction under a misspelt name would be ignored for ever.
    pub(crate) fn load(dir: &Path) -> Result<Self, String> {
        let mut calendars = Self::built_in()?;
        for path in toml_files(dir).map_err(|e| format!("{}: {e}", dir.display()))? {
            calendars
                .correct(&path)
                .map_err(|why| format!("{}: {why}", path.display()))?;
        }
        Ok(calendars)
    }

    fn correct(&mut self, path: &Path) -> Result<(), String> {
        let stem = path.file_stem().unwrap_or_default();
        let calendar = self
            .0
            .iter_mut()
            .find(|c| c.table.is_some() && stem.eq_ignore_ascii_case(c.name))
            .ok_or_else(|| {
                let files = FILES.map(|(name, _)| format!("{name}.toml")).join(", ");
                format!("there is no calendar of this name, the files of this folder are {files}")
            })?;
        let bytes = result_file::read(path).map_err(|e| e.to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let table = file::parse(&text, calendar.table.as_deref())?;
        calendar.table = Some(Arc::new(table));
        Ok(())
    }

    /// The calendar of a name as it stands in `assets.toml`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Calendar> {
        self.0.iter().find(|c| c.name == name)
    }

    /// The names, for a message.
    #[must_use]
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(Calendar::name).collect();
        names.join(", ")
    }
}

/// The `.toml` files of a folder by name, none when there is no folder.
fn toml_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("toml"))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORRECTED: &str = "zone = \"Asia/Seoul\"\nknown_from = 2026-01-01\nknown_until = 2026-12-31\n\
                             [final]\n2026-01-01 = \"16:30\"\n[closed]\n2026-11-20 = \"Blackout\"\n";

    fn load(files: &[(&str, &[u8])]) -> Result<Calendars, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        let root = format!("{}{}", dir.path().display(), std::path::MAIN_SEPARATOR);
        Calendars::load(dir.path()).map_err(|why| why.replace(&root, ""))
    }

    #[test]
    fn a_file_replaces_the_calendar_of_its_name_and_no_other() {
        let day = "2026-11-20".parse().unwrap();
        let calendars = load(&[("XKRX.toml", CORRECTED.as_bytes()), (".gitkeep", b"")]).unwrap();
        let xkrx = calendars.get("XKRX").unwrap();
        assert_eq!(xkrx.closed_reason(day), Some("Blackout"));
        assert!(
            xkrx.is_session("2026-12-25".parse().unwrap()),
            "the list as a whole"
        );
        assert!(calendars.get("XNYS").unwrap().is_session(day));
        assert_eq!(calendars.names(), "XKRX, XNYS, CMES, 24/7");
        assert!(calendars.get("XXXX").is_none());
    }

    #[test]
    fn a_file_of_one_day_leaves_the_rest_of_the_list() {
        let line = b"[closed]\n2026-11-20 = \"Blackout\"\n";
        let calendars = load(&[("xkrx.TOML", line)]).unwrap();
        let xkrx = calendars.get("XKRX").unwrap();
        let closed = |day: &str| !xkrx.is_session(day.parse().unwrap());
        assert!(closed("2026-11-20") && closed("2026-12-25"));
    }

    #[test]
    fn no_folder_means_the_built_in_ones() {
        let calendars = Calendars::load(Path::new("no/such/folder")).unwrap();
        assert!(
            !calendars
                .get("XKRX")
                .unwrap()
                .is_session("2026-06-03".parse().unwrap())
        );
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_name() {
        let wrong = CORRECTED.replace("16:30", "25:00");
        assert_eq!(
            load(&[("XNYS.toml", wrong.as_bytes())]).unwrap_err(),
            "XNYS.toml: line 5: the time of 2026-01-01 is \"25:00\", it should be one like \"16:30\""
        );
        assert_eq!(
            load(&[("XKRS.toml", CORRECTED.as_bytes())]).unwrap_err(),
            "XKRS.toml: there is no calendar of this name, the files of this folder are XKRX.toml, XNYS.toml, CMES.toml"
        );
        assert_eq!(
            load(&[("CMES.toml", b"\xff")]).unwrap_err(),
            "CMES.toml: it is not UTF-8 text"
        );
    }
}
