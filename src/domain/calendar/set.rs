//! The set of calendars: compiled in, and corrected or extended by the files of a folder.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use chrono_tz::Tz;
use flate2::read::DeflateDecoder;

use super::{Calendar, Sessions, Table, UserFile, file};
use crate::process::result_file;

/// The calendar of crypto currencies, which needs no file.
const ALWAYS: &str = "24/7";
/// The calendar of foreign exchange, which needs no file.
const FOREIGN_EXCHANGE: &str = "24/5";
/// Every weekday of a time zone: for an exchange without a list of holidays.
const WEEKDAYS: &str = "weekdays@";

/// The files of `data/calendars`, packed by `build.rs`: each a zero byte, its name, a line end, and its text without
/// comments.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/calendars.deflate"));

/// The names of the three exchanges whose files do not contain them.
const TITLES: [(&str, &str); 3] = [
    ("XKRX", "Korea Exchange"),
    ("XNYS", "New York Stock Exchange, Nasdaq, NYSE Arca"),
    ("CMES", "CME futures, as Yahoo has daily bars of them"),
];

/// All calendars. A list is parsed when it is first used: a run needs three of the sixty.
#[derive(Debug, Clone)]
pub struct Calendars(BTreeMap<String, List>);

/// A calendar's list.
#[derive(Debug, Clone)]
struct List {
    /// The text in the program; empty for a calendar that only the user has.
    text: String,
    /// The parsed text, or the user's file.
    table: OnceLock<Arc<Table>>,
}

impl Calendars {
    /// The compiled-in calendars.
    ///
    /// # Errors
    /// If the compiled-in data is damaged, which a test excludes.
    pub fn built_in() -> Result<Self, String> {
        let mut text = String::new();
        DeflateDecoder::new(PACKED)
            .read_to_string(&mut text)
            .map_err(|e| format!("cannot read the built-in calendars: {e}"))?;
        let files = text.split('\0').filter_map(|file| file.split_once('\n'));
        let lists = files.map(|(name, text)| {
            let list = List {
                text: text.to_owned(),
                table: OnceLock::new(),
            };
            (name.to_owned(), list)
        });
        Ok(Self(lists.collect()))
    }

    /// The calendars with the files of a folder. A file with a calendar's name (`XKRX.toml`) and a `zone` replaces it;
    /// one without a `zone` adds its lines; a complete calendar with another name is a new one. The folder need not
    /// exist.
    ///
    /// # Errors
    /// A sentence with the file, the line, the value and what would be right. A correction of a calendar that does not
    /// exist is refused: under a misspelt name it would be ignored for ever.
    pub(crate) fn load(dir: &Path) -> Result<Self, String> {
        let mut calendars = Self::built_in()?;
        for path in toml_files(dir).map_err(|e| format!("{}: {e}", dir.display()))? {
            calendars
                .take(&path)
                .map_err(|why| format!("{}: {why}", path.display()))?;
        }
        Ok(calendars)
    }

    fn take(&mut self, path: &Path) -> Result<(), String> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let known = self.0.keys().find(|name| stem.eq_ignore_ascii_case(name));
        let name = known.cloned().unwrap_or_else(|| stem.to_string());
        let bytes = result_file::read(path).map_err(|e| e.to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
        let base = match self.0.get(&name) {
            // The files shipped with the program are its own lists, which are parsed when used.
            Some(list) if without_comments(&text) == list.text => return Ok(()),
            Some(_) => Some(self.table(&name)?),
            None => None,
        };
        let parsed = file::parse(&text, base.as_deref(), &|other| self.days_of(other));
        let file::Parsed {
            mut table,
            is_whole,
        } = match base {
            Some(_) => parsed?,
            None => {
                check_name(&name)?;
                parsed.map_err(|why| format!("there is no built-in calendar {name} to correct, and as a calendar of your own: {why}"))?
            }
        };
        let known_longer = base.map(|base| base.known_until);
        table.file = Some(UserFile {
            path: path.to_owned(),
            corrects: !is_whole,
            hides: known_longer.filter(|until| is_whole && *until > table.known_until),
        });
        let list = List {
            text: String::new(),
            table: OnceLock::from(Arc::new(table)),
        };
        self.0.insert(name, list);
        Ok(())
    }

