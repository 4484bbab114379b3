//! Recorded answers: `tests/fixtures/expected.tsv` says what comes out of each of them.
//!
//! The values there were computed from the files by another program, so that both would have to be wrong alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use pricestash::domain::answer::{Answer, RawBar, RawDay};
use pricestash::domain::calendar::{Calendar, Calendars};
use pricestash::domain::window::Window;
use pricestash::sources::Upstream;
use serde::Deserialize;

use crate::support::way;

/// What is asked for; only the ECB's file is of many symbols.
const SYMBOL: &str = "USD";

/// A compiled-in calendar.
fn calendar(name: &str) -> &'static Calendar {
    static ALL: LazyLock<Calendars> = LazyLock::new(|| Calendars::built_in().unwrap());
    Box::leak(Box::new(ALL.get(name).unwrap()))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn body(file: &str) -> Vec<u8> {
    fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The status in the `.meta.json` beside a recording.
fn status(file: &str) -> u16 {
    #[derive(Deserialize)]
    struct Meta {
        status: u16,
    }
    let meta = fixtures().join(format!("{file}.meta.json"));
    if !meta.exists() {
        return 200;
    }
    serde_json::from_slice::<Meta>(&fs::read(meta).unwrap())
        .unwrap()
        .status
}

/// The rows of a recording that has some.
fn rows<'a>(name: &str, calendar: &Calendar, body: &'a [u8]) -> Vec<RawBar<'a>> {
    way(name).read(200, body, SYMBOL, calendar).unwrap().rows
}

/// Open, high, low, close, volume.
fn values<'a>(row: &RawBar<'a>) -> [&'a str; 5] {
    [row.open, row.high, row.low, row.close, row.volume]
}

/// A row as one line of text.
fn line(row: &RawBar<'_>) -> String {
    format!("{} {}", day(row), values(row).join(" "))
}

fn day(row: &RawBar<'_>) -> String {
    match row.day {
        RawDay::Date(day) => day.to_string(),
        RawDay::Impossible(text) => panic!("the recordings have no impossible day: {text}"),
    }
}

/// Every day and every bit of every value, in their order; nothing counts as all bits set.
fn digest(rows: &[RawBar<'_>]) -> String {
    let fold =
        |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let digest = rows.iter().fold(0, |sum, row| {
        let RawDay::Date(day) = row.day else {
            panic!("{row:?}")
        };
        let bits = |text: &str| {
            if text.is_empty() {
                u64::MAX
            } else {
                text.parse::<f64>().unwrap().to_bits()
            }
        };
        let day = u64::from(day.num_days_from_ce().cast_unsigned());
        values(row)
            .into_iter()
            .fold(fold(sum, day), |sum, value| fold(sum, bits(value)))
    });
    format!("{digest:016x}")
}

/// What came out, as the columns of `expected.tsv` after the calendar.
fn outcome(way: &dyn Upstream, status: u16, body: &[u8], calendar: &Calendar) -> Vec<String> {
    let said = |answer: &Answer<'_>| {
        let zone = answer.zone.map(|zone| zone.name());
        [answer.currency, zone]
            .map(|text| text.unwrap_or("-").to_owned())
            .to_vec()
    };
    let nothing = |count: usize| vec!["-".to_owned(); count];
    match way.read(status, body, SYMBOL, calendar) {
        Err(error) => [vec![format!("{error:?}")], nothing(10)].concat(),
        Ok(answer) if answer.rows.is_empty() => [
            vec!["empty".to_owned()],
            nothing(7),
            said(&answer),
            nothing(1),
        ]
        .concat(),
        Ok(answer) => [
            vec!["bars".to_owned()],
            summary(&answer.rows),
            said(&answer),
            vec![live(way, &answer)],
        ]
        .concat(),
    }
}

fn summary(rows: &[RawBar<'_>]) -> Vec<String> {
    let (first, last) = (&rows[0], &rows[rows.len() - 1]);
    let is_empty = |row: &&RawBar<'_>| values(row) == [""; 5];
    let is_partial = |row: &&RawBar<'_>| !is_empty(row) && values(row)[..4].contains(&"");
    vec![
        rows.len().to_string(),
        day(first),
        day(last),
        rows.iter().filter(is_empty).count().to_string(),
        rows.iter().filter(is_partial).count().to_string(),
        if last.close.is_empty() {
            "-"
        } else {
            last.close
        }
        .to_owned(),
        digest(rows),
    ]
}

/// Whether the last row may be live; no other row ever may.
fn live(way: &dyn Upstream, answer: &Answer<'_>) -> String {
    let (last, earlier) = answer.rows.split_last().unwrap();
    assert!(earlier.iter().all(|row| !row.may_be_live));
    match (way.name(), last.may_be_live) {
        ("yahoo", false) => "no",
        ("yahoo", true) => "yes",
        (_, false) => "-",
        (name, true) => panic!("{name} has no live rows"),
    }
    .to_owned()
}

fn expected() -> String {
    fs::read_to_string(fixtures().join("expected.tsv")).unwrap()
}

/// The lines of `expected.tsv` in columns.
fn table(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.split('\t').collect()).collect()
}

