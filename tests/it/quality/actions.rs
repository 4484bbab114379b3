//! Dividends and splits beside the prices: kept, judged, and prices adjusted by them; on recorded answers and public pairs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::yahoo_answer;
use crate::support::program::{Ran, TestEnv};
use crate::support::{asset, recorded};

/// A share of this name by Yahoo, in this currency.
fn by_yahoo(symbol: &str, currency: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("A", "XNYS", currency, &[("yahoo", symbol)]),
    );
    env
}

/// Replays an answer of Yahoo, fetched at this time.
fn replay(env: &TestEnv, symbol: &str, body: impl AsRef<[u8]>, at: &str, start: &str) -> Ran {
    env.write(&format!("replay/yahoo/{symbol}.json"), body.as_ref());
    env.write(
        &format!("replay/yahoo/{symbol}.json.meta.json"),
        format!("{{\"status\": 200, \"fetched_at\": \"{at}\"}}"),
    );
    env.json(&["collect", "--replay", "replay", "--start", start])
}

fn actions(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs(
        "SELECT date || ' ' || kind,
                coalesce(amount || ' ' || currency, numerator || ':' || denominator) || coalesce(' ' || left_out, '')
         FROM corporate_action ORDER BY date, kind",
    )
}

/// `adjclose` of a recorded answer against our own factors, up to the factor of what came after the recording: the worst ratio.
fn worst(env: &TestEnv, body: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(body).unwrap();
    let result = &answer["chart"]["result"][0];
    let zone: chrono_tz::Tz = result["meta"]["exchangeTimezoneName"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let day = |stamp: &Value| {
        let time = chrono::DateTime::from_timestamp(stamp.as_i64().unwrap(), 0).unwrap();
        time.with_timezone(&zone).date_naive().to_string()
    };
    let column = |value: &Value| -> Vec<Option<f64>> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(Value::as_f64)
            .collect()
    };
    let days: Vec<String> = result["timestamp"]
        .as_array()
        .unwrap()
        .iter()
        .map(day)
        .collect();
    let closes = column(&result["indicators"]["quote"][0]["close"]);
    let adjusted = column(&result["indicators"]["adjclose"][0]["adjclose"]);
    let last = closes
        .iter()
        .zip(&adjusted)
        .rev()
        .find_map(|(c, a)| Some(a.as_ref()? / c.as_ref()?));
    let ours: BTreeMap<String, f64> = env
        .pairs("SELECT date, CAST(close_all AS TEXT) FROM adjusted_price")
        .into_iter()
        .map(|(day, close)| (day, close.parse().unwrap()))
        .collect();
    let ratios = days.iter().zip(&adjusted).filter_map(|(day, adjusted)| {
        let ours = ours.get(day)?;
        Some((ours * last? / adjusted.as_ref()? - 1.0).abs())
    });
    let ratios: Vec<f64> = ratios.collect();
    assert!(ratios.len() >= ours.len() && !ours.is_empty());
    ratios.into_iter().fold(0.0, f64::max)
}

#[test]
fn our_factors_are_those_of_the_recorded_answer() {
    for (file, symbol, start, at, count) in [
        (
            "AAPL_6mo_2025-10-29_live-last",
            "AAPL",
            "2025-04-30",
            "2025-10-29T23:00:00Z",
            2,
        ),
        (
            "historicalv8-AAPL-2020-01-01-to-2021-01-04.2021-11-12",
            "AAPL",
            "2020-01-01",
            "2021-11-12T12:00:00Z",
            5,
        ),
        (
            "historicalv8-QQQ-2020-01-01-to-2021-01-04.2021-11-12",
            "QQQ",
            "2020-01-01",
            "2021-11-12T12:00:00Z",
            3,
        ),
        (
            "chart-AAPL-2020-08-31-to-2020-11-07.2025-02-20",
            "AAPL",
            "2020-08-31",
            "2025-02-20T12:00:00Z",
            2,
        ),
    ] {
        let env = by_yahoo(symbol, "USD");
        let body = recorded(&format!("yahoo/{file}.json"));
        let ran = replay(&env, symbol, &body, at, start);
        assert_eq!(ran.code, 0, "{file}: {}", ran.stdout);
        assert_eq!(actions(&env).len(), count, "{file}: {:?}", actions(&env));
        let worst = worst(&env, &body);
        assert!(worst < 1e-4, "{file}: {worst}");
        // Yahoo had adjusted for the split.
        assert_eq!(
            env.pairs(
                "SELECT rule, date FROM open_findings WHERE rule LIKE 'split%' OR rule LIKE 'odd%'"
            ),
            []
        );
    }
}

