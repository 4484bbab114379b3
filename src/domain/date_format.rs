//! Date formats. The order of day and month is never guessed.
//!
//! Midnight means the written day, whatever the zone: sources give sessions in New York the time `T00:00:00Z`, and no
//! session starts at that moment on the evening before. (In Seoul and Tokyo, where it is the opening, both are the same
//! day.)

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

/// How a table writes its dates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum DateFormat {
    /// Year first: `2026-01-31`, `2026/1/31`, `2026. 1. 31.`, `20260131`, `2026년 1월 31일`; a time may follow.
    #[default]
    YearFirst,
    /// `31.01.2026`, `31/1/2026`
    DayFirst,
    /// `01/31/2026`
    MonthFirst,
    /// A strftime pattern: `%d %b %Y`.
    Pattern(String),
    /// Seconds since 1970, UTC.
    Epoch,
    /// Milliseconds since 1970, UTC.
    EpochMillis,
}

impl DateFormat {
    /// Reads a pattern such as `%d.%m.%Y`, or `epoch` or `epoch_ms`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "epoch" => return Ok(Self::Epoch),
            "epoch_ms" => return Ok(Self::EpochMillis),
            _ => {}
        }
        let wrong = || {
            format!(
                "expected a pattern with a year, a month and a day, like %d.%m.%Y, or epoch or epoch_ms, found {text:?}"
            )
        };
        if StrftimeItems::new(text).any(|item| item == Item::Error) {
            return Err(wrong());
        }
        // Two days that a pattern without one of the three cannot distinguish from others.
        let days = [(1987, 11, 23), (2026, 2, 5)];
        let days = days.map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d));
        let is_whole = days.into_iter().flatten().all(|day| {
            let time = day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc();
            by_pattern(&time.format(text).to_string(), text, Some(Tz::UTC)) == Some(day)
        });
        is_whole
            .then(|| Self::Pattern(text.to_owned()))
            .ok_or_else(wrong)
    }

    /// Whether it describes moments, which need a zone to become days.
    #[must_use]
    pub(crate) fn is_of_moments(&self) -> bool {
        match self {
            Self::Epoch | Self::EpochMillis => true,
            Self::Pattern(pattern) => has_offset(pattern),
            _ => false,
        }
    }

    /// The day of a text; a moment's day is that of the zone.
    #[must_use]
    pub(crate) fn day(&self, text: &str, zone: Option<Tz>) -> Option<NaiveDate> {
        match self {
            Self::YearFirst => year_first(text, zone),
            Self::DayFirst => numbers(text).and_then(|[d, m, y]| in_order([y, m, d])),
            Self::MonthFirst => numbers(text).and_then(|[m, d, y]| in_order([y, m, d])),
            Self::Pattern(pattern) => by_pattern(text, pattern, zone),
            Self::Epoch => moment(text, 1, zone),
            Self::EpochMillis => moment(text, 1000, zone),
        }
    }

    /// What a date reveals about the format of its file.
    #[must_use]
    pub(crate) fn hint(text: &str) -> DateHint {
        if year_first(text, Some(Tz::UTC)).is_some() {
            return DateHint::Is(Self::YearFirst);
        }
        let Some([first, second, year]) = numbers(text) else {
            const NAMED: [&str; 4] = ["%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y"];
            let named = NAMED
                .into_iter()
                .find(|p| by_pattern(text, p, None).is_some());
            return named.map_or(DateHint::Nothing, |p| {
                DateHint::Is(Self::Pattern(p.to_owned()))
            });
        };
        let day_first = in_order([year, second, first]).is_some();
        let month_first = in_order([year, first, second]).is_some();
        match (day_first, month_first) {
            // Nobody writes the month first with full stops.
            (true, _) if text.contains('.') => DateHint::Is(Self::DayFirst),
            (true, true) if first == second => DateHint::Nothing,
            (true, true) => DateHint::Either,
            (true, false) => DateHint::Is(Self::DayFirst),
            (false, true) => DateHint::Is(Self::MonthFirst),
            (false, false) => DateHint::Nothing,
        }
    }
}

/// What one date reveals about the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DateHint {
    /// Nothing, or it is not a date.
    Nothing,
    /// It has this format.
    Is(DateFormat),
    /// `01/02/2026` may be in January or in February.
    Either,
}

/// A common reason why a date of a spreadsheet cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OddDate {
    /// The number by which a spreadsheet stores a day: `46053` is 2026-01-31.
    Serial,
    /// `31/01/26`
    ShortYear,
}

impl OddDate {
    /// The reason, if it is one of these.
    #[must_use]
    pub(crate) fn of(text: &str) -> Option<Self> {
        let whole = text.trim().split(['.', ',']).next().unwrap_or_default();
        if whole.len() == 5
            && whole
                .parse::<u32>()
                .is_ok_and(|n| (10_000..80_000).contains(&n))
        {
            return Some(Self::Serial);
        }
        numbers(text)
            .filter(|parts| parts.iter().all(|part| *part < 100))
            .map(|_| Self::ShortYear)
    }
}

