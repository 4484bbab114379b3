//! Recorded years through the sources' own addresses into staging, and into PostgreSQL, bit for bit.

use std::collections::BTreeMap;

use postgres::Client;

use crate::support::program::TestEnv;
use crate::support::reading::{self, Days, Values};
use crate::support::server::{Answer, Server};
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{asset, recorded};

const NAVER: &str = "naver/api_item_005930_day_2023-01..2026-01_rewrapped.json";
const FCHART: &str = "naver/000660_rewrapped_2023-12..2025-06.xml";
const SEOUL: &str = "yahoo/360750.KS_isa_max_unhedged_sp500_2026-05-27.json";
const NEW_YORK: &str = "yahoo_rewrapped/SOXL_2023-07..2026-07.json";
const NEW_YORK_LONG: &str =
    "yahoo/historical-via-chart-dividends-TSLA-no-dividends.2025-02-22.json";
const UTC: &str = "yahoo_rewrapped/BTC-USD_2018..2025-08.json";

/// Three years of the index, an exchange in Seoul, one in New York, and one that never closes.
const EARLY: [&str; 3] = ["KS200,360750,TSLA,BTC", "2019-01-01", "2021-12-31"];
/// Two years of both ways to Naver, and of New York.
const LATE: [&str; 3] = ["005930,000660,SOXL", "2023-07-01", "2025-06-30"];

/// Asset and day, and the source, as in the warehouse's key.
type Key = (String, String, String);

fn server() -> Server {
    let server = Server::new();
    for year in 2019..=2021 {
        let body = recorded(&format!("krx_index/year_ks200_{year}.csv"));
        let route = format!("/data/index/year_ks200/{year}.csv");
        server.answer(&route, Answer::ok(body));
    }
    let naver = |symbol: &str| format!("/chart/domestic/item/{symbol}/day");
    server.answer(&naver("005930"), Answer::ok(recorded(NAVER)));
    // This one's day API is down, so that fchart is asked.
    server.answer(&naver("000660"), Answer::new(500, "<html>down</html>"));
    server.answer("/sise.nhn?symbol=000660", Answer::ok(recorded(FCHART)));
    for (symbol, file) in [
        ("360750.KS", SEOUL),
        ("SOXL", NEW_YORK),
        ("TSLA", NEW_YORK_LONG),
        ("BTC-USD", UTC),
    ] {
        let answer = Answer::ok(recorded(file)).header("Content-Type", "application/json");
        server.answer(&format!("/v8/finance/chart/{symbol}"), answer);
    }
    server
}

fn assets() -> Vec<String> {
    vec![
        asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]),
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
        asset("000660", "XKRX", "KRW", &[("naver", "000660")]),
        asset("360750", "XKRX", "KRW", &[("yahoo", "360750.KS")]),
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
        asset("TSLA", "XNYS", "USD", &[("yahoo", "TSLA")]),
        asset("BTC", "24/7", "USD", &[("yahoo", "BTC-USD")]),
    ]
}

/// What the recordings say about the days that are asked for.
fn expected() -> BTreeMap<Key, Values> {
    let years = (2019..=2021).map(|y| reading::krx(&format!("krx_index/year_ks200_{y}.csv")));
    let series: Vec<(&str, &str, Days, [&str; 3])> = vec![
        ("KS200", "krx", years.flatten().collect(), EARLY),
        ("360750", "yahoo", reading::yahoo(SEOUL, 9), EARLY),
        ("TSLA", "yahoo", reading::yahoo(NEW_YORK_LONG, 0), EARLY),
        ("BTC", "yahoo", reading::yahoo(UTC, 0), EARLY),
        ("005930", "naver", reading::naver(NAVER), LATE),
        ("000660", "naver", reading::fchart(FCHART), LATE),
        ("SOXL", "yahoo", reading::yahoo(NEW_YORK, 0), LATE),
    ];
    let rows = series
        .into_iter()
        .flat_map(|(asset, source, days, window)| {
            let days = days
                .into_iter()
                .filter(move |(day, _)| (window[1]..=window[2]).contains(&day.as_str()));
            days.map(|(day, values)| ((asset.to_owned(), day, source.to_owned()), values))
        });
    rows.collect()
}

const STORED: &str = "SELECT asset_id, to_char(date, 'YYYY-MM-DD'), source, open, high, low, close, volume, \
                      to_char(ingested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM price_daily";

/// What the warehouse holds, and when each row was ingested.
fn stored(client: &mut Client) -> (BTreeMap<Key, Values>, BTreeMap<Key, String>) {
    let (mut values, mut times) = (BTreeMap::new(), BTreeMap::new());
    for row in client.query(STORED, &[]).unwrap() {
        let key: Key = (row.get(0), row.get(1), row.get(2));
        let bits = [3, 4, 5, 6].map(|column| row.get::<_, f64>(column).to_bits());
        values.insert(key.clone(), (bits, row.get(7)));
        times.insert(key, row.get(8));
    }
    (values, times)
}

fn assert_same(found: &BTreeMap<Key, Values>, expected: &BTreeMap<Key, Values>) {
    let keys = expected.keys().chain(found.keys());
    let wrong: Vec<_> = keys
        .filter(|key| found.get(*key) != expected.get(*key))
        .map(|key| (key, found.get(key), expected.get(key)))
        .take(5)
        .collect();
    assert!(wrong.is_empty(), "found, expected: {wrong:?}");
}

fn collect_and_sync(env: &TestEnv) {
    for [assets, start, end] in [EARLY, LATE] {
        let window = [
            "collect", "--assets", assets, "--start", start, "--end", end,
        ];
        env.succeed(&window);
    }
    env.succeed(&["sync"]);
    assert_eq!(env.pending(), 0);
}

fn assert_every_run_has_arrived(env: &TestEnv, warehouse: &TestWarehouse) {
    let runs = env.pairs("SELECT job_id, status FROM job_run ORDER BY job_id");
    let rows = warehouse
        .client()
        .query(
            "SELECT job_id::text, status FROM job_run WHERE ended_at >= started_at ORDER BY job_id::text",
            &[],
        )
        .unwrap();
    let arrived: Vec<(String, String)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    assert_eq!(arrived, runs);
    assert!(runs.iter().all(|(_, status)| status == "success"));
}

#[test]
fn recorded_years_arrive_bit_for_bit_and_a_second_time_changes_only_when_they_were_ingested() {
    let warehouse = warehouse!();
    let server = server();
    let env = TestEnv::at(&server, &assets()).with("DATABASE_URL", &warehouse.url());
    let expected = expected();
    assert!(expected.len() > 4_000, "{}", expected.len());

    collect_and_sync(&env);
    let (values, first_times) = stored(&mut warehouse.client());
    assert_same(&values, &expected);
    assert_every_run_has_arrived(&env, &warehouse);
    // fchart was asked because the day API was down, and under the same source name.
    assert!(server.count("/sise.nhn?symbol=000660") == 1 && server.count("/sise.nhn") == 1);

    collect_and_sync(&env);
    let (values, second_times) = stored(&mut warehouse.client());
    assert_same(&values, &expected);
    assert_every_run_has_arrived(&env, &warehouse);
    assert_eq!(first_times.len(), second_times.len());
    let moved = |(key, time): (&Key, &String)| *time > first_times[key];
    assert!(second_times.iter().all(moved));
}
