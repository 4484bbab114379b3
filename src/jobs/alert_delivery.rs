//! What is told of a run: composed for each channel when it ends, kept in the staging file, sent when the channel takes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::config::{Channel, Config, Service};
use crate::domain::alert::{Case, Facts, Failure, Report, cause, compose, pack, render};
use crate::domain::language::Language;
use crate::domain::run::Problem;
use crate::notify::{Delivery, Poster, style};
use crate::output::numbers::counted;
use crate::staging::{NewAlert, Staging, WaitingAlert};

/// A run waits for its channels no longer than this, whatever they answer; 20 seconds are promised, and the alerts have to be
/// fetched and acknowledged within them too.
const PATIENCE: Duration = Duration::from_secs(18);
/// Alerts for a channel that is no longer set are kept so long: it may only be missing where one run was started.
const KEEP_FORGOTTEN: TimeDelta = TimeDelta::days(7);

/// Turns the problems of a run into failures, one per asset that did not succeed.
#[must_use]
pub(crate) fn failures(
    problems: &[Problem],
    succeeded: &[String],
    suspects: &BTreeSet<&str>,
    names: &HashMap<String, String>,
) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for problem in problems.iter().filter(|p| !p.is_known()) {
        let asset_id = problem.asset_id().unwrap_or_default().to_owned();
        // Skips what other sources said of an asset that was collected anyway.
        if succeeded.contains(&asset_id) {
            continue;
        }
        let words = problem.words();
        match failures.iter_mut().find(|f| f.asset_id == asset_id) {
            Some(failure) => {
                failure.words.push_str(" · ");
                failure.words.push_str(&words);
            }
            None => failures.push(Failure {
                name: names.get(&asset_id).cloned().unwrap_or_default(),
                is_suspect: suspects.contains(&*asset_id),
                asset_id,
                words,
                cause: String::new(),
            }),
        }
    }
    for failure in &mut failures {
        failure.cause = cause(&failure.words);
    }
    failures
}

/// The alerts of a report, for each channel by what was said in it before.
pub(crate) fn alerts_of(
    staging: &Staging,
    report: &Report<'_>,
    channels: &[Channel],
    today: NaiveDate,
) -> Result<Vec<NewAlert>> {
    let cases = staging.alert_cases()?;
    let alerts = channels.iter().map(|channel| {
        let said = || cases.iter().filter(|((c, ..), _)| *c == channel.name);
        let known: BTreeMap<String, Case> = said()
            .filter(|((_, topic, _), _)| topic == report.topic)
            .map(|((_, _, asset), case)| (asset.clone(), case.clone()))
            .collect();
        let elsewhere = |asset: &str| {
            said().any(|((_, t, a), case)| t != report.topic && a == asset && case.named)
        };
        NewAlert {
            channel: channel.name.clone(),
            topic: report.topic,
            job_id: report.run.map(str::to_owned),
            composed: compose(report, &known, elsewhere, today),
        }
    });
    Ok(alerts.collect())
}

/// Forgets what waits for channels that are no longer set, when it is old. What goes wrong is a line in the log.
pub(crate) fn forget_channels(staging: &Staging, config: &Config, now: DateTime<Utc>) {
    let names = config.notify.channel_names();
    match staging.forget_channels(&names, now - KEEP_FORGOTTEN) {
        Ok(gone) => gone.iter().for_each(|(channel, count)| {
            log::warn!(
                "removed {} for {channel}: it has not been set for {} days",
                counted(*count, "alert", "alerts"),
                KEEP_FORGOTTEN.num_days()
            );
        }),
        Err(error) => {
            let error = staging.explain(error);
            log::warn!("alerts of channels that are not set could not be removed: {error:#}");
        }
    }
}

/// Sends what waits, to all channels at the same time. What goes wrong is a line in the log, and the alerts stay for the next time.
pub(crate) fn deliver(staging: &Staging, config: &Config, now: fn() -> DateTime<Utc>) {
    let deadline = Instant::now() + PATIENCE;
    thread::scope(|scope| {
        for channel in &config.notify.channels {
            let work = move || {
                if let Err(error) = deliver_to(channel, staging, config, deadline, now) {
                    let error = staging.explain(error);
                    log::warn!(
                        "alerts could not be fetched to be sent, or noted as sent: {error:#}"
                    );
                }
            };
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, work) {
                log::warn!("alerts are kept for the next run, no thread can be started: {error}");
            }
        }
    });
}

