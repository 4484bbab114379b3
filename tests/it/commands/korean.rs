//! Korean where an owner reads and acts, and English where a program or a log does.

use std::fs;

use crate::support::program::{COLLECT, Ran, TestEnv};
use crate::support::server::{Answer, Server};
use crate::support::{route, shares, week};

/// Shares, and somebody who reads Korean.
fn korean_shares(ids: &[&str]) -> (Server, TestEnv) {
    let (server, env) = shares(ids);
    (server, env.with("PRICESTASH_LANG", "ko"))
}

fn assert_said(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// The one error of a run that was refused, in Korean.
fn korean_error(ran: &Ran) -> &str {
    assert!(!ran.stderr.contains("error:"), "{ran:?}");
    let mut errors = ran.stderr.lines().filter_map(|l| l.strip_prefix("오류: "));
    match (errors.next(), errors.next()) {
        (Some(error), None) => error,
        _ => panic!("not one error: {ran:?}"),
    }
}

#[test]
fn the_variable_counts_then_the_locale() {
    let headline = |variables: &[(&str, &str)]| {
        let env = TestEnv::new().without("LC_MESSAGES");
        let env = variables
            .iter()
            .fold(env, |env, (name, value)| env.with(name, value));
        env.succeed(&["status"]).stdout
    };
    let (korean, english) = ("아직 저장된 시세가 없습니다", "Nothing is staged yet");
    let locale = ("LANG", "ko_KR.UTF-8");
    for (variables, words) in [
        (&[locale][..], korean),
        (&[("PRICESTASH_LANG", "ko")], korean),
        (&[("PRICESTASH_LANG", "ko"), ("LC_ALL", "C.UTF-8")], korean),
        (&[("PRICESTASH_LANG", "en"), locale], english),
        (&[("LC_ALL", "C.UTF-8"), locale], english),
        (&[], english),
    ] {
        let said = headline(variables);
        assert!(said.starts_with(words), "{variables:?}: {said}");
    }
}

#[test]
fn a_wrong_language_is_refused_in_that_of_the_system() {
    let (_server, env) = shares(&["005930"]);
    let env = env.with("PRICESTASH_LANG", "kr");
    let ran = env.run(&["status"]);
    assert_eq!(ran.code, 2);
    assert_said(ran.error(), &["PRICESTASH_LANG is \"kr\"", "en or ko"]);
    let env = env.without("LC_MESSAGES").with("LANG", "ko_KR.UTF-8");
    let ran = env.run(&["status"]);
    assert_eq!(ran.code, 2);
    assert_said(
        korean_error(&ran),
        &["PRICESTASH_LANG", "\"kr\"", "en 또는 ko"],
    );
}

#[test]
fn errors_are_korean_and_the_log_s_are_not() {
    let (_server, mut env) = korean_shares(&["005930"]);
    let dead = "postgres://me:pw@127.0.0.1:1/prices?sslmode=disable";
    for (name, value, arguments, code, words) in [
        (
            "FETCH_TIMEOUT",
            "soon",
            &COLLECT[..],
            2,
            "FETCH_TIMEOUT 값이 \"soon\"입니다. 0보다 크고 86400 이하인 초여야 합니다",
        ),
        (
            "ASSETS_FILE",
            "none.toml",
            &COLLECT,
            2,
            "`pricestash init`으로 만들거나",
        ),
        (
            "LOG_LEVEL",
            "info",
            &["colect"],
            2,
            "없는 명령입니다: 'colect'. 비슷한 명령",
        ),
        (
            "LOG_LEVEL",
            "info",
            &["verify"],
            1,
            "SQLite 파일 data/staging.db가 아직 없습니다.",
        ),
        (
            "DATABASE_URL",
            dead,
            &["sync"],
            1,
            "127.0.0.1:1/prices의 PostgreSQL: 서버에 연결할 수 없습니다",
        ),
    ] {
        if name == "DATABASE_URL" {
            assert_eq!(env.collect().code, 0);
        }
        env.set(name, value);
        let ran = env.run(&[&["--log-dir", "logs"], arguments].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert_said(korean_error(&ran), &[words]);
        env = env.without(name);
    }
    let is_korean = |c: char| ('가'..='힣').contains(&c);
    assert!(!env.log().contains(is_korean), "{}", env.log());
}

#[test]
fn status_begins_in_korean() {
    let (server, env) = korean_shares(&["005930", "000660"]);
    server.answer(&route("000660"), Answer::new(404, "gone"));
    let ran = env.collect();
    assert_eq!(ran.code, 3, "{ran:?}");
    let env = env.with("DATABASE_URL", "postgres://u@127.0.0.1:1/d");
    let ran = env.succeed(&["status"]);
    assert_said(
        &ran.stdout,
        &[
            "확인이 필요합니다:\n- 종목 2개 중 2개의 시세가 최신이 아닙니다: 005930, 000660\n",
            "- 마지막 collect 실행이 일부 실패했습니다\n",
            "- PostgreSQL로 보낼 행이 4개 있습니다. `pricestash sync`가 보냅니다\n",
            "data/staging.db에 저장됨, PostgreSQL 대기 4행\n",
            "최근 실행 (전체: status --runs)",
            // Names of fields are those of JSON and SQL.
            "asset id",
        ],
    );
}

#[test]
fn collect_and_sync_end_in_korean() {
    let (_server, env) = korean_shares(&["005930"]);
    let ran = env.run(&[&COLLECT[..], &["--dry-run"]].concat());
    assert_said(
        &ran.stdout,
        &["시험 실행이므로 아무것도 저장하지 않았습니다.\n"],
    );
    assert_eq!(env.collect().code, 0);
    let ran = env.succeed(&["sync", "--if-configured"]);
    assert_eq!(
        ran.stdout,
        "보낸 행이 없습니다: DATABASE_URL이 설정되지 않았습니다(data/staging.db에 4행이 대기 중입니다). 환경 변수나 .env에 설정하세요. \
         예: DATABASE_URL=postgres://user:password@host:5432/prices.\n"
    );
    // The log is English.
    assert_said(&ran.stderr, &["sync skipped: DATABASE_URL is not set"]);
}

#[test]
fn alerts_are_korean_from_the_failure_to_its_end() {
    const WEBHOOK: &str = "/api/webhooks/1/t0ken-of-the-webhook";
    let (server, env) = korean_shares(&["005930", "000660"]);
    let discord = Server::new();
    discord.answer(WEBHOOK, Answer::ok("{}"));
    let env = env.with(
        "ALERT_WEBHOOK_URL",
        &format!("{}{WEBHOOK}", discord.origin()),
    );
    let posted = || {
        let last = discord.seen(WEBHOOK).pop().unwrap();
        let message: serde_json::Value = serde_json::from_str(&last.body).unwrap();
        message["content"].as_str().unwrap().to_owned()
    };
    server.answer(&route("000660"), Answer::new(404, "gone"));
    assert_eq!(env.collect().code, 3);
    assert_said(
        &posted(),
        &[
            "): 2개 종목 중 1개\n• **000660**",
            "어느 제공처에서도 시세를 받지 못했습니다",
            "\n받을 수 있었던 시세는 저장했습니다.",
            "\n실행 `",
        ],
    );
    assert_eq!(env.collect().code, 3);
    assert_said(
        &posted(),
        &["`partial_failure`, 1일째: 이전과 같음, 000660; 실행 `"],
    );
    server.answer(&route("000660"), week([100, 101, 102, 103]));
    assert_eq!(env.collect().code, 0);
    assert_eq!(posted(), "정상으로 돌아옴: 000660 (하루 만에)");
    assert_eq!(env.run(&["healthcheck", "--as-of", "2024-01-10"]).code, 1);
    assert_said(
        &posted(),
        &[
            "`stale`",
            "STALE, 최신 시세는 2024-01-05, 2024-01-09 시세가 있어야 합니다. 거래일 2일의 시세가 없습니다: 2024-01-08, 2024-01-09",
            "`pricestash collect`가 다시 요청합니다.",
        ],
    );
    // What is recorded is English.
    assert_said(
        &env.pairs("SELECT error_message, '' FROM job_run WHERE error_message IS NOT NULL")[0].0,
        &["no source has a bar"],
    );
}

#[test]
fn doctor_says_in_korean_what_it_finds_and_what_to_do() {
    let (_server, env) = korean_shares(&["005930"]);
    let ran = env.run(&["doctor", "--offline"]);
    assert_said(
        &ran.stdout,
        &[
            "data/staging.db는 아직 없으며 만들 수 있습니다",
            "ALERT_WEBHOOK_URL이 없거나 형식이 틀려서",
            "→ 알림을 받을 곳을 ALERT_URL에 적으세요. 예: ntfy://topic, tgram://bot-token/chat",
            "DATABASE_URL이 없어서 모든 시세가 SQLite 파일에만 있습니다",
            "종목 1개, 그중 수집하는 종목 1개",
            // Verdicts and what was looked at have the names of JSON.
            "WARN  alerts",
            " WARN, ",
        ],
    );
    let is_korean = |line: &str| line.contains(|c| ('가'..='힣').contains(&c));
    let checks = ran
        .stdout
        .lines()
        .filter(|l| !l.is_empty() && !l.contains(" FAIL"));
    let english: Vec<&str> = checks.filter(|l| !is_korean(l)).collect();
    assert!(english.is_empty(), "{english:?}");
    // A program reads English.
    let rows = env.run(&["doctor", "--offline", "--format", "json"]).rows();
    let alerts = rows.iter().find(|r| r["check"] == "alerts").unwrap();
    assert_eq!(
        alerts["remedy"],
        "set ALERT_URL to where you read messages, such as ntfy://topic or tgram://bot-token/chat"
    );
}

#[test]
fn what_a_command_did_is_said_in_korean() {
    let (_server, env) = korean_shares(&["005930", "000660"]);
    assert_eq!(env.collect().code, 0);
    let day = "2024-01-05";
    let bar = ["retract", "005930", day, "--source", "naver"];
    let backup = ["backup", "copy.db"];
    let disable = ["assets", "disable", "000660"];
    let enable = ["assets", "enable", "000660"];
    for (arguments, said) in [
        (
            [&bar[..], &["--reason", "x"]].concat(),
            "005930의 2024-01-05 시세(naver, 종가 103)를 철회했습니다.",
        ),
        (
            [&bar[..], &["--undo"]].concat(),
            "005930의 2024-01-05 시세(naver)를 되돌렸습니다.",
        ),
        (
            vec!["waive", "005930", day, "--rule", "scale_step", "--undo"],
            "scale_step of 005930 2024-01-05: 예외로 둔 적이 없습니다.",
        ),
        (backup.to_vec(), "copy.db에 백업했습니다: 시세 8개, "),
        (
            vec!["restore", "copy.db"],
            "copy.db에서 data/staging.db를 되돌렸습니다: 시세 8개. 이전 파일은 data/staging.db.before-restore-",
        ),
        (disable.to_vec(), "000660 종목을 껐습니다."),
        (disable.to_vec(), "000660 종목은 이미 꺼져 있습니다."),
        (enable.to_vec(), "000660 종목을 켰습니다."),
        (
            vec!["export", "--output", "bars.csv"],
            "bars.csv에 썼습니다: 8개.",
        ),
        (
            vec!["report", "--output", "r.html"],
            "r.html: 종목 2개, 시세 8개, ",
        ),
        (vec!["reconcile"], "같은 통화로 있는 종목이 없습니다."),
        (vec!["actions"], "알 수 없습니다. 배당과 액면 분할"),
        (
            vec!["assets", "remove", "000660"],
            "000660 종목을 뺐습니다.",
        ),
    ] {
        let ran = env.succeed(&arguments);
        assert_said(&ran.stdout, &[said]);
    }
}

#[test]
fn what_a_command_refuses_is_said_in_korean() {
    let (_server, env) = korean_shares(&["005930", "000660"]);
    assert_eq!(env.collect().code, 0);
    let backup = ["backup", "copy.db"];
    env.succeed(&backup);
    env.write("no.csv", "day,price of it\n2024-01-05,1\n");
    for (arguments, said) in [
        (
            &[
                "retract",
                "005930",
                "2020-01-02",
                "--source",
                "naver",
                "--reason",
                "x",
            ][..],
            "005930에 2020-01-02 시세가 어느 데이터 제공처에도 없습니다",
        ),
        (&backup, "백업 copy.db가 이미 있습니다."),
        (
            &["backup", "none/copy.db"],
            // What comes behind it is the system's.
            "백업 none/copy.db를 쓸 수 없습니다: 그 폴더: ",
        ),
        (
            &["import", "no.csv", "--asset", "005930"],
            "no.csv: 첫 줄에 close 열이 없고 day, price of it만 있습니다.",
        ),
        (
            &["waive"],
            "필요한 인자가 없습니다: --reason <TEXT>, <ASSET>, <DATE>. 자세한",
        ),
    ] {
        let ran = env.run(arguments);
        assert_ne!(ran.code, 0, "{ran:?}");
        assert_said(korean_error(&ran), &[said]);
    }
}

#[test]
fn a_mistake_in_a_file_is_said_in_korean_and_doctor_knows_which_file() {
    let (_server, env) = korean_shares(&["005930"]);
    env.write("data/calendars/XKRX.toml", "[closed]\n2024-01-05 = 휴장\n");
    let ran = env.run(&["doctor", "--offline"]);
    assert_said(
        &ran.stdout,
        &[
            "2번째 줄: 문자열은 따옴표로 묶어야 합니다",
            "→ 파일을 고치세요. 프로그램에 들어 있는 캘린더이면 파일을 지워도 됩니다",
        ],
    );
    env.write("data/calendars/XKRX.toml", "[close]\n");
    let ran = env.run(&["assets"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_said(
        korean_error(&ran),
        &["1번째 줄: `close`는 없는 이름입니다. 다음 중 하나여야 합니다: "],
    );
}

#[test]
fn init_writes_korean_comments_beside_the_same_settings() {
    let settings = |env: &TestEnv, file: &str| -> Vec<String> {
        let text = fs::read_to_string(env.path(file)).unwrap();
        let lines = text.lines().filter(|l| !l.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let english = TestEnv::new();
    english.succeed(&["init"]);
    let korean = TestEnv::new()
        .without("LC_MESSAGES")
        .with("LANG", "ko_KR.UTF-8");
    let said = korean.succeed(&["init"]).stdout;
    assert_said(
        &said,
        &[
            "만들었습니다",
            "그다음 `pricestash doctor`가 빠진 것을 알려 줍니다.",
        ],
    );
    // A scheduled run, which has no locale, speaks Korean too.
    let mut expected = settings(&english, ".env");
    for line in expected.iter_mut().filter(|l| *l == "PRICESTASH_LANG=") {
        line.push_str("ko");
    }
    assert_eq!(settings(&korean, ".env"), expected);
    let assets = "data/assets.toml";
    assert_eq!(settings(&korean, assets), settings(&english, assets));
    for file in [".env", assets] {
        let text = fs::read_to_string(korean.path(file)).unwrap();
        let is_korean = |l: &str| l.contains(|c| ('가'..='힣').contains(&c));
        let comments = text.lines().filter(|l| l.starts_with('#') && l.len() > 1);
        let english: Vec<&str> = comments.filter(|l| !is_korean(l)).collect();
        assert!(
            english.iter().all(|l| *l == "# MY_KEY=0123456789abcdef"),
            "{english:?}"
        );
    }
    let korean = korean.without("LANG");
    assert_said(
        &korean.succeed(&["init"]).stdout,
        &["이미 있어 그대로 두었습니다"],
    );
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let printed = |language: &str| {
        let (server, env) = shares(&["005930", "000660"]);
        let env = env.with("PRICESTASH_LANG", language);
        server.answer(&route("000660"), Answer::new(404, "gone"));
        let collected = env.json(&COLLECT).rows();
        let messages: Vec<String> = collected
            .iter()
            .map(|row| row["message"].to_string())
            .collect();
        let errors = env.pairs("SELECT error_message, '' FROM job_run");
        let csv = env.run(&["status", "--format", "csv"]).stdout;
        let header = csv.lines().next().unwrap().to_owned();
        let refused = env.with("LOG_FORMAT", "json").run(&["show", "nobody"]);
        let message = |line: &str| -> serde_json::Value {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].clone()
        };
        let lines: Vec<_> = refused.stderr.lines().map(message).collect();
        (messages, errors, header, refused.code, lines)
    };
    let english = printed("en");
    assert_eq!(printed("ko"), english);
    assert!(!english.4.is_empty(), "{english:?}");
}
