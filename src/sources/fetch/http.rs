//! Fetches answers over the network: one HTTP client that is polite to hosts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::transport::DefaultConnector;

use super::filled::{key_names, with_keys, without_keys};
use super::host_queue::HostQueues;
use super::request_thread::{InThisThread, Job, RequestThreads};
use super::{Feed, FetchError, LookUpFeed, Part, Question, Request, Response};
use crate::config::keys::Keys;
use crate::config::{FetchConfig, Origins};
use crate::domain::timestamp::{micros, millis};
use crate::domain::window::Window;
use crate::process::clock::Clock;
use crate::process::stop::Stop;
use crate::sources::Upstream;

/// Naver and Yahoo refuse clients that do not look like a browser; the product's name follows.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 pricestash/",
    env!("CARGO_PKG_VERSION")
);
/// The longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The sources over the network.
pub(crate) struct Http {
    threads: RequestThreads,
    origins: Origins,
    keys: Keys,
    hosts: HostQueues,
}

impl Http {
    /// A client as configured. It uses the proxy of `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, except for `NO_PROXY`.
    #[must_use]
    pub(crate) fn new(config: &FetchConfig, clock: Arc<Clock>, stop: Stop) -> Self {
        let settings = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .timeout_connect(Some(config.timeout.min(CONNECT_TIMEOUT)))
            .http_status_as_error(false)
            .max_redirects(5)
            .user_agent(USER_AGENT)
            .build();
        let agent = Agent::with_parts(
            settings,
            DefaultConnector::default(),
            InThisThread::default(),
        );
        Self {
            threads: RequestThreads::new(agent, config.timeout, stop.clone()),
            origins: config.origins.clone(),
            keys: config.keys.clone(),
            hosts: HostQueues::new(config.host_interval, clock, stop),
        }
    }

    /// The URL with names instead of keys.
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
}

/// The host and port of a URL in a canonical form.
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

/// An authority without user name and password.
fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// A URL without user name and password, which a mirror's URL may contain.
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
        host_of(&without_keys(&self.url(request)))
    }

    fn parts(&self, upstream: &dyn Upstream, _symbol: &str, window: Window) -> Vec<Part> {
        upstream.parts(window).into_iter().map(Part::of).collect()
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let Request {
            upstream,
            symbol,
            part,
            ..
        } = request;
        let wanted = Wanted {
            url: self.url(request),
            headers: upstream.headers(symbol, part.window),
            keys: key_names(request),
            interval: upstream.interval(),
        };
        self.ask(wanted, upstream.name(), symbol)
    }
}

impl LookUpFeed for Http {
    fn look_up(&self, question: Question<'_>) -> Result<Response, FetchError> {
        let Question {
            look_up,
            word,
            today,
        } = question;
        let variable = look_up.origin();
        let origin = self.origins.get(&variable);
        let headers = look_up.headers().iter();
        let wanted = Wanted {
            url: look_up.url(origin, word, today),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            keys: Vec::new(),
            interval: Duration::ZERO,
        };
        self.ask(wanted, look_up.name(), word)
    }
}

/// The request, with names instead of keys.
struct Wanted {
    url: String,
    headers: Vec<(String, String)>,
    /// The names of its keys.
    keys: Vec<String>,
    /// The least time between two requests that the source asks for.
    interval: Duration,
}

impl Http {
    fn ask(&self, wanted: Wanted, source: &str, symbol: &str) -> Result<Response, FetchError> {
        let Wanted {
            url,
            headers,
            keys: names,
            interval,
        } = wanted;
        let shown = without_secrets(&without_keys(&url));
        let headers = headers.into_iter().map(|(name, value)| {
            let value = with_keys(&self.keys, &value, false)?;
            Ok((name, value))
        });
        let job = Job {
            url: with_keys(&self.keys, &url, true)?,
            headers: headers.collect::<Result<_, FetchError>>()?,
            is_sent_on: names.is_empty(),
        };
        let turn = self.hosts.enter(&host_of(&shown), interval)?;
        let fetched_at = micros(Utc::now());
        let started = Instant::now();
        let (status, mut headers, body) = self.threads.fetch(job)?;
        drop(turn);
        let body = self.keys.hide(&names, body);
        if !names.is_empty() {
            for (_, value) in &mut headers {
                *value = self.keys.hide_in(value);
            }
        }
        if !names.is_empty() && (300..400).contains(&status) {
            return Err(FetchError::Key(format!(
                "it redirects to another address (HTTP {status}), and keys are not sent there; put the final address into url"
            )));
        }
        let elapsed = millis(started.elapsed());
        log::debug!(source = source, symbol = symbol, status = status, bytes = body.len(), elapsed_ms = elapsed; "answer");
        Ok(Response {
            status,
            body,
            fetched_at,
            url: shown,
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