/// Tomoe Engineering, 2025-04-28: three shares for one, and 73 yen for an old one. Yahoo takes all of the 73 from the new price.
#[test]
fn a_dividend_on_the_day_of_a_split_is_of_the_old_shares() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("A", "weekdays@Asia/Tokyo", "JPY", &[("yahoo", "6309.T")])
            .replace("weekdays@Asia/Tokyo", "XKRX"),
    );
    let body = recorded("yahoo_events/6309.T_split-and-dividend-same-day_2025-05-19.json");
    let ran = replay(&env, "6309.T", &body, "2025-05-19T12:00:00Z", "2025-04-21");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let found = env.pairs("SELECT date, printf('%.6f', dividend_factor) FROM adjusted_price WHERE date IN ('2025-04-25', '2025-04-28') ORDER BY date");
    let factor = 1.0 - 73.0 / 3.0 / 1_403.333_374_023_44;
    assert_eq!(
        found,
        [
            ("2025-04-25".to_owned(), format!("{factor:.6}")),
            ("2025-04-28".to_owned(), "1.000000".to_owned())
        ]
    );
}

/// A pair's file as an answer of Yahoo with its dividends and splits.
fn pair(file: &str) -> (Vec<u8>, String) {
    let text = String::from_utf8(recorded(&format!("repair_pairs/{file}.csv"))).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name);
    let column = |cells: &[&str], name: &str| -> f64 {
        at(name)
            .and_then(|at| cells[at].parse().ok())
            .unwrap_or(0.0)
    };
    let mut lines: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    lines.sort_unstable();
    // A day without prices is a row of nulls there.
    lines.retain(|cells| !cells[at("Close").unwrap()].is_empty());
    let rows: Vec<Vec<&str>> = lines
        .iter()
        .map(|c| {
            let of = |name: &str| c[at(name).unwrap()];
            vec![
                &c[0][..10],
                of("Open"),
                of("High"),
                of("Low"),
                of("Close"),
                of("Volume"),
            ]
        })
        .collect();
    let body = yahoo_answer("A", "USD", "America/New_York", &rows);
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    let (mut dividends, mut splits, mut gains) = (json!({}), json!({}), json!({}));
    for (cells, stamp) in lines.iter().zip(
        answer["chart"]["result"][0]["timestamp"]
            .as_array()
            .unwrap(),
    ) {
        let key = stamp.to_string();
        let (paid, ratio, gain) = (
            column(cells, "Dividends"),
            column(cells, "Stock Splits"),
            column(cells, "Capital Gains"),
        );
        if paid > 0.0 {
            dividends[&key] = json!({"amount": paid, "date": stamp});
        }
        if gain > 0.0 {
            gains[&key] = json!({"amount": gain, "date": stamp});
        }
        if ratio > 0.0 {
            splits[&key] =
                json!({"numerator": ratio, "denominator": 1.0, "date": stamp, "splitRatio": ""});
        }
    }
    answer["chart"]["result"][0]["events"] =
        json!({"dividends": dividends, "splits": splits, "capitalGains": gains});
    (serde_json::to_vec(&answer).unwrap(), rows[0][0].to_owned())
}

