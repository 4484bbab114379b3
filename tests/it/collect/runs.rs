//! `collect`: what is staged, what is recorded of the run, what a failure leaves.

use serde_json::Value;

use crate::support::program::{COLLECT, TestEnv, until};
use crate::support::server::{Answer, Gate, Server};
use crate::support::{WEEK, asset, recorded, repository, route, shares, week};

const INGESTED: &str = "SELECT asset_id || ' ' || date, ingested_at FROM price_daily ORDER BY 1";
const CLOSES: &str = "SELECT date, CAST(close AS TEXT) FROM price_daily ORDER BY asset_id, date";

fn closes(env: &TestEnv) -> Vec<String> {
    env.pairs(CLOSES).into_iter().map(|(_, c)| c).collect()
}

#[test]
fn the_same_answer_again_keeps_the_rows_and_moves_their_ingest_time() {
    let (_server, env) = shares(&["005930"]);
    assert_eq!(env.collect().code, 0);
    let (first, rows) = (env.pairs(INGESTED), env.pairs(CLOSES));
    assert_eq!(rows.len(), 4);
    assert_eq!(env.collect().code, 0);
    let second = env.pairs(INGESTED);
    assert_eq!(env.pairs(CLOSES), rows);
    assert!(
        first
            .iter()
            .zip(&second)
            .all(|(a, b)| a.0 == b.0 && a.1 < b.1)
    );
    assert_eq!(env.count("SELECT count(*) FROM price_revision"), 0);
}

#[test]
fn a_changed_price_replaces_the_old_one_and_keeps_its_history() {
    let (server, env) = shares(&["005930"]);
    env.collect();
    server.answer(&route("005930"), week([100, 101, 110, 103]));
    let ran = env.succeed(&[&COLLECT[..], &["--format", "json"]].concat());
    assert_eq!(
        (&ran.row()["changed"], &ran.row()["unchanged"]),
        (&1.into(), &3.into())
    );
    assert_eq!(closes(&env), ["100.0", "101.0", "110.0", "103.0"]);
    let history = "SELECT date, CAST(close AS TEXT) FROM price_revision";
    assert_eq!(
        env.pairs(history),
        [(WEEK[2].to_owned(), "102.0".to_owned())]
    );
}

#[test]
fn a_row_that_vanishes_from_the_answer_stays() {
    let (server, env) = shares(&["005930"]);
    env.collect();
    let one = "[{\"localDate\":\"20240105\",\"closePrice\":103.0,\"openPrice\":103.0,\"highPrice\":103.0,\
               \"lowPrice\":103.0,\"accumulatedTradingVolume\":1000}]";
    server.answer(&route("005930"), Answer::ok(one));
    assert_eq!(env.collect().code, 0);
    assert_eq!(closes(&env), ["100.0", "101.0", "102.0", "103.0"]);
}

#[test]
fn a_run_is_recorded_as_running_until_it_ends() {
    let (server, env) = shares(&["005930"]);
    let gate = Gate::default();
    let answer = week([100, 101, 102, 103]).behind(&gate);
    server.answer(&route("005930"), answer);
    let collect = env.start(&COLLECT);
    until("the request", || server.count(&route("005930")) == 1);
    let running =
        |env: &TestEnv| env.runs() == [("collect".to_owned(), "running".to_owned(), None)];
    assert!(running(&env));
    assert_eq!(env.count("SELECT count(ended_at) FROM job_run"), 0);
    gate.open();
    assert_eq!(collect.wait().code, 0);
    assert_eq!(
        env.runs(),
        [("collect".to_owned(), "success".to_owned(), None)]
    );
    assert_eq!(
        env.count("SELECT count(*) FROM job_run WHERE ended_at >= started_at"),
        1
    );
}

#[test]
fn a_run_whose_process_died_is_closed_by_the_next_one() {
    let (server, env) = shares(&["005930"]);
    let answer = week([100, 101, 102, 103]);
    server.answer(&route("005930"), answer.clone().behind(&Gate::default()));
    let collect = env.start(&COLLECT);
    until("the request", || server.count(&route("005930")) == 1);
    collect.kill();
    server.answer(&route("005930"), answer);
    assert_eq!(env.collect().code, 0);
    let runs = env.runs();
    assert_eq!(
        (runs[0].1.as_str(), runs[1].1.as_str()),
        ("failure", "success")
    );
    assert!(
        runs[0].2.as_ref().unwrap().contains("abandoned"),
        "{runs:?}"
    );
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 4);
}

