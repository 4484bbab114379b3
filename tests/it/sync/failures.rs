//! What a sync does when the warehouse, the network or a row is against it: each class of failure, one at a time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::program::{TestEnv, until};
use crate::support::stock::{fill, stocked};
use crate::support::warehouse::warehouse;

/// Sessions that wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[test]
fn a_server_that_says_nothing_is_given_up() {
    // The system accepts connections for it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "postgres://me:secret@{}/prices",
        silent.local_addr().unwrap()
    );
    let env = stocked(&url, 3).with("SYNC_CONNECT_TIMEOUT", "0.2");
    let started = Instant::now();
    let ran = env.run(&["sync"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{ran:?}");
    assert_eq!((ran.code, env.pending()), (1, 3), "{ran:?}");
    assert!(
        ran.error().contains("no answer within 0.2 s") && ran.error().contains("3 rows wait"),
        "{ran:?}"
    );
}

#[test]
fn a_statement_that_takes_too_long_is_ended_here_and_at_the_server() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3).with("SYNC_STATEMENT_TIMEOUT", "0.3");
    env.succeed(&["schema", "warehouse", "--apply"]);
    let holder = warehouse.lock_prices();
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, env.pending()), (1, 3), "{ran:?}");
    assert!(ran.error().contains("no answer within 0.3 s"), "{ran:?}");
    until("the statements to be cancelled", || {
        warehouse.count(WAITING) == 0
    });
    drop(holder);
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["inserted"]), (0, &3.into()), "{row}");
}

#[test]
fn who_holds_a_lock_is_said_by_sync_and_by_doctor() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3)
        .with("SYNC_STATEMENT_TIMEOUT", "3")
        .with("SYNC_MAX_RETRIES", "1");
    env.succeed(&["schema", "warehouse", "--apply"]);
    let mut holder = warehouse.lock_prices();
    let pid: i32 = holder
        .query_one("SELECT pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let session = format!("the session {pid} of ");
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, env.pending()), (1, 3), "{ran:?}");
    assert!(
        ran.error().contains(&session) && ran.error().contains("idle in transaction"),
        "{ran:?}"
    );
    let ran = env.run(&["doctor", "--offline", "--format", "json"]);
    let found = ran.rows();
    let prices = found
        .iter()
        .find(|check| check["check"] == "warehouse tables");
    let prices = prices.unwrap_or_else(|| panic!("{ran:?}"));
    let words = format!("price_daily is locked by {session}");
    assert_eq!(prices["status"], "WARN");
    assert!(
        prices["detail"].as_str().unwrap().contains(&words),
        "{prices}"
    );
}

#[test]
fn a_chunk_whose_connection_is_ended_is_sent_again() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let holder = warehouse.lock_prices();
    let sync = env.start(&["sync", "--format", "json"]);
    until("the sync to wait", || warehouse.count(WAITING) == 1);
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(warehouse.count(end), 1);
    drop(holder);
    let ran = sync.wait();
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = ran.row();
    assert_eq!(
        (&row["sent"], &row["retries"], &row["pending"]),
        (&3.into(), &1.into(), &0.into())
    );
}

#[test]
fn a_refused_row_is_alone_in_sync_reject_and_arrives_when_nothing_refuses_it() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 2500);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse
        .execute("ALTER TABLE price_daily ADD CONSTRAINT odd CHECK (volume NOT IN (7, 8, 1500))");
    let (code, row) = env.sync(&[]);
    assert_eq!(code, 3);
    assert_eq!(
        (&row["sent"], &row["rejected"], &row["pending"]),
        (&2497.into(), &3.into(), &3.into()),
        "{row}"
    );
    let why = env.pairs("SELECT sqlstate || ' ' || constraint_name, message FROM sync_reject");
    assert_eq!(why.len(), 3);
    for (code, message) in why {
        assert_eq!(code, "23514 odd");
        assert!(message.contains("violates check constraint"), "{message}");
    }
    assert_eq!(
        env.count(
            "SELECT sum(volume) FROM price_daily JOIN sync_reject USING (asset_id, date, source)"
        ),
        1515
    );
    // As long as nothing changes, they are not sent again.
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["sent"], &row["rejected"]),
        (3, &0.into(), &3.into())
    );
    warehouse.execute("ALTER TABLE price_daily DROP CONSTRAINT odd");
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(
        (code, &row["inserted"], &row["unchanged"]),
        (0, &3.into(), &2497.into()),
        "{row}"
    );
    assert_eq!(
        (env.pending(), env.count("SELECT count(*) FROM sync_reject")),
        (0, 0)
    );
}

