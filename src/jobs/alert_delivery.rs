//! Alerts of a run: composed when it ends, kept in the staging file, sent when Discord accepts them.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::alert::{Case, Failure, Report, cause, compose, pack};
use crate::domain::run::Problem;
use crate::notify::{Delivery, Discord};
use crate::staging::{NewAlert, Staging, WaitingAlert};

/// A run waits no longer than this for Discord. We promise 20 seconds, and reading and acknowledging the alerts must
/// fit in them too.
const PATIENCE: Duration = Duration::from_secs(18);

/// Turns the problems of a run into failures, one per asset that did not succeed.
#[must_use]
pub(crate) fn failures(
    problems: &[Problem],
    succeeded: &[String],
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

/// Composes the alert of a report, given what was reported before.
pub(crate) fn alert_of(
    staging: &Staging,
    report: &Report<'_>,
    today: NaiveDate,
) -> Result<NewAlert> {
    let cases = staging.alert_cases()?;
    let known: BTreeMap<String, Case> = cases
        .iter()
        .filter(|((topic, _), _)| topic == report.topic)
        .map(|((_, asset), case)| (asset.clone(), case.clone()))
        .collect();
    let elsewhere = |asset: &str| {
        let mut others = cases.iter();
        others.any(|((t, a), case)| t != report.topic && a == asset && case.named)
    };
    Ok(NewAlert {
        topic: report.topic,
        job_id: report.run.map(str::to_owned),
        composed: compose(report, &known, elsewhere, today),
    })
}

/// Sends the waiting alerts. Errors are logged, and the alerts stay for the next run.
pub(crate) fn deliver(staging: &Staging, discord: &Discord, now: fn() -> DateTime<Utc>) {
    if let Err(error) = try_deliver(staging, discord, now) {
        let error = staging.explain(error);
        log::warn!("cannot read the waiting alerts or mark them as sent: {error:#}");
    }
}

fn try_deliver(staging: &Staging, discord: &Discord, now: fn() -> DateTime<Utc>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let waiting = staging.claim_alerts(now())?;
    let contents: Vec<String> = waiting.iter().map(|a| a.content.clone()).collect();
    let mut rest: &[WaitingAlert] = &waiting;
    for (count, content) in pack(&contents) {
        let (these, after) = rest.split_at(count.min(rest.len()));
        match discord.post(&content, deadline) {
            Delivery::Delivered => staging.alerts_sent(these)?,
            Delivery::Refused(said) => {
                log::warn!("ALERT_WEBHOOK_URL rejected an alert: {said}");
                staging.alerts_refused(these)?;
            }
            Delivery::WrongWebhook(said) => {
                log::warn!(
                    "ALERT_WEBHOOK_URL is wrong: {said}; create a new webhook in the channel's settings and set it; until then alerts are kept"
                );
                return staging.alerts_wait(rest);
            }
            Delivery::Later(said) => {
                log::warn!("cannot send an alert; it is kept for the next run: {said}");
                return staging.alerts_wait(rest);
            }
        }
        rest = after;
    }
    Ok(())
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
        let failures = failures(&problems, &["B".to_owned()], &names);
        let said: Vec<_> = failures
            .iter()
            .map(|f| (f.asset_id.as_str(), f.name.as_str(), f.words.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("A", "The A", "naver: HTTP 404 · no source has a bar"),
                ("", "", "gaps could not be noted")
            ]
        );
    }
}
