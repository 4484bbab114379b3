//! A heartbeat as healthchecks.io and its like expect it: the address itself when all went well, `/start` and `/fail` behind
//! it. It tells what no alert can: that the task never ran.

use std::time::Duration;

use ureq::Agent;

use super::agent;
use crate::config::Secret;

/// A run does not wait longer for one ping.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Nor for one that is sent while somebody waits.
const QUICK_TIMEOUT: Duration = Duration::from_millis(500);
/// An end that is not heard raises a false alarm, a start does not.
const TRIES_AT_THE_END: u32 = 2;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A run has begun.
    Start,
    /// It succeeded.
    Success,
    /// It failed, also in part.
    Fail,
}

/// A heartbeat's address.
pub(crate) struct Heartbeat {
    agent: Agent,
    url: Secret,
}

impl Heartbeat {
    /// Pings an address.
    #[must_use]
    pub(crate) fn new(url: Secret) -> Self {
        Self {
            agent: agent(),
            url,
        }
    }

    /// Pings. What goes wrong is a line in the log.
    pub(crate) fn ping(&self, signal: Signal) {
        let tries = if signal == Signal::Start {
            1
        } else {
            TRIES_AT_THE_END
        };
        self.try_ping(signal, tries, TIMEOUT);
    }

    /// Pings for somebody who waits for the program to end: once, and not for long.
    pub(crate) fn ping_quickly(&self, signal: Signal) {
        self.try_ping(signal, 1, QUICK_TIMEOUT);
    }

    fn try_ping(&self, signal: Signal, tries: u32, timeout: Duration) {
        let url = address(self.url.expose(), signal);
        let mut problem = String::new();
        for _ in 0..tries {
            let request = self.agent.get(&url).config().timeout_global(Some(timeout));
            match request.build().call() {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => problem = format!("HTTP {}", answer.status().as_u16()),
                Err(error) => problem = error.to_string(),
            }
        }
        log::warn!("the heartbeat was not heard: {problem}");
    }
}

/// The address of a signal: behind the path, in front of a query.
fn address(url: &str, signal: Signal) -> String {
    let ending = match signal {
        Signal::Start => "/start",
        Signal::Fail => "/fail",
        Signal::Success => return url.to_owned(),
    };
    let (path, query) = match url.find(['?', '#']) {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    format!("{}{ending}{query}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_stand_behind_the_path() {
        for (url, start) in [
            ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/start"),
            (
                "https://hc-ping.com/uuid/",
                "https://hc-ping.com/uuid/start",
            ),
            (
                "http://h/key/slug?create=1",
                "http://h/key/slug/start?create=1",
            ),
        ] {
            assert_eq!(address(url, Signal::Start), start);
            assert_eq!(address(url, Signal::Success), url);
        }
        assert_eq!(address("http://h/a", Signal::Fail), "http://h/a/fail");
    }
}
