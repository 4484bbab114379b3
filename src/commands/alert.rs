//! `alert --test`: whether alerts arrive, by a message to every channel.

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::context::now;
use super::recorded_run::host;
use crate::config::{Channel, Config, ConfigError};
use crate::domain::run::Status;
use crate::jobs::alert_delivery::{note, remedy, send_test};
use crate::notify::Delivery;
use crate::output::screen::{self, Column, Screen, always};
use crate::staging::Staging;

/// What became of a message. The fields are the columns of the result.
#[derive(Serialize)]
struct Sent {
    channel: String,
    /// `delivered`, `refused`, `wrong`, `later`.
    result: &'static str,
    /// What the other side said.
    answer: String,
    /// What to do; empty when there is nothing to do.
    remedy: &'static str,
}

pub(super) fn run(config: &Config) -> Result<Answer> {
    if config.notify.channels.is_empty() {
        return Err(ConfigError(
            "no channel of alerts is set: ALERT_URL and ALERT_WEBHOOK_URL are not set or malformed; set one in the environment or in \
             .env, like ALERT_URL=ntfy://topic"
                .to_owned(),
        )
        .into());
    }
    let sent = send_test(config, &host());
    if let Err(error) = remember(config, &sent) {
        log::warn!("that the test was sent could not be noted: {error:#}");
    }
    let rows: Vec<Sent> = sent.into_iter().map(row).collect();
    let delivered = rows.iter().filter(|row| row.result == "delivered").count();
    let status = Status::of(delivered, rows.len() - delivered);
    Ok(Answer::on_screen(rows, text).ending(status.exit_code()))
}

/// Notes what became of each in the staging file, where there is one.
fn remember(config: &Config, sent: &[(&Channel, Delivery)]) -> Result<()> {
    if let Some(staging) = Staging::open_existing(&config.staging_db)? {
        for (channel, delivery) in sent {
            note(&staging, config, channel, delivery, now());
        }
    }
    Ok(())
}

fn row((channel, delivery): (&Channel, Delivery)) -> Sent {
    let (result, answer, remedy) = match delivery {
        Delivery::Delivered(said) => ("delivered", said, ""),
        Delivery::Refused(said) => ("refused", said, remedy(channel.service)),
        Delivery::WrongChannel(said) => ("wrong", said, remedy(channel.service)),
        Delivery::Later(said) => ("later", said, ""),
    };
    Sent {
        channel: channel.name.clone(),
        result,
        answer,
        remedy,
    }
}

/// The table, and below it what to do.
fn text(rows: &[Sent], screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[always("channel"), always("result"), always("answer")];
    let shown: Vec<ShownSent<'_>> = rows.iter().map(|row| ShownSent::of(row, screen)).collect();
    let mut text = screen::table(&shown, COLUMNS, screen)?;
    for row in rows.iter().filter(|row| !row.remedy.is_empty()) {
        let remedy = screen.sentence(row.remedy);
        text.push_str(&format!("{}: {remedy}\n", row.channel));
    }
    Ok(text)
}

/// A message as people read of it.
#[derive(Serialize)]
struct ShownSent<'a> {
    channel: &'a str,
    result: &'static str,
    answer: String,
}

impl<'a> ShownSent<'a> {
    fn of(sent: &'a Sent, screen: Screen<'_>) -> Self {
        Self {
            channel: &sent.channel,
            result: sent.result,
            answer: screen.sentence(&sent.answer),
        }
    }
}
