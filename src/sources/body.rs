//! Common parts of all answers: text, JSON, dates, and detecting what is not a feed.

use std::fmt;
use std::marker::PhantomData;

use chrono::NaiveDate;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category as Fault;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::domain::answer::{RawBar, RawDay};
use crate::domain::text::is_steering;

/// Why an answer cannot be read as a list of bars.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// An HTTP error, with the first words of the body.
    #[error("HTTP {status}: {words}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The source's message.
        words: String,
    },
    /// The source does not know the symbol; its message.
    #[error("{0}")]
    UnknownSymbol(String),
    /// The source asks for fewer requests in a successful answer.
    #[error("the source asks for fewer requests: {0}")]
    TooMany(String),
    /// An error reported by the source.
    #[error("the source reports: {0}")]
    Refused(String),
    /// A web page instead of the feed: the source blocks us, wants a login, or has moved.
    #[error("a web page instead of the feed: {0}")]
    WebPage(String),
    /// Something other than the feed.
    #[error("not the expected format: {0}")]
    OtherShape(String),
    /// The body ends before the data does.
    #[error("the answer is cut short: {0}")]
    CutShort(String),
    /// Bars longer or shorter than a day.
    #[error("expected daily bars, got bars of {0}")]
    Granularity(String),
}

/// Removes the UTF-8 byte order mark with which any text may begin.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The body of a successful answer without its byte order mark.
///
/// # Errors
/// If it is a web page or UTF-16: no feed is.
pub(super) fn feed_body(body: &[u8]) -> Result<&[u8], AnswerError> {
    let body = without_mark(body);
    if is_web_page(body) {
        return Err(AnswerError::WebPage(first_words(body)));
    }
    if is_utf16(body) {
        return Err(AnswerError::OtherShape("text in UTF-16".to_owned()));
    }
    Ok(body)
}

/// Whether a body is UTF-16, which no source sends.
fn is_utf16(body: &[u8]) -> bool {
    body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff")
}

/// Whether a body is a web page. No source's feed is one.
fn is_web_page(body: &[u8]) -> bool {
    // Unlike pages, a feed has no comment before its first element.
    const STARTS: [&[u8]; 8] = [
        b"<!doctype html",
        b"<!--",
        b"<html",
        b"<head",
        b"<meta",
        b"<title",
        b"<body",
        b"<script",
    ];
    let body = without_declaration(body.trim_ascii_start()).trim_ascii_start();
    STARTS.iter().any(|start| {
        body.get(..start.len())
            .is_some_and(|b| b.eq_ignore_ascii_case(start))
    })
}

/// What follows `<?xml … ?>`, with which both pages and feeds may begin.
pub(super) fn without_declaration(body: &[u8]) -> &[u8] {
    if !body.starts_with(b"<?xml") {
        return body;
    }
    let end = body.windows(2).position(|pair| pair == b"?>");
    end.and_then(|at| body.get(at + 2..)).unwrap_or_default()
}

/// The first line of a body that is not a feed, shortened for a message, without control characters.
pub(super) fn first_words(body: &[u8]) -> String {
    const MAX_CHARS: usize = 120;
    let text = String::from_utf8_lossy(body.get(..4096).unwrap_or(body));
    let line = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .unwrap_or("(empty body)");
    line.chars()
        .filter(|c| !is_steering(*c))
        .take(MAX_CHARS)
        .collect()
}

/// Characters allowed unescaped in a path segment: RFC 3986's unreserved ones, `=` and `&`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'=')
    .remove(b'&');

/// Characters allowed unescaped in a query value.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A symbol as a segment of a path (`%5EKS200`).
pub(super) fn path_segment(symbol: &str) -> String {
    utf8_percent_encode(symbol, SEGMENT).to_string()
}

/// A text as a query value.
pub(crate) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// A JSON object read as `T`.
///
/// serde would also read an array into a struct, by position, so Naver's other feed (`["20100104", 16060, …]`) would be
/// accepted. Only an object has names.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OnlyMap(PhantomData))
    }
}

/// An error inside JSON: its name or number, and its message.
#[derive(Deserialize)]
pub(super) struct Complaint<'a> {
    #[serde(borrow, alias = "name")]
    code: Option<&'a RawValue>,
    #[serde(alias = "description")]
    pub(super) message: Option<String>,
}

impl Complaint<'_> {
    pub(super) fn code(&self) -> &str {
        json_text(self.code)
    }

    /// The message, else the name.
    pub(super) fn words(&self) -> String {
        first_words(self.message.as_deref().unwrap_or(self.code()).as_bytes())
    }
}

/// A JSON value as the text that was sent: a string without its quotes (escapes stay), nothing or null as an empty
/// text. Anything that is not a number (`true`, `[1]`) keeps its text too, so that validation can reject and show it.
pub(super) fn json_text(value: Option<&RawValue>) -> &str {
    let text = value.map_or("", RawValue::get);
    if text == "null" {
        return "";
    }
    text.strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .unwrap_or(text)
}

