//! The calendars, against the sessions that really were: every recorded series says which days had a bar.
//!
//! `tests/fixtures/calendars/` has lists made by others. `xkrx_sessions_2015-2026.txt` and `xnys_sessions_2015-2023.txt`
//! are the first columns of the session lists that exchange_calendars tests itself with (July 2026; the one of New York
//! ends in January 2023). `gc_f_bars_2000-2026.txt` has the days of Yahoo's bars of GC=F, `DISAGREEMENTS.tsv` every weekday
//! from 2015 to 2026 on which four lists differ, `special_hours_2015-2026.tsv` the sessions that open or close at another
//! time, by exchange_calendars 4.13.2.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use pricestash::domain::answer::RawDay;
use pricestash::domain::asset::SourceKind;
use pricestash::domain::calendar::{Calendar, Calendars};
use pricestash::sources::endpoints;

use crate::support::program::TestEnv;
use crate::support::recorded;

fn calendar(name: &str) -> &'static Calendar {
    static ALL: LazyLock<Calendars> = LazyLock::new(|| Calendars::built_in().unwrap());
    Box::leak(Box::new(ALL.get(name).unwrap()))
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn text(file: &str) -> String {
    String::from_utf8_lossy(&recorded(file)).into_owned()
}

/// The days that stand first in the lines of a list.
fn listed(file: &str) -> BTreeSet<NaiveDate> {
    text(&format!("calendars/{file}"))
        .lines()
        .map(date)
        .collect()
}

/// The days with a bar in a recorded answer, as the program reads it; a row without a value is none.
fn bars(kind: SourceKind, way: usize, file: &str, calendar: &Calendar) -> BTreeSet<NaiveDate> {
    let body = recorded(file);
    let answer = endpoints(kind)[way].read(200, &body, "", calendar).unwrap();
    let with_values = answer.rows.iter().filter(|r| !r.close.is_empty());
    with_values
        .map(|row| match row.day {
            RawDay::Date(day) => day,
            RawDay::Impossible(text) => panic!("{file}: {text}"),
        })
        .collect()
}

/// The days of one range on which a calendar and a series differ: `closed` without a session and with a bar, `open` the
/// other way round.
fn differences(
    calendar: &Calendar,
    days: &BTreeSet<NaiveDate>,
    [start, end]: [NaiveDate; 2],
) -> Vec<String> {
    let sessions: BTreeSet<NaiveDate> = calendar.sessions(start, end).collect();
    let name = calendar.name();
    let in_range = days.range(start..=end).copied().collect();
    let differ = sessions.symmetric_difference(&in_range);
    differ
        .map(|day| {
            let says = if sessions.contains(day) {
                "open"
            } else {
                "closed"
            };
            format!("{name} {says} {day}")
        })
        .collect()
}

/// The same from the first day of the series to its last.
fn differences_within(calendar: &Calendar, days: &BTreeSet<NaiveDate>) -> Vec<String> {
    differences(
        calendar,
        days,
        [*days.first().unwrap(), *days.last().unwrap()],
    )
}

const NONE: [&str; 0] = [];

#[test]
fn xkrx_is_what_kospi_200_had() {
    let years = [1990, 1994, 1995, 2000, 2001]
        .into_iter()
        .chain(2008..=2021);
    for year in years.chain([2026]) {
        let text = text(&format!("krx_index/year_ks200_{year}.csv"));
        let days: BTreeSet<_> = text.lines().skip(1).map(|l| date(&l[..10])).collect();
        let january = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let december = NaiveDate::from_ymd_opt(year, 12, 31).unwrap();
        // The recording of 2026 was made in March.
        let end = if year == 2026 {
            *days.last().unwrap()
        } else {
            december
        };
        assert_eq!(differences(calendar("XKRX"), &days, [january, end]), NONE);
    }
}

#[test]
fn xkrx_is_what_the_shares_of_naver_had() {
    for (way, file, count) in [
        (1, "naver/005930_count1834_captured-2026-01-24.xml", 1834),
        (
            0,
            "naver/api_item_005930_day_2023-01..2026-01_rewrapped.json",
            747,
        ),
        (1, "naver/000660_rewrapped_2023-12..2025-06.xml", 369),
    ] {
        let days = bars(SourceKind::Naver, way, file, calendar("XKRX"));
        // A recording that has lost its rows would agree with every calendar.
        assert!(days.len() >= count, "{file}: {}", days.len());
        assert_eq!(differences_within(calendar("XKRX"), &days), NONE, "{file}");
    }
}

