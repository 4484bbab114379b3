//! `[[source]]` in the assets file: a user-defined source, with every value checked.

use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;

use super::value::is_web_address;
use crate::domain::asset::{MAX_KEY_CHARS, SourceKind};
use crate::domain::column::Column;
use crate::domain::date_format::DateFormat;
use crate::domain::number_format::Decimal;
use crate::domain::template::Template;
use crate::domain::user_source::{AnswerForm, UserSource};

/// Names that already mean something else where sources are named or answers are kept.
const TAKEN: [&str; 5] = ["manual", "import", "lookup", "naver_fchart", "archive"];
/// Device names of Windows, which cannot name a folder.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// Longest pause between two requests, in seconds.
const LONGEST_INTERVAL: f64 = 3600.0;
/// A value at least this long in the place of a key is taken for a key.
const SHORTEST_KEY: usize = 8;

/// A column: its name, or its number starting at 1.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a column is a name in quotes or a number starting at 1"
)]
enum ColumnWord {
    Number(u32),
    Name(String),
}

impl ColumnWord {
    fn column(&self, field: &str) -> Result<Column, String> {
        let column = match self {
            Self::Number(number) => Column::parse(&number.to_string()),
            // A quoted number works too: keys of JSON may be numbers.
            Self::Name(name) if name.trim().is_empty() => Column::parse(name),
            Self::Name(name) => Ok(Column::Name(name.clone())),
        };
        column.map_err(|why| format!("{field}: {why}"))
    }
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum FormWord {
    Csv,
    Json,
}

/// The table as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    name: String,
    url: String,
    format: FormWord,
    delimiter: Option<String>,
    decimal: Option<String>,
    rows: Option<String>,
    date: ColumnWord,
    date_format: Option<String>,
    zone: Option<String>,
    open: Option<ColumnWord>,
    high: Option<ColumnWord>,
    low: Option<ColumnWord>,
    close: ColumnWord,
    volume: Option<ColumnWord>,
    #[serde(default)]
    headers: toml::Table,
    interval: Option<f64>,
}

impl SourceTable {
    /// Checks the whole table.
    ///
    /// # Errors
    /// What is wrong and what would be right; never a value that may be a key.
    pub(super) fn check(&self) -> Result<UserSource, String> {
        check_name(&self.name)?;
        self.check_all()
            .map_err(|why| format!("source {}: {why}", self.name))
    }

    fn check_all(&self) -> Result<UserSource, String> {
        let url = self.url()?;
        let headers = self.headers()?;
        let date_format = self
            .date_format
            .as_deref()
            .map(DateFormat::parse)
            .transpose();
        let date_format = date_format.map_err(|why| format!("date_format: {why}"))?;
        let source = UserSource {
            name: self.name.clone(),
            form: self.form()?,
            decimal: match self.decimal.as_deref() {
                Some(text) => Decimal::parse(text).map_err(|why| format!("decimal: {why}"))?,
                None => Decimal::default(),
            },
            date: self.date.column("date")?,
            date_format: date_format.unwrap_or_default(),
            zone: self.zone()?,
            others: self.others()?,
            close: self.close.column("close")?,
            volume: column("volume", self.volume.as_ref())?,
            interval: self.interval()?,
            url,
            headers,
        };
        if source.date_format.is_of_moments() && source.zone.is_none() {
            return Err(
                "its dates are moments, which need a time zone to become days; add zone = \"UTC\" or the exchange's zone, like \
                 zone = \"America/New_York\""
                    .to_owned(),
            );
        }
        if !source.url.has_symbol() && !self.names_symbol() {
            return Err(
                "url does not contain {symbol}, so every asset would get the same prices; put it where the source expects its \
                 symbol"
                    .to_owned(),
            );
        }
        check_keys(&source)?;
        Ok(source)
    }

    /// Whether the symbol selects the part of the answer to read.
    fn names_symbol(&self) -> bool {
        let is_symbol =
            |word: &ColumnWord| matches!(word, ColumnWord::Name(n) if n.contains("{symbol}"));
        is_symbol(&self.close) || self.rows.as_deref().is_some_and(|r| r.contains("{symbol}"))
    }

    fn url(&self) -> Result<Template, String> {
        let url = Template::parse(&self.url).map_err(|why| format!("url: {why}"))?;
        let head = url.head();
        let host = head
            .split_once("://")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        let (authority, path) = host.split_at(host.find(['/', '?']).unwrap_or(host.len()));
        if !is_web_address(head) || authority.is_empty() || (path.is_empty() && head != self.url) {
            return Err(
                "url should begin with http:// or https:// and a host without any place in it, like \
                 https://example.com/{symbol}.csv"
                    .to_owned(),
            );
        }
        if authority.contains('@') {
            return Err(
                "url contains a user name or password; send it in headers with ${VARIABLE}"
                    .to_owned(),
            );
        }
        if let Some(name) = url.texts().find_map(written_key) {
            return Err(format!(
                "url contains the value of {name}; write {name}=${{MY_KEY}} instead and set MY_KEY in .env"
            ));
        }
        Ok(url)
    }

