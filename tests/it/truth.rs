//! What is believed: gaps, jumps, splits, finality, history, freshness, on recorded real prices.

use std::fs;

use serde_json::{Value, json};

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::warehouse::warehouse;
use crate::support::{WEEK, asset, recorded, repository, route, shares};

const GAPS: &str =
    "SELECT date, asset_id FROM open_findings WHERE rule = 'date_gap' ORDER BY date, asset_id";
const JUMPS: &str =
    "SELECT date, source FROM open_findings WHERE rule = 'price_jump' ORDER BY date";

fn days(rows: Vec<(String, String)>) -> Vec<String> {
    rows.into_iter().map(|(day, _)| day).collect()
}

/// The KOSPI 200 by the KRX cache, replayed from a folder of this environment.
fn kospi(files: &[(&str, Vec<u8>)]) -> TestEnv {
    let env = TestEnv::new();
    let assets = asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]);
    env.write("data/assets.toml", assets);
    for (year, bytes) in files {
        env.write(&format!("replay/krx/ks200_{year}.csv"), bytes);
    }
    env
}

fn year(year: &str) -> Vec<u8> {
    recorded(&format!("krx_index/year_ks200_{year}.csv"))
}

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
    let column =
        |at: usize| -> Vec<f64> { rows.iter().map(|r| r[at].parse::<f64>().unwrap()).collect() };
    let open = chrono::NaiveTime::from_hms_opt(14, 30, 0).unwrap();
    let stamps: Vec<i64> = rows
        .iter()
        .map(|r| r[0].parse::<chrono::NaiveDate>().unwrap())
        .map(|day| day.and_time(open).and_utc().timestamp())
        .collect();
    let quote = json!({"open": column(1), "high": column(2), "low": column(3), "close": column(4),
                       "volume": column(5).iter().map(|v| v.round()).collect::<Vec<_>>()});
    let meta = json!({"currency": "USD", "symbol": "SOXL", "exchangeTimezoneName": "America/New_York",
                      "gmtoffset": -18000, "dataGranularity": "1d"});
    let result = json!([{"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}]);
    let body = json!({"chart": {"result": result, "error": null}});
    let days = rows.iter().map(|r| r[0].to_owned());
    let closes = days.zip(column(4)).collect();
    (serde_json::to_vec(&body).unwrap(), closes)
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

/// An answer of the day API with a flat bar for each of these days.
fn bars(days: &[&str], close: f64) -> Answer {
    let bar = |day: &&str| {
        json!({"localDate": day.replace('-', ""), "openPrice": close, "highPrice": close, "lowPrice": close,
               "closePrice": close, "accumulatedTradingVolume": 5})
    };
    Answer::ok(Value::from_iter(days.iter().map(bar)).to_string())
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

/// When a file was served, and its bytes.
type Served = (String, Vec<u8>);

/// The served versions of the KRX file of 2026, oldest first, each with the time it was served at.
fn served() -> Vec<Served> {
    let folder = repository("tests/fixtures/krx_index_intraday");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|n| n.ends_with(".csv"));
    names.sort();
    let time = |name: &str| {
        let (day, rest) = name.split_once('@').unwrap().1.split_once('T').unwrap();
        format!("{day}T{}:{}:00+09:00", &rest[..2], &rest[2..4])
    };
    names
        .iter()
        .map(|n| (time(n), recorded(&format!("krx_index_intraday/{n}"))))
        .collect()
}

#[test]
fn a_file_as_it_was_served_through_several_days_ends_with_the_final_values() {
    let env = kospi(&[]);
    let served = served();
    assert!(served.len() > 30);
    let collect = |time: &str, body: &[u8]| {
        env.write("replay/krx/ks200_2026.csv", body);
        env.succeed(&["collect", "--replay", "replay", "--fetched-at", time])
    };
    let mut corrections = 0;
    let mut last_line = String::new();
    for (time, body) in &served {
        let text = String::from_utf8(body.clone()).unwrap();
        let line = text.lines().last().unwrap().to_owned();
        // A row of the same day with other open, high, low, close or volume is a correction.
        let values = |l: &str| -> Vec<String> {
            let f: Vec<&str> = l.split(',').collect();
            [0, 1, 5, 6, 7, 8]
                .iter()
                .map(|i| f[*i].to_owned())
                .collect()
        };
        let same_day = !last_line.is_empty() && line[..10] == last_line[..10];
        corrections += i64::from(same_day && values(&line) != values(&last_line));
        last_line = line.clone();
        collect(time, body);
        let now: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
        let day: chrono::NaiveDate = line[..10].parse().unwrap();
        let final_at = day.and_hms_opt(7, 30, 0).unwrap().and_utc();
        let is_final = format!("SELECT is_final FROM price_daily WHERE date = '{day}'");
        assert_eq!(env.count(&is_final), i64::from(now >= final_at), "{time}");
    }
    assert!(corrections > 20);
    let last =
        env.pairs("SELECT date, CAST(close AS TEXT) FROM price_daily ORDER BY date DESC LIMIT 1");
    assert_eq!(last, [("2026-03-20".to_owned(), "862.5".to_owned())]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_revision"),
        corrections + between_days(&served)
    );
    // An older version afterwards changes nothing.
    let before =
        env.pairs("SELECT date || close || volume, ingested_at FROM price_daily ORDER BY 1");
    let (time, body) = &served[0];
    collect(time, body);
    assert_eq!(
        env.pairs("SELECT date || close || volume, ingested_at FROM price_daily ORDER BY 1"),
        before
    );
}

/// Corrections that show only in a later file whose last row is of another day.
fn between_days(served: &[Served]) -> i64 {
    let rows = |body: &[u8]| -> std::collections::BTreeMap<String, Vec<String>> {
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.lines()
            .skip(1)
            .map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>())
            .map(|f| {
                (
                    f[0].clone(),
                    [1, 5, 6, 7, 8].iter().map(|i| f[*i].clone()).collect(),
                )
            })
            .collect()
    };
    let changed = |(a, b): (&Served, &Served)| {
        let (old, new) = (rows(&a.1), rows(&b.1));
        let last = new.keys().last().cloned();
        old.iter()
            .filter(|(day, values)| {
                Some(*day) != last.as_ref() && new.get(*day).is_some_and(|v| v != *values)
            })
            .count()
    };
    served
        .iter()
        .zip(served.iter().skip(1))
        .map(changed)
        .sum::<usize>()
        .try_into()
        .unwrap()
}

#[test]
fn a_row_with_high_below_low_fails_its_asset_once_and_touches_nothing_else() {
    let (server, env) = shares(&["A", "B"]);
    env.collect();
    let bad = "[{\"localDate\":\"20240104\",\"openPrice\":10,\"highPrice\":9,\"lowPrice\":11,\"closePrice\":10,\
               \"accumulatedTradingVolume\":5},{\"localDate\":\"20240105\",\"openPrice\":103,\"highPrice\":103,\
               \"lowPrice\":103,\"closePrice\":103,\"accumulatedTradingVolume\":1000}]";
    server.answer(&route("A"), Answer::ok(bad));
    assert_eq!(env.collect().code, 3);
    let stored = "SELECT date, CAST(close AS TEXT) FROM price_daily WHERE asset_id = 'A' AND date = '2024-01-04'";
    assert_eq!(
        env.pairs(stored),
        [("2024-01-04".to_owned(), "102.0".to_owned())]
    );
    let quarantined = env.pairs("SELECT reason, raw FROM quarantine");
    assert_eq!(quarantined.len(), 1);
    assert_eq!(quarantined[0].0, "high_below_low");
    assert!(
        quarantined[0].1.contains("\"high\":\"9\""),
        "{quarantined:?}"
    );
    assert_eq!(
        env.collect().code,
        0,
        "the same row with the same values fails it once"
    );
}

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
    // The oldest stored day is not in the answer any more.
    server.answer(&route("005930"), bars(&WEEK, 1_000.0));
    env.succeed(&["collect", "--start", WEEK[0], "--end", WEEK[3]]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close = 1000.0"),
        5
    );
    let told = env.pairs("SELECT date, rule FROM open_findings ORDER BY rule DESC");
    let expected = [("2023-12-28", "rescaled"), (WEEK[3], "rebased")];
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
    server.answer(&crate::support::route("000660"), bars(&WEEK, 9.0));
    let ran = env.collect();
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("those of 005930,"), "{}", ran.stdout);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close < 50"),
        0
    );
}

