//! `healthcheck`: is each asset's newest bar as recent as it should be?

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::asset::Asset;
use crate::domain::calendar::{Calendar, sub_days};
use crate::output::numbers::{counted, first_five};

/// Sessions of this many days are checked one by one.
pub(crate) const RECENT_DAYS: u64 = 30;

/// The bars of an asset that decide its freshness, from its sources in its own currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bars {
    first: NaiveDate,
    newest: NaiveDate,
    /// The recent days, each with whether its bar is final.
    recent: BTreeMap<NaiveDate, bool>,
}

impl Bars {
    /// The bars of one source: first and newest day, and the recent days, each with whether its bar is final.
    #[must_use]
    pub(crate) fn new(
        first: NaiveDate,
        newest: NaiveDate,
        recent: impl Iterator<Item = (NaiveDate, bool)>,
    ) -> Self {
        Self {
            first,
            newest,
            recent: recent.collect(),
        }
    }

    /// Adds a source that comes later in the asset's order: the first source's bar of a day wins.
    #[must_use]
    pub(crate) fn and(mut self, later: &Self) -> Self {
        self.first = self.first.min(later.first);
        self.newest = self.newest.max(later.newest);
        for (day, is_final) in &later.recent {
            self.recent.entry(*day).or_insert(*is_final);
        }
        self
    }
}

/// The first day that is checked individually, as of a day.
#[must_use]
pub(crate) fn recent_since(today: NaiveDate) -> NaiveDate {
    sub_days(today, RECENT_DAYS)
}

/// The freshness of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Freshness {
    /// The expected session, or a later one, has its bar.
    Ok,
    /// Neither has.
    Stale,
    /// The asset has no bar.
    NoData,
}

impl Freshness {
    /// The name in the `status` column.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Stale => "STALE",
            Self::NoData => "NO_DATA",
        }
    }
}

/// The result of one asset. The serialized fields are the columns of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Health {
    pub(crate) asset_id: String,
    pub(crate) name: String,
    /// The asset's category.
    pub(crate) category: &'static str,
    /// The session whose bar should exist.
    pub(crate) expected_date: Option<NaiveDate>,
    /// The session of the newest bar.
    pub(crate) actual_date: Option<NaiveDate>,
    pub(crate) status: Freshness,
    /// The due sessions of the last 30 days without a bar.
    pub(crate) missing: Vec<NaiveDate>,
    /// The missing sessions, or that the expected bar is provisional; empty if there is nothing to report.
    #[serde(skip)]
    pub(crate) remark: String,
}

/// Judges every asset as of `today` at its exchange. Up to `max_lag` missing sessions are tolerated, and waived
/// sessions are not expected.
#[must_use]
pub(crate) fn check(
    assets: &[&Asset],
    bars: &HashMap<String, Bars>,
    waived: &HashMap<String, BTreeSet<NaiveDate>>,
    today: impl Fn(&Calendar) -> NaiveDate,
    max_lag: usize,
) -> Vec<Health> {
    let none = BTreeSet::new();
    let agreed = agreed_sessions(assets, bars);
    let judge = |asset: &&Asset| {
        let id = asset.id.as_str();
        let calendar = &asset.calendar;
        let expectation = Expectation {
            waived: waived.get(id).unwrap_or(&none),
            agreed: calendar
                .has_unknown_holidays()
                .then(|| agreed.get(calendar.name()).unwrap_or(&none)),
            today: today(calendar),
            max_lag,
        };
        judge(asset, bars.get(id), &expectation)
    };
    assets.iter().map(judge).collect()
}

/// What is expected of an asset.
struct Expectation<'a> {
    waived: &'a BTreeSet<NaiveDate>,
    /// If holidays are unknown: the days that were sessions after all, because two assets have a bar.
    agreed: Option<&'a BTreeSet<NaiveDate>>,
    today: NaiveDate,
    max_lag: usize,
}

/// The recent days on which at least two assets have a bar, by calendar.
fn agreed_sessions<'a>(
    assets: &[&'a Asset],
    bars: &HashMap<String, Bars>,
) -> HashMap<&'a str, BTreeSet<NaiveDate>> {
    let mut once: HashMap<&str, BTreeSet<NaiveDate>> = HashMap::new();
    let mut twice: HashMap<&str, BTreeSet<NaiveDate>> = HashMap::new();
    for asset in assets.iter().filter(|a| a.calendar.has_unknown_holidays()) {
        let name = asset.calendar.name();
        for day in bars
            .get(asset.id.as_str())
            .into_iter()
            .flat_map(|b| b.recent.keys())
        {
            if !once.entry(name).or_default().insert(*day) {
                twice.entry(name).or_default().insert(*day);
            }
        }
    }
    twice
}

