//! Who is told what: the alert of a failing run, every answer of Discord, what is kept, heartbeats.

use std::time::Instant;

use serde_json::Value;

use crate::support::program::{COLLECT, Ran, TestEnv, until};
use crate::support::server::{Answer, Gate, Seen, Server};
use crate::support::warehouse::warehouse;
use crate::support::{WEEK, asset, repository, route, shares, week};

const WEBHOOK: &str = "/api/webhooks/123456789/t0ken-of-the-webhook";

/// Three shares, a Discord, and the webhook in the environment.
fn told(ids: &[&str]) -> (Server, Server, TestEnv) {
    let (sources, env) = shares(ids);
    let discord = Server::new();
    discord.answer(WEBHOOK, Answer::ok("{}"));
    let env = env.with(
        "ALERT_WEBHOOK_URL",
        &format!("{}{WEBHOOK}", discord.origin()),
    );
    (sources, discord, env)
}

fn fail(server: &Server, id: &str) {
    server.answer(&route(id), Answer::new(404, "gone"));
}

fn mend(server: &Server, id: &str) {
    server.answer(&route(id), week([100, 101, 102, 103]));
}

/// What the posted messages say.
fn contents(discord: &Server) -> Vec<String> {
    let json = |seen: &Seen| -> Value { serde_json::from_str(&seen.body).unwrap() };
    let posted = discord.seen(WEBHOOK);
    posted
        .iter()
        .map(|seen| json(seen)["content"].as_str().unwrap().to_owned())
        .collect()
}

/// Alerts that wait in the staging file.
fn kept(env: &TestEnv) -> i64 {
    env.count("SELECT count(*) FROM alert_outbox")
}

#[test]
fn one_of_three_assets_failed_and_one_alert_says_so() {
    let (sources, discord, env) = told(&["005930", "000660", "035420"]);
    let assets = std::fs::read_to_string(env.path("data/assets.toml")).unwrap();
    let assets = assets.replace("id = \"000660\"", "id = \"@everyone\"");
    env.write("data/assets.toml", assets);
    fail(&sources, "000660");
    let ran = env.collect();
    assert_eq!(ran.code, 3, "{ran:?}");
    let posts = discord.seen(WEBHOOK);
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].query["wait"], "true");
    assert!(posts[0].headers["user-agent"].starts_with("pricestash/"));
    let payload: Value = serde_json::from_str(&posts[0].body).unwrap();
    assert_eq!(
        payload["allowed_mentions"],
        serde_json::json!({ "parse": [] })
    );
    let content = payload["content"].as_str().unwrap();
    let id = env.pairs("SELECT job_id, status FROM job_run")[0].0.clone();
    for words in [
        "`partial_failure`",
        "1 of 3 assets",
        "**\\@everyone** The 000660: naver",
        "404",
        &id,
    ] {
        assert!(content.contains(words), "{words}: {content}");
    }
    assert!(!content.contains("005930"), "{content}");
    assert_eq!(kept(&env), 0);
}

#[test]
fn a_success_and_a_dry_run_and_an_empty_webhook_say_nothing() {
    let (sources, discord, env) = told(&["005930"]);
    assert_eq!(env.collect().code, 0);
    fail(&sources, "005930");
    assert_eq!(env.run(&[&COLLECT[..], &["--dry-run"]].concat()).code, 1);
    let env = env.with("ALERT_WEBHOOK_URL", "");
    let ran = env.collect();
    assert_eq!(ran.code, 1);
    assert!(!ran.stderr.contains("ALERT_WEBHOOK_URL"), "{ran:?}");
    assert_eq!((contents(&discord).len(), kept(&env)), (0, 0));
    assert_eq!(env.count("SELECT count(*) FROM alert_case"), 0);
}

