//! Sessions without a bar: which are found, when they close themselves, and which are no gaps.

use serde_json::Value;

use super::{GAPS, bars, days, kospi, year};
use crate::support::program::{COLLECT, TestEnv, until};
use crate::support::server::{Answer, Gate, Server};
use crate::support::{WEEK, asset, recorded, route, shares};

fn without_line(bytes: &[u8], day: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let kept: Vec<&str> = text.lines().filter(|l| !l.starts_with(day)).collect();
    assert_eq!(kept.len() + 1, text.lines().count(), "{day} has a line");
    kept.join("\n").into_bytes()
}

const FOUR_YEARS: [&str; 7] = [
    "collect",
    "--replay",
    "replay",
    "--start",
    "2018-01-01",
    "--end",
    "2021-12-31",
];

#[test]
fn four_years_of_kospi_200_lack_nothing_and_a_line_that_is_gone_is_one_gap() {
    let years = ["2018", "2019", "2020", "2021"];
    let env = kospi(&years.map(|y| (y, year(y))));
    env.succeed(&FOUR_YEARS);
    assert!(env.pairs(GAPS).is_empty());
    for gone in ["2018-01-02", "2019-06-13", "2021-12-30"] {
        let files = years.map(|y| match gone.starts_with(y) {
            true => (y, without_line(&year(y), gone)),
            false => (y, year(y)),
        });
        let env = kospi(&files);
        env.succeed(&FOUR_YEARS);
        env.succeed(&FOUR_YEARS);
        assert_eq!(days(env.pairs(GAPS)), [gone]);
        assert_eq!(
            env.count("SELECT count(*) FROM finding WHERE rule = 'date_gap'"),
            1
        );
        for y in years {
            env.write(&format!("replay/krx/ks200_{y}.csv"), year(y));
        }
        env.succeed(&FOUR_YEARS);
        assert!(
            env.pairs(GAPS).is_empty(),
            "a gap that was filled closes itself"
        );
        assert_eq!(env.count("SELECT count(resolved_at) FROM finding"), 1);
    }
}

/// A recorded Yahoo answer with its rows of these stamps changed.
fn yahoo(file: &str, change: impl Fn(i64, &mut Value)) -> Vec<u8> {
    let mut answer: Value = serde_json::from_slice(&recorded(file)).unwrap();
    let stamps = answer["chart"]["result"][0]["timestamp"].clone();
    let quote = &mut answer["chart"]["result"][0]["indicators"]["quote"][0];
    for field in ["open", "high", "low", "close", "volume"] {
        for (at, stamp) in stamps.as_array().unwrap().iter().enumerate() {
            change(stamp.as_i64().unwrap(), &mut quote[field][at]);
        }
    }
    serde_json::to_vec(&answer).unwrap()
}

#[test]
fn bitcoin_of_2020_lacks_exactly_its_four_null_days() {
    // 2020-04-17, 10-09, 10-12 and 10-13 at midnight UTC: the days that Yahoo sent as null.
    let nulls = [1_587_081_600, 1_602_201_600, 1_602_460_800, 1_602_547_200];
    let body = yahoo(
        "yahoo_rewrapped/BTC-USD_2018..2025-08.json",
        |stamp, value| {
            if nulls.contains(&stamp) {
                *value = Value::Null;
            }
        },
    );
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("BTC", "24/7", "USD", &[("yahoo", "BTC-USD")]),
    );
    env.write("replay/yahoo/BTC-USD.json", body);
    let window = ["--start", "2020-01-01", "--end", "2020-12-31"];
    env.succeed(&[&["collect", "--replay", "replay"][..], &window].concat());
    let expected = ["2020-04-17", "2020-10-09", "2020-10-12", "2020-10-13"];
    assert_eq!(days(env.pairs(GAPS)), expected);
}

