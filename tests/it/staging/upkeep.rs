//! What the staging file needs after a year: copies, room, bars out and in.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::Command;

use rusqlite::Connection;

use super::sample;
use crate::support::program::{COLLECT, TestEnv, until};
use crate::support::server::{Gate, Server};
use crate::support::warehouse::warehouse;
use crate::support::{asset, route, shares, week};

/// What a SQLite file says to a question.
fn ask(env: &TestEnv, file: &str, sql: &str) -> String {
    let connection = Connection::open(env.path(file)).unwrap();
    connection
        .query_row(sql, [], |r| r.get::<_, rusqlite::types::Value>(0))
        .map(|v| match v {
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        })
        .unwrap()
}

#[test]
fn a_backup_taken_while_assets_are_collected_is_sound_and_syncs() {
    let warehouse = warehouse!();
    let ids: Vec<String> = (0..500).map(|n| format!("A{n:05}")).collect();
    let server = Server::new();
    let gate = Gate::default();
    for (n, id) in ids.iter().enumerate() {
        let answer = week([100, 101, 102, 103]);
        // The last hundred come after the backup.
        server.answer(
            &route(id),
            if n < 400 {
                answer
            } else {
                answer.behind(&gate)
            },
        );
    }
    let assets: Vec<String> = ids
        .iter()
        .map(|id| asset(id, "XKRX", "KRW", &[("naver", id)]))
        .collect();
    let env = TestEnv::at(&server, &assets).with("DATABASE_URL", &warehouse.url());
    let mut collect = env.start(&COLLECT);
    until("some assets", || {
        env.path("data/staging.db").exists()
            && Connection::open(env.path("data/staging.db"))
                .and_then(|c| c.query_row("SELECT count(*) FROM price_daily", [], |r| r.get(0)))
                .is_ok_and(|n: i64| n >= 400)
    });
    let row = env
        .succeed(&["backup", "copy.db", "--format", "json"])
        .row();
    assert!(collect.is_running());
    let bars = row["bars"].as_u64().unwrap();
    assert!((400..2000).contains(&bars), "{row}");
    gate.open();
    assert_eq!(collect.wait().code, 0);
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 2000);
    assert_eq!(ask(&env, "copy.db", "PRAGMA integrity_check"), "ok");
    assert_eq!(
        ask(&env, "copy.db", "SELECT count(*) FROM price_daily"),
        bars.to_string()
    );
    // It is a staging file of its own.
    let env = env.with("STAGING_DB", "copy.db");
    assert_eq!(env.sync(&[]).1["inserted"], bars);
    let left: Vec<_> = fs::read_dir(env.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|f| !f.to_string_lossy().contains("unfinished")),
        "{left:?}"
    );
}

