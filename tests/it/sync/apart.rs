//! One bad thing alone: a run, an asset, a row, a connection; everything else goes.

use std::time::Duration;

use rusqlite::params;
use serde_json::Value;

use crate::support::program::TestEnv;
use crate::support::proxy::{Proxy, Weather};
use crate::support::stock::{fill, stocked};
use crate::support::warehouse::{TestWarehouse, warehouse};

fn counts(row: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|n| row[*n].as_i64().unwrap()).collect()
}

/// Another program's row, dated like the others.
fn replace(env: &TestEnv, close: f64, ingested_at: &str) {
    env.staging()
        .execute(
            "INSERT OR REPLACE INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             VALUES ('000000', '2020-01-01', 'naver', ?1, ?1, ?1, ?1, 7, ?2)",
            params![close, ingested_at],
        )
        .unwrap();
}

#[test]
fn a_fatal_on_a_connection_that_stood_is_retried_whatever_its_sqlstate() {
    let warehouse = warehouse!();
    let url = warehouse.url();
    let (before, server) = url.split_at(url.find('@').unwrap() + 1);
    let (server, after) = server.split_at(server.find('/').unwrap());
    let proxy = Proxy::new(&server.replace("%2E", "."), Duration::ZERO);
    let env = stocked(&format!("{before}{}{after}", proxy.address()), 3);
    assert_eq!(env.sync(&[]).0, 0);
    for (at, code) in ["XX000", "57P05", "57P04", "25P04", "53400", "58000"]
        .into_iter()
        .enumerate()
    {
        fill(&env, 10 + i64::try_from(at).unwrap() * 3, 3);
        proxy.set(Weather::Fatal(code));
        let (exit, row) = env.sync(&[]);
        assert_eq!(exit, 0, "{code}: {row}");
        assert_eq!(
            counts(&row, &["sent", "retries", "pending"]),
            [3, 1, 0],
            "{code}"
        );
    }
}

#[test]
fn a_run_that_the_warehouse_refuses_is_a_warning_and_the_others_go() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute("ALTER TABLE job_run ALTER COLUMN error_message TYPE varchar(10)");
    env.staging()
        .execute_batch(
            "INSERT INTO job_run (job_id, job_name, started_at, status, error_message) VALUES
             ('11111111-1111-1111-1111-111111111111', 'etl', '2026-01-01T00:00:00.000000Z', 'failure', 'far too long for it'),
             ('mine', 'etl', '2026-01-01T00:00:00.000000Z', 'success', NULL),
             (x'00', 'etl', '2026-01-01T00:00:00.000000Z', 'success', NULL),
             ('11111111-1111-1111-1111-111111111112', 'etl', x'ff', 'success', NULL)",
        )
        .unwrap();
    for (rows, first) in [(3, 10), (2, 20)] {
        let ran = env.run(&["sync", "--format", "json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(counts(&ran.row(), &["sent", "pending"]), [rows, 0]);
        for run in [
            "11111111-1111-1111-1111-111111111111",
            "\"mine\"",
            "x'00'",
            "11111111-1111-1111-1111-111111111112",
        ] {
            assert!(ran.stderr.contains(run.trim_matches('"')), "{run}: {ran:?}");
        }
        fill(&env, first, 2);
    }
    assert_eq!(
        warehouse
            .count("SELECT count(*) FROM job_run WHERE job_name = 'sync' AND status = 'success'"),
        2
    );
    env.succeed(&["status", "--runs"]);
}

#[test]
fn a_refused_asset_is_said_until_it_is_taken_and_its_bars_go() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute("ALTER TABLE asset_master ALTER COLUMN name TYPE varchar(5)");
    env.staging()
        .execute_batch(
            "INSERT INTO asset_master (asset_id, name, category, calendar, currency, source_priority, is_active) VALUES
             ('000000', 'too long a name', 'stock', 'XKRX', 'KRW', '[]', 1),
             ('000001', 'short', 'stock', 'XKRX', 'KRW', '[]', 1)",
        )
        .unwrap();
    let refused = "SELECT asset_id, refused FROM asset_master WHERE refused IS NOT NULL";
    for rows in [3, 0] {
        let (code, row) = env.sync(&[]);
        assert_eq!(
            (code, counts(&row, &["sent", "pending"])),
            (3, vec![rows, 0])
        );
        let [(asset, why)] = &env.pairs(refused)[..] else {
            panic!("{:?}", env.pairs(refused));
        };
        assert!(
            asset == "000000" && why.contains("too long"),
            "{asset} {why}"
        );
        let status = env.succeed(&["status"]).stdout;
        assert!(status.contains("refuses the asset 000000"), "{status}");
        let doctor = env.run(&["doctor", "--offline"]).stdout;
        assert!(doctor.contains("refuses the asset 000000"), "{doctor}");
        let (_, _, error) = env.runs().pop().unwrap();
        assert!(error.unwrap().contains("refuses the asset"));
    }
    assert_eq!(warehouse.count("SELECT count(*) FROM asset_master"), 1);
    warehouse.execute("ALTER TABLE asset_master ALTER COLUMN name TYPE varchar(100)");
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(warehouse.count("SELECT count(*) FROM asset_master"), 2);
    assert!(env.pairs(refused).is_empty());
}

