//! `ALERT_URL`: channels in the notation of Apprise, several with blanks between them. A value is never shown: all of it is secret.

use percent_encoding::{CONTROLS, utf8_percent_encode};
use ureq::http::{HeaderName, HeaderValue};

use super::alert_parts::{Parts, decoded, is_server, is_token};
use super::alert_secrets::in_base64;
use super::channel::{Channel, Service};
use super::secret::Secret;
use super::value::is_web_address;

/// The longest topic of ntfy.
const LONGEST_TOPIC: usize = 64;
/// What a request is made of; nobody may say it otherwise.
const OWN_HEADERS: [&str; 3] = ["content-length", "host", "transfer-encoding"];

/// What is read of `ALERT_URL`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AlertUrls {
    pub(super) channels: Vec<Channel>,
    /// What cannot be used, without anything of it.
    pub(super) warnings: Vec<String>,
}

/// Reads every channel; `origin` says where a service is.
///
/// One that cannot be used keeps its place, so that the names of the others do not change with it.
pub(super) fn read(
    value: &str,
    origin: impl Fn(Service) -> Result<String, String> + Copy,
) -> AlertUrls {
    let mut read = AlertUrls::default();
    let mut named: Vec<Service> = Vec::new();
    for (at, url) in value.split_whitespace().enumerate() {
        let scheme = Scheme::of(url);
        let channels = match &scheme {
            Some(scheme) => scheme.channels(url, origin),
            None => Err(SCHEMES.to_owned()),
        };
        let places = match channels {
            Ok(channels) => channels.into_iter().map(Some).collect(),
            Err(why) => {
                read.warnings.push(warning(at + 1, scheme.as_ref(), &why));
                vec![None]
            }
        };
        let Some(service) = scheme.map(|s| s.service) else {
            continue;
        };
        for place in places {
            named.push(service);
            let number = named.iter().filter(|s| **s == service).count();
            let name = match number {
                1 => service.name().to_owned(),
                number => format!("{}-{number}", service.name()),
            };
            let channel = place.map(|place| Channel { name, ..place });
            read.channels.extend(channel);
        }
    }
    read
}

/// Which one it is, what is wrong, and nothing of its value.
fn warning(number: usize, scheme: Option<&Scheme>, why: &str) -> String {
    let kind = scheme.map_or(String::new(), |s| format!(" ({})", s.name));
    format!("ALERT_URL, number {number}{kind}: {why} (its value is not shown); it is not used")
}

/// What a URL begins with.
struct Scheme {
    name: &'static str,
    service: Service,
    is_secure: bool,
}

/// What is said to one that is unknown.
const SCHEMES: &str =
    "it should begin with discord://, slack://, tgram://, ntfy://, ntfys://, json:// or jsons://";

impl Scheme {
    fn of(url: &str) -> Option<Self> {
        let (name, _) = url.split_once("://")?;
        let (name, service, is_secure) = match name.to_ascii_lowercase().as_str() {
            "discord" => ("discord", Service::Discord, true),
            "slack" => ("slack", Service::Slack, true),
            "tgram" => ("tgram", Service::Telegram, true),
            "ntfy" => ("ntfy", Service::Ntfy, false),
            "ntfys" => ("ntfys", Service::Ntfy, true),
            "json" => ("json", Service::Json, false),
            "jsons" => ("jsons", Service::Json, true),
            _ => return None,
        };
        Some(Self {
            name,
            service,
            is_secure,
        })
    }

    /// The channels of a URL; their names come later.
    fn channels(
        &self,
        url: &str,
        origin: impl Fn(Service) -> Result<String, String>,
    ) -> Result<Vec<Channel>, String> {
        let parts = Parts::of(url).ok_or("it is malformed")?;
        let own_server = |path| {
            let path = utf8_percent_encode(path, CONTROLS);
            format!("{}://{}{path}", self.web(), parts.host)
        };
        let names_server = match self.service {
            Service::Ntfy => parts.is_hosted(),
            service => service == Service::Json,
        };
        if names_server && !is_server(parts.host) {
            return Err("it is malformed".to_owned());
        }
        let channels = match self.service {
            Service::Discord => vec![discord(&parts, &origin(self.service)?)?],
            Service::Slack => vec![slack(&parts, &origin(self.service)?)?],
            Service::Telegram => telegram(&parts, &origin(self.service)?)?,
            Service::Ntfy => match names_server {
                true => ntfy(&parts, &parts.path, own_server("/"))?,
                false => {
                    let topics = parts.topics();
                    ntfy(&parts, &topics, format!("{}/", origin(self.service)?))?
                }
            },
            Service::Json => vec![json(&parts, own_server(parts.raw_path))?],
        };
        if channels.iter().any(|c| !is_web_address(c.url.expose())) {
            return Err("it is malformed".to_owned());
        }
        Ok(channels)
    }

    fn web(&self) -> &'static str {
        match self.is_secure {
            true => "https",
            false => "http",
        }
    }
}

