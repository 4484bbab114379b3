//! Where results go: to stdout, into files that are replaced whole, into devices and pipes that stay what they are.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

use crate::support::program::TestEnv;
use crate::support::repository;

/// One asset of the sample, collected.
fn sample() -> TestEnv {
    let env = TestEnv::new();
    let assets = fs::read(repository("data/assets.toml")).unwrap();
    env.write("data/assets.toml", assets);
    let replay = repository("data/sample");
    let replay = replay.to_str().unwrap();
    env.succeed(&["collect", "--assets", "005930", "--replay", replay]);
    env
}

/// What a shell prints that runs a line with the program as `$0`.
#[cfg(unix)]
fn shell(env: &TestEnv, line: &str) -> crate::support::program::Ran {
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        &format!("set -eo pipefail; {line}"),
        env!("CARGO_BIN_EXE_pricestash"),
    ]);
    env.command(shell)
}

#[test]
fn a_dash_is_stdout_for_every_result() {
    let env = sample();
    let before = env.files();
    let plain = env.succeed(&["export"]).stdout;
    assert_eq!(env.succeed(&["export", "--output", "-"]).stdout, plain);
    for name in ["--output", "--out"] {
        assert_eq!(env.succeed(&["export", name, "-"]).stdout, plain);
        let html = env.succeed(&["report", name, "-"]).stdout;
        assert!(html.ends_with("</html>\n"), "{html}");
    }
    #[cfg(unix)]
    {
        // In UTF-16, as Windows wants it.
        let line = "\"$0\" windows-task x.bat --output - | od -tx1 -An -N2";
        assert_eq!(shell(&env, line).stdout, " ff fe\n");
    }
    assert_eq!(
        env.run(&["backup", "-"]).error(),
        "error: cannot write a backup to stdout; name a file"
    );
    let only_there_before = |path: &Path| before.contains_key(path);
    assert!(env.files().keys().all(|path| only_there_before(path)));
}

#[test]
fn a_name_that_promises_another_format_is_refused() {
    let env = sample();
    for (arguments, says) in [
        (
            &["export", "--output", "x.xlsx"][..],
            "a spreadsheet also opens a .csv file",
        ),
        (&["export", "--output", "x.json"], "--format json"),
        (
            &["export", "--format", "json", "--output", "x.csv"],
            "--format csv",
        ),
        (&["report", "--output", "x.pdf"], ".html"),
        (&["backup", "x.zip"], ".db"),
        (
            &["windows-task", "x.bat", "--output", "x.json"],
            "ends in .xml",
        ),
    ] {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.error().contains(says), "{ran:?}");
        assert!(!env.path(arguments[arguments.len() - 1]).exists());
    }
}

