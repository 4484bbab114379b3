//! Hosts: asked one request at a time and spaced, in parallel with others, and left alone when they do not want to be asked or
//! nobody is there.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::{Ran, TestEnv, until};
use crate::support::server::{Answer, Gate, Server, dead_origin};
use crate::support::{asset, recorded, route, shares, week, yahoo_route, yahoo_shares};

const CLOSES: [u32; 4] = [100, 101, 102, 103];
const OCTOBER: [&str; 5] = ["collect", "--start", "2024-10-01", "--end", "2024-10-08"];

#[test]
fn a_host_that_refuses_is_not_asked_for_the_other_assets() {
    let refusals = [
        (
            Answer::new(429, recorded("yahoo/err_429_edge-too-many-requests.txt")),
            2,
            "HTTP 429: Edge: Too Many Requests",
        ),
        (
            Answer::ok("<html>Are you a robot?</html>"),
            1,
            "a web page instead of the feed: <html>Are you a robot?</html>",
        ),
        (
            Answer::new(403, "<html>Forbidden</html>"),
            1,
            "HTTP 403: <html>Forbidden</html>",
        ),
    ];
    for (refusal, tries, words) in refusals {
        let (server, env) = yahoo_shares(&["A", "B", "C"]);
        server.answer(&yahoo_route("B"), refusal);
        let ran = env.json(&OCTOBER);
        assert_eq!((ran.code, env.bars()), (3, 6), "{ran:?}");
        let counts = ["A", "B", "C"].map(|id| server.count(&yahoo_route(id)));
        assert_eq!(counts, [1, tries, 0], "{words}");
        assert!(ran.message("B").contains(words), "{ran:?}");
        let expected = format!("skipped after an earlier failure in this run: {words} (for B)");
        assert!(ran.message("C").contains(&expected), "{ran:?}");
        assert!(env.said().contains(&expected), "{}", env.said());
    }
}

#[test]
fn a_fault_of_one_asset_does_not_close_the_host() {
    for fault in [
        Answer::new(503, "busy"),
        Answer::new(404, "gone"),
        Answer::reset(),
        Answer::ok("{}"),
    ] {
        let (server, env) = yahoo_shares(&["A", "B", "C"]);
        server.answer(&yahoo_route("A"), fault);
        let ran = env.json(&OCTOBER);
        assert_eq!((ran.code, env.bars()), (3, 12), "{ran:?}");
    }
}

/// Nobody is at Upbit's address, and three tries are made.
fn with_a_dead_host(env: TestEnv) -> TestEnv {
    env.with("UPBIT_BASE_URL", &dead_origin())
        .with("FETCH_BASE_DELAY", "0.4")
        .with("FETCH_MAX_RETRIES", "3")
        .with("LOG_FORMAT", "json")
        .with("LOG_LEVEL", "debug")
}

/// What a dead host costs: two waits, 0.4 s and 0.8 s and each up to 30 % more, and nothing beside them.
fn assert_two_waits(ran: &Ran) {
    let lines = ran
        .stderr
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap());
    let waits: Vec<u64> = lines.filter_map(|line| line["wait_ms"].as_u64()).collect();
    assert_eq!(waits.len(), 2, "{ran:?}");
    assert!(
        (400..=520).contains(&waits[0]) && (800..=1040).contains(&waits[1]),
        "{waits:?}"
    );
}

