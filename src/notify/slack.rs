//! An incoming webhook of Slack. It answers `ok`, or a word that says what is wrong.

use serde_json::{Value, json};

use super::answer::{Answer, PostResult, Said};
use crate::config::Channel;
use crate::domain::alert::{Markup, Message, Style, Unit};

/// Slack cuts a text behind this.
pub(super) const STYLE: Style = Style {
    markup: Markup::Slack,
    unit: Unit::Utf16,
    longest: 4000,
};

/// What is wrong with a webhook though the status is that of a bad message.
const WRONG_CHANNEL: [&str; 7] = [
    "user_not_found",
    "channel_not_found",
    "channel_is_archived",
    "posting_to_general_channel_denied",
    "team_disabled",
    "no_service",
    "invalid_token",
];

/// The message as Slack takes it, without any markup.
pub(super) fn payload(channel: &Channel, message: &Message) -> Value {
    let mut payload = json!({ "text": message.text, "mrkdwn": false });
    if let (Some(sender), Some(fields)) = (&channel.sender, payload.as_object_mut()) {
        fields.insert("username".to_owned(), sender.as_str().into());
    }
    payload
}

/// What an answer means.
pub(super) fn judge(answer: &Answer<'_>) -> PostResult {
    let words = String::from_utf8_lossy(answer.body);
    let word = words.trim();
    answer.judge(&Said {
        is_taken: word == "ok",
        is_channel_wrong: WRONG_CHANNEL.contains(&word),
        ..Said::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::answer::DEFAULT_WAIT;
    use super::super::answer::tests::{answer, kind, wait};
    use super::*;

    #[test]
    fn its_answers_are_understood() {
        for (status, body, expected) in [
            (200, "ok", "delivered"),
            // A page to log in to a network.
            (200, "<html>", "later"),
            (400, "invalid_payload", "refused"),
            (400, "no_text", "refused"),
            (400, "user_not_found", "wrong"),
            (400, "posting_to_general_channel_denied", "wrong"),
            (403, "action_prohibited", "wrong"),
            (403, "invalid_token", "wrong"),
            (404, "channel_not_found", "wrong"),
            (404, "no_service", "wrong"),
            (410, "channel_is_archived", "wrong"),
            (302, "", "wrong"),
            (500, "rollup_error", "wait"),
            (503, "", "wait"),
        ] {
            let result = judge(&answer(status, body));
            assert_eq!(kind(&result), expected, "{status} {body}");
        }
        let limited = Answer {
            retry_after: Some(30.0),
            ..answer(429, "rate_limited")
        };
        assert_eq!(wait(judge(&limited)), Duration::from_secs(30));
        assert_eq!(wait(judge(&answer(429, ""))), DEFAULT_WAIT);
    }
}
