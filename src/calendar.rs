//! Trading days: which days are sessions, in which time zone they lie, and from when on their bar is final.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday,
};
use chrono_tz::Tz;
use serde::Deserialize;

/// The calendar an asset trades by.
///
/// For now every weekday is a session of the exchanges; their closed days come with files of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Calendar {
    /// The Korea Exchange, Seoul.
    #[serde(rename = "XKRX")]
    Xkrx,
    /// The New York Stock Exchange.
    #[serde(rename = "XNYS")]
    Xnys,
    /// CME metals (GC, SI); sessions are dated by the day they close in New York.
    #[serde(rename = "CMES")]
    Cmes,
    /// Every day, midnight to midnight UTC.
    #[serde(rename = "24/7")]
    Always,
}

/// From this session on the Korea Exchange's daily bar includes the after-market until 20:00
/// (several public collectors moved their batches after it).
const XKRX_AFTER_MARKET: NaiveDate =
    NaiveDate::from_ymd_opt(2026, 9, 14).expect("a day of the calendar");
/// A CME metals session opens at 18:00 New York time of the evening before.
const CMES_OPENS_HOUR: u32 = 18;

impl Calendar {
    /// The name as it stands in `assets.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xkrx => "XKRX",
            Self::Xnys => "XNYS",
            Self::Cmes => "CMES",
            Self::Always => "24/7",
        }
    }

    /// The exchange's own time zone.
    #[must_use]
    pub fn zone(self) -> Tz {
        match self {
            Self::Xkrx => Tz::Asia__Seoul,
            Self::Xnys | Self::Cmes => Tz::America__New_York,
            Self::Always => Tz::UTC,
        }
    }

    /// Whether the calendar has a session on this day.
    #[must_use]
    pub fn is_session(self, date: NaiveDate) -> bool {
        match self {
            Self::Always => true,
            _ => !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// Whether every day is a session.
    #[must_use]
    pub fn is_always_open(&self) -> bool {
        *self == Self::Always
    }

    /// The sessions from one day to another, both included.
    pub fn sessions(&self, start: NaiveDate, end: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        start
            .iter_days()
            .take_while(move |d| *d <= end)
            .filter(|d| self.is_session(*d))
    }

    /// The newest session before a day.
    #[must_use]
    pub fn previous_session(&self, before: NaiveDate) -> Option<NaiveDate> {
        before
            .iter_days()
            .rev()
            .skip(1)
            .find(|d| self.is_session(*d))
    }

    /// Until when the closed days are known.
    #[must_use]
    pub fn known_until(&self) -> Option<NaiveDate> {
        None
    }

    /// The first session on or after a day; the day itself at the end of the calendar.
    #[must_use]
    fn session_from(self, date: NaiveDate) -> NaiveDate {
        date.iter_days()
            .find(|d| self.is_session(*d))
            .unwrap_or(date)
    }

    /// The day that a moment's trades belong to, read in `zone` (an answer's own zone, or [`Calendar::zone`]).
    ///
    /// That is the local date, but for CME metals: what trades after 18:00 in New York belongs to the next session
    /// (seen in a live bar of GC=F stamped 2026-05-27 01:16Z).
    #[must_use]
    pub fn trading_day(self, moment: DateTime<Utc>, zone: Tz) -> NaiveDate {
        let local = moment.with_timezone(&zone).naive_local();
        if self == Self::Cmes && zone == self.zone() && local.hour() >= CMES_OPENS_HOUR {
            return self.session_from(add_days(local.date(), 1));
        }
        local.date()
    }

    /// From when on a bar of this day, fetched then, is final.
    #[must_use]
    pub fn final_at(self, date: NaiveDate) -> DateTime<Utc> {
        let (day, hour, minute) = match self {
            Self::Xkrx if date >= XKRX_AFTER_MARKET => (date, 20, 0),
            Self::Xkrx => (date, 16, 30),
            // One hour after the close: 16:00 in New York, 17:00 for CME metals.
            Self::Xnys => (date, 17, 0),
            Self::Cmes => (date, 18, 0),
            Self::Always => (add_days(date, 1), 0, 0),
        };
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        in_zone(self.zone(), day, time)
    }

    /// Whether a session in this range (both days included) was final at `now`, so that its bar is due.
    #[must_use]
    pub fn has_due_session(self, start: NaiveDate, end: NaiveDate, now: DateTime<Utc>) -> bool {
        start
            .iter_days()
            .take_while(|d| *d <= end)
            .any(|d| self.is_session(d) && self.final_at(d) <= now)
    }
}

/// A local time as UTC. A time that summer time skips counts as the hour after it; none of ours is near one.
fn in_zone(zone: Tz, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = date.and_time(time);
    zone.from_local_datetime(&local)
        .earliest()
        .or_else(|| {
            zone.from_local_datetime(&(local + TimeDelta::hours(1)))
                .earliest()
        })
        .map_or_else(|| local.and_utc(), |t| t.with_timezone(&Utc))
}

/// A day so many days later; the day itself at the end of the calendar.
#[must_use]
pub fn add_days(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// A day so many days earlier; the day itself at the beginning of the calendar.
#[must_use]
pub fn sub_days(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_are_no_sessions_but_for_crypto() {
        for (calendar, saturday) in [
            (Calendar::Xkrx, false),
            (Calendar::Xnys, false),
            (Calendar::Cmes, false),
            (Calendar::Always, true),
        ] {
            assert_eq!(calendar.is_session(date("2026-11-21")), saturday);
            assert!(calendar.is_session(date("2026-11-20")));
        }
    }

    #[test]
    fn final_times_follow_the_exchange_and_its_summer_time() {
        assert_eq!(
            Calendar::Xkrx.final_at(date("2026-09-11")),
            at("2026-09-11T07:30:00Z")
        );
        assert_eq!(
            Calendar::Xkrx.final_at(date("2026-09-14")),
            at("2026-09-14T11:00:00Z")
        );
        assert_eq!(
            Calendar::Xnys.final_at(date("2026-07-01")),
            at("2026-07-01T21:00:00Z")
        );
        assert_eq!(
            Calendar::Xnys.final_at(date("2026-12-01")),
            at("2026-12-01T22:00:00Z")
        );
        assert_eq!(
            Calendar::Cmes.final_at(date("2026-12-01")),
            at("2026-12-01T23:00:00Z")
        );
        assert_eq!(
            Calendar::Always.final_at(date("2026-12-31")),
            at("2027-01-01T00:00:00Z")
        );
    }

    #[test]
    fn the_trading_day_is_the_exchanges() {
        assert_eq!(
            Calendar::Xkrx.trading_day(at("2026-01-04T15:00:00Z"), Tz::Asia__Seoul),
            date("2026-01-05")
        );
        assert_eq!(
            Calendar::Xnys.trading_day(at("2026-01-06T00:30:00Z"), Tz::America__New_York),
            date("2026-01-05")
        );
        // An answer from Sydney is dated in Sydney, whatever the calendar.
        assert_eq!(
            Calendar::Xnys.trading_day(at("2026-01-05T23:00:00Z"), Tz::Australia__Sydney),
            date("2026-01-06")
        );
    }

    #[test]
    fn an_evening_of_cme_metals_belongs_to_the_next_session() {
        let day = |t| Calendar::Cmes.trading_day(at(t), Tz::America__New_York);
        assert_eq!(day("2026-05-27T01:16:00Z"), date("2026-05-27"));
        assert_eq!(day("2026-05-26T04:00:00Z"), date("2026-05-26"));
        // Sunday evening and what is stamped after Friday's close both are Monday's.
        assert_eq!(day("2026-05-24T23:00:00Z"), date("2026-05-25"));
        assert_eq!(day("2026-05-22T22:30:00Z"), date("2026-05-25"));
    }

    #[test]
    fn a_session_is_due_once_it_is_final() {
        let (monday, now) = (date("2026-01-05"), at("2026-01-05T07:29:59Z"));
        assert!(!Calendar::Xkrx.has_due_session(monday, monday, now));
        assert!(Calendar::Xkrx.has_due_session(monday, monday, now + TimeDelta::seconds(1)));
        assert!(!Calendar::Xkrx.has_due_session(date("2026-01-03"), date("2026-01-04"), now));
    }
}
