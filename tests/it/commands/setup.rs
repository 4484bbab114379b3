//! `init`, and `assets add|remove|enable|disable`.

use std::fs;

use serde_json::Value;

use crate::support::program::TestEnv;
use crate::support::{repository, shares};

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
        "24/7" => "XTSK",
        "BTC" => "ETH",
        word => word,
    });
    for (arguments, word) in [
        (&add[..], "is already in"),
        (&wrong_calendar, "XTSK"),
        (&["assets", "remove", "nobody"], "nobody"),
        (&["assets", "disable", "nobody"], "nobody"),
    ] {
        let done = env.run(arguments);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains(word), "{}", done.stderr);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
