//! `sync`: the warehouse as others made it, latest ingest, acknowledgement, replay.

use postgres::Client;
use serde_json::Value;

use crate::support::program::{COLLECT, Running, TestEnv, until};
use crate::support::server::{Gate, Server};
use crate::support::stock::{fill, stocked};
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{WEEK, route, shares, week};

/// Shares that are collected, and a warehouse that has nothing yet.
fn collected(warehouse: &TestWarehouse, ids: &[&str]) -> (Server, TestEnv) {
    let (server, env) = shares(ids);
    let env = env.with("DATABASE_URL", &warehouse.url());
    assert_eq!(env.collect().code, 0);
    (server, env)
}

fn assert_counts(row: &Value, counts: &[(&str, u64)]) {
    for (name, count) in counts {
        assert_eq!(row[name], *count, "{name} of {row}");
    }
}

/// The tables as in section 11 of the contract, with more columns, as another program would have made them.
const MADE_BY_ANOTHER: &str = "
    CREATE TABLE asset_master (
        asset_id varchar(20) PRIMARY KEY, name varchar(100), category varchar(20), source_priority json, is_active boolean,
        note text, added_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE price_daily (
        id bigint GENERATED ALWAYS AS IDENTITY, adjusted double precision,
        asset_id varchar(20) REFERENCES asset_master, date date, source varchar(20),
        open double precision NOT NULL, high double precision NOT NULL, low double precision NOT NULL,
        close double precision NOT NULL, volume bigint NOT NULL, ingested_at timestamptz NOT NULL DEFAULT now(),
        made_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (asset_id, date, source));
    CREATE TABLE job_run (
        job_id uuid PRIMARY KEY, job_name varchar(100), started_at timestamptz, ended_at timestamptz, status varchar(20),
        error_message text, host text DEFAULT 'unknown');";

#[test]
fn tables_that_another_program_made_are_used_with_the_least_rights() {
    let mut warehouse = warehouse!();
    warehouse.execute(MADE_BY_ANOTHER);
    let (_server, env) = shares(&["005930"]);
    let url = warehouse.url_of_a_writer("asset_master, price_daily, job_run");
    let env = env.with("DATABASE_URL", &url);
    env.collect();
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("sent", 4), ("inserted", 4), ("pending", 0)]);
    let made = warehouse.text("SELECT string_agg(made_at::text, ' ' ORDER BY id) FROM price_daily");
    env.collect();
    let (_, row) = env.sync(&[]);
    assert_counts(&row, &[("sent", 4), ("inserted", 0), ("updated", 4)]);
    // A row is changed where it stands, never replaced.
    let still =
        warehouse.text("SELECT string_agg(made_at::text, ' ' ORDER BY id) FROM price_daily");
    assert_eq!(made, still);
    let asset = "SELECT concat_ws(' ', asset_id, name, category, source_priority, is_active) FROM asset_master";
    assert_eq!(
        warehouse.text(asset),
        "005930 The 005930 stock [\"naver\"] t"
    );
    assert_eq!(warehouse.count("SELECT count(ended_at) FROM job_run"), 4);
}

#[test]
fn a_table_that_cannot_keep_the_rows_as_they_are_is_refused() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    let table = |change: &str| {
        let ddl = std::fs::read_to_string(crate::support::repository(
            "schema/warehouse/price_daily.sql",
        ));
        format!(
            "DROP TABLE IF EXISTS price_daily; {}; {change}",
            ddl.unwrap()
        )
    };
    let cases = [
        (
            "ALTER TABLE price_daily ALTER close TYPE numeric",
            &["price_daily.close", "numeric", "float8"][..],
        ),
        (
            "ALTER TABLE price_daily ALTER high TYPE real",
            &["price_daily.high", "float4"],
        ),
        (
            "ALTER TABLE price_daily ALTER volume TYPE integer",
            &["price_daily.volume", "int4"],
        ),
        (
            "ALTER TABLE price_daily ALTER ingested_at TYPE timestamp",
            &["price_daily.ingested_at", "timestamp"],
        ),
        (
            "ALTER TABLE price_daily DROP close",
            &["price_daily", "no column close"],
        ),
        (
            "ALTER TABLE price_daily ADD currency text NOT NULL",
            &["price_daily.currency", "NOT NULL"],
        ),
        (
            "ALTER TABLE price_daily DROP CONSTRAINT price_daily_pkey",
            &["price_daily", "asset_id, date, source"],
        ),
    ];
    for (change, words) in cases {
        warehouse.execute(&table(change));
        let ran = env.run(&["sync"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (1, ""),
            "{change}: {ran:?}"
        );
        let error = ran.error();
        assert!(words.iter().all(|w| error.contains(w)), "{change}: {error}");
        assert_eq!(env.pending(), 4);
        assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 0);
    }
    warehouse.execute(&table(""));
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 4);
}