#[cfg(unix)]
#[test]
fn results_go_through_pipes_and_devices_and_replace_neither() {
    let env = sample();
    let bytes = env.succeed(&["export"]).stdout.len();
    let line = format!(
        "mkfifo p; wc -c <p >n & \"$0\" export --output p; wait; test -p p; test $(cat n) = {bytes}"
    );
    assert_eq!(shell(&env, &line).code, 0);
    for line in [
        "\"$0\" export --output /dev/stdout | cmp - <(\"$0\" export)",
        "\"$0\" export --output >(cat >copy); until cmp copy <(\"$0\" export); do :; done",
        // The shell holds the file open, and writes behind what stands in it.
        "echo before >f; \"$0\" export --output /dev/stdout >>f; cmp <(tail -n +2 f) <(\"$0\" export)",
        "\"$0\" export --output f >f; cmp f <(\"$0\" export)",
        "\"$0\" report --output /dev/null; test -c /dev/null",
        "ln -s /dev/null null; \"$0\" export --output null; test -L null -a -c null",
    ] {
        let ran = shell(&env, line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    }
    for (line, says) in [
        ("\"$0\" backup --force /dev/null", "but must be a file"),
        ("\"$0\" report --output null --open", "--open needs a file"),
    ] {
        let ran = shell(&env, line);
        assert!(ran.code == 2 && ran.error().contains(says), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_fills_is_refused_and_not_waited_for() {
    let env = sample();
    assert_eq!(shell(&env, "mkfifo pipe").code, 0);
    let pipe = env.path("pipe");
    let pipe = pipe.to_str().unwrap();
    for arguments in [&["import", pipe][..], &["restore", pipe]] {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.error().contains("a device or a pipe"), "{ran:?}");
    }
    // What a shell holds open is filled by somebody.
    let ran = shell(&env, "\"$0\" import <(\"$0\" export --end 2000-01-01)");
    assert!(ran.error().contains("it contains no bars"), "{ran:?}");
    let ran = shell(
        &env,
        "\"$0\" export --end 2000-01-01 | \"$0\" import /dev/stdin",
    );
    assert!(ran.error().contains("it contains no bars"), "{ran:?}");
    let ran = env.run(&["import", "/dev/zero"]);
    assert!(ran.error().contains("a device or a pipe"), "{ran:?}");
    for variable in ["STAGING_DB", "ASSETS_FILE"] {
        let env = sample().with(variable, pipe);
        let ran = env.run(&["collect", "--dry-run"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.error().contains("a device or a pipe"), "{ran:?}");
    }
    assert_eq!(shell(&env, "mkfifo .env").code, 0);
    let ran = env.run(&["status"]);
    assert!(ran.error().contains("cannot read .env"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_copy_of_a_private_file_is_private() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let env = sample();
    let mode = |name: &str| fs::metadata(env.path(name)).unwrap().mode() & 0o777;
    let allow = |name: &str, mode| {
        fs::set_permissions(env.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    allow("data/staging.db", 0o600);
    env.succeed(&["backup", "copy.db"]);
    assert_eq!(mode("copy.db"), 0o600);
    allow("copy.db", 0o664);
    env.succeed(&["backup", "--force", "copy.db"]);
    assert_eq!(mode("copy.db"), 0o600);
    let row = env.succeed(&["restore", "copy.db", "--format", "json"]);
    let kept = row.row()["kept_as"].as_str().unwrap().to_owned();
    assert_eq!((mode(&kept), mode("data/staging.db")), (0o600, 0o600));
    // Onto nothing, and onto what can no longer be read.
    fs::remove_file(env.path("data/staging.db")).unwrap();
    env.succeed(&["restore", "copy.db"]);
    assert_eq!(mode("data/staging.db"), 0o600);
    fs::write(env.path("data/staging.db"), "damaged").unwrap();
    env.succeed(&["restore", "copy.db"]);
    assert_eq!(mode("data/staging.db"), 0o600);
    // Who makes private files makes private copies.
    allow("data/staging.db", 0o644);
    assert_eq!(shell(&env, "umask 077; \"$0\" backup mine.db").code, 0);
    assert_eq!(mode("mine.db"), 0o600);
    // Others may read the staging file, but not the copy that was there.
    allow("data/staging.db", 0o644);
    env.succeed(&["backup", "--force", "copy.db"]);
    assert_eq!(mode("copy.db"), 0o600);
}

#[cfg(unix)]
#[test]
fn a_restore_goes_where_a_link_leads() {
    let env = sample();
    env.succeed(&["backup", "copy.db"]);
    let line = "mkdir disk; mv data/staging.db disk/; ln -s ../disk/staging.db data/staging.db";
    assert_eq!(shell(&env, line).code, 0);
    for damage in [false, true] {
        if damage {
            fs::write(env.path("disk/staging.db"), "damaged").unwrap();
        }
        env.succeed(&["restore", "copy.db"]);
        assert!(env.path("data/staging.db").is_symlink());
        assert!(env.bars() > 0);
    }
    let kept = fs::read_dir(env.path("disk")).unwrap();
    let kept = kept.filter(|f| {
        let name = f.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("before-restore")
    });
    assert_eq!(kept.count(), 2);
}

/// A file with a lock that nobody holds, as a killed process leaves them.
fn leave(env: &TestEnv, name: &str) {
    env.write(&format!("{name}.4711-unfinished"), "half");
    env.write(&format!("{name}.4711-unfinished-lock"), "");
}

#[test]
fn what_killed_runs_left_is_counted_and_goes() {
    let env = sample();
    let left = || {
        let files = env.files().into_keys();
        let left = files.filter(|f| {
            let name = f.file_name().unwrap().to_string_lossy().into_owned();
            name.contains("unfinished") || name.contains("-run-")
        });
        left.count()
    };
    let make = || {
        for name in ["o.csv", "r.html", "data/staging.db", "data/assets.toml"] {
            leave(&env, name);
        }
        env.write("data/staging.db-run-0197-dead", "");
        assert_eq!(left(), 9);
    };
    let pruned = |arguments: &[&str]| {
        let rows = env.json(&[&["prune"], arguments].concat()).rows();
        let row = rows.iter().find(|r| r["what"] == "files of killed runs");
        row.unwrap()["removed"].as_u64().unwrap()
    };
    make();
    let doctor = env.run(&["doctor", "--offline"]).stdout;
    assert!(doctor.contains("WARN  leftovers"), "{doctor}");
    assert!(
        doctor.contains("5 files are left of runs that were killed, 1 kB"),
        "{doctor}"
    );
    assert_eq!((pruned(&["--dry-run"]), left()), (5, 9));
    assert_eq!((pruned(&[]), left()), (5, 0));
    let doctor = env.run(&["doctor", "--offline"]).stdout;
    assert!(!doctor.contains("leftovers"), "{doctor}");
    make();
    let replay = repository("data/sample");
    env.succeed(&[
        "collect",
        "--assets",
        "005930",
        "--replay",
        replay.to_str().unwrap(),
    ]);
    assert_eq!(left(), 0);
    // Elsewhere by the next result of that folder.
    leave(&env, "elsewhere/o.csv");
    env.succeed(&["export", "--output", "elsewhere/p.csv"]);
    assert_eq!(left(), 0);
}

#[cfg(unix)]
#[test]
fn doctor_says_who_else_may_read_the_passwords() {
    use std::os::unix::fs::PermissionsExt;

    let env = sample();
    env.write(".env", "LOG_LEVEL=info\n");
    for (mode, says) in [
        (0o644, Some("every user of this machine may read .env")),
        (0o640, Some("the users of its group may read .env")),
        (0o600, None),
    ] {
        fs::set_permissions(env.path(".env"), fs::Permissions::from_mode(mode)).unwrap();
        let doctor = env.run(&["doctor", "--offline"]).stdout;
        assert_eq!(doctor.contains("settings file"), says.is_some(), "{doctor}");
        assert!(doctor.contains(says.unwrap_or_default()), "{doctor}");
    }
}
