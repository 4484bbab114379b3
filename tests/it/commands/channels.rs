//! Alerts in every channel: what each is told, every answer of its service, what is kept for it, and that nothing of its address is
//! seen.

use std::fs::File;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Gate, Server, dead_origin};
use crate::support::{WITHOUT_CHANNELS, route, shares, week};

const DISCORD: &str = "/api/webhooks/1234567890/dIsc0rd-t0ken";
const SLACK: &str = "/services/T0SECRET01/B0SECRET02/slackS3cr3tKey";
const TELEGRAM: &str = "/bot987654321:tElegram-t0ken/sendMessage";
const NTFY: &str = "/";
const JSON: &str = "/hook-s3cr3t/path";

/// The services on one local server, each with an answer of success.
struct Services {
    sources: Server,
    server: Server,
    env: TestEnv,
}

impl Services {
    /// Two shares, of which 000660 fails, and these channels.
    fn of(channels: &[&str]) -> Self {
        let (sources, env) = shares(&["005930", "000660"]);
        sources.answer(&route("000660"), Answer::new(404, "gone"));
        let server = Server::new();
        for (path, body) in [
            (DISCORD, "{}"),
            (SLACK, "ok"),
            (TELEGRAM, "{\"ok\":true,\"result\":{\"message_id\":1}}"),
            (NTFY, "{\"id\":\"sPs71M8A2T\",\"event\":\"message\"}"),
            (JSON, ""),
        ] {
            server.answer(path, Answer::ok(body));
        }
        let urls: Vec<String> = channels.iter().map(|c| url(c, &server)).collect();
        let env = ["DISCORD", "SLACK", "TELEGRAM", "NTFY"]
            .iter()
            .fold(env, |env, service| {
                env.with(&format!("{service}_BASE_URL"), &server.origin())
            })
            .with("ALERT_URL", &urls.join(" "));
        Self {
            sources,
            server,
            env,
        }
    }

    fn mend(&self) {
        let answer = week([100, 101, 102, 103]);
        self.sources.answer(&route("000660"), answer);
    }

    /// What was posted, oldest first.
    fn posted(&self, path: &str) -> Vec<Value> {
        let seen = self.server.seen(path);
        let body = |body: &str| serde_json::from_str(body).unwrap();
        // Of a connection that was reset nothing is known.
        let read = seen.iter().filter(|s| !s.body.is_empty());
        read.map(|s| body(&s.body)).collect()
    }

    /// The words that were posted.
    fn said(&self, path: &str) -> Vec<String> {
        let field = match path {
            DISCORD => "content",
            SLACK | TELEGRAM => "text",
            _ => "message",
        };
        let posted = self.posted(path);
        let words = posted.iter().map(|p| p[field].as_str().unwrap().to_owned());
        words.collect()
    }

    fn kept(&self, channel: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM alert_outbox WHERE channel = '{channel}'");
        self.env.count(&sql)
    }
}

/// A channel in Apprise's notation.
fn url(channel: &str, server: &Server) -> String {
    let host = server.origin().replace("http://", "");
    match channel {
        "discord" => "discord://1234567890/dIsc0rd-t0ken".to_owned(),
        "slack" => "slack://T0SECRET01/B0SECRET02/slackS3cr3tKey".to_owned(),
        "telegram" => "tgram://987654321:tElegram-t0ken/-100223344".to_owned(),
        "ntfy" => "ntfy://s3cr3t-topic".to_owned(),
        "own ntfy" => format!("ntfy://me:p%40ss-w0rd@{host}/own-s3cr3t-topic"),
        "json" => {
            format!("json://me:p%40ss-w0rd@{host}{JSON}?+X-Key=header-s3cr3t&format=text")
        }
        other => other.to_owned(),
    }
}

const ALL: [&str; 5] = ["discord", "slack", "telegram", "own ntfy", "json"];
const PATHS: [&str; 5] = [DISCORD, SLACK, TELEGRAM, NTFY, JSON];