#[test]
fn a_recording_from_the_future_is_refused() {
    let env = kospi(&[("2018", year("2018"))]);
    let meta = "{\"fetched_at\": \"2999-01-01T00:00:00Z\"}";
    env.write("replay/krx/ks200_2018.csv.meta.json", meta);
    let ran = env.run(&[
        "collect",
        "--replay",
        "replay",
        "--start",
        "2018-01-01",
        "--end",
        "2018-12-31",
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("lies in the future"), "{}", ran.stdout);
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 0);
}

#[test]
fn a_killed_run_has_not_forgotten_its_gaps() {
    let (server, env) = shares(&["A", "B"]);
    server.answer(&route("A"), bars(&[WEEK[0], WEEK[1], WEEK[3]], 10.0));
    let gate = crate::support::server::Gate::default();
    server.answer(&route("B"), bars(&WEEK, 20.0).behind(&gate));
    let running = env.start(&crate::support::program::COLLECT);
    crate::support::program::until("the second asset", || server.count(&route("B")) == 1);
    crate::support::program::until("the first one's bars", || {
        env.count("SELECT count(*) FROM price_daily WHERE asset_id = 'A'") == 3
    });
    running.kill();
    assert_eq!(env.pairs(GAPS), [(WEEK[2].to_owned(), "A".to_owned())]);
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
fn two_sources_of_one_asset_are_compared_day_by_day() {
    let server = Server::new();
    let sources = [("naver", "A"), ("yahoo", "132030.KS")];
    let env = TestEnv::at(&server, &[asset("A", "XKRX", "KRW", &sources)]);
    server.answer(&route("A"), bars(&WEEK, 10_000.0));
    env.succeed(&["collect", "--start", WEEK[0], "--end", WEEK[3]]);
    assert!(
        env.run(&["reconcile"])
            .stdout
            .contains("No asset has bars of two sources")
    );
    // Naver is gone, Yahoo answers.
    server.answer(&route("A"), Answer::new(404, "gone"));
    let recording = "yahoo/132030.KS_isa_max_unhedged_nasdaq100_2026-05-27.json";
    server.answer(
        "/v8/finance/chart/132030.KS",
        Answer::ok(recorded(recording)),
    );
    assert_eq!(
        env.run(&["collect", "--start", WEEK[0], "--end", WEEK[3]])
            .code,
        0
    );
    let ran = env.run(&["reconcile", "--format", "json"]);
    assert_eq!((ran.code, ran.rows().len()), (1, 4));
    assert_eq!(ran.rows()[0]["other_source"], "yahoo");
    assert_eq!(env.run(&["reconcile", "--tolerance", "1"]).code, 0);
}

/// Doubles over the whole range that a price may have, from the smallest normal one on.
fn random_prices(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(state & (u64::MAX >> 1))
    };
    std::iter::repeat_with(next)
        .filter(|p| p.is_normal())
        .take(count)
        .collect()
}

