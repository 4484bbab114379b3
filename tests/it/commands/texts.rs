//! Words of sources and of other programs are bounded wherever they are kept or shown, and steer no terminal.

use crate::support::program::{COLLECT, Ran, TestEnv};
use crate::support::server::{Answer, Server};
use crate::support::{asset, route, shares};

const FORMATS: [&str; 4] = ["table", "json", "csv", "jsonl"];

/// Colours by two kinds of escapes, a mark that turns the direction of writing, a line separator.
const STEERING: [char; 5] = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2028}'];

/// The longest that is still no megabyte: several messages of the longest text of a failure.
const BOUND: usize = 30_000;

fn check(ran: &Ran, what: &str) {
    for text in [&ran.stdout, &ran.stderr] {
        assert!(text.len() < BOUND, "{what}: {} bytes", text.len());
        assert!(!text.contains(STEERING), "{what}: {text:?}");
    }
}

/// A row of the day API whose closing price is this text.
fn row(close: &str) -> String {
    format!(
        "{{\"localDate\":\"20240102\",\"closePrice\":{close},\"openPrice\":100.0,\"highPrice\":100.0,\"lowPrice\":100.0,\
         \"accumulatedTradingVolume\":1000}}"
    )
}

#[test]
fn a_number_of_a_megabyte_stays_one_number() {
    let (server, env) = shares(&["A"]);
    let digits = "9".repeat(1_000_000);
    let text = format!("\"\u{9b}31m\u{202e}{}\"", "x".repeat(1_000_000));
    server.answer(
        &route("A"),
        Answer::ok(format!("[{},{}]", row(&digits), row(&text))),
    );
    for format in FORMATS {
        let arguments = ["--format", format, "--log-dir", "logs"];
        let ran = env.run(&[&COLLECT[..], &arguments].concat());
        check(&ran, format);
    }
    assert!(env.log().len() < BOUND);
    assert!(!env.log().contains(STEERING));
    let longest = |column: &str, table: &str| {
        env.count(&format!("SELECT max(length({column})) FROM {table}"))
    };
    assert_eq!(env.count("SELECT count(*) FROM quarantine"), 2);
    assert!(longest("raw", "quarantine") < 1000);
    assert!(longest("error_message", "job_run") < 5000);
    assert!(longest("summary", "job_run") < 5000);
    let raw = env.pairs("SELECT raw, '' FROM quarantine ORDER BY raw");
    assert!(
        raw.iter()
            .any(|(raw, _)| raw.contains("(1000000 characters)")),
        "{raw:?}"
    );
}

#[test]
fn an_error_of_a_source_steers_nothing() {
    let server = Server::new();
    let words = format!("\u{9b}2J\u{202e}{}", "y".repeat(1_000_000));
    server.answer(
        &route("A"),
        Answer::new(404, format!("{{\"code\":\"X\",\"message\":\"{words}\"}}")),
    );
    server.answer(
        "/v8/finance/chart/A",
        Answer::ok(format!(
            "{{\"chart\":{{\"result\":null,\"error\":{{\"code\":\"{words}\",\"description\":\"{words}\"}}}}}}"
        )),
    );
    for (format, log) in [("table", "text"), ("json", "json")] {
        let env = TestEnv::at(
            &server,
            &[asset("A", "XKRX", "KRW", &[("naver", "A"), ("yahoo", "A")])],
        );
        let env = env.with("LOG_FORMAT", log);
        let ran = env.run(&[&COLLECT[..], &["--format", format]].concat());
        assert_eq!(ran.code, 1, "{ran:?}");
        check(&ran, format);
    }
}

#[test]
fn words_of_another_program_in_the_file_steer_nothing() {
    let (_server, env) = shares(&["A"]);
    assert_eq!(env.collect().code, 0);
    let words = format!(
        "\u{1b}]0;title\u{7}\u{202e}\u{2028}{}",
        "z".repeat(1_000_000)
    );
    let staging = env.staging();
    let run = |sql: &str| {
        staging.execute(sql, [&words]).unwrap();
    };
    let source: String = words.chars().take(20).collect();
    let insert =
        "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, ingested_at)
         VALUES ('A', '2024-01-08', ?1, 1.0, 1.0, 1.0, 1.0, '2026-01-01T00:00:00.000000Z')";
    staging.execute(insert, [source]).unwrap();
    run("INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen)
         VALUES ('A', 'naver', '2024-01-02', 'price_jump', ?1, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')");
    run("INSERT INTO job_run (job_id, job_name, started_at, ended_at, status, error_message)
         VALUES ('1', 'collect', '2199-01-01T00:00:00.000000Z', '2199-01-01T00:00:00.000000Z', 'failure', ?1)");
    run("UPDATE asset_master SET name = ?1");
    for arguments in [
        &["status"][..],
        &["status", "--findings"],
        &["status", "--runs"],
        &["status", "--commands"],
        &["show", "A"],
        &["show", "A", "--chart"],
        &["history", "A"],
        &["healthcheck"],
        &["export"],
        &["reconcile", "A"],
    ] {
        for format in FORMATS {
            let ran = env.run(&[arguments, &["--format", format]].concat());
            assert!(ran.code < 2, "{ran:?}");
            let text = ran.stdout.len();
            assert!(text < 10 * BOUND, "{arguments:?} {format}: {text} bytes");
            assert!(
                !ran.stdout.contains(STEERING) && !ran.stderr.contains(STEERING),
                "{arguments:?} {format}"
            );
        }
    }
}

#[test]
fn the_record_of_a_run_does_not_grow_with_its_assets() {
    let ids: Vec<String> = (0..60).map(|n| format!("A{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (server, env) = shares(&ids);
    server.answer(&route("A7"), Answer::new(404, "gone"));
    assert_eq!(env.collect().code, 3);
    let summary = &env.pairs("SELECT summary, '' FROM job_run")[0].0;
    assert!(summary.len() < 300, "{summary}");
    let totals: serde_json::Value = serde_json::from_str(summary).unwrap();
    assert_eq!(totals[0]["assets"], 60);
    assert_eq!(
        (&totals[0]["failed"], &totals[0]["new"]),
        (&1.into(), &236.into())
    );
    // How each ended is known all the same.
    let ended = env.pairs("SELECT asset_id, status FROM asset_run WHERE status <> 'ok'");
    assert_eq!(ended, [("A7".to_owned(), "failed".to_owned())]);
    let status = env.json(&["status"]);
    assert_eq!(status.of("A7")["failure_streak"], 1, "{status:?}");
}
