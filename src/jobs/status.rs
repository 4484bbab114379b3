//! `status`: am I fine? Facts from runs and freshness, and the sentences that follow from them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::healthcheck::{Freshness, Health};
use crate::output::numbers::{counted, first_five};
use crate::staging::{Ended, FindingRow};

/// The record of a command or asset over the last 30 days.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Record {
    /// Runs that ended.
    pub(crate) runs_30d: u32,
    /// Those that succeeded.
    pub(crate) succeeded_30d: u32,
    /// Their share, from 0 to 1.
    pub(crate) success_rate_30d: Option<f64>,
    /// Failures since the last success.
    pub(crate) failure_streak: u32,
    /// Error of the last failure.
    pub(crate) last_error: Option<String>,
    /// Time of the last failure.
    pub(crate) last_error_at: Option<String>,
    /// Start of the last run.
    pub(crate) last_run_at: Option<String>,
    /// Status of the last run.
    pub(crate) last_status: Option<String>,
    /// Start of the last success.
    pub(crate) last_success_at: Option<String>,
}

impl Record {
    /// Adds the next run in time order.
    fn take(&mut self, run: &Ended) {
        self.runs_30d += 1;
        if run.succeeded {
            self.succeeded_30d += 1;
            self.failure_streak = 0;
            self.last_success_at = Some(run.started_at.clone());
        } else {
            self.failure_streak += 1;
            self.last_error.clone_from(&run.error);
            self.last_error_at = Some(run.started_at.clone());
        }
        self.last_run_at = Some(run.started_at.clone());
        self.last_status = Some(run.status.clone());
        let rate = f64::from(self.succeeded_30d) / f64::from(self.runs_30d);
        self.success_rate_30d = Some((rate * 1000.0).round() / 1000.0);
    }
}

/// The records of everything that runs name (a command, an asset), from runs in time order.
#[must_use]
pub(crate) fn records(runs: &[Ended]) -> BTreeMap<String, Record> {
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for run in runs {
        records.entry(run.name.clone()).or_default().take(run);
    }
    records
}

/// Facts besides the series and the records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// The findings that make a series suspect, by asset.
    pub(crate) suspects: Vec<FindingRow>,
    /// Rows that the next sync sends to the warehouse.
    pub(crate) pending: u64,
    /// Retracted bars that the warehouse may still have.
    pub(crate) retractions: u64,
    /// Whether a warehouse is configured.
    pub(crate) has_warehouse: bool,
    /// Rows that the warehouse rejected.
    pub(crate) rejected: u64,
    /// The assets that the warehouse refuses, each with the reason.
    pub(crate) refused_assets: Vec<(String, String)>,
    /// What is wrong with the rows sent before, in words; `None` if nothing is, or none was sent.
    pub(crate) sent_rows: Option<String>,
    /// Alerts that wait to be sent, by channel.
    pub(crate) alerts: BTreeMap<String, u64>,
    /// Runs whose process died, which no start has closed yet.
    pub(crate) cut_off: Vec<String>,
}

/// What is wrong, one sentence each; empty if all is well.
#[must_use]
pub(crate) fn worries(
    health: &[Health],
    commands: &BTreeMap<String, Record>,
    around: &Around,
) -> Vec<String> {
    let mut worries = Vec::new();
    let stale: Vec<&str> = health
        .iter()
        .filter(|h| h.status != Freshness::Ok)
        .map(|h| h.asset_id.as_str())
        .collect();
    if !stale.is_empty() {
        let all = health.len();
        worries.push(format!(
            "{} of {} not fresh: {}",
            stale.len(),
            counted(all, "asset is", "assets are"),
            first_five(&stale)
        ));
    }
    worries.extend(suspects(&around.suspects));
    for (name, record) in commands.iter().filter(|(_, r)| r.failure_streak > 0) {
        let status = record.last_status.as_deref().unwrap_or_default();
        worries.push(match record.failure_streak {
            1 => format!("the last {name} ended with {status}"),
            n => format!(
                "the last {n} runs of {name} did not succeed; the newest ended with {status}"
            ),
        });
    }
    for run in &around.cut_off {
        worries.push(format!(
            "the process of {run} is gone; the next run closes it as abandoned"
        ));
    }
    worries.extend(about_warehouse(around));
    if !around.alerts.is_empty() {
        let alerts = counted(around.alerts.values().sum::<u64>(), "alert", "alerts");
        let channels: Vec<&str> = around.alerts.keys().map(String::as_str).collect();
        let channels = channels.join(", ");
        worries.push(format!("{alerts} could not be sent yet, to {channels}"));
    }
    worries
}

