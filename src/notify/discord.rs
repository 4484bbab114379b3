//! A Discord webhook, and every answer that it gives.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Look, PostResult, Said};
use crate::config::Channel;
use crate::domain::alert::{Markup, Message, Style, Unit};

pub(super) const STYLE: Style = Style {
    markup: Markup::Discord,
    unit: Unit::Utf16,
    longest: 2000,
};

/// The message as Discord takes it. Whatever stands in it, nobody is mentioned.
pub(super) fn payload(channel: &Channel, message: &Message) -> Value {
    let mut payload = json!({
        "content": message.text,
        "allowed_mentions": { "parse": [] },
    });
    if let (Some(sender), Some(fields)) = (&channel.sender, payload.as_object_mut()) {
        fields.insert("username".to_owned(), sender.as_str().into());
    }
    payload
}

/// The webhook's address, asking for an answer only when the message is saved: without `wait` a message that is lost is no
/// error.
pub(super) fn waiting(webhook: &str) -> String {
    let webhook = webhook.split('#').next().unwrap_or_default();
    let join = if webhook.contains('?') { '&' } else { '?' };
    format!("{webhook}{join}wait=true")
}

/// The part of an answer that is read.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: String,
    /// Seconds.
    retry_after: Option<f64>,
    /// Discord's own number of what is wrong.
    code: Option<u64>,
}

/// What an answer means. With `wait` a success is the message, without it nothing; a page is neither.
pub(super) fn judge(answer: &Answer<'_>) -> PostResult {
    let body: Option<Body> = serde_json::from_slice(answer.body).ok();
    let is_taken = body.is_some() || answer.body.is_empty();
    let read = body.unwrap_or_default();
    answer.judge(&Said {
        is_taken,
        words: read.message,
        wait: read.retry_after,
        is_channel_wrong: false,
    })
}

/// What an answer to a look at the webhook means. Only Discord's own codes count: another server may not know the question.
pub(super) fn seen(answer: &Answer<'_>) -> Look {
    /// Unknown webhook, invalid webhook token.
    const CODES: [u64; 2] = [10015, 50027];
    let read: Body = serde_json::from_slice(answer.body).unwrap_or_default();
    let said = answer.words(&read.message);
    match answer.status {
        200..=299 => Look::Known,
        _ if read.code.is_some_and(|c| CODES.contains(&c)) => Look::Unknown(said),
        _ => Look::Unclear(said),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::super::answer::tests::{OPEN, answer, kind, wait};
    use super::super::answer::{DEFAULT_WAIT, Delivery};
    use super::*;

    /// The verdict on a recorded answer.
    fn recorded(file: &str) -> PostResult {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/discord");
        let body = fs::read(folder.join(file)).unwrap();
        let meta = fs::read(folder.join(format!("{file}.meta.json"))).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        let header = meta["headers"]["Retry-After"].as_str();
        judge(&Answer {
            status: u16::try_from(meta["status"].as_u64().unwrap()).unwrap(),
            retry_after: header.map(|s| s.parse().unwrap()),
            body: &body,
            redaction: &OPEN,
        })
    }

    #[test]
    fn recorded_answers_are_understood() {
        assert_eq!(
            recorded("204_success.txt"),
            PostResult::Done(Delivery::Delivered("HTTP 204".to_owned()))
        );
        assert_eq!(
            recorded("429_user.json"),
            PostResult::Wait(
                Duration::from_secs(65),
                "HTTP 429 You are being rate limited.".to_owned()
            )
        );
        assert_eq!(
            recorded("400_empty-message.json"),
            PostResult::Done(Delivery::Refused(
                "HTTP 400 Cannot send an empty message".to_owned()
            ))
        );
        assert_eq!(
            recorded("404_unknown-webhook.json"),
            PostResult::Done(Delivery::WrongChannel(
                "HTTP 404 Unknown Webhook".to_owned()
            ))
        );
    }

    #[test]
    fn a_429_says_how_long_in_many_ways() {
        let seconds = Duration::from_secs_f64;
        for (header, body, expected) in [
            (None, "{\"retry_after\": 0.25}", seconds(0.25)),
            (Some(2.0), "", seconds(2.0)),
            (Some(1.0), "{\"retry_after\": 1.5}", seconds(1.5)),
            (Some(1337.0), "{\"retry_after\": 1336.57}", seconds(1337.0)),
            (None, "error code: 1015", DEFAULT_WAIT),
            (None, "", DEFAULT_WAIT),
            (Some(-1.0), "{\"retry_after\": 1e300}", DEFAULT_WAIT),
            (Some(f64::NAN), "{\"retry_after\": \"soon\"}", DEFAULT_WAIT),
            (
                None,
                "{\"code\":0,\"message\":\"You are being blocked\"}",
                DEFAULT_WAIT,
            ),
        ] {
            let answer = Answer {
                retry_after: header,
                ..answer(429, body)
            };
            assert_eq!(wait(judge(&answer)), expected, "{body}");
        }
    }

    #[test]
    fn a_success_is_the_message_or_nothing() {
        assert_eq!(kind(&judge(&answer(200, ""))), "delivered");
        let message = "{\"id\":\"1\",\"content\":\"x\",\"embeds\":[]}";
        assert_eq!(kind(&judge(&answer(200, message))), "delivered");
        // A page to log in to a network.
        assert_eq!(kind(&judge(&answer(200, "<html>"))), "later");
        assert_eq!(kind(&judge(&answer(401, "{}"))), "wrong");
    }

    #[test]
    fn a_look_believes_only_discord_s_own_codes() {
        let seen = |status, body| seen(&answer(status, body));
        assert_eq!(seen(200, "{\"id\":\"1\"}"), Look::Known);
        let unknown = seen(404, "{\"message\": \"Unknown Webhook\", \"code\": 10015}");
        assert_eq!(
            unknown,
            Look::Unknown("HTTP 404 Unknown Webhook".to_owned())
        );
        assert!(matches!(seen(404, "not found"), Look::Unclear(_)));
        assert!(matches!(seen(405, ""), Look::Unclear(_)));
    }

    #[test]
    fn the_address_asks_to_wait_for_the_message() {
        assert_eq!(waiting("http://h/w/1/t"), "http://h/w/1/t?wait=true");
        assert_eq!(
            waiting("http://h/w?thread_id=2#x"),
            "http://h/w?thread_id=2&wait=true"
        );
    }
}
