//! `status`: am I fine, and what became of runs.

use serde_json::Value;

use crate::support::program::{COLLECT, TestEnv};
use crate::support::server::{Answer, Server};
use crate::support::{route, shares, week};

/// Two good runs, then two in which one asset fails.
fn with_history() -> (Server, TestEnv) {
    let (server, env) = shares(&["005930", "000660"]);
    for _ in 0..2 {
        assert_eq!(env.collect().code, 0);
    }
    server.answer(&route("000660"), Answer::new(404, "gone"));
    for _ in 0..2 {
        assert_eq!(env.collect().code, 3);
    }
    (server, env)
}

#[test]
fn it_says_what_is_not_well_and_why() {
    let (_server, env) = with_history();
    let screen = env.succeed(&["status"]).stdout;
    for words in [
        "Not all is well:",
        "2 of 2 assets are not fresh: 005930, 000660",
        "the last 2 runs of collect did not succeed; the newest ended with partial_failure",
        "8 rows wait for PostgreSQL",
        "50 %",
        "collect, last error, 20",
        "000660 naver: ",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    let wide = env.succeed(&["status", "--wide"]).stdout;
    for words in ["2/4", "4/4", "provisional"] {
        assert!(wide.contains(words), "{words}: {wide}");
    }
    // One screen.
    assert!(screen.lines().count() < 40, "{screen}");
}

#[test]
fn its_json_has_a_row_a_series_with_freshness_and_success() {
    let (_server, env) = with_history();
    let rows = env.succeed(&["status", "--format", "json"]).rows();
    let of = |id: &str| rows.iter().find(|r| r["asset_id"] == id).unwrap();
    assert_eq!(rows.len(), 2);
    let (good, bad) = (of("005930"), of("000660"));
    assert_eq!(
        (&good["freshness"], &good["pending"]),
        (&"STALE".into(), &4.into())
    );
    assert_eq!(
        (&good["success_rate_30d"], &good["failure_streak"]),
        (&1.0.into(), &0.into())
    );
    assert_eq!(
        (&bad["success_rate_30d"], &bad["failure_streak"]),
        (&0.5.into(), &2.into())
    );
    assert!(bad["last_error"].as_str().unwrap().contains("404"), "{bad}");
}

#[test]
fn commands_runs_and_findings_are_lists_of_their_own() {
    let (_server, env) = with_history();
    let rows =
        |list: &str| -> Vec<Value> { env.succeed(&["status", list, "--format", "json"]).rows() };
    let commands = rows("--commands");
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0]["job_name"], "collect");
    assert_eq!(
        (&commands[0]["runs_30d"], &commands[0]["failure_streak"]),
        (&4.into(), &2.into())
    );
    assert!(
        commands[0]["last_error"]
            .as_str()
            .unwrap()
            .contains("000660")
    );
    let runs = rows("--runs");
    assert_eq!(runs.len(), 4);
    assert_eq!(
        (&runs[0]["status"], &runs[3]["status"]),
        (&"partial_failure".into(), &"success".into())
    );
    assert!(
        runs.iter()
            .all(|r| r["process_id"].is_u64() && r["host"].is_string() && r["seconds"].is_number())
    );
    assert_eq!(runs[0]["version"], env!("CARGO_PKG_VERSION"));
    let findings = rows("--findings").len();
    let open = env.count("SELECT count(*) FROM open_findings");
    assert_eq!(i64::try_from(findings).unwrap(), open);
    assert_eq!(env.run(&["status", "--runs", "--findings"]).code, 2);
}

#[test]
fn runs_of_more_than_a_year_ago_go_and_their_prices_stay() {
    let (server, env) = shares(&["005930"]);
    server.answer(&route("005930"), week([1, 2, 3, 4]));
    env.collect();
    env.staging()
        .execute_batch(
            "UPDATE job_run SET started_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-366 days');
             INSERT INTO job_run (job_id, job_name, started_at, status)
             SELECT 'young', job_name, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-364 days'), status FROM job_run",
        )
        .unwrap();
    assert_eq!(env.run(&COLLECT).code, 0);
    let ids = env.pairs("SELECT job_id, status FROM job_run ORDER BY started_at");
    assert_eq!((ids.len(), ids[0].0.as_str()), (2, "young"));
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 4);
}
