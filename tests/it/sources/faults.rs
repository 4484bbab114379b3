//! Sources that fail as they do on the internet: what is tried again, what is not, and what is staged and said in the end.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::program::{COLLECT, TestEnv};
use crate::support::server::{Answer, Server, dead_origin};
use crate::support::{WEEK, asset, recorded, route, shares, week};

const CLOSES: [u32; 4] = [100, 101, 102, 103];
const DAYS: &str = "SELECT date, source FROM price_daily ORDER BY asset_id, date";

#[test]
fn a_fault_that_passes_leaves_no_trace_but_in_the_log() {
    let good = || week(CLOSES);
    let body = b"[{\"localDate\":\"20240102\",\"closePrice\":1}]";
    let faults: [(&str, Answer); 9] = [
        ("503", Answer::new(503, "busy")),
        ("reset", Answer::reset()),
        ("garbage", Answer::garbage()),
        ("cut", good().cut(40)),
        ("cut in chunks", good().cut_in_chunks(40)),
        ("nothing of the body", good().cut(0)),
        ("a length that is too long", good().with_length(100_000)),
        (
            "a length that is too short",
            Answer::ok(body).with_length(20),
        ),
        ("late", good().late(Duration::from_secs(3))),
    ];
    for (name, fault) in faults {
        let (server, env) = shares(&["005930"]);
        let env = env.with("FETCH_TIMEOUT", "1.5");
        server.answer_in_turn(&route("005930"), [fault, good()]);
        let ran = env.collect();
        assert_eq!((ran.code, env.bars()), (0, 4), "{name}: {ran:?}");
        assert_eq!(server.count(&route("005930")), 2, "{name}");
        assert_eq!(env.runs()[0].2, None, "{name}");
        assert!(ran.stderr.contains("trying again"), "{name}: {ran:?}");
    }
}

#[test]
fn busy_then_reset_then_the_answer() {
    let (server, env) = shares(&["005930"]);
    let env = env.with("FETCH_MAX_RETRIES", "3");
    let answers = [Answer::new(503, "busy"), Answer::reset(), week(CLOSES)];
    server.answer_in_turn(&route("005930"), answers);
    let ran = env.collect();
    assert_eq!((ran.code, env.bars()), (0, 4), "{ran:?}");
    assert_eq!(server.count(&route("005930")), 3);
}

#[test]
fn retry_after_is_waited_for() {
    let (server, env) = shares(&["005930"]);
    let env = env.with("FETCH_MAX_RETRIES", "3");
    let slow_down = Answer::new(429, "slow down").header("Retry-After", "1");
    server.answer_in_turn(
        &route("005930"),
        [week(CLOSES).cut(30), slow_down, week(CLOSES)],
    );
    let ran = env.collect();
    assert_eq!((ran.code, env.bars()), (0, 4), "{ran:?}");
    let times = server.times();
    assert!(times[2] - times[1] >= Duration::from_secs(1));
    // Without it there is no wait here.
    assert!(times[1] - times[0] < Duration::from_secs(1));
}

#[test]
fn a_dripping_body_and_one_without_end_are_given_up() {
    let (server, env) = shares(&["005930", "000660"]);
    let env = env
        .with("FETCH_TIMEOUT", "1")
        .with("FETCH_MAX_RETRIES", "1");
    let drip = week(CLOSES).drip(Duration::from_millis(100));
    server.answer(&route("005930"), drip);
    let large = format!("[{}]", " ".repeat(17 << 20));
    server.answer(&route("000660"), Answer::ok(large));
    let env = env.with("NAVER_FCHART_BASE_URL", &dead_origin());
    let ran = env.json(&COLLECT);
    assert_eq!((ran.code, env.bars()), (1, 0), "{ran:?}");
    assert!(
        ran.message("005930")
            .starts_with("naver: the answer is cut short: the rest did not arrive in time"),
        "{ran:?}"
    );
    assert!(
        ran.message("000660").contains("larger than 16 MiB"),
        "{ran:?}"
    );
}

#[test]
fn redirects_are_followed_within_bounds() {
    let (server, env) = shares(&["005930", "000660"]);
    server.answer(&route("005930"), Answer::redirect("/moved"));
    server.answer("/moved", week(CLOSES));
    server.answer(&route("000660"), Answer::redirect(&route("000660")));
    let ran = env.json(&COLLECT);
    assert_eq!((ran.code, env.bars()), (3, 4), "{ran:?}");
    assert!(
        ran.message("000660").contains("too many redirects"),
        "{ran:?}"
    );
    assert!(server.count(&route("000660")) <= 6);
}