#[test]
fn every_channel_is_told_in_its_own_way_and_people_in_their_language() {
    let services = Services::of(&ALL);
    assert_eq!(services.env.collect().code, 3);
    let [discord, slack, telegram, ntfy, own] = PATHS.map(|path| {
        let posted = services.posted(path);
        assert_eq!(posted.len(), 1, "{path}: {posted:?}");
        posted[0].clone()
    });
    let head = "**pricestash collect** `partial_failure` on ";
    let content = discord["content"].as_str().unwrap();
    assert!(content.starts_with(head), "{content}");
    assert_eq!(discord["allowed_mentions"], json!({ "parse": [] }));
    for (words, kind) in [
        (&slack["text"], "slack"),
        (&telegram["text"], "telegram"),
        (&ntfy["message"], "ntfy"),
        (&own["message"], "json"),
    ] {
        let words = words.as_str().unwrap();
        assert!(
            words.starts_with("pricestash collect `partial_failure` on "),
            "{kind}: {words}"
        );
        assert!(words.contains("\n• 000660 The 000660: naver"), "{words}");
    }
    assert_eq!(slack["mrkdwn"], false);
    assert_eq!(telegram["chat_id"], -100_223_344);
    assert_eq!(
        (&ntfy["topic"], &ntfy["title"], &ntfy["priority"]),
        (&"own-s3cr3t-topic".into(), &"pricestash".into(), &3.into())
    );
    assert_eq!(
        (&own["version"], &own["type"]),
        (&"1.0".into(), &"warning".into())
    );
    let headers = |path| services.server.seen(path)[0].headers.clone();
    let authorization = "Basic bWU6cEBzcy13MHJk";
    assert_eq!(headers(NTFY)["authorization"], authorization);
    assert_eq!(headers(JSON)["authorization"], authorization);
    assert_eq!(headers(JSON)["x-key"], "header-s3cr3t");
    assert_eq!(headers(JSON)["content-type"], "application/json");
    // The next one.
    let env = services.env.with("PRICESTASH_LANG", "ko");
    assert_eq!(env.collect().code, 3);
    let services = Services { env, ..services };
    for path in [DISCORD, SLACK, TELEGRAM, NTFY] {
        let said = services.said(path).pop().unwrap();
        assert!(said.contains("이전과 같음, 000660"), "{path}: {said}");
    }
    let said = services.said(JSON).pop().unwrap();
    assert!(said.contains("first day: as before, 000660; run"), "{said}");
}

#[test]
fn a_topic_without_a_host_is_one_of_the_public_server() {
    let services = Services::of(&["ntfy"]);
    services.env.collect();
    let [posted] = services.posted(NTFY).try_into().unwrap();
    assert_eq!(posted["topic"], "s3cr3t-topic");
    let seen = services.server.seen(NTFY);
    assert!(!seen[0].headers.contains_key("authorization"));
}

/// What a service says to a message that is malformed, to one for a channel that is not there, and when it is asked too often.
fn answers(channel: &str) -> [Answer; 3] {
    match channel {
        "slack" => [
            Answer::new(400, "invalid_payload"),
            Answer::new(404, "no_service"),
            Answer::new(429, "rate_limited").header("Retry-After", "1"),
        ],
        "telegram" => [
            Answer::new(
                400,
                "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message text is empty\"}",
            ),
            Answer::new(
                400,
                "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: chat not found\"}",
            ),
            Answer::new(
                429,
                "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 1\",\"parameters\":{\"retry_after\":1}}",
            ),
        ],
        "ntfy" => [
            Answer::new(
                400,
                "{\"code\":40024,\"http\":400,\"error\":\"invalid request: request body must be valid JSON\"}",
            ),
            Answer::new(403, "{\"code\":40301,\"http\":403,\"error\":\"forbidden\"}"),
            Answer::new(
                429,
                "{\"code\":42901,\"http\":429,\"error\":\"limit reached: too many requests\"}",
            ),
        ],
        _ => [
            Answer::new(413, ""),
            Answer::new(401, "who are you?"),
            Answer::new(429, "").header("Retry-After", "1"),
        ],
    }
}

fn path_of(channel: &str) -> &'static str {
    match channel {
        "slack" => SLACK,
        "telegram" => TELEGRAM,
        "ntfy" => NTFY,
        _ => JSON,
    }
}

