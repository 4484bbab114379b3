//! Wraps `collect` and `sync`: records the run, then sends heartbeat and alerts.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use chrono::{Local, TimeDelta};
use uuid::Uuid;

use super::context::now;
use super::leftovers;
use crate::config::{Config, ConfigError};
use crate::domain::alert::Report;
use crate::domain::run::{AssetRun, Problem, Status};
use crate::jobs::alert_delivery::{alerts_of, deliver, failures, forget_channels};
use crate::notify::{Heartbeat, Signal};
use crate::process::stop::{Stop, Stopped};
use crate::staging::{NewAlert, RunEnd, RunLock, Staging};

/// How long runs stay in `job_run`.
pub(super) const KEEP_RUNS: TimeDelta = TimeDelta::days(365);

/// A run in progress.
pub(super) struct Run<'a> {
    job_name: &'static str,
    staging: &'a Staging,
    config: &'a Config,
    id: Uuid,
    ended: Cell<Option<Status>>,
    stop: &'a Stop,
    /// The start ping, which nobody waits for.
    starting: Cell<Option<JoinHandle<()>>>,
    /// Shows other processes that this one is alive.
    _lock: RunLock,
}

/// Runs `body` as a recorded run: a heartbeat before and after, alerts after. If `body` fails before it records an end,
/// the run failed. After Ctrl-C it ends soon and leaves alerts for the next run: the user already knows and does not
/// want to wait.
pub(super) fn recorded<T>(
    job_name: &'static str,
    staging: &Staging,
    config: &Config,
    stop: &Stop,
    body: impl FnOnce(&Run<'_>) -> Result<T>,
) -> Result<T> {
    leftovers::remove(config);
    // If this fails, the run fails again where it matters.
    if let Err(error) = staging.prune_runs(now() - KEEP_RUNS) {
        log::warn!("cannot remove old runs: {:#}", staging.explain(error));
    }
    forget_channels(staging, config, now());
    let begun = staging.begin_run(job_name, &config.notify.channel_names(), now());
    let begun = begun.map_err(|error| staging.explain(error));
    let (id, lock) = or_notify(job_name, config, stop, begun)?;
    let run = Run {
        job_name,
        staging,
        config,
        id,
        ended: Cell::new(None),
        stop,
        starting: Cell::new(ping_start(config)),
        _lock: lock,
    };
    let result = body(&run).map_err(|error| staging.explain(error));
    if let Err(error) = &result
        && run.ended.get().is_none()
        && let Err(why) = run.end(Status::Failure, &[problem(error)], "", &[], &[])
    {
        log::error!("{why:#}");
        return or_notify(job_name, config, stop, result);
    }
    run.notify();
    result
}

impl Run<'_> {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Records how the run and each of its assets ended, including those that succeeded. If called several times, the
    /// last one counts. The text also goes to the warehouse, so it must not contain secrets.
    pub(super) fn end(
        &self,
        status: Status,
        problems: &[Problem],
        summary: &str,
        assets: &[AssetRun],
        succeeded: &[String],
    ) -> Result<()> {
        let problems = redacted(self.config, problems);
        let mut assets = assets.to_vec();
        for message in assets.iter_mut().filter_map(|a| a.message.as_mut()) {
            *message = self.config.redaction.text(message);
        }
        let suspects = assets.iter().filter(|a| a.status == "suspect");
        let suspects = suspects.map(|a| a.asset_id.as_str()).collect();
        let alerts = self.alerts(status, &problems, succeeded, &suspects)?;
        let end = RunEnd {
            status,
            problems: &problems,
            summary: &self.config.redaction.json(summary),
            assets: &assets,
            alerts: &alerts,
        };
        let recorded = self.staging.end_run(self.id, &end, now());
        let recorded = recorded.map_err(|error| self.staging.explain(error));
        recorded
            .context("cannot record the end of the run; the next run closes it as abandoned")?;
        self.ended.set(Some(status));
        Ok(())
    }

    /// The alerts about its end, where there is somebody to notify.
    fn alerts(
        &self,
        status: Status,
        problems: &[Problem],
        succeeded: &[String],
        suspects: &BTreeSet<&str>,
    ) -> Result<Vec<NewAlert>> {
        let channels = &self.config.notify.channels;
        if channels.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.staging.asset_names()?;
        let report = Report {
            topic: self.job_name,
            status: status.name(),
            host: &host(),
            run: Some(&self.id.to_string()),
            failures: failures(problems, succeeded, suspects, &names),
            succeeded: succeeded.to_vec(),
        };
        alerts_of(self.staging, &report, channels, Local::now().date_naive())
    }

    fn notify(&self) {
        let signal = match self.ended.get() {
            Some(Status::Success) => Signal::Success,
            _ => Signal::Fail,
        };
        if self.stop.is_set() {
            return ping_quickly(self.config, signal);
        }
        // The start ping must arrive before the end ping.
        if let Some(starting) = self.starting.take() {
            drop(starting.join());
        }
        ping(self.config, signal);
        send_alerts(self.staging, self.config);
    }
}

