//! What people read, in their language. The program says everything in English: in its code, its logs, JSON and records. Where an
//! owner reads and acts, the Korean of a sentence is looked up in one table, [`korean`], by that English.
//!
//! A new text: say it in English by [`Language::say`], and add its row to the table. The tests of the table name what is missing,
//! and what nobody says any more.

use std::fmt::Display;

mod comments;
mod korean;
mod particle;
#[cfg(test)]
mod said_tests;
#[cfg(test)]
mod table_tests;
mod template;

pub(crate) use comments::with_comments;
use template::{Template, Value};

/// A language that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// That of the code.
    #[default]
    English,
    /// By the table; a text that it lacks stays English.
    Korean,
}

/// What parts of a message are joined by.
const JOINTS: [&str; 5] = [": ", "; ", ". ", " · ", "\n"];
/// Those of them that never stand in a value.
const PART_ENDS: [&str; 4] = [": ", "; ", " · ", "\n"];
/// Of a text with fewer bytes of its own (`line {number}`) a value is one word.
const FEW_WORDS: usize = 9;
/// A message of more parts than this is not ours, and is left as it is.
const MOST_PARTS: usize = 24;

impl Language {
    /// By its code (`en`, `ko`).
    #[must_use]
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        match code.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "ko" => Some(Self::Korean),
            _ => None,
        }
    }

    /// By a locale (`ko_KR.UTF-8`, `ko-KR`). What we write is UTF-8: who reads another character set reads English.
    #[must_use]
    pub(crate) fn of_locale(locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        let (name, charset) = locale.split_once('.').unwrap_or((&locale, "utf-8"));
        let charset = charset.split('@').next().unwrap_or_default();
        match name.split(['_', '-', '@']).next() {
            Some("ko") if matches!(charset, "utf-8" | "utf8") => Self::Korean,
            _ => Self::English,
        }
    }

    /// A text with its values: `{name}` in it is the value of that name.
    #[must_use]
    pub(crate) fn say(self, english: &str, values: &[(&str, &dyn Display)]) -> String {
        let values: Vec<(&str, String)> = values.iter().map(|(n, v)| (*n, v.to_string())).collect();
        let values: Vec<Value<'_>> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        match self.of_text(english) {
            Some(korean) => Template::of(korean).fill(&values, |part| self.sentence(part)),
            None => Template::of(english).fill(&values, str::to_owned),
        }
    }

    /// `third`, and as it is counted in days: 3일.
    #[must_use]
    pub(crate) fn ordinal(self, number: u64) -> String {
        const NAMES: [&str; 10] = [
            "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
            "tenth",
        ];
        if self == Self::Korean {
            return format!("{number}일");
        }
        let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        match (at.and_then(|at| NAMES.get(at)), number % 10, number % 100) {
            (Some(name), ..) => (*name).to_owned(),
            (None, 1, tens) if tens != 11 => format!("{number}st"),
            (None, 2, tens) if tens != 12 => format!("{number}nd"),
            (None, 3, tens) if tens != 13 => format!("{number}rd"),
            (None, ..) => format!("{number}th"),
        }
    }

    /// A message that was made and perhaps recorded in English: each of its parts that the table has. What others said in it (a
    /// server, a file's name) stays as it is.
    #[must_use]
    pub(crate) fn sentence(self, english: &str) -> String {
        if self == Self::English {
            return english.to_owned();
        }
        let parts: usize = JOINTS.iter().map(|j| english.matches(j).count()).sum();
        match parts > MOST_PARTS {
            true => english.to_owned(),
            false => self.parts(english),
        }
    }

    /// The longest beginning that the table has, then the rest in the same way.
    fn parts(self, english: &str) -> String {
        if let Some(whole) = self.whole(english) {
            return whole;
        }
        let mut joints: Vec<(usize, &str)> = JOINTS
            .iter()
            .flat_map(|joint| english.match_indices(joint))
            .collect();
        joints.sort_unstable();
        let apart = |at: usize, joint: &str| {
            let (head, rest) = english.split_at_checked(at)?;
            Some((head, rest.strip_prefix(joint)?))
        };
        let known = joints.iter().rev().find_map(|(at, joint)| {
            let (head, rest) = apart(*at, joint)?;
            Some((self.whole(head)?, *joint, rest))
        });
        let first = || {
            let (at, joint) = joints.first()?;
            let (head, rest) = apart(*at, joint)?;
            Some((head.to_owned(), *joint, rest))
        };
        match (known, first()) {
            // Korean sentences end.
            (Some((head, "; ", rest)), _) => format!("{head}. {}", self.parts(rest)),
            (Some((head, joint, rest)), _) | (None, Some((head, joint, rest))) => {
                format!("{head}{joint}{}", self.parts(rest))
            }
            (None, None) => english.to_owned(),
        }
    }

    /// A sentence that a row of the table fits as a whole: of several the one with the most words of its own.
    fn whole(self, english: &str) -> Option<String> {
        let read = self.sentences().iter().copied().flatten();
        let read = read.filter_map(|(template, korean)| {
            // Most rows begin or end otherwise.
            let beginning = template.split('{').next().unwrap_or_default();
            let ending = template.rsplit('}').next().unwrap_or_default();
            if !english.starts_with(beginning) || !english.ends_with(ending) {
                return None;
            }
            let template = Template::of(template);
            let values = template.read(english)?;
            let korean = Template::of(korean);
            // Else a value would swallow the parts behind it, or a few words would fit any sentence.
            let is_short = template.length() < FEW_WORDS;
            let is_more = |(name, value): &(&str, &str)| {
                let is_joined = PART_ENDS.iter().any(|end| value.contains(end));
                let is_phrase = is_short && value.contains(' ');
                (is_joined || is_phrase) && !korean.translates(name)
            };
            let is_whole = !values.iter().any(is_more);
            is_whole.then(|| (template.length(), values, korean))
        });
        let (_, values, korean) = read.max_by_key(|(length, ..)| *length)?;
        Some(korean.fill(&values, |part| self.sentence(part)))
    }

    /// The row of a text.
    fn of_text(self, english: &str) -> Option<&'static str> {
        let parts = match self {
            Self::English => &[],
            Self::Korean => korean::PARTS,
        };
        let mut rows = self.sentences().iter().chain(parts).copied().flatten();
        let row = rows.find(|(text, _)| *text == english);
        row.map(|(_, korean)| *korean)
    }

    fn sentences(self) -> &'static [&'static [korean::Row]] {
        match self {
            Self::English => &[],
            Self::Korean => korean::SENTENCES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_the_language_and_a_character_set_that_can_show_it() {
        for korean in [
            "ko",
            "ko_KR",
            "ko-KR",
            "ko_KR.UTF-8",
            "ko_KR.utf8@x",
            "KO_kr.utf-8",
        ] {
            assert_eq!(Language::of_locale(korean), Language::Korean, "{korean}");
        }
        for english in [
            "",
            "C",
            "POSIX",
            "C.UTF-8",
            "en_US.UTF-8",
            "kok_IN",
            "ko_KR.eucKR",
        ] {
            assert_eq!(Language::of_locale(english), Language::English, "{english}");
        }
    }

    #[test]
    fn english_is_said_as_it_is_written() {
        let said = Language::English.say("{a} of {b}, {a}", &[("a", &1), ("b", &"{a}")]);
        assert_eq!(said, "1 of {a}, 1");
        let message = "PostgreSQL: what: ever";
        assert_eq!(Language::English.sentence(message), message);
    }

    #[test]
    fn a_message_is_read_part_by_part_and_what_is_not_ours_stays() {
        let korean = |text| Language::Korean.sentence(text);
        assert_eq!(korean("All is well."), "모두 정상입니다.");
        assert_eq!(
            korean("naver: no source has a bar; who knows"),
            "naver: 어느 제공처에서도 시세를 받지 못했습니다. who knows"
        );
        assert_eq!(
            korean(
                "STALE, the newest bar is of 2026-01-02; no price stored yet in its own currency"
            ),
            "STALE, 최신 시세는 2026-01-02입니다. 해당 통화로 저장된 시세가 아직 없습니다"
        );
        assert_eq!(
            korean("data/a.toml: line 7: not UTF-8 text"),
            "data/a.toml: 7번째 줄: UTF-8 텍스트가 아닙니다"
        );
        let others = "line of credit closed: the server is tired";
        assert_eq!(korean(others), others);
        assert_eq!(korean("no such words"), "no such words");
        // Not ours: nobody waits for it to be read.
        let long = "a: ".repeat(100_000);
        assert_eq!(korean(&long), long);
    }
}
