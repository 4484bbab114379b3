//! Rules over the days of a series: missing sessions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::window::Window;

/// A series that begins at least this many sessions after the requested day starts there and does not lack them.
const LEADING_SESSIONS: usize = 3;

/// The due sessions without a bar. `sessions` and `days` are in order; the sessions start with the first requested day.
///
/// Sessions before the first bar count only if they are few: the asset may have been listed later, or its source may
/// reach no further back. A series without bars has not begun and lacks none.
#[must_use]
pub(crate) fn missing(sessions: &[NaiveDate], days: &BTreeSet<NaiveDate>) -> Vec<NaiveDate> {
    let Some(first) = days.first() else {
        return Vec::new();
    };
    let leading = sessions.iter().take_while(|s| *s < first).count();
    let skipped = if leading > LEADING_SESSIONS {
        leading
    } else {
        0
    };
    sessions
        .iter()
        .skip(skipped)
        .filter(|s| !days.contains(s))
        .copied()
        .collect()
}

/// Facts for judging the missing sessions of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CoverageFacts<'a> {
    /// The sessions that were requested and due, in order.
    pub(crate) due: &'a [NaiveDate],
    /// The days of the series that have a bar after this run, starting with the last one before the due sessions.
    pub(crate) bars: &'a BTreeSet<NaiveDate>,
    /// The first day that was stored before this run. Sessions before it were judged when it arrived, so they are
    /// judged again only if the series now reaches further back.
    pub(crate) first_before: Option<NaiveDate>,
    /// Missing sessions that the user accepted: no longer reported or fetched.
    pub(crate) waived: &'a BTreeSet<NaiveDate>,
    /// Days whose row arrived without a bar: the source may still fill them.
    pub(crate) without_bar: &'a [NaiveDate],
    /// The parts without an answer.
    pub(crate) unanswered: &'a [Window],
}

impl CoverageFacts<'_> {
    /// Determines the due sessions without a bar.
    #[must_use]
    pub(crate) fn judge(&self) -> SessionCoverage {
        let without_bar: BTreeSet<&NaiveDate> = self.without_bar.iter().collect();
        let was_lost = |day: &NaiveDate| self.unanswered.iter().any(|w| w.contains(*day));
        let is_known = |day: &NaiveDate| was_lost(day) || without_bar.contains(day);
        let begins = self
            .first_before
            .filter(|day| self.bars.first() == Some(day));
        let due: Vec<NaiveDate> = self
            .due
            .iter()
            .filter(|day| !self.waived.contains(day))
            .filter(|day| begins.is_none_or(|begins| **day >= begins) || is_known(day))
            .copied()
            .collect();
        // Days without an answer, or with a row without a bar, are missing wherever the series begins.
        let mut lacking: BTreeSet<NaiveDate> = missing(&due, self.bars).into_iter().collect();
        lacking.extend(due.iter().filter(|d| is_known(d) && !self.bars.contains(d)));
        SessionCoverage {
            asked_from: self.due.first().copied(),
            begins: self.bars.first().copied(),
            missing: lacking.into_iter().collect(),
            unanswered: due.iter().filter(|d| was_lost(d)).copied().collect(),
            due,
        }
    }
}

/// What was collected of one asset for a calendar: the requested and due sessions, and those of them without a bar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionCoverage {
    /// The first requested session, even if it was not judged.
    pub(crate) asked_from: Option<NaiveDate>,
    /// The first day with a bar; before it there is neither a bar nor a gap.
    pub(crate) begins: Option<NaiveDate>,
    /// Requested and due sessions, in order.
    pub(crate) due: Vec<NaiveDate>,
    /// Those without a bar, in order.
    pub(crate) missing: Vec<NaiveDate>,
    /// Those without an answer: whether they have a bar is unknown.
    pub(crate) unanswered: BTreeSet<NaiveDate>,
}

impl SessionCoverage {
    /// Sessions that a better source of the asset has are not missing.
    pub(crate) fn fill_from(&mut self, better: &BTreeSet<NaiveDate>) {
        self.missing.retain(|day| !better.contains(day));
    }

    /// Whether the day was requested, was due, and has a bar.
    #[must_use]
    pub(crate) fn has_a_bar(&self, day: NaiveDate) -> bool {
        // Both are in order: called for every day of many series, it must not read them all.
        let has = |days: &[NaiveDate]| days.binary_search(&day).is_ok();
        let has_begun = self.begins.is_some_and(|first| day >= first);
        has_begun && has(&self.due) && !has(&self.missing)
    }
}

/// The days that all assets of a calendar lack: at least two answers covered the day and none has a bar.
#[must_use]
pub(crate) fn probably_closed<'a>(
    coverages: impl Iterator<Item = &'a SessionCoverage>,
) -> BTreeSet<NaiveDate> {
    let mut asked: BTreeMap<NaiveDate, (usize, usize)> = BTreeMap::new();
    for coverage in coverages {
        let is_answered = |day: &&NaiveDate| !coverage.unanswered.contains(day);
        for day in coverage.missing.iter().filter(is_answered) {
            asked.entry(*day).or_default().1 += 1;
        }
        for day in coverage.due.iter().filter(is_answered) {
            asked.entry(*day).or_default().0 += 1;
        }
    }
    asked
        .into_iter()
        .filter(|(_, (due, missing))| *due >= 2 && due == missing)
        .map(|(day, _)| day)
        .collect()
}

