//! Which failures are said and how, as Discord has them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    Case, Facts, Failure, Markup, Message, Report, Severity, Style, Unit, cause, compose, pack,
    render,
};
use crate::domain::language::Language;

const DISCORD: Style = Style {
    markup: Markup::Discord,
    unit: Unit::Utf16,
    longest: 2000,
};
const RUN: &str = "0198f0aa-0000-7000-8000-000000000001";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn failure(asset_id: &str, name: &str, words: &str) -> Failure {
    Failure {
        asset_id: asset_id.to_owned(),
        name: name.to_owned(),
        words: words.to_owned(),
        cause: cause(words),
        is_suspect: false,
    }
}

fn report(failures: Vec<Failure>, succeeded: &[&str]) -> Report<'static> {
    Report {
        topic: "collect",
        status: "partial_failure",
        host: "home_pc",
        run: Some(RUN),
        failures,
        succeeded: succeeded.iter().map(|w| (*w).to_owned()).collect(),
    }
}

type Known = BTreeMap<String, Case>;

/// Composes on a day, and gives the words and what is known from then on.
fn compose_for(report: &Report<'_>, known: &Known, today: &str) -> (Option<String>, Known) {
    compose_in(Language::English, report, known, today)
}

fn compose_in(
    language: Language,
    report: &Report<'_>,
    known: &Known,
    today: &str,
) -> (Option<String>, Known) {
    let composed = compose(report, known, |_| false, day(today));
    let mut known = known.clone();
    known.extend(composed.open);
    known.retain(|asset, _| !composed.closed.contains(asset));
    let words = composed.facts.map(|facts| in_file(&facts, language));
    (words, known)
}

/// The words of facts that were in a file meanwhile.
fn in_file(facts: &Facts, language: Language) -> String {
    let kept = serde_json::to_string(facts).unwrap();
    let read: Facts = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, *facts);
    render(&read, DISCORD, language).text
}

fn message(text: String, severity: Severity) -> Message {
    Message { text, severity }
}

#[test]
fn a_new_failure_is_told_in_full() {
    let failures = vec![
        failure("005930", "삼성전자", "naver: HTTP 404"),
        failure(
            "@everyone",
            "**bold** <@1>",
            "it said:\n# [a](b) `x` ~y~ |z| _w_",
        ),
    ];
    let (content, _) = compose_for(&report(failures, &["BTC"]), &Known::new(), "2026-11-25");
    assert_eq!(
        content.unwrap(),
        "**pricestash collect** `partial_failure` on home_pc: 2 of 3 assets\n\
         • **005930** 삼성전자: naver: HTTP 404\n\
         • **\\@everyone** \\*\\*bold\\*\\* \\<\\@1\\>: it said: \\# \\[a\\](b) \\`x\\` \\~y\\~ \\|z\\| \\_w\\_\n\
         All prices received are staged. The next `pricestash collect` asks again; if it persists, check the symbol in \
         assets.toml, `pricestash status` and, for rejected rows, the table `quarantine`. A suspect asset recovers with a \
         correct answer, or by `pricestash waive` as its message says.\n\
         Run `0198f0aa-0000-7000-8000-000000000001`"
    );
}

#[test]
fn the_same_failure_is_one_line_until_it_changes() {
    let same = |date: &str| {
        let words = format!("no bar from {date} to {date}");
        report(vec![failure("SI=F", "Silver", &words)], &[])
    };
    let (_, known) = compose_for(&same("2026-11-25"), &Known::new(), "2026-11-25");
    let (_, known) = compose_for(&same("2026-11-26"), &known, "2026-11-26");
    let (content, known) = compose_for(&same("2026-11-27"), &known, "2026-11-27");
    assert_eq!(
        content.unwrap(),
        "**pricestash collect** `partial_failure`, third day: as before, SI=F; run `0198f0aa-0000-7000-8000-000000000001`"
    );
    let other = report(vec![failure("SI=F", "Silver", "yahoo: HTTP 404")], &[]);
    let (content, _) = compose_for(&other, &known, "2026-11-28");
    assert!(
        content
            .unwrap()
            .contains("• **SI=F** Silver (fourth day): yahoo: HTTP 404\n")
    );
}

