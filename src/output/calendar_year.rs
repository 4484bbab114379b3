//! A year of a calendar as text: twelve small months, then what is special in them.

use std::fmt::Write as _;

use chrono::{Datelike, Months, NaiveDate, Weekday};
use serde::Serialize;

use crate::domain::calendar::Calendar;
use crate::domain::timestamp;

/// From this width on, three months stand side by side.
const WIDTH_OF_THREE: usize = 90;
/// Four columns per day.
const MONTH_WIDTH: usize = 7 * 4;
/// Meaning of the marks around a day.
const LEGEND: &str =
    "[ ] closed weekday  * another final time  + session on a weekend  . no session";

pub(crate) struct CalendarYear<'a> {
    calendar: &'a Calendar,
    year: i32,
}

/// A day of a calendar, for JSON.
#[derive(Debug, Serialize)]
pub(crate) struct CalendarDay {
    date: NaiveDate,
    session: bool,
    /// Why it is closed, or why it is a session against the rule.
    reason: Option<String>,
    /// The time from which its bar is final, in UTC.
    final_at: Option<String>,
}

impl<'a> CalendarYear<'a> {
    /// Selects a year of a calendar.
    #[must_use]
    pub(crate) fn new(calendar: &'a Calendar, year: i32) -> Self {
        Self { calendar, year }
    }

    /// Every day of the year.
    #[must_use]
    pub(crate) fn days(&self) -> Vec<CalendarDay> {
        self.dates()
            .map(|date| {
                let closed = self.calendar.closed_reason(date);
                CalendarDay {
                    date,
                    session: closed.is_none(),
                    reason: closed
                        .or_else(|| self.calendar.session_reason(date))
                        .map(str::to_owned),
                    final_at: closed
                        .is_none()
                        .then(|| timestamp::to_text(self.calendar.final_at(date))),
                }
            })
            .collect()
    }

    /// The year as text, at most `width` columns wide if two months fit.
    #[must_use]
    pub(crate) fn text(&self, width: usize) -> String {
        let sessions = self
            .dates()
            .filter(|d| self.calendar.is_session(*d))
            .count();
        let mut text = format!(
            "{} {} ({}): {sessions} sessions\n",
            self.calendar.name(),
            self.year,
            self.calendar.zone()
        );
        let months: Vec<Vec<String>> = (1..=12)
            .filter_map(|month| NaiveDate::from_ymd_opt(self.year, month, 1))
            .map(|first| self.month(first))
            .collect();
        for row in months.chunks(if width < WIDTH_OF_THREE { 2 } else { 3 }) {
            text.push('\n');
            text.push_str(&side_by_side(row));
        }
        let _ = write!(text, "\n{LEGEND}\n");
        for part in [
            self.closed(),
            self.extra_sessions(),
            self.final_times(),
            self.known(),
        ] {
            if !part.is_empty() {
                text.push('\n');
                text.push_str(&part);
            }
        }
        text
    }

    fn dates(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        NaiveDate::from_ymd_opt(self.year, 1, 1)
            .into_iter()
            .flat_map(|first| first.iter_days())
            .take_while(|d| d.year() == self.year)
    }

    /// The lines of a month: its name, the weekdays, and its weeks starting on Monday.
    fn month(&self, first: NaiveDate) -> Vec<String> {
        let mut lines = vec![
            format!(" {}", first.format("%B")),
            " Mo  Tu  We  Th  Fr  Sa  Su ".to_owned(),
        ];
        let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
        let before = usize::try_from(first.weekday().num_days_from_monday()).unwrap_or(0);
        let mut week = "    ".repeat(before);
        for date in first.iter_days().take_while(|d| *d < next) {
            week.push_str(&self.cell(date));
            if date.weekday() == Weekday::Sun {
                lines.push(std::mem::take(&mut week));
            }
        }
        if !week.is_empty() {
            lines.push(week);
        }
        lines
    }

    /// A day in four columns.
    fn cell(&self, date: NaiveDate) -> String {
        let (day, weekday) = (date.day(), self.calendar.is_in_week(date));
        match (self.calendar.is_session(date), weekday) {
            (false, true) => format!("[{day:2}]"),
            (false, false) => "  . ".to_owned(),
            (true, _) if self.calendar.special_final(date).is_some() => format!(" {day:2}*"),
            (true, false) => format!(" {day:2}+"),
            (true, _) => format!(" {day:2} "),
        }
    }

    fn closed(&self) -> String {
        let weekdays = self.dates().filter(|d| self.calendar.is_in_week(*d));
        let days = weekdays.filter_map(|d| {
            let reason = self.calendar.closed_reason(d)?;
            Some(format!("{} {reason}", named(d)))
        });
        list("Closed weekdays", days)
    }

    fn extra_sessions(&self) -> String {
        let days = self.dates().filter_map(|d| {
            let reason = self.calendar.session_reason(d)?;
            Some(format!("{} {reason}", named(d)))
        });
        list("Special sessions", days)
    }

