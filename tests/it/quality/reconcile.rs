//! `reconcile`: two sources of one asset, day by day.

use super::{bars, year};
use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::{WEEK, asset, recorded, route};

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
            .contains("No asset has bars from two sources")
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
