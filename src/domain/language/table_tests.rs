//! The table has what the program says, in both languages, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::comments::{Part, parts};
use super::korean::{PARTS, SENTENCES};
use super::template::Template;

/// Words of systems and libraries, which stand in no file of ours.
const OF_OTHERS: &[&str] = &[];

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    SENTENCES.iter().chain(PARTS).copied().flatten().copied()
}

/// The files of src with what the program says, without the table itself.
fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "korean" {
            sources(&path, texts);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            texts.push(code_of(&path));
        }
    }
}

/// A file without its tests.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.to_owned()
}

/// The string literals of a file, as the compiler reads them.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let before = &rest[..at];
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(behind) = rest.strip_prefix("'\"'") {
            rest = behind;
        } else if rest.starts_with('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before.trim_end_matches('#').ends_with('r');
            let (literal, behind) = match is_raw {
                true => rest[1..]
                    .split_once(&format!("\"{}", "#".repeat(hashes)))
                    .unwrap(),
                false => rest[1..].split_at(end_of_literal(&rest[1..])),
            };
            found.push(if is_raw {
                literal.to_owned()
            } else {
                unescaped(literal)
            });
            rest = behind.strip_prefix('"').unwrap_or(behind);
        } else {
            rest = &rest[1..];
        }
    }
    found
}

fn end_of_literal(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.unwrap()
}

/// Only what our texts have: line ends, quotes, and a backslash that joins two lines.
fn unescaped(literal: &str) -> String {
    let mut lines = literal.split("\\\n");
    let first = lines.next().unwrap().to_owned();
    let joined = lines.fold(first, |text, line| text + line.trim_start());
    joined
        .replace("\\n", "\n")
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
}

/// A text without the names of its values, and without what stands around it in the code.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        let (value, behind) = from.split_once('}').unwrap_or((from, ""));
        shape.push_str(before);
        shape.push_str(if value.contains(' ') { value } else { "{}" });
        rest = behind;
    }
    shape.push_str(rest);
    let shape = shape.trim_start_matches(['\n', ';', '-', ' ']);
    shape.trim_end_matches(['.', '\n', ' ']).to_owned()
}

/// What the program says: the shape of every literal and of each of its lines, and of the comments that it writes.
fn said() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut texts,
    );
    let literals = texts.iter().flat_map(|text| literals(text));
    let files = [
        include_str!("../../../.env.example"),
        include_str!("../../../data/assets.toml"),
    ];
    let comments = files.iter().flat_map(|file| parts(file));
    let comments = comments.filter_map(|part| match part {
        Part::Comment(_, words) => Some(words),
        Part::Line(_) => None,
    });
    literals
        .chain(comments)
        .flat_map(|literal| {
            let lines: Vec<String> = literal.lines().map(shape).collect();
            lines.into_iter().chain([shape(&literal)])
        })
        .collect()
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

#[test]
fn a_literal_is_read_as_the_compiler_does() {
    let code =
        "// \"no\"\nlet a = \"b \\\"c\\\" \\\n    d\\n\"; '\"'; let r = r\"\\x\"; r#\"\"y\"\"#;";
    assert_eq!(literals(code), ["b \"c\" d\n", "\\x", "\"y\""]);
    assert_eq!(shape("{a:?} of {}: {0}.\n"), "{} of {}: {}");
}

/// What an owner reads: each sentence in these files has its Korean.
const OF_OWNERS: [&str; 4] = [
    "commands/doctor",
    "jobs/doctor",
    "jobs/status.rs",
    "jobs/healthcheck.rs",
];

/// Of them, what stands behind a number within a sentence, which Korean counts in its own way.
const COUNTED: [&str; 2] = ["file is left", "files are left"];

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
            let said = shape(&literal);
            let is_known = known.contains(&said) || known.contains(&format!("{{}} {said}"));
            if is_sentence(&literal) && !is_known && !COUNTED.contains(&&*literal) {
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
