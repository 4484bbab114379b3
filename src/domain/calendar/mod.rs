//! Trading days: which days are sessions, in which time zone, and when their bars become final.
//!
//! The lists are plain files such as `data/calendars/XKRX.toml`. They are compiled in; a file in the user's
//! `data/calendars/` corrects or adds one ([`Calendars::load`]). `24/7`, `24/5` and `weekdays@Zone` have no list.

mod file;
mod fit;
mod set;
mod week;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, iter};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

pub use set::Calendars;
use week::Week;

/// The final time if an exchange's close is unknown, and for foreign exchange: this time on the following day.
const FINAL_NEXT_DAY: NaiveTime = NaiveTime::MIN.overflowing_add_signed(TimeDelta::hours(1)).0;

/// The trading calendar of an asset; cheap to clone.
#[derive(Clone)]
pub struct Calendar {
    name: Arc<str>,
    days: Sessions,
}

/// Which days are sessions.
#[derive(Clone)]
enum Sessions {
    /// 24/7: every day, midnight to midnight UTC.
    Always,
    /// 24/5: every weekday in London except the two days without quotes.
    ForeignExchange,
    /// weekdays@Zone: every weekday may be a session; holidays are unknown.
    Weekdays(Tz),
    /// The days in a file.
    List(Arc<Table>),
}

/// The content of a calendar file.
#[derive(Debug, Clone)]
struct Table {
    /// The exchange's name for people; may be empty.
    title: String,
    /// The origin of the list and how certain it is; empty if only the file's comments tell.
    from: String,
    certainty: String,
    /// The user's file that corrects or replaces the list; None for a list of the program.
    file: Option<UserFile>,
    zone: Tz,
    /// Sessions open at this time on the evening before.
    opens_evening_before: Option<NaiveTime>,
    known_from: NaiveDate,
    known_until: NaiveDate,
    /// The weekdays with sessions, each valid from a day on; Monday to Friday if empty.
    week: BTreeMap<NaiveDate, Week>,
    /// Saturdays are sessions from `known_from` until this day.
    saturdays_until: Option<NaiveDate>,
    /// The final time valid from a session on.
    finals: BTreeMap<NaiveDate, NaiveTime>,
    /// The final time of a single session.
    special_finals: BTreeMap<NaiveDate, NaiveTime>,
    /// Sessions against the rule, with their reasons.
    sessions: BTreeMap<NaiveDate, String>,
    /// Closed days against the rule, with their reasons.
    closed: BTreeMap<NaiveDate, String>,
}

/// A file in the user's `data/calendars`.
#[derive(Debug, Clone)]
struct UserFile {
    path: PathBuf,
    /// Whether it adds to a list of the program instead of replacing it.
    corrects: bool,
    /// The end of the program's list that it replaces, if later than its own.
    hides: Option<NaiveDate>,
}

impl Table {
    /// A list without days.
    fn empty(zone: Tz) -> Self {
        Self {
            title: String::new(),
            from: String::new(),
            certainty: String::new(),
            file: None,
            zone,
            opens_evening_before: None,
            known_from: NaiveDate::MIN,
            known_until: NaiveDate::MAX,
            week: BTreeMap::new(),
            saturdays_until: None,
            finals: BTreeMap::new(),
            special_finals: BTreeMap::new(),
            sessions: BTreeMap::new(),
            closed: BTreeMap::new(),
        }
    }

    /// Whether this day belongs to the exchange's week. The first week of the list also applies before it.
    fn is_in_week(&self, date: NaiveDate) -> bool {
        let week = self.week.range(..=date).next_back();
        let week = week.or_else(|| self.week.first_key_value());
        week.map_or(Week::MON_FRI, |(_, week)| *week)
            .has(date.weekday())
    }

    /// Why this day has no session; None if it has one.
    fn closed_reason(&self, date: NaiveDate) -> Option<&str> {
        if let Some(reason) = self.closed.get(&date) {
            return Some(reason);
        }
        let is_old_saturday = date.weekday() == Weekday::Sat
            && self.saturdays_until.is_some_and(|until| date <= until)
            && date >= self.known_from;
        let open = is_old_saturday || self.is_in_week(date);
        (!open && !self.sessions.contains_key(&date)).then_some("weekend")
    }

