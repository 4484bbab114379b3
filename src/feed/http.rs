//! Answers from the network: one HTTP client, hosts asked politely.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ureq::Agent;
use ureq::http::Uri;

use super::{Feed, FetchError, Request, Response};
use crate::config::FetchConfig;
use crate::timestamp::{micros, millis};
use crate::upstream::{Origins, Upstream, Window};

/// The largest body that is read, in bytes; 25 years of Yahoo are under 1 MB.
const MAX_BODY: u64 = 16 << 20;
/// Naver and Yahoo refuse clients that do not look like a browser; the product's name stands behind it.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 pricestash/",
    env!("CARGO_PKG_VERSION")
);
/// The random part of the pause between two requests to one host.
const JITTER: f64 = 0.3;

/// The sources themselves.
pub struct Http {
    agent: Agent,
    origins: Origins,
    interval: Duration,
    /// When each host may be asked next.
    next: Mutex<HashMap<String, Instant>>,
}

impl Http {
    /// A client as configured.
    #[must_use]
    pub fn new(config: &FetchConfig) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .timeout_connect(Some(config.timeout.min(Duration::from_secs(10))))
            .http_status_as_error(false)
            .max_redirects(5)
            .user_agent(USER_AGENT)
            .build()
            .into();
        Self {
            agent,
            origins: config.origins.clone(),
            interval: config.host_interval,
            next: Mutex::default(),
        }
    }

    /// Waits until the host may be asked again.
    fn wait_for(&self, url: &str) {
        let host = url
            .parse::<Uri>()
            .ok()
            .and_then(|u| u.authority().map(ToString::to_string))
            .unwrap_or_default();
        let pause = self.interval.mul_f64(1.0 + JITTER * rand::random::<f64>());
        let now = Instant::now();
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = next.get(&host).copied().unwrap_or(now).max(now);
            next.insert(host, at + pause);
            at
        };
        thread::sleep(at.saturating_duration_since(now));
    }

    fn fetch(&self, url: &str, headers: &[(&str, &str)]) -> Result<(u16, Vec<u8>), ureq::Error> {
        let request = headers
            .iter()
            .fold(self.agent.get(url), |request, (name, value)| {
                request.header(*name, *value)
            });
        let mut response = request.call()?;
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_BODY)
            .read_to_vec()?;
        Ok((response.status().as_u16(), body))
    }
}

impl Feed for Http {
    fn asked_at(&self, _upstream: &dyn Upstream, _symbol: &str) -> DateTime<Utc> {
        Utc::now()
    }

    fn parts(&self, upstream: &dyn Upstream, _symbol: &str, window: Window) -> Vec<Window> {
        upstream.parts(window)
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        let url = request.upstream.url(
            &self.origins,
            request.symbol,
            request.category,
            request.part,
        );
        self.wait_for(&url);
        let fetched_at = micros(Utc::now());
        let started = Instant::now();
        let result = self.fetch(&url, request.upstream.headers());
        let elapsed = millis(started.elapsed());
        let (status, body) = result.map_err(|error| FetchError::Network(Box::new(error)))?;
        log::debug!(source = request.upstream.name(), symbol = request.symbol, status = status, bytes = body.len(), elapsed_ms = elapsed; "answer");
        Ok(Response {
            status,
            body,
            fetched_at,
        })
    }
}