fn has_offset(pattern: &str) -> bool {
    ["%z", "%:z", "%#z", "%+", "%s"]
        .iter()
        .any(|p| pattern.contains(p))
}

fn by_pattern(text: &str, pattern: &str, zone: Option<Tz>) -> Option<NaiveDate> {
    let text = text.trim();
    if !has_offset(pattern) {
        return plausible(NaiveDate::parse_from_str(text, pattern).ok()?);
    }
    let time = DateTime::parse_from_str(text, pattern).ok()?;
    plausible(match time.time() == NaiveTime::MIN {
        true => time.date_naive(),
        false => time.with_timezone(&zone?).date_naive(),
    })
}

/// There is no year 0, and years with five digits are typos.
fn plausible(day: NaiveDate) -> Option<NaiveDate> {
    let range = NaiveDate::from_ymd_opt(1, 1, 1)?..=NaiveDate::from_ymd_opt(9999, 12, 31)?;
    range.contains(&day).then_some(day)
}

fn moment(text: &str, in_a_second: i64, zone: Option<Tz>) -> Option<NaiveDate> {
    // Some write whole seconds as 1786320000.0.
    let whole = text
        .trim()
        .split_once('.')
        .map_or(text.trim(), |(whole, _)| whole);
    let seconds = whole.parse::<i64>().ok()?.div_euclid(in_a_second);
    let time = DateTime::from_timestamp(seconds, 0)?;
    let zone = zone?;
    plausible(match time.time() == NaiveTime::MIN {
        true => time.date_naive(),
        false => time.with_timezone(&zone).date_naive(),
    })
}

/// The three numbers of a date, whatever separates them.
fn numbers(text: &str) -> Option<[u32; 3]> {
    let text = text.trim().trim_end_matches(['.', '일']);
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = match separator {
        '-' | '/' | '.' => text.split(separator).map(str::trim).collect(),
        '년' => text.split(['년', '월']).map(str::trim).collect(),
        _ => return None,
    };
    let [a, b, c] = parts[..] else {
        return None;
    };
    let number = |part: &str| -> Option<u32> {
        let is_short = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|_| is_short)
    };
    Some([number(a)?, number(b)?, number(c)?])
}

/// A date from year, month and day; a year has four digits.
fn in_order([year, month, day]: [u32; 3]) -> Option<NaiveDate> {
    let is_year = (1000..=9999).contains(&year);
    NaiveDate::from_ymd_opt(year.cast_signed(), month, day).filter(|_| is_year)
}

/// A date with its year first. A time after it is ignored if it is midnight or has no offset; otherwise it is a moment,
/// whose day depends on the zone.
fn year_first(text: &str, zone: Option<Tz>) -> Option<NaiveDate> {
    let text = text.trim();
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let part = |from, to| text.get(from..to)?.parse().ok();
        return in_order([part(0, 4)?, part(4, 6)?, part(6, 8)?]);
    }
    let Some((day, time)) = split_time(text) else {
        return numbers(text).and_then(in_order);
    };
    let day = numbers(day).and_then(in_order)?;
    let (clock, offset) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
    let is_clock = clock.starts_with(|c: char| c.is_ascii_digit())
        && clock
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'));
    let is_midnight = clock.chars().all(|c| !c.is_ascii_digit() || c == '0');
    match (is_clock, zone) {
        (false, _) => None,
        (true, _) if offset.is_empty() || is_midnight => Some(day),
        (true, zone) => {
            let mut parts = clock.split([':', '.']).map(|part| part.parse().ok());
            let mut part = || parts.next().unwrap_or(Some(0));
            let local = day.and_hms_opt(part()?, part()?, part()?)?;
            let time = local.and_utc() - TimeDelta::try_minutes(minutes(offset)?)?;
            plausible(time.with_timezone(&zone?).date_naive())
        }
    }
}

/// A date and the time after it, separated by a `T` or a blank.
fn split_time(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind(['T', ' '])?;
    let (day, time) = (text.get(..at)?, text.get(at + 1..)?);
    (day.len() >= 8 && time.contains(':')).then(|| (day.trim(), time.trim()))
}

