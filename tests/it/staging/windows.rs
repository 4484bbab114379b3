//! What only Windows has: its paths, its console's code pages, other programs at the staging file.

use std::path::Path;

use rusqlite::Connection;

use crate::support::program::TestEnv;
use crate::support::shares;

/// Collects into a staging file at a path, twice, which is there by another way of writing the path. The folder is gone with
/// the environment.
fn assert_stages(env: TestEnv, staging_db: &str, same: &Path) -> TestEnv {
    let env = env.with("STAGING_DB", staging_db);
    for _ in 0..2 {
        let ran = env.collect();
        assert_eq!(ran.code, 0, "{staging_db}: {ran:?}");
    }
    assert_eq!(env.run(&["status"]).code, 0);
    assert!(same.exists(), "{} is not there", same.display());
    env
}

fn rows(path: &Path) -> i64 {
    let staging = Connection::open(path).unwrap();
    let sql = "SELECT count(*) FROM price_daily";
    staging.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_verbatim_path_is_fine() {
    let (_server, env) = shares(&["005930"]);
    let path = env.path("저장소").join("a b.db");
    let verbatim = format!(r"\\?\{}", path.display());
    let _env = assert_stages(env, &verbatim, &path);
    assert_eq!(rows(&path), 4);
}

#[test]
fn a_path_of_more_than_260_characters_is_fine() {
    let (_server, env) = shares(&["005930"]);
    // Each part is shorter than a name may be.
    let long = [
        "가".repeat(90),
        "나".repeat(90),
        "다".repeat(90),
        "s.db".to_owned(),
    ]
    .join("/");
    let path = env.path(&long);
    assert!(path.as_os_str().len() > 260);
    assert_stages(env, &long, &path);
}

#[test]
fn a_path_relative_to_a_drive_is_in_its_current_folder() {
    let (_server, env) = shares(&["005930"]);
    let path = env.path("data").join("other.db");
    let drive = path.to_str().unwrap().split_once(':').unwrap().0.to_owned();
    let _env = assert_stages(env, &format!(r"{drive}:data\other.db"), &path);
    assert_eq!(rows(&path), 4);
}

#[test]
fn a_path_on_a_share_is_fine() {
    let (_server, env) = shares(&["005930"]);
    let path = env.path("data").join("shared.db");
    let (drive, rest) = path.to_str().unwrap().split_once(':').unwrap();
    let share = format!(r"\\localhost\{drive}$");
    // Only administrators have it, and Wine has none.
    if Path::new(&share).exists() {
        let _env = assert_stages(env, &format!("{share}{rest}"), &path);
        assert_eq!(rows(&path), 4);
    }
}

#[test]
fn another_program_reads_and_writes_the_file_meanwhile() {
    let (_server, env) = shares(&["005930"]);
    assert_eq!(env.collect().code, 0);
    let other = env.staging();
    let mut statement = other.prepare("SELECT date FROM price_daily").unwrap();
    let mut reading = statement.query([]).unwrap();
    assert!(reading.next().unwrap().is_some());
    // A reader in the middle of its query does not keep the next run out.
    assert_eq!(env.collect().code, 0);
    drop(reading);
    other
        .execute("UPDATE price_daily SET revision = revision + 1", [])
        .unwrap();
    assert_eq!(env.pending(), 4);
}

#[test]
fn the_working_folder_has_everything_and_the_user_s_folders_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (_server, mut env) = shares(&["005930"]);
    for name in ["APPDATA", "LOCALAPPDATA", "USERPROFILE", "PROGRAMDATA"] {
        env.set(name, home.path().to_str().unwrap());
    }
    let ran = env.run(&["--log-dir", "logs", "collect", "--days", "1"]);
    assert!(matches!(ran.code, 0 | 1), "{ran:?}");
    assert!(env.path("logs").is_dir() && env.path("data/staging.db").exists());
    assert_eq!(home.path().read_dir().unwrap().count(), 0);
}
