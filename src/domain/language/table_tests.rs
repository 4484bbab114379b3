//! The table has what the program says, in both languages, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::Language;
use super::korean::{PARTS, SENTENCES};
use super::said_tests::{code_of, literals, said, shape, sources};
use super::template::Template;

/// Words of systems and libraries, which stand in no file of ours.
const OF_OTHERS: [&str; 76] = [
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
    "invalid basic string, expected `\"`",
    "invalid multi-line basic string, expected `\"`",
    "duplicate key",
    "duplicate field {name}",
    "missing field {name}",
    "unknown field {name}, expected one of {names}",
    "unknown field {name}, expected {names}",
    "unknown variant {name}, expected one of {names}",
    "unknown variant {name}, expected {names}",
    "invalid type: {found}, expected {wanted}",
    "invalid value: {found}, expected {wanted}",
    "a string",
    "a boolean",
    "a sequence",
    "a map",
    "a TOML datetime",
    "integer {value}",
    "floating point {value}",
    "boolean {value}",
    "string {value}",
    "string values must be quoted, expected literal string",
    "invalid literal string, expected `'`",
    "missing escaped value, expected {letters}",
    "invalid unquoted key, expected letters, numbers, `-`, `_`",
    "unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
    "key with no value, expected `=`",
    "missing value for key, expected value",
    "extra `=`, expected nothing",
    "unclosed array, expected `]`",
    "unclosed inline table, expected `}`",
    "unclosed table, expected `]`",
    "unclosed array table, expected `]`",
    "missing table open, expected `[`",
    "missing comma between array elements, expected `,`",
    "missing comma between key-value pairs, expected `,`",
    "extra assignment between key-value pairs, expected `,`",
    "extra comma in array, expected value",
    "unexpected key or value, expected newline, `#`",
    "unexpected leading zero, expected nothing",
    "invalid boolean, expected `true`",
    "invalid boolean, expected `false`",
    "invalid date, expected month between 01 and 12",
    "invalid date, expected day between 01 and {last}",
    "unable to open database file",
    "attempt to write a readonly database",
    "database disk image is malformed",
    "file is not a database",
    "database is locked",
    "database or disk is full",
    "disk I/O error",
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
const OF_OWNERS: [&str; 42] = [
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
    "domain/calendar/file.rs",
    "commands/retract.rs",
    "commands/waive.rs",
    "commands/backup.rs",
    "commands/restore.rs",
    "commands/verify.rs",
    "commands/pull.rs",
    "commands/import.rs",
    "commands/actions.rs",
    "commands/reconcile.rs",
    "commands/assets.rs",
    "commands/added.rs",
    "commands/export/mod.rs",
    "commands/report.rs",
    "commands/result_place.rs",
    "commands/schema.rs",
    "jobs/import/table.rs",
    "domain/table_columns.rs",
    "commands/assets_add.rs",
    "commands/assets_search.rs",
    "commands/alert.rs",
    "commands/prune.rs",
    "staging/file/backup.rs",
    "process/result_file.rs",
    "jobs/import/mod.rs",
    "jobs/lookup",
    "domain/listing",
    "config/assets_file.rs",
];

/// What stands there for programs or the log, or within a sentence that Korean says otherwise.
const OF_PROGRAMS: [&str; 27] = [
    "file is left",
    "files are left",
    "it is not used here",
    "did not use channel binding",
    "row had an ingest time",
    "rows had an ingest time",
    "bar was retracted",
    "bars were retracted",
    "dividend or split",
    "dividends and splits",
    "more day differs slightly",
    "more days differ slightly",
    "would be added",
    "nothing will be written",
    "looked up {at} words",
    "no further source will be asked",
    "{source} could not be asked: {why}",
    "that the test was sent could not be noted: {error:#}",
    "files of killed runs",
    "row was left out",
    "rows were left out",
    "skipped for the rest of this run: {why}",
    "cannot ask the warehouse at {}",
    "{error:#}; the report goes without its counts",
    "stored {} ({}{more}) that best_price does not show{how}",
    "; to show them, add { source = \"manual\" } to the asset's sources in the assets file",
    "jit is on in PostgreSQL: compiling a query of these views can take seconds, while the query itself takes a tenth of a second; turn it off with ALTER DATABASE … SET jit = off",
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

#[test]
fn what_is_no_toml_has_its_korean() {
    for text in [
        "a = Seoul",
        "a = 1\na = 2",
        "a = \"b",
        "a = 'b",
        "a = \"\"\"b",
        "a = \"C:\\q\"",
        "a",
        "a: 5",
        "a =",
        "= 5",
        "a == 5",
        "a = 05",
        "a = True",
        "a = 2026-13-01",
        "a = 2026-01-32",
        "a = [1",
        "a = [1 2]",
        "a = [1,,2]",
        "a = { b = 1 c = 2 }",
        "a = { b = 1",
        "a = 1 b = 2",
        "[a",
        "[[a]",
        "]",
        "[a]\n[a]",
        "휴장 = 1",
    ] {
        let error = toml::from_str::<toml::Table>(text).unwrap_err();
        let said = Language::Korean.sentence(error.message());
        let is_korean = |c: char| ('가'..='힣').contains(&c);
        assert!(said.contains(is_korean), "{text}: {said}");
    }
}