#[test]
fn a_dead_host_costs_its_own_tries_and_nothing_else() {
    let (server, env) = yahoo_shares(&["A", "B", "C"]);
    server.answer(&route("005930"), week(CLOSES));
    let shares = ["005930", "000660"].map(|id| asset(id, "XKRX", "KRW", &[("naver", id)]));
    server.answer(&route("000660"), week(CLOSES));
    let crypto =
        ["BTC", "ETH"].map(|id| asset(id, "24/7", "KRW", &[("upbit", &format!("KRW-{id}"))]));
    let yahoo = ["A", "B", "C"].map(|id| asset(id, "XNYS", "USD", &[("yahoo", id)]));
    env.write(
        "data/assets.toml",
        [shares.concat(), crypto.concat(), yahoo.concat()].concat(),
    );
    let env = with_a_dead_host(env);
    let ran = env.json(&["collect", "--start", "2024-01-02", "--end", "2024-10-11"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(env.bars(), 4 + 4 + 3 * 10);
    // The second asset of the dead host costs nothing.
    assert_two_waits(&ran);
    assert!(
        ran.message("ETH")
            .contains("skipped after an earlier failure"),
        "{ran:?}"
    );
}

/// So many pauses of 0.2 s lie between the requests. They are counted from the start of the program, since when a request is seen
/// varies by as much as the machine is busy: nothing can make this time shorter than the pauses.
fn assert_pauses(server: &Server, started: Instant, pauses: usize) {
    let times = server.times();
    assert_eq!(times.len(), pauses + 1, "{:?}", server.paths());
    let took = times[pauses] - started;
    let least = Duration::from_millis(200) * u32::try_from(pauses).unwrap();
    assert!(took >= least, "{took:?}");
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn one_host_is_asked_in_turn_with_pauses() {
    let ids = ["A", "B", "C", "D"];
    let (server, env) = yahoo_shares(&ids);
    let env = env.with("FETCH_HOST_INTERVAL", "0.2");
    let started = Instant::now();
    env.succeed(&OCTOBER);
    assert_pauses(&server, started, 3);
}

/// Two hosts, each of which answers only when both were asked.
fn two_hosts(jobs: &[&str]) -> (Ran, Server, Server) {
    let (naver, env) = shares(&["005930"]);
    let (yahoo, _) = yahoo_shares(&["A"]);
    let gate = Gate::default();
    naver.answer(&route("005930"), week(CLOSES).behind(&gate));
    let assets = [
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
        asset("A", "XNYS", "USD", &[("yahoo", "A")]),
    ];
    env.write("data/assets.toml", assets.concat());
    let env = env.with("YAHOO_BASE_URL", &yahoo.origin());
    let window = ["collect", "--start", "2024-01-02", "--end", "2024-10-11"];
    let running = env.start(&[&window[..], jobs].concat());
    until("the first host", || naver.count(&route("005930")) == 1);
    if jobs.is_empty() {
        until("the second host", || yahoo.count(&yahoo_route("A")) == 1);
    } else {
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(yahoo.paths().len(), 0, "one job is one host at a time");
    }
    gate.open();
    (running.wait(), naver, yahoo)
}

#[test]
fn hosts_are_asked_at_the_same_time_unless_jobs_says_otherwise() {
    for jobs in [&[][..], &["--jobs", "1"]] {
        let (ran, _, yahoo) = two_hosts(jobs);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(yahoo.paths().len(), 1);
    }
}

#[test]
fn a_host_that_is_silent_is_not_waited_for_page_after_page() {
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")])],
    );
    let env = env
        .with("FETCH_TIMEOUT", "1")
        .with("FETCH_MAX_RETRIES", "2");
    server.answer(
        "/v1/candles/days",
        Answer::ok("[]").behind(&Gate::default()),
    );
    // Twelve pages.
    let ran = env.json(&["collect", "--start", "2018-01-01", "--end", "2024-06-30"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    // Two pages, two tries each. The client may be gone before the server has seen its last request.
    until("the requests", || server.paths().len() >= 4);
    assert_eq!(server.paths().len(), 4);
    assert!(
        ran.message("BTC").starts_with("upbit: no answer in time"),
        "{ran:?}"
    );
}

#[test]
fn a_name_that_nobody_knows_is_looked_up_for_one_asset_only() {
    let (_server, env) = yahoo_shares(&["A", "B"]);
    let env = env.with("YAHOO_BASE_URL", "http://no-such-host.invalid");
    let ran = env.json(&OCTOBER);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.message("A")
            .contains("cannot resolve its name; is the network up?"),
        "{ran:?}"
    );
    assert!(
        ran.message("B")
            .contains("skipped after an earlier failure"),
        "{ran:?}"
    );
}

/// Seven assets with recorded answers: an index, two shares by either way to Naver, four from Yahoo, BTC from Upbit.
fn seven() -> (Server, TestEnv) {
    let server = Server::new();
    let share = recorded("naver/api_item_005930_day_2023-01..2026-01_rewrapped.json");
    let older_way = recorded("naver/000660_rewrapped_2023-12..2025-06.xml");
    let gold = String::from_utf8(recorded("yahoo_rewrapped/GC_F_2018..2025-08.json")).unwrap();
    let silver = gold.replace("\"GC=F\"", "\"SI=F\"");
    let answers = [
        (
            "/data/index/year_ks200/2024.csv",
            recorded("krx_index/year_ks11_2024.csv"),
        ),
        ("/chart/domestic/item/005930/day", share),
        ("/sise.nhn?symbol=000660", older_way),
        (
            "/v8/finance/chart/SOXL",
            recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json"),
        ),
        ("/v8/finance/chart/GC=F", gold.into_bytes()),
        ("/v8/finance/chart/SI=F", silver.into_bytes()),
    ];
    for (route, body) in answers {
        server.answer(route, Answer::ok(body));
    }
    let assets = [
        asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]),
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
        asset("000660", "XKRX", "KRW", &[("naver", "000660")]),
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
        asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]),
        asset("GC=F", "CMES", "USD", &[("yahoo", "GC=F")]),
        asset("SI=F", "CMES", "USD", &[("yahoo", "SI=F")]),
    ];
    let env = TestEnv::at(&server, &assets);
    (server, env)
}

