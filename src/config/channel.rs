//! Where alerts go.

use super::secret::Secret;

/// A service that takes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Discord,
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
}

impl Channel {
    /// A webhook of Discord.
    pub(super) fn webhook(url: Secret) -> Self {
        Self {
            name: WEBHOOK.to_owned(),
            service: Service::Discord,
            url,
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