/// Yahoo lacks sessions of these funds, so that only the other half can be compared: no bar on a closed day.
#[test]
fn the_funds_of_seoul_have_no_bar_on_a_closed_day() {
    for file in [
        "yahoo/132030.KS_isa_max_unhedged_nasdaq100_2026-05-27.json",
        "yahoo/133690.KS_isa_unhedged_gold_nasdaq100_2026-05-27.json",
        "yahoo/153130.KS_isa_max_unhedged_sp500_2026-05-27.json",
        "yahoo/360750.KS_isa_max_unhedged_sp500_2026-05-27.json",
    ] {
        let days = bars(SourceKind::Yahoo, 0, file, calendar("XKRX"));
        assert!(days.len() > 1000, "{file}: {}", days.len());
        let closed = days.iter().filter(|d| !calendar("XKRX").is_session(**d));
        assert_eq!(closed.count(), 0, "{file}");
    }
}

/// The list was made in July 2026 and does not know yet that Constitution Day is a public holiday again.
#[test]
fn xkrx_is_the_list_of_others_but_for_constitution_day() {
    let days = listed("xkrx_sessions_2015-2026.txt");
    let found = differences(
        calendar("XKRX"),
        &days,
        [date("2015-01-01"), date("2026-12-31")],
    );
    assert_eq!(found, ["XKRX closed 2026-07-17"]);
}

#[test]
fn xnys_is_the_list_of_others() {
    let days = listed("xnys_sessions_2015-2023.txt");
    assert_eq!(days.len(), 2023);
    let end = *days.last().unwrap();
    assert_eq!(
        differences(calendar("XNYS"), &days, [date("2015-01-01"), end]),
        NONE
    );
}

#[test]
fn xnys_is_what_american_shares_had() {
    for (file, count) in [
        ("yahoo/AAPL_10d_2024-10.json", 10),
        ("yahoo/AAPL_6mo_2025-10-29_live-last.json", 127),
        (
            "yahoo/chart-AAPL-2020-08-31-to-2020-11-07.2025-02-20.json",
            49,
        ),
        (
            "yahoo/historicalv8-AAPL-2020-01-01-to-2021-01-04.2021-11-12.json",
            253,
        ),
        (
            "yahoo/historicalv8-QQQ-2020-01-01-to-2021-01-04.2021-11-12.json",
            253,
        ),
        (
            "yahoo/historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.2024-09-16.json",
            252,
        ),
        (
            "yahoo/historical-via-chart-dividends-TSLA-no-dividends.2025-02-22.json",
            3303,
        ),
        ("yahoo_rewrapped/SOXL_2023-07..2026-07.json", 753),
    ] {
        let days = bars(SourceKind::Yahoo, 0, file, calendar("XNYS"));
        assert_eq!(days.len(), count, "{file}");
        assert_eq!(differences_within(calendar("XNYS"), &days), NONE, "{file}");
    }
}

/// Where CMES knowingly differs from Yahoo's bars of gold; `data/calendars/CMES.toml` says why.
const GOLD: [&str; 11] = [
    "CMES open 2005-03-30",
    "CMES open 2005-04-28",
    "CMES open 2005-06-29",
    "CMES closed 2006-09-04",
    "CMES closed 2006-11-24",
    "CMES open 2006-11-27",
    "CMES closed 2007-01-02",
    "CMES open 2016-10-10",
    "CMES open 2016-11-11",
    "CMES open 2018-01-29",
    "CMES closed 2025-07-04",
];

#[test]
fn cmes_is_what_gold_had_but_for_days_that_are_named() {
    let days = listed("gc_f_bars_2000-2026.txt");
    assert_eq!(days.len(), 6489);
    assert_eq!(differences_within(calendar("CMES"), &days), GOLD);
    let file = "yahoo_rewrapped/GC_F_2018..2025-08.json";
    let days = bars(SourceKind::Yahoo, 0, file, calendar("CMES"));
    assert_eq!(days.len(), 1922);
    assert_eq!(differences_within(calendar("CMES"), &days), GOLD[9..]);
}