/// The newest session with a bar. For a series without a recent one: its newest day, if that is not in the future.
fn newest_session(bars: &Bars, calendar: &Calendar, today: NaiveDate) -> NaiveDate {
    let past = bars.recent.range(..=today).map(|(day, _)| *day);
    match past.rev().find(|day| calendar.is_session(*day)) {
        Some(day) => day,
        None if bars.newest <= today => bars.newest,
        None => bars.first,
    }
}

fn judge(asset: &Asset, bars: Option<&Bars>, expectation: &Expectation<'_>) -> Health {
    let Expectation {
        waived,
        agreed,
        today,
        max_lag,
    } = *expectation;
    let calendar = &asset.calendar;
    let sessions = iter::successors(calendar.previous_session(today), |day| {
        calendar.previous_session(*day)
    });
    let expected = sessions
        .take(waived.len() + 1)
        .find(|d| !waived.contains(d));
    let mut health = Health {
        asset_id: asset.id.to_string(),
        name: asset.name.clone(),
        category: asset.category.name(),
        expected_date: expected,
        actual_date: bars.map(|b| b.newest),
        status: Freshness::Ok,
        missing: Vec::new(),
        remark: String::new(),
    };
    let Some(bars) = bars else {
        health.status = Freshness::NoData;
        health.remark = "no price stored yet in its own currency".to_owned();
        return health;
    };
    let Some(expected) = expected else {
        return health;
    };
    let lacks = |day: &NaiveDate| !bars.recent.contains_key(day) && !waived.contains(day);
    let since = recent_since(today).max(bars.first);
    let is_known = |day: &NaiveDate| agreed.is_none_or(|agreed| agreed.contains(day));
    let due = calendar.sessions(since, expected);
    health.missing = due.filter(|d| lacks(d) && is_known(d)).collect();
    // A bar of a future day does not count.
    let later = bars.recent.range(expected..=today.max(expected));
    let later = later.map(|(day, _)| *day);
    if later.into_iter().any(|day| calendar.is_session(day)) {
        health.remark = match (bars.recent.get(&expected), health.missing.is_empty()) {
            (Some(false), true) => "the expected bar is provisional".to_owned(),
            (_, true) => String::new(),
            (_, false) => said(&health.missing, true),
        };
        return health;
    }
    // A row on a closed day does not make an asset fresh.
    let newest = newest_session(bars, calendar, today).min(expected);
    let behind = calendar.sessions(newest, expected);
    let behind: Vec<NaiveDate> = behind.filter(|d| *d > newest && lacks(d)).collect();
    if behind.len() > max_lag {
        health.status = Freshness::Stale;
    }
    health.remark = said(&behind, false);
    if !behind.is_empty() && !behind.iter().any(is_known) {
        health
            .remark
            .push_str("; the calendar does not know the holidays of that time");
    }
    health
}