#[test]
fn old_failures_beside_a_new_one_are_a_line() {
    let old = failure("A", "", "HTTP 404");
    let (_, known) = compose_for(&report(vec![old.clone()], &[]), &Known::new(), "2026-11-24");
    let both = report(vec![old, failure("B", "", "HTTP 503")], &[]);
    let (content, _) = compose_for(&both, &known, "2026-11-25");
    let content = content.unwrap();
    assert!(
        content.contains("• **B**: HTTP 503\nAs before: A (second day)\n"),
        "{content}"
    );
    assert!(!content.contains("404"));
}

#[test]
fn what_concerns_the_run_as_a_whole_is_no_asset() {
    let whole = failure("", "", "gaps could not be noted");
    let both = |words: &str| report(vec![whole.clone(), failure("A", "", words)], &["B"]);
    let (content, known) = compose_for(&both("HTTP 404"), &Known::new(), "2026-11-24");
    let content = content.unwrap();
    assert!(
        content.contains(": 1 of 2 assets\n• gaps could not be noted\n• **A**: HTTP 404\n"),
        "{content}"
    );
    let (content, _) = compose_for(&both("HTTP 503"), &known, "2026-11-25");
    let content = content.unwrap();
    assert!(
        content.contains("As before: the run as a whole (second day)\n"),
        "{content}"
    );
}

#[test]
fn a_recovery_is_said_once_and_only_for_an_asset_that_was_named() {
    let ids: Vec<String> = (0..12).map(|n| format!("A{n:02}")).collect();
    let failures = ids.iter().map(|id| failure(id, "", "HTTP 404")).collect();
    let (content, known) = compose_for(&report(failures, &[]), &Known::new(), "2026-11-25");
    let content = content.unwrap();
    assert!(content.contains("**A09**") && !content.contains("A10"));
    assert!(content.contains("\nand 2 more\n"), "{content}");
    let (content, known) = compose_for(
        &report(Vec::new(), &["A00", "A11", "NEW"]),
        &known,
        "2026-11-27",
    );
    assert_eq!(content.unwrap(), "Well again: A00 (after 2 days)");
    let (content, known) = compose_for(&report(Vec::new(), &["A00", "A11"]), &known, "2026-11-28");
    assert_eq!(content, None);
    // An asset that was not looked at is neither well nor failing.
    assert_eq!(known.len(), 10);
    let composed = compose(
        &report(Vec::new(), &["A01"]),
        &known,
        |a| a == "A01",
        day("2026-11-28"),
    );
    assert_eq!((composed.facts, composed.closed.len()), (None, 1));
}

#[test]
fn a_run_as_a_whole_has_no_recovery() {
    let sync = |failures: Vec<Failure>| Report {
        topic: "sync",
        status: "failure",
        ..report(failures, &[])
    };
    let failures = || vec![failure("", "", "connection refused")];
    let (content, known) = compose_for(&sync(failures()), &Known::new(), "2026-11-25");
    assert!(content.unwrap().starts_with(
        "**pricestash sync** `failure` on home_pc\n• connection refused\nNothing is lost"
    ));
    let (content, known) = compose_for(&sync(failures()), &known, "2026-11-26");
    assert!(
        content
            .unwrap()
            .contains("second day: connection refused; run")
    );
    let (content, known) = compose_for(&sync(Vec::new()), &known, "2026-11-27");
    assert_eq!((content, known), (None, Known::new()));
}