    fn final_time(&self, date: NaiveDate) -> NaiveTime {
        self.special_finals
            .get(&date)
            .or_else(|| self.finals.range(..=date).next_back().map(|(_, time)| time))
            .or_else(|| self.finals.values().next())
            .copied()
            .unwrap_or_default()
    }
}

impl Calendar {
    /// The name in `assets.toml`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The exchange's own time zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        match &self.days {
            Sessions::Always => Tz::UTC,
            Sessions::ForeignExchange => Tz::Europe__London,
            Sessions::Weekdays(zone) => *zone,
            Sessions::List(table) => table.zone,
        }
    }

    fn table(&self) -> Option<&Table> {
        match &self.days {
            Sessions::List(table) => Some(table),
            _ => None,
        }
    }

    /// Whether its holidays are unknown: then a weekday without a bar is a gap only if two other assets have one.
    #[must_use]
    pub(crate) fn has_unknown_holidays(&self) -> bool {
        matches!(self.days, Sessions::Weekdays(_))
    }

    /// Whether it has a list that a file of the user's can correct.
    #[must_use]
    pub(crate) fn has_list(&self) -> bool {
        self.table().is_some()
    }

    /// The exchange's name for people; may be empty.
    #[must_use]
    pub(crate) fn title(&self) -> &str {
        match &self.days {
            Sessions::Always => "every day, midnight to midnight UTC",
            Sessions::ForeignExchange => {
                "currencies: every weekday except Christmas and New Year, final an hour after the day"
            }
            Sessions::Weekdays(_) => "every weekday, holidays unknown, final an hour after the day",
            Sessions::List(table) => &table.title,
        }
    }

    /// Where the list comes from: the program or a file of the user's.
    #[must_use]
    pub(crate) fn origin(&self) -> String {
        let Some(table) = self.table() else {
            return "built-in rule".to_owned();
        };
        match &table.file {
            None => "built in".to_owned(),
            Some(UserFile { path, corrects, .. }) => match corrects {
                true => format!("built in, corrected by {}", path.display()),
                false => path.display().to_string(),
            },
        }
    }

    /// The end of the program's own list, if a file of the user's replaces it and ends earlier.
    #[must_use]
    pub(crate) fn hidden_until(&self) -> Option<NaiveDate> {
        self.table()?.file.as_ref()?.hides
    }

    /// The origin of the list and how certain it is; may be empty.
    #[must_use]
    pub(crate) fn basis(&self) -> [&str; 2] {
        self.table()
            .map_or(["", ""], |table| [&table.from, &table.certainty])
    }

    /// Whether the day belongs to the exchange's week, in which a day without a session has a reason.
    #[must_use]
    pub(crate) fn is_in_week(&self, date: NaiveDate) -> bool {
        match &self.days {
            Sessions::Always => true,
            Sessions::ForeignExchange | Sessions::Weekdays(_) => Week::MON_FRI.has(date.weekday()),
            Sessions::List(table) => table.is_in_week(date),
        }
    }

    /// Whether the calendar has a session on this day. Outside the days known to its list every day of its week is one,
    /// except days that the list names nevertheless.
    #[must_use]
    pub fn is_session(&self, date: NaiveDate) -> bool {
        self.closed_reason(date).is_none()
    }

    /// Why this day has no session (`weekend` if nothing else); None if it has one.
    #[must_use]
    pub fn closed_reason(&self, date: NaiveDate) -> Option<&str> {
        match &self.days {
            Sessions::Always => None,
            Sessions::List(table) => table.closed_reason(date),
            _ if !self.is_in_week(date) => Some("weekend"),
            Sessions::Weekdays(_) => None,
            Sessions::ForeignExchange => foreign_exchange_closed(date),
        }
    }

    /// Why there is a session on a day that the rule would close; None for any other day.
    #[must_use]
    pub(crate) fn session_reason(&self, date: NaiveDate) -> Option<&str> {
        let reason = self.table()?.sessions.get(&date)?;
        Some(reason)
    }

    /// The first day known to the list; None without a list, as for 24/7.
    #[must_use]
    pub fn known_from(&self) -> Option<NaiveDate> {
        self.table().map(|t| t.known_from)
    }

    /// The last day known to the list; None without a list, as for 24/7.
    #[must_use]
    pub fn known_until(&self) -> Option<NaiveDate> {
        self.table().map(|t| t.known_until)
    }

    /// The sessions of a range, both days included.
    pub fn sessions(
        &self,
        start: NaiveDate,
        end: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> + '_ {
        start
            .iter_days()
            .take_while(move |d| *d <= end)
            .filter(|d| self.is_session(*d))
    }

    /// The newest session before a day, excluding the day itself.
    #[must_use]
    pub(crate) fn previous_session(&self, before: NaiveDate) -> Option<NaiveDate> {
        iter::successors(before.pred_opt(), NaiveDate::pred_opt).find(|d| self.is_session(*d))
    }

    /// The first session on or after a day; the day itself at the end of the calendar.
    fn session_from(&self, date: NaiveDate) -> NaiveDate {
        date.iter_days()
            .find(|d| self.is_session(*d))
            .unwrap_or(date)
    }

    /// The day to which the trades of a moment belong, in `zone` (an answer's own zone, or [`Calendar::zone`]).
    ///
    /// That is the local date, except for CME metals: trades after 18:00 in New York belong to the next session (seen
    /// in a live bar of GC=F with the time 2026-05-27 01:16Z), and so do the shortened hours of a holiday. Midnight is
    /// the time of a day's bar and stays with its day, so that a bar on a closed day is noticed and not mistaken for
    /// the next session's.
    #[must_use]
    pub(crate) fn trading_day(&self, moment: DateTime<Utc>, zone: Tz) -> NaiveDate {
        let local = moment.with_timezone(&zone).naive_local();
        let opens = self.table().and_then(|t| t.opens_evening_before);
        let (Some(opens), true) = (opens, zone == self.zone()) else {
            return local.date();
        };
        if local.time() >= opens {
            self.session_from(add_days(local.date(), 1))
        } else if local.time() == NaiveTime::MIN {
            local.date()
        } else {
            self.session_from(local.date())
        }
    }

    /// When a bar of this day becomes final.
    #[must_use]
    pub fn final_at(&self, date: NaiveDate) -> DateTime<Utc> {
        match &self.days {
            Sessions::List(table) => in_zone(table.zone, date, table.final_time(date)),
            Sessions::Always => in_zone(Tz::UTC, add_days(date, 1), NaiveTime::MIN),
            Sessions::ForeignExchange | Sessions::Weekdays(_) => {
                in_zone(self.zone(), add_days(date, 1), FINAL_NEXT_DAY)
            }
        }
    }

    /// Whether a bar of this day fetched at a given time is final.
    #[must_use]
    pub(crate) fn is_final(&self, date: NaiveDate, fetched_at: DateTime<Utc>) -> bool {
        // Two days later the day is over in every time zone, which is the usual case.
        let over = add_days(date, 2).and_time(NaiveTime::MIN).and_utc();
        over <= fetched_at || self.final_at(date) <= fetched_at
    }

    /// Whether a day is over in the zone by which a source dates its bars. If that zone has the same day as the
    /// calendar, the final time is enough; under a calendar of another zone, a day that is still traded could count as
    /// final (a coin's under Seoul's).
    #[must_use]
    pub(crate) fn is_over_in(&self, zone: Tz, date: NaiveDate, at: DateTime<Utc>) -> bool {
        let end = |zone| in_zone(zone, add_days(date, 1), NaiveTime::MIN);
        zone == self.zone() || end(zone) <= at || end(zone) == end(self.zone())
    }

    /// The final times of sessions in the exchange's zone, each with the session from which it applies.
    pub(crate) fn final_times(&self) -> impl Iterator<Item = (NaiveDate, NaiveTime)> + '_ {
        self.table()
            .into_iter()
            .flat_map(|t| t.finals.iter().map(|(d, t)| (*d, *t)))
    }

    /// The final time of a single session that has its own, in the exchange's zone.
    #[must_use]
    pub(crate) fn special_final(&self, date: NaiveDate) -> Option<NaiveTime> {
        self.table()?.special_finals.get(&date).copied()
    }

    /// Whether a session in this range (both days included) was final at `now`, so that its bar is due.
    #[must_use]
    pub(crate) fn has_due_session(
        &self,
        start: NaiveDate,
        end: NaiveDate,
        now: DateTime<Utc>,
    ) -> bool {
        self.sessions(start, end).any(|d| self.is_final(d, now))
    }
}

