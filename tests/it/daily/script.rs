//! The daily script, `daily_collect.bat` on Windows and `daily_collect.sh` elsewhere: the same tests for both.

use std::fs;

use chrono::{TimeDelta, Utc};
use rusqlite::Connection;

use crate::support::install::{DAILY, Install, PROGRAM};
use crate::support::program::Ran;
use crate::support::server::{Answer, Server};
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{asset, repository};

/// Days that the coins below have, up to today.
pub(super) const DAYS: i64 = 10;

/// A fresh coin and a share that no source knows.
pub(super) fn assets() -> [String; 2] {
    [
        asset("BTC", "24/7", "KRW", &[("upbit", "KRW-BTC")]),
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
    ]
}

/// Candles of the last days, so that the coin is fresh whenever this runs.
fn candles() -> Answer {
    let today = Utc::now().date_naive();
    let candles = (0..DAYS).map(|back| {
        let day = today - TimeDelta::days(back);
        format!(
            "{{\"market\":\"KRW-BTC\",\"candle_date_time_utc\":\"{day}T00:00:00\",\"opening_price\":100,\"high_price\":100,\
             \"low_price\":100,\"trade_price\":100,\"candle_acc_trade_volume\":5}}"
        )
    });
    Answer::ok(format!("[{}]", candles.collect::<Vec<_>>().join(",")))
}

/// A server that knows the coin, and an installation that asks it for these assets.
pub(super) fn install(assets: &[String]) -> (Server, Install) {
    let server = Server::new();
    server.answer("/v1/candles/days", candles());
    let origins = ["NAVER", "NAVER_FCHART", "UPBIT"];
    let install = origins.iter().fold(Install::new(), |install, source| {
        install.with(&format!("{source}_BASE_URL"), &server.origin())
    });
    install.write("data/assets.toml", assets.concat());
    (server, install)
}

pub(super) fn count(install: &Install, sql: &str) -> i64 {
    let staging = Connection::open(install.path("data/staging.db")).unwrap();
    staging.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The exit code, and what was said of each step.
fn assert_ended(ran: &Ran, code: i32, steps: &[&str]) {
    let said = ran.stderr.lines().last().unwrap_or_default();
    assert!(said.starts_with("daily_collect: "), "{ran:?}");
    for step in steps {
        assert!(said.contains(step), "{step:?} is not in {ran:?}");
    }
    assert_eq!(ran.code, code, "{ran:?}");
}

#[test]
fn a_good_day_is_staged_synced_fresh_and_in_the_log() {
    let warehouse = warehouse!();
    let (_server, install) = install(&assets()[..1]);
    let install = install.with("DATABASE_URL", &warehouse.url());
    let ran = install.daily(&[]);
    assert_ended(
        &ran,
        0,
        &[
            "collect succeeded",
            "sync succeeded",
            "healthcheck succeeded",
        ],
    );
    assert_eq!(count(&install, "SELECT count(*) FROM price_daily"), DAYS);
    assert_eq!(count(&install, "SELECT count(*) FROM pending"), 0);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), DAYS);
    let logs = install.logs();
    assert!(ran.stderr.contains(&logs[0]), "{logs:?}: {ran:?}");
    let log = install.log();
    for step in ["collect", "sync", "healthcheck"] {
        assert!(
            log.contains(&format!("{step} ended with exit code 0")),
            "{log}"
        );
    }
}

#[test]
fn the_exit_code_is_that_of_the_worst_step() {
    let warehouse = warehouse!();
    let [coin, unknown] = assets();
    let mixed = [coin.clone(), unknown.clone()];
    let wrong = format!("{}?sslmode=maybe", warehouse.url());
    let good = warehouse.url();
    // Assets, DATABASE_URL, arguments; the exit code, and what is said.
    type Case<'a> = (&'a [String], &'a str, &'a [&'a str], i32, &'a [&'a str]);
    let cases: [Case<'_>; 5] = [
        (
            &mixed,
            &good,
            &["--days", "5"],
            3,
            &["collect failed in part", "sync succeeded"],
        ),
        // 1 is worse than 3.
        (
            &mixed,
            &good,
            &[],
            1,
            &[
                "collect failed in part",
                "sync succeeded",
                "healthcheck failed",
            ],
        ),
        (
            &[unknown],
            &good,
            &[],
            1,
            &[
                "collect failed (exit code 1)",
                "sync succeeded",
                "healthcheck failed",
            ],
        ),
        // 2 is worse than 1.
        (
            &mixed,
            &wrong,
            &[],
            2,
            &[
                "collect failed in part",
                "sync was refused",
                "healthcheck failed",
            ],
        ),
        (
            &mixed,
            &good,
            &["--start", "tomorrow"],
            2,
            &["collect was refused", "sync failed"],
        ),
    ];
    for (assets, database_url, arguments, code, said) in cases {
        let (_server, install) = install(assets);
        let install = install.with("DATABASE_URL", database_url);
        assert_ended(&install.daily(arguments), code, said);
    }
}

#[test]
fn a_partial_failure_is_none_for_a_scheduler_that_says_so() {
    let (_server, install) = install(&assets());
    let arguments = ["--days", "5", "--partial-ok"];
    assert_ended(&install.daily(&arguments), 0, &["collect succeeded"]);
    assert!(install.log().contains("because of --partial-ok"));
    let run = "SELECT count(*) FROM job_run WHERE status = 'partial_failure'";
    assert_eq!(count(&install, run), 1);
    assert_ended(&install.daily(&["--days", "5"]), 3, &["failed in part"]);
}

#[test]
fn what_was_staged_before_is_synced_although_collect_fails() {
    let warehouse = warehouse!();
    let (server, install) = install(&assets()[..1]);
    let ran = install.daily(&[]);
    let left_out = "sync sent nothing (DATABASE_URL is not set)";
    assert_ended(&ran, 0, &["collect succeeded", left_out]);
    assert!(ran.stderr.contains(&format!("{DAYS} rows wait")), "{ran:?}");
    server.answer("/v1/candles/days", Answer::new(404, "gone"));
    let install = install.with("DATABASE_URL", &warehouse.url());
    let ran = install.daily(&[]);
    assert_ended(&ran, 1, &["collect failed", "sync succeeded"]);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), DAYS);
}

