//! Reads one calendar file: `data/calendars/XKRX.toml` and the like.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::Table;

/// The longest reason, in characters: it stands in one line of a terminal.
const MAX_REASON_CHARS: usize = 100;

/// Days as they are written, with a reason or a time.
type Days = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    zone: Option<Spanned<String>>,
    opens_evening_before: Option<Spanned<String>>,
    known_from: Option<Spanned<Datetime>>,
    known_until: Option<Spanned<Datetime>>,
    saturdays_until: Option<Spanned<Datetime>>,
    #[serde(default)]
    r#final: Days,
    #[serde(default)]
    special_final: Days,
    #[serde(default)]
    sessions: Days,
    #[serde(default)]
    closed: Days,
}

/// Reads the text of a calendar file; a byte order mark and Windows line ends are fine.
///
/// A file with a `zone` is a whole calendar. One without adds its lines to the calendar `base`: a correction of one day
/// is two lines, and the rest of the list goes on coming from the program.
///
/// # Errors
/// One sentence with the line, the value, and what would be right.
pub(super) fn parse(text: &str, base: Option<&Table>) -> Result<Table, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: File = toml::from_str(text).map_err(|e| {
        let why = e.message().replace('\n', " ");
        match e.span() {
            Some(span) => at_line(text, &span, &why),
            None => why,
        }
    })?;
    let located = |Wrong { span, why }: Wrong| at_line(text, &span, &why);
    let mut table = match (&file.zone, base) {
        (None, Some(base)) => base.clone(),
        _ => whole(&file).map_err(located)?,
    };
    table.add(&file).map_err(located)?;
    check(&file, &table).map_err(located)?;
    Ok(table)
}

fn at_line(text: &str, span: &Range<usize>, why: &str) -> String {
    let line = text
        .bytes()
        .take(span.start)
        .filter(|b| *b == b'\n')
        .count()
        + 1;
    format!("line {line}: {why}")
}

/// What is wrong, and where.
struct Wrong {
    span: Range<usize>,
    why: String,
}

fn wrong<T>(value: &Spanned<T>, why: String) -> Wrong {
    Wrong {
        span: value.span(),
        why,
    }
}

/// A calendar with what every one of them has, and no days yet.
fn whole(file: &File) -> Result<Table, Wrong> {
    let missing = |field: &str| Wrong {
        span: 0..0,
        why: format!(
            "{field} is missing, a whole calendar has zone, known_from, known_until, [final] and [closed]"
        ),
    };
    let zone = file.zone.as_ref().ok_or_else(|| missing("zone"))?;
    let known_from = file.known_from.as_ref();
    let known_until = file.known_until.as_ref();
    if file.r#final.is_empty() {
        return Err(missing("[final]"));
    }
    if file.closed.is_empty() {
        return Err(missing("[closed]"));
    }
    Ok(Table {
        zone: read_zone(zone)?,
        opens_evening_before: None,
        known_from: date(
            "known_from",
            known_from.ok_or_else(|| missing("known_from"))?,
        )?,
        known_until: date(
            "known_until",
            known_until.ok_or_else(|| missing("known_until"))?,
        )?,
        saturdays_until: None,
        finals: BTreeMap::new(),
        special_finals: BTreeMap::new(),
        sessions: BTreeMap::new(),
        closed: BTreeMap::new(),
    })
}

