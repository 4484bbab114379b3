//! `healthcheck`: whether each series has its newest session, by its calendar.

use serde_json::Value;

use super::bars;
use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::{WEEK, asset, recorded, route, shares};

fn health(env: &TestEnv, arguments: &[&str]) -> (i32, Vec<(String, String, String)>) {
    let ran = env.run(&[&["healthcheck", "--format", "json"][..], arguments].concat());
    let rows = ran.rows();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
    for row in &rows {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        let mut expected = [
            "asset_id",
            "name",
            "category",
            "expected_date",
            "actual_date",
            "status",
            "missing",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected);
    }
    let told = rows.iter().map(|r| {
        (
            text(r, "asset_id"),
            text(r, "expected_date"),
            text(r, "status"),
        )
    });
    (ran.code, told.collect())
}

fn told(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    rows.iter()
        .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()))
        .collect()
}

#[test]
fn healthcheck_as_of_a_day_does_not_see_what_came_later() {
    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), bars(&[WEEK[0], WEEK[3]], 10.0));
    env.collect();
    let rows = health(&env, &["--as-of", WEEK[2]]).1;
    assert_eq!(rows, told(&[("A", WEEK[1], "STALE")]));
    assert_eq!(health(&env, &["--as-of", "2024-01-06"]).1[0].2, "OK");
}

#[test]
fn freshness_goes_by_the_calendar_of_each_asset() {
    let server = Server::new();
    let list = [
        asset("KS", "XKRX", "KRW", &[("naver", "KS")]),
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
        asset("NONE", "XNYS", "USD", &[("yahoo", "NONE")]),
    ];
    let env = TestEnv::at(&server, &list);
    server.answer(
        "/chart/domestic/index/KS/day",
        bars(&["2024-12-27", "2024-12-30"], 300.0),
    );
    server.answer(
        "/v8/finance/chart/SOXL",
        Answer::ok(recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json")),
    );
    env.run(&[
        "collect",
        "--assets",
        "KS",
        "--start",
        "2024-12-27",
        "--end",
        "2024-12-30",
    ]);
    env.run(&[
        "collect",
        "--assets",
        "SOXL",
        "--start",
        "2023-12-01",
        "--end",
        "2023-12-29",
    ]);
    // 2024-12-31 and 2025-01-01 are closed in Seoul, only the latter in New York.
    let (code, rows) = health(&env, &["--as-of", "2025-01-02"]);
    assert_eq!(code, 1);
    let expected = told(&[
        ("KS", "2024-12-30", "OK"),
        ("SOXL", "2024-12-31", "STALE"),
        ("NONE", "2024-12-31", "NO_DATA"),
    ]);
    assert_eq!(rows, expected);
    let table = env.run(&["healthcheck", "--as-of", "2025-01-02"]).stdout;
    assert!(
        table.contains("SOXL: 252 sessions are missing: 2024-01-02"),
        "{table}"
    );
    assert_eq!(
        health(&env, &["--as-of", "2025-01-02", "--max-lag", "252"]).1[1].2,
        "OK"
    );
}

#[test]
fn the_week_of_lunar_new_year_is_never_stale() {
    let server = Server::new();
    let env = TestEnv::at(&server, &[asset("KS", "XKRX", "KRW", &[("naver", "KS")])]);
    // From 2025-01-25 to 30 nothing trades in Seoul.
    server.answer("/chart/domestic/index/KS/day", bars(&["2025-01-24"], 300.0));
    env.run(&[
        "collect",
        "--assets",
        "KS",
        "--start",
        "2025-01-24",
        "--end",
        "2025-01-24",
    ]);
    for day in [
        "2025-01-25",
        "2025-01-27",
        "2025-01-28",
        "2025-01-30",
        "2025-01-31",
    ] {
        assert_eq!(health(&env, &["--as-of", day]).1[0].2, "OK", "{day}");
    }
    assert_eq!(health(&env, &["--as-of", "2025-02-01"]).1[0].2, "STALE");
}

#[test]
fn another_currency_makes_nothing_fresh() {
    let server = Server::new();
    let assets = asset("BTC", "24/7", "KRW", &[("yahoo", "BTC-USD")]).replace(
        "symbol = \"BTC-USD\"",
        "symbol = \"BTC-USD\", currency = \"USD\"",
    );
    let env = TestEnv::at(&server, &[assets]);
    let route = "/v8/finance/chart/BTC-USD";
    server.answer(
        route,
        Answer::ok(recorded("yahoo_rewrapped/BTC-USD_2018..2025-08.json")),
    );
    env.succeed(&["collect", "--start", "2025-08-01", "--end", "2025-08-20"]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'yahoo:BTC-USD'"),
        20
    );
    assert_eq!(env.count("SELECT count(*) FROM best_price"), 0);
    assert_eq!(health(&env, &["--as-of", "2025-08-21"]).1[0].2, "NO_DATA");
}

#[test]
fn a_row_on_a_closed_day_makes_nothing_fresh_and_what_is_missing_is_listed() {
    let (server, env) = shares(&["005930"]);
    // Wednesday is missing, Friday too, and there is a row of Saturday.
    let days = ["2023-12-28", "2024-01-02", "2024-01-04", "2024-01-06"];
    server.answer(&route("005930"), bars(&days, 100.0));
    env.succeed(&["collect", "--start", "2023-12-28", "--end", "2024-01-07"]);
    let check = |more: &[&str]| {
        let ran = env.json(&[&["healthcheck", "--as-of", "2024-01-08"], more].concat());
        let row = ran.row();
        (ran.code, row["status"].clone(), row["missing"].clone())
    };
    let missing = serde_json::json!(["2024-01-03", "2024-01-05"]);
    assert_eq!(check(&[]), (1, "STALE".into(), missing.clone()));
    assert_eq!(
        check(&["--max-lag", "1"]),
        (0, "OK".into(), missing.clone())
    );
    assert_eq!(check(&["--max-lag", "1", "--strict"]).0, 1);
    env.succeed(&["waive", "005930", "2024-01-05", "--reason", "no trade"]);
    let missing = serde_json::json!(["2024-01-03"]);
    assert_eq!(check(&[]), (0, "OK".into(), missing));
    assert_eq!(check(&["--strict"]).0, 1);
    env.succeed(&["waive", "005930", "2024-01-03", "--reason", "no trade"]);
    assert_eq!(
        check(&["--strict"]),
        (0, "OK".into(), serde_json::json!([]))
    );
}
