//! Dividends and splits beside the prices: kept, judged, left out; on recorded answers and public pairs.

use serde_json::{Value, json};

use super::yahoo_answer;
use crate::support::program::{Ran, TestEnv};
use crate::support::{asset, recorded};

/// A share of this name by Yahoo, in this currency.
pub(super) fn by_yahoo(symbol: &str, currency: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("A", "XNYS", currency, &[("yahoo", symbol)]),
    );
    env
}

/// Replays an answer of Yahoo, fetched at this time.
pub(super) fn replay(
    env: &TestEnv,
    symbol: &str,
    body: impl AsRef<[u8]>,
    at: &str,
    start: &str,
) -> Ran {
    env.write(&format!("replay/yahoo/{symbol}.json"), body.as_ref());
    env.write(
        &format!("replay/yahoo/{symbol}.json.meta.json"),
        format!("{{\"status\": 200, \"fetched_at\": \"{at}\"}}"),
    );
    env.json(&["collect", "--replay", "replay", "--start", start])
}

pub(super) fn actions(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs(
        "SELECT date || ' ' || kind,
                coalesce(amount || ' ' || currency, numerator || ':' || denominator) || coalesce(' ' || left_out, '')
         FROM corporate_action ORDER BY date, kind",
    )
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

pub(super) fn replayed_pair(file: &str) -> (TestEnv, Ran) {
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

/// An answer of flat days from Monday 2024-01-01 on, with these events.
pub(super) fn flat(closes: &[(&str, &str)], events: Value) -> Vec<u8> {
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
pub(super) const THURSDAY: i64 = 1_704_378_600;

pub(super) fn paid(amount: &str) -> Value {
    let event = format!(r#"{{"dividends":{{"1":{{"amount":{amount},"date":{THURSDAY}}}}}}}"#);
    serde_json::from_str(&event).unwrap()
}

pub(super) fn factors(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs("SELECT date, coalesce(round(split_factor, 6) || ' ' || round(dividend_factor, 6), 'unknown') FROM adjusted_price ORDER BY date")
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

pub(super) fn of_week(env: &TestEnv, events: Value, evening: &str) -> Ran {
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

/// As Yahoo lost the splits of many shares for three days in December 2021.
#[test]
fn an_answer_that_lost_all_of_them_takes_none_away() {
    let env = by_yahoo("A", "USD");
    let both = json!({
        "dividends": {"1": {"amount": 1, "date": THURSDAY}},
        "splits": {"1": {"numerator": 2, "denominator": 1, "date": THURSDAY}},
    });
    of_week(&env, both.clone(), "2024-01-05T23:00:00Z");
    let known = actions(&env);
    let ran = of_week(&env, json!({}), "2024-01-06T23:00:00Z");
    assert!(
        ran.stderr.contains("lists none of 2 known"),
        "{}",
        ran.stderr
    );
    assert_eq!(actions(&env), known);
    of_week(&env, paid("1"), "2024-01-07T23:00:00Z");
    let split = "2024-01-04 split".to_owned();
    assert!(actions(&env).contains(&(split, "2.0:1.0 withdrawn".to_owned())));
    of_week(&env, both, "2024-01-08T23:00:00Z");
    assert_eq!(actions(&env), known);
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
    let detail = "dividend refused, one of its numbers is not above zero: {\"amount\":-1,\"date\":1704378600}";
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

/// Another company's prices are refused, and its dividends with them; the known ones stay.
#[test]
fn an_answer_whose_prices_are_refused_tells_no_actions() {
    let env = by_yahoo("A", "USD");
    let days = ["02", "03", "04", "05", "08", "09", "10", "11"].map(|day| format!("2024-01-{day}"));
    let of = |last: &'static str| -> Vec<(&str, &str)> {
        let close = |n| if n < 4 { "100" } else { last };
        days.iter()
            .enumerate()
            .map(|(n, day)| (day.as_str(), close(n)))
            .collect()
    };
    let answer = |last, events| flat(&of(last), events);
    replay(
        &env,
        "A",
        answer("100", paid("2")),
        "2024-01-11T23:00:00Z",
        "2024-01-01",
    );
    let known = actions(&env);
    for events in [paid("7"), json!({})] {
        replay(
            &env,
            "A",
            answer("300", events),
            "2024-01-12T23:00:00Z",
            "2024-01-01",
        );
        let open = env.pairs("SELECT DISTINCT rule, source FROM open_findings");
        assert_eq!(open[0].0, "scale_refused", "{open:?}");
        assert_eq!(actions(&env), known);
    }
    replay(
        &env,
        "A",
        answer("100", paid("3")),
        "2024-01-13T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(actions(&env)[0].1, "3.0 USD");
}

/// Rows of a request for more days: what lies before the first one may have been left out.
#[test]
fn an_answer_that_begins_late_takes_nothing_away_before_its_first_row() {
    let env = by_yahoo("A", "USD");
    let at = |date: i64| json!({"amount": 1, "date": date});
    let events = json!({"dividends": {"1": at(THURSDAY - 86_400), "2": at(THURSDAY + 86_400)}});
    of_week(&env, events, "2024-01-05T23:00:00Z");
    let known = actions(&env);
    let late = flat(
        &FLAT[2..],
        json!({"dividends": {"2": at(THURSDAY + 86_400)}}),
    );
    env.write("replay/yahoo/A.json", late);
    env.write(
        "replay/yahoo/A.json.meta.json",
        json!({
            "status": 200,
            "fetched_at": "2024-01-06T23:00:00Z",
            "url": "https://query1.finance.yahoo.com/v8/finance/chart/A?events=div%7Csplit%7CcapitalGain",
        })
        .to_string(),
    );
    let ran = env.run(&["collect", "--replay", "replay", "--start", "2024-01-01"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!((known.len(), actions(&env)), (2, known));
    let told = env.pairs("SELECT told_at, last_date FROM corporate_action_coverage");
    assert_eq!(
        told[0].0, "2024-01-06T23:00:00.000000Z",
        "it was asked for them"
    );
}

#[test]
fn a_capital_gain_in_another_currency_counts_not() {
    let env = by_yahoo("A", "USD");
    let gain = json!({"capitalGains": {"1": {"amount": 2, "date": THURSDAY, "currency": "KRW"}}});
    of_week(&env, gain, "2024-01-05T23:00:00Z");
    assert_eq!(actions(&env)[0].1, "2.0 KRW odd");
    assert_eq!(factors(&env)[0].1, "1.0 1.0");
}
