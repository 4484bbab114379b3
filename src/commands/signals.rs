//! Ends a run cleanly on Ctrl-C and similar signals.

use std::process;

use anyhow::{Context, Result};

use crate::process::stop::Stop;
use crate::staging;

/// Exit code after a second Ctrl-C, as a shell would give it.
const INTERRUPTED: i32 = 130;

/// A flag set by Ctrl-C, SIGTERM, SIGHUP and Ctrl-Break. A second signal ends the program at once.
///
/// # Errors
/// If the system refuses the handler.
pub(super) fn stop_on_signals(what_becomes: &'static str) -> Result<Stop> {
    let stop = Stop::default();
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.is_set() {
            #[allow(
                clippy::exit,
                reason = "a user who presses it twice does not want to wait"
            )]
            process::exit(INTERRUPTED);
        }
        log::warn!("stopping: {what_becomes}");
        flag.set();
        staging::wait_no_longer();
    })
    .context("cannot install the Ctrl-C handler")?;
    Ok(stop)
}