#[test]
fn sources_see_a_browser_with_our_name_that_takes_gzip() {
    let (server, env) = shares(&["005930"]);
    env.collect();
    let seen = &server.seen(&route("005930"))[0];
    let agent = &seen.headers["user-agent"];
    assert!(
        agent.starts_with("Mozilla/5.0") && agent.contains("pricestash/"),
        "{agent}"
    );
    assert_eq!(seen.headers["referer"], "https://m.stock.naver.com/");
    assert!(seen.headers["accept-encoding"].contains("gzip"));
    assert!(
        !seen.headers.contains_key("origin"),
        "Upbit lets those ask once in 10 s"
    );
}

#[test]
fn a_compressed_answer_is_read_and_one_that_is_cut_is_asked_for_again() {
    let body = recorded("naver/api_item_005930_day_2023-01..2026-01_rewrapped.json");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&body).unwrap();
    let packed = packed.finish().unwrap();
    let gzip = |body: &[u8]| Answer::ok(body).header("Content-Encoding", "gzip");
    let (server, env) = shares(&["005930"]);
    let half = gzip(&packed[..packed.len() / 2]);
    server.answer_in_turn(&route("005930"), [half, gzip(&packed)]);
    let ran = env.collect();
    assert_eq!((ran.code, env.bars()), (0, 4), "{ran:?}");
    assert_eq!(server.count(&route("005930")), 2);
}

#[test]
fn a_proxy_is_gone_through_except_where_it_must_not() {
    let (server, env) = shares(&["005930"]);
    let proxy = Server::new();
    let env = env.with("HTTP_PROXY", &proxy.origin());
    let ran = env.collect();
    assert_eq!((ran.code, server.paths().len()), (1, 0), "{ran:?}");
    let target = server.origin().replace("http://", "");
    assert_eq!(proxy.paths(), vec![target; 4]);
    let ran = env.with("NO_PROXY", "127.0.0.1").collect();
    assert_eq!((ran.code, server.paths().len()), (0, 1), "{ran:?}");
}

#[test]
fn fchart_is_the_second_way_to_the_same_series() {
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("005930", "XKRX", "KRW", &[("naver", "005930")])],
    );
    server.answer(
        &route("005930"),
        Answer::new(410, "<html>this address is gone</html>"),
    );
    let chart = Answer::ok(recorded("naver/005930_count1834_captured-2026-01-24.xml"));
    server.answer("/sise.nhn?symbol=005930", chart);
    let ran = env.json(&["collect", "--start", "2015-01-01", "--end", "2026-01-23"]);
    assert_eq!((ran.code, env.bars()), (0, 1834), "{ran:?}");
    assert_eq!(
        env.count("SELECT count(DISTINCT source) FROM price_daily WHERE source = 'naver'"),
        1
    );
    // What failed is said though the asset did not, and so is how far back the second way reaches.
    for text in [env.said(), ran.message("005930"), ran.stderr.clone()] {
        assert!(
            text.contains("HTTP 410: <html>this address is gone</html>"),
            "{text}"
        );
        assert!(
            text.contains("nothing from 2015-01-01 until 2018-08-03"),
            "{text}"
        );
    }
    assert_eq!(env.runs()[0].1, "success");
}

