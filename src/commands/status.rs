//! `status`: whether all is well, and what that is made of: freshness, pending rows, runs, findings.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::context::{now, read_assets};
use super::healthcheck;
use super::printed::Printed;
use crate::cli::{Format, StatusArgs};
use crate::config::Config;
use crate::domain::asset::Asset;
use crate::domain::calendar::sub_days;
use crate::domain::run::{JobRun, in_words};
use crate::jobs::healthcheck::{Freshness, Health};
use crate::jobs::status::{Around, Record, records, worries};
use crate::output::chart::sparkline;
use crate::output::numbers::counted;
use crate::output::table;
use crate::output::terminal::Terminal;
use crate::staging::{AssetSummary, Scope, Staging};

/// How far back success is counted.
const LOOKBACK: TimeDelta = TimeDelta::days(30);
/// Runs in the one screen, and in the list.
const RUNS: [u32; 2] = [5, 500];
/// Findings in the one screen, and in the list.
const FINDINGS: [u32; 2] = [5, 100_000];

/// Characters of an error in the one screen: in a sentence, in a table's cell.
const LONGEST_ERROR: usize = 400;
const LONGEST_CELL: usize = 80;

/// The columns of `--findings`.
pub(super) const FINDING_COLUMNS: &[&str] = &["asset_id", "source", "date", "rule", "detail"];

/// A series, or an active asset without one. Its serialized fields are the JSON result.
#[derive(Serialize)]
struct SeriesRow {
    asset_id: String,
    source: Option<String>,
    first_date: Option<String>,
    last_date: Option<String>,
    staged: u64,
    provisional: u64,
    pending: u64,
    open_findings: u64,
    /// Of the asset: that of its best series in its own currency.
    freshness: Option<Freshness>,
    expected_date: Option<NaiveDate>,
    #[serde(flatten)]
    record: Record,
}

/// What stands in the table only.
#[derive(Serialize)]
struct ShownSeries<'a> {
    #[serde(flatten)]
    row: &'a SeriesRow,
    /// `29/30`: runs that collected the asset.
    ok_30d: String,
    last_year: String,
}

/// A command's record.
#[derive(Serialize)]
struct CommandRow<'a> {
    job_name: &'a str,
    #[serde(flatten)]
    record: &'a Record,
}

/// A run. Its serialized fields are the JSON result.
#[derive(Serialize)]
struct RunRow<'a> {
    job_id: &'a str,
    job_name: &'a str,
    started_at: &'a str,
    ended_at: Option<&'a str>,
    seconds: Option<f64>,
    status: &'a str,
    error_message: Option<String>,
    host: Option<&'a str>,
    process_id: Option<u32>,
    version: Option<&'a str>,
}

impl<'a> RunRow<'a> {
    fn new(run: &'a JobRun, format: Format) -> Self {
        let message = run.error_message.as_deref();
        Self {
            job_id: &run.job_id,
            job_name: &run.job_name,
            started_at: &run.started_at,
            ended_at: run.ended_at.as_deref(),
            seconds: run.seconds,
            status: &run.status,
            error_message: message.map(|message| match format {
                Format::Json => message.to_owned(),
                Format::Table => in_words(message, LONGEST_CELL),
            }),
            host: run.host.as_deref(),
            process_id: run.process_id,
            version: run.version.as_deref(),
        }
    }
}

pub(super) fn run(args: &StatusArgs, format: Format, config: &Config) -> Result<Printed> {
    let Some(staging) = Staging::open_to_read(&config.staging_db)? else {
        let path = config.staging_db.display();
        return Ok(Printed::success(match format {
            Format::Json => "[]\n".to_owned(),
            Format::Table => format!(
                "Nothing is staged yet: there is no {path}. `pricestash collect` makes it.\n"
            ),
        }));
    };
    let commands = records(&staging.ended_runs(now() - LOOKBACK)?);
    let text = match (args, format) {
        (StatusArgs { runs: true, .. }, _) => runs(&staging, RUNS[1], format)?,
        (StatusArgs { findings: true, .. }, _) => findings(&staging, FINDINGS[1], format)?,
        (StatusArgs { commands: true, .. }, _) => command_list(&commands, format)?,
        (_, Format::Json) => table::json(&series_rows(&staging, &health(&staging, config)?)?)?,
        (_, Format::Table) => state_text(&staging, &commands, config)?,
    };
    Ok(Printed::success(text))
}

/// The freshness of the configured assets. A broken assets file must not hide everything else.
fn health(staging: &Staging, config: &Config) -> Result<Vec<Health>> {
    let assets: Vec<Asset> = read_assets(&config.assets_file).unwrap_or_else(|error| {
        log::warn!("freshness is not known: {error:#}");
        Vec::new()
    });
    healthcheck::of_staging(staging, &assets)
}

