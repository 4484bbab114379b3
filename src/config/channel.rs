//! Where alerts go.

use super::secret::Secret;

/// A service that takes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Discord,
    Slack,
    Telegram,
    Ntfy,
    /// Any server that takes JSON, as Apprise posts it.
    Json,
}

impl Service {
    /// The kind of its channels.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::Telegram => "telegram",
            Self::Ntfy => "ntfy",
            Self::Json => "json",
        }
    }

    /// The variable of its origin; a channel of JSON names its own server.
    pub(super) fn origin(self) -> Option<&'static str> {
        match self {
            Self::Discord => Some("DISCORD_BASE_URL"),
            Self::Slack => Some("SLACK_BASE_URL"),
            Self::Telegram => Some("TELEGRAM_BASE_URL"),
            Self::Ntfy => Some("NTFY_BASE_URL"),
            Self::Json => None,
        }
    }
}

/// The name of the channel that `ALERT_WEBHOOK_URL` is.
const WEBHOOK: &str = "webhook";

/// One place that alerts go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    /// What it is called in messages and in the staging file: `webhook`, or its kind, with a number from the second on. Nothing of
    /// its address is in it.
    pub(crate) name: String,
    pub(crate) service: Service,
    /// Where it is posted to.
    pub(crate) url: Secret,
    /// The chat of Telegram, the topic of ntfy.
    pub(crate) target: Option<Secret>,
    /// A thread of a Telegram chat.
    pub(crate) thread: Option<u64>,
    /// The name that Discord and Slack show as the sender's.
    pub(crate) sender: Option<String>,
    /// What goes with a request, such as a password.
    pub(crate) headers: Vec<(String, Secret)>,
}

impl Channel {
    /// A channel of which only the address is known.
    pub(super) fn new(service: Service, url: String) -> Self {
        Self {
            name: service.name().to_owned(),
            service,
            url: Secret::new(url),
            target: None,
            thread: None,
            sender: None,
            headers: Vec::new(),
        }
    }

    /// A webhook of Discord.
    pub(super) fn webhook(url: &Secret) -> Self {
        Self {
            name: WEBHOOK.to_owned(),
            ..Self::new(Service::Discord, url.expose().to_owned())
        }
    }

    /// The variable that it is set by, and which of them it is.
    pub(crate) fn shown(&self) -> String {
        match self.name.as_str() {
            WEBHOOK => "ALERT_WEBHOOK_URL".to_owned(),
            name => format!("ALERT_URL ({name})"),
        }
    }
}
