//! A bot of Telegram that writes to a chat.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, PostResult, Said};
use crate::config::Channel;
use crate::domain::alert::{Markup, Message, Style, Unit};

pub(super) const STYLE: Style = Style {
    markup: Markup::Telegram,
    unit: Unit::Utf16,
    longest: 4096,
};

/// What Telegram says of a chat that cannot be written to, though the status is that of a bad message.
const WRONG_CHAT: [&str; 9] = [
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_id",
    "upgraded to a supergroup",
    "deactivated",
    "rights to send",
    "chat_write_forbidden",
    "thread not found",
];

/// The message as Telegram takes it: as text without markup or a preview of links.
pub(super) fn payload(channel: &Channel, message: &Message) -> Value {
    let chat = channel.target.as_ref().map_or("", |t| t.expose());
    let chat = chat
        .parse::<i64>()
        .map_or_else(|_| chat.into(), Value::from);
    let mut payload = json!({
        "chat_id": chat,
        "text": message.text,
        "link_preview_options": { "is_disabled": true },
    });
    if let (Some(thread), Some(fields)) = (channel.thread, payload.as_object_mut()) {
        fields.insert("message_thread_id".to_owned(), thread.into());
    }
    payload
}

/// The part of an answer that is read.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    description: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    /// Seconds.
    retry_after: Option<f64>,
}

/// What an answer means.
pub(super) fn judge(answer: &Answer<'_>) -> PostResult {
    let read: Body = serde_json::from_slice(answer.body).unwrap_or_default();
    let lower = read.description.to_ascii_lowercase();
    answer.judge(&Said {
        is_taken: read.ok,
        is_channel_wrong: WRONG_CHAT.iter().any(|words| lower.contains(words)),
        words: read.description,
        wait: read.parameters.and_then(|p| p.retry_after),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::answer::tests::{answer, kind, wait};
    use super::super::answer::{DEFAULT_WAIT, Delivery};
    use super::*;

    fn error(status: u16, description: &str) -> PostResult {
        let body = json!({ "ok": false, "error_code": status, "description": description });
        judge(&answer(status, &body.to_string()))
    }

    #[test]
    fn its_answers_are_understood() {
        let taken = judge(&answer(200, "{\"ok\":true,\"result\":{\"message_id\":7}}"));
        assert_eq!(
            taken,
            PostResult::Done(Delivery::Delivered("HTTP 200".to_owned()))
        );
        for (status, description, expected) in [
            (400, "Bad Request: message is too long", "refused"),
            (400, "Bad Request: message text is empty", "refused"),
            (400, "Bad Request: chat not found", "wrong"),
            (400, "Bad Request: chat_id is empty", "wrong"),
            (400, "Bad Request: PEER_ID_INVALID", "wrong"),
            (400, "Bad Request: message thread not found", "wrong"),
            (
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                "wrong",
            ),
            (
                400,
                "Bad Request: not enough rights to send text messages to the chat",
                "wrong",
            ),
            (401, "Unauthorized", "wrong"),
            (403, "Forbidden: bot was blocked by the user", "wrong"),
            (
                403,
                "Forbidden: bot was kicked from the group chat",
                "wrong",
            ),
            (404, "Not Found", "wrong"),
            (500, "Internal Server Error", "wait"),
            (502, "Bad Gateway", "wait"),
        ] {
            assert_eq!(kind(&error(status, description)), expected, "{description}");
        }
        assert_eq!(
            error(401, "Unauthorized"),
            PostResult::Done(Delivery::WrongChannel("HTTP 401 Unauthorized".to_owned()))
        );
        assert_eq!(kind(&judge(&answer(200, "<html>"))), "later");
        let limited = "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 14\",\"parameters\":{\"retry_after\":14}}";
        assert_eq!(wait(judge(&answer(429, limited))), Duration::from_secs(14));
        assert_eq!(wait(error(429, "Too Many Requests")), DEFAULT_WAIT);
    }
}
