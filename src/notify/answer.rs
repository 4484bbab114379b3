//! What a service says to a message, and what that means.

use std::time::Duration;

use crate::config::redact::Redaction;
use crate::domain::text::one_line;

/// The wait after a 429 that does not say how long: Cloudflare's have neither header nor JSON, and ntfy's never do.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_secs(3);
/// The wait after an answer that should not be.
pub(super) const SHORT_WAIT: Duration = Duration::from_secs(1);

/// What became of a message, each with what the service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It stands in the channel.
    Delivered(String),
    /// The service does not take this message; another one may go.
    Refused(String),
    /// There is no such channel, or nobody may write to it so, and trying again changes nothing.
    WrongChannel(String),
    /// Not now.
    Later(String),
}

/// What is known of a channel without posting to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is there.
    Known,
    /// Its service says that it is not.
    Unknown(String),
    /// Neither.
    Unclear(String),
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PostResult {
    Done(Delivery),
    /// After so long it may be tried again.
    Wait(Duration, String),
}

/// An answer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    /// The header `Retry-After`, in seconds.
    pub(super) retry_after: Option<f64>,
    pub(super) body: &'a [u8],
    pub(super) redaction: &'a Redaction,
}

/// What is read of a service's own answer.
#[derive(Default)]
pub(super) struct Said {
    /// Whether it says that it has the message.
    pub(super) is_taken: bool,
    /// Its own words; without any, the body is.
    pub(super) words: String,
    /// How long it wants to be left alone, in seconds.
    pub(super) wait: Option<f64>,
    /// Whether what is wrong is the channel and not the message, whatever the status.
    pub(super) is_channel_wrong: bool,
}

impl Answer<'_> {
    /// What it means.
    pub(super) fn judge(&self, read: &Said) -> PostResult {
        let said = self.words(&read.words);
        match self.status {
            200..=299 if read.is_taken => {
                PostResult::Done(Delivery::Delivered(format!("HTTP {}", self.status)))
            }
            // A proxy, or a page to log in.
            200..=299 => PostResult::Done(Delivery::Later(format!(
                "{said}, which does not say that it was delivered"
            ))),
            429 => {
                // The larger one counts; older answers had milliseconds, which is too long to wait for as well.
                let asked = [read.wait, self.retry_after].into_iter().flatten();
                let wait = asked.filter_map(|s| Duration::try_from_secs_f64(s).ok());
                PostResult::Wait(wait.max().unwrap_or(DEFAULT_WAIT), said)
            }
            500..=599 | 408 => PostResult::Wait(SHORT_WAIT, said),
            400 | 413 if !read.is_channel_wrong => PostResult::Done(Delivery::Refused(said)),
            _ => PostResult::Done(Delivery::WrongChannel(said)),
        }
    }

    /// What it says, for a log line.
    pub(super) fn words(&self, read: &str) -> String {
        const MOST: usize = 120;
        let body = String::from_utf8_lossy(self.body);
        let text = if read.is_empty() { &body } else { read };
        // Before it is cut: of a secret that is cut, the rest would be shown.
        let text = self.redaction.text(&one_line(text));
        let words: String = text.chars().take(MOST).collect();
        format!("HTTP {} {words}", self.status)
            .trim_end()
            .to_owned()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::config::redact::SecretKind;

    /// A redaction that knows no secret.
    pub(crate) static OPEN: LazyLock<Redaction> = LazyLock::new(Redaction::default);

    /// An answer without headers.
    pub(crate) fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer {
            status,
            retry_after: None,
            body: body.as_bytes(),
            redaction: &OPEN,
        }
    }

    /// How long is waited.
    pub(crate) fn wait(result: PostResult) -> Duration {
        match result {
            PostResult::Wait(wait, _) => wait,
            other => panic!("{other:?}"),
        }
    }

    /// The kind of a result: what a channel's tests are about.
    pub(crate) fn kind(result: &PostResult) -> &'static str {
        match result {
            PostResult::Done(Delivery::Delivered(_)) => "delivered",
            PostResult::Done(Delivery::Refused(_)) => "refused",
            PostResult::Done(Delivery::WrongChannel(_)) => "wrong",
            PostResult::Done(Delivery::Later(_)) => "later",
            PostResult::Wait(..) => "wait",
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        let judge = |status| answer(status, "<html>").judge(&Said::default());
        assert_eq!(wait(judge(503)), SHORT_WAIT);
        for status in [301, 401, 403, 404, 405, 410] {
            assert_eq!(kind(&judge(status)), "wrong", "{status}");
        }
        for status in [400, 413] {
            assert_eq!(kind(&judge(status)), "refused", "{status}");
        }
        // Nobody said that it was taken.
        let unclear = judge(200);
        assert_eq!(
            unclear,
            PostResult::Done(Delivery::Later(
                "HTTP 200 <html>, which does not say that it was delivered".to_owned()
            ))
        );
    }

    #[test]
    fn words_of_others_are_one_short_line() {
        let long = format!("a\nb\u{1b}[31m{}", "x".repeat(1000));
        let words = answer(404, &long).words("");
        assert!(
            words.starts_with("HTTP 404 a b [31mx") && words.len() < 140,
            "{words}"
        );
        assert_eq!(answer(404, "body").words("message"), "HTTP 404 message");
        let redaction = Redaction::new([(SecretKind::Whole, "s3cr3t-topic")]);
        let echo = format!("{}s3cr3t-topic", "x".repeat(115));
        let cut = Answer {
            redaction: &redaction,
            ..answer(404, &echo)
        };
        assert!(cut.words("").ends_with("x***"), "{}", cut.words(""));
    }
}
