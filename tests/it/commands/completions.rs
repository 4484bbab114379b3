//! Completions as the shells give them, of the user's own files.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::program::TestEnv;
use crate::support::{asset, left_out};

/// A folder with assets, and the completions of a shell in it.
fn env(shell: &str) -> TestEnv {
    let env = TestEnv::new();
    let assets = [
        ("005930", "Samsung"),
        ("BTC-USD", "Bitcoin"),
        ("BTC-KRW", "Bitcoin here"),
        ("it's $HOME", "x"),
    ];
    let one = |(id, name): (&str, &str)| {
        let text = asset(
            "ID",
            "XKRX",
            "KRW",
            &[("naver", "005930"), ("yahoo", "005930.KS")],
        );
        text.replace("\"ID\"", &format!("\"{id}\""))
            .replace("The ID", name)
    };
    let own = "[[source]]\nname = \"mine\"\nurl = \"https://example.com/{symbol}\"\nformat = \"csv\"\ndate = \"d\"\nclose = \"c\"\n";
    env.write(
        "data/assets.toml",
        own.to_owned() + &assets.map(one).concat(),
    );
    let script = env.succeed(&["completions", shell]).stdout;
    env.write("script", script);
    env
}

/// What a shell prints that runs a script in the folder, with the program in its path; `None` where it is not installed.
fn run(env: &TestEnv, shell: &str, script: &str) -> Option<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_pricestash"));
    let mut path = std::ffi::OsString::from(program.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let ran = Command::new(shell)
        .args(["-c", script])
        .current_dir(env.path("."))
        .env_clear()
        .env("PATH", path)
        .env("HOME", env.path("."))
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = ran else {
        left_out(&format!("the completions of {shell} need {shell}"));
        return None;
    };
    assert!(output.stderr.is_empty(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What bash proposes for the last of these words, by the function that it would call itself.
fn bash(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    let script = format!(
        ". ./script; COMP_WORDS=(pricestash {}); COMP_CWORD={}; COMP_LINE=\"${{COMP_WORDS[*]}}\"; COMP_POINT=${{#COMP_LINE}}
         _pricestash pricestash \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len()
    );
    let printed = run(env, "bash", &script).unwrap();
    let lines = printed.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn bash_proposes_assets_sources_and_calendars() {
    let env = env("bash");
    for (words, proposed) in [
        (&["show", "0"][..], &["005930"][..]),
        (&["show", "btc"], &["BTC-USD", "BTC-KRW"]),
        (&["show", "it"], &["it\\'s\\ \\$HOME"]),
        (
            &["history", ""],
            &["005930", "BTC-USD", "BTC-KRW", "it\\'s\\ \\$HOME"],
        ),
        (
            &["collect", "--assets", "005930,BT"],
            &["005930,BTC-USD", "005930,BTC-KRW"],
        ),
        (
            &["collect", "--assets", "005930,BTC-USD,B"],
            &["005930,BTC-USD,BTC-KRW"],
        ),
        (&["sync", "--assets", "=", "BTC-U"], &["BTC-USD"]),
        (&["assets", "disable", "00"], &["005930"]),
        (
            &["retract", "005930", "2026-01-02", "--source", ""],
            &["naver", "yahoo"],
        ),
        (&["assets", "add", "X", "--source", "mi"], &["mine:"]),
        (&["assets", "test-source", ""], &["mine"]),
        (&["assets", "--calendar", "XKR"], &["XKRX"]),
        // And what the program itself has to say is proposed as before.
        (&["show", "--cha"], &["--chart"]),
        (&["heal"], &["healthcheck"]),
        (&["export", "--adjust", "s"], &["splits"]),
    ] {
        assert_eq!(bash(&env, words), proposed, "{words:?}");
    }
}

#[test]
fn a_broken_file_disturbs_no_shell() {
    let env = env("bash");
    let nothing = |why: &str| {
        let begun = Instant::now();
        assert_eq!(bash(&env, &["collect", "--assets", ""]), [""; 0], "{why}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{why}");
        // The program itself says nothing either.
        let ran = env.run(&["completions", "bash", "--", "show", ""]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{why}");
        assert_eq!(bash(&env, &["heal"]), ["healthcheck"], "{why}");
    };
    env.write("data/staging.db", "no database");
    assert_eq!(bash(&env, &["show", "0"]), ["005930"]);
    env.write("data/calendars/XKRX.toml", "[");
    nothing("a broken calendar");
    fs::remove_file(env.path("data/calendars/XKRX.toml")).unwrap();
    env.write("data/assets.toml", "[[asset]\nid =");
    nothing("broken assets");
    env.write("data/assets.toml", b"\xff\xfe");
    nothing("assets that are no text");
    fs::remove_file(env.path("data/assets.toml")).unwrap();
    nothing("no assets");
    let made = Command::new("mkfifo")
        .arg(env.path("data/assets.toml"))
        .status();
    assert!(made.unwrap().success());
    nothing("a pipe");
    env.write(".env", "no setting\n");
    nothing("a broken .env");
}

#[test]
fn zsh_proposes_them_with_their_names() {
    let env = env("zsh");
    let proposed = |words: &[&str]| {
        let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
        // compadd is replaced: it works only while somebody types.
        let script = format!(
            "compdef() {{ : }}; compadd() {{ print -rl -- \"${{found[@]}}\" \"${{shown[@]}}\" }}
             . ./script; words=(pricestash {}); CURRENT=$#words; _pricestash_words || print no",
            quoted.join(" ")
        );
        run(&env, "zsh", &script)
    };
    let Some(printed) = proposed(&["collect", "--assets", "005930,bt"]) else {
        return;
    };
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "005930,BTC-USD",
            "005930,BTC-KRW",
            "005930,BTC-USD  Bitcoin",
            "005930,BTC-KRW  Bitcoin here"
        ]
    );
    assert_eq!(proposed(&["show", "--cha"]).unwrap(), "no\n");
    fs::remove_file(env.path("data/assets.toml")).unwrap();
    assert_eq!(proposed(&["show", ""]).unwrap().trim(), "");
}

#[test]
fn fish_proposes_them_with_their_names() {
    let env = env("fish");
    let proposed = |line: &str| {
        run(
            &env,
            "fish",
            &format!("source script; complete -C '{line}'"),
        )
    };
    let Some(printed) = proposed("pricestash collect --assets 005930,BT") else {
        return;
    };
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        ["005930,BTC-KRW\tBitcoin here", "005930,BTC-USD\tBitcoin"]
    );
    assert_eq!(proposed("pricestash show 0").unwrap(), "005930\tSamsung\n");
    assert!(
        proposed("pricestash show --cha")
            .unwrap()
            .starts_with("--chart\t")
    );
    fs::remove_file(env.path("data/assets.toml")).unwrap();
    assert_eq!(proposed("pricestash show ").unwrap(), "");
}