fn every_answer_of(channel: &str) {
    let services = Services::of(&[channel]);
    let path = path_of(channel);
    let [malformed, wrong, limited] = answers(channel);
    let taken = match channel {
        "slack" => Answer::ok("ok"),
        "telegram" => Answer::ok("{\"ok\":true}"),
        "ntfy" => Answer::ok("{\"id\":\"x\"}"),
        _ => Answer::ok(""),
    };
    let mut kept = 0;
    for (answer, says, tries) in [
        (wrong, format!("ALERT_URL ({channel}) is wrong: HTTP 4"), 1),
        (
            malformed,
            format!("ALERT_URL ({channel}) rejected an alert: HTTP 4"),
            1,
        ),
        (
            Answer::new(503, "<html>"),
            format!("kept for the next run: ALERT_URL ({channel}): HTTP 503"),
            3,
        ),
        (
            Answer::reset(),
            format!("kept for the next run: ALERT_URL ({channel}): "),
            3,
        ),
    ] {
        let before = services.server.count(path);
        services.server.answer(path, answer);
        let ran = services.env.collect();
        kept += 1;
        assert_eq!(
            (ran.code, services.kept(channel)),
            (3, kept),
            "{says}: {ran:?}"
        );
        assert_eq!(ran.stderr.matches(&says).count(), 1, "{says}: {ran:?}");
        assert_eq!(services.server.count(path) - before, tries, "{says}");
    }
    // All of it goes together, once the channel says when, and waits are short enough.
    let before = services.server.count(path);
    services.server.answer_in_turn(path, [limited, taken]);
    assert_eq!(services.env.collect().code, 3);
    assert_eq!(
        (services.server.count(path) - before, services.kept(channel)),
        (2, 0)
    );
    let said = services.said(path).pop().unwrap();
    assert!(
        said.contains("• 000660") && said.matches("first day").count() == 4,
        "{said}"
    );
}

#[test]
fn every_answer_of_slack_is_understood() {
    every_answer_of("slack");
}

#[test]
fn every_answer_of_telegram_is_understood() {
    every_answer_of("telegram");
}

#[test]
fn every_answer_of_ntfy_is_understood() {
    every_answer_of("ntfy");
}

#[test]
fn every_answer_to_json_is_understood() {
    every_answer_of("json");
}

#[test]
fn a_wait_that_is_too_long_is_for_the_next_run() {
    let services = Services::of(&["slack", "telegram"]);
    let limited = Answer::new(429, "rate_limited").header("Retry-After", "65");
    services.server.answer(SLACK, limited);
    let limited =
        "{\"ok\":false,\"description\":\"Too Many Requests\",\"parameters\":{\"retry_after\":65}}";
    services.server.answer(TELEGRAM, Answer::new(429, limited));
    let started = Instant::now();
    assert_eq!(services.env.collect().code, 3);
    assert!(started.elapsed().as_secs() < 14);
    for (channel, path) in [("slack", SLACK), ("telegram", TELEGRAM)] {
        assert_eq!(
            (services.kept(channel), services.server.count(path)),
            (1, 1),
            "{channel}"
        );
    }
}

#[test]
fn alerts_that_waited_long_go_in_as_few_messages_as_each_channel_takes() {
    let services = Services::of(&["telegram", "json"]);
    for path in [TELEGRAM, JSON] {
        services.server.answer(path, Answer::new(403, ""));
    }
    services.env.collect();
    let more = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
                INSERT INTO alert_outbox (channel, job_id, created_at, facts)
                SELECT channel, job_id, created_at, facts FROM alert_outbox, n";
    services.env.staging().execute(more, []).unwrap();
    services.mend();
    services
        .server
        .answer(TELEGRAM, Answer::ok("{\"ok\":true}"));
    services.server.answer(JSON, Answer::ok(""));
    assert_eq!(services.env.collect().code, 0);
    for (channel, path, longest) in [("telegram", TELEGRAM, 4096), ("json", JSON, 32_768)] {
        let said = services.said(path).split_off(1);
        let lengths: Vec<usize> = said.iter().map(|s| s.encode_utf16().count()).collect();
        assert!(lengths.iter().all(|l| *l <= longest), "{lengths:?}");
        let all = said.join("\n");
        assert_eq!(all.matches("• 000660").count(), 41, "{channel}");
        assert!(all.ends_with("Well again: 000660 (after less than a day)"));
        assert_eq!(services.kept(channel), 0);
        let fewest = all.encode_utf16().count().div_ceil(longest);
        assert!((fewest..=2 * fewest).contains(&said.len()), "{lengths:?}");
    }
}

