//! Who is told how runs end: channels of alerts and a heartbeat. What they answer never changes a run's result.

use std::time::Duration;

use ureq::Agent;

mod answer;
mod channel;
mod discord;
mod heartbeat;
mod json;
mod ntfy;
mod slack;
mod telegram;

pub(crate) use answer::{Delivery, Look};
pub(crate) use channel::{Poster, style};
pub(crate) use heartbeat::{Heartbeat, Signal};

/// Our own: Discord's front refuses clients that do not say who they are.
const USER_AGENT: &str = concat!(
    "pricestash/",
    env!("CARGO_PKG_VERSION"),
    " (price collector)"
);

/// A client without redirects: where a webhook leads elsewhere, its secret must not follow.
fn agent() -> Agent {
    Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        .build()
        .into()
}
