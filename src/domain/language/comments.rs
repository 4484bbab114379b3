//! Files with comments that an owner edits: each comment is a text of the table, by its words in one line.

use super::Language;

/// The least indent of a line that goes on with an entry of a list.
const FURTHER_IN: usize = 4;

/// A comment of one line or several, or a line that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The blanks that each line begins with, and the words.
    Comment(usize, String),
    Line(&'a str),
}

/// A file with its comments in a language.
pub(crate) fn with_comments(text: &str, language: Language) -> String {
    if language == Language::English {
        return text.to_owned();
    }
    let parts = parts(text);
    let lines = parts.iter().map(|part| match part {
        Part::Line(line) => format!("{line}\n"),
        Part::Comment(indent, words) => {
            let said = language.say(words, &[]);
            let lines = said.lines();
            lines
                .map(|line| format!("#{:indent$}{line}\n", ""))
                .collect()
        }
    });
    lines.collect()
}

/// The comments and the other lines of a file. What stands further in belongs to the line before it.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for line in text.lines() {
        match (comment(line), parts.last_mut()) {
            (Some((1 | FURTHER_IN.., more)), Some(Part::Comment(_, words))) => {
                words.push_str(&format!(" {more}"));
            }
            (Some((indent, words)), _) => parts.push(Part::Comment(indent, words.to_owned())),
            (None, _) => parts.push(Part::Line(line)),
        }
    }
    parts
}

/// The indent and the words of a line that is a comment with words.
fn comment(line: &str) -> Option<(usize, &str)> {
    let inside = line.strip_prefix('#')?;
    let words = inside.trim_start();
    (!words.is_empty()).then_some((inside.len() - words.len(), words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_on_over_lines_and_lists_have_entries() {
        let text = "# One\n# and two.\n#\n#   a   b\n#       c\n#   d\nX=1\n# Three.\n";
        let comment = |indent, words: &str| Part::Comment(indent, words.to_owned());
        assert_eq!(
            parts(text),
            [
                comment(1, "One and two."),
                Part::Line("#"),
                comment(3, "a   b c"),
                comment(3, "d"),
                Part::Line("X=1"),
                comment(1, "Three."),
            ]
        );
        assert_eq!(with_comments(text, Language::English), text);
    }

    #[test]
    fn every_comment_that_init_writes_is_korean() {
        for file in [
            include_str!("../../../.env.example"),
            include_str!("../../../data/assets.toml"),
        ] {
            let korean = with_comments(file, Language::Korean);
            for part in parts(file) {
                match part {
                    Part::Comment(_, words) => {
                        let said = Language::Korean.say(&words, &[]);
                        assert_ne!(said, words, "the table lacks it");
                    }
                    Part::Line(line) => assert!(korean.lines().any(|l| l == line), "{line}"),
                }
            }
        }
    }
}
