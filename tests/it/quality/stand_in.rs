//! Which source's bar stands for an asset's price, and when a second source is asked for what the first lacks.

use super::{days, flat_bars, yahoo_answer};
use crate::support::asset;
use crate::support::program::TestEnv;

const DAYS: [&str; 4] = ["2026-05-06", "2026-05-07", "2026-05-08", "2026-05-11"];
const BEST: &str = "SELECT date, source FROM best_price ORDER BY date";
const GAPS: &str = super::GAPS;

/// Keeps an answer of Naver and one of Yahoo as they were at a time. Naver has these days; Yahoo has all of them, times a factor.
fn record(env: &TestEnv, folder: &str, at: &str, naver: &[&str], factor: f64) {
    let meta = format!("{{\"status\":200,\"fetched_at\":\"{at}\"}}");
    let put = |file: &str, body: Vec<u8>| {
        env.write(&format!("{folder}/{file}"), body);
        env.write(&format!("{folder}/{file}.meta.json"), meta.as_bytes());
    };
    put("naver/005930.json", flat_bars(naver, 100.0).into_bytes());
    let close = (101.0 * factor).to_string();
    let price = close.as_str();
    let rows: Vec<Vec<&str>> = DAYS
        .iter()
        .filter(|day| **day <= at)
        .map(|day| vec![*day, price, price, price, price, "1000"])
        .collect();
    let body = yahoo_answer("005930.KS", "KRW", "Asia/Seoul", &rows);
    put("yahoo/005930.KS.json", body);
}

fn with_two_sources() -> TestEnv {
    let env = TestEnv::new();
    let sources = [("naver", "005930"), ("yahoo", "005930.KS")];
    env.write("data/assets.toml", asset("005930", "XKRX", "KRW", &sources));
    env
}

#[test]
fn a_session_that_the_first_source_lacks_is_asked_of_the_next_a_day_later() {
    let env = with_two_sources();
    let lacking = [DAYS[0], DAYS[2]];
    record(&env, "soon", "2026-05-08T20:30:00+09:00", &DAYS[..1], 1.0);
    env.succeed(&["collect", "--replay", "soon", "--start", DAYS[0]]);
    let naver = |days: &[&str]| -> Vec<(String, String)> {
        let named = |day: &&str| ((*day).to_owned(), "naver".to_owned());
        days.iter().map(named).collect()
    };
    // The 7th is final for 24 hours, so that it is asked for, and with it what Yahoo has besides.
    let best = env.pairs(BEST);
    assert_eq!(best[0], naver(&DAYS[..1])[0]);
    assert_eq!(best[1], (DAYS[1].to_owned(), "yahoo".to_owned()));

    let env = with_two_sources();
    record(
        &env,
        "soon",
        "2026-05-08T16:00:00+09:00",
        &lacking[..1],
        1.0,
    );
    env.succeed(&["collect", "--replay", "soon", "--start", DAYS[0]]);
    assert_eq!(
        env.pairs(BEST),
        naver(&DAYS[..1]),
        "the 7th is final since 16:30 only"
    );
    record(
        &env,
        "later",
        "2026-05-11T20:30:00+09:00",
        &[DAYS[0], DAYS[2], DAYS[3]],
        1.0,
    );
    env.succeed(&["collect", "--replay", "later"]);
    let mut expected = naver(&DAYS);
    expected[1].1 = "yahoo".to_owned();
    assert_eq!(env.pairs(BEST), expected);
    assert_eq!(
        days(env.pairs(GAPS)),
        [DAYS[1]],
        "Naver lacks it all the same"
    );
    let shown = env.json(&["show", "005930"]);
    let shown = shown.rows().into_iter().map(|r| r["source"].clone());
    assert_eq!(
        shown.collect::<Vec<_>>(),
        ["naver", "yahoo", "naver", "naver"]
    );
}