    fn headers(&self) -> Result<Vec<(String, Template)>, String> {
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            let text = value
                .as_str()
                .filter(|text| text.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
            let (Some(text), true) = (text, !name.is_empty() && name.bytes().all(is_token)) else {
                return Err(format!(
                    "header {name:?} should have a name of letters, digits and -, and an ASCII value"
                ));
            };
            let value = Template::parse(text).map_err(|why| format!("header {name}: {why}"))?;
            if is_key_name(name) && value.keys().next().is_none() && text.len() >= SHORTEST_KEY {
                return Err(format!(
                    "header {name} contains its value; write ${{MY_KEY}} instead and set MY_KEY in .env"
                ));
            }
            headers.push((name.clone(), value));
        }
        Ok(headers)
    }

    fn form(&self) -> Result<AnswerForm, String> {
        match self.format {
            FormWord::Json if self.delimiter.is_some() => {
                Err("delimiter works only with format csv".to_owned())
            }
            FormWord::Json => Ok(AnswerForm::Json {
                rows: self.rows.clone().filter(|rows| !rows.is_empty()),
            }),
            FormWord::Csv if self.rows.is_some() => {
                Err("rows works only with format json".to_owned())
            }
            FormWord::Csv => {
                let delimiter = self.delimiter.as_deref().unwrap_or(",");
                let mut chars = delimiter.chars();
                match (chars.next(), chars.next()) {
                    (Some(delimiter @ (',' | ';' | '\t' | '|' | ' ')), None) => {
                        Ok(AnswerForm::Csv { delimiter })
                    }
                    _ => Err(format!(
                        "delimiter: expected one of , ; | a blank or \"\\t\", found {delimiter:?}"
                    )),
                }
            }
        }
    }

    fn zone(&self) -> Result<Option<Tz>, String> {
        let read = |name: &String| {
            name.parse::<Tz>().map_err(|_| {
                format!("zone: expected a time zone like UTC or America/New_York, found {name:?}")
            })
        };
        self.zone.as_ref().map(read).transpose()
    }

    fn others(&self) -> Result<Option<[Column; 3]>, String> {
        let open = column("open", self.open.as_ref())?;
        let high = column("high", self.high.as_ref())?;
        let low = column("low", self.low.as_ref())?;
        match (open, high, low) {
            (None, None, None) => Ok(None),
            (Some(open), Some(high), Some(low)) => Ok(Some([open, high, low])),
            _ => Err(
                "give all of open, high and low, or none: then the close is used for all four prices".to_owned(),
            ),
        }
    }

    fn interval(&self) -> Result<Duration, String> {
        let seconds = self.interval.unwrap_or(0.0);
        let is_right = (0.0..=LONGEST_INTERVAL).contains(&seconds);
        is_right
            .then(|| Duration::from_secs_f64(seconds))
            .ok_or_else(|| {
                format!("interval: expected seconds from 0 to {LONGEST_INTERVAL}, found {seconds}")
            })
    }
}

fn column(field: &str, word: Option<&ColumnWord>) -> Result<Option<Column>, String> {
    word.map(|word| word.column(field)).transpose()
}

/// The name becomes a folder name and part of the key of every bar.
fn check_name(name: &str) -> Result<(), String> {
    let is_fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
    let is_right = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_KEY_CHARS
        && name.bytes().all(is_fine);
    let is_device = DEVICES.contains(&name)
        || (name.len() == 4 && (name.starts_with("com") || name.starts_with("lpt")));
    if !is_right || is_device {
        return Err(format!(
            "source name {name:?} should be 1 to {MAX_KEY_CHARS} lower-case letters, digits, _ or -, start with a letter and not \
             be a Windows device name"
        ));
    }
    let is_built_in = SourceKind::BUILT_IN.iter().any(|kind| kind.name() == name);
    if is_built_in || TAKEN.contains(&name) {
        return Err(format!(
            "source name {name:?} is used by pricestash itself; choose another, like my_{name}"
        ));
    }
    Ok(())
}

/// Keys are sent only to the source, and never where others on the way can read them.
fn check_keys(source: &UserSource) -> Result<(), String> {
    let head = source.url.head();
    let is_near = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|near| {
            head.strip_prefix(near)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
        });
    if !source.keys().is_empty() && head.starts_with("http://") && !is_near {
        return Err("url is http, so anyone on the way could read the key; use https".to_owned());
    }
    Ok(())
}