#[test]
fn the_same_failure_is_short_and_the_recovery_is_said_once() {
    let (sources, discord, env) = told(&["005930", "000660"]);
    fail(&sources, "000660");
    env.collect();
    // As if that had been two days ago.
    env.staging()
        .execute("UPDATE alert_case SET since = date(since, '-2 days')", [])
        .unwrap();
    env.collect();
    mend(&sources, "000660");
    for _ in 0..2 {
        assert_eq!(env.collect().code, 0);
    }
    let said = contents(&discord);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[1].contains("third day") && said[1].contains("000660"));
    assert!(said[1].lines().count() == 1 && said[0].lines().count() > 3);
    assert_eq!(said[2], "Well again: 000660 (after 2 days)");
}

/// A recorded answer of Discord.
fn recorded(file: &str) -> Answer {
    let folder = repository("tests/fixtures/discord");
    let meta = std::fs::read(folder.join(format!("{file}.meta.json"))).unwrap();
    let meta: Value = serde_json::from_slice(&meta).unwrap();
    let status = u16::try_from(meta["status"].as_u64().unwrap()).unwrap();
    let answer = Answer::new(status, std::fs::read(folder.join(file)).unwrap());
    let headers = meta["headers"].as_object().unwrap().iter();
    headers
        .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
        .fold(answer, |answer, (name, value)| {
            answer.header(name, value.as_str().unwrap())
        })
}

#[test]
fn whatever_discord_answers_the_run_ends_the_same_and_the_alert_is_kept() {
    let late = "cannot send an alert; it is kept";
    let wrong = "ALERT_WEBHOOK_URL is wrong";
    let shared = "{\"message\":\"shared\",\"retry_after\":1336.57,\"global\":false}";
    let cases = [
        (recorded("429_user.json"), late, 1),
        (Answer::new(429, "").header("Retry-After", "65"), late, 1),
        (
            Answer::new(429, shared).header("Retry-After", "1337"),
            late,
            1,
        ),
        (recorded("404_unknown-webhook.json"), wrong, 1),
        (
            Answer::new(
                401,
                "{\"code\":50027,\"message\":\"Invalid Webhook Token\"}",
            ),
            wrong,
            1,
        ),
        (recorded("400_empty-message.json"), "rejected an alert", 1),
        (Answer::new(503, "<html>"), late, 3),
        (
            Answer::new(302, "").header("Location", "http://127.0.0.1:1/"),
            wrong,
            1,
        ),
    ];
    for (answer, says, tries) in cases {
        let (sources, discord, env) = told(&["005930", "000660"]);
        fail(&sources, "000660");
        discord.answer(WEBHOOK, answer);
        let ran = env.collect();
        assert_eq!(ran.code, 3);
        assert_eq!(ran.stderr.matches(says).count(), 1, "{says}: {ran:?}");
        assert!(!ran.stderr.contains("t0ken"), "{ran:?}");
        assert_eq!((discord.count(WEBHOOK), kept(&env)), (tries, 1), "{says}");
        // It goes with the next one, in one message.
        discord.answer(WEBHOOK, recorded("204_success.txt"));
        env.collect();
        let said = contents(&discord).pop().unwrap();
        assert!(
            said.contains("**000660**") && said.contains("first day"),
            "{said}"
        );
        assert_eq!(kept(&env), 0);
    }
}

#[test]
fn discord_is_asked_again_when_it_says_when() {
    for answer in [
        Answer::new(429, "{\"retry_after\":0.2}"),
        Answer::new(429, "{\"retry_after\":0.1}").header("Retry-After", "1"),
        Answer::new(429, "error code: 1015"),
        Answer::new(500, ""),
    ] {
        let (sources, discord, env) = told(&["005930"]);
        fail(&sources, "005930");
        discord.answer_in_turn(WEBHOOK, [answer, Answer::ok("{}")]);
        assert_eq!(env.collect().code, 1);
        assert_eq!((discord.count(WEBHOOK), kept(&env)), (2, 0));
    }
}

