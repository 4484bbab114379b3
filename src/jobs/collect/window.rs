//! Decides which days to request.

use std::iter;

use chrono::{DateTime, Months, NaiveDate, Utc};

use crate::domain::calendar::{Calendar, sub_days};
use crate::domain::merge::Settled;
use crate::domain::window::Window;
use crate::staging::Reach;

/// Days that the default window reaches back from today.
const DEFAULT_DAYS: u64 = 7;
/// Every request overlaps at least this many stored sessions, so that a split is noticed.
pub(super) const OVERLAP_SESSIONS: u32 = 3;
/// The first run fetches three years of each asset.
const FIRST_MONTHS: Months = Months::new(36);

/// Final bars older than this many sessions are not rewritten for their volume alone.
const VOLUME_SESSIONS: usize = 10;

/// The days of a series to request, and which of them to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) window: Window,
    /// What not to write, if more is read than is due.
    pub(super) settled: Option<Settled>,
    /// Whether the series is compared in full.
    pub(super) is_audit: bool,
    /// Start of the window without an audit; what lies before it is settled.
    due_from: NaiveDate,
    volume_from: NaiveDate,
}

impl Plan {
    /// Exactly the days of a window.
    pub(super) fn of(window: Window, today: NaiveDate, calendar: &Calendar) -> Self {
        let sessions = iter::successors(Some(today), |day| calendar.previous_session(*day));
        Self {
            window,
            settled: None,
            is_audit: false,
            due_from: window.start.max(sub_days(today, DEFAULT_DAYS)),
            volume_from: sessions.take(VOLUME_SESSIONS + 1).last().unwrap_or(today),
        }
    }

    /// The same, but from an earlier day on, so that the series is compared in full.
    pub(super) fn auditing_from(self, start: NaiveDate) -> Self {
        let window = Window {
            start: start.min(self.window.start),
            ..self.window
        };
        Self {
            window,
            settled: Some(self.settled()),
            is_audit: true,
            due_from: self.window.start,
            ..self
        }
    }

    /// Extends the plan to the whole series.
    pub(super) fn reading_all(self, whole: Window) -> Self {
        let window = Window {
            start: self.window.start.min(whole.start),
            end: self.window.end.max(whole.end),
        };
        Self {
            window,
            settled: Some(self.settled.unwrap_or_else(|| self.settled())),
            ..self
        }
    }

    /// The same without the audit.
    pub(super) fn without_audit(self) -> Self {
        let window = Window {
            start: self.due_from,
            ..self.window
        };
        Self {
            window,
            settled: None,
            is_audit: false,
            ..self
        }
    }

    fn settled(&self) -> Settled {
        Settled {
            values_before: self.due_from,
            volume_before: self.volume_from,
        }
    }
}

/// The days that the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WindowArgs {
    /// First day.
    pub(crate) start: Option<NaiveDate>,
    /// Last day.
    pub(crate) end: Option<NaiveDate>,
    /// Number of days before the last day.
    pub(crate) days: Option<u32>,
}

impl WindowArgs {
    /// Whether the user left the choice of days to the program.
    pub(super) fn is_default(self) -> bool {
        self == Self::default()
    }
}

/// Whether days are so recent that they are always requested.
pub(super) fn is_recent(window: Window, today: NaiveDate) -> bool {
    window.end >= sub_days(today, DEFAULT_DAYS)
}

/// The days to request.
pub(super) fn plan_window(args: WindowArgs, today: NaiveDate, reach: Reach) -> Window {
    let end = args.end.unwrap_or(today);
    let default_start = sub_days(end, DEFAULT_DAYS);
    let start = match (args.start, args.days) {
        (Some(start), _) => start,
        (None, Some(days)) => sub_days(end, u64::from(days)),
        (None, None) if args.end.is_some() => default_start,
        (None, None) => match reach {
            Reach::NothingStaged => today
                .checked_sub_months(FIRST_MONTHS)
                .unwrap_or(default_start),
            Reach::To(oldest) => oldest.map_or(default_start, |d| d.min(default_start)),
        },
    };
    Window { start, end }
}

/// The sessions of a window that were final at a given time.
pub(super) fn due_sessions(
    calendar: &Calendar,
    window: Window,
    now: DateTime<Utc>,
) -> Vec<NaiveDate> {
    calendar
        .sessions(window.start, window.end)
        .take_while(|day| calendar.is_final(*day, now))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn plan(
        start: Option<&str>,
        end: Option<&str>,
        days: Option<u32>,
        reach: Reach,
    ) -> (String, String) {
        let args = WindowArgs {
            start: start.map(date),
            end: end.map(date),
            days,
        };
        let window = plan_window(args, date("2026-11-22"), reach);
        (window.start.to_string(), window.end.to_string())
    }

    fn days(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn the_default_window_is_a_week_and_reaches_back_as_far_as_needed() {
        let none = (None, None, None);
        let default = |reach| plan(none.0, none.1, none.2, reach);
        assert_eq!(default(Reach::To(None)), days("2026-11-15", "2026-11-22"));
        assert_eq!(
            default(Reach::To(Some(date("2026-11-18")))),
            days("2026-11-15", "2026-11-22")
        );
        assert_eq!(
            default(Reach::To(Some(date("2026-09-01")))),
            days("2026-09-01", "2026-11-22")
        );
        assert_eq!(
            default(Reach::NothingStaged),
            days("2023-11-22", "2026-11-22")
        );
    }

    #[test]
    fn what_the_user_says_is_what_is_asked() {
        let reach = Reach::NothingStaged;
        assert_eq!(
            plan(Some("2020-01-01"), Some("2020-12-31"), None, reach),
            days("2020-01-01", "2020-12-31")
        );
        assert_eq!(
            plan(Some("2020-01-01"), None, None, reach),
            days("2020-01-01", "2026-11-22")
        );
        assert_eq!(
            plan(None, Some("2020-12-31"), None, reach),
            days("2020-12-24", "2020-12-31")
        );
        assert_eq!(
            plan(None, None, Some(30), reach),
            days("2026-10-23", "2026-11-22")
        );
        assert_eq!(
            plan(None, Some("2020-12-31"), Some(1), reach),
            days("2020-12-30", "2020-12-31")
        );
    }
}
