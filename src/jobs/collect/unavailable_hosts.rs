//! Hosts that are skipped for the rest of a run.
//!
//! A host is identified here by the endpoint that leads to it, not by its name. By default each endpoint has its own
//! host. If all endpoints lead to one mirror, it relays the answers of several hosts: the 429 of one says nothing about
//! the next, and an asset must not lose its second source with its first. (Pauses between requests go by the host's
//! name: `fetch::host_queue`.)

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sources::fetch::{AboutHost, FetchError};

/// After timeouts for this many consecutive assets the host is skipped.
const SILENT_ASSETS: u32 = 3;

/// What is known of each host, by the name of its endpoint.
#[derive(Default)]
pub(super) struct UnavailableHosts(Mutex<HashMap<String, Host>>);

#[derive(Default)]
struct Host {
    /// Why it is skipped from now on.
    closed: Option<String>,
    silent: u32,
}

impl UnavailableHosts {
    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the host is skipped.
    pub(super) fn check(&self, endpoint: &str) -> Result<(), FetchError> {
        match self.hosts().get(endpoint).and_then(|h| h.closed.clone()) {
            Some(why) => Err(FetchError::NotAsked(why)),
            None => Ok(()),
        }
    }

    /// An asset got an answer from it.
    pub(super) fn answered(&self, endpoint: &str) {
        if let Some(host) = self.hosts().get_mut(endpoint) {
            host.silent = 0;
        }
    }

    /// A request for a symbol failed.
    pub(super) fn failed(&self, endpoint: &str, symbol: &str, error: &FetchError) {
        if error.about_host() == AboutHost::Closed {
            self.hosts()
                .entry(endpoint.to_owned())
                .or_default()
                .close(endpoint, symbol, error);
        }
    }

    /// An asset with this symbol got nothing from it; `error` is that of its first request.
    pub(super) fn gave_nothing(&self, endpoint: &str, symbol: &str, error: &FetchError) {
        let mut hosts = self.hosts();
        let host = hosts.entry(endpoint.to_owned()).or_default();
        match error.about_host() {
            AboutHost::Nothing => host.silent = 0,
            AboutHost::Closed | AboutHost::Page => host.close(endpoint, symbol, error),
            AboutHost::Silent => {
                host.silent += 1;
                if host.silent >= SILENT_ASSETS {
                    host.close(endpoint, symbol, error);
                }
            }
        }
    }
}

impl Host {
    fn close(&mut self, endpoint: &str, symbol: &str, error: &FetchError) {
        if self.closed.is_none() {
            let why = format!("{error} (for {symbol})");
            log::warn!(source = endpoint; "skipped for the rest of this run: {why}");
            self.closed = Some(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::AnswerError;

    fn status(status: u16) -> FetchError {
        FetchError::Answer {
            error: AnswerError::Status {
                status,
                words: "slow down".to_owned(),
            },
            retry_after: None,
        }
    }

    fn timeout() -> FetchError {
        FetchError::Network(Box::new(ureq::Error::Timeout(ureq::Timeout::Global)))
    }

    #[test]
    fn a_host_that_refused_is_left_alone_and_others_are_not() {
        let hosts = UnavailableHosts::default();
        hosts.gave_nothing("yahoo", "SOXL", &status(503));
        assert!(hosts.check("yahoo").is_ok());
        hosts.failed("yahoo", "GC=F", &status(429));
        assert_eq!(
            hosts.check("yahoo").unwrap_err().to_string(),
            "skipped after an earlier failure in this run: HTTP 429: slow down (for GC=F)"
        );
        assert!(hosts.check("naver").is_ok());
    }

    #[test]
    fn a_page_may_stand_for_one_request_only() {
        let hosts = UnavailableHosts::default();
        let page = FetchError::Answer {
            error: AnswerError::WebPage("<html>".to_owned()),
            retry_after: None,
        };
        hosts.failed("krx", "ks200", &page);
        assert!(hosts.check("krx").is_ok(), "other years may come");
        hosts.gave_nothing("krx", "ks200", &page);
        assert!(hosts.check("krx").is_err());
    }

    #[test]
    fn silence_counts_when_it_lasts() {
        let hosts = UnavailableHosts::default();
        let silent = |times: u32| {
            for _ in 0..times {
                hosts.gave_nothing("upbit", "KRW-BTC", &timeout());
            }
        };
        silent(2);
        hosts.answered("upbit");
        silent(2);
        assert!(hosts.check("upbit").is_ok());
        silent(1);
        assert!(hosts.check("upbit").is_err());
    }
}
