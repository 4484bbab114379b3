//! The words of the same facts in each channel's markup, length and language.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::facts::{NewFailure, Ongoing, Recovered, ReportFacts};
use super::{Facts, Markup, Message, Severity, Style, Unit, pack, render};
use crate::domain::language::Language;

const fn style(markup: Markup, unit: Unit, longest: usize) -> Style {
    Style {
        markup,
        unit,
        longest,
    }
}

const STYLES: [Style; 5] = [
    style(Markup::Discord, Unit::Utf16, 2000),
    style(Markup::Slack, Unit::Utf16, 4000),
    style(Markup::Telegram, Unit::Utf16, 4096),
    style(Markup::Plain, Unit::Bytes, 4096),
    style(Markup::Plain, Unit::Utf16, 32_768),
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn report(texts: &[String], again: usize, recovered: usize) -> ReportFacts {
    let text = |n: usize| texts[n % texts.len()].clone();
    let since = day("2026-11-20");
    ReportFacts {
        topic: "collect".to_owned(),
        status: "partial_failure".to_owned(),
        host: text(0),
        run: Some("0198f0aa-0000-7000-8000-000000000001".to_owned()),
        day: day("2026-11-25"),
        failed: texts.len() + again,
        assets: 100,
        news: (0..texts.len().min(10))
            .map(|n| NewFailure {
                asset_id: text(n).chars().take(20).collect(),
                name: text(n + 1),
                words: text(n + 2),
                since,
            })
            .collect(),
        more_news: 7,
        again: (0..again)
            .map(|n| Ongoing {
                asset_id: text(n).chars().take(20).collect(),
                words: text(n),
                since,
            })
            .collect(),
        more_again: 0,
        recovered: (0..recovered)
            .map(|n| Recovered {
                asset_id: text(n).chars().take(20).collect(),
                since,
            })
            .collect(),
        more_recovered: 1,
    }
}

/// Whether nothing is cut within an escape, and nothing reads as markup or as a name to be called.
fn is_whole(text: &str, markup: Markup) -> bool {
    match markup {
        Markup::Discord => !text.replace("\\\\", "").contains("\\…"),
        Markup::Slack => {
            let plain = ["&amp;", "&lt;", "&gt;"];
            let rest = plain.iter().fold(text.to_owned(), |t, e| t.replace(e, ""));
            !rest.contains(['&', '<', '>'])
        }
        Markup::Telegram => !text.replace("@\u{200b}", "").contains('@'),
        Markup::Plain => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_message_is_too_long_or_cut_within_an_escape(
        texts in prop::collection::vec("[a-z&<>@\\\\*_`가-힣😀 ]{0,400}", 1..14),
        again in 0usize..10,
        recovered in 0usize..10,
        is_korean: bool,
    ) {
        let language = match is_korean {
            true => Language::Korean,
            false => Language::English,
        };
        let facts = Facts::Report(report(&texts, again, recovered));
        for style in STYLES {
            let message = render(&facts, style, language);
            prop_assert!(style.length(&message.text) <= style.longest);
            prop_assert!(is_whole(&message.text, style.markup), "{:?} {}", style.markup, message.text);
            // The run, and that something is well again, are never what is cut off.
            prop_assert!(message.text.contains("0198f0aa-0000-7000-8000-000000000001"));
            let well = language.say("Well again: {assets}", &[("assets", &"")]);
            prop_assert!(recovered == 0 || message.text.contains(well.trim()));
            for (_, packed) in pack(vec![message.clone(), message.clone(), message], style) {
                prop_assert!(style.length(&packed.text) <= style.longest);
            }
        }
    }

    #[test]
    fn whatever_is_clipped_fits_and_is_whole(text in "[a&<>@\\\\*가😀]{0,60}", room in 0usize..80) {
        for style in STYLES {
            let clipped = style.clip(&style.escape(&text), room);
            prop_assert!(style.length(&clipped) <= room);
            prop_assert!(is_whole(&clipped, style.markup), "{:?} {clipped}", style.markup);
        }
    }
}

#[test]
fn each_markup_shows_the_same_words() {
    let mut facts = report(&["A&B <x> @all **b**".to_owned()], 0, 0);
    facts.host = "home_pc".to_owned();
    facts.news[0].since = facts.day;
    facts.news[0].name = String::new();
    let facts = Facts::Report(facts);
    let second_line = |style| {
        let text = render(&facts, style, Language::English).text;
        text.lines().nth(1).unwrap().to_owned()
    };
    let [discord, slack, telegram, plain, _] = STYLES.map(second_line);
    assert_eq!(
        discord,
        "• **A&B \\<x\\> \\@all \\*\\*b\\*\\***: A&B \\<x\\> \\@all \\*\\*b\\*\\*"
    );
    assert_eq!(
        slack,
        "• A&amp;B &lt;x&gt; @all **b**: A&amp;B &lt;x&gt; @all **b**"
    );
    assert_eq!(
        telegram,
        "• A&B <x> @\u{200b}all **b**: A&B <x> @\u{200b}all **b**"
    );
    assert_eq!(plain, "• A&B <x> @all **b**: A&B <x> @all **b**");
    let first_line = |style, language| {
        let text = render(&facts, style, language).text;
        text.lines().next().unwrap().to_owned()
    };
    let [_, _, _, plain, _] = STYLES;
    assert_eq!(
        first_line(plain, Language::English),
        "pricestash collect `partial_failure` on home_pc: 1 of 100 assets"
    );
    assert_eq!(
        first_line(plain, Language::Korean),
        "pricestash collect `partial_failure` (home_pc): 100개 종목 중 1개"
    );
}

#[test]
fn what_an_older_version_left_is_shown_in_every_markup() {
    let markdown =
        "**pricestash collect** `failure` on home\\_pc\n• **A\\*B**: \\<no\\> C\\\\D & \\@all";
    let facts = Facts::Text {
        markdown: markdown.to_owned(),
    };
    let [discord, slack, telegram, plain, _] =
        STYLES.map(|style| render(&facts, style, Language::Korean).text);
    assert_eq!(discord, markdown);
    let head = "pricestash collect `failure` on home_pc\n";
    assert_eq!(plain, format!("{head}• A*B: <no> C\\D & @all"));
    assert_eq!(slack, format!("{head}• A*B: &lt;no&gt; C\\D &amp; @all"));
    assert_eq!(telegram, format!("{head}• A*B: <no> C\\D & @\u{200b}all"));
}

#[test]
fn how_bad_it_is_goes_with_the_words() {
    let severity = |facts: ReportFacts| {
        let Message { severity, .. } = render(&Facts::Report(facts), STYLES[0], Language::English);
        severity
    };
    let text = ["A".to_owned()];
    assert_eq!(severity(report(&text, 0, 0)), Severity::Warning);
    let failure = ReportFacts {
        status: "failure".to_owned(),
        ..report(&text, 0, 0)
    };
    assert_eq!(severity(failure), Severity::Failure);
    let well = ReportFacts {
        news: Vec::new(),
        ..report(&text, 0, 1)
    };
    assert_eq!(severity(well), Severity::Success);
}