#[test]
fn every_recording_gives_what_is_expected() {
    let text = expected();
    let mut wrong = Vec::new();
    for columns in table(&text) {
        let [file, name, calendar, expected @ ..] = &columns[..] else {
            panic!("{columns:?}")
        };
        let way = way(name);
        let found = outcome(way, status(file), &body(file), self::calendar(calendar));
        if found != expected {
            wrong.push(format!(
                "{file} by {name}:\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn no_recording_is_forgotten() {
    let text = expected();
    let listed: BTreeSet<String> = table(&text)
        .iter()
        .map(|columns| columns[0].to_owned())
        .collect();
    // Other tests read these.
    let others = [
        "calendars",
        "discord",
        "exports",
        "lookup",
        "repair_pairs",
        "restated",
        "series",
        "user",
        "world_daily",
        "yahoo_events",
    ];
    let folders = names_in(&fixtures()).into_iter().filter(|name| {
        let is_other = others.contains(&name.as_str());
        !is_other && fixtures().join(name).is_dir()
    });
    let files = folders.flat_map(|folder| {
        let names = names_in(&fixtures().join(&folder)).into_iter();
        names.map(move |name| format!("{folder}/{name}"))
    });
    let present: BTreeSet<String> = files.filter(|file| !file.ends_with(".meta.json")).collect();
    assert_eq!(listed, present);
}

#[test]
fn a_suspended_day_has_a_close_and_zeros() {
    let body = body("naver/005930_suspended-split_excerpt-2018.xml");
    let rows = rows("naver fchart", calendar("XKRX"), &body);
    let lines: Vec<String> = rows[5..10].iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "2018-04-27 53380 53639 52440 53000 606216",
            "2018-04-30 0 0 0 53000 0",
            "2018-05-02 0 0 0 53000 0",
            "2018-05-03 0 0 0 53000 0",
            "2018-05-04 53000 53900 51800 51900 39565391",
        ]
    );
}

#[test]
fn todays_row_before_the_open_is_empty() {
    let body = body("naver/edge_today-empty-fields.xml");
    let rows = rows("naver fchart", calendar("XKRX"), &body);
    assert_eq!(
        line(&rows[1]),
        "2026-09-04 254000 259000 252500 255500 14031862"
    );
    assert_eq!(line(&rows[2]), "2026-09-07     ");
}

#[test]
fn both_ways_to_naver_give_the_same_data() {
    let (api, chart) = (
        body("naver/api_item_005930_day_2023-01..2026-01_rewrapped.json"),
        body("naver/005930_count1834_captured-2026-01-24.xml"),
    );
    let (api, chart) = (
        rows("naver", calendar("XKRX"), &api),
        rows("naver fchart", calendar("XKRX"), &chart),
    );
    assert_eq!(
        line(&api[0]),
        "2023-01-02 55500.0 56100.0 55200.0 55500.0 10031448"
    );
    assert_eq!(
        line(&chart[chart.len() - api.len()]),
        "2023-01-02 55500 56100 55200 55500 10031448"
    );
    assert_eq!(digest(&api), digest(&chart[chart.len() - api.len()..]));
}

#[test]
fn a_live_row_is_stamped_at_the_last_trade() {
    let body = body("yahoo/AAPL_6mo_2025-10-29_live-last.json");
    let rows = rows("yahoo", calendar("XNYS"), &body);
    let marked: Vec<String> = rows
        .iter()
        .filter(|row| row.may_be_live)
        .map(line)
        .collect();
    assert_eq!(
        marked,
        [
            "2025-10-29 269.2749938964844 271.4100036621094 267.1099853515625 269.70001220703125 43332154"
        ]
    );
}

#[test]
fn a_null_row_is_a_row_without_values() {
    let body = body("yahoo/edge_btc-null-yesterday_2024-03-08.json");
    let rows = rows("yahoo", calendar("24/7"), &body);
    assert_eq!(line(&rows[3]), "2024-03-08     ");
    assert_eq!(
        line(&rows[4]),
        "2024-03-09 68284.125 68380.492188 68101.03125 68281.414063 58679760000"
    );
}

#[test]
fn every_listed_zone_dates_its_own_days() {
    let days = |file: &str, calendar| -> Vec<String> {
        let body = body(file);
        rows("yahoo", calendar, &body).iter().map(day).collect()
    };
    // 23:00Z is the next day in London; 1962 lies before the epoch.
    assert_eq!(
        days("yahoo/INR_X_with-null.json", calendar("XNYS")),
        ["2017-07-10", "2017-07-11", "2017-07-12", "2017-07-13"]
    );
    assert_eq!(
        days("yahoo/IBM_1962_partial.json", calendar("XNYS"))[..2],
        ["1962-01-02", "1962-01-03"]
    );
    // The late opens of Seoul (10:00) are days like any other.
    let seoul = days(
        "yahoo/132030.KS_isa_max_unhedged_nasdaq100_2026-05-27.json",
        calendar("XKRX"),
    );
    for late in ["2017-11-16", "2018-01-02", "2019-11-14"] {
        assert_eq!(seoul.iter().filter(|day| *day == late).count(), 1, "{late}");
    }
    // Summer time moves London's stamps in UTC, not their days: no weekend, no day twice.
    let london = days(
        "yahoo/historicalv8-EURUSD_X-2020-01-01-to-2021-01-04.2021-11-12.json",
        calendar("XNYS"),
    );
    assert!(london.is_sorted_by(|a, b| a < b));
    assert!(london.iter().all(|day| {
        day.parse::<NaiveDate>()
            .unwrap()
            .weekday()
            .number_from_monday()
            <= 5
    }));
}

#[test]
fn the_index_of_1990_has_a_close_only() {
    let body = body("krx_index/year_ks200_1990.csv");
    let rows = rows("krx", calendar("XKRX"), &body);
    assert_eq!(line(&rows[0]), "1990-01-03    100.0 4024570.0");
    assert!(
        rows.iter()
            .all(|row| values(row)[..3] == [""; 3] && !row.close.is_empty())
    );
}

#[test]
fn a_half_formed_bar_is_only_ever_the_last() {
    let last_version = body("krx_index/year_ks200_2026.csv");
    let settled = rows("krx", calendar("XKRX"), &last_version);
    let mut changed = 0;
    for entry in fs::read_dir(fixtures().join("krx_index_intraday")).unwrap() {
        let body = fs::read(entry.unwrap().path()).unwrap();
        let rows = rows("krx", calendar("XKRX"), &body);
        let (last, earlier) = rows.split_last().unwrap();
        assert_eq!(earlier, &settled[..earlier.len()]);
        assert_eq!(last.day, settled[earlier.len()].day);
        changed += usize::from(*last != settled[earlier.len()]);
    }
    // All but the two that were served in the night after.
    assert_eq!(changed, 37);
}

#[test]
fn six_bytes_are_a_closed_days_file() {
    let body = body("krx_index/ks200_2026-03-08.csv");
    assert_eq!(body, b"\xef\xbb\xbf\"\"\n");
    assert!(
        way("krx")
            .read(200, &body, "", calendar("XKRX"))
            .unwrap()
            .rows
            .is_empty()
    );
}

/// A sample answer as `--replay data/sample` finds it, with the time it was fetched at.
fn sample(recording: &str) -> (Vec<u8>, DateTime<Utc>) {
    #[derive(Deserialize)]
    struct Meta {
        fetched_at: String,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/sample")
        .join(recording);
    let meta = fs::read(format!("{}.meta.json", path.display())).unwrap();
    let meta: Meta = serde_json::from_slice(&meta).unwrap();
    (fs::read(path).unwrap(), meta.fetched_at.parse().unwrap())
}

/// Way, symbol, calendar, bars, first and last day of every recording of the sample.
const SAMPLES: [(&str, &str, &str, usize, &str, &str); 6] = [
    ("naver", "005930", "XKRX", 747, "2023-01-02", "2026-01-23"),
    (
        "naver fchart",
        "000660",
        "XKRX",
        369,
        "2023-12-05",
        "2025-06-16",
    ),
    ("yahoo", "SOXL", "XNYS", 753, "2023-07-03", "2026-07-02"),
    ("yahoo", "GC=F", "CMES", 755, "2022-08-23", "2025-08-22"),
    ("upbit", "KRW-BTC", "24/7", 2, "2025-07-28", "2025-07-29"),
    ("krx", "ks200", "XKRX", 52, "2026-01-02", "2026-03-20"),
];

#[test]
fn the_sample_holds_final_bars_under_the_names_of_a_replay() {
    for (name, symbol, calendar, count, first, last) in SAMPLES {
        let calendar = self::calendar(calendar);
        let [start, end] = [first, last].map(|day| day.parse::<NaiveDate>().unwrap());
        let part = *way(name).parts(Window { start, end }).last().unwrap();
        let (body, fetched_at) = sample(&way(name).recording(symbol, part));
        let days: BTreeSet<String> = rows(name, calendar, &body).iter().map(day).collect();
        assert_eq!(
            (
                days.len(),
                days.first().unwrap().as_str(),
                days.last().unwrap().as_str()
            ),
            (count, first, last)
        );
        assert!(calendar.final_at(end) <= fetched_at, "{symbol}");
    }
}