#[test]
fn one_free_connection_is_enough() {
    let mut warehouse = warehouse!();
    let owner = stocked(&warehouse.url(), 0);
    owner.succeed(&["schema", "warehouse", "--apply"]);
    let url = warehouse.url_of_a_writer("price_daily, asset_master, job_run");
    let role = url.split("//").nth(1).unwrap().split(':').next().unwrap();
    let role = role.replace("%5F", "_");
    warehouse.execute(&format!("ALTER ROLE {role} CONNECTION LIMIT 1"));
    for _ in 0..5 {
        warehouse.execute("TRUNCATE price_daily");
        let env = stocked(&url, 1000).with("SYNC_MAX_RETRIES", "1");
        let (code, row) = env.sync(&["--chunk-size", "100"]);
        assert_eq!(
            (code, counts(&row, &["inserted", "pending"])),
            (0, vec![1000, 0])
        );
    }
}

/// A table that takes `BRK-A` and `brk-a` for one; not where the server was built without ICU.
fn same_in_any_case(warehouse: &TestWarehouse) -> bool {
    let icu = "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'";
    if warehouse.count(icu) == 0 {
        return false;
    }
    warehouse.execute(
        "CREATE COLLATION same_in_any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE price_daily (asset_id varchar(20) COLLATE same_in_any_case, date date, source varchar(20),
             open float8 NOT NULL, high float8 NOT NULL, low float8 NOT NULL, close float8 NOT NULL,
             volume bigint NOT NULL, ingested_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (asset_id, date, source))",
    );
    true
}

/// A row of an asset of this name, at this hour.
fn add(env: &TestEnv, name: &str, hour: u32) {
    env.staging()
        .execute_batch(&format!(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             VALUES ('{name}', '2020-01-01', 'naver', 1.0, 1.0, 1.0, 1.0, 1, '2026-11-20T{hour:02}:00:00.000000Z')",
        ))
        .unwrap();
}

#[test]
fn a_row_never_replaces_one_of_another_key_that_is_the_same_to_the_warehouse() {
    let warehouse = warehouse!();
    if !same_in_any_case(&warehouse) {
        return;
    }
    let env = stocked(&warehouse.url(), 20);
    add(&env, "BRK-A", 9);
    assert_eq!(env.sync(&[]).0, 0);
    // Newer; and such that time and values are the same.
    for (refused, (name, hour)) in (1..).zip([("brk-a", 10), ("Brk-A", 9)]) {
        add(&env, name, hour);
        let (code, row) = env.sync(&[]);
        assert_eq!(code, 3, "{row}");
        assert_eq!(
            counts(&row, &["sent", "inserted", "updated", "rejected"]),
            [1, 0, 0, refused]
        );
        let why = format!("SELECT asset_id, message FROM sync_reject WHERE asset_id = '{name}'");
        let why = env.pairs(&why);
        assert!(why[0].1.contains("that of BRK-A from naver"), "{why:?}");
    }
    let kept = "SELECT count(*) FROM price_daily WHERE asset_id::text COLLATE \"C\" = 'BRK-A' AND ingested_at = '2026-11-20T09:00:00Z'";
    assert_eq!(warehouse.count(kept), 1);
}

#[test]
fn two_keys_that_are_one_to_the_warehouse_leave_the_others_alone() {
    let warehouse = warehouse!();
    if !same_in_any_case(&warehouse) {
        return;
    }
    let env = stocked(&warehouse.url(), 20);
    add(&env, "BRK-A", 9);
    add(&env, "brk-a", 9);
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 3, "{row}");
    assert_eq!(
        counts(&row, &["inserted", "updated", "rejected", "pending"]),
        [21, 0, 1, 1]
    );
    let refused = env.pairs("SELECT asset_id, sqlstate FROM sync_reject");
    assert_eq!(refused, [("brk-a".to_owned(), "21000".to_owned())]);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 21);
}

#[test]
fn a_trigger_that_keeps_the_old_row_is_no_update() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    assert_eq!(env.sync(&[]).0, 0);
    warehouse.execute(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
         CREATE TRIGGER keep BEFORE UPDATE ON price_daily FOR EACH ROW EXECUTE FUNCTION keep()",
    );
    replace(&env, 5.0, "2026-11-21T09:00:00.000000Z");
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 3, "{row}");
    assert_eq!(
        counts(&row, &["updated", "inserted", "rejected", "pending"]),
        [0, 0, 1, 1]
    );
}

#[test]
fn an_equal_time_ahead_of_now_is_no_trigger_s_work() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    let ahead = chrono::Utc::now() + chrono::TimeDelta::hours(3);
    replace(
        &env,
        5.0,
        &ahead.format("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
    );
    assert_eq!(env.sync(&[]).0, 0);
    // Another machine has sent a newer one of another row.
    warehouse.execute("UPDATE price_daily SET ingested_at = now() WHERE date = '2020-01-02'");
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(code, 0, "{row}");
    assert_eq!(
        counts(&row, &["skipped_older", "rejected", "pending"]),
        [1, 0, 0]
    );
}

#[test]
fn a_row_that_is_replaced_while_its_chunk_is_under_way_is_sent_again() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let holder = warehouse.lock_prices();
    let sync = env.start(&["sync", "--format", "json"]);
    warehouse.until_somebody_waits();
    replace(&env, 200.0, "2026-11-21T09:00:00.000000Z");
    drop(holder);
    let ran = sync.wait();
    assert_eq!((ran.code, env.pending()), (0, 1), "{ran:?}");
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, counts(&row, &["updated", "pending"])),
        (0, vec![1, 0])
    );
    assert_eq!(
        warehouse.text("SELECT close::text FROM price_daily WHERE date = '2020-01-01'"),
        "200"
    );
    env.succeed(&["verify"]);
}
