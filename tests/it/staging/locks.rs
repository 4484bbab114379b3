//! Several programs at one staging file: each waits within a bound and says for whom. And a file that is damaged.

use std::fs;

use crate::support::program::{COLLECT, TestEnv, until};
use crate::support::shares;

/// A staging file with bars.
fn collected() -> TestEnv {
    let (_server, env) = shares(&["005930", "000660"]);
    assert_eq!(env.collect().code, 0);
    env
}

#[test]
fn a_locked_file_is_waited_for_and_that_is_said() {
    let (_server, env) = shares(&["005930", "000660"]);
    assert_eq!(env.collect().code, 0);
    for (lock, command, code) in [
        ("BEGIN IMMEDIATE", &COLLECT[..], 0),
        ("BEGIN IMMEDIATE", &["prune"], 0),
        // Even a reader has to wait for this one.
        (
            "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
            &["status"],
            0,
        ),
    ] {
        let other = env.staging();
        other.execute_batch(lock).unwrap();
        let mut waiting = env.start(&[command, &["--log-dir", "logs"]].concat());
        until("the words", || {
            assert!(waiting.is_running());
            env.log().contains("waiting up to")
        });
        drop(other);
        let ran = waiting.wait();
        assert_eq!(ran.code, code, "{ran:?}");
        let said: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|l| l.contains("waiting up to"))
            .collect();
        assert_eq!(said.len(), 1, "{ran:?}");
        assert!(
            said[0].contains(
                "staging.db, which is locked by another program, such as an SQLite browser"
            ),
            "{ran:?}"
        );
        fs::remove_dir_all(env.path("logs")).unwrap();
    }
}

#[test]
fn a_wait_in_vain_says_file_holder_and_advice() {
    let (_server, env) = shares(&["005930"]);
    assert_eq!(env.collect().code, 0);
    let other = env.staging();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    #[cfg(unix)]
    {
        let collect = env.start(&[&COLLECT[..], &["--log-dir", "logs"]].concat());
        until("the words", || env.log().contains("waiting up to"));
        // It waits no longer then.
        collect.signal("INT");
        let ran = collect.wait();
        assert_eq!(ran.code, 1, "{ran:?}");
        for words in [
            "staging.db stays locked by another program",
            "let it finish or close it, then run this again",
        ] {
            assert!(ran.error().contains(words), "{words}: {ran:?}");
        }
    }
    // `doctor` waits a moment only.
    let ran = env.run(&["doctor", "--offline"]);
    assert!(
        ran.stdout
            .contains("staging.db is locked by another program"),
        "{ran:?}"
    );
}

#[test]
fn somebody_who_only_reads_delays_nobody() {
    let env = collected();
    let reader = env.staging();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM price_daily")
        .unwrap();
    let bars = "SELECT count(*) FROM price_daily";
    let seen: i64 = reader.query_row(bars, [], |r| r.get(0)).unwrap();
    for command in [
        &["prune"][..],
        &["backup", "copy.db"],
        &["status"],
        &["import", "in.csv"],
    ] {
        env.write(
            "in.csv",
            "asset_id,date,open,high,low,close,volume\n005930,2024-01-08,1,2,1,2,5\n",
        );
        let ran = env.run(command);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.stderr.contains("waiting up to"), "{ran:?}");
    }
    assert_eq!(env.count(bars), seen + 1);
    // The reader still has its moment.
    assert_eq!(
        reader.query_row(bars, [], |r| r.get::<_, i64>(0)).unwrap(),
        seen
    );
}

#[test]
fn a_damaged_file_is_said_to_be_damaged_and_a_backup_takes_its_place() {
    const PAGE: usize = 4096;
    for (from, code, says) in [(PAGE, 1, "is damaged"), (0, 2, "it is not an SQLite file")] {
        let env = collected();
        env.succeed(&["backup", "copy.db"]);
        env.damage_staging(from);
        let broken = fs::read(env.path("data/staging.db")).unwrap();
        for command in [
            &["status"][..],
            &["healthcheck"],
            &["show", "005930"],
            &["export"],
        ] {
            let ran = env.run(command);
            assert_eq!(ran.code, code, "{ran:?}");
            let error = ran.error();
            assert!(
                error.contains(says) && error.contains("pricestash restore"),
                "{ran:?}"
            );
            assert!(!error.contains("cannot write"), "{ran:?}");
        }
        let ran = env.run(&["doctor", "--offline"]);
        assert!(
            ran.code == 1 && ran.stdout.contains("pricestash restore"),
            "{ran:?}"
        );
        let row = env
            .succeed(&["restore", "copy.db", "--format", "json"])
            .row();
        assert_eq!(env.count("SELECT count(*) FROM price_daily"), 8);
        let left: Vec<_> = fs::read_dir(env.path("data")).unwrap().collect();
        assert_eq!(left.len(), 3, "{left:?}");
        // What was there may hold what no backup has.
        let kept = env.path(row["kept_as"].as_str().unwrap());
        assert_eq!(fs::read(kept).unwrap(), broken);
    }
}

#[test]
fn a_write_ahead_log_that_was_left_behind_is_not_taken_for_that_of_a_backup() {
    let env = collected();
    env.succeed(&["backup", "copy.db"]);
    // It keeps the log from being brought over.
    let other = env.staging();
    other
        .execute_batch("UPDATE price_daily SET close = close + 1")
        .unwrap();
    let log = fs::read(env.path("data/staging.db-wal")).unwrap();
    drop(other);
    for ending in ["", "-wal", "-shm"] {
        drop(fs::remove_file(
            env.path(&format!("data/staging.db{ending}")),
        ));
    }
    env.write("data/staging.db-wal", &log);
    let row = env
        .succeed(&["restore", "copy.db", "--format", "json"])
        .row();
    let kept = env.path(row["kept_as"].as_str().unwrap());
    assert_eq!(fs::read(kept).unwrap(), log);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE close > 103"),
        0
    );
    assert_eq!(
        env.count("SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
        1
    );
}
