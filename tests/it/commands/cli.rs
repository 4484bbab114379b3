//! The command line: what commands print, and how bad input is refused.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::program::{COLLECT, TestEnv};
use crate::support::warehouse::warehouse;
use crate::support::{asset, repository, shares};

/// Runs what must be refused with one sentence, without a result and without a trace; gives the sentence.
fn refused(env: &TestEnv, arguments: &[&str], code: i32) -> String {
    let before = env.files();
    let ran = env.run(arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:?}");
    assert!(ran.stderr.starts_with("error:"), "{ran:?}");
    let error = ran.error().to_owned();
    // Only the parser of the command line adds how to use it.
    let rest: Vec<&str> = ran
        .stderr
        .lines()
        .skip(1)
        .filter(|l| !l.is_empty())
        .collect();
    assert!(
        rest.iter()
            .all(|l| l.starts_with("Usage:") || l.starts_with("For more information")),
        "{ran:?}"
    );
    assert_eq!(env.files(), before, "{arguments:?} wrote something");
    error
}

fn assert_says(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
}

#[test]
fn a_wrong_assets_file_is_refused_with_what_is_wrong_in_it() {
    let share = |id: &str| asset(id, "XKRX", "KRW", &[("naver", "005930")]);
    let cases = [
        (share("A") + &share("A"), &["\"A\"", "line"][..]),
        (share(&"x".repeat(21)), &["21 characters", "20"]),
        (share(""), &["\"\"", "1 to 20"]),
        (share("A").replace("naver", "google"), &["google", "naver"]),
        (share("A").replace("XKRX", "XTSK"), &["XTSK", "XKRX"]),
        (share("A").replace("name", "nmae"), &["nmae"]),
        ("[[asset]\n".to_owned(), &["line 1"]),
        (String::new(), &["[[asset]]"]),
    ];
    for (text, words) in cases {
        let env = TestEnv::new();
        env.write("data/assets.toml", &text);
        for arguments in [&["assets"][..], &COLLECT] {
            let error = refused(&env, arguments, 2);
            assert_says(&error, words);
            assert_says(&error, &["assets.toml"]);
        }
    }
    let env = TestEnv::new().with("ASSETS_FILE", "nowhere.toml");
    assert_says(
        &refused(&env, &["collect"], 2),
        &["ASSETS_FILE", "nowhere.toml"],
    );
}

#[test]
fn an_assets_file_of_windows_is_fine() {
    let (_server, env) = shares(&["005930"]);
    let text = std::fs::read_to_string(env.path("data/assets.toml")).unwrap();
    let text = text.replace("The 005930", "삼성전자").replace('\n', "\r\n");
    env.write("data/assets.toml", format!("\u{feff}{text}"));
    let assets = env.succeed(&["assets", "--format", "json"]);
    assert_eq!(
        (&assets.row()["asset_id"], &assets.row()["name"]),
        (&"005930".into(), &"삼성전자".into())
    );
    assert_eq!(env.collect().code, 0);
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 4);
}

#[test]
fn a_wrong_command_line_is_refused() {
    let (_server, env) = shares(&["005930"]);
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["collect", "--start", "2024-02-30"],
            &["2024-02-30", "--start"],
        ),
        (&["collect", "--end", "yesterday"], &["yesterday", "--end"]),
        (
            &["collect", "--start", "2024-02-02", "--end", "2024-02-01"],
            &["2024-02-02", "2024-02-01"],
        ),
        (&["collect", "--start", "9999-01-01"], &["9999-01-01"]),
        (&["collect", "--assets", "AAPL"], &["AAPL", "005930"]),
        (&["collect", "--replay", "nowhere"], &["nowhere"]),
        (&["sync", "--chunk-size", "0"], &["--chunk-size"]),
        (&["fetch"], &["fetch"]),
    ];
    for (arguments, words) in cases {
        assert_says(&refused(&env, arguments, 2), words);
    }
}