impl Table {
    /// Takes what a file says over what was there. A day is in one of the two lists of days.
    fn add(&mut self, file: &File) -> Result<(), Wrong> {
        if let Some(value) = &file.opens_evening_before {
            self.opens_evening_before = Some(time("opens_evening_before", value)?);
        }
        if let Some(value) = &file.known_from {
            self.known_from = date("known_from", value)?;
        }
        if let Some(value) = &file.known_until {
            self.known_until = date("known_until", value)?;
        }
        if let Some(value) = &file.saturdays_until {
            self.saturdays_until = Some(date("saturdays_until", value)?);
        }
        self.finals.append(&mut times(&file.r#final)?);
        self.special_finals.append(&mut times(&file.special_final)?);
        for (date, reason) in reasons(&file.sessions)? {
            self.closed.remove(&date);
            self.sessions.insert(date, reason);
        }
        for (date, reason) in reasons(&file.closed)? {
            self.sessions.remove(&date);
            self.closed.insert(date, reason);
        }
        Ok(())
    }
}

fn read_zone(zone: &Spanned<String>) -> Result<Tz, Wrong> {
    let text = zone.get_ref();
    text.parse().map_err(|_| {
        let why = format!("zone is {text:?}, it should be a name like \"Asia/Seoul\"");
        wrong(zone, why)
    })
}

/// What each value alone cannot show.
fn check(file: &File, table: &Table) -> Result<(), Wrong> {
    let (from, until) = (table.known_from, table.known_until);
    if from > until {
        let why = format!("known_until is {until}, it should not be before known_from ({from})");
        let span = file.known_until.as_ref().or(file.known_from.as_ref());
        return Err(Wrong {
            span: span.map_or(0..0, Spanned::span),
            why,
        });
    }
    for key in file.sessions.keys() {
        if file.closed.contains_key(key) {
            let why = format!(
                "{} stands in [sessions] and in [closed], it should be in one of them",
                key.get_ref()
            );
            return Err(wrong(key, why));
        }
    }
    for key in file.special_final.keys() {
        let date = day(key)?;
        if let Some(reason) = table.closed_reason(date) {
            let why =
                format!("{date} in [special_final] is no session ({reason}), it should be one");
            return Err(wrong(key, why));
        }
    }
    Ok(())
}

fn reasons(days: &Days) -> Result<BTreeMap<NaiveDate, String>, Wrong> {
    let mut read = BTreeMap::new();
    for (key, reason) in days {
        let date = day(key)?;
        let text = reason.get_ref();
        if text.trim().is_empty()
            || text.chars().count() > MAX_REASON_CHARS
            || text.chars().any(char::is_control)
        {
            let why = format!(
                "the reason of {date} is {text:?}, it should have 1 to {MAX_REASON_CHARS} characters in one line"
            );
            return Err(wrong(reason, why));
        }
        read.insert(date, text.clone());
    }
    Ok(read)
}

fn times(days: &Days) -> Result<BTreeMap<NaiveDate, NaiveTime>, Wrong> {
    days.iter()
        .map(|(key, value)| Ok((day(key)?, time(key.get_ref(), value)?)))
        .collect()
}

fn day(key: &Spanned<String>) -> Result<NaiveDate, Wrong> {
    let text = key.get_ref();
    read_day(text).ok_or_else(|| {
        let why = format!("{text:?} should be a day of the calendar like 2026-01-31");
        wrong(key, why)
    })
}

/// Reads `YYYY-MM-DD`, all ten characters of it.
fn read_day(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

fn date(field: &str, value: &Spanned<Datetime>) -> Result<NaiveDate, Wrong> {
    let text = value.get_ref().to_string();
    read_day(&text).ok_or_else(|| {
        let why = format!("{field} is {text}, it should be a day like 2027-12-31");
        wrong(value, why)
    })
}

fn time(field: &str, value: &Spanned<String>) -> Result<NaiveTime, Wrong> {
    let text = value.get_ref();
    NaiveTime::parse_from_str(text, "%H:%M")
        .ok()
        .filter(|t| t.format("%H:%M").to_string() == *text)
        .ok_or_else(|| {
            let why = format!("the time of {field} is {text:?}, it should be one like \"16:30\"");
            wrong(value, why)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"zone = "Asia/Seoul"
known_from = 2000-01-01
known_until = 2027-12-31
[final]
2000-01-01 = "16:30"
[special_final]
2026-11-19 = "17:30"
[sessions]
2026-01-03 = "make-up session"
[closed]
2026-06-03 = "Local elections"
"#;

    fn refused(from: &str, to: &str) -> String {
        assert!(ONE.contains(from), "{from}");
        parse(&ONE.replace(from, to), None).expect_err("should be refused")
    }

    #[test]
    fn byte_order_mark_and_windows_lines_are_fine() {
        let table = parse(&format!("\u{feff}{}", ONE.replace('\n', "\r\n")), None).unwrap();
        assert_eq!(
            table.closed.values().collect::<Vec<_>>(),
            ["Local elections"]
        );
        assert!(table.saturdays_until.is_none() && table.opens_evening_before.is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_what_would_be_right() {
        for (from, to, why) in [
            (
                "Asia/Seoul",
                "Asia/Soul",
                "line 1: zone is \"Asia/Soul\", it should be a name like \"Asia/Seoul\"",
            ),
            (
                "2027-12-31",
                "1999-12-31",
                "line 3: known_until is 1999-12-31, it should not be before known_from (2000-01-01)",
            ),
            (
                "2027-12-31",
                "12:30:00",
                "line 3: known_until is 12:30:00, it should be a day like 2027-12-31",
            ),
            (
                "2000-01-01 = \"16:30\"\n",
                "",
                "line 1: [final] is missing, a whole calendar has zone, known_from, known_until, [final] and [closed]",
            ),
            (
                "16:30",
                "16.30",
                "line 5: the time of 2000-01-01 is \"16.30\", it should be one like \"16:30\"",
            ),
            (
                "17:30",
                "7:30",
                "line 7: the time of 2026-11-19 is \"7:30\", it should be one like \"16:30\"",
            ),
            (
                "2026-11-19",
                "2026-11-21",
                "line 7: 2026-11-21 in [special_final] is no session (weekend), it should be one",
            ),
            (
                "2026-01-03",
                "2026-06-03",
                "line 9: 2026-06-03 stands in [sessions] and in [closed], it should be in one of them",
            ),
            (
                "2026-06-03",
                "2026-06-31",
                "line 11: \"2026-06-31\" should be a day of the calendar like 2026-01-31",
            ),
            (
                "2026-06-03",
                "2026-6-3",
                "line 11: \"2026-6-3\" should be a day of the calendar like 2026-01-31",
            ),
            (
                "Local elections",
                " ",
                "line 11: the reason of 2026-06-03 is \" \", it should have 1 to 100 characters in one line",
            ),
        ] {
            assert_eq!(refused(from, to), why);
        }
    }

    #[test]
    fn without_a_zone_a_file_adds_to_the_list() {
        let base = parse(ONE, None).unwrap();
        let text = "[closed]\n2026-11-20 = \"Blackout\"\n2026-01-03 = \"Saturday after all\"\n\
                    [sessions]\n2026-06-03 = \"open after all\"\n[special_final]\n2026-06-03 = \"18:00\"\n";
        let table = parse(text, Some(&base)).unwrap();
        let reason = |day: &str| table.closed_reason(day.parse().unwrap());
        assert_eq!(reason("2026-11-20"), Some("Blackout"));
        assert_eq!(reason("2026-01-03"), Some("Saturday after all"));
        assert_eq!(reason("2026-06-03"), None);
        assert_eq!(
            (table.zone, table.known_until),
            (base.zone, base.known_until)
        );
        assert_eq!((table.finals.len(), table.special_finals.len()), (1, 2));
        assert!(parse("", Some(&base)).is_ok(), "no lines, no correction");
        let wrong = parse("known_until = 1999-12-31", Some(&base)).unwrap_err();
        assert!(
            wrong.contains("line 1: known_until is 1999-12-31"),
            "{wrong}"
        );
    }

    #[test]
    fn what_toml_itself_refuses_has_its_line_too() {
        let twice = refused("2026-06-03 =", "2026-06-03 = \"a\"\n2026-06-03 =");
        assert!(
            twice.contains("line 12") && twice.contains("duplicate"),
            "{twice}"
        );
        let unknown = refused("[closed]", "[close]");
        assert!(
            unknown.contains("line 10") && unknown.contains("`closed`"),
            "{unknown}"
        );
        let quoted = refused("2027-12-31", "\"2027-12-31\"");
        assert!(quoted.contains("line 3"), "{quoted}");
    }
}
