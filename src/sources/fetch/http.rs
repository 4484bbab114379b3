//! Answers from the network: one HTTP client, hosts asked politely.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::Agent;
use ureq::http::Uri;
use ureq::http::header::SET_COOKIE;

use super::host_queue::HostQueues;
use super::{Feed, FetchError, Part, Request, Response};
use crate::config::{FetchConfig, Origins};
use crate::domain::timestamp::{micros, millis};
use crate::domain::window::Window;
use crate::process::clock::Clock;
use crate::process::stop::{Stop, Stopped};
use crate::sources::{AnswerError, Upstream};

/// The largest body that is read, in bytes; 25 years of Yahoo are under 1 MB.
const MAX_BODY: u64 = 16 << 20;
/// Naver and Yahoo refuse clients that do not look like a browser; the product's name stands behind it.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 pricestash/",
    env!("CARGO_PKG_VERSION")
);
/// The longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How soon a request that is under way is left alone when the program is told to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The sources themselves.
pub(crate) struct Http {
    agent: Agent,
    origins: Origins,
    hosts: HostQueues,
    stop: Stop,
}

/// Status, headers and body.
type Received = (u16, Vec<(String, String)>, Vec<u8>);

impl Http {
    /// A client as configured. It goes through the proxy of `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, `NO_PROXY` excepted.
    #[must_use]
    pub(crate) fn new(config: &FetchConfig, clock: Arc<Clock>, stop: Stop) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .timeout_connect(Some(config.timeout.min(CONNECT_TIMEOUT)))
            .http_status_as_error(false)
            .max_redirects(5)
            .user_agent(USER_AGENT)
            .build()
            .into();
        Self {
            agent,
            origins: config.origins.clone(),
            hosts: HostQueues::new(config.host_interval, clock, stop.clone()),
            stop,
        }
    }

    fn url(&self, request: Request<'_>) -> String {
        let Request {
            upstream,
            symbol,
            category,
            part,
        } = request;
        let variable = upstream.origin();
        let origin = self.origins.get(&variable);
        upstream.url(origin, symbol, category, part.window)
    }

    /// Sends the request from a thread of its own, so that a hanging one can be left alone. Its time-out ends the thread.
    fn fetch(
        &self,
        url: &str,
        headers: &'static [(&'static str, &'static str)],
    ) -> Result<Received, FetchError> {
        let (sender, receiver) = mpsc::channel();
        let (agent, url) = (self.agent.clone(), url.to_owned());
        let fetching = move || {
            // Nobody listens any more after a stop.
            drop(sender.send(fetch(&agent, &url, headers)));
        };
        thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(fetching)
            .map_err(|e| FetchError::Network(Box::new(ureq::Error::Io(e))))?;
        loop {
            match receiver.recv_timeout(POLL_INTERVAL) {
                Ok(received) => return received,
                Err(RecvTimeoutError::Timeout) if self.stop.is_set() => return Err(Stopped.into()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(FetchError::Network(Box::new(ureq::Error::ConnectionFailed)));
                }
            }
        }
    }
}

fn fetch(agent: &Agent, url: &str, headers: &[(&str, &str)]) -> Result<Received, FetchError> {
    let request = headers
        .iter()
        .fold(agent.get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    let mut response = request
        .call()
        .map_err(|error| FetchError::Network(Box::new(error)))?;
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_BODY)
        .read_to_vec()
        .map_err(broken_body)?;
    let headers = response.headers().iter();
    // A cookie is a key to a session: nobody needs it, and it is not kept.
    let headers = headers
        .filter(|(name, _)| *name != SET_COOKIE)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    Ok((response.status().as_u16(), headers, body))
}

/// Why a body that had begun did not come whole.
fn broken_body(error: ureq::Error) -> FetchError {
    match error {
        ureq::Error::Io(_) | ureq::Error::Protocol(_) | ureq::Error::BodyStalled => {
            FetchError::Answer {
                error: AnswerError::CutShort(error.to_string()),
                retry_after: None,
            }
        }
        // It does answer.
        ureq::Error::Timeout(_) => FetchError::Answer {
            error: AnswerError::CutShort("not all of it came in time".to_owned()),
            retry_after: None,
        },
        error => FetchError::Network(Box::new(error)),
    }
}

/// The host and port of a URL, the same for all ways to write them.
fn host_of(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else {
        return String::new();
    };
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let usual = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    format!("{host}:{}", uri.port_u16().unwrap_or(usual))
}

/// An authority without a user's name and password.
fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// A URL without a user's name and password, which a mirror's may have.
fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", without_user(authority))
        }
        None => url.to_owned(),
    }
}

impl Feed for Http {
    fn asked_at(&self, _upstream: &dyn Upstream, _symbol: &str) -> DateTime<Utc> {
        Utc::now()
    }

    fn host(&self, request: Request<'_>) -> String {
        host_of(&self.url(request))
    }

    fn parts(&self, upstream: &dyn Upstream, _symbol: &str, window: Window) -> Vec<Part> {
        upstream.parts(window).into_iter().map(Part::of).collect()
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let url = self.url(request);
        let turn = self.hosts.enter(&host_of(&url))?;
        let fetched_at = micros(Utc::now());
        let started = Instant::now();
        let (status, headers, body) = self.fetch(&url, request.upstream.headers())?;
        drop(turn);
        let elapsed = millis(started.elapsed());
        log::debug!(source = request.upstream.name(), symbol = request.symbol, status = status, bytes = body.len(), elapsed_ms = elapsed; "answer");
        Ok(Response {
            status,
            body,
            fetched_at,
            url: without_secrets(&url),
            headers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrors_password_is_not_kept() {
        let url = "https://me:secret@mirror.test:8443/v8/x?a=b@c";
        assert_eq!(without_secrets(url), "https://mirror.test:8443/v8/x?a=b@c");
        assert_eq!(without_secrets("http://a.test"), "http://a.test");
        assert_eq!(host_of(url), "mirror.test:8443");
    }

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for url in [
            "https://A.test/x",
            "https://a.test:443/y?z",
            "https://me:secret@a.TEST",
        ] {
            assert_eq!(host_of(url), "a.test:443");
        }
        assert_eq!(host_of("http://a.test/x"), "a.test:80");
        assert_ne!(host_of("http://127.0.0.1:1"), host_of("http://127.0.0.1:2"));
    }
}
