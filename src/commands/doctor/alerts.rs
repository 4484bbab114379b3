//! `doctor`'s look at where alerts go.

use crate::config::{Channel, Config, Service};
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
    let check = |channel: &Channel| match channel.service {
        Service::Discord => discord(channel, config, offline),
        _ => other(channel, last.get(&channel.name)),
    };
    channels.iter().map(check).collect()
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
fn other(channel: &Channel, last: Option<&LastDelivery>) -> Check {
    let name = &channel.name;
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
        (None, Some(at)) => Check::ok(
            name,
            format!(
                "took the last message, at {}; nothing was posted now",
                of_text(at)
            ),
        ),
        (None, None) => Check::warn(
            name,
            "nothing was sent through it yet",
            "`pricestash alert --test` sends a message",
        ),
    }
}

/// Says whether a heartbeat is set; pings nothing.
pub(super) fn heartbeat(config: &Config) -> Check {
    match &config.notify.heartbeat {
        Some(_) => Check::ok("heartbeat", "set, not pinged"),
        None => Check::warn(
            "heartbeat",
            "HEARTBEAT_URL is not set, nobody notices when the task never runs",
            "set it to a check of healthchecks.io or a like",
        ),
    }
}
