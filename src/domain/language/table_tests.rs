//! The table has what the program says, in both languages, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::korean::{PARTS, SENTENCES};
use super::said_tests::{code_of, literals, said, shape, sources};
use super::template::Template;

/// Words of systems and libraries, which stand in no file of ours.
const OF_OTHERS: [&str; 26] = [
    "No such file or directory (os error 2)",
    "Permission denied (os error 13)",
    "Is a directory (os error 21)",
    "No space left on device (os error 28)",
    "Read-only file system (os error 30)",
    "Network is unreachable (os error 101)",
    "Connection reset by peer (os error 104)",
    "Connection refused (os error 111)",
    "No route to host (os error 113)",
    "error connecting to server",
    "error performing TLS handshake",
    "unrecognized subcommand {word}",
    "unexpected argument {word} found",
    "invalid value {value} for {option}: {why}",
    "invalid value {value} for {option}",
    "a value is required for {option} but none was supplied",
    "the following required arguments were not provided: {names}",
    "the argument {one} cannot be used with {other}",
    "tip: a similar argument exists: {names}",
    "tip: a similar subcommand exists: {names}",
    "tip: some similar subcommands exist: {names}",
    "Name or service not known",
    "Temporary failure in name resolution",
    "invalid digit found in string",
    "{value} is not in {range}",
    "[possible values: {values}]",
];

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    SENTENCES.iter().chain(PARTS).copied().flatten().copied()
}

#[test]
fn every_text_of_the_table_is_said_somewhere() {
    let said = said();
    let is_said = |english: &str| {
        let shape = shape(english);
        // `3 rows wait`: the number is put before the words.
        let counted = shape.strip_prefix("{} ").unwrap_or(&shape);
        said.contains(&shape) || said.contains(counted) || OF_OTHERS.contains(&english)
    };
    let unused: Vec<&str> = rows()
        .map(|(english, _)| english)
        .filter(|e| !is_said(e))
        .collect();
    assert!(
        unused.is_empty(),
        "no file of src says this any more; where its words changed, change them in the table too:\n{}",
        unused.join("\n")
    );
}

/// The texts in calls of `say`.
fn looked_up() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut texts,
    );
    let calls = texts.iter().flat_map(|text| text.split("say(").skip(1));
    let literal = |call: &str| {
        let call = call.trim_start();
        call.starts_with('"')
            .then(|| literals(call).into_iter().next())?
    };
    calls.filter_map(literal).collect()
}

#[test]
fn every_text_that_is_looked_up_has_its_korean() {
    let known: BTreeSet<&str> = rows().map(|(english, _)| english).collect();
    let missing: Vec<String> = looked_up()
        .into_iter()
        .filter(|t| !known.contains(&**t))
        .collect();
    assert!(
        missing.is_empty(),
        "the table lacks:\n{}",
        missing.join("\n")
    );
}

#[test]
fn both_languages_have_the_same_values() {
    for (english, korean) in rows() {
        let names = |text| {
            Template::of(text)
                .names()
                .into_iter()
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(names(english), names(korean), "{english}");
        assert_ne!(english, korean);
        assert!(
            !english.contains(|c| ('가'..='힣').contains(&c)),
            "{english}"
        );
        let template = Template::of(english);
        assert!(
            !template.is_ambiguous(),
            "nothing tells two values apart: {english}"
        );
        assert!(
            template.length() > 0,
            "it would fit every sentence: {english}"
        );
    }
}

#[test]
fn a_text_stands_once() {
    let mut known = BTreeSet::new();
    for (english, _) in rows() {
        assert!(known.insert(shape(english)), "{english}");
    }
}

/// What an owner reads: each sentence in these files has its Korean.
const OF_OWNERS: [&str; 14] = [
    "config/dot_env.rs",
    "config/value.rs",
    "staging/file/error.rs",
    "sources/fetch/error.rs",
    "warehouse/advice.rs",
    "warehouse/error.rs",
    "domain/asset_names.rs",
    "commands/context.rs",
    "commands/hints.rs",
    "commands/settings.rs",
    "commands/doctor",
    "jobs/doctor",
    "jobs/status.rs",
    "jobs/healthcheck.rs",
];

/// What stands there for programs or the log, or within a sentence that Korean says otherwise.
const OF_PROGRAMS: [&str; 4] = [
    "file is left",
    "files are left",
    "it is not used here",
    "did not use channel binding",
];

/// Whether a literal is a sentence, and no name, SQL or part of a command.
fn is_sentence(literal: &str) -> bool {
    let words = literal.split_whitespace();
    words
        .filter(|w| w.bytes().all(|b| b.is_ascii_lowercase()))
        .count()
        >= 3
}

#[test]
fn every_sentence_that_an_owner_reads_has_its_korean() {
    let known: BTreeSet<String> = rows().map(|(english, _)| shape(english)).collect();
    let is_known = |text: &str| {
        let said = shape(text);
        let is_counted = || known.contains(&format!("{{}} {said}"));
        known.contains(&said) || is_counted() || OF_PROGRAMS.contains(&text)
    };
    let mut missing = Vec::new();
    for place in OF_OWNERS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(place);
        let mut texts = Vec::new();
        match path.is_dir() {
            true => sources(&path, &mut texts),
            false => texts.push(code_of(&path)),
        }
        for literal in texts.iter().flat_map(|text| literals(text)) {
            let mut parts = literal.split("; ").flat_map(|part| part.split(": "));
            let is_lacking = |text: &str| is_sentence(text) && !is_known(text);
            if is_lacking(&literal) && parts.any(is_lacking) {
                missing.push(format!("{place}: {literal}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "the table lacks:\n{}",
        missing.join("\n")
    );
}