#[test]
fn a_series_in_dollars_is_stored_under_a_name_of_its_own() {
    let server = Server::new();
    let sources = "{ source = \"upbit\", symbol = \"KRW-BTC\" }, { source = \"yahoo\", symbol = \"BTC-KRW\" }, \
                   { source = \"yahoo\", symbol = \"BTC-USD\", currency = \"USD\" }";
    let text = format!(
        "[[asset]]\nid = \"BTC\"\nname = \"Bitcoin\"\ncategory = \"crypto\"\ncalendar = \"24/7\"\ncurrency = \"KRW\"\nsources = [{sources}]\n"
    );
    let env = TestEnv::at(&server, &[text]);
    let unknown = Answer::new(404, recorded("upbit/err_404_code-not-found.json"));
    server.answer("/v1/candles/days", unknown);
    let gone = Answer::new(404, recorded("yahoo/err_404_not-found.json"));
    server.answer("/v8/finance/chart/BTC-KRW", gone);
    let dollars =
        recorded("yahoo/historical-via-chart-BTC-USD-2020-01-01-to-2020-01-03.2024-09-16.json");
    server.answer("/v8/finance/chart/BTC-USD", Answer::ok(dollars));
    let ran = env.json(&["collect", "--start", "2020-01-01", "--end", "2020-01-02"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let stored = ["2020-01-01", "2020-01-02"].map(|d| (d.to_owned(), "yahoo:BTC-USD".to_owned()));
    assert_eq!(env.pairs(DAYS), stored);
    assert!(
        env.said().contains("Code not found") && env.said().contains("No data found"),
        "{}",
        env.said()
    );
}

/// The KOSPI 200 of these years at the routes of the KRX cache.
fn kospi(years: std::ops::RangeInclusive<u32>) -> (Server, TestEnv) {
    let server = Server::new();
    for year in years {
        server.answer(
            &year_route(year),
            Answer::ok(recorded(&format!("krx_index/year_ks200_{year}.csv"))),
        );
    }
    let env = TestEnv::at(
        &server,
        &[asset("KS200", "XKRX", "KRW", &[("krx", "ks200")])],
    );
    (server, env)
}

fn year_route(year: u32) -> String {
    format!("/data/index/year_ks200/{year}.csv")
}

#[test]
fn a_page_in_place_of_one_year_loses_that_year_only() {
    let (server, env) = kospi(2017..=2021);
    let page = Answer::ok("<!DOCTYPE html>\n<html><title>Sign in</title></html>");
    server.answer(&year_route(2019), page);
    let years = ["collect", "--start", "2017-01-01", "--end", "2021-12-31"];
    let ran = env.json(&years);
    assert_eq!(ran.code, 1, "{ran:?}");
    let by_year = "SELECT substr(date, 1, 4), CAST(count(*) AS TEXT) FROM price_daily GROUP BY 1";
    let had: Vec<String> = env
        .pairs(by_year)
        .into_iter()
        .map(|(year, _)| year)
        .collect();
    assert_eq!(had, ["2017", "2018", "2020", "2021"]);
    let expected =
        "2019-01-01 to 2019-12-31 is missing: a web page instead of the feed: <!DOCTYPE html>";
    assert!(ran.message("KS200").contains(expected), "{ran:?}");
    for year in 2017..=2021 {
        assert_eq!(server.count(&year_route(year)), 1, "{year}");
    }
    // When it is there again, it comes.
    server.answer(
        &year_route(2019),
        Answer::ok(recorded("krx_index/year_ks200_2019.csv")),
    );
    env.succeed(&years);
    assert_eq!(env.pairs(by_year).len(), 5);
}

#[test]
fn a_year_that_is_not_there_is_lost_but_not_asked_for_day_after_day() {
    let (server, env) = kospi(2017..=2021);
    server.answer(&year_route(2019), Answer::ok("<html>Sign in</html>"));
    let ran = env.json(&["collect", "--start", "2015-01-01", "--end", "2021-12-31"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for (first, last, why) in [(2015, 2016, "HTTP 404"), (2019, 2019, "a web page")] {
        let expected = format!("{first}-01-01 to {last}-12-31 is missing: {why}");
        assert!(ran.message("KS200").contains(&expected), "{ran:?}");
    }
    env.run(&["collect"]);
    let counts = [2016, 2017, 2018, 2019, 2020].map(|year| server.count(&year_route(year)));
    // 2020 is complete, and newer sessions tell a change of scale.
    assert_eq!(counts, [1, 1, 1, 2, 1]);
    assert_eq!(
        server.count(&year_route(2021)),
        2,
        "the newest stored sessions"
    );
}

#[test]
fn a_year_that_is_lost_for_all_is_no_closed_exchange() {
    let (server, env) = kospi(2018..=2020);
    let assets = ["KS200", "KS200-2"].map(|id| asset(id, "XKRX", "KRW", &[("krx", "ks200")]));
    env.write("data/assets.toml", assets.concat());
    server.answer(&year_route(2019), Answer::new(500, "down"));
    let ran = env.json(&["collect", "--start", "2018-01-01", "--end", "2020-12-31"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let open = env.pairs("SELECT rule, CAST(count(*) AS TEXT) FROM open_findings GROUP BY rule");
    // 246 sessions of 2019, for each asset.
    assert_eq!(open, [("date_gap".to_owned(), "492".to_owned())]);
}

#[test]
fn a_year_is_asked_for_once_a_run_whatever_needs_it() {
    let (server, env) = kospi(2018..=2021);
    let assets = ["KS200", "KS200-2"].map(|id| asset(id, "XKRX", "KRW", &[("krx", "ks200")]));
    env.write("data/assets.toml", assets.concat());
    // One year is a page, and one is not there.
    server.answer(&year_route(2019), Answer::ok("<html>Sign in</html>"));
    let ran = env.json(&["collect", "--start", "2017-01-01", "--end", "2021-12-31"]);
    assert_eq!(
        (ran.code, env.bars()),
        (1, 2 * (244 + 248 + 248)),
        "{ran:?}"
    );
    assert_eq!(ran.message("KS200"), ran.message("KS200-2"));
    for year in 2017..=2021 {
        assert_eq!(server.count(&year_route(year)), 1, "{year}");
    }
    assert_eq!(
        env.count("SELECT count(DISTINCT asset_id) FROM price_daily"),
        2
    );
}

#[test]
fn an_answer_for_another_symbol_is_a_failure() {
    let server = Server::new();
    let assets = [
        asset("SI=F", "CMES", "USD", &[("yahoo", "SI=F")]),
        asset("000660", "XKRX", "KRW", &[("naver", "000660")]),
        asset("ETH", "24/7", "KRW", &[("upbit", "KRW-ETH")]),
    ];
    let env = TestEnv::at(&server, &assets);
    server.answer(
        "/v8/finance/chart/SI=F",
        Answer::ok(recorded("yahoo_rewrapped/GC_F_2018..2025-08.json")),
    );
    server.answer(&route("000660"), Answer::new(404, "gone"));
    server.answer(
        "/sise.nhn",
        Answer::ok(recorded("naver/005930_count1834_captured-2026-01-24.xml")),
    );
    server.answer(
        "/v1/candles/days",
        Answer::ok(recorded("upbit/candles_days_KRW-BTC_to-2025-07-30.json")),
    );
    let ran = env.json(&["collect", "--start", "2025-07-01", "--end", "2025-07-29"]);
    assert_eq!((ran.code, env.bars()), (1, 0), "{ran:?}");
    for (id, words) in [
        ("SI=F", "expected prices of SI=F, got GC=F"),
        ("000660", "expected prices of 000660, got 005930"),
        ("ETH", "expected prices of KRW-ETH, got KRW-BTC"),
    ] {
        assert!(ran.message(id).contains(words), "{ran:?}");
    }
}

#[test]
fn the_time_zone_of_the_answer_dates_its_bars() {
    // 23:00Z is the next morning in Sydney, where the summer began on 6 October 2024: Monday to Wednesday.
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("BHP", "XNYS", "AUD", &[("yahoo", "BHP.AX")])],
    );
    let body = r#"{"chart":{"result":[{"meta":{"currency":"AUD","symbol":"BHP.AX","exchangeTimezoneName":"Australia/Sydney",
        "gmtoffset":36000,"dataGranularity":"1d"},"timestamp":[1728255600,1728342000,1728428400],"indicators":{"quote":[{
        "open":[1,2,3],"high":[1,2,3],"low":[1,2,3],"close":[1,2,3],"volume":[5,5,5]}]}}],"error":null}}"#;
    server.answer("/v8/finance/chart/BHP.AX", Answer::ok(body));
    env.succeed(&["collect", "--start", "2024-10-07", "--end", "2024-10-09"]);
    let days: Vec<String> = env.pairs(DAYS).into_iter().map(|(day, _)| day).collect();
    assert_eq!(days, ["2024-10-07", "2024-10-08", "2024-10-09"]);
}

#[test]
fn an_empty_answer_is_another_thing_than_none() {
    let (server, env) = shares(&["005930"]);
    server.answer(&route("005930"), Answer::ok("[]"));
    server.answer(
        "/sise.nhn",
        Answer::ok(recorded("naver/edge_empty-chartdata.xml")),
    );
    let ran = env.json(&COLLECT);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.row()["findings"], 0, "a series that has not begun");
    let empty = format!("naver: no bar from {} to {}", WEEK[0], WEEK[3]);
    assert!(ran.message("005930").contains(&empty), "{ran:?}");
    assert!(
        ran.message("005930").ends_with("no source has a bar"),
        "{ran:?}"
    );
    // A weekend has nothing to fail about, and no other source is asked for it.
    let ran = env.run(&["collect", "--start", "2024-01-06", "--end", "2024-01-07"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(server.count("/sise.nhn"), 1);
}
