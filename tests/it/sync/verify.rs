//! `verify`: what is not the same on both sides is found, and nothing else.

use serde_json::Value;

use super::ownership::ORIGINAL;
use crate::support::asset;
use crate::support::program::TestEnv;
use crate::support::stock::stocked;
use crate::support::warehouse::warehouse;

/// The differences as `asset date kind pending`.
fn verify(env: &TestEnv, arguments: &[&str]) -> (i32, Vec<String>) {
    let ran = env.run(&[&["verify", "--format", "json"], arguments].concat());
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = ran.rows();
    let told = rows.iter().map(|row| {
        let [asset, date, kind] = ["asset_id", "date", "difference"].map(|name| text(row, name));
        format!("{asset} {date} {kind} {}", row["pending"])
    });
    (ran.code, told.collect())
}

#[test]
fn one_changed_digit_a_missing_an_extra_and_a_newer_row_are_found_and_ours_repaired() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 5000);
    env.write(
        "data/assets.toml",
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
    );
    for command in [&["verify"][..], &["healthcheck", "--warehouse"]] {
        let ran = env.run(command);
        let says = "the tables do not exist yet: `pricestash sync`";
        assert!(ran.code == 1 && ran.error().contains(says), "{ran:?}");
        assert!(ran.error().contains("the warehouse at "), "{ran:?}");
    }
    env.sync(&[]);
    assert_eq!(verify(&env, &[]), (0, vec![]));
    let ran = env.run(&["verify"]);
    assert!(ran.stdout.contains("identical: 5000 rows"), "{ran:?}");

    warehouse.execute(
        "UPDATE price_daily SET close = 1234.2000000000003 WHERE asset_id = '000001' AND volume = 1234;
         UPDATE price_daily SET volume = 0 WHERE volume = 2000;
         DELETE FROM price_daily WHERE volume = 3333;
         UPDATE price_daily SET ingested_at = ingested_at + interval '1 microsecond' WHERE volume = 4000;
         UPDATE price_daily SET ingested_at = ingested_at - interval '1 day' WHERE volume = 4001;
         INSERT INTO price_daily SELECT 'OTHER', date, source, open, high, low, close, volume FROM price_daily WHERE volume = 7",
    );
    let expected = [
        "000001 2020-08-22 different false",
        "000002 2020-01-01 different false",
        "000003 2020-11-29 missing false",
        "000004 2020-01-01 newer_there false",
        "000004 2020-01-02 different false",
        "OTHER 2020-01-08 extra false",
    ];
    assert_eq!(verify(&env, &[]), (1, expected.map(str::to_owned).to_vec()));
    let ran = env.run(&["verify", "--assets", "000001", "--wide"]);
    assert!(
        ran.stdout
            .contains("close 1234.2 here, 1234.2000000000003 there"),
        "{ran:?}"
    );
    assert_eq!(verify(&env, &["--assets", "000000"]), (0, vec![]));

    assert_eq!(env.pending(), 0);
    let (code, found) = verify(&env, &["--repair"]);
    assert_eq!((code, found.len(), env.pending()), (1, 6, 4));
    // What waits for the next sync is said to.
    let (_, found) = verify(&env, &[]);
    assert_eq!(found[0], "000001 2020-08-22 different true");
    env.sync(&[]);
    let others = [
        "000004 2020-01-01 newer_there false",
        "OTHER 2020-01-08 extra false",
    ];
    assert_eq!(verify(&env, &[]), (1, others.map(str::to_owned).to_vec()));
}

#[test]
fn an_unknown_volume_is_equal_to_zero_and_two_sources_are_two_series() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 100);
    env.staging()
        .execute_batch(
            "UPDATE price_daily SET volume = NULL WHERE volume < 50;
             INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT asset_id, date, 'yahoo:X', open, high, low, close, volume, ingested_at FROM price_daily",
        )
        .unwrap();
    env.sync(&[]);
    assert_eq!(verify(&env, &[]), (0, vec![]));
    warehouse.execute("UPDATE price_daily SET low = 0.5 WHERE source = 'yahoo:X' AND volume = 60");
    assert_eq!(verify(&env, &[]).1.len(), 1);
}

