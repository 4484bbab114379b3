//! Coverage: what each day of a series' years is, and a strip that shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::facts::AssetFacts;
use crate::domain::calendar::Calendar;
use crate::domain::finding::Rule;

/// What a day of a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DayKind {
    /// A bar.
    Bar,
    /// A bar that was fetched before its session's final time.
    Provisional,
    /// A session without a bar, between bars.
    Gap,
    /// A session without a bar, after the newest one.
    Late,
    /// A session without a bar that the user lets pass.
    Waived,
    /// The calendar says that there was no session.
    Closed,
    /// The calendar says that there was one, but no asset has a bar.
    ProbablyClosed,
}

impl DayKind {
    /// The name in the page's classes and in its script.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::Provisional => "provisional",
            Self::Gap => "gap",
            Self::Late => "late",
            Self::Waived => "waived",
            Self::Closed => "closed",
            Self::ProbablyClosed => "probably-closed",
        }
    }
}

/// Every day from the first bar to the newest one, or to the day whose bar should be there.
pub(super) fn days(asset: &AssetFacts, now: DateTime<Utc>) -> BTreeMap<NaiveDate, DayKind> {
    let bars: BTreeMap<NaiveDate, bool> = asset
        .best()
        .iter()
        .map(|(_, b)| (b.date, b.is_final))
        .collect();
    let (Some(first), Some(newest)) = (bars.keys().next(), bars.keys().next_back()) else {
        return BTreeMap::new();
    };
    // An asset that nobody collects any more is not late.
    let end = asset
        .expected
        .filter(|_| asset.freshness.is_some())
        .map_or(*newest, |e| e.max(*newest));
    first
        .iter_days()
        .take_while(|day| *day <= end)
        .map(|day| {
            let state = match bars.get(&day) {
                Some(true) => DayKind::Bar,
                Some(false) => DayKind::Provisional,
                None => without_a_bar(asset, day, *newest, now),
            };
            (day, state)
        })
        .collect()
}

fn without_a_bar(
    asset: &AssetFacts,
    day: NaiveDate,
    newest: NaiveDate,
    now: DateTime<Utc>,
) -> DayKind {
    // Where the calendar is not known, a missing day accuses nobody.
    let is_due = |c: &Calendar| c.is_session(day) && c.final_at(day) <= now;
    if !asset.calendar.as_ref().is_some_and(is_due) {
        DayKind::Closed
    } else if asset.waived.contains_key(&day) {
        DayKind::Waived
    } else if asset.probably_closed.contains(&day) {
        DayKind::ProbablyClosed
    } else if day > newest {
        DayKind::Late
    } else if asset
        .calendar
        .as_ref()
        .is_some_and(Calendar::has_unknown_holidays)
        && !has_gap(asset, day)
    {
        DayKind::Closed
    } else {
        DayKind::Gap
    }
}

/// Whether the collection called the day a gap, which it does of a calendar without a list where other assets have a bar.
fn has_gap(asset: &AssetFacts, day: NaiveDate) -> bool {
    let (day, rule) = (day.to_string(), Rule::DateGap.to_string());
    let mut findings = asset.findings.iter();
    findings.any(|f| f.date == day && f.rule == rule)
}

/// A year of a series as a strip of 366 columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StripYear {
    /// The year.
    pub(super) year: i32,
    /// Days of each kind, for those who do not see the strip.
    pub(super) counts: BTreeMap<DayKind, usize>,
    /// Each kind of day but the usual one as a path of horizontal lines.
    pub(super) paths: Vec<(DayKind, String)>,
    /// The column of the first day and the number of days that are known.
    pub(super) known: (usize, usize),
}

impl StripYear {
    /// Days with a bar.
    pub(super) fn bars(&self) -> usize {
        self.count(DayKind::Bar) + self.count(DayKind::Provisional)
    }

    /// Sessions that should have a bar.
    pub(super) fn sessions(&self) -> usize {
        self.bars()
            + self.count(DayKind::Gap)
            + self.count(DayKind::Late)
            + self.count(DayKind::Waived)
    }

    pub(super) fn count(&self, day: DayKind) -> usize {
        self.counts.get(&day).copied().unwrap_or(0)
    }
}

/// The years of a series, newest first.
pub(super) fn years(days: &BTreeMap<NaiveDate, DayKind>) -> Vec<StripYear> {
    let mut by_year: BTreeMap<i32, Vec<(usize, DayKind)>> = BTreeMap::new();
    for (date, day) in days {
        let column = usize::try_from(date.ordinal0()).unwrap_or(0);
        by_year.entry(date.year()).or_default().push((column, *day));
    }
    let year = |(year, columns): (i32, Vec<(usize, DayKind)>)| StripYear {
        year,
        counts: counts(&columns),
        paths: paths(&columns),
        known: (columns.first().map_or(0, |c| c.0), columns.len()),
    };
    by_year.into_iter().rev().map(year).collect()
}

fn counts(columns: &[(usize, DayKind)]) -> BTreeMap<DayKind, usize> {
    let mut counts = BTreeMap::new();
    for (_, day) in columns {
        *counts.entry(*day).or_insert(0) += 1;
    }
    counts
}

/// Runs of equal days become one line each, one path for each kind; the bars are the ground that the others lie on.
fn paths(columns: &[(usize, DayKind)]) -> Vec<(DayKind, String)> {
    let mut pens: BTreeMap<DayKind, (usize, String)> = BTreeMap::new();
    for run in columns.chunk_by(|a, b| a.1 == b.1) {
        let Some((column, day)) = run.first().filter(|(_, day)| *day != DayKind::Bar) else {
            continue;
        };
        let (at, path) = pens.entry(*day).or_insert_with(|| (0, "M0 5".to_owned()));
        path.push_str(&format!("m{} 0h{}", column - *at, run.len()));
        *at = column + run.len();
    }
    pens.into_iter()
        .map(|(day, (_, path))| (day, path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn equal_days_are_one_line_and_the_next_starts_where_it_ended() {
        let mut days = BTreeMap::new();
        for (day, state) in [
            ("2025-12-31", DayKind::Bar),
            ("2026-01-01", DayKind::Closed),
            ("2026-01-02", DayKind::Gap),
            ("2026-01-03", DayKind::Closed),
            ("2026-01-04", DayKind::Closed),
            ("2026-01-05", DayKind::Bar),
        ] {
            days.insert(date(day), state);
        }
        let years = years(&days);
        assert_eq!(
            years.iter().map(|y| y.year).collect::<Vec<_>>(),
            [2026, 2025]
        );
        let expected = [
            (DayKind::Gap, "M0 5m1 0h1"),
            (DayKind::Closed, "M0 5m0 0h1m1 0h2"),
        ];
        assert_eq!(years[0].paths, expected.map(|(d, p)| (d, p.to_owned())));
        assert_eq!(
            (years[0].bars(), years[0].sessions(), years[0].known),
            (1, 2, (0, 5))
        );
        assert_eq!((years[1].bars(), years[1].known), (1, (364, 1)));
    }
}
