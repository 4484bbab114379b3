//! What is said while it runs: JSON lines, final errors in the log file, and no secret in a single byte.

use serde_json::Value;

use crate::support::program::{COLLECT, TestEnv};
use crate::support::server::Answer;
use crate::support::{route, shares};

/// What must not be in any byte.
const CANARY: &str = "c4n4ry";

/// The lines of a text, each a JSON object with what every line has.
fn json_lines(text: &str) -> Vec<Value> {
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}")))
        .collect();
    for line in &lines {
        let time = line["time"].as_str().unwrap();
        assert!(
            chrono::DateTime::parse_from_rfc3339(time).is_ok(),
            "{line:?}"
        );
        for key in ["level", "target", "message"] {
            assert!(line[key].is_string(), "{line:?}");
        }
    }
    lines
}

/// The one log file.
fn log_file(env: &TestEnv) -> String {
    let mut files = std::fs::read_dir(env.path("logs")).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn with_json_every_line_of_stderr_is_json() {
    let (server, env) = shares(&["005930", "000660"]);
    server.answer(&route("000660"), Answer::new(404, "gone"));
    let env = env
        .with("LOG_FORMAT", "json")
        .with("LOG_LEVEL", "trace")
        .with("ALERT_WEBHOOK_URL", "no address");
    let cases: [(&[&str], i32, &str); 7] = [
        (&COLLECT, 3, "ALERT_WEBHOOK_URL is not an http"),
        (&["collect", "--end", "2024-13-01"], 2, "2024-13-01"),
        (&["fetch"], 2, "fetch"),
        (&[], 2, "missing command"),
        (&["collect", "--assets", "AAPL"], 2, "AAPL"),
        (&["sync"], 2, "DATABASE_URL is not set"),
        (&["collect", "--start", "9999-01-01"], 2, "9999-01-01"),
    ];
    for (arguments, code, says) in cases {
        let ran = env.run(arguments);
        assert_eq!(ran.code, code, "{ran:?}");
        let lines = json_lines(&ran.stderr);
        let said = |l: &Value| l["message"].as_str().unwrap().contains(says);
        assert!(lines.iter().any(said), "{ran:?}");
    }
    let env = env.with("FETCH_TIMEOUT", "abc");
    let lines = json_lines(&env.run(&["collect"]).stderr);
    let error = lines.iter().find(|l| l["level"] == "ERROR").unwrap();
    assert!(error["message"].as_str().unwrap().contains("FETCH_TIMEOUT"));
    // Also where that stands in a file that is wrong elsewhere.
    let env = env.without("LOG_FORMAT");
    env.write(".env", "nonsense\nLOG_FORMAT=json\n");
    let lines = json_lines(&env.run(&["status"]).stderr);
    let says = |l: &Value| l["message"].as_str().unwrap().contains("line 1");
    assert!(lines.iter().any(says), "{lines:?}");
}

#[test]
fn the_log_file_ends_with_the_error_and_the_exit_code() {
    for format in ["text", "json"] {
        let (_server, env) = shares(&["005930"]);
        let env = env.with("LOG_FORMAT", format).with("LOG_LEVEL", "off");
        let ran = env.run(&["sync", "--log-dir", "logs"]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("DATABASE_URL is not set"), "{ran:?}");
        let log = log_file(&env);
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 2, "{log}");
        assert!(lines[0].contains("ERROR") && lines[0].contains("DATABASE_URL is not set"));
        assert!(lines[1].contains("sync ended with exit code 2"));
        if format == "json" {
            json_lines(&log);
        }
    }
}

#[test]
fn several_processes_share_a_log_folder() {
    let (_server, env) = shares(&["005930"]);
    env.write("logs/collect_20200101.log", "old");
    let arguments = [&COLLECT[..], &["--log-dir", "logs"]].concat();
    let runs: Vec<_> = (0..6).map(|_| env.start(&arguments)).collect();
    for run in runs {
        assert_eq!(run.wait().code, 0);
    }
    let log = log_file(&env);
    let ended = log.matches("collect ended with exit code 0").count();
    assert_eq!(ended, 6, "{log}");
    // Every line begins with its time.
    assert!(log.lines().all(|l| l.starts_with("20")), "{log}");
}

/// Connections with the canary in them, most of them wrong.
fn databases() -> [String; 8] {
    [
        format!("postgres://me:{CANARY}@127.0.0.1:1/prices"),
        format!("postgresql://me@127.0.0.1:1/prices?password={CANARY}"),
        format!("host=127.0.0.1 port=1 user=me password={CANARY} dbname=prices"),
        format!("mysql://me:{CANARY}@127.0.0.1:1/prices"),
        format!("postgres://me:{CANARY}@127.0.0.1:port/prices"),
        format!("postgres://me:{CANARY}@127.0.0.1:99999/prices"),
        format!("jdbc:postgresql://127.0.0.1:1/prices?user=me&password={CANARY}"),
        CANARY.to_owned(),
    ]
}

#[test]
fn no_secret_is_in_any_byte() {
    let addresses = [
        format!("http://127.0.0.1:1/api/webhooks/123456/{CANARY}"),
        format!("http://me:{CANARY}@127.0.0.1:1/x"),
        format!("htp:/127.0.0.1/api/webhooks/123456/{CANARY}"),
        format!("http://127.0.0.1:port/{CANARY}"),
        CANARY.to_owned(),
    ];
    for (i, database) in databases().iter().enumerate() {
        let (server, env) = shares(&["005930", "000660"]);
        // A source that repeats what it was asked, and a source behind a password.
        server.answer(
            &route("000660"),
            Answer::new(404, format!("{CANARY} is unknown")),
        );
        let address = &addresses[i % addresses.len()];
        let origin = server
            .origin()
            .replace("http://", &format!("http://me:{CANARY}@"));
        let env = env
            .with("LOG_LEVEL", ["trace", "debug", "info"][i % 3])
            .with("LOG_FORMAT", ["text", "json"][i % 2])
            .with("DATABASE_URL", database)
            .with("ALERT_WEBHOOK_URL", address)
            .with("HEARTBEAT_URL", address)
            .with("NAVER_FCHART_BASE_URL", &origin)
            .with("FETCH_TIMEOUT", "5");
        env.write(".env", format!("PGPASSWORD={CANARY}\n"));
        let commands: [&[&str]; 13] = [
            &COLLECT,
            &["collect", "--assets", CANARY],
            &["sync"],
            &["sync", "--dry-run"],
            &["status"],
            &["healthcheck"],
            &["healthcheck", "--warehouse", "--format", "json"],
            &["schema", "warehouse", "--apply", "--format", "json"],
            &["verify"],
            &["doctor", "--format", "json"],
            &["report", "--out", "report.html"],
            &["export", "--output", "bars.csv"],
            &["backup", "copy.db"],
        ];
        for command in commands {
            let ran = env.run(&[command, &["--log-dir", "logs"]].concat());
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains(CANARY), "{command:?}: {said}");
        }
        for (path, content) in env.files() {
            let text = String::from_utf8_lossy(&content.unwrap_or_default()).into_owned();
            let is_env = path.ends_with(".env");
            assert!(is_env || !text.contains(CANARY), "{}", path.display());
        }
    }
}
