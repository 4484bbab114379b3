//! `metrics`: numbers for a monitor, in the text format of Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use chrono::TimeDelta;

use super::answer::Answer;
use super::context::{now, read_assets, read_staging};
use super::healthcheck;
use super::result_place::{PROMETHEUS, result_place, take_ending};
use crate::cli::MetricsArgs;
use crate::config::Config;
use crate::domain::timestamp;
use crate::jobs::healthcheck::{Freshness, Health};
use crate::jobs::status::{Record, records};
use crate::output::prometheus::{Gauge, text};
use crate::process::result_file::Place;
use crate::staging::{FindingRow, Scope, Staging};

/// How far back runs are looked at.
const LOOKBACK: TimeDelta = TimeDelta::days(30);
/// More open findings than this are not counted by rule.
const MOST_FINDINGS: u32 = 1_000_000;

pub(super) fn run(args: &MetricsArgs, config: &Config) -> Result<Answer> {
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let place = result_place(path, &PROMETHEUS, take_ending(&PROMETHEUS), config)?;
    let staging = read_staging(config)?;
    let assets = read_assets(&config.assets_file)?;
    let health = healthcheck::of_staging(&staging, &assets)?;
    let commands = records(&staging.ended_runs(now() - LOOKBACK)?);
    let mut gauges = of_assets(&health, &staging.suspects()?);
    gauges.extend(of_runs(&commands));
    gauges.extend(of_file(&staging)?);
    let metrics = config.redaction.text(&text(&gauges));
    if place == Place::Stdout {
        return Ok(Answer::text(metrics));
    }
    place.write(|to| Ok(to.write_all(metrics.as_bytes())?))?;
    Ok(Answer::written(String::new()))
}

fn yes(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// A count. Above 2^53 it is the nearest double.
#[allow(
    clippy::cast_precision_loss,
    reason = "Prometheus has doubles only, and no file has as many rows"
)]
fn count(number: u64) -> f64 {
    number as f64
}

/// Seconds since 1970 of a stored time; `None` where it is none.
#[allow(
    clippy::cast_precision_loss,
    reason = "seconds of any year that matters are exact"
)]
fn seconds(at: Option<&String>) -> Option<f64> {
    let time = timestamp::from_text(at?)?;
    Some(time.timestamp() as f64)
}

fn of_assets(health: &[Health], suspects: &[FindingRow]) -> Vec<Gauge> {
    let suspects: BTreeSet<&str> = suspects.iter().map(|f| f.asset_id.as_str()).collect();
    let fresh = health.iter().map(|h| {
        let is_fresh = h.status == Freshness::Ok;
        (h.asset_id.as_str(), yes(is_fresh))
    });
    let newest = health.iter().filter_map(|h| {
        let midnight = h.actual_date?.and_time(chrono::NaiveTime::MIN).and_utc();
        Some((
            h.asset_id.as_str(),
            seconds(Some(&timestamp::to_text(midnight)))?,
        ))
    });
    let with_bars = health.iter().filter(|h| h.actual_date.is_some());
    vec![
        Gauge::new(
            "pricestash_asset_fresh",
            "Whether the newest price of an active asset is as recent as it should be (healthcheck).",
        )
        .with_all("asset", fresh),
        Gauge::new(
            "pricestash_asset_newest_bar_timestamp_seconds",
            "The session of the newest bar, at midnight UTC.",
        )
        .with_all("asset", newest),
        Gauge::new(
            "pricestash_asset_missing_sessions",
            "Sessions of the last 30 days that are due and have no bar.",
        )
        .with_all(
            "asset",
            // Without any bar it is not known which sessions were due.
            with_bars.map(|h| {
                let missing = u32::try_from(h.missing.len()).map_or(f64::MAX, f64::from);
                (h.asset_id.as_str(), missing)
            }),
        ),
        Gauge::new(
            "pricestash_asset_suspect",
            "Whether the series of an active asset may hold two scales.",
        )
        .with_all(
            "asset",
            health.iter().map(|h| {
                let id = h.asset_id.as_str();
                (id, yes(suspects.contains(id)))
            }),
        ),
    ]
}

fn of_runs(commands: &BTreeMap<String, Record>) -> Vec<Gauge> {
    let each = |value: fn(&Record) -> Option<f64>| {
        let values = commands.iter();
        values.filter_map(move |(name, record)| Some((name.as_str(), value(record)?)))
    };
    let label = "command";
    vec![
        Gauge::new(
            "pricestash_last_run_timestamp_seconds",
            "When the newest ended run of a command began, of the last 30 days.",
        )
        .with_all(label, each(|r| seconds(r.last_run_at.as_ref()))),
        Gauge::new(
            "pricestash_last_success_timestamp_seconds",
            "When the newest successful run of a command began, of the last 30 days.",
        )
        .with_all(label, each(|r| seconds(r.last_success_at.as_ref()))),
        Gauge::new(
            "pricestash_failures_in_a_row",
            "Runs of a command since its last success that did not succeed.",
        )
        .with_all(label, each(|r| Some(r.failure_streak.into()))),
        Gauge::new(
            "pricestash_runs_30d",
            "Runs of a command that ended, over 30 days.",
        )
        .with_all(label, each(|r| Some(r.runs_30d.into()))),
        Gauge::new(
            "pricestash_runs_succeeded_30d",
            "Runs of a command that succeeded, over 30 days.",
        )
        .with_all(label, each(|r| Some(r.succeeded_30d.into()))),
    ]
}

fn of_file(staging: &Staging) -> Result<Vec<Gauge>> {
    let mut by_rule: BTreeMap<String, u32> = BTreeMap::new();
    for finding in staging.open_findings(MOST_FINDINGS)? {
        *by_rule.entry(finding.rule).or_default() += 1;
    }
    let rejected = staging.count_sync_rejects()?;
    let pending = staging.count_pending(&Scope::default())?;
    let alerts = staging.count_alerts()?;
    let one = |name, help, value| Gauge::new(name, help).with(&[], count(value));
    Ok(vec![
        Gauge::new("pricestash_open_findings", "Open findings by rule.").with_all(
            "rule",
            by_rule.iter().map(|(rule, n)| (rule.as_str(), (*n).into())),
        ),
        one(
            "pricestash_pending_rows",
            "Rows that wait for PostgreSQL, without rejected ones.",
            pending.saturating_sub(rejected),
        ),
        one(
            "pricestash_rejected_rows",
            "Rows that PostgreSQL rejected.",
            rejected,
        ),
        Gauge::new(
            "pricestash_waiting_alerts",
            "Alerts that wait to be sent, by channel.",
        )
        .with_all(
            "channel",
            alerts.iter().map(|(name, n)| (name.as_str(), count(*n))),
        ),
        Gauge::new("pricestash_build_info", "The program, by its version.")
            .with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0),
    ])
}
