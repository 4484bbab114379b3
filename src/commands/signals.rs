//! Ctrl-C and its like end a run in order.

use std::process;

use anyhow::{Context, Result};

use crate::process::stop::Stop;
use crate::staging;

/// The exit code of a program that was ended by a second Ctrl-C, as a shell would give it.
const INTERRUPTED: i32 = 130;

/// A flag that Ctrl-C, SIGTERM, SIGHUP and Ctrl-Break set. A second signal ends the program as if nobody had listened.
///
/// # Errors
/// When the system does not let us listen.
pub(super) fn stop_on_signals(what_becomes: &'static str) -> Result<Stop> {
    let stop = Stop::default();
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.is_set() {
            #[allow(
                clippy::exit,
                reason = "who asks twice does not want to wait for anything"
            )]
            process::exit(INTERRUPTED);
        }
        log::warn!("stopping: {what_becomes}");
        flag.set();
        staging::wait_no_longer();
    })
    .context("Ctrl-C cannot be listened for")?;
    Ok(stop)
}