    fn days_of(&self, name: &str) -> Option<Table> {
        self.table(name).ok().map(|table| Table::clone(&table))
    }

    /// The list of a name.
    fn table(&self, name: &str) -> Result<Arc<Table>, String> {
        let list = self.0.get(name).ok_or("there is no such calendar")?;
        if let Some(table) = list.table.get() {
            return Ok(Arc::clone(table));
        }
        let parsed = file::parse(&list.text, None, &|other| self.days_of(other));
        let mut table = parsed.map_err(|why| format!("{name}.toml: {why}"))?.table;
        if let Some((_, title)) = TITLES.iter().find(|(titled, _)| *titled == name) {
            (*title).clone_into(&mut table.title);
        }
        Ok(Arc::clone(list.table.get_or_init(|| Arc::new(table))))
    }

    /// The calendar with a name from `assets.toml`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Calendar> {
        let days = match name {
            ALWAYS => Sessions::Always,
            FOREIGN_EXCHANGE => Sessions::ForeignExchange,
            _ => match name.strip_prefix(WEEKDAYS) {
                Some(zone) => Sessions::Weekdays(zone.parse::<Tz>().ok()?),
                None => Sessions::List(self.table(name).ok()?),
            },
        };
        Some(Calendar {
            name: name.into(),
            days,
        })
    }

    /// All calendars with a name, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = Calendar> + '_ {
        let lists = self.0.keys().map(String::as_str);
        [ALWAYS, FOREIGN_EXCHANGE]
            .into_iter()
            .chain(lists)
            .filter_map(|name| self.get(name))
    }

    /// Possible names of calendars, for a message: names of lists start alike, so a few of them are enough.
    #[must_use]
    pub(crate) fn names(&self) -> String {
        let own = self.0.iter().filter(|(_, list)| list.text.is_empty());
        let own = own.map(|(name, _)| name.as_str());
        let often = ["XKRX", "XNYS", "CMES", "XLON", "XTKS"];
        let mut names: Vec<&str> = often.into_iter().collect();
        names.extend(own.filter(|name| !often.contains(name)));
        format!(
            "{} ({} lists; see `pricestash assets --calendars`), {ALWAYS}, {FOREIGN_EXCHANGE}, or {WEEKDAYS}Europe/Sofia without a list",
            names.join(", "),
            self.0.len()
        )
    }
}

/// A file as it is compiled in.
fn without_comments(text: &str) -> String {
    let lines = text.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The name of a calendar of the user's, which appears in tables and messages.
fn check_name(name: &str) -> Result<(), String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if name.is_empty() || name.len() > 20 || !name.bytes().all(fine) {
        return Err(format!(
            "the name of a calendar, here from the file {name}.toml, should be 1 to 20 letters, digits or any of _ -"
        ));
    }
    Ok(())
}