#[test]
fn one_asset_s_failure_is_named_and_touches_no_other() {
    let (server, env) = shares(&["005930", "000660", "035420"]);
    server.answer(&route("000660"), Answer::new(404, "gone"));
    let ran = env.run(&[&COLLECT[..], &["--format", "json"]].concat());
    assert_eq!(ran.code, 3, "{ran:?}");
    let statuses: Vec<Value> = ran.rows().iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["ok", "failed", "ok"]);
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 8);
    let (_, status, message) = env.runs().remove(0);
    assert_eq!(status, "partial_failure");
    let problems: Vec<Value> = serde_json::from_str(&message.unwrap()).unwrap();
    assert!(!problems.is_empty());
    assert!(
        problems.iter().all(|p| p["asset_id"] == "000660"),
        "{problems:?}"
    );
}

#[test]
fn a_run_in_which_every_asset_failed_is_a_failure() {
    let (server, env) = shares(&["005930"]);
    server.answer(&route("005930"), Answer::new(404, "gone"));
    assert_eq!(env.collect().code, 1);
    let (_, status, message) = env.runs().remove(0);
    assert_eq!(status, "failure");
    assert!(message.unwrap().contains("005930"));
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 0);
}

#[test]
fn what_may_pass_is_tried_again_and_what_cannot_is_not() {
    for (answer, tries) in [
        (Answer::new(503, "busy"), 2),
        (Answer::new(429, "slower"), 2),
        (Answer::ok("[{\"localDate\":\"2024"), 2),
        (Answer::new(404, "gone"), 1),
        (Answer::ok("<html>please log in</html>"), 1),
        (Answer::ok("{\"message\":\"no\"}"), 1),
    ] {
        let (server, env) = shares(&["005930"]);
        server.answer(&route("005930"), answer);
        assert_eq!(env.collect().code, 1);
        assert_eq!(server.count(&route("005930")), tries);
        // The other way to the same source is asked after that.
        assert_eq!(server.paths().last().unwrap(), "/sise.nhn");
        assert_eq!(env.count("SELECT count(*) FROM price_daily"), 0);
    }
}

#[test]
fn the_next_source_is_asked_when_one_has_nothing() {
    let server = Server::new();
    let assets = [asset(
        "AAPL",
        "XNYS",
        "USD",
        &[("naver", "AAPL"), ("yahoo", "^AAPL"), ("upbit", "AAPL")],
    )];
    let env = TestEnv::at(&server, &assets);
    server.answer(&route("AAPL"), Answer::ok("[]"));
    // The symbol is percent-encoded on its way.
    let yahoo = "/v8/finance/chart/^AAPL";
    let body = String::from_utf8(recorded("yahoo/AAPL_10d_2024-10.json")).unwrap();
    let body = body.replace("\"symbol\":\"AAPL\"", "\"symbol\":\"^AAPL\"");
    server.answer(yahoo, Answer::ok(body));
    env.succeed(&["collect", "--start", "2024-10-01", "--end", "2024-10-08"]);
    let bars = "SELECT source, CAST(count(*) AS TEXT) FROM price_daily GROUP BY source";
    assert_eq!(env.pairs(bars), [("yahoo".to_owned(), "6".to_owned())]);
    assert_eq!(server.count("/v1/candles/days"), 0);
    let query = &server.seen(yahoo)[0].query;
    assert!(
        query["period1"].as_str() <= "1727740800" && query["interval"] == "1d",
        "{query:?}"
    );
}