/// How many sessions are missing, and which; `lately`: of the last 30 days.
fn said(missing: &[NaiveDate], lately: bool) -> String {
    let days: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let days = first_five(&days.iter().map(String::as_str).collect::<Vec<_>>());
    let sessions = counted(missing.len(), "session", "sessions");
    match (missing.len(), lately) {
        (1, true) => format!("{sessions} of the last 30 days is missing: {days}"),
        (_, true) => format!("{sessions} of the last 30 days are missing: {days}"),
        (1, false) => format!("{sessions} is missing: {days}"),
        (_, false) => format!("{sessions} are missing: {days}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::assets_file::parse_assets;
    use crate::domain::calendar::Calendars;

    fn day(text: &str) -> NaiveDate {
        format!("2026-{text}").parse().unwrap()
    }

    fn share() -> Asset {
        let text = "[[asset]]\nid = \"A\"\nname = \"A\"\ncategory = \"stock\"\ncalendar = \"XNYS\"\ncurrency = \"USD\"\n\
                    sources = [{ source = \"yahoo\", symbol = \"A\" }]";
        parse_assets(text, &Calendars::built_in().unwrap())
            .unwrap()
            .remove(0)
    }

    fn bars(days: &[&str]) -> Bars {
        let days: Vec<NaiveDate> = days.iter().map(|d| day(d)).collect();
        Bars::new(
            days[0],
            *days.last().unwrap(),
            days.iter().map(|d| (*d, true)),
        )
    }

    fn expecting(waived: &BTreeSet<NaiveDate>) -> Expectation<'_> {
        Expectation {
            waived,
            agreed: None,
            today: day("06-22"),
            max_lag: 0,
        }
    }

    /// Without a list of holidays a day is missing only where two other assets have it.
    #[test]
    fn a_day_that_nobody_knows_is_not_missing() {
        let text: String = ["A", "B", "C", "D"]
            .map(|id| {
                format!(
                    "[[asset]]\nid = \"{id}\"\nname = \"{id}\"\ncategory = \"stock\"\ncalendar = \"weekdays@Europe/Sofia\"\n\
                     currency = \"EUR\"\nsources = [{{ source = \"yahoo\", symbol = \"{id}\" }}]\n"
                )
            })
            .concat();
        let assets = parse_assets(&text, &Calendars::built_in().unwrap()).unwrap();
        let assets: Vec<&Asset> = assets.iter().collect();
        let series = [
            ("A", bars(&["06-15", "06-16", "06-17", "06-18"])),
            ("B", bars(&["06-15", "06-16", "06-18"])),
            ("C", bars(&["06-15", "06-18"])),
            ("D", bars(&["06-15", "06-16", "06-18", "06-19"])),
        ];
        let all = series.map(|(id, bars)| (id.to_owned(), bars)).into();
        let health = check(&assets, &all, &HashMap::new(), |_| day("06-22"), 0);
        let missing: Vec<&[NaiveDate]> = health.iter().map(|h| &*h.missing).collect();
        assert_eq!(missing, [&[][..], &[], &[day("06-16")], &[]]);
        let said: Vec<(Freshness, &str)> = health.iter().map(|h| (h.status, &*h.remark)).collect();
        let unknown = "1 session is missing: 2026-06-19; the calendar does not know the holidays of that time";
        assert_eq!(said[0], (Freshness::Stale, unknown), "it cannot know");
        assert_eq!(said[3], (Freshness::Ok, ""));
    }

    /// The status, the expected day and the missing ones on Monday 2026-06-22; Friday 19 is closed.
    fn judged(
        bars: Option<&Bars>,
        waived: &[&str],
        max_lag: usize,
    ) -> (Freshness, String, Vec<String>) {
        let waived: BTreeSet<NaiveDate> = waived.iter().map(|d| day(d)).collect();
        let expectation = Expectation {
            max_lag,
            ..expecting(&waived)
        };
        let health = judge(&share(), bars, &expectation);
        let short = |d: &NaiveDate| d.format("%m-%d").to_string();
        let missing = health.missing.iter().map(short).collect();
        (
            health.status,
            health.expected_date.map_or(String::new(), |d| short(&d)),
            missing,
        )
    }

    #[test]
    fn the_expected_session_itself_must_have_its_bar() {
        let all = ["06-15", "06-16", "06-17", "06-18"];
        let none: [String; 0] = [];
        let (status, expected, missing) = judged(Some(&bars(&all)), &[], 0);
        assert_eq!((status, expected.as_str()), (Freshness::Ok, "06-18"));
        assert_eq!(missing, none);
        // A row on a Sunday is not a session.
        let sunday = bars(&["06-15", "06-16", "06-17", "06-21"]);
        let (status, _, missing) = judged(Some(&sunday), &[], 0);
        assert_eq!(
            (status, missing),
            (Freshness::Stale, vec!["06-18".to_owned()])
        );
        assert_eq!(judged(Some(&sunday), &[], 1).0, Freshness::Ok);
        // A later session has one: what is missing is listed.
        let today = bars(&["06-15", "06-17", "06-22"]);
        let (status, _, missing) = judged(Some(&today), &[], 0);
        assert_eq!(status, Freshness::Ok);
        assert_eq!(missing, ["06-16", "06-18"]);
        // What was waived is not expected.
        let (status, expected, missing) = judged(Some(&bars(&all[..3])), &["06-18"], 0);
        assert_eq!((status, expected.as_str()), (Freshness::Ok, "06-17"));
        assert_eq!(missing, none);
        assert_eq!(judged(None, &[], 9).0, Freshness::NoData);
    }

    #[test]
    fn of_one_day_the_first_source_counts() {
        let first = Bars::new(
            day("06-16"),
            day("06-18"),
            [(day("06-18"), false)].into_iter(),
        );
        let both = first.and(&bars(&["06-15", "06-18"]));
        assert_eq!((both.first, both.newest), (day("06-15"), day("06-18")));
        assert!(!both.recent[&day("06-18")]);
    }

    #[test]
    fn many_missing_sessions_are_counted() {
        let old = Bars::new(day("01-02"), day("01-02"), iter::empty());
        let health = judge(&share(), Some(&old), &expecting(&BTreeSet::new()));
        assert!(
            health
                .remark
                .starts_with("115 sessions are missing: 2026-01-05, "),
            "{}",
            health.remark
        );
        assert!(health.missing.first().unwrap() >= &day("05-23"));
    }
}
