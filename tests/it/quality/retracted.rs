//! `retract`: a wrong bar is taken back, and only other values of its source come in its place.

use super::GAPS;
use crate::support::program::{Ran, TestEnv};
use crate::support::{WEEK, route, shares, week};

fn closes(env: &TestEnv) -> Vec<(String, String)> {
    env.pairs("SELECT date, CAST(CAST(close AS INTEGER) AS TEXT) FROM price_daily ORDER BY date")
}

fn day(at: usize, close: &str) -> (String, String) {
    (WEEK[at].to_owned(), close.to_owned())
}

fn retract(env: &TestEnv, further: &[&str]) -> Ran {
    let fixed = ["retract", "A", WEEK[1], "--source", "naver"];
    env.run(&[&fixed[..], further].concat())
}

#[test]
fn the_same_values_never_come_back_and_their_day_is_no_gap() {
    let (_server, env) = shares(&["A"]);
    env.collect();
    let ran = retract(&env, &["--reason", "a misprint"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("close 101"), "{}", ran.stdout);
    for _ in 0..2 {
        assert_eq!(closes(&env), [day(0, "100"), day(2, "102"), day(3, "103")]);
        assert_eq!(env.collect().code, 0);
    }
    assert_eq!(env.pairs(GAPS), []);
    let health = env.json(&["healthcheck", "--as-of", "2024-01-06", "--strict"]);
    assert_eq!(health.code, 0, "{}", health.stdout);
    let history = env.json(&["history", "A", WEEK[1]]).rows();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["close"], 101.0);
    assert_eq!(history[0]["retracted"], "a misprint");
    assert!(history[0]["replaced_at"].is_string());
}

#[test]
fn other_values_are_taken_and_the_refused_ones_do_not_replace_them() {
    let (server, env) = shares(&["A"]);
    env.collect();
    retract(&env, &["--reason", "a misprint"]);
    server.answer(&route("A"), week([100, 105, 102, 103]));
    env.collect();
    assert_eq!(closes(&env)[1], day(1, "105"));
    server.answer(&route("A"), week([100, 101, 102, 103]));
    let collected = env.json(&["collect", "--start", WEEK[0], "--end", WEEK[3]]);
    assert_eq!(closes(&env)[1], day(1, "105"));
    assert_eq!(collected.of("A")["kept"], 1, "{}", collected.stdout);
    // And both of them can be refused.
    retract(&env, &["--reason", "that neither"]);
    env.collect();
    server.answer(&route("A"), week([100, 105, 102, 103]));
    env.collect();
    assert_eq!(closes(&env).len(), 3);
}

#[test]
fn a_bar_is_put_back_as_it_was() {
    let (server, env) = shares(&["A"]);
    env.collect();
    let values = "SELECT close || ' ' || volume || ' ' || is_final, ingested_at FROM price_daily WHERE date = '2024-01-03'";
    let before = env.pairs(values);
    retract(&env, &["--reason", "a mistake of mine"]);
    let ran = retract(&env, &["--undo"]);
    assert!(ran.stdout.contains("is back"), "{ran:?}");
    assert_eq!(env.pairs(values), before);
    assert_eq!(env.count("SELECT count(*) FROM pending"), 4);
    assert_eq!(env.collect().code, 0);
    // Where other values stand meanwhile, they stay.
    retract(&env, &["--reason", "again"]);
    server.answer(&route("A"), week([100, 105, 102, 103]));
    env.collect();
    let ran = retract(&env, &["--undo"]);
    assert!(ran.stdout.contains("has another bar"), "{ran:?}");
    assert_eq!(closes(&env)[1], day(1, "105"));
    server.answer(&route("A"), week([100, 101, 102, 103]));
    env.collect();
    assert_eq!(closes(&env)[1], day(1, "101"), "it may come again");
}

#[test]
fn what_is_not_there_is_said_and_nothing_changes() {
    let (_server, env) = shares(&["A"]);
    env.collect();
    let before = closes(&env);
    for (arguments, says) in [
        (
            &[
                "retract", "A", WEEK[1], "--source", "yahoo", "--reason", "x",
            ][..],
            "A has no bar on 2024-01-03 from yahoo; there is one from naver",
        ),
        (
            &[
                "retract",
                "A",
                "2024-01-06",
                "--source",
                "naver",
                "--reason",
                "x",
            ],
            "A has no bar on 2024-01-06 from any source",
        ),
        (
            &[
                "retract", "A", WEEK[1], "--source", "naver", "--reason", " ",
            ],
            "--reason is empty",
        ),
        (
            &["retract", "A", WEEK[1], "--source", "naver", "--undo"],
            "the bar of A on 2024-01-03 from naver was not retracted",
        ),
        (&["retract", "A", WEEK[1], "--source", "naver"], "--reason"),
    ] {
        let ran = env.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.error().contains(says), "{says}: {}", ran.stderr);
    }
    assert_eq!(closes(&env), before);
}