#[test]
fn a_row_that_a_trigger_drops_is_not_taken_for_one_that_arrived() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3000);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let drop = |condition: &str| {
        warehouse.execute(&format!(
            "CREATE OR REPLACE FUNCTION drop_some() RETURNS trigger LANGUAGE plpgsql
             AS 'BEGIN IF {condition} THEN RETURN NULL; END IF; RETURN NEW; END';
             CREATE OR REPLACE TRIGGER drop_some BEFORE INSERT OR UPDATE ON price_daily
             FOR EACH ROW EXECUTE FUNCTION drop_some()"
        ));
    };
    drop("NEW.volume % 700 = 1");
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (
            code,
            &row["inserted"],
            &row["skipped_older"],
            &row["rejected"],
            &row["pending"]
        ),
        (3, &2995.into(), &0.into(), &5.into(), &5.into()),
        "{row}"
    );
    let noted =
        "SELECT count(*) FROM sync_reject WHERE sqlstate = '02000' AND message LIKE '%a trigger%'";
    assert_eq!(env.count(noted), 5);
    // The newer version of a row that is there may be dropped too.
    drop("NEW.volume = 2");
    env.staging()
        .execute(
            "UPDATE price_daily SET close = close + 0.01, ingested_at = '2026-11-21T09:00:00.000000Z', revision = revision + 1
             WHERE volume BETWEEN 1 AND 3",
            [],
        )
        .unwrap();
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["inserted"], &row["updated"], &row["rejected"]),
        (3, &1.into(), &1.into(), &5.into()),
        "{row}"
    );
    drop("false");
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(
        (code, &row["inserted"], &row["pending"]),
        (0, &4.into(), &0.into()),
        "{row}"
    );
    env.succeed(&["verify"]);
    // One that drops everything is not the rows' fault.
    drop("true");
    fill(&env, 3000, 500);
    let ran = env.run(&["sync"]);
    assert!(
        ran.code == 1 && ran.error().contains("a trigger"),
        "{ran:?}"
    );
    assert_eq!(
        (env.pending(), env.count("SELECT count(*) FROM sync_reject")),
        (500, 0)
    );
}

#[test]
fn a_constraint_that_refuses_everything_is_not_the_rows_fault() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 1200);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute("ALTER TABLE price_daily ADD CONSTRAINT never CHECK (false)");
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, env.pending()), (1, 1200), "{ran:?}");
    assert!(
        ran.error().contains("the rows are not at fault") && ran.error().contains("23514"),
        "{ran:?}"
    );
    assert_eq!(env.count("SELECT count(*) FROM sync_reject"), 0);
    warehouse.execute("ALTER TABLE price_daily DROP CONSTRAINT never");
    assert_eq!(env.sync(&[]).1["inserted"], 1200);
}

#[test]
fn what_a_person_has_to_mend_is_said_in_one_sentence() {
    let mut warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let url = warehouse.url_of_a_writer("asset_master, price_daily, job_run");
    let env = env.with("DATABASE_URL", &url);
    let role = warehouse.text(
        "SELECT grantee::text FROM information_schema.role_table_grants
         WHERE table_name = 'price_daily' AND privilege_type = 'INSERT' AND grantee LIKE 'pricestash_test%' LIMIT 1",
    );
    warehouse.execute(&format!("REVOKE INSERT ON price_daily FROM {role}"));
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, env.pending()), (1, 3), "{ran:?}");
    assert!(
        ran.error().contains("42501") && ran.error().contains("grant the user"),
        "{ran:?}"
    );
    // Not tried again: it does not pass by itself.
    assert!(!ran.stderr.contains("trying again"), "{ran:?}");
    warehouse.execute(&format!("GRANT INSERT ON price_daily TO {role}"));
    assert_eq!(env.sync(&[]).0, 0);
}

