//! `init`, `doctor`, and `assets add|remove|enable|disable`.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::program::{COLLECT, TestEnv};
use crate::support::{repository, shares};

/// What `doctor` says without asking anybody else, as (check, status, detail).
fn checks(env: &TestEnv, code: i32) -> Vec<(String, String, String)> {
    let done = env.run(&["doctor", "--offline", "--format", "json"]);
    assert_eq!(done.code, code, "{}\n{}", done.stdout, done.stderr);
    let rows: Vec<Value> = serde_json::from_str(&done.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .map(|r| (text(r, "check"), text(r, "status"), text(r, "detail")))
        .collect()
}

fn status_of<'a>(checks: &'a [(String, String, String)], name: &str) -> &'a str {
    let found = checks.iter().find(|(check, _, _)| check == name);
    &found.unwrap_or_else(|| panic!("no {name} in {checks:?}")).1
}

#[test]
fn init_writes_what_is_missing_and_never_over_a_file() {
    let env = TestEnv::new();
    env.succeed(&["init"]);
    for (written, example) in [
        (".env", ".env.example"),
        ("data/assets.toml", "data/assets.toml"),
    ] {
        assert_eq!(
            fs::read(env.path(written)).unwrap(),
            fs::read(repository(example)).unwrap()
        );
    }
    env.write(".env", "LOG_LEVEL=warn\n");
    env.succeed(&["init"]);
    assert_eq!(
        fs::read_to_string(env.path(".env")).unwrap(),
        "LOG_LEVEL=warn\n"
    );
}

#[test]
fn the_assets_file_is_edited_and_keeps_its_comments() {
    let (_server, env) = shares(&["A", "B"]);
    let file = env.path("data/assets.toml");
    let before = format!("# mine\n{}", fs::read_to_string(&file).unwrap());
    fs::write(&file, &before).unwrap();
    env.succeed(&["assets", "disable", "A"]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\n") && text.contains("active = false"));
    env.succeed(&["assets", "enable", "A"]);
    let add = [
        "assets",
        "add",
        "BTC",
        "--name",
        "Bitcoin",
        "--category",
        "crypto",
        "--calendar",
        "24/7",
        "--currency",
        "KRW",
        "--source",
        "upbit:KRW-BTC",
    ];
    env.succeed(&add);
    let ids = |env: &TestEnv| -> Vec<String> {
        let done = env.succeed(&["assets", "--format", "json"]);
        let rows: Vec<Value> = serde_json::from_str(&done.stdout).unwrap();
        let id = |row: &Value| row["asset_id"].as_str().unwrap().to_owned();
        rows.iter().map(id).collect()
    };
    assert_eq!(ids(&env), ["A", "B", "BTC"]);
    env.succeed(&["assets", "remove", "B"]);
    assert_eq!(ids(&env), ["A", "BTC"]);
    // What would break the file is refused.
    let text = fs::read_to_string(&file).unwrap();
    let wrong_calendar = add.map(|word| match word {
        "24/7" => "XTKS",
        "BTC" => "ETH",
        word => word,
    });
    for (arguments, word) in [
        (&add[..], "there already"),
        (&wrong_calendar, "XTKS"),
        (&["assets", "remove", "nobody"], "nobody"),
        (&["assets", "disable", "nobody"], "nobody"),
    ] {
        let done = env.run(arguments);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains(word), "{}", done.stderr);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn doctor_finds_what_would_stop_a_run_and_changes_nothing() {
    let (_server, env) = shares(&["A"]);
    let env = env.with("ALERT_WEBHOOK_URL", "http://127.0.0.1:9/api/canary");
    let found = checks(&env, 0);
    assert_eq!(status_of(&found, "staging file"), "OK");
    assert_eq!(status_of(&found, "warehouse"), "WARN");
    assert_eq!(status_of(&found, "heartbeat"), "WARN");
    assert!(!env.path("data/staging.db").exists());
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");

    env.run(&COLLECT);
    let file = env.path("data/staging.db");
    let holder = Connection::open(&file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(status_of(&checks(&env, 0), "staging file"), "WARN");
    drop(holder);

    fs::write(env.path("data/assets.toml"), "nonsense").unwrap();
    assert_eq!(status_of(&checks(&env, 1), "assets"), "FAIL");
    // A page in the middle of the file is overwritten.
    Connection::open(&file)
        .unwrap()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes.iter_mut().skip(4096).for_each(|b| *b = 0xff);
    fs::write(&file, bytes).unwrap();
    assert_eq!(status_of(&checks(&env, 1), "staging file"), "FAIL");
}