fn discord(parts: &Parts<'_>, origin: &str) -> Result<Channel, String> {
    let right = || "it should be discord://id/token".to_owned();
    let [token] = parts.path.as_slice() else {
        return Err(right());
    };
    if !is_token(parts.host) || !is_token(token) {
        return Err(right());
    }
    let url = format!("{origin}/api/webhooks/{}/{token}", parts.host);
    Ok(Channel {
        sender: parts.user.clone(),
        ..Channel::new(Service::Discord, url)
    })
}

fn slack(parts: &Parts<'_>, origin: &str) -> Result<Channel, String> {
    if parts.host.starts_with("xox") {
        return Err(
            "a token of OAuth is not supported, it should be slack://A/B/C of an incoming webhook"
                .to_owned(),
        );
    }
    let right = || {
        "it should be slack://A/B/C, the parts behind hooks.slack.com/services/ of an incoming webhook, which has one channel"
            .to_owned()
    };
    let [second, third] = parts.path.as_slice() else {
        return Err(right());
    };
    if ![parts.host, second, third].into_iter().all(is_token) {
        return Err(right());
    }
    let url = format!("{origin}/services/{}/{second}/{third}", parts.host);
    Ok(Channel {
        sender: parts.user.clone(),
        ..Channel::new(Service::Slack, url)
    })
}

fn telegram(parts: &Parts<'_>, origin: &str) -> Result<Vec<Channel>, String> {
    let right = || "it should be tgram://123456:token/chat".to_owned();
    let host = decoded(parts.host).ok_or_else(right)?;
    let token = host.strip_prefix("bot").unwrap_or(&host);
    let (id, key) = token.split_once(':').ok_or_else(right)?;
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) || !is_token(key) {
        return Err(right());
    }
    if parts.path.is_empty() {
        return Err("it names no chat, it should be tgram://123456:token/chat".to_owned());
    }
    let url = format!("{origin}/bot{token}/sendMessage");
    let chats = parts.path.iter().map(|chat| {
        let (chat, thread) = match chat.split_once(':') {
            Some((chat, thread)) => (chat, Some(thread.parse().map_err(|_| right())?)),
            None => (chat.as_str(), None),
        };
        let number = chat.strip_prefix('-').unwrap_or(chat);
        let name = chat.strip_prefix('@').unwrap_or(chat);
        let chat = match number.bytes().all(|b| b.is_ascii_digit()) {
            true if !number.is_empty() => chat.to_owned(),
            _ if is_token(name) => format!("@{name}"),
            _ => return Err(right()),
        };
        Ok(Channel {
            target: Some(Secret::new(chat)),
            thread,
            ..Channel::new(Service::Telegram, url.clone())
        })
    });
    chats.collect()
}

fn ntfy(parts: &Parts<'_>, topics: &[String], url: String) -> Result<Vec<Channel>, String> {
    let is_topic =
        |topic: &String| topic.len() <= LONGEST_TOPIC && is_token(topic) && !topic.contains('.');
    if topics.is_empty() || !topics.iter().all(is_topic) {
        return Err(format!(
            "it should be ntfy://topic or ntfy://host/topic, a topic of 1 to {LONGEST_TOPIC} letters, digits, - and _"
        ));
    }
    let token = match (&parts.user, &parts.password) {
        (Some(user), None) if user.to_ascii_lowercase().starts_with("tk_") => Some(user.as_str()),
        _ => parts.query_of("token"),
    };
    let headers = match token {
        Some(token) => vec![authorization(&format!("Bearer {token}"))?],
        None => basic(parts)?.into_iter().collect(),
    };
    let channels = topics.iter().map(|topic| Channel {
        target: Some(Secret::new(topic.clone())),
        headers: headers.clone(),
        ..Channel::new(Service::Ntfy, url.clone())
    });
    Ok(channels.collect())
}

fn json(parts: &Parts<'_>, url: String) -> Result<Channel, String> {
    let mut headers: Vec<(String, Secret)> = basic(parts)?.into_iter().collect();
    for (name, value) in &parts.query {
        if let Some(name) = name.strip_prefix('+') {
            let name = name.to_ascii_lowercase();
            let is_name = name.parse::<HeaderName>().is_ok() && !OWN_HEADERS.contains(&&*name);
            if !is_name || value.parse::<HeaderValue>().is_err() {
                return Err("one of its headers (?+name=value) cannot be sent".to_owned());
            }
            headers.retain(|(n, _)| *n != name);
            headers.push((name, Secret::new(value.clone())));
        }
    }
    Ok(Channel {
        headers,
        ..Channel::new(Service::Json, url)
    })
}

/// The header of a user and a password.
fn basic(parts: &Parts<'_>) -> Result<Option<(String, Secret)>, String> {
    let Some(user) = &parts.user else {
        return Ok(None);
    };
    let password = parts.password.as_deref().unwrap_or_default();
    authorization(&format!("Basic {}", in_base64(user, password))).map(Some)
}

fn authorization(value: &str) -> Result<(String, Secret), String> {
    if value.parse::<HeaderValue>().is_err() {
        return Err("its token cannot be sent".to_owned());
    }
    Ok(("authorization".to_owned(), Secret::new(value.to_owned())))
}