#[test]
fn six_of_seven_assets_are_complete_when_the_host_of_one_is_dead() {
    const FEBRUARY: [&str; 5] = ["collect", "--start", "2024-02-01", "--end", "2024-02-29"];
    let (server, env) = seven();
    let env = with_a_dead_host(env);
    let ran = env.json(&FEBRUARY);
    assert_eq!(ran.code, 3, "{ran:?}");
    // 19 sessions in Seoul (two days of the new year), 20 in New York.
    let by_asset = env.pairs(
        "SELECT asset_id, CAST(count(*) AS TEXT) FROM price_daily GROUP BY asset_id ORDER BY asset_id",
    );
    let expected = [
        ("000660", "19"),
        ("005930", "19"),
        ("GC=F", "20"),
        ("KS200", "19"),
        ("SI=F", "20"),
        ("SOXL", "20"),
    ];
    assert_eq!(
        by_asset,
        expected.map(|(id, n)| (id.to_owned(), n.to_owned()))
    );
    assert!(
        ran.message("BTC").starts_with("upbit: no answer"),
        "{ran:?}"
    );
    assert_eq!(
        server.paths().len(),
        7,
        "each once, and the day API of 000660 that has nothing"
    );
    assert_two_waits(&ran);
}

#[test]
fn all_sources_at_one_origin_are_one_host_to_be_asked_politely() {
    let (server, env) = seven();
    let unknown = Answer::new(404, recorded("upbit/err_404_code-not-found.json"));
    server.answer("/v1/candles/days", unknown);
    let env = env.with("FETCH_HOST_INTERVAL", "0.2");
    let started = Instant::now();
    let ran = env.run(&["collect", "--days", "7", "--end", "2024-02-29"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_pauses(&server, started, 7);
}

/// Behind one origin stand several sources, each with its own limit: a mirror hands on what they say.
#[test]
fn a_source_that_refuses_does_not_close_the_others_at_its_origin() {
    let (server, env) = yahoo_shares(&["005930.KS", "000660.KS"]);
    let slow_down = || Answer::new(429, "slow down");
    for id in ["005930", "000660"] {
        server.answer(&route(id), slow_down());
    }
    server.answer("/sise.nhn", Answer::ok("<html>Are you a robot?</html>"));
    let assets = ["005930", "000660"].map(|id| {
        let sources = [("naver", id), ("yahoo", &format!("{id}.KS"))];
        // The recorded answer is in dollars.
        asset(id, "XNYS", "USD", &sources)
    });
    env.write("data/assets.toml", assets.concat());
    let ran = env.json(&OCTOBER);
    assert_eq!((ran.code, env.bars()), (0, 12), "{ran:?}");
    assert_eq!(server.count(&route("005930")), 2);
    assert_eq!(server.count(&route("000660")), 0);
    assert_eq!(server.count("/sise.nhn"), 1);
    for words in ["naver: HTTP 429: slow down", "naver fchart: a web page"] {
        assert!(ran.message("005930").contains(words), "{ran:?}");
    }
    let why =
        "naver: skipped after an earlier failure in this run: HTTP 429: slow down (for 005930)";
    assert!(ran.message("000660").contains(why), "{ran:?}");
}
