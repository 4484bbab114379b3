//! Reads a calendar file such as `data/calendars/XKRX.toml`.
//!
//! A line is a day (`2026-01-01 = "New Year's Day"`) or a year (`2026 = "01-01 New Year's Day; 04-03 Good Friday"`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Table, Week};

/// Longest reason, in characters: it must fit in a terminal line.
const MAX_REASON_CHARS: usize = 100;

/// Longest name or origin of a list, in characters.
const MAX_WORDS_CHARS: usize = 400;

/// Days or years as written, with a reason or a time.
type Days = BTreeMap<Spanned<String>, Spanned<String>>;

/// Finds the calendar whose days another one uses.
pub(super) type Find<'a> = &'a dyn Fn(&str) -> Option<Table>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    certainty: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    /// The calendar whose days these are, if only the zone or final times differ.
    days_of: Option<Spanned<String>>,
    opens_evening_before: Option<Spanned<String>>,
    known_from: Option<Spanned<Datetime>>,
    known_until: Option<Spanned<Datetime>>,
    saturdays_until: Option<Spanned<Datetime>>,
    #[serde(default)]
    week: Days,
    #[serde(default)]
    r#final: Days,
    #[serde(default)]
    special_final: Days,
    #[serde(default)]
    sessions: Days,
    #[serde(default)]
    closed: Days,
}

/// The content of a file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) table: Table,
    /// Whether it is a complete list rather than a correction of an existing one.
    pub(super) is_whole: bool,
}

/// Parses the text of a calendar file; accepts a byte order mark and Windows line ends.
///
/// A file with a `zone` is a complete calendar. One without adds its lines to the calendar `base`: a correction of one
/// day takes two lines, and the rest of the list still comes from the program.
///
/// # Errors
/// A sentence with the line, the value, and what would be right.
pub(super) fn parse(text: &str, base: Option<&Table>, find: Find<'_>) -> Result<Parsed, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: File = toml::from_str(text).map_err(|e| {
        let why = e.message().replace('\n', " ");
        match e.span() {
            Some(span) => at_line(text, &span, &why),
            None => why,
        }
    })?;
    let located = |Wrong { span, why }: Wrong| at_line(text, &span, &why);
    let lists = Lists::of(&file).map_err(located)?;
    let mut table = match (&file.zone, base) {
        (None, Some(base)) => base.clone(),
        _ => whole(&file, find).map_err(located)?,
    };
    table.add(&file, &lists).map_err(located)?;
    check(&file, &lists, &table).map_err(located)?;
    Ok(Parsed {
        table,
        is_whole: file.zone.is_some(),
    })
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

/// What a file says about one day, and where.
struct Line<'a> {
    date: NaiveDate,
    says: &'a str,
    key: &'a Spanned<String>,
    value: &'a Spanned<String>,
}

/// The lists of a file, day by day.
struct Lists<'a> {
    special_final: Vec<Line<'a>>,
    sessions: Vec<Line<'a>>,
    closed: Vec<Line<'a>>,
}

impl<'a> Lists<'a> {
    fn of(file: &'a File) -> Result<Self, Wrong> {
        Ok(Self {
            special_final: lines(&file.special_final)?,
            sessions: lines(&file.sessions)?,
            closed: lines(&file.closed)?,
        })
    }
}

/// The days of a list. A day that appears by itself and in the line of its year is refused: one of them is wrong.
fn lines(days: &Days) -> Result<Vec<Line<'_>>, Wrong> {
    let mut found = Vec::with_capacity(days.len());
    let mut seen = BTreeSet::new();
    for (key, value) in days {
        match year(key.get_ref()) {
            Some(year) => lines_of_year(year, key, value, &mut found)?,
            None => found.push(Line {
                date: day(key)?,
                says: value.get_ref(),
                key,
                value,
            }),
        }
    }
    for line in &found {
        if !seen.insert(line.date) {
            let why = format!("{} appears twice", line.date);
            return Err(wrong(line.key, why));
        }
    }
    Ok(found)
}