#[test]
fn channels_that_hang_cost_twenty_seconds_together_and_stop_no_other() {
    let services = Services::of(&["telegram", "json", "slack"]);
    let gate = Gate::default();
    for path in [TELEGRAM, JSON] {
        services.server.answer(path, Answer::ok("{}").behind(&gate));
    }
    let started = Instant::now();
    assert_eq!(services.env.collect().code, 3);
    let took = started.elapsed().as_secs();
    assert!((14..24).contains(&took), "{took}");
    assert_eq!(services.said(SLACK).len(), 1);
    let kept = ["telegram", "json", "slack"].map(|channel| services.kept(channel));
    assert_eq!(kept, [1, 1, 0]);
    let status = services.env.run(&["status"]).stdout;
    assert!(
        status.contains("2 alerts could not be sent yet, to json, telegram"),
        "{status}"
    );
}

#[test]
fn each_channel_has_a_memory_of_its_own() {
    let services = Services::of(&["discord", "slack"]);
    services
        .server
        .answer(SLACK, Answer::new(404, "no_service"));
    services.env.collect();
    assert_eq!((services.kept("discord"), services.kept("slack")), (0, 1));
    // Another channel is told in full what the first ones heard yesterday.
    let urls = ["discord", "slack", "telegram"].map(|c| url(c, &services.server));
    let env = services.env.with("ALERT_URL", &urls.join("\t"));
    let services = Services { env, ..services };
    services.server.answer(SLACK, Answer::ok("ok"));
    services.env.collect();
    let last = |path| services.said(path).pop().unwrap();
    assert_eq!(last(DISCORD).lines().count(), 1);
    assert!(last(TELEGRAM).contains("\n• 000660"), "{}", last(TELEGRAM));
    assert!(last(SLACK).contains("\n• 000660") && last(SLACK).contains("first day: as before"));
    services.mend();
    assert_eq!(services.env.collect().code, 0);
    for path in [DISCORD, SLACK, TELEGRAM] {
        assert_eq!(last(path), "Well again: 000660 (after less than a day)");
    }
}

#[test]
fn a_chat_that_is_blocked_keeps_nothing_from_another_and_repeats_nothing_in_it() {
    let services = Services::of(&[
        "tgram://987654321:tElegram-t0ken/1111111 tgram://123123123:other-t0ken/2222222/3333333",
    ]);
    let other = "/bot123123123:other-t0ken/sendMessage";
    let blocked = "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden: bot was blocked by the user\"}";
    services.server.answer(TELEGRAM, Answer::new(403, blocked));
    services.server.answer(other, Answer::ok("{\"ok\":true}"));
    for _ in 0..2 {
        services.env.collect();
    }
    let kept = ["telegram", "telegram-2", "telegram-3"].map(|c| services.kept(c));
    assert_eq!((kept, services.server.count(other)), ([2, 0, 0], 4));
}

/// Makes the file one of the version before channels, with an alert that waits.
fn make_older(env: &TestEnv) {
    let staging = env.staging();
    staging.execute_batch(WITHOUT_CHANNELS).unwrap();
    staging
        .execute_batch(
            "INSERT INTO alert_case VALUES ('collect', '000660', 'x', '2024-01-01', '2024-01-02', 1);
             INSERT INTO alert_outbox (created_at, content)
             VALUES ('2024-01-02T00:00:00.000000Z', '**pricestash collect** NO\\_DATA');
             PRAGMA user_version = 14;",
        )
        .unwrap();
}

#[test]
fn an_alert_that_waits_in_an_older_file_goes_once_to_the_webhook() {
    let services = Services::of(&["slack"]);
    services.mend();
    assert_eq!(services.env.collect().code, 0);
    make_older(&services.env);
    let webhook = format!("{}{DISCORD}", services.server.origin());
    let env = services.env.with("ALERT_WEBHOOK_URL", &webhook);
    let services = Services { env, ..services };
    for _ in 0..2 {
        assert_eq!(services.env.collect().code, 0);
    }
    let said = services.said(DISCORD);
    let [said] = said.as_slice() else {
        panic!("{said:?}")
    };
    let expected = "**pricestash collect** NO\\_DATA\n\nWell again: 000660 (after ";
    assert!(said.starts_with(expected), "{said}");
    assert!(services.said(SLACK).is_empty());
}