/// The exit code. With `--partial-ok` a partial failure exits with 0; it is recorded and alerted all the same.
pub(super) fn exit_code(status: Status, partial_ok: bool) -> u8 {
    match status {
        Status::PartialFailure if partial_ok => {
            log::warn!("partial failure; the exit code is 0 because of --partial-ok");
            0
        }
        status => status.exit_code(),
    }
}

/// Records a run that somebody started by hand and watches: nobody else is notified. `ended` tells how the result
/// ended; without a result the run failed.
pub(super) fn recorded_quietly<T>(
    job_name: &'static str,
    staging: &Staging,
    config: &Config,
    body: impl FnOnce(Uuid) -> Result<T>,
    ended: impl FnOnce(&T) -> (Status, Vec<Problem>),
) -> Result<T> {
    let (id, lock) = staging.begin_run(job_name, &[], now())?;
    let result = body(id);
    let (status, problems) = match &result {
        Ok(given) => ended(given),
        Err(error) => (Status::Failure, vec![problem(error)]),
    };
    let end = RunEnd {
        status,
        problems: &redacted(config, &problems),
        summary: "",
        assets: &[],
        alerts: &[],
    };
    staging.end_run(id, &end, now())?;
    drop(lock);
    result
}

/// A problem of the run as a whole.
fn problem(error: &anyhow::Error) -> Problem {
    Problem::of_run(format!("{error:#}"))
}

fn redacted(config: &Config, problems: &[Problem]) -> Vec<Problem> {
    let mut problems = problems.to_vec();
    for problem in &mut problems {
        problem.reword(|error| config.redaction.text(error));
    }
    problems
}

/// Sends the waiting alerts.
pub(super) fn send_alerts(staging: &Staging, config: &Config) {
    deliver(staging, config, now);
}

/// Alerts at once that a run could not even start: there is no staging file to keep an alert in. Skipped for a wrong
/// configuration if a person sits at the terminal, and after Ctrl-C.
pub(super) fn or_notify<T>(
    job_name: &'static str,
    config: &Config,
    stop: &Stop,
    result: Result<T>,
) -> Result<T> {
    let Err(error) = result else { return result };
    if stop.is_set() {
        ping_quickly(config, Signal::Fail);
        return Err(error.context(Stopped));
    }
    if !error.is::<ConfigError>() || !io::stderr().is_terminal() {
        ping(config, Signal::Fail);
        if let Err(why) = alert_without_staging(job_name, config, &error) {
            log::warn!("cannot send the alert: {why:#}");
        }
    }
    Err(error)
}

fn alert_without_staging(
    job_name: &'static str,
    config: &Config,
    error: &anyhow::Error,
) -> Result<()> {
    let channels = &config.notify.channels;
    if channels.is_empty() {
        return Ok(());
    }
    let problems = redacted(config, &[problem(error)]);
    let report = Report {
        topic: job_name,
        status: Status::Failure.name(),
        host: &host(),
        run: None,
        failures: failures(&problems, &[], &BTreeSet::new(), &Default::default()),
        succeeded: Vec::new(),
    };
    let memory = Staging::in_memory()?;
    let alerts = alerts_of(&memory, &report, channels, Local::now().date_naive())?;
    memory.keep_alerts(&alerts, now())?;
    send_alerts(&memory, config);
    Ok(())
}

fn heartbeat(config: &Config) -> Option<Heartbeat> {
    config.notify.heartbeat.clone().map(Heartbeat::new)
}

fn ping(config: &Config, signal: Signal) {
    if let Some(heartbeat) = heartbeat(config) {
        heartbeat.ping(signal);
    }
}

/// Pings while somebody waits for the program to end.
fn ping_quickly(config: &Config, signal: Signal) {
    if let Some(heartbeat) = heartbeat(config) {
        heartbeat.ping_quickly(signal);
    }
}

/// Pings the start in the background: a heartbeat that does not answer must not delay anything, not even a stop.
fn ping_start(config: &Config) -> Option<JoinHandle<()>> {
    let heartbeat = heartbeat(config)?;
    let ping = move || heartbeat.ping(Signal::Start);
    let started = thread::Builder::new().name("ping".to_owned()).spawn(ping);
    started
        .map_err(|e| log::warn!("cannot send the heartbeat: {e}"))
        .ok()
}

/// The machine's name.
pub(super) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
