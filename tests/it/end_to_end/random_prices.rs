//! Random prices over their whole range, from an answer into PostgreSQL, bit for bit.

use crate::support::server::Answer;
use crate::support::warehouse::warehouse;
use crate::support::{route, shares};

/// Doubles over the whole range that a price may have, from the smallest normal one on.
fn random_prices(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(state & (u64::MAX >> 1))
    };
    std::iter::repeat_with(next)
        .filter(|p| p.is_normal())
        .take(count)
        .collect()
}

#[test]
fn every_price_keeps_all_its_bits_from_answer_to_postgres() {
    let warehouse = warehouse!();
    let seed = rand::random::<u64>();
    let prices = random_prices(seed, 3_000);
    let first = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap();
    let days: Vec<String> = first
        .iter_days()
        .take(prices.len())
        .map(|d| d.to_string())
        .collect();
    let bars: Vec<String> = days
        .iter()
        .zip(&prices)
        .map(|(day, p)| {
            let day = day.replace('-', "");
            format!(
                "{{\"localDate\":\"{day}\",\"openPrice\":{p:e},\"highPrice\":{p},\"lowPrice\":{p:e},\"closePrice\":{p},\
                 \"accumulatedTradingVolume\":5}}"
            )
        })
        .collect();
    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), Answer::ok(format!("[{}]", bars.join(","))));
    let env = env.with("DATABASE_URL", &warehouse.url());
    let end = days.last().unwrap();
    let ran = env.run(&["collect", "--start", "2010-01-01", "--end", end]);
    // No market moves so; they are staged all the same.
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.len() < 2_000, "{}", ran.stdout.len());
    env.succeed(&["sync"]);
    let sql = "SELECT open, high, low, close FROM price_daily ORDER BY date";
    let expected: Vec<[u64; 4]> = prices.iter().map(|p| [p.to_bits(); 4]).collect();
    let staged: Vec<[u64; 4]> = env
        .staging()
        .prepare(sql)
        .unwrap()
        .query_map([], |r| {
            Ok([0, 1, 2, 3].map(|i| r.get::<_, f64>(i).unwrap().to_bits()))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(staged == expected, "SQLite, seed {seed}");
    let rows = warehouse.client().query(sql, &[]).unwrap();
    let arrived: Vec<[u64; 4]> = rows
        .iter()
        .map(|r| [0, 1, 2, 3].map(|i| r.get::<_, f64>(i).to_bits()))
        .collect();
    assert!(arrived == expected, "PostgreSQL, seed {seed}");
}
