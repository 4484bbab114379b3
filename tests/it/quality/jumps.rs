//! Closes that are far from the day before, also where two runs meet.

use serde_json::Value;

use super::{GAPS, days, yahoo_answer};
use crate::support::program::TestEnv;
use crate::support::{asset, recorded};

const JUMPS: &str =
    "SELECT date, source FROM open_findings WHERE rule = 'price_jump' ORDER BY date";

/// The days on which a close is more than 30 % away from the one before, read by other means.
fn jumps_of(closes: &[(String, f64)]) -> Vec<String> {
    closes
        .windows(2)
        .filter(|w| (w[1].1 / w[0].1 - 1.0).abs() > 0.3)
        .map(|w| w[1].0.clone())
        .collect()
}

/// Collects SOXL from one recording, in two runs that meet before a day.
fn soxl(body: &[u8], first: &str, meet: [&str; 2], last: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
    );
    env.write("replay/yahoo/SOXL.json", body);
    for (start, end) in [(first, meet[0]), (meet[1], last)] {
        env.succeed(&[
            "collect", "--replay", "replay", "--start", start, "--end", end,
        ]);
    }
    assert!(env.pairs(GAPS).is_empty());
    env
}

#[test]
fn soxl_jumps_on_exactly_the_days_beyond_thirty_percent_also_where_two_runs_meet() {
    let body = recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json");
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let result = &answer["chart"]["result"][0];
    let stamps = result["timestamp"].as_array().unwrap().iter();
    let day = |stamp: &Value| {
        let time = chrono::DateTime::from_timestamp(stamp.as_i64().unwrap(), 0).unwrap();
        time.date_naive().to_string()
    };
    let closes = result["indicators"]["quote"][0]["close"]
        .as_array()
        .unwrap();
    let closes: Vec<(String, f64)> = stamps
        .zip(closes)
        .map(|(s, c)| (day(s), c.as_f64().unwrap()))
        .collect();
    let expected = jumps_of(&closes);
    assert_eq!(expected, ["2025-04-09", "2026-06-05"]);
    let env = soxl(
        &body,
        "2023-07-03",
        ["2025-04-08", "2025-04-09"],
        "2026-07-02",
    );
    assert_eq!(days(env.pairs(JUMPS)), expected);
}

/// SOXL in the first half of 2020 as Yahoo would have sent it, and its closes.
fn soxl_of_2020() -> (Vec<u8>, Vec<(String, f64)>) {
    let text = String::from_utf8(recorded("series/SOXL_2020-01..2020-06.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    let body = yahoo_answer("SOXL", "USD", "America/New_York", &rows);
    let days = rows.iter().map(|r| r[0].to_owned());
    let closes = rows.iter().map(|r| r[4].parse().unwrap());
    let closes = days.zip(closes).collect();
    (body, closes)
}

#[test]
fn soxl_of_spring_2020_jumps_on_its_four_days_wherever_two_runs_meet() {
    let (body, closes) = soxl_of_2020();
    let expected = jumps_of(&closes);
    assert_eq!(
        expected,
        ["2020-03-12", "2020-03-16", "2020-03-24", "2020-04-06"]
    );
    for meet in [
        ["2020-03-11", "2020-03-12"],
        ["2020-03-13", "2020-03-16"],
        ["2020-03-20", "2020-03-23"],
    ] {
        let env = soxl(&body, "2020-01-02", meet, "2020-06-30");
        assert_eq!(days(env.pairs(JUMPS)), expected);
    }
}