/// The `.toml` files of a folder by name; empty without the folder.
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

    fn day(text: &str) -> chrono::NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_file_replaces_the_calendar_of_its_name_and_no_other() {
        let calendars = load(&[("XKRX.toml", CORRECTED.as_bytes()), (".gitkeep", b"")]).unwrap();
        let xkrx = calendars.get("XKRX").unwrap();
        assert_eq!(xkrx.closed_reason(day("2026-11-20")), Some("Blackout"));
        assert!(xkrx.is_session(day("2026-12-25")), "the list as a whole");
        assert!(xkrx.origin().ends_with("XKRX.toml") && !xkrx.origin().contains("built in"));
        assert_eq!(
            xkrx.hidden_until(),
            Some(day("2027-12-31")),
            "it ends earlier"
        );
        let xnys = calendars.get("XNYS").unwrap();
        assert!(xnys.is_session(day("2026-11-20")));
        assert_eq!(xnys.origin(), "built in");
        assert!(calendars.get("XXXX").is_none());
    }

    #[test]
    fn a_file_of_one_day_leaves_the_rest_of_the_list() {
        let line = b"[closed]\n2026-11-20 = \"Blackout\"\n";
        let calendars = load(&[("xkrx.TOML", line), ("XETR.toml", line)]).unwrap();
        for name in ["XKRX", "XETR", "XFRA"] {
            let calendar = calendars.get(name).unwrap();
            let closed = |text: &str| !calendar.is_session(day(text));
            assert!(closed("2026-11-20") && closed("2026-12-25"), "{name}");
        }
        let origin = calendars.get("XKRX").unwrap().origin();
        assert!(origin.starts_with("built in, corrected by "), "{origin}");
    }

    #[test]
    fn a_copy_of_a_list_is_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/calendars");
        let text = fs::read_to_string(folder.join("XTKS.toml")).unwrap();
        let calendars = load(&[("XTKS.toml", text.replace('\n', "\r\n").as_bytes())]).unwrap();
        assert_eq!(calendars.get("XTKS").unwrap().origin(), "built in");
    }

    #[test]
    fn a_whole_file_of_another_name_is_a_new_calendar() {
        let calendars = load(&[("XCAI.toml", CORRECTED.as_bytes())]).unwrap();
        let own = calendars.get("XCAI").unwrap();
        assert_eq!(
            (own.name(), own.closed_reason(day("2026-11-20"))),
            ("XCAI", Some("Blackout"))
        );
        assert!(calendars.names().contains("XCAI"));
        assert!(calendars.all().any(|c| c.name() == "XCAI"));
    }

    #[test]
    fn calendars_without_a_list_are_rules() {
        let calendars = Calendars::built_in().unwrap();
        let sofia = calendars.get("weekdays@Europe/Sofia").unwrap();
        assert_eq!(
            (sofia.name(), sofia.zone()),
            ("weekdays@Europe/Sofia", Tz::Europe__Sofia)
        );
        assert!(sofia.is_session(day("2026-12-25")) && !sofia.is_session(day("2026-11-28")));
        assert_eq!(sofia.known_until(), None);
        // The close is not known: the day has to be over, and an hour more.
        assert_eq!(
            sofia.final_at(day("2026-11-27")).to_string(),
            "2026-11-27 23:00:00 UTC"
        );
        let forex = calendars.get("24/5").unwrap();
        assert!(!forex.is_session(day("2026-12-25")) && forex.is_session(day("2024-12-25")));
        assert_eq!(
            forex.final_at(day("2026-07-01")).to_string(),
            "2026-07-02 00:00:00 UTC"
        );
        assert!(calendars.get("weekdays@Europe/Nowhere").is_none());
    }

    #[test]
    fn every_compiled_in_list_can_be_read_and_is_the_file_in_the_repository() {
        let calendars = Calendars::built_in().unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/calendars");
        let files = toml_files(&folder).unwrap();
        assert_eq!(files.len(), calendars.0.len());
        assert!(PACKED.len() < 60_000, "{}", PACKED.len());
        for path in files {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let packed = calendars.table(name).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(without_comments(&text), calendars.0[name].text, "{name}");
            let file = file::parse(&text, None, &|other| calendars.days_of(other))
                .unwrap()
                .table;
            assert_eq!(packed.closed, file.closed, "{name}");
            assert_eq!(packed.finals, file.finals, "{name}");
            assert!(!packed.title.is_empty(), "{name}");
            assert!(!packed.closed.is_empty(), "{name}");
        }
    }

    #[test]
    fn no_folder_means_the_built_in_ones() {
        let calendars = Calendars::load(Path::new("no/such/folder")).unwrap();
        let xkrx = calendars.get("XKRX").unwrap();
        assert!(!xkrx.is_session(day("2026-06-03")));
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_name() {
        let wrong = CORRECTED.replace("16:30", "25:00");
        assert_eq!(
            load(&[("XNYS.toml", wrong.as_bytes())]).unwrap_err(),
            "XNYS.toml: line 5: the time of 2026-01-01 should be like \"16:30\", found \"25:00\""
        );
        // Under a misspelt name a correction would be ignored for ever.
        assert_eq!(
            load(&[("XKRS.toml", b"[closed]\n2026-11-20 = \"Blackout\"\n")]).unwrap_err(),
            "XKRS.toml: there is no built-in calendar XKRS to correct, and as a calendar of your own: \
             line 1: zone is missing; a complete calendar has zone, known_from, known_until, [final] and [closed]"
        );
        assert_eq!(
            load(&[("CMES.toml", b"\xff")]).unwrap_err(),
            "CMES.toml: not UTF-8 text"
        );
        let named = load(&[("24 5.toml", CORRECTED.as_bytes())]).unwrap_err();
        assert!(named.contains("1 to 20 letters"), "{named}");
    }
}
