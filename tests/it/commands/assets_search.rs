//! `assets search`: hits of Naver and Yahoo, of which the first is not taken for the exact one.

use serde_json::Value;

use crate::support::program::{Ran, TestEnv};
use crate::support::recorded;
use crate::support::server::{Answer, Server};

const NAVER: &str = "/ac";
const YAHOO: &str = "/v1/finance/search";

/// Both sources, with these recorded answers.
fn searched(naver: &str, yahoo: &str) -> (Server, TestEnv) {
    let server = Server::new();
    let answer = |file: String| Answer::ok(recorded(&file));
    server.answer(NAVER, answer(format!("lookup/naver_search/{naver}.json")));
    server.answer(YAHOO, answer(format!("lookup/yahoo_search/{yahoo}.json")));
    let env = TestEnv::at(&server, &[]);
    (server, env)
}

/// What could be added, and whether it is exact.
fn words(ran: &Ran) -> Vec<(String, bool)> {
    let rows = ran.rows();
    let word = |row: &Value| row["add"].as_str().map(str::to_owned);
    let pair = |row: &Value| Some((word(row)?, row["exact"].as_bool()?));
    rows.iter().filter_map(pair).collect()
}

#[test]
fn a_name_finds_the_hits_of_both_sources() {
    let (server, env) = searched("삼성", "삼성전자보통주");
    let ran = env.json(&["assets", "search", "삼성전자"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let no = |word: &str| (word.to_owned(), false);
    assert_eq!(
        words(&ran),
        [
            ("005930".to_owned(), true),
            no("247540"),
            no("0193T0"),
            no("005930.KS"),
            no("SSNLF")
        ]
    );
    assert_eq!(ran.rows().len(), 9, "what cannot be added is shown, too");
    assert_eq!(server.seen(NAVER)[0].query["q"], "삼성전자");
    assert_eq!(server.seen(YAHOO)[0].query["q"], "삼성전자");
}

#[test]
fn a_first_hit_is_not_an_exact_one() {
    let (server, env) = searched("없는종목", "apple");
    let tt = r#"{"quotes":[{"symbol":"TT","shortname":"Trane Technologies plc","quoteType":"EQUITY","exchange":"NYQ"}]}"#;
    server.answer(YAHOO, Answer::ok(tt));
    let ran = env.run(&["assets", "search", "T"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("No exact match for \"T\""), "{ran:?}");
    assert_eq!(
        words(&env.json(&["assets", "search", "T"])),
        [("TT".to_owned(), false)]
    );
}

#[test]
fn an_isin_is_never_exact_and_a_korean_one_has_the_code_in_it() {
    let (server, env) = searched("삼성", "US5949181045");
    let ran = env.run(&["assets", "search", "US5949181045"]);
    assert!(
        ran.stdout.contains("MSFT") && ran.stdout.contains("do not contain the ISIN"),
        "{ran:?}"
    );
    env.succeed(&["assets", "search", "KR7005930003"]);
    assert_eq!(server.seen(NAVER)[1].query["q"], "005930");
    server.answer(
        YAHOO,
        Answer::ok(recorded("lookup/yahoo_search/NO0010123060.json")),
    );
    server.answer(
        NAVER,
        Answer::ok(recorded("lookup/naver_search/없는종목.json")),
    );
    let ran = env.run(&["assets", "search", "NO0010123060"]);
    assert_eq!(
        (ran.code, ran.stdout.trim()),
        (0, "Nothing found for \"NO0010123060\".")
    );
}

#[test]
fn a_source_that_is_away_is_said_and_the_other_counts() {
    let (server, env) = searched("삼성", "apple");
    server.answer(YAHOO, Answer::new(429, "Too Many Requests"));
    let ran = env.run(&["assets", "search", "삼성"]);
    assert!(ran.code == 3 && ran.stdout.contains("247540"), "{ran:?}");
    assert!(
        ran.stderr.contains("yahoo could not be asked: HTTP 429"),
        "{ran:?}"
    );
    server.answer(NAVER, Answer::ok("<html>moved</html>"));
    let ran = env.run(&["assets", "search", "삼성"]);
    assert!(ran.code == 1 && ran.stdout.trim().is_empty(), "{ran:?}");
    let ran = env.run(&["assets", "search", " "]);
    assert!(ran.code == 2 && ran.error().contains("1 to 60"), "{ran:?}");
}

#[test]
fn a_search_can_be_kept_and_read_again() {
    let (server, env) = searched("삼성", "apple");
    let first = env.json(&["assets", "search", "a/b?", "--archive", "kept"]);
    let again = env.json(&["assets", "search", "a/b?", "--replay", "kept"]);
    assert_eq!((again.code, again.rows()), (0, first.rows()));
    assert_eq!(server.paths().len(), 2, "a replay asks nobody");
}