fn deliver_to(
    channel: &Channel,
    staging: &Staging,
    config: &Config,
    deadline: Instant,
    now: fn() -> DateTime<Utc>,
) -> Result<()> {
    let waiting = staging.claim_alerts(&channel.name, now())?;
    let style = style(channel.service);
    let alerts = waiting.iter();
    let language = language_of(channel.service, config);
    let alerts = alerts.map(|a| render(&a.facts, style, language));
    let poster = Poster::new(channel, &config.redaction);
    let mut rest: &[WaitingAlert] = &waiting;
    for (count, message) in pack(alerts.collect(), style) {
        let (these, after) = rest.split_at(count.min(rest.len()));
        let shown = channel.shown();
        let delivery = poster.post(&message, deadline);
        note(staging, config, channel, &delivery, now());
        match delivery {
            Delivery::Delivered(_) => staging.alerts_sent(these)?,
            Delivery::Refused(said) => {
                log::warn!("{shown} rejected an alert: {said}");
                staging.alerts_refused(these)?;
            }
            Delivery::WrongChannel(said) => {
                let remedy = remedy(channel.service);
                log::warn!("{shown} is wrong: {said}; {remedy}, until then alerts are kept");
                return staging.alerts_wait(rest);
            }
            Delivery::Later(said) => {
                log::warn!("cannot send an alert; it is kept for the next run: {shown}: {said}");
                return staging.alerts_wait(rest);
            }
        }
        rest = after;
    }
    Ok(())
}

/// Sends a test to all channels at the same time; gives what became of each. Nothing waits or is kept.
pub(crate) fn send_test<'a>(config: &'a Config, host: &str) -> Vec<(&'a Channel, Delivery)> {
    let deadline = Instant::now() + PATIENCE;
    let facts = Facts::Test {
        host: host.to_owned(),
    };
    let post = &|channel: &Channel| {
        let language = language_of(channel.service, config);
        let message = render(&facts, style(channel.service), language);
        Poster::new(channel, &config.redaction).post(&message, deadline)
    };
    thread::scope(|scope| {
        let start = |channel| thread::Builder::new().spawn_scoped(scope, move || post(channel));
        let channels = config.notify.channels.iter();
        let posting: Vec<_> = channels.map(|c| (c, start(c))).collect();
        let ended = posting.into_iter().map(|(channel, started)| {
            let delivery = started.ok().and_then(|thread| thread.join().ok());
            let none = || Delivery::Later("no thread can be started".to_owned());
            (channel, delivery.unwrap_or_else(none))
        });
        ended.collect()
    })
}

/// The language of who reads a channel: of JSON, programs do.
fn language_of(service: Service, config: &Config) -> Language {
    match service {
        Service::Json => Language::English,
        _ => config.language,
    }
}

/// Remembers what became of a channel's last message. What goes wrong is a line in the log.
pub(crate) fn note(
    staging: &Staging,
    config: &Config,
    channel: &Channel,
    delivery: &Delivery,
    now: DateTime<Utc>,
) {
    let failed = match delivery {
        Delivery::Delivered(_) => None,
        Delivery::Refused(said) | Delivery::WrongChannel(said) | Delivery::Later(said) => {
            Some(config.redaction.text(said))
        }
    };
    if let Err(error) = staging.note_delivery(&channel.name, failed.as_deref(), now) {
        let error = staging.explain(error);
        log::warn!("what became of an alert could not be noted: {error:#}");
    }
}

/// What to do about a channel that is wrong.
#[must_use]
pub(crate) fn remedy(service: Service) -> &'static str {
    match service {
        Service::Discord => "make a new webhook in the channel's settings and set it",
        Service::Slack => "make a new incoming webhook for the channel and set it",
        Service::Telegram => {
            "look at the bot's token and the chat's id; a person has to write to the bot first, a group has to have it as a member"
        }
        Service::Ntfy => {
            "look at the server, the topic, and whether the user or token may publish to it"
        }
        Service::Json => "look at the address, and at what it wants to know of who posts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_become_one_failure_for_each_asset_that_is_not_well() {
        let problems = [
            Problem::of_source("A", "naver", "HTTP 404"),
            Problem::of_source("B", "naver", "HTTP 503"),
            Problem::of_asset("A", "no source has a bar"),
            Problem::of_run("gaps could not be noted"),
        ];
        let names = HashMap::from([("A".to_owned(), "The A".to_owned())]);
        let suspects = BTreeSet::from(["A"]);
        let failures = failures(&problems, &["B".to_owned()], &suspects, &names);
        let said: Vec<_> = failures
            .iter()
            .map(|f| (&*f.asset_id, &*f.name, &*f.words, f.is_suspect))
            .collect();
        assert_eq!(
            said,
            [
                ("A", "The A", "naver: HTTP 404 · no source has a bar", true),
                ("", "", "gaps could not be noted", false)
            ]
        );
    }
}