/// Four digits are a year.
fn year(text: &str) -> Option<&str> {
    (text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// `01-01 New Year's Day; 04-03 Good Friday`.
fn lines_of_year<'a>(
    year: &str,
    key: &'a Spanned<String>,
    value: &'a Spanned<String>,
    found: &mut Vec<Line<'a>>,
) -> Result<(), Wrong> {
    for part in value.get_ref().split(';').map(str::trim) {
        let (day, says) = part.split_once(' ').unwrap_or((part, ""));
        let date = read_day(&format!("{year}-{day}")).ok_or_else(|| {
            let why = format!("{part:?} in the line of {year} should be a day and its text, like \"01-31 Holiday\"; semicolons separate days");
            wrong(value, why)
        })?;
        found.push(Line {
            date,
            says: says.trim(),
            key,
            value,
        });
    }
    Ok(())
}

/// A calendar with the mandatory fields, and no days except those of the calendar it names.
fn whole(file: &File, find: Find<'_>) -> Result<Table, Wrong> {
    let missing = |field: &str| Wrong {
        span: 0..0,
        why: format!(
            "{field} is missing; a complete calendar has zone, known_from, known_until, [final] and [closed]"
        ),
    };
    let zone = file.zone.as_ref().ok_or_else(|| missing("zone"))?;
    let known_from = file.known_from.as_ref();
    let known_until = file.known_until.as_ref();
    if file.r#final.is_empty() {
        return Err(missing("[final]"));
    }
    let same = file.days_of.as_ref().map(|name| {
        find(name.get_ref()).ok_or_else(|| {
            let why = format!("days_of: {:?} is not a calendar", name.get_ref());
            wrong(name, why)
        })
    });
    let same = same.transpose()?;
    if file.closed.is_empty() && same.is_none() {
        return Err(missing("[closed]"));
    }
    let same = same.unwrap_or_else(|| Table::empty(Tz::UTC));
    Ok(Table {
        known_from: date(
            "known_from",
            known_from.ok_or_else(|| missing("known_from"))?,
        )?,
        known_until: date(
            "known_until",
            known_until.ok_or_else(|| missing("known_until"))?,
        )?,
        week: same.week,
        special_finals: same.special_finals,
        sessions: same.sessions,
        closed: same.closed,
        ..Table::empty(read_zone(zone)?)
    })
}

impl Table {
    /// Applies the file over the existing calendar. A day is in at most one of the two lists of days.
    fn add(&mut self, file: &File, lists: &Lists<'_>) -> Result<(), Wrong> {
        for (own, value) in [
            (&mut self.title, &file.name),
            (&mut self.from, &file.from),
            (&mut self.certainty, &file.certainty),
        ] {
            if let Some(value) = value {
                check_words(value)?;
                own.clone_from(value.get_ref());
            }
        }
        if let Some(value) = &file.opens_evening_before {
            self.opens_evening_before =
                Some(read_time("opens_evening_before", value.get_ref(), value)?);
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
        for (key, value) in &file.week {
            self.week.insert(day(key)?, read_week(value)?);
        }
        for (key, value) in &file.r#final {
            self.finals
                .insert(day(key)?, read_time(key.get_ref(), value.get_ref(), value)?);
        }
        for line in &lists.special_final {
            let time = read_time(&line.date.to_string(), line.says, line.value)?;
            self.special_finals.insert(line.date, time);
        }
        for line in &lists.sessions {
            self.closed.remove(&line.date);
            self.sessions.insert(line.date, reason(line)?);
        }
        for line in &lists.closed {
            self.sessions.remove(&line.date);
            self.closed.insert(line.date, reason(line)?);
        }
        Ok(())
    }
}

fn read_week(value: &Spanned<String>) -> Result<Week, Wrong> {
    let text = value.get_ref();
    Week::read(text).ok_or_else(|| {
        wrong(
            value,
            format!("week: expected days like \"Mon-Fri\" or \"Sun-Thu\", found {text:?}"),
        )
    })
}

fn read_zone(zone: &Spanned<String>) -> Result<Tz, Wrong> {
    let text = zone.get_ref();
    text.parse().map_err(|_| {
        let why = format!("zone: expected a name like \"Asia/Seoul\", found {text:?}");
        wrong(zone, why)
    })
}

/// Checks values that depend on each other.
fn check(file: &File, lists: &Lists<'_>, table: &Table) -> Result<(), Wrong> {
    let (from, until) = (table.known_from, table.known_until);
    if from > until {
        let why = format!("known_until ({until}) is before known_from ({from})");
        let span = file.known_until.as_ref().or(file.known_from.as_ref());
        return Err(Wrong {
            span: span.map_or(0..0, Spanned::span),
            why,
        });
    }
    let closed: BTreeSet<NaiveDate> = lists.closed.iter().map(|l| l.date).collect();
    for line in &lists.sessions {
        if closed.contains(&line.date) {
            let why = format!(
                "{} is both in [sessions] and in [closed]; keep one of them",
                line.date
            );
            return Err(wrong(line.key, why));
        }
    }
    for line in &lists.special_final {
        let date = line.date;
        if let Some(reason) = table.closed_reason(date) {
            let why = format!("{date} in [special_final] is not a session ({reason})");
            return Err(wrong(line.key, why));
        }
    }
    Ok(())
}

