//! A Discord webhook, and every answer that it gives.

use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::agent;
use crate::config::Secret;
use crate::domain::alert::payload;

/// One request; Discord answers within a second or not at all.
const TIMEOUT: Duration = Duration::from_secs(7);
/// Requests for one message.
const TRIES: u32 = 3;
/// The wait after a 429 that does not say how long: Cloudflare's have neither header nor JSON.
const DEFAULT_WAIT: Duration = Duration::from_secs(3);
/// The wait after an answer that should not be.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// A webhook.
pub(crate) struct Discord {
    agent: Agent,
    url: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It stands in the channel.
    Delivered,
    /// Discord does not take this message; another one may go.
    Refused(String),
    /// There is no such webhook, and trying again does not make one.
    WrongWebhook(String),
    /// Not now.
    Later(String),
}

/// What is known of a webhook without posting to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Webhook {
    /// It is there.
    Known,
    /// Discord says that it is not.
    Unknown(String),
    /// Neither.
    Unclear(String),
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum PostResult {
    Done(Delivery),
    /// After so long it may be tried again.
    Wait(Duration, String),
}

impl Discord {
    /// Posts to a webhook.
    #[must_use]
    pub(crate) fn new(webhook: &Secret) -> Self {
        Self {
            agent: agent(),
            url: waiting(webhook.expose()),
        }
    }

    /// Posts a message, again while that may help; ends before `deadline`.
    #[must_use]
    pub(crate) fn post(&self, content: &str, deadline: Instant) -> Delivery {
        let mut said = "there was no time left".to_owned();
        for attempt in 1..=TRIES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.post_once(content, left.min(TIMEOUT)) {
                PostResult::Done(delivery) => return delivery,
                PostResult::Wait(wait, why) => {
                    said = why;
                    let left = deadline.saturating_duration_since(Instant::now());
                    if attempt == TRIES || wait >= left {
                        break;
                    }
                    thread::sleep(wait);
                }
            }
        }
        Delivery::Later(said)
    }

    /// Asks for the webhook itself, which posts nothing.
    #[must_use]
    pub(crate) fn look(&self) -> Webhook {
        let request = self.agent.get(&self.url).config();
        let mut answer = match request.timeout_global(Some(TIMEOUT)).build().call() {
            Ok(answer) => answer,
            Err(error) => return Webhook::Unclear(error.to_string()),
        };
        let status = answer.status().as_u16();
        seen(status, &body_of(&mut answer))
    }

    fn post_once(&self, content: &str, timeout: Duration) -> PostResult {
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .config()
            .timeout_global(Some(timeout))
            .build();
        let mut answer = match request.send(payload(content).to_string()) {
            Ok(answer) => answer,
            Err(error) => return PostResult::Wait(SHORT_WAIT, error.to_string()),
        };
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let status = answer.status().as_u16();
        judge(status, retry_after, &body_of(&mut answer))
    }
}

/// What an answer says; nothing where that cannot be read, and the status alone decides.
fn body_of(answer: &mut Response<Body>) -> Vec<u8> {
    /// In bytes.
    const LARGEST: u64 = 64 << 10;
    let body = answer.body_mut().with_config().limit(LARGEST);
    body.read_to_vec().unwrap_or_default()
}

/// The webhook's address, asking for an answer only when the message is saved: without `wait` a message that is lost is no
/// error.
fn waiting(webhook: &str) -> String {
    let webhook = webhook.split('#').next().unwrap_or_default();
    let join = if webhook.contains('?') { '&' } else { '?' };
    format!("{webhook}{join}wait=true")
}

/// The part of an answer that is read.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    /// Seconds.
    retry_after: Option<f64>,
    /// Discord's own number of what is wrong.
    code: Option<u64>,
}

/// What an answer means; `retry_after` is the header, in seconds.
fn judge(status: u16, retry_after: Option<f64>, body: &[u8]) -> PostResult {
    let read: Said = serde_json::from_slice(body).unwrap_or_default();
    let said = format!("HTTP {status} {}", words(&read, body));
    let said = said.trim_end().to_owned();
    match status {
        200..=299 => PostResult::Done(Delivery::Delivered),
        429 => {
            // The larger one counts; older answers had milliseconds, which is too long to wait for as well.
            let asked = [read.retry_after, retry_after].into_iter().flatten();
            let wait = asked
                .filter_map(|s| Duration::try_from_secs_f64(s).ok())
                .max()
                .unwrap_or(DEFAULT_WAIT);
            PostResult::Wait(wait, said)
        }
        500..=599 | 408 => PostResult::Wait(SHORT_WAIT, said),
        400 | 413 => PostResult::Done(Delivery::Refused(said)),
        _ => PostResult::Done(Delivery::WrongWebhook(said)),
    }
}

/// What an answer to a look at the webhook means. Only Discord's own codes count: another server may not know the question.
fn seen(status: u16, body: &[u8]) -> Webhook {
    /// Unknown webhook, invalid webhook token.
    const CODES: [u64; 2] = [10015, 50027];
    let read: Said = serde_json::from_slice(body).unwrap_or_default();
    let said = format!("HTTP {status} {}", words(&read, body));
    match status {
        200..=299 => Webhook::Known,
        _ if read.code.is_some_and(|c| CODES.contains(&c)) => Webhook::Unknown(said),
        _ => Webhook::Unclear(said),
    }
}

/// What the answer says, for a log line.
fn words(read: &Said, body: &[u8]) -> String {
    const MOST: usize = 120;
    let text = match read.message.is_empty() {
        true => String::from_utf8_lossy(body).into_owned(),
        false => read.message.clone(),
    };
    text.chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The verdict on a recorded answer.
    fn recorded(file: &str) -> PostResult {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/discord");
        let body = fs::read(folder.join(file)).unwrap();
        let meta = fs::read(folder.join(format!("{file}.meta.json"))).unwrap();
        let meta: serde_json::Value = serde_json::from_slice(&meta).unwrap();
        let header = meta["headers"]["Retry-After"]
            .as_str()
            .map(|s| s.parse().unwrap());
        let status = u16::try_from(meta["status"].as_u64().unwrap()).unwrap();
        judge(status, header, &body)
    }

    fn wait(verdict: PostResult) -> Duration {
        match verdict {
            PostResult::Wait(wait, _) => wait,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn recorded_answers_are_understood() {
        assert_eq!(
            recorded("204_success.txt"),
            PostResult::Done(Delivery::Delivered)
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
            PostResult::Done(Delivery::WrongWebhook(
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
            assert_eq!(
                wait(judge(429, header, body.as_bytes())),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        assert_eq!(wait(judge(503, None, b"<html>")), SHORT_WAIT);
        for status in [301, 401, 403, 404, 405] {
            let verdict = judge(status, None, b"");
            assert!(
                matches!(verdict, PostResult::Done(Delivery::WrongWebhook(_))),
                "{status}"
            );
        }
    }

    #[test]
    fn a_look_believes_only_discord_s_own_codes() {
        assert_eq!(seen(200, b"{\"id\":\"1\"}"), Webhook::Known);
        let unknown = seen(404, b"{\"message\": \"Unknown Webhook\", \"code\": 10015}");
        assert_eq!(
            unknown,
            Webhook::Unknown("HTTP 404 Unknown Webhook".to_owned())
        );
        assert!(matches!(seen(404, b"not found"), Webhook::Unclear(_)));
        assert!(matches!(seen(405, b""), Webhook::Unclear(_)));
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