#[test]
fn every_price_keeps_all_its_bits_from_answer_to_postgres() {
    let warehouse = warehouse!();
    let seed = rand::random::<u64>();
    let prices = random_prices(seed, 3_000);
    let first = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap();
    let days: Vec<String> = first
        .iter_days()
        .take(prices.len())
        .map(|d| d.to_string())
        .collect();
    let bars: Vec<String> = days
        .iter()
        .zip(&prices)
        .map(|(day, p)| {
            let day = day.replace('-', "");
            format!(
                "{{\"localDate\":\"{day}\",\"openPrice\":{p:e},\"highPrice\":{p},\"lowPrice\":{p:e},\"closePrice\":{p},\
                 \"accumulatedTradingVolume\":5}}"
            )
        })
        .collect();
    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), Answer::ok(format!("[{}]", bars.join(","))));
    let env = env.with("DATABASE_URL", &warehouse.url());
    env.succeed(&[
        "collect",
        "--start",
        "2010-01-01",
        "--end",
        days.last().unwrap(),
    ]);
    env.succeed(&["sync"]);
    let sql = "SELECT open, high, low, close FROM price_daily ORDER BY date";
    let expected: Vec<[u64; 4]> = prices.iter().map(|p| [p.to_bits(); 4]).collect();
    let staged: Vec<[u64; 4]> = env
        .staging()
        .prepare(sql)
        .unwrap()
        .query_map([], |r| {
            Ok([0, 1, 2, 3].map(|i| r.get::<_, f64>(i).unwrap().to_bits()))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(staged == expected, "SQLite, seed {seed}");
    let rows = warehouse.client().query(sql, &[]).unwrap();
    let arrived: Vec<[u64; 4]> = rows
        .iter()
        .map(|r| [0, 1, 2, 3].map(|i| r.get::<_, f64>(i).to_bits()))
        .collect();
    assert!(arrived == expected, "PostgreSQL, seed {seed}");
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

#[test]
fn reconcile_has_what_all_sources_say() {
    let server = Server::new();
    let sources = [("naver", "005930"), ("krx", "ks200")];
    let env = TestEnv::at(&server, &[asset("KS", "XKRX", "KRW", &sources)]);
    server.answer(
        "/chart/domestic/index/005930/day",
        bars(&["2018-01-02", "2018-01-03"], 325.0),
    );
    server.answer("/data/index/year_ks200/2018.csv", Answer::ok(year("2018")));
    let window = [
        "--start",
        "2018-01-02",
        "--end",
        "2018-01-03",
        "--format",
        "json",
    ];
    let ran = env.succeed(&[&["collect"][..], &window].concat());
    assert_eq!(ran.row()["source"], "naver");
    assert!(
        env.run(&["reconcile"])
            .stdout
            .contains("collect --all-sources")
    );
    let ran = env.succeed(&[&["collect", "--all-sources"][..], &window].concat());
    assert_eq!(ran.row()["source"], "naver, krx");
    let ran = env.run(&["reconcile"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("2 common days, 2 differ"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(" %"), "{}", ran.stdout);
}

#[test]
fn a_slip_of_the_keyboard_is_no_history_and_no_waiver() {
    let (_server, env) = shares(&["A"]);
    env.collect();
    let refused = |arguments: &[&str], why: &str| {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    };
    refused(&["history", "NOPE"], "there is no asset \"NOPE\"");
    let waive = |day: &'static str, reason: &'static str| ["waive", "A", day, "--reason", reason];
    refused(&waive("2024-01-06", "x"), "no session of XKRX (weekend)");
    refused(&waive("2024-01-04", " "), "--reason is empty");
    refused(&["waive", "NOPE", "2024-01-04", "--reason", "x"], "NOPE");
    refused(&waive("2024-01-04", "x"), "A has a bar of 2024-01-04");
    let assets = [
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
        asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]),
    ];
    env.write("data/assets.toml", assets.concat());
    refused(
        &["waive", "BTC", "2099-01-02", "--reason", "x"],
        "2099-01-02 is still to come",
    );
    assert_eq!(env.count("SELECT count(*) FROM waiver"), 0);
    // One without a bar is waived, and may be so again.
    env.staging()
        .execute("DELETE FROM price_daily WHERE date = '2024-01-04'", [])
        .unwrap();
    for _ in 0..2 {
        env.succeed(&waive("2024-01-04", "no trade"));
    }
}