#[test]
fn a_partitioned_table_is_synced_to_and_verified_like_a_plain_one() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3000);
    let ddl = env.succeed(&["schema", "partitioned"]).stdout;
    warehouse.execute(&ddl);
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["inserted"], &row["updated"]),
        (0, &3000.into(), &0.into())
    );
    let (_, row) = env.sync(&["--full"]);
    assert_eq!(
        (&row["inserted"], &row["unchanged"]),
        (&0.into(), &3000.into())
    );
    assert_eq!(verify(&env, &[]), (0, vec![]));
    let parts = "SELECT count(DISTINCT tableoid) FROM price_daily";
    assert!(warehouse.count(parts) > 1);
}

#[test]
fn a_server_that_cannot_walk_along_the_key_is_asked_otherwise() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 1500);
    env.sync(&[]);
    // As Citus does.
    warehouse.execute(
        "CREATE FUNCTION is_possible() RETURNS boolean LANGUAGE plpgsql AS
             'BEGIN
                  IF current_query() LIKE ''%RECURSIVE%'' THEN
                      RAISE EXCEPTION ''recursive CTEs are not supported in distributed queries'' USING ERRCODE = ''0A000'';
                  END IF;
                  RETURN true;
              END';
         ALTER TABLE price_daily RENAME TO shard;
         CREATE VIEW price_daily AS SELECT * FROM shard WHERE is_possible()",
    );
    assert_eq!(verify(&env, &[]), (0, vec![]));
}

#[test]
fn the_variant_for_citus_distributes_the_tables_that_it_makes() {
    let warehouse = warehouse!();
    let env = TestEnv::new();
    let ddl = env.succeed(&["schema", "citus"]).stdout;
    // What the extension would bring.
    let ddl = ddl.replace(
        "CREATE EXTENSION IF NOT EXISTS citus;",
        "CREATE TABLE distributed (name regclass, shards int);
         CREATE FUNCTION citus_get_active_worker_nodes() RETURNS TABLE (node_name text) LANGUAGE sql AS 'VALUES (''a''), (''b'')';
         CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql AS 'INSERT INTO distributed VALUES (name)';
         CREATE FUNCTION create_distributed_table(name regclass, by text, shard_count int) RETURNS void LANGUAGE sql
             AS 'INSERT INTO distributed VALUES (name, shard_count)';",
    );
    warehouse.execute(&ddl);
    let distributed = "SELECT string_agg(concat_ws(' ', name, shards), ', ' ORDER BY name::text) FROM distributed";
    assert_eq!(warehouse.text(distributed), "asset_master, price_daily 4");
    assert_eq!(warehouse.count("SELECT count(*) FROM job_run"), 0);
}

#[test]
fn rows_of_other_programs_are_named_once_and_no_difference() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let env = stocked(&warehouse.url(), 100);
    env.sync(&[]);
    warehouse.execute(
        "INSERT INTO price_daily SELECT '000000', date, 'hantoo', open, high, low, close, volume FROM price_daily WHERE source = 'fdr'",
    );
    let others = "Not compared, because they belong to other programs: fdr (2 rows of 1 asset), hantoo (2 rows of 1 asset).";
    let ran = env.run(&["verify"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout
            .starts_with("Staging and the warehouse are identical: 100 rows"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains(others), "{ran:?}");
    let ran = env.run(&["verify", "--format", "json"]);
    assert!(
        ran.rows().is_empty() && ran.stderr.contains(others),
        "{ran:?}"
    );
    // Of a source that is ours nothing is left out, also where the file has nothing of it.
    warehouse.execute("UPDATE price_daily SET source = 'yahoo' WHERE source = 'hantoo'");
    let ran = env.run(&["verify"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let first = ran.stdout.lines().next().unwrap();
    assert!(
        first.ends_with("0 missing there, 2 extra there, 0 different, 0 newer there."),
        "{ran:?}"
    );
    assert_eq!(verify(&env, &[]).1.len(), 2);
}

#[test]
fn a_time_without_an_end_is_one_in_the_future() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.sync(&[]);
    warehouse
        .execute("UPDATE price_daily SET close = 1, ingested_at = 'infinity' WHERE volume = 1");
    let found = (1, vec!["000000 2020-01-02 newer_there false".to_owned()]);
    assert_eq!(verify(&env, &[]), found);
    let ran = env.run(&["verify", "--repair"]);
    assert!(
        ran.stdout
            .contains("1 row had an ingest time in the future there"),
        "{ran:?}"
    );
    assert_eq!(env.sync(&[]).1["updated"], 1);
    assert_eq!(verify(&env, &[]), (0, vec![]));
}
