//! What the program says: the texts in its own source, for the tests of the table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::comments::{Part, parts};

/// The files of src with what the program says, without the table itself.
pub(super) fn sources(folder: &Path, texts: &mut Vec<String>) {
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
pub(super) fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.to_owned()
}

/// The string literals of a file, as the compiler reads them.
pub(super) fn literals(code: &str) -> Vec<String> {
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
pub(super) fn shape(text: &str) -> String {
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
pub(super) fn said() -> BTreeSet<String> {
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
        .flat_map(|literal| shapes(&literal))
        .collect()
}

/// The shapes of a text, of each of its lines, and of the parts that a message is read by.
fn shapes(text: &str) -> Vec<String> {
    let lines = text.lines();
    let parts = lines.clone().flat_map(|line| line.split("; "));
    let parts = parts.clone().chain(parts.flat_map(|part| part.split(": ")));
    parts.chain(lines).chain([text]).map(shape).collect()
}

#[test]
fn a_literal_is_read_as_the_compiler_does() {
    let code =
        "// \"no\"\nlet a = \"b \\\"c\\\" \\\n    d\\n\"; '\"'; let r = r\"\\x\"; r#\"\"y\"\"#;";
    assert_eq!(literals(code), ["b \"c\" d\n", "\\x", "\"y\""]);
    assert_eq!(shape("{a:?} of {}: {0}.\n"), "{} of {}: {}");
}