#[test]
fn a_replay_an_explicit_window_and_a_dry_run_are_not_judged() {
    let today = Utc::now().date_naive().to_string();
    for arguments in [
        &["--replay", "data/sample"][..],
        &["--days", "3"],
        &["--start", &today],
        &["--end", &today],
        &["--dry-run"],
    ] {
        // The sample and the server have other prices: each its own file.
        let (_server, install) = install(&assets()[..1]);
        let ran = install.daily(arguments);
        assert!(!ran.stderr.contains("healthcheck"), "{ran:?}");
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!install.log().contains("healthcheck"));
    }
}

#[test]
fn the_last_line_is_in_the_owner_s_language() {
    let (_server, install) = install(&assets());
    let install = install.with("PRICESTASH_LANG", "ko");
    let ran = install.daily(&["--days", "5"]);
    let steps = [
        "collect 일부 실패(종료 코드 3), sync 보낸 것 없음(DATABASE_URL이 설정되지 않음), 로그: ",
        &install.logs()[0],
    ];
    assert_ended(&ran, 3, &steps);
}

#[test]
fn a_refused_configuration_stands_in_the_log() {
    let (_server, install) = install(&assets()[..1]);
    install.write(".env", "\u{feff}FETCH_TIMEOUT=soon\r\n");
    assert_ended(&install.daily(&[]), 2, &["collect was refused"]);
    let log = install.log();
    for line in [
        "ERROR FETCH_TIMEOUT is \"soon\"",
        "ERROR collect ended with exit code 2",
    ] {
        assert!(log.contains(line), "{log}");
    }
}

#[test]
fn the_program_lies_beside_the_script_or_where_it_was_built_or_on_path() {
    let name = |folder: &str| format!("{folder}/{PROGRAM}");
    for place in [name("scripts"), name("target/release"), name("bin")] {
        let (_server, install) = install(&assets()[..1]);
        install.move_program(&place);
        let install = if place.starts_with("bin") {
            install.with_on_path("bin")
        } else {
            install
        };
        assert_ended(&install.daily(&[]), 0, &["collect succeeded"]);
        assert_eq!(count(&install, "SELECT count(*) FROM price_daily"), DAYS);
    }
    let (_server, install) = install(&assets()[..1]);
    fs::remove_file(install.path(PROGRAM)).unwrap();
    assert_ended(&install.daily(&[]), 1, &["there is no pricestash"]);
}

#[test]
fn a_script_outside_of_scripts_works_in_its_own_folder() {
    let (_server, install) = install(&assets()[..1]);
    let name = DAILY.trim_start_matches("scripts/");
    fs::rename(install.path(DAILY), install.path(name)).unwrap();
    let ran = install.start(name, &[]).wait();
    assert_ended(&ran, 0, &["collect succeeded"]);
    assert_eq!(count(&install, "SELECT count(*) FROM price_daily"), DAYS);
}

#[test]
fn two_runs_at_once_harm_nothing() {
    let warehouse = warehouse!();
    let (_server, install) = install(&assets()[..1]);
    let install = install.with("DATABASE_URL", &warehouse.url());
    let both = [install.start(DAILY, &[]), install.start(DAILY, &[])];
    for ran in both.map(|run| run.wait()) {
        assert_ended(&ran, 0, &["collect succeeded", "sync succeeded"]);
    }
    assert_synced(&install, &warehouse);
    let log = install.log();
    assert_eq!(
        log.matches("collect ended with exit code 0").count(),
        2,
        "{log}"
    );
    assert!(log.lines().all(|line| line.starts_with("20")), "{log}");
}

