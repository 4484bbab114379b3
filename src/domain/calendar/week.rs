//! The days of the week on which an exchange trades.

use chrono::Weekday;

/// First and last day of a week's sessions: Monday to Friday, Sunday to Thursday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Week {
    first: Weekday,
    last: Weekday,
}

impl Week {
    /// The usual week.
    pub(super) const MON_FRI: Self = Self {
        first: Weekday::Mon,
        last: Weekday::Fri,
    };

    /// Reads `Sun-Thu`; None for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let day = |name: &str| {
            name.parse()
                .ok()
                .filter(|d: &Weekday| d.to_string() == name)
        };
        let (first, last) = text.split_once('-')?;
        Some(Self {
            first: day(first)?,
            last: day(last)?,
        })
    }

    /// Whether the week has a session on this day.
    pub(super) fn has(self, day: Weekday) -> bool {
        day.days_since(self.first) <= self.last.days_since(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_goes_from_its_first_day_to_its_last() {
        let open = |week: &str| {
            let week = Week::read(week).unwrap();
            let days = (0..7).map(|n| Weekday::try_from(n).unwrap());
            days.filter(|d| week.has(*d))
                .map(|d| d.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(open("Mon-Fri"), "Mon Tue Wed Thu Fri");
        assert_eq!(open("Sun-Thu"), "Mon Tue Wed Thu Sun");
        assert_eq!(open("Sat-Wed"), "Mon Tue Wed Sat Sun");
        for wrong in ["Mon", "Monday-Friday", "mon-fri", "Mon-Fry", "Mon - Fri"] {
            assert_eq!(Week::read(wrong), None, "{wrong}");
        }
    }
}
