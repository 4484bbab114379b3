//! `pricestash daily`: the same rows, runs and exit codes as the daily script.

use rusqlite::Connection;
use serde_json::Value;

use super::script::{DAYS, assets, count, install};
use crate::support::install::{Install, PROGRAM};
use crate::support::program::Ran;
use crate::support::server::Answer;
use crate::support::warehouse::{TestWarehouse, warehouse};

/// `daily` in the folder in which the script works.
fn daily(install: &Install, arguments: &[&str]) -> Ran {
    let arguments = [&["daily", "--log-dir", "logs"][..], arguments].concat();
    install.start_in_folder(PROGRAM, &arguments).wait()
}

/// What a query says of the staging file, a line a row; nothing where no step made one.
fn lines(install: &Install, sql: &str) -> Vec<String> {
    let staging = install.path("data/staging.db");
    if !staging.exists() {
        return Vec::new();
    }
    let staging = Connection::open(staging).unwrap();
    let mut statement = staging.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Rows and runs, without times and ids.
fn left(install: &Install) -> [Vec<String>; 3] {
    [
        "SELECT asset_id || date || source || open || high || low || close || coalesce(volume, '') || is_final
             || (synced_revision = revision) FROM price_daily ORDER BY asset_id, date, source",
        "SELECT job_name || ' ' || status FROM job_run ORDER BY started_at, job_name",
        "SELECT asset_id || date || rule FROM finding ORDER BY asset_id, date, rule",
    ]
    .map(|sql| lines(install, sql))
}

/// What the warehouse has; nothing where a sync had nothing to send.
fn in_warehouse(warehouse: &TestWarehouse) -> String {
    if warehouse.count("SELECT count(*) FROM pg_tables WHERE tablename = 'price_daily'") == 0 {
        return String::new();
    }
    warehouse.text(
        "SELECT coalesce(string_agg(concat_ws(' ', asset_id, date, source, close, volume), E'\\n' ORDER BY asset_id, date), '') FROM price_daily",
    )
}

#[test]
fn it_leaves_the_rows_runs_and_codes_of_the_script() {
    let warehouses = [warehouse!(), warehouse!()];
    let [coin, unknown] = assets();
    let mixed = [coin.clone(), unknown.clone()];
    let maybe = "?sslmode=maybe";
    // Assets, what stands behind DATABASE_URL (nothing sets none), arguments, the exit code.
    type Case<'a> = (&'a [String], Option<&'a str>, &'a [&'a str], i32);
    let cases: [Case<'_>; 8] = [
        (&mixed[..1], Some(""), &[], 0),
        (&mixed, Some(""), &["--days", "5"], 3),
        (&mixed, Some(""), &["--days", "5", "--partial-ok"], 0),
        (&mixed, Some(""), &[], 1),
        (&[unknown], Some(""), &[], 1),
        (&mixed, Some(maybe), &[], 2),
        (&mixed, None, &["--days", "5"], 3),
        (
            &mixed,
            Some(""),
            &["--start", "2026-02-01", "--end", "2026-01-01"],
            2,
        ),
    ];
    for (assets, database, arguments, code) in cases {
        let case = format!("{} assets, {database:?}, {arguments:?}", assets.len());
        let both = [0, 1].map(|at| {
            let warehouse = &warehouses[at];
            warehouse.execute("DROP TABLE IF EXISTS price_daily, asset_master, asset_source, job_run, corporate_action, corporate_action_coverage CASCADE");
            let (server, install) = install(assets);
            let install = match database {
                Some(more) => install.with("DATABASE_URL", &(warehouse.url() + more)),
                None => install,
            };
            let ran = match at {
                0 => install.daily(arguments),
                _ => daily(&install, arguments),
            };
            assert_eq!(ran.code, code, "{case}: {ran:?}");
            drop(server);
            let rows = match database {
                Some("") => in_warehouse(warehouse),
                _ => String::new(),
            };
            (left(&install), rows)
        });
        assert_eq!(both[0], both[1], "{case}");
    }
}

#[test]
fn one_summary_says_how_each_step_went_and_the_report_is_written() {
    let (server, install) = install(&assets()[..1]);
    let ran = daily(&install, &["--report", "report.html"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let summary = "daily: collect succeeded, sync sent nothing (DATABASE_URL is not set), healthcheck succeeded, report succeeded";
    assert_eq!(ran.stdout.lines().last(), Some(summary), "{ran:?}");
    let page = std::fs::read_to_string(install.path("report.html")).unwrap();
    assert!(page.contains("<html"), "{} bytes", page.len());
    server.answer("/v1/candles/days", Answer::new(404, "gone"));
    install.write(".env", "DATABASE_URL=nonsense\n");
    let ran = daily(&install, &["--format", "json"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let steps = rows
        .iter()
        .map(|r| (r["step"].as_str(), r["exit_code"].as_u64()));
    let steps: Vec<_> = steps.collect();
    assert_eq!(
        steps,
        [
            (Some("collect"), Some(1)),
            (Some("sync"), Some(2)),
            (Some("healthcheck"), Some(0))
        ]
    );
    let error = rows[1]["error"].as_str().unwrap();
    assert!(
        error.starts_with("DATABASE_URL is not the address"),
        "{error}"
    );
    assert_eq!(count(&install, "SELECT count(*) FROM price_daily"), DAYS);
    assert!(install.log().contains("daily ended with exit code 2"));
}

#[test]
fn settings_that_cannot_be_read_stop_it_as_they_stop_the_script() {
    let (_server, install) = install(&assets()[..1]);
    install.write(".env", "FETCH_TIMEOUT=soon\n");
    let ran = daily(&install, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stdout.contains("collect was refused"), "{ran:?}");
    install.write(".env", "this is no setting\n");
    let ran = daily(&install, &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!install.path("data/staging.db").exists());
}