fn reason(line: &Line<'_>) -> Result<String, Wrong> {
    let text = line.says;
    if text.trim().is_empty()
        || text.chars().count() > MAX_REASON_CHARS
        || text.chars().any(char::is_control)
    {
        let why = format!(
            "the reason of {} should have 1 to {MAX_REASON_CHARS} characters in one line, found {text:?}",
            line.date
        );
        return Err(wrong(line.value, why));
    }
    Ok(text.to_owned())
}

/// A text that is shown to people in a terminal.
fn check_words(value: &Spanned<String>) -> Result<(), Wrong> {
    let text = value.get_ref();
    if text.chars().count() > MAX_WORDS_CHARS || text.chars().any(char::is_control) {
        let why = format!("{text:?} should have at most {MAX_WORDS_CHARS} characters in one line");
        return Err(wrong(value, why));
    }
    Ok(())
}

fn day(key: &Spanned<String>) -> Result<NaiveDate, Wrong> {
    let text = key.get_ref();
    read_day(text).ok_or_else(|| {
        let why = format!("expected a date like 2026-01-31, found {text:?}");
        wrong(key, why)
    })
}

/// Reads `YYYY-MM-DD`, exactly ten characters.
fn read_day(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

fn date(field: &str, value: &Spanned<Datetime>) -> Result<NaiveDate, Wrong> {
    let text = value.get_ref().to_string();
    read_day(&text).ok_or_else(|| {
        let why = format!("{field}: expected a date like 2027-12-31, found {text}");
        wrong(value, why)
    })
}

fn read_time(field: &str, text: &str, place: &Spanned<String>) -> Result<NaiveTime, Wrong> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .ok()
        .filter(|t| t.format("%H:%M").to_string() == *text)
        .ok_or_else(|| {
            let why = format!("the time of {field} should be like \"16:30\", found {text:?}");
            wrong(place, why)
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

    const NOTHING: fn(&str) -> Option<Table> = |_| None;

    fn refused(from: &str, to: &str) -> String {
        assert!(ONE.contains(from), "{from}");
        parse(&ONE.replace(from, to), None, &NOTHING).expect_err("should be refused")
    }

    #[test]
    fn byte_order_mark_and_windows_lines_are_fine() {
        let table = parse(
            &format!("\u{feff}{}", ONE.replace('\n', "\r\n")),
            None,
            &NOTHING,
        )
        .unwrap()
        .table;
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
                "line 1: zone: expected a name like \"Asia/Seoul\", found \"Asia/Soul\"",
            ),
            (
                "2027-12-31",
                "1999-12-31",
                "line 3: known_until (1999-12-31) is before known_from (2000-01-01)",
            ),
            (
                "2027-12-31",
                "12:30:00",
                "line 3: known_until: expected a date like 2027-12-31, found 12:30:00",
            ),
            (
                "2000-01-01 = \"16:30\"\n",
                "",
                "line 1: [final] is missing; a complete calendar has zone, known_from, known_until, [final] and [closed]",
            ),
            (
                "16:30",
                "16.30",
                "line 5: the time of 2000-01-01 should be like \"16:30\", found \"16.30\"",
            ),
            (
                "17:30",
                "7:30",
                "line 7: the time of 2026-11-19 should be like \"16:30\", found \"7:30\"",
            ),
            (
                "2026-11-19",
                "2026-11-21",
                "line 7: 2026-11-21 in [special_final] is not a session (weekend)",
            ),
            (
                "2026-01-03",
                "2026-06-03",
                "line 9: 2026-06-03 is both in [sessions] and in [closed]; keep one of them",
            ),
            (
                "2026-06-03",
                "2026-06-31",
                "line 11: expected a date like 2026-01-31, found \"2026-06-31\"",
            ),
            (
                "2026-06-03",
                "2026-6-3",
                "line 11: expected a date like 2026-01-31, found \"2026-6-3\"",
            ),
            (
                "Local elections",
                " ",
                "line 11: the reason of 2026-06-03 should have 1 to 100 characters in one line, found \" \"",
            ),
        ] {
            assert_eq!(refused(from, to), why);
        }
    }

    #[test]
    fn a_line_may_be_a_year_and_a_week_may_begin_on_a_sunday() {
        let years = ONE
            .replace(
                "2026-06-03 = \"Local elections\"",
                "2026 = \"06-03 Local elections; 06-04 A day of mourning\"",
            )
            .replace("2026-11-19 = \"17:30\"", "2026 = \"11-19 17:30\"")
            .replace(
                "[closed]",
                "[week]\n2000-01-01 = \"Sun-Thu\"\n2026-06-01 = \"Mon-Fri\"\n[closed]",
            );
        let table = parse(&years, None, &NOTHING).unwrap().table;
        let reason = |day: &str| table.closed_reason(day.parse().unwrap());
        assert_eq!(reason("2026-06-04"), Some("A day of mourning"));
        assert_eq!(reason("2026-05-31"), None, "a Sunday");
        assert_eq!(reason("2026-05-29"), Some("weekend"), "a Friday");
        assert_eq!(reason("2026-06-05"), None, "a Friday");
        assert_eq!(reason("2026-06-07"), Some("weekend"), "a Sunday");
        assert_eq!(
            reason("1999-12-31"),
            Some("weekend"),
            "a Friday before the list"
        );
        assert_eq!(table.special_finals.len(), 1);
        for (from, to, why) in [
            (
                "06-04 A",
                "2026-06-04 A",
                "line 14: \"2026-06-04 A day of mourning\" in the line of 2026",
            ),
            ("06-04 A", "06-03 A", "line 14: 2026-06-03 appears twice"),
            ("; 06-04", ";", "line 14: \"A day of mourning\""),
            (
                "11-19 17:30",
                "11-19",
                "line 7: the time of 2026-11-19 should be like \"16:30\", found \"\"",
            ),
            ("Sun-Thu", "Sun", "line 11: week: expected days like"),
        ] {
            let wrong = parse(&years.replace(from, to), None, &NOTHING).unwrap_err();
            assert!(wrong.starts_with(why), "{wrong}");
        }
    }

    #[test]
    fn a_calendar_takes_the_days_of_another_one() {
        let floor = "zone = \"Europe/Berlin\"\nknown_from = 2000-01-01\nknown_until = 2027-12-31\n\
                     days_of = \"ONE\"\n[final]\n2000-01-01 = \"23:00\"\n";
        let find = |name: &str| (name == "ONE").then(|| parse(ONE, None, &NOTHING).unwrap().table);
        let table = parse(floor, None, &find).unwrap().table;
        let election = "2026-06-03".parse().unwrap();
        assert_eq!(table.closed_reason(election), Some("Local elections"));
        assert_eq!(
            (table.zone, table.special_finals.len()),
            (Tz::Europe__Berlin, 1)
        );
        let unknown = parse(floor, None, &NOTHING).unwrap_err();
        assert_eq!(unknown, "line 4: days_of: \"ONE\" is not a calendar");
    }

    #[test]
    fn without_a_zone_a_file_adds_to_the_list() {
        let base = parse(ONE, None, &NOTHING).unwrap().table;
        let text = "[closed]\n2026-11-20 = \"Blackout\"\n2026-01-03 = \"Saturday after all\"\n\
                    [sessions]\n2026-06-03 = \"open after all\"\n[special_final]\n2026-06-03 = \"18:00\"\n";
        let table = parse(text, Some(&base), &NOTHING).unwrap().table;
        let reason = |day: &str| table.closed_reason(day.parse().unwrap());
        assert_eq!(reason("2026-11-20"), Some("Blackout"));
        assert_eq!(reason("2026-01-03"), Some("Saturday after all"));
        assert_eq!(reason("2026-06-03"), None);
        assert_eq!(
            (table.zone, table.known_until),
            (base.zone, base.known_until)
        );
        assert_eq!((table.finals.len(), table.special_finals.len()), (1, 2));
        assert!(
            parse("", Some(&base), &NOTHING).is_ok(),
            "no lines, no correction"
        );
        let wrong = parse("known_until = 1999-12-31", Some(&base), &NOTHING).unwrap_err();
        assert!(
            wrong.contains("line 1: known_until (1999-12-31)"),
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