#[test]
fn a_newer_row_of_the_warehouse_stays_until_the_next_collect() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    env.sync(&[]);
    warehouse.execute(
        "UPDATE price_daily SET close = 1, ingested_at = ingested_at + interval '1 microsecond' WHERE date = '2024-01-03'",
    );
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(code, 0);
    assert_counts(
        &row,
        &[
            ("sent", 4),
            ("updated", 3),
            ("skipped_older", 1),
            ("skipped_future", 0),
            ("pending", 0),
        ],
    );
    let other = "SELECT count(*) FROM price_daily WHERE close = 1";
    assert_eq!(warehouse.count(other), 1);
    env.collect();
    let (_, row) = env.sync(&[]);
    assert_counts(&row, &[("updated", 4), ("skipped_older", 0)]);
    assert_eq!(warehouse.count(other), 0);
}

#[test]
fn a_warehouse_row_from_the_future_is_said_and_repaired_when_that_is_wished() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    env.sync(&[]);
    warehouse.execute(
        "UPDATE price_daily SET close = 1, ingested_at = now() + interval '1 hour' WHERE date = '2024-01-03'",
    );
    env.collect();
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 3);
    assert_counts(
        &row,
        &[
            ("sent", 4),
            ("updated", 3),
            ("skipped_older", 1),
            ("skipped_future", 1),
        ],
    );
    assert_eq!(
        warehouse.count("SELECT count(*) FROM price_daily WHERE close = 1"),
        1
    );
    let (_, status, message) = env.runs().pop().unwrap();
    assert_eq!(status, "partial_failure");
    assert!(message.unwrap().contains("future"));
    // It is not taken for sent: it is tried, and said, again, and arrives when the wrong time is gone.
    assert_eq!(env.pending(), 1);
    assert_eq!(env.sync(&[]).0, 3);
    let ran = env.run(&["sync"]);
    assert!(
        ran.stdout.contains("`pricestash verify --repair`"),
        "{ran:?}"
    );
    let ran = env.run(&["verify", "--repair"]);
    assert!(ran.stdout.contains("newer there"), "{ran:?}");
    assert_eq!(
        warehouse.count("SELECT count(*) FROM price_daily WHERE close = 1"),
        1,
        "it goes with the next sync"
    );
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("updated", 1), ("pending", 0)]);
    assert_eq!(
        warehouse.count("SELECT count(*) FROM price_daily WHERE close = 1"),
        0
    );
}

#[test]
fn every_new_revision_is_pending_until_it_is_acknowledged() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    assert_eq!(env.pending(), 4);
    env.sync(&[]);
    assert_eq!(env.pending(), 0);
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("sent", 0), ("chunks", 0)]);
    env.collect();
    assert_eq!(env.pending(), 4);
    env.sync(&[]);
    assert_eq!(env.pending(), 0);
}

#[test]
fn rows_of_another_program_are_synced_like_our_own() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    env.sync(&[]);
    // With the nine columns that it knows, over a row of ours and beside them, with an unknown volume.
    env.staging()
        .execute_batch(
            "INSERT OR REPLACE INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at) VALUES
             ('005930', '2024-01-05', 'naver', 7.1, 7.2, 7.0, 7.15, 12, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
             ('MINE', '2024-01-05', 'script', 0.1, 0.3, 0.1, 0.2, NULL, '2024-01-06T01:02:03+09:00')",
        )
        .unwrap();
    assert_eq!(env.pending(), 2);
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("inserted", 1), ("updated", 1), ("pending", 0)]);
    let mine = "SELECT concat_ws(' ', open, high, low, close, volume, ingested_at AT TIME ZONE 'UTC') FROM price_daily WHERE ";
    assert_eq!(
        warehouse.text(&format!("{mine} asset_id = 'MINE'")),
        "0.1 0.3 0.1 0.2 0 2024-01-05 16:02:03"
    );
    let ours = warehouse.text(&format!(
        "{mine} asset_id = '005930' AND date = '2024-01-05'"
    ));
    assert!(ours.starts_with("7.1 7.2 7 7.15 12 "), "{ours}");
}