    /// The final times in this year, and those of single sessions.
    fn final_times(&self) -> String {
        let times: Vec<_> = self.calendar.final_times().collect();
        let holds = times.iter().enumerate().filter_map(|(i, (from, time))| {
            let ends = times.get(i + 1).map_or(i32::MAX, |(next, _)| {
                next.pred_opt().map_or(i32::MAX, |d| d.year())
            });
            (from.year() <= self.year && self.year <= ends)
                .then(|| format!("{} {}", named(*from), time.format("%H:%M")))
        });
        let single = self.dates().filter_map(|d| {
            let time = self.calendar.special_final(d)?;
            Some(format!(
                "{} {} that day only",
                named(d),
                time.format("%H:%M")
            ))
        });
        list(
            &format!(
                "Final times ({}), each from its day on",
                self.calendar.zone()
            ),
            holds.chain(single),
        )
    }

    fn known(&self) -> String {
        let (Some(from), Some(until)) = (self.calendar.known_from(), self.calendar.known_until())
        else {
            return format!(
                "No list of holidays, only a rule: {}.\n",
                self.calendar.title()
            );
        };
        let mut text = format!("Holidays are known from {from} to {until}.\n");
        let outside = |d: NaiveDate| d < from || d > until;
        if self.dates().any(outside) {
            text.push_str("Before and after, every trading weekday counts as a session.\n");
        }
        let [made_from, certainty] = self.calendar.basis();
        for (name, words) in [
            ("File", &*self.calendar.origin()),
            ("Made from", made_from),
            ("Certainty", certainty),
        ] {
            if !words.is_empty() {
                let _ = writeln!(text, "{name}: {words}.");
            }
        }
        text
    }
}

/// A day with its weekday, as shown in the lists.
fn named(date: NaiveDate) -> String {
    format!("{date} {}", date.format("%a"))
}

/// A title and its lines; empty without lines.
fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    if !text.is_empty() {
        text.insert_str(0, &format!("{title}:\n"));
    }
    text
}

fn side_by_side(months: &[Vec<String>]) -> String {
    let height = months.iter().map(Vec::len).max().unwrap_or(0);
    let mut text = String::new();
    for line in 0..height {
        let cells: Vec<String> = months
            .iter()
            .map(|m| format!("{:MONTH_WIDTH$}", m.get(line).map_or("", String::as_str)))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::built_in;

    #[test]
    fn a_year_shows_what_is_closed_and_why() {
        let text = CalendarYear::new(built_in("XKRX"), 2026).text(200);
        assert!(
            text.starts_with("XKRX 2026 (Asia/Seoul): 244 sessions\n"),
            "{text}"
        );
        for line in [
            "        [ 1]  2   .   . ",
            "  2026-06-03 Wed Local Election Day",
            "  2026-09-14 Mon 20:00",
            "  2026-11-19 Thu 21:00 that day only",
            "Holidays are known from 1990-01-01 to 2027-12-31.",
            "File: built in.",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert_eq!(
            text.matches("[ ").count()
                + text.matches("[1").count()
                + text.matches("[2").count()
                + text.matches("[3").count(),
            18
        );
        assert!(
            text.lines()
                .all(|l| l.chars().count() <= 90 && l.trim_end() == l),
            "{text}"
        );
    }

    #[test]
    fn saturdays_of_old_are_marked_and_unknown_years_are_said() {
        assert!(
            CalendarYear::new(built_in("XKRX"), 1990)
                .text(200)
                .contains(" 13+")
        );
        let unknown = CalendarYear::new(built_in("XNYS"), 2030).text(200);
        assert!(
            unknown.contains("every trading weekday counts"),
            "{unknown}"
        );
        let always = CalendarYear::new(built_in("24/7"), 2024).text(200);
        assert!(
            always.starts_with("24/7 2024 (UTC): 366 sessions\n"),
            "{always}"
        );
        assert!(
            !always.contains(" 13+") && always.contains("midnight to midnight UTC"),
            "{always}"
        );
    }

    #[test]
    fn a_year_says_where_its_list_is_from_and_has_the_week_of_its_exchange() {
        let text = CalendarYear::new(built_in("XTAE"), 2025).text(200);
        for line in [
            " Mo  Tu  We  Th  Fr  Sa  Su",
            "  2025-10-02 Thu Yom Kippur",
            "Made from: exchange_calendars 4.13.2",
            "Certainty: Hebrew calendar; elections by proclamation.",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        // Sunday, 5 January, is a session like any other; Friday is not.
        assert!(text.contains("          1   2   .   .   5"), "{text}");
    }

    #[test]
    fn days_are_plain_data() {
        let days = CalendarYear::new(built_in("XKRX"), 2026).days();
        assert_eq!(days.len(), 365);
        let day = |date: &str| {
            let date = date.parse().unwrap();
            let day = days.iter().find(|d| d.date == date).unwrap();
            serde_json::to_string(day).unwrap()
        };
        assert_eq!(
            day("2026-06-03"),
            r#"{"date":"2026-06-03","session":false,"reason":"Local Election Day","final_at":null}"#
        );
        assert_eq!(
            day("2026-09-14"),
            r#"{"date":"2026-09-14","session":true,"reason":null,"final_at":"2026-09-14T11:00:00.000000Z"}"#
        );
        assert!(day("2026-06-06").contains("weekend"));
    }
}
