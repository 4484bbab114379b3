//! `doctor`'s look at where alerts go.

use crate::config::Config;
use crate::jobs::doctor::Check;
use crate::notify::{Look, Poster};

/// Asks Discord whether it knows the webhook; posts nothing.
pub(super) fn webhook(config: &Config, offline: bool) -> Check {
    const NAME: &str = "webhook";
    let Some(channel) = config.notify.channels.first() else {
        return Check::warn(
            NAME,
            "ALERT_WEBHOOK_URL is not set or malformed, nobody is told of a failure",
            "set it to a Discord webhook",
        );
    };
    if offline {
        return Check::ok(NAME, "set, not asked, --offline");
    }
    match Poster::new(channel).look() {
        Look::Known => Check::ok(NAME, "Discord knows it; nothing was posted"),
        Look::Unknown(message) => Check::fail(
            NAME,
            message,
            "make a new webhook in the channel's settings and set ALERT_WEBHOOK_URL",
        ),
        Look::Unclear(message) => Check::warn(
            NAME,
            format!("whether it takes alerts is not known without posting: {message}"),
            "",
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