/// Whether a parameter with this name usually contains a secret.
fn is_key_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "auth", "password", "cookie"]
        .iter()
        .any(|word| name.contains(word))
}

/// The name of a query parameter whose literal value looks like a key.
fn written_key(text: &str) -> Option<&str> {
    text.split(['?', '&']).find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (is_key_name(name) && value.chars().count() >= SHORTEST_KEY).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIINGO: &str = r#"
name = "tiingo"
url = "https://api.tiingo.com/tiingo/daily/{symbol}/prices?startDate={start:%Y-%m-%d}&endDate={end:%Y-%m-%d}"
format = "json"
date = "date"
open = "open"
high = "high"
low = "low"
close = "close"
volume = "volume"
headers = { Authorization = "Token ${TIINGO_TOKEN}" }
interval = 2
"#;

    fn check(text: &str) -> Result<UserSource, String> {
        let table: SourceTable = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        table.check()
    }

    #[test]
    fn a_definition_is_read() {
        let source = check(TIINGO).unwrap();
        assert_eq!(source.keys(), ["TIINGO_TOKEN"]);
        assert_eq!(source.interval, Duration::from_secs(2));
        assert!(source.url.has_days());
        let least =
            "name = \"a\"\nurl = \"https://h/{symbol}\"\nformat = \"csv\"\ndate = 1\nclose = 2\n";
        let source = check(least).unwrap();
        assert_eq!((source.close, source.others), (Column::Number(2), None));
        assert_eq!(source.form, AnswerForm::Csv { delimiter: ',' });
    }

    /// A part of the definition, its replacement, and the expected message.
    const WRONG: &[(&str, &str, &str)] = &[
        ("\"tiingo\"", "\"yahoo\"", "used by pricestash itself"),
        ("\"tiingo\"", "\"lookup\"", "used by pricestash itself"),
        ("\"tiingo\"", "\"Tiingo\"", "lower-case letters"),
        ("\"tiingo\"", "\"../x\"", "lower-case letters"),
        ("\"tiingo\"", "\"com1\"", "device"),
        ("\"json\"", "\"xml\"", "csv"),
        ("{symbol}", "SPY", "every asset would get the same"),
        ("{symbol}", "{ticker}", "{symbol}"),
        (
            "https://api.tiingo.com",
            "ftp://api.tiingo.com",
            "http:// or https://",
        ),
        (
            "https://api.tiingo.com",
            "https://{symbol}.tiingo.com",
            "without any place",
        ),
        (
            "https://api.tiingo.com",
            "https://api${TIINGO_TOKEN}.com",
            "without any place",
        ),
        (
            "https://api.tiingo.com",
            "https://me:pass@api.tiingo.com",
            "a user name or password",
        ),
        (
            "https://api.tiingo.com",
            "http://api.tiingo.com",
            "use https",
        ),
        (
            "prices?",
            "prices?token=0123456789abcdef&",
            "token=${MY_KEY}",
        ),
        (
            "Token ${TIINGO_TOKEN}",
            "Token 0123456789abcdef",
            "${MY_KEY}",
        ),
        ("open = \"open\"\n", "", "give all of open, high and low"),
        ("interval = 2", "interval = -1", "seconds from 0"),
        ("interval = 2", "zone = \"Mars\"", "a time zone like"),
        ("interval = 2", "date_format = \"epoch\"", "add zone"),
        (
            "interval = 2",
            "date_format = \"%Y\"",
            "a year, a month and a day",
        ),
        ("interval = 2", "decimal = \"x\"", "expected . or ,"),
        ("interval = 2", "delimiter = \";\"", "only with format csv"),
        ("interval = 2", "intervall = 2", "unknown field"),
        ("close = \"close\"", "close = 0", "start at 1"),
        ("close = \"close\"", "close = 1.5", "a number starting at 1"),
        ("close = \"close\"\n", "", "missing field `close`"),
    ];

    #[test]
    fn a_wrong_definition_is_refused_with_what_would_be_right() {
        for (from, to, says) in WRONG {
            let text = TIINGO.replace(from, to);
            assert_ne!(text, TIINGO, "{from}");
            let why = check(&text).unwrap_err();
            assert!(why.contains(says), "{to}: {why}");
            assert!(!why.contains("0123456789abcdef"), "{why}");
        }
    }

    #[test]
    fn a_key_may_go_unencrypted_to_this_machine_only() {
        let at = |origin: &str| check(&TIINGO.replace("https://api.tiingo.com", origin));
        assert!(at("http://127.0.0.1:8080").is_ok() && at("http://localhost").is_ok());
        assert!(at("http://127.0.0.1.example.com").is_err() && at("http://localhost.com").is_err());
    }
}