#[test]
fn a_healthcheck_says_the_same_once_a_day() {
    let stale = Report {
        topic: "healthcheck",
        status: "stale",
        run: None,
        ..report(vec![failure("A", "", "STALE")], &["B"])
    };
    let (content, known) = compose_for(&stale, &Known::new(), "2026-11-25");
    assert!(content.unwrap().contains("• **A**: STALE\n"));
    let (content, known) = compose_for(&stale, &known, "2026-11-25");
    assert_eq!(content, None);
    let (content, _) = compose_for(&stale, &known, "2026-11-26");
    assert_eq!(
        content.unwrap(),
        "**pricestash healthcheck** `stale`, second day: as before, A"
    );
}

#[test]
fn nothing_to_say_is_no_alert() {
    let (content, known) = compose_for(&report(Vec::new(), &["A"]), &Known::new(), "2026-11-25");
    assert_eq!((content, known.len()), (None, 0));
}

#[test]
fn it_never_exceeds_two_thousand_characters_and_keeps_the_run() {
    for words in ["\\_*".repeat(3000), "가".repeat(3000), "😀".repeat(3000)] {
        for count in [1, 10, 40] {
            let failures = (0..count)
                .map(|n| failure(&format!("{n:_>20}"), &words, &words))
                .collect();
            let (content, known) = compose_for(&report(failures, &[]), &Known::new(), "2026-11-25");
            let content = content.unwrap();
            assert!(DISCORD.length(&content) <= 2000, "{content}");
            assert!(content.ends_with(&format!("Run `{RUN}`")), "{content}");
            // Not cut behind a backslash that would swallow what follows.
            assert!(!content.replace("\\\\", "").contains("\\…"), "{content}");
            let ids: Vec<String> = known.keys().cloned().collect();
            let succeeded: Vec<&str> = ids.iter().map(String::as_str).collect();
            let new = failure("NEW", "", &words);
            let (content, _) = compose_for(&report(vec![new], &succeeded), &known, "2026-11-26");
            let content = content.unwrap();
            assert!(DISCORD.length(&content) <= 2000 && content.contains("Well again"));
        }
    }
}

#[test]
fn kept_alerts_go_together_where_they_fit_and_are_as_bad_as_the_worst() {
    let alerts = [
        ("a", Severity::Success),
        ("b", Severity::Failure),
        ("c", Severity::Warning),
    ];
    let alerts = alerts.map(|(text, severity)| message(text.repeat(900), severity));
    let packed = pack(alerts.to_vec(), DISCORD);
    let counts: Vec<usize> = packed.iter().map(|(n, _)| *n).collect();
    assert_eq!(counts, [2, 1]);
    assert_eq!(DISCORD.length(&packed[0].1.text), 1802);
    let worst: Vec<Severity> = packed.iter().map(|(_, m)| m.severity).collect();
    assert_eq!(worst, [Severity::Failure, Severity::Warning]);
}

#[test]
fn an_abandoned_run_says_which_and_what_follows() {
    let facts = Facts::Abandoned {
        topic: "collect".to_owned(),
        run: RUN.to_owned(),
        host: "home_pc".to_owned(),
        started_at: "2026-11-24T18:00:00.000000Z".to_owned(),
    };
    assert_eq!(
        in_file(&facts, Language::English),
        "**pricestash collect** `failure` on home_pc: abandoned, its process died (a power cut, a restart, a kill). \
         It began at 2026-11-24T18:00:00.000000Z. What was staged until then is safe; the next run goes on from there.\n\
         Run `0198f0aa-0000-7000-8000-000000000001`"
    );
}