#[test]
fn an_asset_is_named_as_people_name_it() {
    let (_server, env) = shares(&["AAPL", "BRK.B", "005930"]);
    let text = std::fs::read_to_string(env.path("data/assets.toml")).unwrap();
    env.write("data/assets.toml", text.replace("The 005930", "삼성전자"));
    let collected = |assets: &[&str]| {
        let ran = env.run(&[&COLLECT[..], &["--format", "json", "--assets"], assets].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let ids = ran
            .rows()
            .into_iter()
            .map(|r| r["asset_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    for assets in [
        &["aapl, 005930"][..],
        &["AAPL,", "005930"],
        &["the aapl,삼성전자"],
        &["aapl", "005930"],
        &["AAPL 005930"],
    ] {
        assert_eq!(collected(assets), ["AAPL", "005930"], "{assets:?}");
    }
    for arguments in [
        &["show", "aapl"][..],
        &["show", "삼성전자"],
        &["history", "brk.b"],
        &["reconcile", "Aapl"],
        &["export", "--assets", "aapl,", "brk.b"],
        &["report", "--assets", "the aapl"],
        &["assets", "disable", "aapl"],
        &["assets", "enable", "the aapl"],
        &["assets", "list"],
    ] {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
    let rows = env.succeed(&["export", "--assets", "aapl"]).stdout;
    let own = rows.lines().filter(|row| row.starts_with("AAPL,"));
    assert_eq!(own.count(), 4, "{rows}");
    for arguments in [
        &["collect", "--assets", "APPL"][..],
        &["export", "--assets", "APPL"],
        &["report", "--assets", "APPL"],
        &["show", "APPL"],
        &["history", "APPL"],
        &["reconcile", "APPL"],
        &["assets", "remove", "APPL"],
        &["waive", "APPL", "2024-01-03", "--reason", "x"],
    ] {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert_says(ran.error(), &["APPL", "did you mean AAPL (The AAPL)?"]);
    }
    for (arguments, says) in [
        (&["collect", "005930"][..], "--assets 005930"),
        (&["export", "aapl"], "--assets aapl"),
        (&["assets", "lst"], "`pricestash assets list`"),
    ] {
        assert_says(&refused(&env, arguments, 2), &[says]);
    }
}

#[test]
fn outside_a_folder_with_settings_the_way_there_is_named() {
    let env = TestEnv::new();
    for arguments in [
        &["collect"][..],
        &["sync"],
        &["verify"],
        &["healthcheck"],
        &["status"],
        &["show", "A"],
        &["history", "A"],
        &["report"],
        &["export"],
        &["backup", "x.db"],
        &["restore", "x.db"],
        &["prune"],
        &["import", "x.csv"],
        &["reconcile"],
        &["assets"],
        &["assets", "disable", "A"],
        &["waive", "A", "2024-01-03", "--reason", "x"],
        &["schema", "warehouse", "--apply"],
        &["doctor", "--offline"],
    ] {
        let ran = env.run(arguments);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("pricestash init"), "{arguments:?}: {ran:?}");
        assert!(env.files().is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_setting_never_stops_what_does_not_need_it() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://me:c4n4ry@h/d"),
        ("DATABASE_URL", "postgres://me:c4n4ry@h/d?sslmode=maybe"),
        ("PGSSLMODE", "always"),
        ("SYNC_MAX_RETRIES", "many"),
    ] {
        let (_server, env) = shares(&["005930"]);
        let env = env.with("DATABASE_URL", "postgres://h/d").with(name, value);
        assert_eq!(env.collect().code, 0);
        for arguments in [
            &["status"][..],
            &["healthcheck", "--as-of", "2024-01-06"],
            &["export"],
            &["report"],
            &["assets"],
        ] {
            let ran = env.run(arguments);
            assert_eq!(ran.code, 0, "{name} {arguments:?}: {ran:?}");
            assert!(!format!("{ran:?}").contains("c4n4ry"), "{ran:?}");
        }
        let ran = env.run(&["sync"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    // What fetching needs is not needed by who reads recordings, or sends.
    let env = TestEnv::new().with("FETCH_TIMEOUT", "soon");
    env.write(
        "data/assets.toml",
        std::fs::read(repository("data/assets.toml")).unwrap(),
    );
    let sample = repository("data/sample");
    let sample = sample.to_str().unwrap();
    let ran = env.run(&["collect", "--replay", sample, "--assets", "005930"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("FETCH_TIMEOUT") && ran.stderr.contains("not used here"));
    // What needs no setting at all goes on whatever they are.
    let env = env.with("LOG_LEVEL", "loud");
    env.write(".env", "no setting\n");
    for arguments in [
        &["man"][..],
        &["completions", "bash"],
        &["schema", "warehouse"],
        &["init"],
    ] {
        assert_eq!(env.run(arguments).code, 0, "{arguments:?}");
    }
    let doctor = env.run(&["doctor", "--offline"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert_says(
        &doctor.stdout,
        &[
            "FAIL  configuration",
            "LOG_LEVEL",
            ".env, line 1",
            "FETCH_TIMEOUT",
        ],
    );
    // Nor does one that is no text stop what needs none.
    env.write(".env", b"\xff");
    assert_eq!(env.run(&["man"]).code, 0);
    for arguments in [&["export"][..], &["doctor", "--offline"]] {
        assert_says(&refused(&env, arguments, 2), &[".env is not UTF-8"]);
    }
}

#[test]
fn a_wrong_variable_is_refused_with_its_name_its_value_and_what_is_right() {
    let collect: &[&[&str]] = &[&COLLECT];
    let sync: &[&[&str]] = &[&["sync"], &["verify"], &["schema", "warehouse", "--apply"]];
    let all: &[&[&str]] = &[&COLLECT, &["sync"], &["status"], &["export"]];
    for (name, value, right, users) in [
        ("FETCH_TIMEOUT", "abc", "seconds", collect),
        ("FETCH_TIMEOUT", "-1", "seconds", collect),
        ("FETCH_MAX_RETRIES", "many", "number", collect),
        ("FETCH_HOST_INTERVAL", "NaN", "seconds", collect),
        ("YAHOO_BASE_URL", "ftp://x", "http", collect),
        ("SYNC_STATEMENT_TIMEOUT", "soon", "seconds", sync),
        ("PGSSLMODE", "always", "verify-full", sync),
        ("LOG_LEVEL", "loud", "debug", all),
        ("LOG_FORMAT", "xml", "json", all),
    ] {
        let (_server, env) = shares(&["005930"]);
        let env = env.with("DATABASE_URL", "postgres://h/d").with(name, value);
        for arguments in users {
            assert_says(&refused(&env, arguments, 2), &[name, value, right]);
        }
    }
}

#[test]
fn the_environment_stands_over_the_env_file_and_that_over_the_defaults() {
    let (_server, env) = shares(&["005930"]);
    env.write(
        ".env",
        "\u{feff}# mine\r\nSTAGING_DB='from file.db'\r\nLOG_LEVEL=error # quiet\r\n",
    );
    assert_eq!(env.collect().code, 0);
    assert!(env.path("from file.db").exists() && !env.path("data/staging.db").exists());
    let env = env.with("STAGING_DB", "from environment.db");
    assert_eq!(env.collect().code, 0);
    assert!(env.path("from environment.db").exists());
    env.write(".env", "STAGING_DB\n");
    assert_says(&refused(&env, &["status"], 2), &[".env", "line 1"]);
}

#[test]
fn a_staging_path_that_cannot_be_is_a_failure() {
    let (_server, mut env) = shares(&["005930"]);
    env.write("afile", "I am a file");
    let mut paths = vec!["afile/x.db"];
    if cfg!(target_os = "linux") {
        paths.push("/proc/nope/x.db");
    }
    for path in paths {
        env.set("STAGING_DB", path);
        let folder = path.trim_end_matches("/x.db");
        assert_says(&refused(&env, &COLLECT, 1), &[folder]);
    }
}

#[test]
fn a_file_that_is_no_staging_file_is_left_byte_for_byte() {
    let (_server, env) = shares(&["005930"]);
    let foreign = env.path("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE mine (x)")
        .unwrap();
    let env = env.without("DATABASE_URL");
    let foreign = std::fs::read(foreign).unwrap();
    for content in [b"dear diary".to_vec(), foreign] {
        env.write("data/staging.db", content);
        for arguments in [&COLLECT[..], &["status"], &["sync"]] {
            assert_says(&refused(&env, arguments, 2), &["STAGING_DB", "staging.db"]);
        }
    }
}

#[test]
fn a_staging_file_of_a_newer_program_is_left_alone() {
    let (_server, env) = shares(&["005930"]);
    env.collect();
    env.staging()
        .execute_batch("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE")
        .unwrap();
    for arguments in [&COLLECT[..], &["status"]] {
        assert_says(&refused(&env, arguments, 2), &["99", "newer"]);
    }
}

#[test]
fn sync_without_a_warehouse_says_what_to_set_and_how_many_rows_wait() {
    let (_server, env) = shares(&["005930"]);
    env.collect();
    let ran = env.run(&["sync"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_says(ran.error(), &["DATABASE_URL", "4 rows"]);
    assert_eq!(env.pending(), 4);
}

#[test]
fn no_output_and_no_file_ever_shows_the_password() {
    const CANARY: &str = "c4n4ry";
    let urls = [
        format!("postgres://me:{CANARY}@127.0.0.1:1/prices"),
        format!("postgresql://me@127.0.0.1:1/prices?password={CANARY}"),
        format!("host=127.0.0.1 port=1 user=me password={CANARY} dbname=prices"),
        format!(
            "host=127.0.0.1 port=1 user=me password='{CANARY} x' dbname=prices sslmode=require"
        ),
        format!("mysql://me:{CANARY}@127.0.0.1:1/prices"),
        format!("postgres://me:{CANARY}@127.0.0.1:port/prices"),
        format!("postgres://me:{CANARY}#x@127.0.0.1:1/prices?sslmode=maybe"),
        format!("password={CANARY}"),
        CANARY.to_owned(),
    ];
    for url in urls {
        let (_server, env) = shares(&["005930"]);
        let env = env.with("LOG_LEVEL", "trace").with("DATABASE_URL", &url);
        let commands: [&[&str]; 5] = [
            &COLLECT,
            &["sync"],
            &["sync", "--dry-run"],
            &["status"],
            &["schema", "warehouse", "--apply"],
        ];
        for command in commands {
            let ran = env.run(&[command, &["--log-dir", "logs"]].concat());
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains(CANARY), "{command:?}: {said}");
            assert!(command[0] != "sync" || ran.code != 0 || command.len() == 2);
        }
        for (path, content) in env.files() {
            let text = String::from_utf8_lossy(&content.unwrap_or_default()).into_owned();
            assert!(!text.contains(CANARY), "{}", path.display());
        }
    }
}

#[test]
fn a_database_of_another_kind_is_refused() {
    for url in ["mysql://me:secret@h/d", "sqlite:///x.db", "prices"] {
        let env = TestEnv::new().with("DATABASE_URL", url);
        let error = refused(&env, &["sync"], 2);
        assert_says(&error, &["DATABASE_URL", "postgres://"]);
        assert!(!error.contains(url));
    }
}

#[test]
fn what_is_printed_for_people_names_what_it_shows() {
    let (_server, env) = shares(&["005930"]);
    let says = |arguments: &[&str], words: &[&str]| {
        assert_says(&env.succeed(arguments).stdout, words);
    };
    says(&["status"], &["Nothing is staged"]);
    says(&["assets"], &["005930", "The 005930", "XKRX", "naver"]);
    says(&COLLECT, &["005930", "ok", "naver"]);
    says(&["status"], &["005930", "2024-01-05", "collect", "success"]);
    says(&["schema", "staging"], &["CREATE TABLE price_daily"]);
    says(
        &["schema", "warehouse"],
        &["price_daily", "job_run", "asset_master"],
    );
    says(
        &["--help"],
        &["collect", "sync", "status", "assets", "schema"],
    );
    says(&["--version"], &["pricestash", env!("CARGO_PKG_VERSION")]);
}

#[test]
fn every_json_result_is_an_array_of_objects_with_the_columns_as_keys() {
    let warehouse = warehouse!();
    let (_server, env) = shares(&["005930"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    let json = |arguments: &[&str]| -> Vec<Value> {
        env.succeed(&[arguments, &["--format", "json"]].concat())
            .rows()
    };
    let keys = |rows: &[Value], wanted: &[&str]| {
        assert!(!rows.is_empty());
        for key in wanted {
            assert!(rows.iter().all(|r| r.get(key).is_some()), "{key}: {rows:?}");
        }
    };
    assert!(json(&["status"]).is_empty());
    keys(
        &json(&["assets"]),
        &["asset_id", "name", "calendar", "sources"],
    );
    keys(&json(&COLLECT), &["asset_id", "status", "new"]);
    keys(&json(&["schema", "warehouse", "--apply"]), &["table"]);
    assert!(json(&["schema", "warehouse", "--apply"]).is_empty());
    keys(&json(&["sync", "--dry-run"]), &["would_send"]);
    let counts = [
        "sent",
        "inserted",
        "updated",
        "skipped_older",
        "rejected",
        "pending",
    ];
    keys(&json(&["sync"]), &counts);
    keys(
        &json(&["status"]),
        &["asset_id", "source", "staged", "pending"],
    );
}

#[test]
fn the_printed_staging_schema_makes_a_staging_file() {
    let (_server, env) = shares(&["005930"]);
    let ddl = env.succeed(&["schema", "staging"]).stdout;
    Connection::open(env.path("data/staging.db"))
        .unwrap()
        .execute_batch(&ddl)
        .unwrap();
    assert_eq!(env.collect().code, 0);
    assert_eq!(env.pending(), 4);
    for view in [
        "pending",
        "latest_price",
        "coverage",
        "open_findings",
        "best_price",
    ] {
        let rows = env.count(&format!("SELECT count(*) FROM {view}"));
        assert!(rows >= 0);
    }
}

#[test]
fn the_printed_warehouse_schema_makes_the_tables() {
    let warehouse = warehouse!();
    let (_server, env) = shares(&["005930"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    let ddl = env.succeed(&["schema", "warehouse"]).stdout;
    warehouse.execute(&ddl);
    warehouse.execute(&ddl);
    let apply = env.succeed(&["schema", "warehouse", "--apply"]);
    assert_says(&apply.stdout, &["All tables exist"]);
    env.collect();
    env.succeed(&["sync"]);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 4);
}

#[test]
fn the_shipped_assets_are_shown_as_they_are() {
    let path = repository("data/assets.toml");
    let env = TestEnv::new().with("ASSETS_FILE", path.to_str().unwrap());
    let rows = env.succeed(&["assets", "--format", "json"]).rows();
    let ids: Vec<&str> = rows
        .iter()
        .map(|r| r["asset_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["KS200", "005930", "000660", "SOXL", "BTC", "GC=F", "SI=F"]
    );
    assert!(rows[4]["sources"].to_string().contains("yahoo:BTC-USD"));
}

#[test]
fn the_schema_as_json_is_an_array_too() {
    let env = TestEnv::new();
    for schema in ["staging", "warehouse"] {
        let text = env.succeed(&["schema", schema]).stdout;
        let row = env.succeed(&["schema", schema, "--format", "json"]).row();
        assert_eq!(row["ddl"], text);
    }
}

#[test]
fn a_slip_of_the_keyboard_is_no_history_and_no_waiver() {
    let (_server, env) = shares(&["A"]);
    env.collect();
    let refused = |arguments: &[&str], why: &str| {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    };
    refused(&["history", "NOPE"], "there is no asset \"NOPE\"");
    let waive = |day: &'static str, reason: &'static str| ["waive", "A", day, "--reason", reason];
    refused(&waive("2024-01-06", "x"), "not a session of XKRX (weekend)");
    refused(&waive("2024-01-04", " "), "--reason is empty");
    refused(&["waive", "NOPE", "2024-01-04", "--reason", "x"], "NOPE");
    refused(&waive("2024-01-04", "x"), "A has a bar on 2024-01-04");
    let assets = [
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
        asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]),
    ];
    env.write("data/assets.toml", assets.concat());
    refused(
        &["waive", "BTC", "2099-01-02", "--reason", "x"],
        "2099-01-02 is in the future",
    );
    assert_eq!(env.count("SELECT count(*) FROM waiver"), 0);
    // One without a bar is waived, and may be so again.
    env.staging()
        .execute("DELETE FROM price_daily WHERE date = '2024-01-04'", [])
        .unwrap();
    for _ in 0..2 {
        env.succeed(&waive("2024-01-04", "no trade"));
    }
}
