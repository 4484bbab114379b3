//! Where answers come from: the network ([`Http`]) or recordings ([`Replay`]); [`Archive`] keeps answers.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use super::Upstream;
use super::lookup::LookUp;
use crate::domain::asset::Category;
use crate::domain::window::Window;

mod archive;
mod error;
mod filled;
mod host_queue;
mod http;
mod recording;
mod replay;
mod request_thread;

pub(crate) use archive::{Archive, count_old_answers, prune_archive};
pub(crate) use error::{AboutHost, FetchError};
pub(crate) use filled::without_keys;
pub(crate) use http::Http;
pub(crate) use replay::Replay;

/// One of the requests that together cover a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) window: Window,
    /// The recording that answers, if there is one.
    pub(crate) recording: Option<String>,
}

impl Part {
    /// A part that is requested by its days.
    #[must_use]
    pub(crate) fn of(window: Window) -> Self {
        Self {
            window,
            recording: None,
        }
    }
}

/// A request: the source, the symbol and the days.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) upstream: &'a dyn Upstream,
    /// The source's symbol for the asset.
    pub(crate) symbol: &'a str,
    /// The asset's category.
    pub(crate) category: Category,
    pub(crate) part: &'a Part,
}

/// A question about a symbol or a name.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) look_up: LookUp,
    /// The symbol or name.
    pub(crate) word: &'a str,
    /// Prices before this day are the newest to return.
    pub(crate) today: NaiveDate,
}

/// An answer as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
    /// When it was requested, in UTC: what it says was true no later than then.
    pub(crate) fetched_at: DateTime<Utc>,
    /// The requested URL without secrets; empty for a recording without one.
    pub(crate) url: String,
    /// The headers of the response with lower-case names, without cookies; empty for a recording.
    pub(crate) headers: Vec<(String, String)>,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.trim())
    }

    /// How long the source asks us to wait: `Retry-After` in seconds, or as an HTTP date, which is compared with the
    /// source's own clock if the answer contains its time.
    #[must_use]
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?;
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
            // A number too long for the type is a long time, too.
            return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
        }
        let until = http_date(value)?;
        let now = self
            .header("date")
            .and_then(http_date)
            .unwrap_or(self.fetched_at);
        Some((until - now).to_std().unwrap_or_default())
    }
}

/// Parses an HTTP date: `Wed, 25 Nov 2026 10:00:00 GMT`.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let Ok(time) = DateTime::parse_from_rfc2822(text) else {
        return None;
    };
    Some(time.with_timezone(&Utc))
}

/// Answers requests.
pub(crate) trait Feed: Sync {
    /// The time of the request: now, or when its recording was made.
    fn asked_at(&self, upstream: &dyn Upstream, symbol: &str) -> DateTime<Utc>;

    /// The host of the request: requests to the same host are not made at the same time.
    fn host(&self, request: Request<'_>) -> String;

    /// The requests, in order, that cover `window`. If two contain the same day, the later one wins.
    fn parts(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<Part>;

    /// The answer to one request.
    ///
    /// # Errors
    /// If no answer arrived. An answer with any status is not an error here.
    fn get(&self, request: Request<'_>) -> Result<Response, FetchError>;
}

/// Answers questions, with the same client, archive and recordings as for prices.
pub(crate) trait LookUpFeed {
    /// The answer to one question.
    ///
    /// # Errors
    /// As [`Feed::get`].
    fn look_up(&self, question: Question<'_>) -> Result<Response, FetchError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(headers: &[(&str, &str)]) -> Option<u64> {
        let response = Response {
            status: 429,
            body: Vec::new(),
            fetched_at: "2026-11-25T10:00:00Z".parse().unwrap(),
            url: String::new(),
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        };
        response.retry_after().map(|t| t.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(&[("retry-after", " 7 ")]), Some(7));
        assert_eq!(
            retry_after(&[("retry-after", "99999999999999999999999")]),
            Some(u64::MAX)
        );
        let at = ("retry-after", "Wed, 25 Nov 2026 10:00:30 GMT");
        assert_eq!(retry_after(&[at]), Some(30));
        let clock = ("date", "Wed, 25 Nov 2026 10:00:20 GMT");
        assert_eq!(
            retry_after(&[at, clock]),
            Some(10),
            "by the source's own clock"
        );
        assert_eq!(
            retry_after(&[("retry-after", "Wed, 25 Nov 2020 10:00:30 GMT")]),
            Some(0)
        );
        for nothing in ["soon", "-1", "1.5", ""] {
            assert_eq!(retry_after(&[("retry-after", nothing)]), None, "{nothing}");
        }
        assert_eq!(retry_after(&[]), None);
    }
}