/// Every day on which four lists differ, with what is true of it.
#[test]
fn every_disagreement_is_decided() {
    let decide = |calendar: &str, date: &str| match (calendar, date) {
        // Closed: a temporary holiday beside Chuseok, the general election, Armed Forces Day, a temporary holiday beside the
        // Lunar New Year, the presidential election, the day for Buddha's Birthday, the local elections.
        (
            "XKRX",
            "2023-10-02" | "2024-04-10" | "2024-10-01" | "2025-01-27" | "2025-06-03" | "2026-05-25"
            | "2026-06-03",
        ) => "closed",
        // Closed: the day of mourning for President Carter.
        ("XNYS", "2025-01-09") => "closed",
        // Open: Columbus Day, Veterans Day, and the early closes before Independence Day, after Thanksgiving, before Christmas.
        ("XNYS", day)
            if ["-10-", "-11-", "-07-03", "-12-24"]
                .iter()
                .any(|m| day.contains(m)) =>
        {
            "open"
        }
        _ => panic!("{calendar} {date} is not decided"),
    };
    let text = text("calendars/DISAGREEMENTS.tsv");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect())
        .collect();
    assert_eq!(rows.len(), 51);
    for row in rows {
        let is_session = calendar(row[0]).is_session(date(row[1]));
        let says = if is_session { "open" } else { "closed" };
        assert_eq!(says, decide(row[0], row[1]), "{} {}", row[0], row[1]);
    }
    // All four lists took Constitution Day, restored in 2026, for a session.
    let reason = calendar("XKRX").closed_reason(date("2026-07-17"));
    assert_eq!(reason, Some("Constitution Day"));
}

/// Days of the nineties that exchange_calendars has otherwise, by years of KOSPI 200 that are not among the recordings.
#[test]
fn the_nineties_are_as_recorded() {
    for session in [
        "1992-12-28",
        "1993-07-07",
        "1996-12-27",
        "1997-12-27",
        "1998-12-05",
    ] {
        assert!(calendar("XKRX").is_session(date(session)), "{session}");
    }
    for closed in [
        "1991-12-28",
        "1996-04-11",
        "1996-11-23",
        "1996-12-28",
        "1998-06-04",
    ] {
        assert!(!calendar("XKRX").is_session(date(closed)), "{closed}");
    }
}

#[test]
fn what_is_closed_in_seoul_in_2026_and_2027() {
    let closed = |year: i32| -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = first.iter_days().take_while(|d| d.year() == year);
        days.filter(|d| d.weekday().number_from_monday() <= 5)
            .filter(|d| !calendar("XKRX").is_session(*d))
            .map(|d| d.format("%m-%d").to_string())
            .collect()
    };
    let known = "01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 06-03 07-17 08-17 09-24 09-25 10-05 10-09 12-25 12-31";
    assert_eq!(closed(2026).join(" "), known);
    // By the law of 2026: alternative days for Labour Day (05-03) and Constitution Day (07-19).
    let by_law = "01-01 02-08 02-09 03-01 05-03 05-05 05-13 07-19 08-16 09-14 09-15 09-16 10-04 10-11 12-27 12-31";
    assert_eq!(closed(2027).join(" "), by_law);
}

/// One hour after the close, or later: a bar may not be taken for final while its session can still change it.
#[test]
fn no_bar_is_final_within_an_hour_of_the_close() {
    let text = text("calendars/special_hours_2015-2026.tsv");
    for row in text.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [name, day, _, close] = columns[..] else {
            panic!("{row}")
        };
        let calendar = calendar(name);
        let final_at = calendar.final_at(date(day)).with_timezone(&calendar.zone());
        let close = date(day).and_time(close.parse().unwrap());
        let after = final_at.naive_local() - close;
        assert!(after >= TimeDelta::hours(1), "{row}: {final_at}");
        if name == "XNYS" {
            assert_eq!(after, TimeDelta::hours(1), "{row}: {final_at}");
        }
    }
}