#[test]
fn a_backup_never_takes_the_place_of_a_file_by_accident() {
    let env = sample();
    env.write("mine.txt", "mine");
    for target in ["mine.txt", "data", "data/staging.db"] {
        let ran = env.run(&["backup", target]);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    assert_eq!(fs::read(env.path("mine.txt")).unwrap(), b"mine");
    env.succeed(&["backup", "mine.txt", "--force"]);
    assert_eq!(ask(&env, "mine.txt", "PRAGMA integrity_check"), "ok");
    assert_eq!(env.run(&["backup", "nowhere/copy.db"]).code, 1);
    // Its log would not fit the new file.
    env.write("mine.txt-wal", "pages");
    let ran = env.run(&["backup", "mine.txt", "--force"]);
    assert!(
        ran.code == 2 && ran.error().contains("mine.txt-wal"),
        "{ran:?}"
    );
    let empty = TestEnv::new();
    assert_eq!(empty.run(&["backup", "copy.db"]).code, 1);
    assert!(!empty.path("copy.db").exists());
}

#[test]
fn no_result_takes_the_place_of_what_the_program_lives_on() {
    let env = sample();
    env.write(".env", "LOG_LEVEL=info\n");
    // So that the staging file itself changes no more.
    env.staging()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let files = ["data/staging.db", "data/assets.toml", ".env"];
    let before = files.map(|name| fs::read(env.path(name)).unwrap());
    for target in files.iter().chain(&["data/staging.db-wal", "data/../.env"]) {
        for command in [
            &["report", "--out"][..],
            &["export", "--output"],
            &["windows-task", "x.bat", "--output"],
            &["backup", "--force"],
        ] {
            let ran = env.run(&[command, &[target]].concat());
            assert_eq!(ran.code, 2, "{command:?} {ran:?}");
            assert!(ran.error().contains("Nothing was written"), "{ran:?}");
        }
    }
    assert!(files.map(|name| fs::read(env.path(name)).unwrap()) == before);
    env.succeed(&["export", "--output", "data/staging.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_ends_quietly_when_nobody_reads_on_and_says_when_it_cannot_be_printed() {
    let env = sample();
    let export = |format: &str, rest: &str| {
        let mut shell = Command::new("bash");
        let line = format!("set -o pipefail; \"$0\" export --format {format} {rest}");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_pricestash")]);
        env.command(shell)
    };
    for format in ["csv", "json", "jsonl"] {
        // More than a pipe holds.
        assert!(env.succeed(&["export", "--format", format]).stdout.len() > 100_000);
        let ran = export(format, "| head -n 1");
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{format}");
        assert_eq!(ran.stdout.lines().count(), 1, "{format}");
        let ran = export(format, "> /dev/full");
        assert_eq!(ran.code, 1, "{format}");
        let said = "error: cannot print the export: ";
        assert!(ran.error().starts_with(said), "{ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_one_may_not_write_one_may_read() {
    use std::os::unix::fs::PermissionsExt;

    let env = sample();
    // Whoever closes the file as the last one takes what lies beside it away.
    drop(env.staging());
    let allow = |folder: u32, file: u32| {
        for (path, mode) in [("data/staging.db", file), ("data", folder)] {
            fs::set_permissions(env.path(path), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    allow(0o555, 0o444);
    let staging = env.path("data/staging.db");
    let is_root = fs::File::options().append(true).open(staging).is_ok();
    let run = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_pricestash");
        let mut command = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            command.args(["--bounding-set=-dac_override", program]);
        }
        command.args(arguments);
        env.command(command)
    };
    let before = env.files();
    for arguments in [
        &["status"][..],
        &["show", "005930"],
        &["history", "005930"],
        &["reconcile"],
        &["report", "--out", "-"],
        &["healthcheck", "--format", "json"],
        &["export"],
    ] {
        let ran = run(arguments);
        assert!(
            !ran.stdout.is_empty() && !ran.stderr.contains("error"),
            "{arguments:?} {ran:?}"
        );
    }
    assert!(env.files() == before, "something was changed");
    assert_eq!(run(&["backup", "copy.db"]).code, 0);
    assert_eq!(
        ask(&env, "copy.db", "SELECT count(*) FROM price_daily"),
        "2661"
    );
    let ran = run(&["prune"]);
    let says = "this user may not write the staging file data/staging.db; ";
    assert!(ran.code == 1 && ran.error().contains(says), "{ran:?}");
    assert!(!ran.error().contains("code"), "{ran:?}");
    allow(0o755, 0o644);
}

#[test]
fn a_backup_is_restored_and_what_was_there_is_kept() {
    let env = sample();
    env.succeed(&["backup", "copy.db"]);
    let before =
        env.pairs("SELECT asset_id || date, CAST(close AS TEXT) FROM price_daily ORDER BY 1");
    env.staging()
        .execute("DELETE FROM price_daily WHERE asset_id = 'SOXL'", [])
        .unwrap();
    // Somebody has the file open meanwhile.
    let reader = env.staging();
    let row = env
        .succeed(&["restore", "copy.db", "--format", "json"])
        .row();
    assert_eq!(
        env.pairs("SELECT asset_id || date, CAST(close AS TEXT) FROM price_daily ORDER BY 1"),
        before
    );
    let count: i64 = reader
        .query_row("SELECT count(*) FROM price_daily", [], |r| r.get(0))
        .unwrap();
    assert_eq!(count, i64::try_from(before.len()).unwrap());
    assert_eq!(
        env.count("SELECT 1 FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
        1
    );
    let kept = row["kept_as"].as_str().unwrap();
    assert_eq!(
        ask(
            &env,
            kept,
            "SELECT count(*) FROM price_daily WHERE asset_id = 'SOXL'"
        ),
        "0"
    );
    assert_eq!(
        ask(
            &env,
            kept,
            "SELECT count(*) FROM price_daily WHERE asset_id = 'GC=F'"
        ),
        "753"
    );
    // Onto nothing, as on a new machine.
    let env = env.with("STAGING_DB", "new/staging.db");
    let row = env
        .succeed(&["restore", "copy.db", "--format", "json"])
        .row();
    assert_eq!((&row["bars"], row.get("kept_as")), (&2661.into(), None));
}

#[test]
fn what_is_no_sound_backup_is_refused_and_changes_nothing() {
    let env = sample();
    env.succeed(&["backup", "copy.db"]);
    env.write("text.db", "dear diary");
    let mut damaged = fs::read(env.path("copy.db")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8192].fill(0x55);
    env.write("damaged.db", damaged);
    for (file, sql) in [
        (
            "trigger.db",
            "CREATE TRIGGER mine AFTER INSERT ON price_daily BEGIN DELETE FROM finding; END",
        ),
        ("table.db", "DROP TABLE quarantine"),
    ] {
        env.succeed(&["backup", file]);
        Connection::open(env.path(file))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
    let bars = env.count("SELECT count(*) FROM price_daily");
    for (file, code, says) in [
        ("trigger.db", 2, "the trigger \"mine\""),
        ("table.db", 2, "has no quarantine."),
        ("text.db", 2, "not an SQLite file"),
        ("nowhere.db", 2, "there is no backup"),
        ("damaged.db", 1, "damaged"),
    ] {
        let ran = env.run(&["restore", file]);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.error().contains(says), "{ran:?}");
    }
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), bars);
}

#[test]
fn a_restore_waits_for_no_run_but_says_which_one_is_under_way() {
    let (server, env) = shares(&["005930"]);
    assert_eq!(env.collect().code, 0);
    env.succeed(&["backup", "copy.db"]);
    let gate = Gate::default();
    server.answer(&route("005930"), week([1, 2, 3, 4]).behind(&gate));
    let before = server.count(&route("005930"));
    let collect = env.start(&COLLECT);
    until("the request", || server.count(&route("005930")) > before);
    let ran = env.run(&["restore", "copy.db"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.error().contains("collect (process ") && ran.error().contains("is in progress"));
    gate.open();
    assert_eq!(collect.wait().code, 0);
}

#[test]
fn only_what_is_old_is_pruned_and_never_a_price() {
    let env = sample();
    env.staging()
        .execute_batch(
            "INSERT INTO quarantine (asset_id, source, date, reason, raw, first_seen, last_seen) VALUES
                 ('A', 'x', '2020-01-01', 'r', '1', '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z'),
                 ('A', 'x', '2020-01-02', 'r', '1', '2020-01-01T00:00:00.000000Z', '2199-01-01T00:00:00.000000Z');
             INSERT INTO job_run (job_id, job_name, started_at, status) VALUES
                 ('old', 'collect', '2020-01-01T00:00:00.000000Z', 'success'),
                 ('odd', 'collect', '2020-01-01T00:00:00.000000Z', 'running');
             INSERT INTO price_revision (asset_id, date, source, open, high, low, close, ingested_at, replaced_at) VALUES
                 ('A', '2010-01-01', 'x', 1, 1, 1, 1, '2010-01-01T00:00:00.000000Z', '2010-01-01T00:00:00.000000Z'),
                 ('A', '2010-01-01', 'x', 1, 1, 1, 1, '2010-01-01T00:00:00.000000Z', '2199-01-01T00:00:00.000000Z')",
        )
        .unwrap();
    let counts = || {
        ["quarantine", "job_run", "price_revision", "price_daily"]
            .map(|t| env.count(&format!("SELECT count(*) FROM {t}")))
    };
    let before = counts();
    let rows = env
        .succeed(&["prune", "--dry-run", "--format", "json"])
        .rows();
    let removed: Vec<_> = rows
        .iter()
        .map(|r| (r["what"].as_str().unwrap(), r["removed"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        removed,
        [("quarantine", 1), ("job_run", 1), ("price_revision", 1)]
    );
    assert_eq!(counts(), before);
    env.succeed(&["prune", "--history", "0"]);
    assert_eq!(
        counts(),
        [before[0] - 1, before[1] - 1, before[2], before[3]]
    );
    env.succeed(&["prune"]);
    assert_eq!(counts()[2], before[2] - 1);
    env.write("kept/naver/notes.txt", "mine");
    let rows = env
        .succeed(&["prune", "--archive", "kept", "--format", "json"])
        .rows();
    assert_eq!(rows[3]["removed"], 0);
    assert!(env.path("kept/naver/notes.txt").exists());
    assert_eq!(env.run(&["prune", "--archive", "nowhere"]).code, 2);
}

#[test]
fn an_export_takes_what_is_asked_for_in_three_formats() {
    let env = sample();
    let arguments = [
        "export",
        "--assets",
        "005930,SOXL",
        "--source",
        "naver",
        "--start",
        "2026-01-20",
        "--end",
        "2026-01-22",
    ];
    let with = |format: &str| {
        env.succeed(&[&arguments[..], &["--format", format]].concat())
            .stdout
    };
    assert_eq!(with("csv").lines().count(), 4);
    let lines = with("jsonl");
    let bars: Vec<serde_json::Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(bars.len(), 3);
    assert_eq!(
        (&bars[0]["asset_id"], &bars[0]["date"], &bars[0]["close"]),
        (&"005930".into(), &"2026-01-20".into(), &145_200.0.into())
    );
    let array: Vec<serde_json::Value> = serde_json::from_str(&with("json")).unwrap();
    assert_eq!(array, bars);
    let none = env.succeed(&["export", "--assets", "SI=F", "--format", "json"]);
    assert_eq!(none.rows().len(), 0);
    assert_eq!(
        env.run(&["export", "--start", "2026-02-01", "--end", "2026-01-01"])
            .code,
        2
    );
}