#[test]
fn the_worst_is_named_where_there_is_no_room_for_all() {
    let mut failures: Vec<Failure> = (0..12)
        .map(|n| failure(&format!("A{n:02}"), "", "HTTP 404"))
        .collect();
    let (_, known) = compose_for(
        &report(failures.split_off(11), &[]),
        &Known::new(),
        "2026-11-20",
    );
    failures[9].is_suspect = true;
    failures.push(failure("A11", "", "HTTP 503"));
    failures.push(failure("", "", "gaps could not be noted"));
    let (content, known) = compose_for(&report(failures, &[]), &known, "2026-11-25");
    let content = content.unwrap();
    let named: Vec<&str> = content.lines().filter(|l| l.starts_with('•')).collect();
    assert_eq!(
        named[..4],
        [
            "• gaps could not be noted",
            "• **A09**: HTTP 404",
            "• **A11** (sixth day): HTTP 503",
            "• **A00**: HTTP 404",
        ]
    );
    assert!(
        named.len() == 10 && content.contains("\nand 3 more\n"),
        "{content}"
    );
    // A recovery is promised only for those that are named.
    assert!(known["A06"].named && !known["A07"].named && known["A09"].named);
}

#[test]
fn a_cause_is_the_same_on_another_day_and_not_with_another_status() {
    for (one, other) in [
        (
            "no bar from 2026-11-18 to 2026-11-25",
            "no bar from 2026-11-19 to 2026-11-26",
        ),
        ("7 rows wait", "12 rows wait"),
        ("1 row went to quarantine", "12 rows went to quarantine"),
        ("at 14:05:09.123.", "at 09:00:00.1."),
    ] {
        assert_eq!(cause(one), cause(other));
    }
    assert_ne!(cause("HTTP 404."), cause("HTTP 503."));
    assert_ne!(cause("naver: HTTP 404"), cause("yahoo: HTTP 404"));
    let first = "yahoo: cannot resolve query2.finance.yahoo.com · no source has a bar";
    for symbol in ["BTC-KRW", "005930.KS"] {
        let skipped = format!(
            "yahoo: skipped after an earlier failure in this run: cannot resolve query2.finance.yahoo.com (for {symbol}) · no source has a bar"
        );
        assert_eq!(cause(&skipped), cause(first));
    }
}

#[test]
fn an_alert_in_korean_says_the_same() {
    let in_korean = |report: &Report<'_>, known: &Known, today: &str| {
        compose_in(Language::Korean, report, known, today)
    };
    let old = failure("A", "", "HTTP 404");
    let (content, known) = in_korean(&report(vec![old.clone()], &[]), &Known::new(), "2026-11-23");
    assert!(content.unwrap().contains("1개 종목 중 1개"));
    let both = report(
        vec![
            old.clone(),
            failure("005930", "삼성전자", "naver: no source has a bar"),
        ],
        &["B"],
    );
    let (content, known) = in_korean(&both, &known, "2026-11-25");
    let content = content.unwrap();
    let mut lines = content.lines();
    assert_eq!(
        lines.next(),
        Some("**pricestash collect** `partial_failure` (home_pc): 3개 종목 중 2개")
    );
    assert_eq!(
        lines.next(),
        Some("• **005930** 삼성전자: naver: 어느 제공처에서도 시세를 받지 못했습니다")
    );
    assert_eq!(lines.next(), Some("이전과 같음: A (3일째)"));
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("받을 수 있었던 시세는 저장했습니다.")
    );
    assert_eq!(
        lines.next(),
        Some("실행 `0198f0aa-0000-7000-8000-000000000001`")
    );
    assert_eq!(lines.next(), None);
    let (content, known) = in_korean(&report(vec![old], &["005930"]), &known, "2026-11-27");
    assert_eq!(
        content.unwrap(),
        "**pricestash collect** `partial_failure`, 5일째: 이전과 같음, A; 실행 `0198f0aa-0000-7000-8000-000000000001`\n\
         정상으로 돌아옴: 005930 (2일 만에)"
    );
    // The same case in another language is no other case.
    let again = report(vec![failure("A", "", "HTTP 404")], &[]);
    let (content, _) = compose_for(&again, &known, "2026-11-28");
    assert!(content.unwrap().contains("sixth day: as before, A;"));
}
