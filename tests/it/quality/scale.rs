//! Series that may mix two scales: found, said, shown, ended; on public pairs of a bad and a repaired series.

use super::{bars, yahoo_answer};
use crate::support::program::{Ran, TestEnv};
use crate::support::server::Server;
use crate::support::{WEEK, asset, recorded, route, shares, week};

/// Rows of a pair's file, oldest first.
fn pair(file: &str) -> String {
    String::from_utf8(recorded(&format!("repair_pairs/{file}.csv"))).unwrap()
}

fn rows(text: &str) -> Vec<Vec<&str>> {
    let mut rows: Vec<_> = text.lines().skip(1).map(row).collect();
    rows.sort_unstable();
    rows
}

/// Day, open, high, low, close and volume; the adjusted close stands before the volume.
fn row(line: &str) -> Vec<&str> {
    let cells: Vec<&str> = line.split(',').collect();
    let day = &cells[0][..10];
    vec![day, cells[1], cells[2], cells[3], cells[4], cells[6]]
}

/// Replays a pair's file as the answer of an evening.
fn replay(env: &TestEnv, file: &str, evening: &str, symbol: &str) -> Ran {
    let text = pair(file);
    let rows = rows(&text);
    let body = yahoo_answer(symbol, "USD", "America/New_York", &rows);
    env.write(&format!("replay/yahoo/{symbol}.json"), body);
    env.write(
        &format!("replay/yahoo/{symbol}.json.meta.json"),
        format!("{{\"status\": 200, \"fetched_at\": \"{evening}\"}}"),
    );
    let start = rows[0][0];
    env.json(&["collect", "--replay", "replay", "--start", start])
}

fn scale_findings(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs("SELECT rule, date FROM open_findings WHERE rule LIKE 'scale%' ORDER BY date")
}

#[test]
fn of_the_public_pairs_every_wrong_series_is_suspect_and_the_repaired_one_is_not() {
    for (file, days) in [
        ("AET-L-1d-100x-error", &["2022-05-09", "2022-05-20"][..]),
        ("SSW-JO-1d-100x-error", &["2023-06-01"]),
        ("4063-T-1d-bad-stock-split", &["2023-03-29"]),
        ("MOB-ST-1d-bad-stock-split", &["2023-05-22", "2023-05-23"]),
    ] {
        let env = TestEnv::new();
        env.write(
            "data/assets.toml",
            asset("A", "XNYS", "USD", &[("yahoo", "A")]),
        );
        let ran = replay(&env, file, "2024-01-02T23:00:00Z", "A");
        assert_eq!(
            (ran.code, &ran.row()["status"]),
            (3, &"suspect".into()),
            "{file}"
        );
        let expected: Vec<_> = days
            .iter()
            .map(|day| ("scale_step".to_owned(), (*day).to_owned()))
            .collect();
        assert_eq!(scale_findings(&env), expected, "{file}");
        let ran = replay(&env, &format!("{file}-fixed"), "2024-01-03T23:00:00Z", "A");
        assert_eq!(
            (ran.code, &ran.row()["status"]),
            (0, &"ok".into()),
            "{file}: {}",
            ran.stdout
        );
        assert_eq!(scale_findings(&env), [], "{file}");
    }
}

#[test]
fn a_repaired_series_that_is_read_first_is_not_broken_again() {
    for file in ["AET-L-1d-100x-error", "4063-T-1d-bad-stock-split"] {
        let env = TestEnv::new();
        env.write(
            "data/assets.toml",
            asset("A", "XNYS", "USD", &[("yahoo", "A")]),
        );
        replay(&env, &format!("{file}-fixed"), "2024-01-02T23:00:00Z", "A");
        let closes = "SELECT date, CAST(close AS TEXT) FROM price_daily ORDER BY date";
        let good = env.pairs(closes);
        let ran = replay(&env, file, "2024-01-03T23:00:00Z", "A");
        assert_eq!(
            (ran.code, &ran.row()["status"]),
            (3, &"suspect".into()),
            "{file}: {}",
            ran.stdout
        );
        assert_eq!(env.pairs(closes), good, "{file}");
        assert!(
            scale_findings(&env)
                .iter()
                .all(|(rule, _)| rule == "scale_refused")
        );
    }
}

