//! A server that takes JSON as Apprise posts it. Programs read it: it is English.

use serde_json::{Value, json};

use super::answer::{Answer, PostResult, Said};
use crate::domain::alert::{Markup, Message, Severity, Style, Unit};

/// Apprise's own.
pub(super) const STYLE: Style = Style {
    markup: Markup::Plain,
    unit: Unit::Utf16,
    longest: 32_768,
};

/// The message as Apprise posts it.
pub(super) fn payload(message: &Message) -> Value {
    json!({
        "version": "1.0",
        "title": "pricestash",
        "message": message.text,
        "attachments": [],
        "type": match message.severity {
            Severity::Info => "info",
            Severity::Success => "success",
            Severity::Warning => "warning",
            Severity::Failure => "failure",
        },
    })
}

/// What an answer means. Its status is all that is known of it.
pub(super) fn judge(answer: &Answer<'_>) -> PostResult {
    answer.judge(&Said {
        is_taken: true,
        ..Said::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::answer::tests::{answer, kind, wait};
    use super::*;

    #[test]
    fn its_answers_are_understood_by_their_status() {
        for (status, expected) in [
            (200, "delivered"),
            (202, "delivered"),
            (204, "delivered"),
            (307, "wrong"),
            (400, "refused"),
            (401, "wrong"),
            (403, "wrong"),
            (404, "wrong"),
            (405, "wrong"),
            (408, "wait"),
            (410, "wrong"),
            (413, "refused"),
            (500, "wait"),
        ] {
            assert_eq!(kind(&judge(&answer(status, ""))), expected, "{status}");
        }
        let limited = Answer {
            retry_after: Some(2.0),
            ..answer(429, "")
        };
        assert_eq!(wait(judge(&limited)), Duration::from_secs(2));
    }
}