#[test]
fn a_source_that_says_something_else_does_not_stand_in() {
    let env = with_two_sources();
    record(
        &env,
        "r",
        "2026-05-11T20:30:00+09:00",
        &[DAYS[0], DAYS[2], DAYS[3]],
        1.05,
    );
    env.succeed(&["collect", "--replay", "r", "--start", DAYS[0]]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'yahoo'"),
        4
    );
    assert_eq!(days(env.pairs(BEST)), [DAYS[0], DAYS[2], DAYS[3]]);
    let shown = env.json(&["show", "005930"]);
    assert_eq!(shown.rows().len(), 3, "{shown:?}");
    // Naver is gone on the 12th: what Yahoo has of that day makes nothing fresh.
    env.staging()
        .execute(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, ingested_at)
             VALUES ('005930', '2026-05-12', 'yahoo', 106.0, 106.0, 106.0, 106.0, '2026-05-12T12:00:00.000000Z')",
            [],
        )
        .unwrap();
    let health = env.json(&["healthcheck", "--as-of", "2026-05-13"]);
    assert_eq!(health.row()["status"], "STALE", "{health:?}");
    assert_eq!(health.row()["actual_date"], DAYS[3]);
    let latest = env.pairs("SELECT date, source FROM latest_price");
    assert_eq!(latest, [(DAYS[3].to_owned(), "naver".to_owned())]);
}

#[test]
fn a_series_without_a_bar_is_asked_for_three_years_whatever_the_others_have() {
    let env = with_two_sources();
    record(&env, "r", "2026-05-11T20:30:00+09:00", &DAYS, 1.0);
    env.succeed(&["collect", "--replay", "r"]);
    env.write(
        "r/naver/005930.json.meta.json",
        "{\"status\":503,\"fetched_at\":\"2026-05-11T21:00:00+09:00\"}",
    );
    let ran = env.json(&["collect", "--replay", "r"]);
    assert_eq!(
        (ran.code, ran.row()["source"].as_str()),
        (0, Some("yahoo")),
        "{ran:?}"
    );
    assert_eq!(ran.row()["start"], "2023-05-11", "{ran:?}");
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'yahoo'"),
        4
    );
}

#[test]
fn days_before_a_listing_leave_no_gap() {
    let env = TestEnv::new();
    let share = asset("0013V0", "XKRX", "KRW", &[("naver", "0013V0")]);
    env.write("data/assets.toml", share);
    let record = |at: &str, days: &[&str]| {
        env.write("r/naver/0013V0.json", flat_bars(days, 100.0));
        let meta = format!("{{\"status\":200,\"fetched_at\":\"{at}\"}}");
        env.write("r/naver/0013V0.json.meta.json", meta);
    };
    record("2026-05-06T20:30:00+09:00", &[]);
    let ran = env.json(&["collect", "--replay", "r"]);
    assert_eq!((ran.code, env.pairs(GAPS).len()), (1, 0), "{ran:?}");
    // Three sessions before the first bar may be a gap: it is said, until the next run has not found it again.
    record("2026-05-08T20:30:00+09:00", &DAYS[1..3]);
    env.succeed(&["collect", "--replay", "r", "--start", "2026-05-04"]);
    assert_eq!(days(env.pairs(GAPS)), ["2026-05-04", DAYS[0]]);
    env.succeed(&["collect", "--replay", "r", "--start", "2026-05-04"]);
    assert_eq!(env.pairs(GAPS).len(), 2);
    record("2026-05-18T20:30:00+09:00", &DAYS[1..]);
    env.succeed(&["collect", "--replay", "r"]);
    assert_eq!(
        days(env.pairs(GAPS))[0],
        "2026-05-12",
        "after its first bar"
    );
}

#[test]
fn a_currency_that_was_edited_does_not_relabel_what_is_stored() {
    let env = with_two_sources();
    record(&env, "r", "2026-05-11T20:30:00+09:00", &DAYS, 1.0);
    env.succeed(&["collect", "--replay", "r", "--start", DAYS[0]]);
    let file = std::fs::read_to_string(env.path("data/assets.toml")).unwrap();
    env.write("data/assets.toml", file.replace("\"KRW\"", "\"USD\""));
    let ran = env.json(&["collect", "--replay", "r", "--start", DAYS[0]]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(env.pairs(BEST).is_empty());
    let ran = env.run(&["show", "005930"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("its stored bars are in KRW"),
        "{}",
        ran.stderr
    );
    let health = env.json(&["healthcheck", "--as-of", DAYS[3]]);
    assert_eq!(health.row()["status"], "NO_DATA", "{health:?}");
    let page = env.succeed(&["report", "--output", "-"]);
    assert!(!page.stdout.contains("\"USD\",\"days\""));
    env.write("data/assets.toml", file);
    env.succeed(&["collect", "--replay", "r", "--start", DAYS[0]]);
    assert_eq!(env.pairs(BEST).len(), 4);
}