#[test]
fn series_that_look_odd_and_are_right_give_no_alarm() {
    for file in ["CALM", "EWG", "HSBK-IL", "KMR-L"] {
        let env = TestEnv::new();
        env.write(
            "data/assets.toml",
            asset("A", "XNYS", "USD", &[("yahoo", "A")]),
        );
        let ran = replay(
            &env,
            &format!("{file}-1d-no-bad-divs"),
            "2025-12-31T23:00:00Z",
            "A",
        );
        assert_eq!(ran.code, 0, "{file}: {}", ran.stdout);
        assert_eq!(scale_findings(&env), [], "{file}");
    }
}

/// A share whose price halves on the last day of the week, and nothing tells why.
fn halved() -> (Server, TestEnv) {
    let (server, env) = shares(&["005930"]);
    server.answer(&route("005930"), week([50_000, 50_000, 50_000, 25_000]));
    (server, env)
}

#[test]
fn a_step_is_said_once_shown_until_it_ends_and_waived() {
    let (_server, env) = halved();
    let collect = ["collect", "--start", WEEK[0], "--end", WEEK[3]];
    let ran = env.run(&collect);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stdout
            .contains("suspect: scale_step 2024-01-05: close 25000 after 50000"),
        "{}",
        ran.stdout
    );
    let status = "SELECT status, error_message FROM job_run ORDER BY started_at DESC LIMIT 1";
    assert_eq!(env.pairs(status)[0].0, "partial_failure");
    // It still stands: the run that sees it again is no failure, but does not call it well.
    let ran = env.json(&collect);
    assert_eq!((ran.code, &ran.row()["status"]), (0, &"suspect".into()));
    let shown = env.run(&["status"]).stdout;
    assert!(
        shown.contains("005930 (naver) may mix two scales: scale_step on 2024-01-05"),
        "{shown}"
    );
    assert_eq!(env.json(&["status"]).row()["suspect"], true);
    assert_eq!(
        env.count("SELECT count(*) FROM best_price WHERE suspect = 1"),
        4
    );
    // The owner knows better.
    let waive = ["waive", "005930", "2024-01-05", "--rule", "scale_step"];
    env.succeed(&[&waive[..], &["--reason", "a spin-off"]].concat());
    assert_eq!(
        env.count("SELECT count(*) FROM best_price WHERE suspect = 1"),
        0
    );
    let ran = env.json(&collect);
    assert_eq!((ran.code, &ran.row()["status"]), (0, &"ok".into()));
    env.succeed(&[&waive[..], &["--undo"]].concat());
    assert_eq!(scale_findings(&env).len(), 1);
    assert_eq!(env.json(&collect).row()["status"], "suspect");
}

#[test]
fn what_is_no_finding_is_not_waived_and_days_are_waived_from_one_to_another() {
    let (server, env) = halved();
    let collect = ["collect", "--start", "2023-12-26", "--end", WEEK[3]];
    env.run(&collect);
    let refused = |arguments: &[&str], why: &str| {
        let ran = env.run(&[&["waive", "005930"], arguments, &["--reason", "x"]].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    };
    refused(&["2024-01-04", "--rule", "scale_step"], "open: 2024-01-05");
    refused(&["2024-01-04", "--rule", "scale_refused"], "open: none");
    refused(
        &["2024-01-05", "--rule", "made_up"],
        "expected the rule of a finding",
    );
    refused(
        &["2024-01-05..2024-01-02"],
        "2024-01-05 is after 2024-01-02",
    );
    refused(
        &["2024-01-02..2024-01-05"],
        "has no missing session from 2024-01-02 to 2024-01-05",
    );
    // A week without trade.
    server.answer(&route("005930"), bars(&["2023-12-20", WEEK[3]], 25_000.0));
    let env = TestEnv::at(
        &server,
        &[asset("005930", "XKRX", "KRW", &[("naver", "005930")])],
    );
    env.succeed(&["collect", "--start", "2023-12-20", "--end", WEEK[3]]);
    let gaps = "SELECT count(*) FROM open_findings WHERE rule = 'date_gap'";
    assert_eq!(env.count(gaps), 8);
    let days = "2023-12-21..2024-01-04";
    let said = env.succeed(&["waive", "005930", days, "--reason", "no trade"]);
    assert_eq!(
        said.stdout,
        "005930 from 2023-12-21 to 2024-01-04: the sessions without a bar are waived.\n"
    );
    assert_eq!(env.count(gaps), 0);
    env.succeed(&["waive", "005930", days, "--undo"]);
    assert_eq!(env.count(gaps), 8);
}
