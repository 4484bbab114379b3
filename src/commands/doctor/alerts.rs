//! `doctor`'s look at where alerts go.

use std::fs;

use chrono::{DateTime, Utc};

use crate::config::{Channel, Config, Service};
use crate::domain::timestamp;
use crate::jobs::alert_delivery::remedy;
use crate::jobs::doctor::Check;
use crate::notify::{Look, Poster};
use crate::output::local_time::of_text;
use crate::staging::{LastDelivery, Staging};

/// What is known of each channel, without posting anything.
pub(super) fn channels(config: &Config, staging: Option<&Staging>, offline: bool) -> Vec<Check> {
    let channels = &config.notify.channels;
    if channels.is_empty() {
        return vec![Check::warn(
            "alerts",
            "ALERT_URL and ALERT_WEBHOOK_URL are not set or malformed, nobody is told of a failure",
            "set ALERT_URL to where you read messages, such as ntfy://topic or tgram://bot-token/chat",
        )];
    }
    let last = staging.and_then(|s| s.deliveries().ok());
    let last = last.unwrap_or_default();
    let changed = changed(config);
    let check = |channel: &Channel| match channel.service {
        Service::Discord => discord(channel, config, offline),
        _ => other(channel, last.get(&channel.name), changed),
    };
    channels.iter().map(check).collect()
}

/// When the file that `ALERT_URL` stands in was changed: what a channel took before may have gone to another address.
fn changed(config: &Config) -> Option<DateTime<Utc>> {
    let mut set = config.set.iter();
    let is_in_file = set.any(|s| s.name == "ALERT_URL" && s.origin == ".env");
    let file = fs::metadata(".env").ok().filter(|_| is_in_file)?;
    file.modified().ok().map(DateTime::from)
}

/// Asks Discord whether it knows the webhook.
fn discord(channel: &Channel, config: &Config, offline: bool) -> Check {
    let name = &channel.name;
    if offline {
        return Check::ok(name, "set, not asked, --offline");
    }
    match Poster::new(channel, &config.redaction).look() {
        Look::Known => Check::ok(name, "Discord knows it; nothing was posted"),
        Look::Unknown(message) => Check::fail(name, message, remedy(channel.service)),
        Look::Unclear(message) => Check::warn(
            name,
            format!("whether it takes alerts is not known without posting: {message}"),
            "",
        ),
    }
}

/// Another service can only be asked by a message: what became of the last one is known.
fn other(channel: &Channel, last: Option<&LastDelivery>, changed: Option<DateTime<Utc>>) -> Check {
    const TEST: &str = "`pricestash alert --test` sends a message";
    let name = &channel.name;
    let is_older = |at: &str| timestamp::from_text(at) < changed;
    let none = LastDelivery::default();
    let last = last.unwrap_or(&none);
    match (&last.failed_at, &last.delivered_at) {
        (Some(at), _) => Check::warn(
            name,
            format!(
                "did not take the last message, at {}: {}",
                of_text(at),
                last.said
            ),
            remedy(channel.service),
        ),
        (None, Some(at)) if is_older(at) => Check::warn(
            name,
            format!(
                "took the last message, at {}, but .env has changed since",
                of_text(at)
            ),
            TEST,
        ),
        (None, Some(at)) => Check::ok(
            name,
            format!(
                "took the last message, at {}; nothing was posted now",
                of_text(at)
            ),
        ),
        (None, None) => Check::warn(name, "nothing was sent through it yet", TEST),
    }
}

/// Says whether a heartbeat is set; pings nothing.
pub(super) fn heartbeat(config: &Config) -> Check {
    match &config.notify.heartbeat {
        Some(_) => Check::ok("heartbeat", "set, not pinged"),
        None => Check::warn(
            "heartbeat",
            "HEARTBEAT_URL is not set, nobody notices when the task never runs",
            "set it to a check of healthchecks.io or a similar service",
        ),
    }
}
