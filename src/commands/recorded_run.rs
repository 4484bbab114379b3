//! A run from its beginning to its end: the one seam above `collect` and `sync` that records it and notifies about it.

use std::cell::Cell;
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
use crate::jobs::alert_delivery::{alert_of, deliver, failures};
use crate::notify::{Discord, Heartbeat, Signal};
use crate::process::stop::{Stop, Stopped};
use crate::staging::{NewAlert, RunEnd, RunLock, Staging};

/// So long runs stay in `job_run`.
pub(super) const KEEP_RUNS: TimeDelta = TimeDelta::days(365);

/// A run that is under way.
pub(super) struct Run<'a> {
    job_name: &'static str,
    staging: &'a Staging,
    config: &'a Config,
    id: Uuid,
    ended: Cell<Option<Status>>,
    stop: &'a Stop,
    /// The ping of the start, which nobody waits for.
    starting: Cell<Option<JoinHandle<()>>>,
    /// Shows other processes that this one is alive.
    _lock: RunLock,
}

/// Records a run around `body` and notifies about it: a heartbeat before and after, alerts after. A `body` that fails before
/// it has recorded an end has failed. After a stop it ends soon and leaves alerts for the next run: who pressed Ctrl-C
/// knows, and wants no wait.
pub(super) fn recorded<T>(
    job_name: &'static str,
    staging: &Staging,
    config: &Config,
    stop: &Stop,
    body: impl FnOnce(&Run<'_>) -> Result<T>,
) -> Result<T> {
    leftovers::remove(config);
    // What fails here fails again where it matters.
    if let Err(error) = staging.prune_runs(now() - KEEP_RUNS) {
        log::warn!(
            "old runs could not be removed: {:#}",
            staging.explain(error)
        );
    }
    let alerts = config.notify.webhook.as_ref().map(|_| config.language);
    let begun = staging.begin_run(job_name, alerts, now());
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

    /// Records how it ended, it and each of its assets, with those that are well. Of several ends the last one counts. What it says goes to the
    /// warehouse too, so that no secret may be in it.
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
        let alert = self.alert(status, &problems, succeeded)?;
        let end = RunEnd {
            status,
            problems: &problems,
            summary: &self.config.redaction.json(summary),
            assets: &assets,
            alert: alert.as_ref(),
        };
        let recorded = self.staging.end_run(self.id, &end, now());
        let recorded = recorded.map_err(|error| self.staging.explain(error));
        recorded.context(
            "that the run has ended could not be recorded, the next one closes it as abandoned",
        )?;
        self.ended.set(Some(status));
        Ok(())
    }

    /// The alert about its end, where there is somebody to notify.
    fn alert(
        &self,
        status: Status,
        problems: &[Problem],
        succeeded: &[String],
    ) -> Result<Option<NewAlert>> {
        if self.config.notify.webhook.is_none() {
            return Ok(None);
        }
        let names = self.staging.asset_names()?;
        let report = Report {
            topic: self.job_name,
            status: status.name(),
            language: self.config.language,
            host: &host(),
            run: Some(&self.id.to_string()),
            failures: failures(problems, succeeded, &names),
            succeeded: succeeded.to_vec(),
        };
        alert_of(self.staging, &report, Local::now().date_naive()).map(Some)
    }

    fn notify(&self) {
        let signal = match self.ended.get() {
            Some(Status::Success) => Signal::Success,
            _ => Signal::Fail,
        };
        if self.stop.is_set() {
            return ping_quickly(self.config, signal);
        }
        // The start is heard before the end.
        if let Some(starting) = self.starting.take() {
            drop(starting.join());
        }
        ping(self.config, signal);
        send_alerts(self.staging, self.config);
    }
}

/// How a run ends for who started it. With `--partial-ok` a partial failure is none; that it was one is recorded and alerted.
pub(super) fn exit_code(status: Status, partial_ok: bool) -> u8 {
    match status {
        Status::PartialFailure if partial_ok => {
            log::warn!("failed in part; the exit code is 0 because of --partial-ok");
            0
        }
        status => status.exit_code(),
    }
}

/// Records a run that somebody started by hand and sees: nobody else is notified. `ended` says how what it gave has ended;
/// without that it has failed.
pub(super) fn recorded_quietly<T>(
    job_name: &'static str,
    staging: &Staging,
    config: &Config,
    body: impl FnOnce(Uuid) -> Result<T>,
    ended: impl FnOnce(&T) -> (Status, Vec<Problem>),
) -> Result<T> {
    let (id, lock) = staging.begin_run(job_name, None, now())?;
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
        alert: None,
    };
    staging.end_run(id, &end, now())?;
    drop(lock);
    result
}

/// What is wrong with a run as a whole.
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

/// Sends the alerts that wait.
pub(super) fn send_alerts(staging: &Staging, config: &Config) {
    if let Some(webhook) = &config.notify.webhook {
        deliver(staging, &Discord::new(webhook), now);
    }
}

/// Notifies at once that a run could not even begin: there is no staging file to keep an alert in. A wrong configuration is
/// for the person who typed it, where there is one at a terminal, and after a stop nobody is waited for.
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
            log::warn!("no alert could be sent: {why:#}");
        }
    }
    Err(error)
}

fn alert_without_staging(
    job_name: &'static str,
    config: &Config,
    error: &anyhow::Error,
) -> Result<()> {
    if config.notify.webhook.is_none() {
        return Ok(());
    }
    let problems = redacted(config, &[problem(error)]);
    let report = Report {
        topic: job_name,
        status: Status::Failure.name(),
        language: config.language,
        host: &host(),
        run: None,
        failures: failures(&problems, &[], &Default::default()),
        succeeded: Vec::new(),
    };
    let memory = Staging::in_memory()?;
    let alert = alert_of(&memory, &report, Local::now().date_naive())?;
    memory.keep_alert(&alert, now())?;
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

/// Pings for somebody who waits for the program to end.
fn ping_quickly(config: &Config, signal: Signal) {
    if let Some(heartbeat) = heartbeat(config) {
        heartbeat.ping_quickly(signal);
    }
}

/// Pings the start beside the run: a heartbeat that does not answer delays nothing, not even a stop.
fn ping_start(config: &Config) -> Option<JoinHandle<()>> {
    let heartbeat = heartbeat(config)?;
    let ping = move || heartbeat.ping(Signal::Start);
    let started = thread::Builder::new().name("ping".to_owned()).spawn(ping);
    started
        .map_err(|e| log::warn!("the heartbeat was not sent: {e}"))
        .ok()
}

/// The machine's name.
pub(super) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