#[test]
fn what_is_kept_for_a_channel_that_is_gone_goes_after_a_week() {
    let services = Services::of(&["slack"]);
    services
        .server
        .answer(SLACK, Answer::new(404, "no_service"));
    services.env.collect();
    let env = services.env.with("ALERT_URL", "");
    let services = Services { env, ..services };
    let ran = services.env.collect();
    assert_eq!(
        (
            services.kept("slack"),
            ran.stderr.contains("removed 1 alert")
        ),
        (1, false)
    );
    let older = "UPDATE alert_outbox SET created_at = '2024-01-01T00:00:00.000000Z'";
    services.env.staging().execute(older, []).unwrap();
    let ran = services.env.collect();
    assert_eq!(services.kept("slack"), 0);
    assert!(
        ran.stderr
            .contains("removed 1 alert for slack: it has not been set for 7 days"),
        "{ran:?}"
    );
}

/// A check of doctor: its status and its detail.
fn check(env: &TestEnv, name: &str) -> String {
    let checks = env.json(&["doctor", "--offline"]).rows();
    let found = checks.iter().find(|c| c["check"] == name);
    let text = |field| found.unwrap()[field].as_str().unwrap().to_owned();
    format!("{} {}", text("status"), text("detail"))
}

#[test]
fn a_test_goes_to_every_channel_and_says_what_each_answered() {
    let services = Services::of(&ALL);
    services.mend();
    assert_eq!(services.env.collect().code, 0);
    let ran = services.env.json(&["alert", "--test"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let names = ["discord", "slack", "telegram", "ntfy", "json"];
    for (row, name) in ran.rows().iter().zip(names) {
        let expected =
            json!({ "channel": name, "result": "delivered", "answer": "HTTP 200", "remedy": "" });
        assert_eq!(*row, expected);
    }
    for path in PATHS {
        let said = services.said(path);
        assert!(
            said.len() == 1 && said[0].contains("a test, asked for by"),
            "{said:?}"
        );
    }
    assert_eq!(services.posted(JSON)[0]["type"], "info");
    assert_eq!(services.env.count("SELECT count(*) FROM alert_outbox"), 0);
    // Only what is known is called well.
    for name in &names[1..] {
        let said = check(&services.env, name);
        assert!(
            said.starts_with("OK took the last message, at "),
            "{name}: {said}"
        );
    }
    let env = services.env.with("PRICESTASH_LANG", "ko");
    env.succeed(&["alert", "--test"]);
    let services = Services { env, ..services };
    let said = services.said(SLACK).pop().unwrap();
    assert!(said.contains("시험 알림입니다"), "{said}");
    let said = services.said(JSON).pop().unwrap();
    assert!(said.contains("a test, asked for by"), "{said}");
}

#[test]
fn a_test_that_does_not_arrive_says_what_to_do_and_doctor_remembers_it() {
    let mut services = Services::of(&ALL);
    services.mend();
    assert_eq!(services.env.collect().code, 0);
    services
        .server
        .answer(SLACK, Answer::new(404, "no_service"));
    let host = services.server.origin().replace("http://", "");
    let urls = ALL.map(|c| url(c, &services.server)).join(" ");
    let urls = format!("{urls} ntfy://{host}/second-topic ntfy://no.topic");
    services.env.set("ALERT_URL", &urls);
    let ran = services.env.run(&["alert", "--test"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for words in [
        "wrong      HTTP 404 no_service",
        "slack: make a new incoming webhook",
        "ALERT_URL, number 7 (ntfy): it should be ntfy://topic",
    ] {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(words), "{words}: {ran:?}");
    }
    let slack = check(&services.env, "slack");
    assert!(
        slack.starts_with("WARN did not take the last message, at "),
        "{slack}"
    );
    assert!(slack.ends_with(": HTTP 404 no_service"), "{slack}");
    assert!(check(&services.env, "ntfy-2").starts_with("OK took"));
    let dead = "jsons://127.0.0.1:1/never json://127.0.0.1:1/x";
    services.env.set("ALERT_URL", dead);
    let ran = services.env.json(&["alert", "--test"]);
    assert_eq!((ran.code, &ran.rows()[1]["result"]), (1, &"later".into()));
    // What was delivered before is no longer what is known.
    assert!(check(&services.env, "json").starts_with("WARN did not take"));
    services.env.set("ALERT_URL", "");
    let ran = services.env.run(&["alert", "--test"]);
    assert!(
        ran.code == 2 && ran.error().contains("no channel of alerts is set"),
        "{ran:?}"
    );
    assert_eq!(services.env.run(&["alert"]).code, 2);
}

#[test]
fn a_test_needs_no_file_and_makes_none() {
    let services = Services::of(&["slack"]);
    assert_eq!(services.env.run(&["alert", "--test"]).code, 0);
    assert!(!services.env.path("data/staging.db").exists());
    let expected = "WARN nothing was sent through it yet";
    assert_eq!(check(&services.env, "slack"), expected);
}

#[test]
fn a_base_url_that_is_wrong_sends_nothing_elsewhere() {
    let services = Services::of(&["ntfy", "slack"]);
    let env = services.env.with("NTFY_BASE_URL", "ntfy.example");
    let ran = env.collect();
    assert_eq!(ran.code, 3);
    let says = "ALERT_URL, number 1 (ntfy): NTFY_BASE_URL is no http or https address";
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert_eq!(services.server.count(NTFY), 0);
    assert_eq!(services.server.count(SLACK), 1);
}

/// Every secret of the channels, as it is and as it is sent.
const SECRETS: [&str; 16] = [
    "1234567890",
    "dIsc0rd-t0ken",
    "T0SECRET01",
    "B0SECRET02",
    "slackS3cr3tKey",
    "987654321",
    "tElegram-t0ken",
    "-100223344",
    "own-s3cr3t-topic",
    "s3cr3t-topic",
    "p@ss-w0rd",
    "p%40ss-w0rd",
    "bWU6cEBzcy13MHJk",
    "hook-s3cr3t",
    "header-s3cr3t",
    "m4lformed-t0ken",
];

/// No part of a secret is seen either.
fn assert_hides(text: &str, place: &str) {
    for secret in SECRETS {
        let beginning = &secret[..8];
        assert!(!text.contains(beginning), "{beginning} {place}: {text}");
    }
}

#[test]
fn no_secret_of_a_channel_is_in_any_byte() {
    let echo = SECRETS.join(" ");
    let malformed = [
        "slack://m4lformed-t0ken",
        "m4lformed-t0ken",
        "discord://me@m4lformed-t0ken",
    ];
    for (level, format, status) in [
        ("trace", "text", 404),
        ("debug", "json", 400),
        ("trace", "json", 0),
    ] {
        let services = Services::of(&[&ALL[..], &["ntfy"], &malformed].concat());
        // A service that repeats what it was asked.
        for path in PATHS {
            let answer = match status {
                0 => Answer::reset(),
                status => Answer::new(status, echo.clone()),
            };
            services.server.answer(path, answer);
        }
        let env = services
            .env
            .with("LOG_LEVEL", level)
            .with("LOG_FORMAT", format);
        let env = match status {
            0 => ["SLACK", "TELEGRAM"].iter().fold(env, |env, service| {
                env.with(&format!("{service}_BASE_URL"), &dead_origin())
            }),
            _ => env,
        };
        let commands: [&[&str]; 6] = [
            &["collect", "--start", "2024-01-02", "--end", "2024-01-05"],
            &["healthcheck"],
            &["alert", "--test"],
            &["alert", "--test", "--format", "json"],
            &["doctor", "--format", "json"],
            &["status"],
        ];
        for command in commands {
            let ran = env.run(&[command, &["--log-dir", "logs"]].concat());
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_hides(&said, &format!("{command:?}"));
        }
        for (path, content) in env.files() {
            let text = String::from_utf8_lossy(&content.unwrap_or_default()).into_owned();
            assert_hides(&text, &path.display().to_string());
        }
    }
}

#[test]
fn what_another_address_may_have_taken_is_not_called_well() {
    let services = Services::of(&["slack"]);
    services.mend();
    assert_eq!(services.env.collect().code, 0);
    let env = services.env.without("ALERT_URL");
    let set = |url: &str| env.write(".env", format!("ALERT_URL={url}\n"));
    set("slack://T0SECRET01/B0SECRET02/slackS3cr3tKey");
    env.succeed(&["alert", "--test"]);
    assert!(check(&env, "slack").starts_with("OK took"));
    set("slack://OTHER/B0SECRET02/slackS3cr3tKey");
    let later = SystemTime::now() + Duration::from_secs(1);
    let file = File::options().write(true).open(env.path(".env")).unwrap();
    file.set_modified(later).unwrap();
    let said = check(&env, "slack");
    assert!(
        said.starts_with("WARN took the last message, at "),
        "{said}"
    );
    assert!(said.ends_with(", but .env has changed since"), "{said}");
}