fn replayed_pair(file: &str) -> (TestEnv, Ran) {
    let env = by_yahoo("A", "USD");
    let (body, start) = pair(file);
    let ran = replay(&env, "A", body, "2026-01-02T23:00:00Z", &start);
    (env, ran)
}

fn odd_days(env: &TestEnv) -> Vec<String> {
    let odd =
        env.pairs("SELECT date, rule FROM open_findings WHERE rule = 'odd_dividend' ORDER BY date");
    let left_out = env
        .pairs("SELECT date, left_out FROM corporate_action WHERE left_out = 'odd' ORDER BY date");
    let days =
        |rows: Vec<(String, String)>| rows.into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    assert_eq!(days(odd.clone()), days(left_out));
    days(odd)
}

#[test]
fn dividends_in_pence_or_listed_twice_are_found_and_left_out() {
    for (file, days) in [
        (
            "ABDP-L-1d-bad-div",
            &[
                "2022-05-05",
                "2022-12-29",
                "2023-05-04",
                "2024-02-08",
                "2024-05-02",
            ][..],
        ),
        ("KME-MI-1d-bad-div", &["2023-05-22"]),
        (
            "SCR-TO-1d-bad-div",
            &["2023-03-14", "2023-06-14", "2023-09-14"],
        ),
        ("TEM-L-1d-bad-div", &["2022-06-23"]),
        ("KAP-IL-1d-bad-div", &["2022-07-13"]),
    ] {
        let (env, _) = replayed_pair(file);
        assert_eq!(odd_days(&env), days, "{file}");
    }
}

/// Of these only Yahoo's adjusted closes were wrong, which are not read.
#[test]
fn dividends_that_are_right_are_not_found() {
    for file in [
        "1398-HK-1d-bad-div",
        "4063-T-1d-bad-div",
        "8TRA-DE-1d-missing-div-adjust",
        "ADIG-L-1d-bad-div",
        "CLC-L-1d-bad-div",
        "SERE-L-1d-bad-div",
        "SSNLF-1d-bad-div",
        "DODFX-1d-cg-double-count",
        "JENYX-1d-cg-double-count",
        "ABDP-L-1d-bad-div-fixed",
        "KAP-IL-1d-bad-div-fixed",
        "KME-MI-1d-bad-div-fixed",
        "SCR-TO-1d-bad-div-fixed",
        "TEM-L-1d-bad-div-fixed",
        "CALM-1d-no-bad-divs",
        "EWG-1d-no-bad-divs",
        "HSBK-IL-1d-no-bad-divs",
        "KMR-L-1d-no-bad-divs",
    ] {
        let (env, ran) = replayed_pair(file);
        assert_eq!(odd_days(&env), [""; 0], "{file}: {}", ran.stdout);
    }
}

/// The adjusted closes of the repaired side of a pair are those of our own factors over the bad side.
#[test]
fn the_bad_side_of_a_pair_is_adjusted_as_its_repaired_side() {
    for file in [
        "1398-HK-1d-bad-div",
        "4063-T-1d-bad-div",
        "ADIG-L-1d-bad-div",
        "CLC-L-1d-bad-div",
        "DODFX-1d-cg-double-count",
        "JENYX-1d-cg-double-count",
        "KAP-IL-1d-bad-div",
        "SERE-L-1d-bad-div",
        "SSNLF-1d-bad-div",
    ] {
        let (env, _) = replayed_pair(file);
        let text = String::from_utf8(recorded(&format!("repair_pairs/{file}-fixed.csv"))).unwrap();
        let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let at = |name: &str| header.iter().position(|h| *h == name).unwrap();
        let (close, adjusted) = (at("Close"), at("Adj Close"));
        let number = |cell: &str| cell.parse::<f64>().unwrap();
        let fixed: BTreeMap<&str, f64> = text
            .lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                (
                    &line[..10],
                    cells[close]
                        .parse::<f64>()
                        .map_or(0.0, |close| number(cells[adjusted]) / close),
                )
            })
            .collect();
        let last = *fixed.values().rev().find(|f| **f > 0.0).unwrap();
        let ours = env.pairs("SELECT date, CAST(dividend_factor * split_factor AS TEXT) FROM adjusted_price ORDER BY date");
        let worst = ours
            .iter()
            .map(|(day, factor)| (number(factor) * last / fixed[day.as_str()] - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1e-4, "{file}: {worst}");
    }
}

