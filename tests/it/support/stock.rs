//! Staged rows in any number, as another program would have written them.

use std::fs;

use rusqlite::{Connection, params};

use super::program::TestEnv;

/// An environment whose staging file has so many pending rows, to be sent to a warehouse.
pub(crate) fn stocked(url: &str, rows: i64) -> TestEnv {
    let env = TestEnv::new().with("DATABASE_URL", url);
    let ddl = env.succeed(&["schema", "staging"]).stdout;
    fs::create_dir_all(env.path("data")).unwrap();
    let connection = Connection::open(env.path("data/staging.db")).unwrap();
    connection
        .execute_batch(&format!("PRAGMA journal_mode = WAL; {ddl}"))
        .unwrap();
    fill(&env, 0, rows);
    env
}

/// Adds rows with the numbers from `first` on. A row's number is its volume; a thousand make an asset.
pub(crate) fn fill(env: &TestEnv, first: i64, rows: i64) {
    env.staging()
        .execute(
            "WITH RECURSIVE number (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1 + ?2 - 1)
             INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT printf('%06d', n / 1000), date('2020-01-01', (n % 1000) || ' days'), 'naver',
                    n + 0.1, n + 0.3, n + 0.05, n + 0.2, n, '2026-11-20T09:00:00.123456Z'
             FROM number",
            params![first, rows],
        )
        .unwrap();
}
