//! New rows go by COPY where nothing else can happen to them, and by the statement everywhere else.

use crate::support::program::{Ran, TestEnv};
use crate::support::stock::stocked;
use crate::support::warehouse::{TestWarehouse, warehouse};

/// An environment with so many pending rows and the tables in the warehouse; what was copied stands in the log.
fn loaded(warehouse: &TestWarehouse, rows: i64) -> TestEnv {
    let env = stocked(&warehouse.url(), rows).with("LOG_LEVEL", "debug");
    env.succeed(&["schema", "warehouse", "--apply"]);
    env
}

fn copied(ran: &Ran) -> usize {
    ran.stderr.matches("chunk copied").count()
}

fn assert_same(env: &TestEnv) {
    assert_eq!((env.pending(), env.run(&["verify"]).code), (0, 0));
}

#[test]
fn new_rows_are_copied_and_counted_and_arrive_as_they_are() {
    let warehouse = warehouse!();
    // On a machine that is busy the server may seem far away.
    let is_copied = (0..5).any(|_| {
        let env = loaded(&warehouse, 5000);
        env.staging()
            .execute_batch(
                "UPDATE price_daily SET asset_id = 'Ä ''\"\\', source = 'naver:é', volume = NULL, high = 1e-310,
                     ingested_at = '1999-12-31T23:59:59.999999Z' WHERE volume = 7;
                 UPDATE price_daily SET date = '1961-02-28' WHERE volume = 8",
            )
            .unwrap();
        let ran = env.json(&["sync"]);
        let row = ran.row();
        assert_eq!(
            (ran.code, &row["sent"], &row["inserted"], &row["updated"], &row["chunks"]),
            (0, &5000.into(), &5000.into(), &0.into(), &5.into()),
            "{ran:?}"
        );
        assert_same(&env);
        let odd = "SELECT asset_id || source || volume || ' ' || open || ' ' || high FROM price_daily WHERE ingested_at < '2000-01-01'";
        assert_eq!(warehouse.text(odd), "Ä '\"\\naver:é0 7.1 1e-310");
        warehouse.execute("DROP TABLE price_daily, asset_master, job_run");
        copied(&ran) > 0
    });
    // Under Wine connecting takes so long that every server seems far away.
    assert!(is_copied || cfg!(windows));
}

/// What keeps rows from being copied, and how many rows are there afterwards.
const NOT_PLAIN: &[(&str, i64)] = &[
    (
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER keep BEFORE INSERT ON price_daily FOR EACH ROW EXECUTE FUNCTION keep()",
        1500,
    ),
    ("ALTER TABLE price_daily ENABLE ROW LEVEL SECURITY", 1500),
    ("CREATE TABLE child () INHERITS (price_daily)", 1500),
    (
        "CREATE TABLE elsewhere (asset_id text);
         CREATE RULE also AS ON INSERT TO price_daily WHERE NEW.asset_id = 'never' DO ALSO INSERT INTO elsewhere VALUES (NEW.asset_id)",
        -1,
    ),
    (
        "ALTER TABLE price_daily ALTER asset_id TYPE char(20)",
        -1,
    ),
];

#[test]
fn a_table_in_which_more_happens_to_a_row_gets_the_statement() {
    let warehouse = warehouse!();
    for (change, rows) in NOT_PLAIN {
        let env = loaded(&warehouse, 1500);
        warehouse.execute(change);
        let ran = env.json(&["sync"]);
        assert_eq!(copied(&ran), 0, "{change}: {ran:?}");
        if *rows >= 0 {
            assert_eq!(
                warehouse.count("SELECT count(*) FROM price_daily"),
                *rows,
                "{change}"
            );
            assert_eq!(ran.code, 0, "{change}: {ran:?}");
        }
        warehouse.execute(
            "DROP TABLE IF EXISTS child; DROP TABLE price_daily, asset_master, job_run; DROP FUNCTION IF EXISTS keep; DROP TABLE IF EXISTS elsewhere",
        );
    }
}

#[test]
fn rows_that_are_there_are_not_copied_and_lose_or_win_by_their_time() {
    let warehouse = warehouse!();
    let env = loaded(&warehouse, 1500);
    warehouse.execute(
        "INSERT INTO price_daily VALUES ('000000', '2020-01-05', 'naver', 1, 1, 1, 1, 1, '2026-11-25T00:00:00Z'),
             ('000001', '2020-01-05', 'naver', 1, 1, 1, 1, 1, '2020-01-01T00:00:00Z')",
    );
    let ran = env.json(&["sync"]);
    let row = ran.row();
    assert_eq!(
        (
            copied(&ran),
            &row["inserted"],
            &row["updated"],
            &row["skipped_older"]
        ),
        (0, &1498.into(), &1.into(), &1.into()),
        "{ran:?}"
    );
    assert_eq!(
        warehouse.count("SELECT count(*) FROM price_daily WHERE open = 1"),
        1
    );
}

#[test]
fn a_row_that_another_writer_is_about_to_commit_wins_or_loses_by_its_time() {
    let warehouse = warehouse!();
    for (time, open) in [("2026-11-25T00:00:00Z", 1), ("2020-01-01T00:00:00Z", 0)] {
        let env = loaded(&warehouse, 1000);
        let mut other = warehouse.client();
        let mut transaction = other.transaction().unwrap();
        // Nobody sees it yet.
        transaction
            .batch_execute(&format!(
                "INSERT INTO price_daily VALUES ('000000', '2020-01-05', 'naver', 1, 1, 1, 1, 1, '{time}')"
            ))
            .unwrap();
        let sync = env.start(&["sync", "--format", "json"]);
        warehouse.until_somebody_waits();
        transaction.commit().unwrap();
        let ran = sync.wait();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 1000);
        assert_eq!(
            warehouse.count("SELECT count(*) FROM price_daily WHERE open = 1"),
            open
        );
        assert_eq!(env.pending(), 0);
        warehouse.execute("DROP TABLE price_daily, asset_master, job_run");
    }
}

#[test]
fn a_bad_row_is_alone_in_sync_reject_and_the_next_chunks_are_copied() {
    let warehouse = warehouse!();
    let env = loaded(&warehouse, 4000);
    warehouse.execute("ALTER TABLE price_daily ADD CHECK (volume <> 500)");
    let ran = env.json(&["sync"]);
    let row = ran.row();
    assert_eq!(
        (ran.code, &row["inserted"], &row["rejected"]),
        (3, &3999.into(), &1.into()),
        "{ran:?}"
    );
    assert_eq!(env.pending(), 1);
}
