//! Splits, which are read again as a whole, and series of two kinds that are never mixed.

use serde_json::{Value, json};

use super::bars;
use crate::support::server::Answer;
use crate::support::{WEEK, asset, recorded, route, shares};

/// The recording of 005930 with its prices divided.
fn divided(by: f64) -> Answer {
    let mut rows: Vec<Value> = serde_json::from_slice(&recorded(
        "naver/api_item_005930_day_2023-01..2026-01_rewrapped.json",
    ))
    .unwrap();
    for row in &mut rows {
        for field in ["openPrice", "highPrice", "lowPrice", "closePrice"] {
            row[field] = json!((row[field].as_f64().unwrap() / by).round());
        }
    }
    Answer::ok(serde_json::to_vec(&rows).unwrap())
}

#[test]
fn a_split_is_read_again_as_a_whole_in_the_same_run() {
    let (server, env) = shares(&["005930"]);
    let route = route("005930");
    server.answer(&route, divided(1.0));
    let years = ["collect", "--start", "2023-01-01", "--end", "2026-01-23"];
    env.succeed(&years);
    let rows = env.count("SELECT count(*) FROM price_daily");
    server.answer(&route, divided(50.0));
    let days = ["collect", "--start", "2026-01-12", "--end", "2026-01-23"];

    let refused = env.run(&[&days[..], &["--no-heal"]].concat());
    assert_eq!(refused.code, 1);
    let by_hand = "pricestash collect --assets 005930 --start 2023-01-02";
    assert!(refused.stdout.contains(by_hand), "{}", refused.stdout);
    assert_eq!(env.count("SELECT count(*) FROM price_revision"), 0);
    assert_eq!(
        env.count("SELECT count(*) FROM open_findings WHERE rule = 'rebased'"),
        1
    );

    env.succeed(&days);
    let asked = server.seen(&route).pop().unwrap().query["startDateTime"].clone();
    assert_eq!(
        asked, "202301020000",
        "the whole stored series is asked for"
    );
    let told = env.pairs("SELECT rule, detail FROM open_findings WHERE rule = 'rebased'");
    assert!(told[0].1.starts_with("factor 0.02"), "{told:?}");
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close > 10000"),
        0
    );
    assert_eq!(
        env.count("SELECT count(*) FROM price_revision WHERE close > 10000"),
        rows
    );
    env.succeed(&days);
    assert_eq!(
        env.count("SELECT count(*) FROM open_findings WHERE rule = 'rebased'"),
        0
    );
}

#[test]
fn a_split_seen_in_an_old_window_is_healed_to_the_newest_stored_day() {
    let (server, env) = shares(&["005930"]);
    let route = route("005930");
    server.answer(&route, divided(1.0));
    env.succeed(&["collect", "--start", "2025-06-01", "--end", "2026-01-23"]);
    server.answer(&route, divided(50.0));
    env.succeed(&["collect", "--start", "2025-08-01", "--end", "2025-08-29"]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close > 10000"),
        0
    );
}

#[test]
fn a_stored_day_that_left_the_answer_does_not_block_a_split() {
    let (server, env) = shares(&["005930"]);
    let days = ["2023-12-28", WEEK[0], WEEK[1], WEEK[2], WEEK[3]];
    server.answer(&route("005930"), bars(&days, 50_000.0));
    env.succeed(&["collect", "--start", "2023-12-28", "--end", WEEK[3]]);
    // A stored day is not in the answer any more.
    let left = ["2023-12-28", WEEK[0], WEEK[2], WEEK[3]];
    server.answer(&route("005930"), bars(&left, 1_000.0));
    env.succeed(&["collect", "--start", WEEK[0], "--end", WEEK[3]]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close = 1000.0"),
        5
    );
    let told = env
        .pairs("SELECT date, rule FROM open_findings WHERE rule <> 'date_gap' ORDER BY rule DESC");
    let expected = [(WEEK[1], "rescaled"), (WEEK[3], "rebased")];
    assert_eq!(
        told,
        expected.map(|(day, rule)| (day.to_owned(), rule.to_owned()))
    );
}

#[test]
fn a_split_that_cannot_be_read_again_changes_nothing() {
    let (server, env) = shares(&["005930"]);
    let days = ["2023-12-28", WEEK[0], WEEK[1], WEEK[2], WEEK[3]];
    server.answer(&route("005930"), bars(&days, 50_000.0));
    env.succeed(&["collect", "--start", "2023-12-28", "--end", WEEK[3]]);
    server.answer(&route("005930"), bars(&WEEK, 1_000.0));
    let whole = format!("{}?startDateTime=202312280000", route("005930"));
    server.answer(&whole, Answer::new(404, "gone"));
    let ran = env.collect();
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("nothing was staged"), "{}", ran.stdout);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close < 50000"),
        0
    );
}

#[test]
fn a_back_fill_after_a_split_never_puts_two_scales_side_by_side() {
    let (server, env) = shares(&["005930"]);
    let route = route("005930");
    server.answer(&route, divided(1.0));
    env.succeed(&["collect", "--start", "2025-06-02", "--end", "2026-01-23"]);
    // Nothing of the asked days is stored: the scale shows in the stored days beside them.
    server.answer(&route, divided(50.0));
    env.succeed(&["collect", "--start", "2023-03-02", "--end", "2023-03-31"]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close > 10000"),
        0
    );
    assert!(env.count("SELECT count(*) FROM price_daily WHERE date < '2023-04-01'") > 20);
    let last = env.pairs("SELECT max(date), '' FROM price_daily");
    assert_eq!(last[0].0, "2026-01-23");
}

#[test]
fn sources_in_another_order_do_not_mix_their_series() {
    let (server, env) = shares(&["005930"]);
    assert_eq!(env.collect().code, 0);
    let other = asset("005930", "XKRX", "KRW", &[("naver", "000660")]);
    env.write("data/assets.toml", other);
    server.answer(&route("000660"), bars(&WEEK, 9.0));
    let ran = env.collect();
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("those of 005930,"), "{}", ran.stdout);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close < 50"),
        0
    );
}
