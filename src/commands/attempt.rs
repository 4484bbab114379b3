//! What comes before every command: its settings are right, and who is notified about a run hears why it could not begin.

use anyhow::Result;

use super::answer::Answer;
use super::recorded_run::or_notify;
use super::settings::{use_settings, without_settings};
use crate::cli::Command;
use crate::config::Config;
use crate::process::stop::Stop;

/// Runs a command whose settings are right. `ready`: whether everything before it went well.
pub(super) fn attempt(
    command: &Command,
    config: &Config,
    ready: Result<()>,
    run: impl FnOnce() -> Result<Answer>,
) -> Result<Answer> {
    let ready = use_settings(command, config, ready);
    let ready = match recorded_name(command) {
        Some(name) => or_notify(name, config, &Stop::default(), ready),
        None => ready,
    };
    ready.and_then(|()| run().map_err(|error| without_settings(error, config)))
}

/// The name under which a command is recorded, and people are notified about it.
fn recorded_name(command: &Command) -> Option<&'static str> {
    match command {
        Command::Collect(args) if !args.dry_run => Some("collect"),
        // Its first step, without which it cannot begin.
        Command::Daily(args) if !args.collect.dry_run => Some("collect"),
        Command::Sync(args) if !args.dry_run => Some("sync"),
        _ => None,
    }
}