/// What the warehouse lacks.
fn about_warehouse(around: &Around) -> Vec<String> {
    let mut worries: Vec<String> = around.sent_rows.iter().cloned().collect();
    if around.rejected > 0 {
        worries.push(format!(
            "PostgreSQL rejected {}; see the table sync_reject; `pricestash sync --full` retries",
            counted(around.rejected, "row", "rows")
        ));
    }
    for (asset, why) in &around.refused_assets {
        worries.push(format!("PostgreSQL refuses the asset {asset}: {why}"));
    }
    if around.pending > 0 && around.has_warehouse {
        worries.push(counted(
            around.pending,
            "row waits for PostgreSQL; `pricestash sync` sends it",
            "rows wait for PostgreSQL; `pricestash sync` sends them",
        ));
    }
    if around.retractions > 0 && around.has_warehouse {
        worries.push(counted(
            around.retractions,
            "retracted bar is still in PostgreSQL; `pricestash sync` removes it",
            "retracted bars are still in PostgreSQL; `pricestash sync` removes them",
        ));
    }
    worries
}

/// The suspect assets, each with its first finding and how to settle it.
fn suspects(findings: &[FindingRow]) -> impl Iterator<Item = String> {
    let assets = findings.chunk_by(|a, b| a.asset_id == b.asset_id);
    assets.filter_map(|findings| {
        let (first, last) = (findings.first()?, findings.last()?);
        let FindingRow {
            asset_id,
            source,
            date,
            rule,
            detail,
        } = first;
        let when = match findings.len() {
            1 => date.clone(),
            n => format!("{date}, the last of {n} on {}", last.date),
        };
        Some(format!(
            "{asset_id} ({source}) may mix two scales: {rule} on {when}: {detail}; if that is correct, `pricestash waive {asset_id} {date} --rule {rule} --reason …`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, at: &str, error: Option<&str>) -> Ended {
        Ended {
            name: name.to_owned(),
            started_at: at.to_owned(),
            status: if error.is_some() {
                "failure"
            } else {
                "success"
            }
            .to_owned(),
            succeeded: error.is_none(),
            error: error.map(str::to_owned),
        }
    }

    fn suspect(date: &str) -> FindingRow {
        FindingRow {
            asset_id: "A".to_owned(),
            source: "yahoo".to_owned(),
            date: date.to_owned(),
            rule: "scale_step".to_owned(),
            detail: "close 50 after 100".to_owned(),
        }
    }

    #[test]
    fn a_record_counts_and_remembers_the_last_error() {
        let runs = [
            run("collect", "1", Some("down")),
            run("collect", "2", None),
            run("sync", "3", None),
            run("collect", "4", Some("gone")),
            run("collect", "5", Some("still gone")),
        ];
        let records = records(&runs);
        let collect = &records["collect"];
        assert_eq!((collect.runs_30d, collect.succeeded_30d), (4, 1));
        assert_eq!(
            (collect.success_rate_30d, collect.failure_streak),
            (Some(0.25), 2)
        );
        assert_eq!(collect.last_error.as_deref(), Some("still gone"));
        assert_eq!(
            (
                collect.last_error_at.as_deref(),
                collect.last_success_at.as_deref()
            ),
            (Some("5"), Some("2"))
        );
        assert_eq!(
            (records["sync"].failure_streak, &records["sync"].last_error),
            (0, &None)
        );
    }

    #[test]
    fn worries_are_sentences_and_none_means_fine() {
        let good = records(&[run("collect", "1", None)]);
        let around = Around {
            pending: 3,
            ..Around::default()
        };
        // Without a warehouse rows may wait.
        assert!(worries(&[], &good, &around).is_empty());
        let bad = records(&[run("sync", "1", Some("x")), run("sync", "2", Some("x"))]);
        let around = Around {
            has_warehouse: true,
            sent_rows: Some("the rows that were sent before are gone".to_owned()),
            suspects: ["2026-01-05", "2026-01-06"].map(suspect).into(),
            rejected: 1,
            alerts: [("discord", 1), ("webhook", 2)]
                .map(|(channel, count)| (channel.to_owned(), count))
                .into(),
            cut_off: vec!["collect (process 7 on nas) since then".to_owned()],
            ..around
        };
        assert_eq!(
            worries(&[], &bad, &around),
            [
                "A (yahoo) may mix two scales: scale_step on 2026-01-05, the last of 2 on 2026-01-06: close 50 after 100; \
                 if that is correct, `pricestash waive A 2026-01-05 --rule scale_step --reason …`",
                "the last 2 runs of sync did not succeed; the newest ended with failure",
                "the process of collect (process 7 on nas) since then is gone; the next run closes it as abandoned",
                "the rows that were sent before are gone",
                "PostgreSQL rejected 1 row; see the table sync_reject; `pricestash sync --full` retries",
                "3 rows wait for PostgreSQL; `pricestash sync` sends them",
                "3 alerts could not be sent yet, to discord, webhook",
            ]
        );
    }
}