/// Why a body that should be JSON cannot be parsed: it is cut short, or it is something else.
pub(super) fn json_error(body: &[u8], error: &serde_json::Error) -> AnswerError {
    let words = first_words(error.to_string().as_bytes());
    let is_json = matches!(json_start(body), Some(b'{' | b'['));
    // serde_json reports a cut inside a number (`1.`, `-`) as a wrong number, not as an early end.
    let ends_in_number = is_json && matches!(body.last(), Some(b'.' | b'-' | b'+' | b'e' | b'E'));
    match error.classify() {
        Fault::Eof if body.is_empty() => AnswerError::CutShort(first_words(body)),
        Fault::Eof => AnswerError::CutShort(words),
        Fault::Syntax if ends_in_number => AnswerError::CutShort(words),
        _ if is_json => AnswerError::OtherShape(words),
        _ => AnswerError::OtherShape(first_words(body)),
    }
}

/// The first byte of a JSON document after white space.
pub(super) fn json_start(body: &[u8]) -> Option<u8> {
    body.trim_ascii_start().first().copied()
}

/// Refuses rows that all have times of minutes or seconds instead of days.
pub(super) fn refuse_minutes(rows: &[RawBar<'_>]) -> Result<(), AnswerError> {
    let stamp = |row: &RawBar<'_>| match row.day {
        RawDay::Impossible(text)
            if matches!(text.len(), 12 | 14) && text.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Some(text.to_owned())
        }
        _ => None,
    };
    match rows.first().and_then(stamp) {
        Some(first) if rows.iter().all(|row| stamp(row).is_some()) => {
            Err(AnswerError::Granularity(format!("minutes ({first})")))
        }
        _ => Ok(()),
    }
}

/// A day written `YYYYMMDD`.
pub(super) fn compact_day(text: &str) -> RawDay<'_> {
    let parts = [text.get(..4), text.get(4..6), text.get(6..)];
    if text.len() == 8 {
        day_of(text, parts)
    } else {
        RawDay::Impossible(text)
    }
}

/// A day written `YYYY-MM-DD`.
pub(super) fn iso_day(text: &str) -> RawDay<'_> {
    let parts = [text.get(..4), text.get(5..7), text.get(8..)];
    let dashes = [text.get(4..5), text.get(7..8)] == [Some("-"); 2];
    if text.len() == 10 && dashes {
        day_of(text, parts)
    } else {
        RawDay::Impossible(text)
    }
}

/// The date of a year, month and day in digits. There is no year 0: PostgreSQL has none.
pub(super) fn day_of<'a>(text: &'a str, parts: [Option<&str>; 3]) -> RawDay<'a> {
    let number = |part: Option<&str>| {
        part?.bytes().try_fold(0_u32, |sum, b| {
            b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'))
        })
    };
    let [year, month, day] = parts.map(number);
    let date = match (year, month, day) {
        (Some(year @ 1..), Some(month), Some(day)) => {
            NaiveDate::from_ymd_opt(year.cast_signed(), month, day)
        }
        _ => None,
    };
    date.map_or(RawDay::Impossible(text), RawDay::Date)
}

#[cfg(test)]
mod tests {
    use super::super::tests::date;
    use super::*;

    #[test]
    fn a_day_is_eight_digits_of_the_calendar() {
        assert_eq!(compact_day("20240229"), RawDay::Date(date("2024-02-29")));
        for text in [
            "20260231",
            "202601051530",
            "2026010",
            "00000101",
            "2026-1-5",
            "+2260105",
            "",
            "二〇二六",
        ] {
            assert_eq!(compact_day(text), RawDay::Impossible(text));
        }
    }

    #[test]
    fn an_iso_day_has_dashes() {
        assert_eq!(iso_day("2026-01-05"), RawDay::Date(date("2026-01-05")));
        for text in [
            "2026-02-31",
            "2026/01/05",
            "2026-1-5",
            "20260105",
            "2026-01-05T00",
            "0000-01-01",
            "2026-+1-05",
        ] {
            assert_eq!(iso_day(text), RawDay::Impossible(text));
        }
    }

    #[test]
    fn json_values_keep_the_text_that_was_sent() {
        let cases = [
            ("129.0399932861328", "129.0399932861328"),
            ("1e2", "1e2"),
            ("null", ""),
            ("\"12,345\"", "12,345"),
            ("\"Infinity\"", "Infinity"),
            ("\"\"", ""),
            (r#""a\"b""#, r#"a\"b"#),
            ("true", "true"),
            ("[1]", "[1]"),
        ];
        for (json, text) in cases {
            assert_eq!(json_text(Some(serde_json::from_str(json).unwrap())), text);
        }
        assert_eq!(json_text(None), "");
    }

    #[test]
    fn a_page_for_people_is_told_from_a_feed() {
        for page in [
            "<!DOCTYPE html>\n<title>x",
            "\n <HTML lang=ko>",
            "<script>",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">",
            "\n<!-- sign in -->\n<html>",
        ] {
            assert!(is_web_page(page.as_bytes()), "{page}");
        }
        for feed in [
            "",
            "[]",
            "{}",
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\"?><protocol>",
            "<?xml",
            "<protocol>",
            "Date,Close",
        ] {
            assert!(!is_web_page(feed.as_bytes()), "{feed}");
        }
    }

    #[test]
    fn an_array_is_no_object() {
        #[derive(Deserialize)]
        struct One {
            a: u8,
        }
        assert_eq!(
            serde_json::from_str::<Object<One>>(r#"{"b": [], "a": 1}"#)
                .unwrap()
                .0
                .a,
            1
        );
        assert!(serde_json::from_str::<Object<One>>("[1]").is_err());
    }
}
