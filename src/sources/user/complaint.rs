//! Recognises errors that a source puts into a successful answer instead of prices.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::body::{AnswerError, first_words, json_text};

/// Keys that contain errors and nothing else.
const ERRORS: [&str; 7] = [
    "error",
    "errors",
    "Error Message",
    "error_message",
    "errorMessage",
    "Note",
    "Information",
];
/// Keys that may also contain other things.
const MESSAGES: [&str; 5] = ["message", "detail", "details", "msg", "msg1"];
/// Keys of error numbers.
const CODES: [&str; 4] = ["code", "status_code", "error_code", "status"];

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Why a JSON answer has no rows, if it says so.
pub(super) fn of_json(body: &str) -> Option<AnswerError> {
    let object: Object<'_> = serde_json::from_str(body).ok()?;
    let words = find(&object, &ERRORS).or_else(|| find(&object, &MESSAGES))?;
    Some(classify(code(&object), words))
}

/// Why a list of rows is empty, if an error is the reason.
pub(super) fn of_empty(body: &str) -> Option<AnswerError> {
    let object: Object<'_> = serde_json::from_str(body).ok()?;
    find(&object, &ERRORS).map(|words| classify(code(&object), words))
}

/// Interprets a text without rows.
pub(super) fn of_text(body: &[u8]) -> AnswerError {
    classify(None, first_words(body))
}

/// The message in a JSON body that came with an HTTP error.
pub(super) fn words_of(body: &[u8]) -> Option<String> {
    let object: Object<'_> = serde_json::from_slice(body).ok()?;
    find(&object, &ERRORS).or_else(|| find(&object, &MESSAGES))
}

fn find(object: &Object<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| words(object.get(*name)?))
}

/// The message in a value; `None` if it is empty or not text: `"error": false`.
fn words(value: &RawValue) -> Option<String> {
    let text = value.get();
    let words = match text.bytes().next()? {
        b'"' => json_text(Some(value)).to_owned(),
        b'{' => {
            let object: Object<'_> = serde_json::from_str(text).ok()?;
            find(&object, &MESSAGES).unwrap_or_else(|| text.to_owned())
        }
        b'[' => {
            let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            words(list.first()?)?
        }
        _ => return None,
    };
    let is_empty = matches!(words.trim(), "" | "{}");
    (!is_empty).then(|| first_words(words.as_bytes()))
}

fn code(object: &Object<'_>) -> Option<u16> {
    let mut codes = CODES.iter().filter_map(|name| object.get(*name));
    codes.find_map(|value| json_text(Some(value)).parse().ok())
}

fn classify(code: Option<u16>, words: String) -> AnswerError {
    match code {
        Some(429) => AnswerError::TooMany(words),
        Some(404) => AnswerError::UnknownSymbol(words),
        _ if is_about_a_limit(&words) => AnswerError::TooMany(words),
        _ => AnswerError::Refused(words),
    }
}

fn is_about_a_limit(words: &str) -> bool {
    const LIMITS: [&str; 6] = [
        "limit",
        "frequency",
        "too many",
        "credits",
        "quota",
        "throttl",
    ];
    let words = words.to_lowercase();
    LIMITS.iter().any(|limit| words.contains(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_a_success_is_what_it_says() {
        let too_many = |body: &str| matches!(of_json(body), Some(AnswerError::TooMany(_)));
        assert!(too_many(
            r#"{"Note":"Our standard API call frequency is 5 calls per minute"}"#
        ));
        assert!(too_many(
            r#"{"status":"error","code":429,"message":"out of API credits"}"#
        ));
        let unknown = of_json(r#"{"code":404,"message":"symbol not found"}"#);
        assert!(
            matches!(unknown, Some(AnswerError::UnknownSymbol(_))),
            "{unknown:?}"
        );
        for body in [
            r#"{"Error Message":"Invalid API call."}"#,
            r#"{"error":["EQuery:Unknown asset pair"]}"#,
            r#"{"error":{"code":1,"message":"bad"}}"#,
            r#"{"detail":"Not found."}"#,
        ] {
            assert!(
                matches!(of_json(body), Some(AnswerError::Refused(_))),
                "{body}"
            );
        }
        for body in [
            r#"{"error":[],"result":{}}"#,
            r#"{"error":null}"#,
            r#"{"error":""}"#,
            "[]",
            "x",
            r#"{"errors":{}}"#,
        ] {
            assert_eq!(of_json(body), None, "{body}");
        }
        assert_eq!(of_empty(r#"{"msg1":"fine"}"#), None);
        assert!(of_empty(r#"{"error":["x"]}"#).is_some());
    }
}