#[test]
fn a_reader_sees_whole_assets_while_a_collect_writes() {
    let (server, env) = shares(&["005930", "000660"]);
    let gate = Gate::default();
    let answer = week([100, 101, 102, 103]).behind(&gate);
    server.answer(&route("000660"), answer);
    let collect = env.start(&COLLECT);
    until("the second request", || server.count(&route("000660")) == 1);
    let count = |c: &rusqlite::Connection| -> i64 {
        c.query_row("SELECT count(*) FROM price_daily", [], |r| r.get(0))
            .unwrap()
    };
    let (looking, standing) = (env.staging(), env.staging());
    until("the first asset", || count(&looking) == 4);
    // A reader that stays in its transaction neither stops the writer nor sees what it writes.
    standing.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&standing), 4);
    gate.open();
    until("the second asset", || match count(&looking) {
        4 => false,
        8 => true,
        part => panic!("{part} rows"),
    });
    assert_eq!(collect.wait().code, 0);
    assert_eq!(count(&standing), 4);
    standing.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&standing), 8);
}

#[test]
fn several_collects_at_once_stage_every_row_once() {
    let (_server, env) = shares(&["005930", "000660"]);
    let collects: Vec<_> = (0..4).map(|_| env.start(&COLLECT)).collect();
    for collect in collects {
        assert_eq!(collect.wait().code, 0);
    }
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 8);
    assert_eq!(
        env.count("SELECT count(*) FROM job_run WHERE status = 'success'"),
        4
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let (_server, env) = shares(&["005930"]);
    let before = env.files();
    let ran = env.succeed(&[&COLLECT[..], &["--dry-run", "--format", "json"]].concat());
    assert_eq!(ran.row()["new"], 4);
    assert_eq!(env.files(), before);
    env.collect();
    let before = env.pairs(INGESTED);
    let ran = env.succeed(&[&COLLECT[..], &["--dry-run", "--format", "json"]].concat());
    assert_eq!(ran.row()["unchanged"], 4);
    assert_eq!((env.pairs(INGESTED), env.runs().len()), (before, 1));
}

#[test]
fn the_sample_is_staged_with_the_times_it_was_fetched_at() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        std::fs::read(repository("data/assets.toml")).unwrap(),
    );
    let sample = repository("data/sample");
    let assets = "KS200,005930,000660,SOXL,BTC,GC=F";
    let sample = sample.to_str().unwrap();
    let window = ["--start", "2023-01-01", "--end", "2026-07-31"];
    let ran = env.run(
        &[
            &["collect", "--assets", assets, "--replay", sample],
            &window[..],
        ]
        .concat(),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let times = env.pairs("SELECT asset_id, min(ingested_at) FROM price_daily GROUP BY asset_id");
    let files = [
        ("000660", "naver_fchart/000660.xml"),
        ("005930", "naver/005930.json"),
        ("BTC", "upbit/KRW-BTC.json"),
        ("GC=F", "yahoo/GC=F.json"),
        ("KS200", "krx/ks200_2026.csv"),
        ("SOXL", "yahoo/SOXL.json"),
    ];
    for ((asset, time), (expected, file)) in times.iter().zip(files) {
        assert_eq!(asset, expected);
        let meta = repository("data/sample").join(format!("{file}.meta.json"));
        let meta: Value = serde_json::from_slice(&std::fs::read(meta).unwrap()).unwrap();
        let [time, fetched] = [time, meta["fetched_at"].as_str().unwrap()]
            .map(|t| chrono::DateTime::parse_from_rfc3339(t).unwrap());
        assert_eq!(time, fetched, "{asset}");
    }
    assert_eq!(times.len(), files.len());
    let mixed = "SELECT count(*) FROM (SELECT 1 FROM price_daily GROUP BY asset_id HAVING count(DISTINCT ingested_at) > 1)";
    assert_eq!(env.count(mixed), 0);
}

#[test]
fn an_old_recording_never_beats_a_newer_fetch() {
    let (_server, env) = shares(&["005930"]);
    env.collect();
    let before = env.pairs(INGESTED);
    let sample = repository("data/sample");
    let replay = ["--replay", sample.to_str().unwrap(), "--format", "json"];
    let ran = env.succeed(&[&COLLECT[..], &replay].concat());
    assert_eq!(
        (&ran.row()["kept"], &ran.row()["changed"]),
        (&4.into(), &0.into())
    );
    assert_eq!(closes(&env), ["100.0", "101.0", "102.0", "103.0"]);
    assert_eq!(env.pairs(INGESTED), before);
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
