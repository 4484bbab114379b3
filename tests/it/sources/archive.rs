//! `--archive`: what is kept, that a replay reads it, and how it is pruned.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::{asset, recorded, route, week};

const BARS: &str = "SELECT asset_id || source || date, open || ' ' || high || ' ' || low || ' ' || close || ' ' || volume || ' ' || ingested_at \
     FROM price_daily ORDER BY 1";

/// The files of an archive by their names below it.
fn kept(env: &TestEnv) -> BTreeMap<String, PathBuf> {
    let root = env.path("kept");
    let files = env
        .files()
        .into_iter()
        .filter(|(path, content)| content.is_some() && path.starts_with(&root));
    let name = |path: &PathBuf| {
        path.strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    files.map(|(path, _)| (name(&path), path)).collect()
}

fn body(path: &Path) -> Vec<u8> {
    let mut body = Vec::new();
    GzDecoder::new(File::open(path).unwrap())
        .read_to_end(&mut body)
        .unwrap();
    body
}

fn meta(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(format!("{}.meta.json", path.display())).unwrap()).unwrap()
}

/// Every source, with a request that was tried again, one that was lost, and one that came in two pages.
fn everything() -> (Server, TestEnv) {
    let server = Server::new();
    let assets = [
        asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]),
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
        asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]),
    ];
    for year in [2024, 2025] {
        server.answer(
            &format!("/data/index/year_ks200/{year}.csv"),
            Answer::new(403, "Forbidden"),
        );
    }
    server.answer(
        "/data/index/year_ks200/2026.csv",
        Answer::ok(recorded("krx_index/year_ks200_2026.csv")),
    );
    server.answer(&route("005930"), Answer::new(404, "gone"));
    server.answer(
        "/sise.nhn",
        Answer::ok(recorded("naver/005930_count1834_captured-2026-01-24.xml")),
    );
    let soxl = Answer::ok(recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json"))
        .header("Set-Cookie", "A3=a-session")
        .header("X-Trace", "7");
    server.answer_in_turn("/v8/finance/chart/SOXL", [Answer::new(503, "busy"), soxl]);
    server.answer("/v1/candles/days", Answer::ok("[]"));
    let page = |day: &str| {
        format!(
            "[{{\"market\":\"KRW-BTC\",\"candle_date_time_utc\":\"{day}T00:00:00\",\"opening_price\":1,\"high_price\":2,\"low_price\":1,\
         \"trade_price\":2,\"candle_acc_trade_volume\":1.5}}]"
        )
    };
    for (to, day) in [
        ("2025-01-01T00:00:00Z", "2024-12-31"),
        ("2025-07-20T00:00:00Z", "2025-07-19"),
    ] {
        server.answer(&format!("/v1/candles/days?to={to}"), Answer::ok(page(day)));
    }
    let env = TestEnv::at(&server, &assets);
    let origin = server.origin().replace("http://", "http://me:secret@");
    let env = env.with("YAHOO_BASE_URL", &origin);
    (server, env)
}

const WINDOW: [&str; 5] = ["collect", "--start", "2024-06-15", "--end", "2026-07-02"];

/// The kept answers whose names begin so, oldest first.
fn named<'a>(files: &'a BTreeMap<String, PathBuf>, start: &str) -> Vec<&'a PathBuf> {
    let names = files
        .iter()
        .filter(|(name, _)| name.starts_with(start) && name.ends_with(".gz"));
    names.map(|(_, path)| path).collect()
}

#[test]
fn every_answer_is_kept_as_received() {
    let (_server, env) = everything();
    let live = env.run(&[&WINDOW[..], &["--archive", "kept"]].concat());
    assert_eq!(live.code, 3, "{live:?}");
    let files = kept(&env);
    let counts = [
        "krx/ks200_2024@",
        "krx/ks200_2026@",
        "naver/005930@",
        "naver_fchart/005930@",
        "yahoo/SOXL@",
        "upbit/KRW-BTC@",
    ];
    assert_eq!(
        counts.map(|start| named(&files, start).len()),
        [1, 1, 1, 1, 2, 4],
        "{files:?}"
    );
    assert_eq!(files.len(), 2 * 11, "each has its .meta.json: {files:?}");
    let [busy, good] = named(&files, "yahoo/SOXL@")[..] else {
        panic!()
    };
    assert_eq!(
        (body(busy), meta(busy)["status"].as_u64()),
        (b"busy".to_vec(), Some(503))
    );
    assert_eq!(
        body(good),
        recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json")
    );
    let meta = meta(good);
    assert_eq!(
        (&meta["status"], &meta["headers"]["x-trace"]),
        (&200.into(), &"7".into())
    );
    assert!(
        meta["url"]
            .as_str()
            .unwrap()
            .contains("/v8/finance/chart/SOXL?period1="),
        "{meta}"
    );
    assert!(meta["fetched_at"].as_str().is_some());
    let text = meta.to_string();
    assert!(
        !text.contains("secret") && !text.contains("a-session"),
        "{text}"
    );
}