/// An answer of flat days from Monday 2024-01-01 on, with these events.
fn flat(closes: &[(&str, &str)], events: Value) -> Vec<u8> {
    let rows: Vec<Vec<&str>> = closes
        .iter()
        .map(|(day, close)| vec![*day, *close, *close, *close, *close, "1000"])
        .collect();
    let body = yahoo_answer("A", "USD", "America/New_York", &rows);
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    if !events.is_null() {
        answer["chart"]["result"][0]["events"] = events;
    }
    serde_json::to_vec(&answer).unwrap()
}

const FLAT: [(&str, &str); 4] = [
    ("2024-01-02", "100"),
    ("2024-01-03", "100"),
    ("2024-01-04", "100"),
    ("2024-01-05", "100"),
];
/// 2024-01-04, at the open in New York.
const THURSDAY: i64 = 1_704_378_600;

fn paid(amount: &str) -> Value {
    let event = format!(r#"{{"dividends":{{"1":{{"amount":{amount},"date":{THURSDAY}}}}}}}"#);
    serde_json::from_str(&event).unwrap()
}

fn factors(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs("SELECT date, coalesce(round(split_factor, 6) || ' ' || round(dividend_factor, 6), 'unknown') FROM adjusted_price ORDER BY date")
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

fn of_week(env: &TestEnv, events: Value, evening: &str) -> Ran {
    replay(env, "A", flat(&FLAT, events), evening, "2024-01-01")
}

#[test]
fn what_is_told_again_moves_nothing_and_what_changes_keeps_its_history() {
    let env = by_yahoo("A", "USD");
    let stored = "SELECT amount || coalesce(left_out, ''), revision || ' ' || ingested_at FROM corporate_action";
    let history = "SELECT amount || coalesce(left_out, ''), replaced_at FROM corporate_action_revision ORDER BY rowid";
    of_week(&env, paid("2"), "2024-01-05T23:00:00Z");
    let first = env.pairs(stored);
    assert_eq!(first, pairs(&[("2.0", "1 2024-01-05T23:00:00.000000Z")]));
    of_week(&env, paid("2.0"), "2024-01-06T23:00:00Z");
    assert_eq!(env.pairs(stored), first);
    // An older answer says nothing of what a later one told.
    of_week(&env, paid("7"), "2024-01-05T22:00:00Z");
    of_week(&env, json!({}), "2024-01-05T22:00:00Z");
    assert_eq!(env.pairs(stored), first);
    of_week(&env, paid("3"), "2024-01-07T23:00:00Z");
    assert_eq!(
        env.pairs(stored),
        pairs(&[("3.0", "2 2024-01-07T23:00:00.000000Z")])
    );
    // What is listed no longer stays, and counts no more; it may come back.
    of_week(&env, json!({}), "2024-01-08T23:00:00Z");
    assert_eq!(env.pairs(stored)[0].0, "3.0withdrawn");
    assert_eq!(factors(&env)[0].1, "1.0 1.0");
    of_week(&env, paid("3"), "2024-01-09T23:00:00Z");
    assert_eq!(env.pairs(stored)[0].0, "3.0");
    assert_eq!(factors(&env)[0].1, "1.0 0.97");
    let kept = env.pairs(history);
    let kept: Vec<&str> = kept.iter().map(|(values, _)| values.as_str()).collect();
    assert_eq!(kept, ["2.0", "3.0", "3.0withdrawn"]);
}

#[test]
fn without_a_word_about_actions_nothing_is_adjusted() {
    let env = by_yahoo("A", "USD");
    of_week(&env, Value::Null, "2024-01-05T23:00:00Z");
    assert!(
        factors(&env).iter().all(|(_, f)| f == "unknown"),
        "{:?}",
        factors(&env)
    );
    of_week(&env, json!({}), "2024-01-05T23:00:00Z");
    assert!(
        factors(&env).iter().all(|(_, f)| f == "1.0 1.0"),
        "{:?}",
        factors(&env)
    );
}

#[test]
fn an_event_that_can_be_none_costs_no_bar_and_is_said() {
    let env = by_yahoo("A", "USD");
    let event = |amount: Value| json!({"amount": amount, "date": THURSDAY});
    let events = json!({"dividends": {"1": event(json!(-1)), "2": "x"}, "splits": [1]});
    let ran = of_week(&env, events, "2024-01-05T23:00:00Z");
    assert_eq!(
        (ran.code, &ran.row()["new"]),
        (0, &4.into()),
        "{}",
        ran.stdout
    );
    let findings = "SELECT rule || ' ' || date, detail FROM open_findings";
    let detail =
        "dividend refused, a number of it is not above zero: {\"amount\":-1,\"date\":1704378600}";
    assert_eq!(
        env.pairs(findings),
        pairs(&[("bad_action 2024-01-04", detail)])
    );
    of_week(&env, paid("1"), "2024-01-06T23:00:00Z");
    assert_eq!(env.pairs(findings), []);
}

#[test]
fn a_split_that_stands_in_the_closes_explains_their_step() {
    let env = by_yahoo("A", "USD");
    let closes = [
        ("2024-01-02", "400"),
        ("2024-01-03", "400"),
        ("2024-01-04", "101"),
        ("2024-01-05", "100"),
    ];
    let split = json!({"splits": {"1": {"numerator": 4.0, "denominator": 1.0, "date": THURSDAY}}});
    let ran = replay(
        &env,
        "A",
        flat(&closes, split.clone()),
        "2024-01-05T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(
        (ran.code, &ran.row()["status"]),
        (0, &"ok".into()),
        "{}",
        ran.stdout
    );
    let findings = "SELECT date, rule FROM open_findings";
    assert_eq!(
        env.pairs(findings),
        pairs(&[("2024-01-04", "split_unadjusted")])
    );
    assert_eq!(
        factors(&env)[1..3],
        pairs(&[("2024-01-03", "0.25 1.0"), ("2024-01-04", "1.0 1.0")])
    );
    // When the source has adjusted, the split is in the closes.
    let closes = [
        ("2024-01-02", "100"),
        ("2024-01-03", "100"),
        ("2024-01-04", "101"),
        ("2024-01-05", "100"),
    ];
    let ran = replay(
        &env,
        "A",
        flat(&closes, split),
        "2024-01-06T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let rules =
        "SELECT rule, date FROM open_findings WHERE rule LIKE 'split%' OR rule LIKE 'scale%'";
    assert_eq!(env.pairs(rules), []);
    assert_eq!(factors(&env)[1].1, "1.0 1.0");
}

#[test]
fn an_odd_dividend_that_is_right_can_be_waived() {
    let env = by_yahoo("A", "USD");
    of_week(&env, paid("30"), "2024-01-05T23:00:00Z");
    assert_eq!(odd_days(&env), ["2024-01-04"]);
    assert_eq!(factors(&env)[0].1, "1.0 1.0");
    env.succeed(&[
        "waive",
        "A",
        "2024-01-04",
        "--rule",
        "odd_dividend",
        "--reason",
        "special",
    ]);
    of_week(&env, paid("30"), "2024-01-06T23:00:00Z");
    assert_eq!(odd_days(&env), [""; 0]);
    assert_eq!(factors(&env)[0].1, "1.0 0.7");
}

/// 148070.KS in June 2025: each dividend was multiplied by one rate of the dollar.
#[test]
fn a_dividend_beyond_the_price_or_in_another_currency_is_left_out() {
    let env = by_yahoo("A", "USD");
    of_week(&env, paid("135298"), "2024-01-05T23:00:00Z");
    assert_eq!(odd_days(&env), ["2024-01-04"]);
    let foreign = json!({"dividends": {"1": {"amount": 1, "date": THURSDAY, "currency": "EUR"}}});
    of_week(&env, foreign, "2024-01-06T23:00:00Z");
    assert_eq!(odd_days(&env), ["2024-01-04"]);
    of_week(&env, paid("1"), "2024-01-07T23:00:00Z");
    assert_eq!(odd_days(&env), [""; 0]);
}

/// Samsung Electronics: the prices by Naver, the dividends by Yahoo, which lists them; asked when the series is compared as a whole.
#[test]
fn a_korean_share_by_naver_is_adjusted_by_the_dividends_of_yahoo() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset(
            "005930",
            "XKRX",
            "KRW",
            &[("naver", "005930"), ("yahoo", "005930.KS")],
        ),
    );
    env.write(
        "replay/naver/005930.json",
        recorded("naver/api_item_005930_day_2023-01..2026-01_rewrapped.json"),
    );
    let body = recorded("yahoo_events/005930.KS_2025-01..2026-07-02_raw_rewrapped.json");
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    // The ex-dates of 2025 (UPSTREAMS-NEWS, B 1), at nine in Seoul; 361 won, and 566 at the end of the year.
    let dividends: Value = [
        (1_743_120_000, 361),
        (1_750_982_400, 361),
        (1_759_104_000, 361),
        (1_766_966_400, 566),
    ]
    .iter()
    .map(|(date, amount)| (date.to_string(), json!({"amount": amount, "date": date})))
    .collect::<serde_json::Map<_, _>>()
    .into();
    answer["chart"]["result"][0]["events"] = json!({"dividends": dividends});
    env.write("replay/yahoo/005930.KS.json", answer.to_string());
    let collect = |evening: &str, more: &[&str]| {
        let fixed = ["collect", "--replay", "replay", "--fetched-at", evening];
        env.json(&[&fixed[..], more].concat())
    };
    let ran = collect("2026-01-24T03:00:00Z", &["--start", "2025-01-02"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(
        actions(&env),
        [],
        "Naver lists none, and Yahoo is not asked each day"
    );
    assert!(factors(&env).iter().all(|(_, f)| f == "unknown"));
    let ran = collect("2026-01-25T03:00:00Z", &["--audit"]);
    assert_eq!(
        (ran.code, &ran.row()["source"]),
        (0, &"naver".into()),
        "{}",
        ran.stdout
    );
    assert_eq!(actions(&env).len(), 4);
    let of_yahoo = env.pairs("SELECT DISTINCT source, source FROM price_daily");
    assert_eq!(of_yahoo.len(), 1, "only its dividends: {of_yahoo:?}");
    let days = ["2025-03-27", "2025-03-28", "2025-12-26", "2025-12-29"];
    let found = factors(&env);
    let closes: BTreeMap<String, String> = env
        .pairs("SELECT date, CAST(close AS TEXT) FROM adjusted_price")
        .into_iter()
        .collect();
    let share = |before: &str, amount: f64| 1.0 - amount / closes[before].parse::<f64>().unwrap();
    let shares = [
        share("2025-03-27", 361.0),
        share("2025-06-26", 361.0),
        share("2025-09-26", 361.0),
        share("2025-12-26", 566.0),
    ];
    let expected = [4, 3, 1, 0].map(|n| shares[4 - n..].iter().product::<f64>());
    for (day, expected) in days.iter().zip(expected) {
        let (_, factor) = found.iter().find(|(d, _)| d == day).unwrap();
        let factor: f64 = factor.split_once(' ').unwrap().1.parse().unwrap();
        assert!(
            (factor - expected).abs() < 1e-5,
            "{day} {factor} {expected}"
        );
    }
}

#[test]
fn what_happened_is_shown_and_prices_are_adjusted_where_it_is_known() {
    let env = by_yahoo("A", "USD");
    let nothing = env.run(&["actions"]);
    assert_ne!(nothing.code, 0, "no file yet");
    of_week(&env, Value::Null, "2024-01-05T23:00:00Z");
    let unknown = env.succeed(&["actions", "A"]).stdout;
    assert!(unknown.contains("no source was asked yet"), "{unknown}");
    let shown = env.json(&["show", "A", "--adjust", "all"]);
    assert!(
        shown.rows().iter().all(|row| row["close"].is_null()),
        "{}",
        shown.stdout
    );
    let shown = env
        .succeed(&["show", "A", "--adjust", "all", "--chart"])
        .stdout;
    assert!(shown.contains("4 days are without a price"), "{shown}");
    let page = env
        .succeed(&["report", "--adjust", "all", "--output", "-"])
        .stdout;
    assert!(page.contains(" 4 <span data-t>days without a known factor are left out.</span>"));
    assert!(
        !page.contains("<div class=\"chart\""),
        "there is nothing to draw"
    );

    of_week(&env, json!({}), "2024-01-05T23:30:00Z");
    let none = env.succeed(&["actions", "A"]).stdout;
    assert!(none.contains("the source lists none"), "{none}");
    of_week(&env, paid("2"), "2024-01-06T23:00:00Z");
    let table = env.succeed(&["actions", "A"]).stdout;
    assert!(table.contains("2024-01-04  dividend  2 USD"), "{table}");
    let actions = env.json(&["actions"]);
    assert_eq!(
        (&actions.row()["amount"], &actions.row()["left_out"]),
        (&2.0.into(), &Value::Null)
    );

    let closes = |arguments: &[&str]| -> Vec<Value> {
        let ran = env.json(arguments);
        ran.rows().iter().map(|row| row["close"].clone()).collect()
    };
    let raw = [100.0, 100.0, 100.0, 100.0].map(Value::from);
    let all = [98.0, 98.0, 100.0, 100.0].map(Value::from);
    for command in ["show", "export"] {
        let of = |adjust: &str| match command {
            "show" => closes(&["show", "A", "--adjust", adjust]),
            _ => closes(&["export", "--assets", "A", "--adjust", adjust]),
        };
        assert_eq!(of("none"), raw, "{command}");
        assert_eq!(of("splits"), raw, "{command}");
        assert_eq!(of("all"), all, "{command}");
    }
    let csv = env
        .succeed(&["export", "--adjust", "all", "--format", "csv"])
        .stdout;
    let plain = env.succeed(&["export", "--format", "csv"]).stdout;
    assert_eq!(csv.lines().next(), plain.lines().next());
    assert_eq!(
        csv.lines().nth(1).unwrap(),
        plain
            .lines()
            .nth(1)
            .unwrap()
            .replace("100", "98")
            .replace("980", "1000")
    );
    let text = env.succeed(&["show", "A", "--adjust", "all"]).stdout;
    assert!(
        text.contains("Adjusted for splits and dividends.") && text.contains("98.00"),
        "{text}"
    );
    let page = env
        .succeed(&["report", "--adjust", "all", "--output", "-"])
        .stdout;
    assert!(
        page.contains("adjusted for splits and dividends") && page.contains("<div class=\"chart\"")
    );
    let page = env.succeed(&["report", "--output", "-"]).stdout;
    assert!(
        !page.contains("The prices of this chart are adjusted for splits and dividends.</span>")
    );
}
