//! Many rows at once: read and acknowledged in bulk where everything is pending, one by one where it is not, over several connections.

use std::fs;

use crate::support::program::TestEnv;
use crate::support::repository;
use crate::support::stock::{fill, stocked};
use crate::support::warehouse::{TestWarehouse, warehouse};

/// Both sides' rows, counted and summed, and what is still pending.
fn sides(env: &TestEnv, warehouse: &TestWarehouse) -> ([String; 2], i64) {
    // The prices are short decimals: their sum in exact numbers is the same on both sides.
    let here: String = env
        .staging()
        .query_row(
            "SELECT count(*) || ' ' || sum(volume) || ' ' || sum(CAST(round(open * 100) AS INTEGER)) FROM price_daily",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let there = warehouse.text(
        "SELECT concat_ws(' ', count(*), sum(volume), sum(round(open * 100)::bigint)) FROM price_daily",
    );
    ([here, there], env.pending())
}

fn assert_equal(env: &TestEnv, warehouse: &TestWarehouse, context: &str) {
    let ([here, there], pending) = sides(env, warehouse);
    assert_eq!((here, pending), (there, 0), "{context}");
}

#[test]
fn several_connections_may_find_at_once_that_the_tables_are_missing() {
    let warehouse = warehouse!();
    for _ in 0..6 {
        let env = stocked(&warehouse.url(), 4000);
        let ran = env.json(&["sync"]);
        assert_eq!(
            (ran.code, &ran.row()["inserted"]),
            (0, &4000.into()),
            "{ran:?}"
        );
        // One of them makes the tables, and the others wait for it.
        let created = ran.stderr.matches("created in the warehouse").count();
        assert_eq!(created, 3, "{ran:?}");
        warehouse.execute("DROP TABLE price_daily, asset_master, job_run");
    }
}

#[test]
fn bars_wait_for_their_assets_where_a_foreign_key_needs_them() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 6000);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute(
        "ALTER TABLE price_daily ADD FOREIGN KEY (asset_id) REFERENCES asset_master;
         -- A sequence does not go back with its transaction: it counts the refused ones too.
         CREATE SEQUENCE tried;
         CREATE FUNCTION count_tries() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM nextval(''tried''); RETURN NEW; END';
         CREATE TRIGGER counted BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION count_tries();
         -- The assets come when the other connections stand and have had time to be too early.
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN
                  WHILE (
                      SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = ''pricestash''
                  ) < 2 LOOP
                      PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
                  END LOOP;
                  PERFORM pg_sleep(0.3);
                  RETURN NULL;
              END';
         CREATE TRIGGER late BEFORE INSERT ON asset_master FOR EACH STATEMENT EXECUTE FUNCTION wait()",
    );
    env.staging()
        .execute_batch(
            "INSERT INTO asset_master (asset_id, name, category, calendar, currency, source_priority, is_active)
             SELECT DISTINCT asset_id, asset_id, 'stock', 'XKRX', 'KRW', '[\"naver\"]', 1 FROM price_daily",
        )
        .unwrap();
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["inserted"], &row["rejected"]),
        (0, &6000.into(), &0.into()),
        "{row}"
    );
    assert_equal(&env, &warehouse, "");
    assert_eq!(warehouse.count("SELECT last_value FROM tried"), 6000);
}

#[test]
fn an_asset_that_is_nowhere_is_the_row_s_own_fault() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 1001);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute(
        "ALTER TABLE price_daily ADD FOREIGN KEY (asset_id) REFERENCES asset_master;
         INSERT INTO asset_master (asset_id) VALUES ('000000')",
    );
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["inserted"], &row["rejected"]),
        (3, &1000.into(), &1.into()),
        "{row}"
    );
}

/// Patterns of pending rows among those that were sent, by a condition on the row's number (its volume).
const PATTERNS: &[&str] = &[
    "1",
    "0",
    "volume % 2 = 0",
    "volume % 7 = 3",
    "volume % 1500 = 0",
    "volume < 1300",
    "volume BETWEEN 1700 AND 1999 OR volume >= 4500",
    "volume % 3 = 0 AND volume < 2000 OR volume > 3999",
];

#[test]
fn what_is_pending_among_other_rows_is_sent_and_nothing_else() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 5000);
    assert_eq!(env.sync(&[]).1["sent"], 5000);
    for (round, pattern) in PATTERNS.iter().enumerate() {
        let changed = env
            .staging()
            .execute(
                &format!("UPDATE price_daily SET open = open + 0.5, revision = revision + 1, ingested_at = '2026-11-21T09:00:00.00000{round}Z' WHERE {pattern}"),
                [],
            )
            .unwrap();
        for chunk_size in ["1000", "7"] {
            let (code, row) = env.sync(&["--chunk-size", chunk_size]);
            let expected = if chunk_size == "1000" { changed } else { 0 };
            assert_eq!((code, &row["sent"]), (0, &expected.into()), "{pattern}");
        }
        assert_equal(&env, &warehouse, pattern);
    }
    let ran = env.run(&["verify"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn rows_that_are_there_as_they_are_are_counted_and_not_even_locked() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 1500);
    assert_eq!(env.sync(&[]).0, 0);
    // Two are other rows there: one by a value, one by an older time.
    warehouse.execute(
        "UPDATE price_daily SET close = 0 WHERE volume = 3;
         UPDATE price_daily SET ingested_at = ingested_at - interval '1 day' WHERE volume = 4",
    );
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(
        (
            code,
            &row["sent"],
            &row["updated"],
            &row["unchanged"],
            &row["inserted"]
        ),
        (0, &1500.into(), &1500.into(), &1499.into(), &0.into()),
        "{row}"
    );
    assert_equal(&env, &warehouse, "");
    env.succeed(&["verify"]);
    let before = "SELECT count(DISTINCT xmin::text) FROM price_daily WHERE volume NOT IN (3, 4) AND xmax::text <> '0'";
    assert_eq!(warehouse.count(before), 0);
}

#[test]
fn refused_rows_are_left_out_of_the_next_sync_among_many_that_are_new() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 2500);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute("ALTER TABLE price_daily ADD CONSTRAINT picky CHECK (volume % 500 <> 0)");
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["rejected"]), (3, &5.into()), "{row}");
    fill(&env, 2500, 2501);
    let (code, row) = env.sync(&[]);
    // 2500 to 5000 by 500 are refused as well, and those of before are not even sent.
    assert_eq!(
        (code, &row["sent"], &row["rejected"], &row["pending"]),
        (3, &2495.into(), &11.into(), &11.into()),
        "{row}"
    );
    warehouse.execute("ALTER TABLE price_daily DROP CONSTRAINT picky");
    let (code, row) = env.sync(&["--full"]);
    assert_eq!((code, &row["inserted"]), (0, &11.into()), "{row}");
    assert_equal(&env, &warehouse, "");
}

#[test]
fn an_asset_that_is_nowhere_is_a_slip_of_the_keyboard() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.write(
        "data/assets.toml",
        fs::read(repository("data/assets.toml")).unwrap(),
    );
    env.sync(&[]);
    for command in ["sync", "verify", "export"] {
        let ran = env.run(&[command, "--assets", "NOPE"]);
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        assert!(
            ran.error().contains("there is no asset \"NOPE\""),
            "{ran:?}"
        );
        // This one is in no assets file, and has bars.
        let ran = env.run(&[command, "--assets", "000000"]);
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
    }
    // And this one's bars are in the warehouse only.
    warehouse.execute("UPDATE price_daily SET asset_id = 'OTHER' WHERE volume = 2");
    assert_eq!(env.run(&["verify", "--assets", "OTHER"]).code, 1);
}
