//! Prices adjusted by our own factors, against `adjclose` of recorded answers and the repaired sides of public pairs, and where
//! commands show them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::actions::{
    THURSDAY, actions, by_yahoo, factors, flat, of_week, paid, replay, replayed_pair,
};
use crate::support::program::TestEnv;
use crate::support::{asset, recorded, yahoo_shares};

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
            "yahoo/AAPL_6mo_2025-10-29_live-last",
            "AAPL",
            "2025-04-30",
            "2025-10-29T23:00:00Z",
            2,
        ),
        (
            "yahoo/historicalv8-AAPL-2020-01-01-to-2021-01-04.2021-11-12",
            "AAPL",
            "2020-01-01",
            "2021-11-12T12:00:00Z",
            5,
        ),
        (
            "yahoo/historicalv8-QQQ-2020-01-01-to-2021-01-04.2021-11-12",
            "QQQ",
            "2020-01-01",
            "2021-11-12T12:00:00Z",
            3,
        ),
        (
            "yahoo/chart-AAPL-2020-08-31-to-2020-11-07.2025-02-20",
            "AAPL",
            "2020-08-31",
            "2025-02-20T12:00:00Z",
            2,
        ),
        (
            "yahoo_events/MSFT_6mo_2025-10",
            "MSFT",
            "2025-04-30",
            "2025-10-29T23:00:00Z",
            2,
        ),
    ] {
        let env = by_yahoo(symbol, "USD");
        let body = recorded(&format!("{file}.json"));
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

/// Samsung Electronics: the prices by Naver, the dividends by Yahoo, which lists them.
fn samsung() -> TestEnv {
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
    env
}

/// They are asked for when the series is compared as a whole.
#[test]
fn a_korean_share_by_naver_is_adjusted_by_the_dividends_of_yahoo() {
    let env = samsung();
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
fn where_nothing_is_told_there_is_no_adjusted_price() {
    let env = by_yahoo("A", "USD");
    let nothing = env.run(&["actions"]);
    assert_ne!(nothing.code, 0, "no file yet");
    of_week(&env, Value::Null, "2024-01-05T23:00:00Z");
    let unknown = env.succeed(&["actions", "A"]).stdout;
    assert!(unknown.contains("was asked yet; run"), "{unknown}");
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
    assert!(page.contains("\"adjust\":\"all\",\"factors\":[]"));
}

#[test]
fn what_happened_is_shown() {
    let env = by_yahoo("A", "USD");
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
}

#[test]
fn shown_and_exported_prices_are_adjusted() {
    let env = by_yahoo("A", "USD");
    of_week(&env, paid("2"), "2024-01-06T23:00:00Z");
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
    let line = |csv: &str, at: usize| csv.lines().nth(at).unwrap().to_owned();
    assert_eq!(line(&csv, 0), line(&plain, 0) + ",adjusted");
    let expected = line(&plain, 1).replace("100", "98").replace("980", "1000");
    assert_eq!(line(&csv, 1), expected + ",all");
    env.write("adjusted.csv", &csv);
    let refused = env.run(&["import", "adjusted.csv"]);
    assert!(
        refused.code == 2 && refused.error().contains("without --adjust"),
        "{refused:?}"
    );
    let text = env.succeed(&["show", "A", "--adjust", "all"]).stdout;
    assert!(
        text.contains("Adjusted for splits and dividends.") && text.contains("98.00"),
        "{text}"
    );
    let page = env
        .succeed(&["report", "--adjust", "all", "--output", "-"])
        .stdout;
    // 2024-01-04 is day 19726 of 1970.
    let factors = "\"factors\":[[19726,2932896,1.0,1.0],[19724,19726,1.0,0.98]]";
    assert!(page.contains(&format!("\"adjust\":\"all\",{factors}")));
    let page = env.succeed(&["report", "--output", "-"]).stdout;
    assert!(page.contains(&format!("\"adjust\":\"none\",{factors}")));
}

/// Yahoo was asked for them itself, so that an answer without a word means that there are none; its archive says so too.
#[test]
fn an_answer_that_was_asked_for_actions_and_lists_none_says_that_there_are_none() {
    let (server, env) = yahoo_shares(&["AAPL"]);
    let ran = env.run(&["collect", "--start", "2024-10-01", "--archive", "kept"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let asked = &server.seen("/v8/finance/chart/AAPL")[0].query["events"];
    assert_eq!(asked, "div|split|capitalGain");
    let known = |env: &TestEnv| factors(env).iter().all(|(_, f)| f == "1.0 1.0");
    assert!(known(&env), "{:?}", factors(&env));
    std::fs::remove_file(env.path("data/staging.db")).unwrap();
    env.run(&["collect", "--start", "2024-10-01", "--replay", "kept"]);
    assert!(
        known(&env) && !factors(&env).is_empty(),
        "{:?}",
        factors(&env)
    );
}

/// Samsung Electronics again: Yahoo entered the dividend of 2026-06-29 a month later, and adjusted every earlier close then. An audit
/// finds it. The closes with dividends are those that yfinance read on the two evenings.
#[test]
fn a_dividend_that_is_entered_a_month_late_is_found_by_the_audit() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("A", "XKRX", "KRW", &[("yahoo", "005930.KS")]),
    );
    let body = recorded("yahoo_events/005930.KS_2025-01..2026-07-02_raw_rewrapped.json");
    let mut answer: Value = serde_json::from_slice(&body).unwrap();
    // At nine in Seoul.
    let (march, june) = (1_774_828_800, 1_782_691_200);
    let mut events = json!({"dividends": {"1": {"amount": 372, "date": march}}});
    for (evening, audit) in [
        ("2026-07-29T23:55:26Z", "--start=2026-01-19"),
        ("2026-07-30T23:56:11Z", "--audit"),
    ] {
        answer["chart"]["result"][0]["events"] = events.clone();
        env.write("replay/yahoo/005930.KS.json", answer.to_string());
        let ran = env.run(&[
            "collect",
            "--replay",
            "replay",
            "--fetched-at",
            evening,
            audit,
        ]);
        assert!(ran.code != 1, "{}{}", ran.stdout, ran.stderr);
        let capture = evening[..16].replacen(':', "", 1);
        let text = recorded(&format!("restated/005930.KS_captured-{capture}Z.csv"));
        let text = String::from_utf8(text).unwrap();
        let close = |line: &str| line.split(',').nth(4).unwrap().parse::<f64>().unwrap();
        let captured: BTreeMap<&str, f64> =
            text.lines().skip(1).map(|l| (&l[..10], close(l))).collect();
        let ours = env.pairs(
            "SELECT date, CAST(close_all AS TEXT) FROM adjusted_price WHERE date >= '2026-01-19'",
        );
        let differs = |(day, ours): &&(String, String)| {
            let captured = captured.get(day.as_str());
            captured.is_some_and(|c| (ours.parse::<f64>().unwrap() / c - 1.0).abs() > 1e-6)
        };
        let wrong: Vec<_> = ours.iter().filter(differs).collect();
        assert!(wrong.is_empty() && ours.len() > 100, "{evening}: {wrong:?}");
        events["dividends"]["2"] = json!({"amount": 374, "date": june});
    }
}

const DAY: i64 = 86_400;

/// A dividend of the day before the split 4:1 of Thursday, which Yahoo lists before it adjusts anything for it.
#[test]
fn a_dividend_told_before_a_split_that_stands_is_of_the_old_shares() {
    let env = by_yahoo("A", "USD");
    let closes = [
        ("2024-01-02", "100"),
        ("2024-01-03", "98"),
        ("2024-01-04", "24.5"),
        ("2024-01-05", "24.5"),
    ];
    let events = |amount: f64| {
        let split = json!({"1": {"numerator": 4, "denominator": 1, "date": THURSDAY}});
        json!({"dividends": {"1": {"amount": amount, "date": THURSDAY - DAY}}, "splits": split})
    };
    let alone = json!({"dividends": events(2.0)["dividends"]});
    replay(
        &env,
        "A",
        flat(&closes[..2], alone),
        "2024-01-03T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(factors(&env)[0].1, "1.0 0.98");
    // Then the closes stand in the old shares, and so does the dividend; then only the dividend is divided.
    for (amount, evening) in [(2.0, "2024-01-05T23:00:00Z"), (0.5, "2024-01-06T23:00:00Z")] {
        replay(
            &env,
            "A",
            flat(&closes, events(amount)),
            evening,
            "2024-01-01",
        );
        let found: Vec<String> = factors(&env).into_iter().map(|(_, f)| f).collect();
        assert_eq!(
            found,
            ["0.25 0.98", "0.25 1.0", "1.0 1.0", "1.0 1.0"],
            "{amount}"
        );
    }
}

/// The closes came in another scale: the amounts that were told before may be in the old one.
#[test]
fn closes_in_another_scale_are_adjusted_by_what_is_told_since_then_only() {
    let env = by_yahoo("A", "USD");
    of_week(&env, paid("2"), "2024-01-05T23:00:00Z");
    assert_eq!(factors(&env)[0].1, "1.0 0.98");
    let days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"];
    let divided = days.map(|day| (day, "25"));
    replay(
        &env,
        "A",
        flat(&divided, Value::Null),
        "2024-01-06T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(
        env.pairs("SELECT date, CAST(close AS TEXT) FROM price_daily")[0].1,
        "25.0"
    );
    assert_eq!(factors(&env)[0].1, "unknown");
    replay(
        &env,
        "A",
        flat(&divided, paid("0.5")),
        "2024-01-07T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(factors(&env)[0].1, "1.0 0.98");
}

/// Listed on two days, between which there is no bar: both have the one step.
#[test]
fn a_split_that_is_listed_twice_between_two_bars_counts_once() {
    let env = by_yahoo("A", "USD");
    let closes = [
        ("2024-01-02", "100"),
        ("2024-01-04", "25"),
        ("2024-01-05", "25"),
    ];
    let split = |date: i64| json!({"numerator": 4, "denominator": 1, "date": date});
    let events = json!({"splits": {"1": split(THURSDAY - DAY), "2": split(THURSDAY)}});
    replay(
        &env,
        "A",
        flat(&closes, events),
        "2024-01-05T23:00:00Z",
        "2024-01-01",
    );
    assert_eq!(factors(&env)[0].1, "0.25 1.0");
}
