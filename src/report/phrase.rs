//! A sentence with values in it, which the page's script can say in another language.

use std::fmt::{self, Display, Formatter};

use askama::filters::HtmlSafe;

use super::view::number;

/// A pattern like `{0} days` and its values. The pattern is the key of the table in `html/words.js`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) pattern: &'static str,
    values: Vec<String>,
    /// In English, as the page has it before its script runs.
    pub(super) english: String,
}

impl Phrase {
    pub(super) fn new(pattern: &'static str, values: &[String]) -> Self {
        let mut english = pattern.to_owned();
        for (at, value) in values.iter().enumerate() {
            english = english.replace(&format!("{{{at}}}"), value);
        }
        Self {
            pattern,
            values: values.to_vec(),
            english,
        }
    }

    /// So many of something: `one` and `many` are both patterns.
    pub(super) fn counted(count: usize, one: &'static str, many: &'static str) -> Self {
        let count = number(count);
        let english = if count == "1" { one } else { many };
        Self {
            english: english.replace("{0}", &count),
            ..Self::new(many, &[count])
        }
    }

    /// The values in one attribute. They are numbers, days and words of ours, none of which has a bar.
    pub(super) fn values(&self) -> String {
        self.values.join("|")
    }
}

/// As an element.
impl Display for Phrase {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [pattern, values, english] = [self.pattern, &self.values(), &self.english].map(escaped);
        write!(
            f,
            "<span data-t=\"{pattern}\" data-n=\"{values}\">{english}</span>"
        )
    }
}

/// A run's status comes out of the staging file.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl HtmlSafe for Phrase {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_in_the_singular_and_has_the_same_key() {
        let days = |n| Phrase::counted(n, "{0} day", "{0} days").to_string();
        assert_eq!(
            days(1),
            "<span data-t=\"{0} days\" data-n=\"1\">1 day</span>"
        );
        assert_eq!(
            days(1200),
            "<span data-t=\"{0} days\" data-n=\"1,200\">1,200 days</span>"
        );
    }

    #[test]
    fn values_are_text() {
        let phrase = Phrase::new("{0} of {1}", &["<b>".to_owned(), "\"".to_owned()]);
        assert_eq!(
            phrase.to_string(),
            "<span data-t=\"{0} of {1}\" data-n=\"&lt;b&gt;|&quot;\">&lt;b&gt; of &quot;</span>"
        );
    }

    const PAGE: [&str; 17] = [
        include_str!("html/page.html"),
        include_str!("html/board.html"),
        include_str!("html/board_row.html"),
        include_str!("html/asset.html"),
        include_str!("html/runs.html"),
        include_str!("html/corrections.html"),
        include_str!("html/correction.html"),
        include_str!("html/sync.html"),
        include_str!("html/unpack.js"),
        include_str!("html/scale.js"),
        include_str!("html/draw.js"),
        include_str!("html/slots.js"),
        include_str!("html/chart.js"),
        include_str!("html/strip.js"),
        include_str!("html/board.js"),
        include_str!("html/start.js"),
        include_str!("view_runs.rs"),
    ];

    /// What stands between two marks, wherever they are.
    fn between<'a>(text: &'a str, before: &str, after: char) -> impl Iterator<Item = &'a str> {
        let parts: Vec<&str> = text.split(before).skip(1).collect();
        parts.into_iter().filter_map(move |part| {
            let part = part.trim_start_matches(['&', '[', '(', '\n', ' ']);
            Some(part.split_once(after)?.0)
        })
    }

    #[test]
    fn every_text_of_the_page_has_its_korean() {
        let words = include_str!("html/words.js");
        let mut missing = Vec::new();
        let mut looked_at = 0;
        for part in PAGE {
            let elements = between(part, "data-t>", '<').filter(|text| !text.contains("{{"));
            let attributes = between(part, "aria-label=\"", '"')
                .filter(|text| part.contains(&format!("aria-label=\"{text}\" data-label")));
            let said = between(part, "say(\"", '"');
            let phrases = between(part, "Phrase::new(", ',').map(|text| text.trim_matches('"'));
            let counted = between(part, "Phrase::counted(", ')');
            let counted = counted.filter_map(|text| text.rsplit('"').nth(1));
            let texts = elements.chain(attributes).chain(said);
            for text in texts.chain(phrases).chain(counted).filter(|t| *t != "{0}") {
                looked_at += 1;
                if !words.contains(&format!("\"{text}\":")) {
                    missing.push(text);
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
        assert!(looked_at > 80, "{looked_at}");
    }
}