#[test]
fn an_unreadable_row_waits_in_sync_reject_and_the_others_arrive() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    let change = |time: &str| {
        let sql =
            "UPDATE price_daily SET ingested_at = ?1, revision = revision + 1 WHERE date = ?2";
        env.staging().execute(sql, (time, WEEK[1])).unwrap();
    };
    change("yesterday");
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 3);
    assert_counts(
        &row,
        &[
            ("sent", 3),
            ("inserted", 3),
            ("rejected", 1),
            ("pending", 1),
        ],
    );
    let rejects = env.pairs("SELECT date, message FROM sync_reject");
    assert_eq!(rejects.len(), 1);
    assert!(
        rejects[0].0 == WEEK[1] && rejects[0].1.contains("ingested_at"),
        "{rejects:?}"
    );
    // Said again as long as it is so, and forgotten when the row was mended.
    assert_eq!(env.sync(&[]).0, 3);
    change("2024-01-06T00:00:00.000000Z");
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(
        &row,
        &[
            ("sent", 1),
            ("inserted", 1),
            ("rejected", 0),
            ("pending", 0),
        ],
    );
    assert_eq!(env.count("SELECT count(*) FROM sync_reject"), 0);
}

#[test]
fn what_could_not_be_sent_is_sent_by_the_next_sync() {
    let warehouse = warehouse!();
    let (_server, mut env) = collected(&warehouse, &["005930"]);
    env.set("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/prices");
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.error().contains("127.0.0.1:1") && ran.error().contains("4 rows"),
        "{ran:?}"
    );
    assert_eq!(env.pending(), 4);
    let (name, status, message) = env.runs().pop().unwrap();
    assert_eq!((name.as_str(), status.as_str()), ("sync", "failure"));
    assert!(message.unwrap().starts_with("[{"));
    env.set("DATABASE_URL", &warehouse.url());
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(env.pending(), 0);
    let runs = "SELECT string_agg(concat_ws(' ', job_name, status, ended_at IS NOT NULL), ', ' ORDER BY job_id) FROM job_run";
    assert_eq!(
        warehouse.text(runs),
        "collect success t, sync failure t, sync success t"
    );
}

#[test]
fn the_password_is_shown_neither_when_it_is_right_nor_when_it_is_wrong() {
    let mut warehouse = warehouse!();
    warehouse.execute(MADE_BY_ANOTHER);
    let (_server, env) = shares(&["005930"]);
    let mut env = env.with("LOG_LEVEL", "trace");
    env.collect();
    let right = warehouse.url_of_a_writer("asset_master, price_daily, job_run");
    let wrong = warehouse.url_of("pricestash_nobody", "wrong_secret");
    for (url, code) in [(wrong, 1), (right, 0)] {
        env.set("DATABASE_URL", &url);
        let ran = env.run(&["sync"]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(!format!("{ran:?}").contains("secret"), "{ran:?}");
    }
    assert!(
        env.runs()
            .iter()
            .all(|run| !format!("{run:?}").contains("secret"))
    );
    let message = "SELECT string_agg(error_message, ' ') FROM job_run";
    assert!(!warehouse.text(message).contains("secret"));
}

#[test]
fn only_what_is_asked_for_is_sent() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930", "000660"]);
    assert_eq!(env.sync(&["--dry-run"]).1["would_send"], 8);
    assert_eq!((env.pending(), env.runs().len()), (8, 1));
    let (_, row) = env.sync(&["--assets", "000660", "--chunk-size", "3"]);
    assert_counts(&row, &[("sent", 4), ("chunks", 2), ("pending", 4)]);
    let (_, row) = env.sync(&["--chunk-size", "4"]);
    assert_counts(&row, &[("sent", 4), ("chunks", 1), ("pending", 0)]);
    warehouse.execute("TRUNCATE price_daily, asset_master, job_run");
    let (_, row) = env.sync(&["--full"]);
    assert_counts(&row, &[("sent", 8), ("inserted", 8)]);
    assert_eq!(warehouse.count("SELECT count(*) FROM asset_master"), 2);
    assert_eq!(warehouse.count("SELECT count(*) FROM job_run"), 4);
}

