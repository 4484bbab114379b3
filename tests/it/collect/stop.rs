//! Ctrl-C and SIGTERM: nothing more is asked for, what came is staged, the run is closed as what it was. (Windows has no
//! signals to send from here; the same handler hears its Ctrl-C and Ctrl-Break.)

use std::time::{Duration, Instant};

use crate::support::program::{COLLECT, Ran, Running, TestEnv, until};
use crate::support::server::{Answer, Gate, Server};
use crate::support::stock::stocked;
use crate::support::warehouse::warehouse;
use crate::support::{route, shares, week};

/// Two seconds are promised; the others are for a machine that is busy with other tests. What is not to be waited for here lasts
/// 8 s (a heartbeat) and longer.
const SOON: Duration = Duration::from_secs(5);
const STAGED: &str = "SELECT count(DISTINCT asset_id) FROM price_daily";

/// Sends a signal and waits for the end, which must come soon.
fn stop(running: Running, signal: &str) -> Ran {
    let started = Instant::now();
    running.signal(signal);
    let ran = running.wait();
    assert!(started.elapsed() < SOON, "{:?} {ran:?}", started.elapsed());
    ran
}

/// Three assets of which the second one's request hangs.
fn hanging() -> (Server, TestEnv, Running) {
    let (server, env) = shares(&["005930", "000660", "035420"]);
    let hangs = week([100, 101, 102, 103]).behind(&Gate::default());
    server.answer(&route("000660"), hangs);
    let running = env.start(&COLLECT);
    until("the request", || server.count(&route("000660")) == 1);
    (server, env, running)
}

#[test]
fn a_hanging_request_is_left_alone_and_what_came_is_kept() {
    for signal in ["INT", "TERM", "HUP"] {
        let (server, env, running) = hanging();
        let ran = stop(running, signal);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert_eq!(env.count(STAGED), 1);
        assert_eq!(server.paths().len(), 2, "{:?}", server.paths());
        let (_, status, message) = env.runs().remove(0);
        assert_eq!(status, "partial_failure");
        let message = message.unwrap();
        for id in ["000660", "035420"] {
            assert!(message.contains(id), "{message}");
        }
        assert!(
            message.contains("the run was stopped") && !message.contains("005930"),
            "{message}"
        );
        assert_eq!(env.count("SELECT count(ended_at) FROM job_run"), 1);
        assert!(
            ran.stdout.contains("035420") && ran.stderr.contains("stopping"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_pause_and_a_wait_for_the_next_try_end_too() {
    for (name, value) in [("FETCH_HOST_INTERVAL", "60"), ("FETCH_BASE_DELAY", "60")] {
        let (server, env) = shares(&["005930", "000660"]);
        let env = env.with(name, value);
        if name == "FETCH_BASE_DELAY" {
            server.answer(&route("000660"), Answer::new(503, "busy"));
        }
        let running = env.start(&COLLECT);
        until("the first asset", || {
            env.path("data/staging.db").exists() && staged(&env) == 1
        });
        let ran = stop(running, "INT");
        assert_eq!((ran.code, env.count(STAGED)), (3, 1), "{ran:?}");
    }
}

/// How many assets are staged; none while the tables are not there.
fn staged(env: &TestEnv) -> i64 {
    env.staging()
        .query_row(STAGED, [], |r| r.get(0))
        .unwrap_or(0)
}

#[test]
fn a_staging_file_that_another_program_keeps_locked_is_not_waited_for() {
    let (server, env, running) = hanging();
    let other = env.staging();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = stop(running, "INT");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.error().contains("the next run closes it as abandoned"),
        "{ran:?}"
    );
    assert_eq!(env.runs()[0].1, "running");
    // A run that cannot even begin.
    let waiting = env.start(&[&COLLECT[..], &["--log-dir", "logs"]].concat());
    until("the words", || env.log().contains("waiting up to"));
    let ran = stop(waiting, "TERM");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.error().contains("the run was stopped"), "{ran:?}");
    other.execute_batch("COMMIT").unwrap();
    server.answer(&route("000660"), week([100, 101, 102, 103]));
    assert_eq!(env.collect().code, 0);
    let statuses: Vec<String> = env
        .runs()
        .into_iter()
        .map(|(_, status, _)| status)
        .collect();
    assert_eq!(statuses, ["failure", "success"]);
    let why = env.runs()[0].2.clone().unwrap();
    assert!(why.contains("abandoned"), "{why}");
}

#[test]
fn a_sync_ends_with_the_chunks_that_are_under_way() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 20_000);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let mut holder = warehouse.lock_prices();
    let sync = env.start(&["sync"]);
    warehouse.until_somebody_waits();
    sync.signal("INT");
    holder.batch_execute("COMMIT").unwrap();
    let ran = sync.wait();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("stopping") && ran.error().contains("the run was stopped"),
        "{ran:?}"
    );
    let (_, status, message) = env.runs().remove(0);
    assert_eq!(status, "failure");
    assert!(message.unwrap().contains("the run was stopped"));
    // What was committed is acknowledged, and only that.
    let there = warehouse.count("SELECT count(*) FROM price_daily");
    assert!(there < 20_000, "{ran:?}");
    assert_eq!(env.pending(), 20_000 - there);
    assert_eq!(env.sync(&[]).1["pending"], 0);
    env.succeed(&["verify"]);
}

#[test]
fn a_heartbeat_that_does_not_answer_is_not_waited_for() {
    let (server, env) = shares(&["005930"]);
    let heart = Server::new();
    for path in ["/ping/start", "/ping/fail"] {
        heart.answer(path, Answer::ok("OK").behind(&Gate::default()));
    }
    let env = env.with("HEARTBEAT_URL", &format!("{}/ping", heart.origin()));
    server.answer(
        &route("005930"),
        week([100, 101, 102, 103]).behind(&Gate::default()),
    );
    let running = env.start(&COLLECT);
    until("the request", || server.count(&route("005930")) == 1);
    assert_eq!(stop(running, "INT").code, 1);
    until("the ping", || heart.count("/ping/fail") == 1);
}

#[test]
fn a_run_that_got_nothing_is_a_failure_and_the_next_one_gets_it_all() {
    let (server, env) = shares(&["005930"]);
    server.answer(
        &route("005930"),
        week([100, 101, 102, 103]).behind(&Gate::default()),
    );
    let running = env.start(&COLLECT);
    until("the request", || server.count(&route("005930")) == 1);
    assert_eq!(stop(running, "TERM").code, 1);
    assert_eq!(env.runs()[0].1, "failure");
    server.answer(&route("005930"), week([100, 101, 102, 103]));
    assert_eq!((env.collect().code, env.count(STAGED)), (0, 1));
}

#[test]
fn parts_that_came_before_the_stop_are_staged_and_the_others_are_asked_for_again() {
    use crate::support::{asset, recorded};
    let server = Server::new();
    let year = |year: u32| Answer::ok(recorded(&format!("krx_index/year_ks200_{year}.csv")));
    let route = |year: u32| format!("/data/index/year_ks200/{year}.csv");
    server.answer(&route(2018), year(2018));
    server.answer(&route(2019), year(2019).behind(&Gate::default()));
    let env = TestEnv::at(
        &server,
        &[asset("KS200", "XKRX", "KRW", &[("krx", "ks200")])],
    );
    let running = env.start(&["collect", "--start", "2018-01-01", "--end", "2020-12-31"]);
    until("the second year", || server.count(&route(2019)) == 1);
    let ran = stop(running, "INT");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 244);
    assert_eq!(server.count(&route(2020)), 0);
    assert_eq!(env.count("SELECT count(*) FROM lost_part"), 2);
}