fn assert_synced(install: &Install, warehouse: &TestWarehouse) {
    assert_eq!(count(install, "SELECT count(*) FROM price_daily"), DAYS);
    assert_eq!(count(install, "SELECT count(*) FROM pending"), 0);
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), DAYS);
    let unfinished = "SELECT count(*) FROM job_run WHERE status <> 'success'";
    assert_eq!(count(install, unfinished), 0);
}

#[test]
fn thirty_days_of_logs_are_kept() {
    let (_server, install) = install(&assets()[..1]);
    install.write("logs/collect_20200101.log", "old");
    install.write("logs/notes_20200101.log", "mine");
    assert_eq!(install.daily(&[]).code, 0);
    let logs = install.logs();
    assert!(
        !logs.contains(&"collect_20200101.log".to_owned()),
        "{logs:?}"
    );
    assert!(logs.contains(&"notes_20200101.log".to_owned()), "{logs:?}");
}

#[test]
fn cmd_reads_every_bat_in_any_code_page() {
    let scripts = fs::read_dir(repository("scripts")).unwrap();
    let mut seen = 0;
    for path in scripts.map(|e| e.unwrap().path()) {
        if path.extension().is_some_and(|e| e == "bat") {
            seen += 1;
            let text = fs::read(&path).unwrap();
            assert!(text.is_ascii(), "{}", path.display());
            let lines = text.split_inclusive(|b| *b == b'\n');
            for line in lines {
                assert!(line.ends_with(b"\r\n"), "{}: {line:?}", path.display());
            }
        }
    }
    assert!(seen >= 1);
}

/// The .sh builds a program that is older than what is compiled into it; the .bat leaves that to cargo.
#[cfg(unix)]
mod rebuild {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::*;

    const BUILT: &str = "target/release/pricestash";

    /// Lays out a built program with its source and cargo's list of what was compiled in, and a cargo that only notes that
    /// it was called.
    fn with_source(install: Install, compiled_in: &[&str]) -> Install {
        install.move_program(BUILT);
        for file in ["Cargo.toml", "Cargo.lock"].iter().chain(compiled_in) {
            install.write(file, "");
            age(&install, file, 120);
        }
        list_compiled_in(&install, &install.path(BUILT), compiled_in);
        install.write("bin/cargo", "#!/bin/sh\necho \"$@\" >>builds\n");
        let cargo = install.path("bin/cargo");
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", install.path("bin").display());
        install.with("PATH", &path)
    }

    /// What cargo writes beside a program: a rule of make with absolute paths, their blanks escaped.
    fn list_compiled_in(install: &Install, program: &Path, compiled_in: &[&str]) {
        let escape = |path: &Path| path.display().to_string().replace(' ', "\\ ");
        let files = compiled_in.iter().map(|f| escape(&install.path(f)));
        let files = files.collect::<Vec<_>>().join(" ");
        let rule = format!("{}: {files}\n", escape(program));
        install.write(&format!("{BUILT}.d"), rule);
    }

    /// Makes a file this many minutes old. None is of now: what `touch` calls now is a tick of the clock older.
    fn age(install: &Install, file: &str, minutes: u64) {
        let time = SystemTime::now() - Duration::from_secs(minutes * 60);
        let file = fs::File::open(install.path(file)).unwrap();
        file.set_modified(time).unwrap();
    }

    /// How often the daily run builds the program, of two runs, when the program is an hour old.
    fn builds(install: &Install) -> usize {
        age(install, BUILT, 60);
        install.write("builds", "");
        for _ in 0..2 {
            assert_ended(&install.daily(&["--dry-run"]), 0, &["collect succeeded"]);
        }
        let builds = fs::read_to_string(install.path("builds")).unwrap();
        builds.matches("build --release --locked\n").count()
    }

    #[test]
    fn a_change_of_what_is_compiled_in_asks_for_one_build() {
        let compiled_in = [
            "src/main.rs",
            "src/report/html/page.html",
            "data/assets.toml",
            ".env.example",
        ];
        let (_server, install) = install(&assets()[..1]);
        let install = with_source(install, &compiled_in);
        install.write("data/assets.toml", assets()[..1].concat());
        age(&install, "data/assets.toml", 120);
        assert_eq!(builds(&install), 0, "nothing changed");
        for file in ["Cargo.toml", "Cargo.lock"].iter().chain(&compiled_in) {
            age(&install, file, 30);
            assert_eq!(builds(&install), 1, "{file}");
            age(&install, file, 120);
        }
        install.write("src/new.md", "nothing names it");
        assert_eq!(builds(&install), 0, "a file that is not compiled in");
        // A cargo that mends neither is asked each time.
        fs::remove_file(install.path(".env.example")).unwrap();
        assert_eq!(builds(&install), 2, "a file that is gone");
        install.write(".env.example", "");
        age(&install, ".env.example", 120);
        list_compiled_in(&install, &install.elsewhere().join(BUILT), &compiled_in);
        assert_eq!(builds(&install), 2, "the list of another program");
        fs::remove_file(install.path(&format!("{BUILT}.d"))).unwrap();
        assert_eq!(builds(&install), 2, "no list");
    }
}