#[test]
fn a_second_sync_of_the_file_waits_for_the_first_and_says_so() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 3);
    env.succeed(&["schema", "warehouse", "--apply"]);
    let holder = warehouse.lock_prices();
    let first = env.start(&["sync"]);
    until("the first to wait", || warehouse.count(WAITING) == 1);
    let second = env.start(&["sync", "--format", "json", "--log-dir", "logs"]);
    let waits = "another sync of this file";
    until("the second to wait", || env.log().contains(waits));
    // It has opened no run, and so is behind the first one.
    let sessions = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'pricestash'";
    assert_eq!(warehouse.count(sessions), 1);
    drop(holder);
    assert_eq!(first.wait().code, 0);
    let second = second.wait();
    assert_eq!((second.code, &second.row()["sent"]), (0, &0.into()));
    assert!(second.stderr.contains(waits), "{second:?}");
    let left = "SELECT count(*) FROM job_run WHERE status = 'running'";
    assert_eq!((warehouse.count(left), env.count(left)), (0, 0));
}

/// Of somebody else.
const FOREIGN_ROW: &str =
    "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume)
    VALUES ('theirs', '2020-01-01', 'naver', 1, 1, 1, 1, 1)";

#[test]
fn another_warehouse_with_rows_is_recognised_and_gets_everything_by_a_full_sync() {
    let (one, other) = (warehouse!(), warehouse!());
    let env = stocked(&one.url(), 5);
    assert_eq!(env.sync(&[]).0, 0);
    fill(&env, 5, 3);
    let env = env.with("DATABASE_URL", &other.url());
    env.succeed(&["schema", "warehouse", "--apply"]);
    other.execute(FOREIGN_ROW);
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, env.pending()), (1, 3), "{ran:?}");
    assert!(
        ran.error().contains("another warehouse") && ran.error().contains("sync --full"),
        "{ran:?}"
    );
    assert_eq!(other.count("SELECT count(*) FROM price_daily"), 1);
    let (code, row) = env.sync(&["--full"]);
    assert_eq!(
        (code, &row["inserted"], &row["pending"]),
        (0, &8.into(), &0.into()),
        "{row}"
    );
    // It is the warehouse now.
    fill(&env, 8, 1);
    assert_eq!(env.sync(&[]).1["inserted"], 1);
    // And a full sync of some assets only leaves the others pending for the next one.
    let env = env.with("DATABASE_URL", &one.url());
    let (_, row) = env.sync(&["--full", "--assets", "000000"]);
    assert_eq!(
        (&row["updated"], &row["inserted"], &row["pending"]),
        (&5.into(), &4.into(), &0.into())
    );
}

#[test]
fn nothing_is_asked_that_is_not_needed() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 56);
    env.succeed(&["schema", "warehouse", "--apply"]);
    // The prices, and the run.
    assert_eq!(env.sync(&[]).1["round_trips"], 2);
    fill(&env, 56, 300);
    // Few rows are not copied.
    let (_, row) = env.sync(&["--chunk-size", "100"]);
    assert_eq!(
        (&row["chunks"], &row["round_trips"]),
        (&3.into(), &4.into())
    );
    // Where no bars are sent, nothing else looks whether those that were are there.
    assert_eq!(env.sync(&[]).1["round_trips"], 2);
}

#[test]
fn a_warehouse_that_does_not_tell_its_system_identifier_is_recognised_by_its_number() {
    let (mut one, mut other) = (warehouse!(), warehouse!());
    let refuse = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC";
    let [at_one, at_other] = [&mut one, &mut other].map(|warehouse| {
        TestEnv::new()
            .with("DATABASE_URL", &warehouse.url())
            .succeed(&["schema", "warehouse", "--apply"]);
        warehouse.execute(refuse);
        warehouse.url_of_a_writer("asset_master, price_daily, job_run")
    });
    let env = stocked(&at_one, 3500);
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["inserted"]), (0, &3500.into()), "{row}");
    // A right that is given later makes no other warehouse of it, and nothing is asked in vain.
    one.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
    fill(&env, 3500, 2);
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["inserted"], &row["round_trips"]),
        (0, &2.into(), &2.into()),
        "{row}"
    );
    one.execute(refuse);
    assert_eq!(env.sync(&["--full"]).1["unchanged"], 3502);
    fill(&env, 3502, 1);
    other.execute(FOREIGN_ROW);
    let env = env.with("DATABASE_URL", &at_other);
    let ran = env.run(&["sync"]);
    assert!(
        ran.code == 1 && ran.error().contains("another warehouse"),
        "{ran:?}"
    );
}