/// Within a set, calendars have unique names.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Calendar {}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calendar({})", self.name)
    }
}

/// Yahoo has a bar of every pair on every weekday until the end of 2024, but since then none on these two days.
fn foreign_exchange_closed(date: NaiveDate) -> Option<&'static str> {
    match (date.month(), date.day()) {
        (12, 25) if date.year() >= 2025 => Some("Christmas Day"),
        (1, 1) if date.year() >= 2025 => Some("New Year's Day"),
        _ => None,
    }
}

/// A local time in UTC. A time skipped by summer time counts as an hour later; none of ours is near one.
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

/// The day `days` days later; the day itself at the end of the calendar.
#[must_use]
pub(crate) fn add_days(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// The day `days` days earlier; the day itself at the beginning of the calendar.
#[must_use]
pub(crate) fn sub_days(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

/// A compiled-in calendar, for the tests of this crate.
#[cfg(test)]
pub(crate) fn built_in(name: &str) -> &'static Calendar {
    static ALL: std::sync::LazyLock<Calendars> =
        std::sync::LazyLock::new(|| Calendars::built_in().unwrap());
    Box::leak(Box::new(ALL.get(name).unwrap()))
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
            ("XKRX", false),
            ("XNYS", false),
            ("CMES", false),
            ("24/7", true),
        ] {
            let calendar = built_in(calendar);
            assert_eq!(calendar.is_session(date("2026-11-21")), saturday);
            assert!(calendar.is_session(date("2026-11-20")));
        }
    }

    #[test]
    fn saturday_mornings_were_sessions_in_seoul() {
        let xkrx = built_in("XKRX");
        assert!(xkrx.is_session(date("1998-12-05")));
        assert_eq!(xkrx.closed_reason(date("1998-12-12")), Some("weekend"));
        assert_eq!(xkrx.closed_reason(date("1998-12-06")), Some("weekend"));
        // Outside of the list the weekday rule holds.
        assert_eq!(xkrx.closed_reason(date("1989-12-30")), Some("weekend"));
        assert!(xkrx.is_session(date("1989-12-29")) && xkrx.is_session(date("2030-01-01")));
    }

    #[test]
    fn final_times_follow_the_exchange_and_its_summer_time() {
        for (calendar, day, moment) in [
            ("XKRX", "2026-09-11", "2026-09-11T07:30:00Z"),
            ("XKRX", "2026-09-14", "2026-09-14T11:00:00Z"),
            ("XKRX", "1989-01-04", "1989-01-04T07:30:00Z"),
            ("XNYS", "2026-07-01", "2026-07-01T21:00:00Z"),
            ("XNYS", "2026-12-01", "2026-12-01T22:00:00Z"),
            ("CMES", "2026-12-01", "2026-12-01T23:00:00Z"),
            ("24/7", "2026-12-31", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(built_in(calendar).final_at(date(day)), at(moment), "{day}");
        }
    }

    #[test]
    fn a_day_is_final_from_its_final_time_on() {
        for calendar in ["XKRX", "XNYS", "CMES", "24/7"].map(built_in) {
            for date in ["2026-03-08", "2026-11-20", "1999-12-31"].map(date) {
                let from = calendar.final_at(date);
                assert!(calendar.is_final(date, from), "{date}");
                assert!(
                    !calendar.is_final(date, from - TimeDelta::microseconds(1)),
                    "{date}"
                );
                assert!(calendar.is_final(date, from + TimeDelta::days(9)), "{date}");
            }
        }
    }

    #[test]
    fn single_sessions_have_final_times_of_their_own() {
        for (calendar, day, moment) in [
            // Three days of the college entrance test: closed at 16:00, at 16:30, and with the after-market.
            ("XKRX", "2015-11-12", "2015-11-12T08:00:00Z"),
            ("XKRX", "2025-11-13", "2025-11-13T08:30:00Z"),
            ("XKRX", "2026-11-19", "2026-11-19T12:00:00Z"),
            ("XNYS", "2026-11-27", "2026-11-27T19:00:00Z"),
            ("CMES", "2026-12-24", "2026-12-24T20:45:00Z"),
        ] {
            assert_eq!(built_in(calendar).final_at(date(day)), at(moment), "{day}");
        }
        let next = built_in("XNYS");
        assert_eq!(
            next.final_at(date("2026-11-30")),
            at("2026-11-30T22:00:00Z")
        );
        assert_eq!(next.special_final(date("2026-11-30")), None);
    }

    #[test]
    fn the_trading_day_is_the_exchanges() {
        assert_eq!(
            built_in("XKRX").trading_day(at("2026-01-04T15:00:00Z"), Tz::Asia__Seoul),
            date("2026-01-05")
        );
        let xnys = built_in("XNYS");
        assert_eq!(
            xnys.trading_day(at("2026-01-06T00:30:00Z"), Tz::America__New_York),
            date("2026-01-05")
        );
        // An answer from Sydney is dated in Sydney, whatever the calendar.
        assert_eq!(
            xnys.trading_day(at("2026-01-05T23:00:00Z"), Tz::Australia__Sydney),
            date("2026-01-06")
        );
    }

    #[test]
    fn an_evening_of_cme_metals_belongs_to_the_next_session() {
        let day = |t| built_in("CMES").trading_day(at(t), Tz::America__New_York);
        assert_eq!(day("2026-05-28T01:16:00Z"), date("2026-05-28"));
        assert_eq!(day("2026-05-26T04:00:00Z"), date("2026-05-26"));
        // Sunday evening and what is stamped after Friday's close both are Monday's.
        assert_eq!(day("2026-05-17T23:00:00Z"), date("2026-05-18"));
        assert_eq!(day("2026-05-15T22:30:00Z"), date("2026-05-18"));
    }

    #[test]
    fn what_cme_metals_trade_on_a_holiday_belongs_to_the_next_session() {
        let day = |t| built_in("CMES").trading_day(at(t), Tz::America__New_York);
        // 2026-05-25 is Memorial Day.
        assert_eq!(day("2026-05-22T22:30:00Z"), date("2026-05-26"));
        assert_eq!(day("2026-05-25T15:00:00Z"), date("2026-05-26"));
        assert_eq!(day("2026-05-25T04:00:00Z"), date("2026-05-25"));
    }

    #[test]
    fn a_session_is_due_once_it_is_final() {
        let xkrx = built_in("XKRX");
        let (monday, now) = (date("2026-01-05"), at("2026-01-05T07:29:59Z"));
        assert!(!xkrx.has_due_session(monday, monday, now));
        assert!(xkrx.has_due_session(monday, monday, now + TimeDelta::seconds(1)));
        assert!(!xkrx.has_due_session(date("2026-01-03"), date("2026-01-04"), now));
    }

    #[test]
    fn the_session_before_a_day_skips_what_is_closed() {
        let xkrx = built_in("XKRX");
        // Chuseok 2026: Thursday and Friday, then a weekend.
        assert_eq!(
            xkrx.previous_session(date("2026-09-28")),
            Some(date("2026-09-23"))
        );
        assert_eq!(
            xkrx.previous_session(date("2026-09-23")),
            Some(date("2026-09-22"))
        );
        let always = built_in("24/7");
        assert_eq!(
            always.previous_session(date("2027-01-01")),
            Some(date("2026-12-31"))
        );
        assert_eq!(always.previous_session(NaiveDate::MIN), None);
        let week: Vec<_> = xkrx
            .sessions(date("2026-09-21"), date("2026-09-27"))
            .collect();
        assert_eq!(week, ["2026-09-21", "2026-09-22", "2026-09-23"].map(date));
        assert_eq!(
            xkrx.sessions(date("2026-09-27"), date("2026-09-21"))
                .count(),
            0
        );
    }

    #[test]
    fn lists_say_until_when_they_are_known() {
        for name in ["XKRX", "XNYS", "CMES"] {
            assert_eq!(built_in(name).known_until(), Some(date("2027-12-31")));
            assert!(built_in(name).known_from() <= Some(date("2000-01-01")));
        }
        assert_eq!(built_in("24/7").known_until(), None);
        assert_ne!(built_in("24/7"), built_in("XKRX"));
    }
}