/// The days that are sessions although no list says so: at least two answers have a bar. A single one may be a copy of
/// the day before, which sources sometimes send on holidays.
#[must_use]
pub(crate) fn agreed_sessions<'a>(
    coverages: impl Iterator<Item = &'a SessionCoverage>,
) -> BTreeSet<NaiveDate> {
    let mut bars: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for coverage in coverages {
        for day in coverage.due.iter().filter(|d| coverage.has_a_bar(**d)) {
            *bars.entry(*day).or_default() += 1;
        }
    }
    bars.retain(|_, count| *count >= 2);
    bars.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn days(range: impl IntoIterator<Item = u32>) -> Vec<NaiveDate> {
        range.into_iter().map(day).collect()
    }

    #[test]
    fn a_session_without_a_bar_is_missing() {
        let sessions = days(5..=16);
        let without = |gone: &[u32]| {
            sessions
                .iter()
                .filter(|d| !gone.contains(&chrono::Datelike::day(*d)))
                .copied()
                .collect()
        };
        assert!(missing(&sessions, &without(&[])).is_empty());
        assert_eq!(missing(&sessions, &without(&[9])), days([9]));
        assert_eq!(
            missing(&sessions, &without(&[5])),
            days([5]),
            "the first asked day"
        );
        assert_eq!(
            missing(&sessions, &without(&[15, 16])),
            days([15, 16]),
            "the newest days"
        );
        assert!(
            missing(&sessions, &without(&[5, 6, 7, 8])).is_empty(),
            "listed later"
        );
        assert!(
            missing(&sessions, &BTreeSet::new()).is_empty(),
            "not listed yet"
        );
    }

    #[test]
    fn a_day_that_all_lack_is_probably_closed_if_there_are_two() {
        let asset = |due: &[u32], missing: &[u32]| SessionCoverage {
            due: days(due.iter().copied()),
            missing: days(missing.iter().copied()),
            ..SessionCoverage::default()
        };
        let [a, b, c] = [
            asset(&[5, 6, 7], &[6, 7]),
            asset(&[5, 6, 7], &[6]),
            asset(&[7], &[7]),
        ];
        assert_eq!(
            probably_closed([&a, &b].into_iter()),
            BTreeSet::from([day(6)])
        );
        assert!(probably_closed([&a].into_iter()).is_empty());
        assert_eq!(
            probably_closed([&a, &b, &c].into_iter()),
            BTreeSet::from([day(6)]),
            "b has a bar on the 7th"
        );
        assert_eq!(
            probably_closed([&a, &c].into_iter()),
            BTreeSet::from([day(7)]),
            "only a was asked for the 6th"
        );
        let lost = SessionCoverage {
            unanswered: BTreeSet::from([day(6)]),
            ..b.clone()
        };
        assert!(
            probably_closed([&a, &lost].into_iter()).is_empty(),
            "only a's source answered for the 6th"
        );
    }

    #[test]
    fn two_bars_make_a_session_where_no_list_does() {
        let asset = |missing: &[u32]| SessionCoverage {
            begins: Some(day(5)),
            due: days(5..=8),
            missing: days(missing.iter().copied()),
            ..SessionCoverage::default()
        };
        let [a, b, c] = [asset(&[6, 7]), asset(&[6, 8]), asset(&[6, 7])];
        let agreed = |series: &[&SessionCoverage]| agreed_sessions(series.iter().copied());
        assert_eq!(agreed(&[&a, &b, &c]), BTreeSet::from([day(5), day(8)]));
        assert!(agreed(&[&a]).is_empty(), "one alone");
        let later = SessionCoverage {
            begins: Some(day(7)),
            ..c.clone()
        };
        assert_eq!(agreed(&[&a, &later]), BTreeSet::from([day(8)]), "not begun");
    }

    #[test]
    fn coverage_goes_by_what_can_be_known() {
        let due = days(5..=9);
        let bars: BTreeSet<NaiveDate> = days([7, 8]).into_iter().collect();
        let none = BTreeSet::new();
        let facts = CoverageFacts {
            due: &due,
            bars: &bars,
            first_before: None,
            waived: &none,
            without_bar: &[],
            unanswered: &[],
        };
        assert_eq!(facts.judge().missing, days([5, 6, 9]), "few are lacking");
        let waived = BTreeSet::from([day(9)]);
        let mut coverage = CoverageFacts {
            waived: &waived,
            ..facts
        }
        .judge();
        assert_eq!(coverage.due, days(5..=8), "a waived day is not judged");
        coverage.fill_from(&BTreeSet::from([day(5)]));
        assert_eq!(coverage.missing, days([6]), "a better source has the 5th");
        let begun = CoverageFacts {
            first_before: Some(day(7)),
            ..facts
        };
        assert_eq!(begun.judge().missing, days([9]), "judged when it began");
        let [lost, null] = [
            CoverageFacts {
                unanswered: &[Window {
                    start: day(5),
                    end: day(5),
                }],
                ..begun
            },
            CoverageFacts {
                without_bar: &days([5]),
                ..begun
            },
        ]
        .map(|facts| facts.judge());
        assert_eq!(lost.missing, days([5, 9]), "no answer came for the 5th");
        assert_eq!(lost.unanswered, BTreeSet::from([day(5)]));
        assert_eq!(null.missing, days([5, 9]), "its row came without a bar");
        assert!(null.unanswered.is_empty());
    }
}