fn series_rows(staging: &Staging, health: &[Health]) -> Result<Vec<SeriesRow>> {
    let by_asset = records(&staging.ended_assets(now() - LOOKBACK)?);
    let series = staging.asset_summaries()?;
    let missing = health
        .iter()
        .filter(|h| !series.iter().any(|s| s.asset_id == h.asset_id));
    let mut rows: Vec<(String, Option<&AssetSummary>)> = series
        .iter()
        .map(|s| (s.asset_id.clone(), Some(s)))
        .chain(missing.map(|h| (h.asset_id.clone(), None)))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let row = |(asset_id, series): (String, Option<&AssetSummary>)| {
        let health = health.iter().find(|h| h.asset_id == asset_id);
        SeriesRow {
            source: series.map(|s| s.source.clone()),
            first_date: series.map(|s| s.first_date.clone()),
            last_date: series.map(|s| s.last_date.clone()),
            staged: series.map_or(0, |s| s.staged),
            provisional: series.map_or(0, |s| s.provisional),
            pending: series.map_or(0, |s| s.pending),
            open_findings: series.map_or(0, |s| s.open_findings),
            freshness: health.map(|h| h.status),
            expected_date: health.and_then(|h| h.expected_date),
            record: by_asset.get(&asset_id).cloned().unwrap_or_default(),
            asset_id,
        }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The one screen: whether all is well, then what that is made of.
fn state_text(
    staging: &Staging,
    commands: &BTreeMap<String, Record>,
    config: &Config,
) -> Result<String> {
    let health = health(staging, config)?;
    let around = Around {
        pending: staging.count_pending(&Scope::default())?,
        has_warehouse: config.sync.database_url.is_some(),
        rejected: staging.count_sync_rejects()?,
        alerts: staging.count_alerts()?,
        cut_off: staging
            .runs_cut_off()?
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    let mut text = match worries(&health, commands, &around) {
        worries if worries.is_empty() => "All is well.\n".to_owned(),
        worries => format!("Not all is well:\n- {}\n", worries.join("\n- ")),
    };
    for run in staging.running_runs()? {
        text.push_str(&format!("Under way: {run}\n"));
    }
    let rows = series_rows(staging, &health)?;
    text.push_str(&format!(
        "\nStaged in {}, {} for PostgreSQL\n{}",
        config.staging_db.display(),
        counted(around.pending, "row waits", "rows wait"),
        series_table(staging, &rows)?
    ));
    text.push_str("\nCommands, over 30 days\n");
    text.push_str(&command_list(commands, Format::Table)?);
    text.push_str("\nLast runs (all: status --runs)\n");
    text.push_str(&runs(staging, RUNS[0], Format::Table)?);
    if !staging.open_findings(1)?.is_empty() {
        text.push_str("\nOpen findings, newest first (all: status --findings)\n");
        text.push_str(&findings(staging, FINDINGS[0], Format::Table)?);
    }
    Ok(text)
}

fn series_table(staging: &Staging, rows: &[SeriesRow]) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "asset_id",
        "source",
        "staged",
        "first_date",
        "last_date",
        "freshness",
        "provisional",
        "pending",
        "open_findings",
        "ok_30d",
        "last_year",
    ];
    let shown: Vec<ShownSeries<'_>> = rows
        .iter()
        .map(|row| {
            Ok(ShownSeries {
                row,
                ok_30d: format!("{}/{}", row.record.succeeded_30d, row.record.runs_30d),
                last_year: last_year(staging, row)?,
            })
        })
        .collect::<Result<_>>()?;
    table::table(&shown, COLUMNS)
}

/// The closes of a series' last year as a line.
fn last_year(staging: &Staging, row: &SeriesRow) -> Result<String> {
    /// A mark for about a fortnight.
    const WIDTH: usize = 26;
    let ascii = Terminal::of_stdout().style.ascii;
    let last: Option<NaiveDate> = row.last_date.as_ref().and_then(|d| d.parse().ok());
    let series = staging.stored_series(&row.asset_id, last.map(|d| sub_days(d, 365)))?;
    let bars = row.source.as_ref().and_then(|s| series.get(s));
    let closes: Vec<f64> = bars.into_iter().flatten().map(|b| b.values.close).collect();
    Ok(sparkline(&closes, WIDTH, ascii))
}

fn command_list(commands: &BTreeMap<String, Record>, format: Format) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "job_name",
        "runs_30d",
        "succeeded_30d",
        "success_rate_30d",
        "failure_streak",
        "last_run_at",
        "last_status",
        "last_success_at",
    ];
    let rows: Vec<CommandRow<'_>> = commands
        .iter()
        .map(|(job_name, record)| CommandRow { job_name, record })
        .collect();
    let Format::Table = format else {
        return table::json(&rows);
    };
    let mut text = table::table(&rows, COLUMNS)?;
    for (name, record) in commands {
        if let (Some(error), Some(at)) = (&record.last_error, &record.last_error_at) {
            let error = in_words(error, LONGEST_ERROR);
            text.push_str(&format!("{name}, last error, {at}: {error}\n"));
        }
    }
    Ok(text)
}

fn runs(staging: &Staging, limit: u32, format: Format) -> Result<String> {
    let columns = &[
        "started_at",
        "job_name",
        "status",
        "seconds",
        "host",
        "process_id",
        "version",
        "error_message",
    ];
    let runs = staging.last_runs(limit)?;
    let rows: Vec<_> = runs.iter().map(|run| RunRow::new(run, format)).collect();
    match format {
        Format::Json => table::json(&rows),
        Format::Table => table::table(&rows, columns),
    }
}

fn findings(staging: &Staging, limit: u32, format: Format) -> Result<String> {
    let findings = staging.open_findings(limit)?;
    match format {
        Format::Json => table::json(&findings),
        Format::Table => table::table(&findings, FINDING_COLUMNS),
    }
}
