//! Ranges of days.

use chrono::NaiveDate;

use super::calendar::add_days;

/// A range of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
}

impl Window {
    /// Whether the window contains a day.
    #[must_use]
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.start <= date && date <= self.end
    }

    /// The window in parts of at most `days` days, oldest first; empty if it ends before it starts.
    #[must_use]
    pub(crate) fn split(self, days: u64) -> Vec<Self> {
        let step = usize::try_from(days).unwrap_or(usize::MAX).max(1);
        let starts = self.start.iter_days().step_by(step);
        let part = |start| Self {
            start,
            end: add_days(start, days.saturating_sub(1)).min(self.end),
        };
        starts
            .take_while(|day| *day <= self.end)
            .map(part)
            .collect()
    }
}