#[test]
fn the_lists_go_beyond_the_next_year() {
    for name in ["XKRX", "XNYS", "CMES"] {
        let file = format!("{}/data/calendars/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(file).unwrap();
        // Others look into the file itself: it says how to correct it.
        assert!(text.contains("# To correct it:"), "{name}");
        assert!(calendar(name).known_from() <= Some(date("2000-01-01")));
        assert_eq!(calendar(name).known_until(), Some(date("2027-12-31")));
    }
}

#[test]
fn a_year_is_printed_and_a_file_corrects_it() {
    let env = TestEnv::new();
    let first = |arguments: &[&str]| {
        let ran = env.succeed(&[&["assets", "--calendar"], arguments].concat());
        ran.stdout.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        first(&["XKRX", "2026"]),
        "XKRX 2026 (Asia/Seoul): 244 sessions"
    );
    assert!(first(&["24/7"]).starts_with(&format!("24/7 {} (UTC)", Utc::now().year())));
    env.write(
        "data/calendars/XKRX.toml",
        "[closed]\n2026-11-20 = \"Blackout\"\n",
    );
    assert_eq!(
        first(&["XKRX", "2026"]),
        "XKRX 2026 (Asia/Seoul): 243 sessions"
    );
    let json = ["assets", "--calendar", "XKRX", "2026", "--format", "json"];
    let rows = env.succeed(&json).rows();
    assert_eq!(rows.len(), 365);
    let blackout = rows.iter().find(|r| r["date"] == "2026-11-20").unwrap();
    assert_eq!(
        (blackout["session"].as_bool(), blackout["reason"].as_str()),
        (Some(false), Some("Blackout"))
    );
}

#[test]
fn all_calendars_are_listed_and_a_file_adds_one() {
    let env = TestEnv::new();
    env.write(
        "data/calendars/XCAI.toml",
        "zone = \"Africa/Cairo\"\nknown_from = 2026-01-01\nknown_until = 2026-12-31\n[week]\n2026-01-01 = \"Sun-Thu\"\n\
         [final]\n2026-01-01 = \"15:30\"\n[closed]\n2026 = \"01-07 Coptic Christmas; 01-25 Revolution Day\"\n",
    );
    let rows = env
        .succeed(&["assets", "--calendars", "--format", "json"])
        .rows();
    assert_eq!(rows.len(), 62, "59 lists, the new one, 24/7 and 24/5");
    let row = |name: &str| rows.iter().find(|r| r["calendar"] == name).unwrap();
    assert_eq!(row("XTKS")["zone"], "Asia/Tokyo");
    assert_eq!(row("XTKS")["known_until"], "2027-12-31");
    assert_eq!(row("XNSE")["known_until"], "2026-12-31");
    assert_eq!(row("XTKS")["origin"], "built in");
    assert!(
        row("XCAI")["origin"]
            .as_str()
            .unwrap()
            .ends_with("XCAI.toml")
    );
    let shown = env
        .succeed(&["assets", "--calendar", "XCAI", "2026"])
        .stdout;
    assert!(shown.contains("2026-01-07 Wed Coptic Christmas"), "{shown}");
    assert!(
        shown.starts_with("XCAI 2026 (Africa/Cairo): 259 sessions"),
        "{shown}"
    );
}

#[test]
fn a_wrong_calendar_is_refused_at_start() {
    let env = TestEnv::new();
    let arguments = ["assets", "--calendar", "XKRX", "2026"];
    for (file, text, why) in [
        (
            "XKRX",
            "[closed]\n2026-02-30 = \"x\"\n",
            "XKRX.toml: line 2: expected a date like 2026-01-31, found \"2026-02-30\"",
        ),
        (
            "XKRS",
            "[closed]\n2026-11-20 = \"x\"\n",
            "XKRS.toml: there is no built-in calendar XKRS",
        ),
    ] {
        let name = format!("data/calendars/{file}.toml");
        env.write(&name, text);
        let ran = env.run(&arguments);
        assert!(ran.code == 2 && ran.stderr.contains(why), "{ran:?}");
        fs::remove_file(env.path(&name)).unwrap();
    }
    let ran = env.run(&["assets", "--calendar", "XTSK"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("see `pricestash assets --calendars`"),
        "{ran:?}"
    );
    assert_eq!(env.run(&["assets", "2026"]).code, 2);
}