#[test]
fn null_rows_are_gaps_also_before_the_first_bar_and_are_counted() {
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("132030", "XKRX", "KRW", &[("yahoo", "132030.KS")])],
    );
    let body = recorded("yahoo/132030.KS_isa_max_unhedged_nasdaq100_2026-05-27.json");
    server.answer("/v8/finance/chart/132030.KS", Answer::ok(body));
    let july = |days: &[u32]| -> Vec<String> {
        let day = |d: &u32| format!("2023-07-{d:02}");
        days.iter().map(day).collect()
    };
    // Four sessions without a bar, and no other row at all.
    let ran = env.json(&["collect", "--start", "2023-07-01", "--end", "2023-07-06"]);
    assert_eq!((ran.code, env.bars()), (1, 0), "{ran:?}");
    assert_eq!(ran.row()["findings"], 4);
    let ran = env.json(&["collect", "--start", "2023-07-01", "--end", "2023-07-31"]);
    assert_eq!((ran.code, env.bars()), (0, 10), "{ran:?}");
    let nulls = july(&[3, 4, 5, 6, 11, 12, 13, 18, 25, 27, 31]);
    assert_eq!(days(env.pairs(GAPS)), nulls);
    assert_eq!(ran.row()["findings"], 11);
}

#[test]
fn a_day_that_all_assets_lack_is_probably_closed_and_with_one_asset_a_gap() {
    let (server, env) = shares(&["A", "B"]);
    let without = [WEEK[0], WEEK[1], WEEK[3]];
    server.answer(&route("A"), bars(&without, 10.0));
    server.answer(&route("B"), bars(&without, 20.0));
    env.collect();
    let closed = "SELECT date, asset_id FROM open_findings WHERE rule = 'probably_closed'";
    assert_eq!(env.pairs(closed), [(WEEK[2].to_owned(), "XKRX".to_owned())]);
    assert!(env.pairs(GAPS).is_empty());
    server.answer(&route("B"), bars(&WEEK, 20.0));
    env.collect();
    assert!(env.pairs(closed).is_empty());
    assert_eq!(env.pairs(GAPS), [(WEEK[2].to_owned(), "A".to_owned())]);

    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), bars(&without, 10.0));
    env.collect();
    assert_eq!(days(env.pairs(GAPS)), [WEEK[2]]);
    // The user says that it was closed: two lines in a file of the same name.
    env.write(
        "data/calendars/XKRX.toml",
        format!("[closed]\n{} = \"a storm\"\n", WEEK[2]),
    );
    env.collect();
    assert!(env.pairs(GAPS).is_empty());
}

#[test]
fn a_killed_run_has_not_forgotten_its_gaps() {
    let (server, env) = shares(&["A", "B"]);
    server.answer(&route("A"), bars(&[WEEK[0], WEEK[1], WEEK[3]], 10.0));
    let gate = Gate::default();
    server.answer(&route("B"), bars(&WEEK, 20.0).behind(&gate));
    let running = env.start(&COLLECT);
    until("the second asset", || server.count(&route("B")) == 1);
    until("the first one's bars", || {
        env.count("SELECT count(*) FROM price_daily WHERE asset_id = 'A'") == 3
    });
    running.kill();
    assert_eq!(env.pairs(GAPS), [(WEEK[2].to_owned(), "A".to_owned())]);
}

#[test]
fn a_source_that_stands_in_leaves_no_days_out() {
    let server = Server::new();
    let sources = [("naver", "005930"), ("yahoo", "005930.KS")];
    let env = TestEnv::at(&server, &[asset("005930", "XKRX", "KRW", &sources)]);
    let today = chrono::Utc::now().date_naive();
    let ago = |days: u64| (today - chrono::Days::new(days)).to_string();
    // The better source ends a fortnight ago, then it is gone.
    let (oldest, newest) = (ago(40), ago(15));
    let stored = [
        ago(21),
        ago(20),
        ago(19),
        ago(18),
        ago(17),
        ago(16),
        newest.clone(),
    ];
    let stored: Vec<&str> = stored.iter().map(String::as_str).collect();
    server.answer(&route("005930"), bars(&stored, 50_000.0));
    env.run(&["collect", "--start", &oldest, "--end", &newest]);
    server.answer(&route("005930"), Answer::new(404, "gone"));
    env.run(&["collect"]);
    let asked = server.seen("/v8/finance/chart/005930.KS").pop().unwrap();
    let from: i64 = asked.query["period1"].parse().unwrap();
    let from = chrono::DateTime::from_timestamp(from, 0)
        .unwrap()
        .date_naive();
    assert!(
        from.to_string() <= newest,
        "asked from {from}, stored to {newest}"
    );
}