#[test]
fn a_replay_of_what_was_kept_gives_the_same_bars_and_lacks_the_same_days() {
    let (_server, env) = everything();
    env.run(&[&WINDOW[..], &["--archive", "kept"]].concat());
    let bars = env.pairs(BARS);
    assert!(bars.len() > 700, "{}", bars.len());
    fs::rename(env.path("data/staging.db"), env.path("data/first.db")).unwrap();
    let replay = env.run(&[&WINDOW[..], &["--replay", "kept"]].concat());
    assert_eq!(replay.code, 3, "{replay:?}");
    assert_eq!(env.pairs(BARS), bars);
    let lost = "SELECT start_date, end_date FROM lost_part ORDER BY 1";
    let days = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(
        env.pairs(lost),
        [
            days("2024-06-15", "2024-12-31"),
            days("2025-01-01", "2025-12-31")
        ]
    );
}

#[test]
fn what_was_kept_of_several_runs_is_read_as_one_and_the_newest_counts() {
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("005930", "XKRX", "KRW", &[("naver", "005930")])],
    );
    let collect = |start: &str, answer| {
        server.answer(&route("005930"), answer);
        env.succeed(&[
            "collect",
            "--start",
            start,
            "--end",
            "2024-01-05",
            "--archive",
            "kept",
        ]);
    };
    let before = "{\"localDate\":\"20231228\",\"closePrice\":99,\"openPrice\":99,\"highPrice\":99,\"lowPrice\":99,\
                   \"accumulatedTradingVolume\":1000}";
    let more = week([100, 101, 102, 103]).with_row_before(before);
    collect("2023-12-28", more);
    collect("2024-01-02", week([100, 101, 102, 113]));
    let bars = env.pairs(BARS);
    assert_eq!(
        env.count("SELECT CAST(sum(close) AS INTEGER) FROM price_daily"),
        99 + 100 + 101 + 102 + 113
    );
    fs::rename(env.path("data/staging.db"), env.path("data/first.db")).unwrap();
    env.succeed(&[
        "collect",
        "--start",
        "2023-12-28",
        "--end",
        "2024-01-05",
        "--replay",
        "kept",
    ]);
    assert_eq!(env.pairs(BARS), bars);
}

#[test]
fn a_compressed_recording_is_read_like_another() {
    let env = TestEnv::new();
    env.write(
        "data/assets.toml",
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
    );
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(
        &mut encoder,
        &recorded("yahoo_rewrapped/SOXL_2023-07..2026-07.json"),
    )
    .unwrap();
    env.write("replay/yahoo/SOXL.json.gz", encoder.finish().unwrap());
    env.write(
        "replay/yahoo/SOXL.json.gz.meta.json",
        "{\"fetched_at\": \"2026-07-03T00:00:00Z\"}",
    );
    env.succeed(&["collect", "--replay", "replay", "--start", "2023-07-01"]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE ingested_at LIKE '2026-07-03%'"),
        753
    );
    // One that ends too early is a failure with its name.
    env.write(
        "replay/yahoo/SOXL.json.gz",
        &fs::read(env.path("replay/yahoo/SOXL.json.gz")).unwrap()[..500],
    );
    let ran = env.run(&["collect", "--replay", "replay", "--start", "2023-07-01"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stdout
            .contains("cannot read the recording yahoo/SOXL.json.gz"),
        "{ran:?}"
    );
}

#[test]
fn old_answers_go_and_everything_else_stays() {
    let (_server, env) = everything();
    let collect = [&WINDOW[..], &["--archive", "kept", "--archive-days", "10"]].concat();
    env.run(&collect);
    let first = kept(&env);
    let age = |path: &PathBuf, days: u64| {
        let time = SystemTime::now() - Duration::from_secs(days * 86_400);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    for (name, path) in &first {
        age(path, if name.starts_with("yahoo/") { 11 } else { 9 });
    }
    let look_up = "kept/lookup/yahoo/AAPL@20260101T000000.000000Z.json.gz";
    for mine in ["kept/yahoo/SOXL.json", "kept/notes.txt", look_up] {
        env.write(mine, "mine");
        age(&env.path(mine), 1000);
    }
    env.run(&collect);
    assert!(!env.path(look_up).exists(), "an answer as old as any other");
    let second = kept(&env);
    for name in first.keys() {
        assert_eq!(
            second.contains_key(name),
            !name.starts_with("yahoo/"),
            "{name}"
        );
    }
    assert!(second.contains_key("yahoo/SOXL.json") && second.contains_key("notes.txt"));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_at_start_and_said_later() {
    let (_server, env) = everything();
    env.write("file", "x");
    let ran = env.run(&["collect", "--archive", "file"]);
    assert_eq!(
        (
            ran.code,
            ran.error().contains("--archive: cannot write to \"file\"")
        ),
        (2, true),
        "{ran:?}"
    );
    // A file where a source's folder should be.
    env.write("kept/yahoo", "x");
    let ran = env.run(&[&WINDOW[..], &["--assets", "SOXL", "--archive", "kept"]].concat());
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 512);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr.contains("cannot keep an answer in kept"),
        "{ran:?}"
    );
    for wrong in [
        &["--archive", "kept", "--replay", "kept"][..],
        &["--archive-days", "3"],
        &["--archive", "kept", "--archive-days", "0"],
    ] {
        assert_eq!(
            env.run(&[&["collect"], wrong].concat()).code,
            2,
            "{wrong:?}"
        );
    }
}