#[test]
fn two_syncs_at_once_end_with_the_warehouse_equal_to_staging() {
    let warehouse = warehouse!();
    let ids: Vec<String> = (0..20).map(|n| format!("{n:06}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (_server, env) = collected(&warehouse, &ids);
    let syncs: Vec<_> = (0..3)
        .map(|_| env.start(&["sync", "--chunk-size", "7"]))
        .collect();
    for sync in syncs {
        assert_eq!(sync.wait().code, 0);
    }
    assert_eq!(env.pending(), 0);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 80);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(
        warehouse.count("SELECT count(*) FROM job_run WHERE ended_at IS NULL"),
        0
    );
}

/// A sync of what is collected that waits for a table's lock, with the transaction that holds it.
fn held(env: &TestEnv, warehouse: &TestWarehouse) -> (Running, Client) {
    env.succeed(&["schema", "warehouse", "--apply"]);
    let holder = warehouse.lock_prices();
    let sync = env.start(&["sync"]);
    warehouse.until_somebody_waits();
    (sync, holder)
}

#[test]
fn what_changes_while_it_is_sent_stays_pending() {
    let warehouse = warehouse!();
    let (server, env) = collected(&warehouse, &["005930"]);
    let (sync, mut holder) = held(&env, &warehouse);
    server.answer(&route("005930"), week([100, 101, 102, 104]));
    assert_eq!(env.collect().code, 0);
    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(sync.wait().code, 0);
    let changed = "SELECT count(*) FROM price_daily WHERE close = 104";
    assert_eq!((env.pending(), warehouse.count(changed)), (4, 0));
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!((env.pending(), warehouse.count(changed)), (0, 1));
}

#[test]
fn an_asset_that_comes_while_a_sync_runs_goes_with_its_bars() {
    const ASSETS: &str = "INSERT INTO asset_master (asset_id, name, category, calendar, currency, source_priority, is_active)
         SELECT DISTINCT asset_id, asset_id, 'stock', 'XKRX', 'KRW', '[\"naver\"]', 1 FROM price_daily WHERE true ON CONFLICT DO NOTHING";
    let warehouse = warehouse!();
    warehouse.execute(MADE_BY_ANOTHER);
    let env = stocked(&warehouse.url(), 12_000);
    env.staging().execute_batch(ASSETS).unwrap();
    let (sync, mut holder) = held(&env, &warehouse);
    // The reader is far from the last asset yet.
    fill(&env, 12_000, 500);
    env.staging().execute_batch(ASSETS).unwrap();
    holder.batch_execute("COMMIT").unwrap();
    let ran = sync.wait();
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, row) = env.sync(&[]);
    assert_counts(&row, &[("rejected", 0), ("pending", 0)]);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 12_500);
}

#[test]
fn a_sync_that_died_before_it_could_acknowledge_is_repeated() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["005930"]);
    let (sync, mut holder) = held(&env, &warehouse);
    sync.kill();
    // The server may still take what was sent; nobody is there to hear of it.
    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(env.pending(), 4);
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("sent", 4), ("skipped_older", 0), ("pending", 0)]);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 4);
    let runs =
        "SELECT string_agg(status, ' ' ORDER BY job_id) FROM job_run WHERE ended_at IS NOT NULL";
    assert_eq!(warehouse.text(runs), "success failure success");
}

#[test]
fn a_sync_beside_a_collect_takes_what_is_there() {
    let warehouse = warehouse!();
    let (server, env) = shares(&["005930", "000660"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    let gate = Gate::default();
    let answer = week([100, 101, 102, 103]).behind(&gate);
    server.answer(&route("000660"), answer);
    let collect = env.start(&COLLECT);
    until("the second request", || server.count(&route("000660")) == 1);
    until("the first asset", || env.pending() == 4);
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 0);
    assert_counts(&row, &[("inserted", 4), ("pending", 0)]);
    let run =
        "SELECT concat_ws(' ', status, ended_at IS NULL) FROM job_run WHERE job_name = 'collect'";
    assert_eq!(warehouse.text(run), "running t");
    gate.open();
    assert_eq!(collect.wait().code, 0);
    let (_, row) = env.sync(&[]);
    assert_counts(&row, &[("inserted", 4), ("pending", 0)]);
    assert_eq!(warehouse.text(run), "success f");
}