/// The minutes of an offset: `Z`, `+09:00`, `-0500`.
fn minutes(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let (sign, digits) = offset.split_at_checked(1)?;
    let digits = digits.replace(':', "");
    let is_offset = matches!(digits.len(), 2 | 4) && digits.bytes().all(|b| b.is_ascii_digit());
    let part = |from: usize, to: usize| {
        digits
            .get(from..to)
            .map_or(Some(0), |d| d.parse::<i64>().ok())
    };
    let minutes = part(0, 2)? * 60 + part(2, 4)?;
    is_offset.then_some(if sign == "-" { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_day_is_read_however_it_is_written() {
        let pattern = |p: &str| DateFormat::parse(p).unwrap();
        for (format, text, read) in [
            (DateFormat::YearFirst, "2026-01-31", "2026-01-31"),
            (DateFormat::YearFirst, "2026/1/3", "2026-01-03"),
            (DateFormat::YearFirst, "2026. 1. 3.", "2026-01-03"),
            (DateFormat::YearFirst, "20260131", "2026-01-31"),
            (DateFormat::YearFirst, "2026년 1월 3일", "2026-01-03"),
            (
                DateFormat::YearFirst,
                "2026-01-31T00:00:00.000Z",
                "2026-01-31",
            ),
            (DateFormat::YearFirst, "2026-01-31 15:30:00", "2026-01-31"),
            (DateFormat::DayFirst, "31.01.2026", "2026-01-31"),
            (DateFormat::MonthFirst, "1/31/2026", "2026-01-31"),
            (pattern("%d %b %Y"), "5 Jan 2026", "2026-01-05"),
            (pattern("%Y%m%d"), "20260105", "2026-01-05"),
        ] {
            assert_eq!(format.day(text, None), day(read), "{text}");
        }
        for text in [
            "2026-02-31",
            "0000-01-01",
            "31.01.2026",
            "01/02/26",
            "",
            "soon",
            "2026-01",
            "202601051530",
            "2026-01-05 x:y",
        ] {
            assert_eq!(DateFormat::YearFirst.day(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_day_of_a_zone_and_of_none_without() {
        use DateFormat::{Epoch, EpochMillis, YearFirst};
        let (seoul, utc) = (Some(Tz::Asia__Seoul), Some(Tz::UTC));
        let offset = DateFormat::parse("%Y-%m-%d %H:%M:%S %z").unwrap();
        for (format, text, zone, read) in [
            (Epoch, "1786320000", utc, "2026-08-10"),
            (Epoch, "1786287600.5", utc, "2026-08-09"),
            (Epoch, "1786287600", seoul, "2026-08-10"),
            (EpochMillis, "1786287600000", seoul, "2026-08-10"),
            (YearFirst, "2026-08-09T15:00:00Z", seoul, "2026-08-10"),
            (offset, "2026-08-09 15:00:00 +0000", seoul, "2026-08-10"),
        ] {
            assert_eq!(format.day(text, zone), day(read), "{text}");
        }
        assert_eq!(YearFirst.day("2026-08-09T15:00:00Z", None), None);
        // No clock shows it, and four days later is not what is meant.
        assert_eq!(YearFirst.day("2026-08-09T99:00:00Z", seoul), None);
        assert_eq!(Epoch.day("1786320000", None), None);
        assert!(Epoch.is_of_moments() && !YearFirst.is_of_moments());
        for text in [
            "9".repeat(20).as_str(),
            "-1e9",
            "x",
            "2026-08-09T15:00:00+99999",
        ] {
            assert_eq!(Epoch.day(text, utc), None);
            assert_eq!(YearFirst.day(text, utc), None);
        }
    }

    #[test]
    fn midnight_is_the_day_that_is_written_and_not_the_evening_before() {
        use DateFormat::{Epoch, YearFirst};
        let new_york = Some(Tz::America__New_York);
        let offset = DateFormat::parse("%Y-%m-%d %H:%M:%S %z").unwrap();
        for (format, text, zone) in [
            (YearFirst, "2026-08-10T00:00:00.000Z", new_york),
            (YearFirst, "2026-08-10T00:00:00-05:00", Some(Tz::UTC)),
            (YearFirst, "2026-08-10T00:00:00+0900", Some(Tz::UTC)),
            (Epoch, "1786320000", new_york),
            (offset, "2026-08-10 00:00:00 +0000", new_york),
        ] {
            assert_eq!(format.day(text, zone), day("2026-08-10"), "{text}");
        }
    }

    #[test]
    fn a_pattern_needs_year_month_and_day() {
        for wrong in ["%Y-%m", "%d.%m", "soon", "", "%Q", "%Y-%m-%d %"] {
            assert!(DateFormat::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(DateFormat::parse("epoch_ms"), Ok(DateFormat::EpochMillis));
    }

    #[test]
    fn the_order_of_day_and_month_is_told_or_not_told() {
        use DateHint::{Either, Is, Nothing};
        for (text, hint) in [
            ("2026-01-02", Is(DateFormat::YearFirst)),
            ("13/02/2026", Is(DateFormat::DayFirst)),
            ("02/13/2026", Is(DateFormat::MonthFirst)),
            ("01.02.2026", Is(DateFormat::DayFirst)),
            ("01/02/2026", Either),
            ("02-01-2026", Either),
            ("01/01/2026", Nothing),
            ("01/02/26", Nothing),
            (
                "Jan 5, 2026",
                Is(DateFormat::Pattern("%b %d, %Y".to_owned())),
            ),
            ("x", Nothing),
        ] {
            assert_eq!(DateFormat::hint(text), hint, "{text}");
        }
    }
}
