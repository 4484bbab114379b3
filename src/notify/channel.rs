//! Posts messages to a channel, whatever its service.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::answer::{Answer, Delivery, Look, PostResult, SHORT_WAIT};
use super::{agent, discord, json, ntfy, slack, telegram};
use crate::config::redact::Redaction;
use crate::config::{Channel, Service};
use crate::domain::alert::{Message, Style};

/// One request; a service answers within a second or not at all.
const TIMEOUT: Duration = Duration::from_secs(7);
/// Requests for one message.
const TRIES: u32 = 3;

/// Posts to one channel.
pub(crate) struct Poster<'a> {
    agent: Agent,
    channel: &'a Channel,
    redaction: &'a Redaction,
}

/// How a service is written to.
#[must_use]
pub(crate) fn style(service: Service) -> Style {
    match service {
        Service::Discord => discord::STYLE,
        Service::Slack => slack::STYLE,
        Service::Telegram => telegram::STYLE,
        Service::Ntfy => ntfy::STYLE,
        Service::Json => json::STYLE,
    }
}

impl<'a> Poster<'a> {
    #[must_use]
    pub(crate) fn new(channel: &'a Channel, redaction: &'a Redaction) -> Self {
        Self {
            agent: agent(),
            channel,
            redaction,
        }
    }

    /// Posts a message, again while that may help; ends before `deadline`.
    #[must_use]
    pub(crate) fn post(&self, message: &Message, deadline: Instant) -> Delivery {
        let body = self.payload(message).to_string();
        let mut said = "there was no time left".to_owned();
        for attempt in 1..=TRIES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.post_once(&body, left.min(TIMEOUT)) {
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

    /// Asks a Discord webhook for itself, which posts nothing.
    #[must_use]
    pub(crate) fn look(&self) -> Look {
        let request = self.agent.get(self.channel.url.expose()).config();
        let mut answer = match request.timeout_global(Some(TIMEOUT)).build().call() {
            Ok(answer) => answer,
            Err(error) => return Look::Unclear(error.to_string()),
        };
        let status = answer.status().as_u16();
        discord::seen(&Answer {
            status,
            retry_after: None,
            body: &body_of(&mut answer),
            redaction: self.redaction,
        })
    }

    fn post_once(&self, body: &str, timeout: Duration) -> PostResult {
        const TYPE: &str = "content-type";
        let url = match self.channel.service {
            Service::Discord => discord::waiting(self.channel.url.expose()),
            _ => self.channel.url.expose().to_owned(),
        };
        let mut request = self.agent.post(&url);
        let headers = &self.channel.headers;
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(TYPE))
        {
            request = request.header(TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value.expose());
        }
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut answer = match request.send(body) {
            Ok(answer) => answer,
            Err(error) => return PostResult::Wait(SHORT_WAIT, error.to_string()),
        };
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let status = answer.status().as_u16();
        self.judge(&Answer {
            status,
            retry_after,
            body: &body_of(&mut answer),
            redaction: self.redaction,
        })
    }

    fn payload(&self, message: &Message) -> Value {
        match self.channel.service {
            Service::Discord => discord::payload(self.channel, message),
            Service::Slack => slack::payload(self.channel, message),
            Service::Telegram => telegram::payload(self.channel, message),
            Service::Ntfy => ntfy::payload(self.channel, message),
            Service::Json => json::payload(message),
        }
    }

    fn judge(&self, answer: &Answer<'_>) -> PostResult {
        match self.channel.service {
            Service::Discord => discord::judge(answer),
            Service::Slack => slack::judge(answer),
            Service::Telegram => telegram::judge(answer),
            Service::Ntfy => ntfy::judge(answer),
            Service::Json => json::judge(answer),
        }
    }
}

/// What an answer says; nothing where that cannot be read, and the status alone decides.
fn body_of(answer: &mut Response<Body>) -> Vec<u8> {
    /// In bytes.
    const LARGEST: u64 = 64 << 10;
    let body = answer.body_mut().with_config().limit(LARGEST);
    body.read_to_vec().unwrap_or_default()
}