#[test]
fn a_discord_that_hangs_costs_less_than_twenty_seconds() {
    let (sources, discord, env) = told(&["005930"]);
    fail(&sources, "005930");
    discord.answer(WEBHOOK, Answer::ok("{}").behind(&Gate::default()));
    let started = Instant::now();
    assert_eq!(env.collect().code, 1);
    let took = started.elapsed().as_secs();
    assert!((14..24).contains(&took), "{took}");
    assert_eq!(kept(&env), 1);
    // A server that is not there costs next to nothing.
    let env = env.with("ALERT_WEBHOOK_URL", "http://127.0.0.1:1/api/webhooks/1/x");
    let started = Instant::now();
    assert_eq!(env.collect().code, 1);
    assert!(started.elapsed().as_secs() < 10);
    assert_eq!(kept(&env), 2);
}

#[test]
fn an_abandoned_run_is_told_once() {
    let (sources, discord, env) = told(&["005930"]);
    let gate = Gate::default();
    sources.answer(&route("005930"), week([100, 101, 102, 103]).behind(&gate));
    let collect = env.start(&COLLECT);
    until("the request", || sources.count(&route("005930")) == 1);
    assert_eq!(env.runs()[0].1, "running");
    collect.kill();
    mend(&sources, "005930");
    for _ in 0..2 {
        assert_eq!(env.collect().code, 0);
    }
    let said = contents(&discord);
    let id = env.pairs("SELECT job_id, status FROM job_run WHERE status = 'failure'")[0]
        .0
        .clone();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("abandoned") && said[0].contains(&id),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn after_ctrl_c_the_alert_waits_for_the_next_run() {
    let (sources, discord, env) = told(&["005930", "000660"]);
    let hangs = week([100, 101, 102, 103]).behind(&Gate::default());
    sources.answer(&route("000660"), hangs);
    let collect = env.start(&COLLECT);
    until("the request", || sources.count(&route("000660")) == 1);
    collect.signal("INT");
    assert_eq!(collect.wait().code, 3);
    assert_eq!((discord.count(WEBHOOK), kept(&env)), (0, 1));
    mend(&sources, "000660");
    assert_eq!(env.collect().code, 0);
    let said = contents(&discord).join("\n");
    assert!(said.contains("**000660**") && kept(&env) == 0, "{said}");
}

#[test]
fn rejected_rows_are_told_once() {
    let (sources, discord, env) = told(&["005930", "000660"]);
    let bad = "[{\"localDate\":\"20240102\",\"closePrice\":-5,\"openPrice\":5,\"highPrice\":5,\"lowPrice\":5,\"accumulatedTradingVolume\":1}]";
    sources.answer(&route("000660"), Answer::ok(bad));
    assert_eq!(env.collect().code, 3);
    let said = contents(&discord);
    assert!(
        said[0].contains("quarantine") && said[0].contains("**000660**"),
        "{said:?}"
    );
}

#[test]
fn stale_assets_are_told_by_healthcheck_once_a_day() {
    let (_sources, discord, env) = told(&["005930", "000660"]);
    env.collect();
    let check = |day: &str| env.run(&["healthcheck", "--as-of", day]).code;
    assert_eq!(check("2024-01-08"), 0);
    assert!(contents(&discord).is_empty());
    for _ in 0..2 {
        assert_eq!(check("2024-01-10"), 1);
    }
    let said = contents(&discord);
    assert_eq!(said.len(), 1, "{said:?}");
    for words in [
        "`stale`",
        "2 of 2 assets",
        "**005930** The 005930: STALE",
        "2024-01-09",
    ] {
        assert!(said[0].contains(words), "{words}: {said:?}");
    }
    assert_eq!(check("2024-01-08"), 0);
    assert!(contents(&discord)[1].starts_with("Well again: 000660"));
}

#[test]
fn an_asset_without_any_staging_file_is_told_too() {
    let (_sources, discord, env) = told(&["005930"]);
    assert_eq!(env.run(&["healthcheck"]).code, 1);
    assert!(contents(&discord)[0].contains("NO_DATA"));
    assert!(!env.path("data/staging.db").exists());
}

#[test]
fn a_wrong_configuration_is_told_where_nobody_sits_at_a_terminal() {
    let long = "a".repeat(30);
    let cases: [(&[&str], (&str, &str), &str); 8] = [
        (&COLLECT, ("FETCH_TIMEOUT", "soon"), "FETCH_TIMEOUT"),
        (&COLLECT, ("LOG_LEVEL", "loud"), "LOG_LEVEL"),
        (&COLLECT, ("ASSETS_FILE", "none.toml"), "ASSETS_FILE"),
        (&["collect", "--assets", "NONE"], ("X", "x"), "NONE"),
        (
            &["collect", "--log-dir", "data/assets.toml"],
            ("X", "x"),
            "log folder",
        ),
        (
            &["--log-dir", "logs", "collect", "--strat"],
            ("X", "x"),
            "strat",
        ),
        (&["sync"], ("X", "x"), "is not set"),
        (
            &["sync", "--assets", &long],
            ("DATABASE_URL", "postgres://h/d"),
            "there is no staging file",
        ),
    ];
    for (arguments, (name, value), says) in cases {
        let (_sources, discord, env) = told(&["005930"]);
        let heart = Server::new();
        heart.answer("/ping/fail", Answer::ok(""));
        let env = env
            .with("HEARTBEAT_URL", &format!("{}/ping", heart.origin()))
            .with(name, value);
        let ran = env.run(arguments);
        assert!(matches!(ran.code, 1 | 2), "{ran:?}");
        let said = contents(&discord);
        assert_eq!(said.len(), 1, "{arguments:?} {name}: {ran:?}");
        assert!(
            said[0].contains(&says.replace('_', "\\_")) || said[0].contains(says),
            "{says}: {said:?}"
        );
        assert_eq!(heart.count("/ping/fail"), 1, "{arguments:?}");
    }
    // Who only looks, or asks for another command, is told by its own words.
    for arguments in [
        &["collect", "--dry-run", "--assets", "NONE"][..],
        &["status", "--strat"],
    ] {
        let (_sources, discord, env) = told(&["005930"]);
        assert_eq!(env.run(arguments).code, 2);
        assert_eq!(contents(&discord).len(), 0);
    }
}

#[test]
fn a_run_that_cannot_begin_is_told_at_once() {
    let (_sources, discord, env) = told(&["005930"]);
    env.write("afile", "I am a file");
    let env = env.with("STAGING_DB", "afile/x.db");
    let ran = env.collect();
    assert_eq!(ran.code, 1, "{ran:?}");
    let said = contents(&discord);
    assert!(said.len() == 1 && said[0].contains("afile"), "{said:?}");
}

#[test]
fn a_failing_sync_is_told_and_a_good_one_is_not() {
    let (_sources, discord, env) = told(&["005930"]);
    env.collect();
    let env = env.with("DATABASE_URL", "postgres://me:c4n4ry@127.0.0.1:1/prices");
    for _ in 0..2 {
        assert_eq!(env.run(&["sync"]).code, 1);
    }
    let said = contents(&discord);
    assert!(
        said[0].contains("**pricestash sync** `failure`"),
        "{said:?}"
    );
    assert!(said[0].contains("127.0.0.1:1/prices") && !said[0].contains("c4n4ry"));
    assert!(
        said[1].contains("first day") && said[1].lines().count() == 1,
        "{said:?}"
    );
}

#[test]
fn rows_that_the_warehouse_refuses_are_told_by_asset_and_their_recovery_too() {
    let warehouse = warehouse!();
    let (_sources, discord, env) = told(&["005930", "000660"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute(
        "ALTER TABLE price_daily ADD CONSTRAINT odd
             CHECK (asset_id <> '000660' OR date NOT IN ('2024-01-03', '2024-01-05'))",
    );
    env.collect();
    assert_eq!(env.sync(&[]).0, 3);
    let said = contents(&discord);
    assert_eq!(said.len(), 1, "{said:?}");
    for words in [
        "**pricestash sync** `partial_failure`",
        "1 of 2 assets",
        "**000660** The 000660: naver: 2 rows stay in sync_reject, the first one of 2024-01-03: 23514",
        "violates check constraint",
        "`pricestash sync --full`",
    ] {
        assert!(said[0].contains(words), "{words}: {said:?}");
    }
    let why = env.runs().last().unwrap().2.clone().unwrap();
    let why: Value = serde_json::from_str(&why).unwrap();
    assert_eq!(
        (&why[0]["asset_id"], why.as_array().unwrap().len()),
        (&"000660".into(), 1)
    );
    // The next day it is one line, and its end is said.
    assert_eq!(env.sync(&[]).0, 3);
    warehouse.execute("ALTER TABLE price_daily DROP CONSTRAINT odd");
    for _ in 0..2 {
        assert_eq!(env.sync(&["--full"]).0, 0);
    }
    let said = contents(&discord);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[1].lines().count() == 1 && said[1].contains("000660"),
        "{said:?}"
    );
    assert!(said[2].starts_with("Well again: 000660"), "{said:?}");
}

/// What was pinged, in order.
fn pinged(env: &TestEnv, heart: &Server, ran: impl FnOnce(&TestEnv) -> Ran) -> (i32, Vec<String>) {
    let before = heart.paths().len();
    let code = ran(env).code;
    (code, heart.paths().split_off(before))
}

#[test]
fn a_heartbeat_hears_start_success_and_failure() {
    let (sources, env) = shares(&["005930", "000660"]);
    let heart = Server::new();
    for path in ["/ping/uuid", "/ping/uuid/start", "/ping/uuid/fail"] {
        heart.answer(path, Answer::ok("OK"));
    }
    let env = env.with("HEARTBEAT_URL", &format!("{}/ping/uuid", heart.origin()));
    let paths = |ends: [&str; 2]| ends.map(|e| format!("/ping/uuid{e}")).to_vec();
    let good = pinged(&env, &heart, TestEnv::collect);
    assert_eq!(good, (0, paths(["/start", ""])));
    fail(&sources, "000660");
    let partial = pinged(&env, &heart, TestEnv::collect);
    assert_eq!(partial, (3, paths(["/start", "/fail"])));
    // A dry run is none.
    let dry = pinged(&env, &heart, |e| {
        e.run(&[&COLLECT[..], &["--dry-run"]].concat())
    });
    assert_eq!(dry, (3, vec![]));
    let wrong = pinged(&env, &heart, |e| e.run(&["collect", "--assets", "X"]));
    assert_eq!(wrong, (2, vec!["/ping/uuid/fail".to_owned()]));
    // One that nobody hears changes nothing.
    let env = env.with("HEARTBEAT_URL", "http://127.0.0.1:1/secret-uuid");
    let ran = env.run(&[
        "collect", "--assets", "005930", "--start", WEEK[0], "--end", WEEK[3],
    ]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("heartbeat was not heard") && !ran.stderr.contains("secret-uuid"));
}

#[test]
fn two_runs_at_once_send_a_kept_alert_once() {
    let (sources, discord, env) = told(&["005930", "000660"]);
    fail(&sources, "000660");
    discord.answer(WEBHOOK, Answer::new(503, ""));
    env.collect();
    assert_eq!(kept(&env), 1);
    let before = discord.count(WEBHOOK);
    discord.answer(WEBHOOK, Answer::ok("{}"));
    mend(&sources, "000660");
    let runs: Vec<_> = (0..3).map(|_| env.start(&COLLECT)).collect();
    for run in runs {
        assert_eq!(run.wait().code, 0);
    }
    let said = contents(&discord).split_off(before).join("\n");
    assert_eq!(said.matches("**000660**").count(), 1, "{said}");
    assert_eq!(kept(&env), 0);
}

#[test]
fn an_asset_that_was_taken_out_keeps_quiet() {
    let (sources, discord, env) = told(&["005930", "000660"]);
    fail(&sources, "000660");
    env.collect();
    env.write(
        "data/assets.toml",
        asset("005930", "XKRX", "KRW", &[("naver", "005930")]),
    );
    assert_eq!(env.collect().code, 0);
    assert_eq!(contents(&discord).len(), 1);
}
