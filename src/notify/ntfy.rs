//! A topic of an ntfy server: a message is published as JSON to the server's root.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, PostResult, Said};
use crate::config::Channel;
use crate::domain::alert::{Markup, Message, Severity, Style, Unit};

/// A longer message becomes an attachment.
pub(super) const STYLE: Style = Style {
    markup: Markup::Plain,
    unit: Unit::Bytes,
    longest: 4096,
};

/// Topics that ntfy does not take: malformed, or one of its own pages.
const WRONG_TOPIC: [u64; 2] = [40009, 40010];

/// The message as ntfy takes it.
pub(super) fn payload(channel: &Channel, message: &Message) -> Value {
    let (priority, tag) = match message.severity {
        Severity::Failure => (4, "rotating_light"),
        Severity::Warning => (3, "warning"),
        Severity::Success => (3, "white_check_mark"),
        Severity::Info => (3, "information_source"),
    };
    json!({
        "topic": channel.target.as_ref().map_or("", |t| t.expose()),
        "title": "pricestash",
        "message": message.text,
        "priority": priority,
        "tags": [tag],
    })
}

/// The part of an answer that is read: the message's id, or what is wrong with ntfy's own number.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    id: String,
    #[serde(default)]
    error: String,
    code: Option<u64>,
}

/// What an answer means.
pub(super) fn judge(answer: &Answer<'_>) -> PostResult {
    let read: Body = serde_json::from_slice(answer.body).unwrap_or_default();
    answer.judge(&Said {
        is_taken: !read.id.is_empty(),
        is_channel_wrong: read.code.is_some_and(|c| WRONG_TOPIC.contains(&c)),
        words: read.error,
        wait: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::{answer, kind, wait};
    use super::super::answer::{DEFAULT_WAIT, Delivery};
    use super::*;

    #[test]
    fn its_answers_are_understood() {
        let taken = "{\"id\":\"sPs71M8A2T\",\"time\":1643935928,\"event\":\"message\",\"topic\":\"t\",\"message\":\"x\"}";
        assert_eq!(
            judge(&answer(200, taken)),
            PostResult::Done(Delivery::Delivered("HTTP 200".to_owned()))
        );
        for (code, error, expected) in [
            (40001, "e-mail notifications are not enabled", "refused"),
            (40009, "invalid request: topic invalid", "wrong"),
            (40010, "invalid request: topic name is not allowed", "wrong"),
            (
                40024,
                "invalid request: request body must be valid JSON",
                "refused",
            ),
            (40101, "unauthorized", "wrong"),
            (40301, "forbidden", "wrong"),
            (40401, "page not found", "wrong"),
            (41303, "JSON body too large", "refused"),
            (50001, "internal server error", "wait"),
            (50701, "cannot publish to UnifiedPush topic", "wait"),
        ] {
            let status = u16::try_from(code / 100).unwrap();
            let body = json!({ "code": code, "http": status, "error": error });
            let result = judge(&answer(status, &body.to_string()));
            assert_eq!(kind(&result), expected, "{error}");
        }
        // It never says how long.
        let limited = "{\"code\":42901,\"http\":429,\"error\":\"limit reached: too many requests, please be nice\"}";
        assert_eq!(wait(judge(&answer(429, limited))), DEFAULT_WAIT);
        assert_eq!(kind(&judge(&answer(200, "<html>"))), "later");
    }
}
