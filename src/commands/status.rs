//! `status`: whether all is well, and the facts behind it: freshness, pending rows, runs, findings.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::answer::Answer;
use super::context::{now, read_assets};
use super::healthcheck;
use super::sent_rows;
use super::settings::{NO_SETTINGS, has_settings};
use crate::cli::StatusArgs;
use crate::config::Config;
use crate::domain::asset::Asset;
use crate::domain::calendar::sub_days;
use crate::domain::run::{JobRun, in_words};
use crate::jobs::healthcheck::{Freshness, Health};
use crate::jobs::status::{Around, Record, records, worries};
use crate::output::chart::sparkline;
use crate::output::local_time::of_text;
use crate::output::numbers::{counted, whole_percent};
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};
use crate::staging::{Scope, SeriesSummary, Staging};

/// How far back the success rate goes.
const LOOKBACK: TimeDelta = TimeDelta::days(30);
/// Number of runs on the screen and in the list.
const RUNS: [u32; 2] = [5, 500];
/// Number of findings on the screen and in the list.
const FINDINGS: [u32; 2] = [5, 100_000];

/// Longest error on the screen: in a sentence, in a table's cell.
const LONGEST_ERROR: usize = 400;
const LONGEST_CELL: usize = 80;

/// Sparklines are drawn only up to this many series: they take as long as all the rest.
const MOST_LINES: usize = 500;

/// Note for a large file.
const NOT_COUNTED: &str = "The file is too large to count its rows here: `staged`, `provisional` and days far from an asset's ends are left out. \
     Its view `coverage` has them.\n";

/// Columns of the findings.
const FINDING_COLUMNS: &[&str] = &["asset_id", "source", "date", "rule", "detail"];
const SHOWN_FINDING: &[Column] = &[
    always("asset_id"),
    always("source"),
    always("date"),
    always("rule"),
    shortened("detail", 20),
];

/// A series, or an active asset without one. Its serialized fields are the JSON result.
#[derive(Serialize)]
struct SeriesRow {
    asset_id: String,
    source: Option<String>,
    first_date: Option<String>,
    last_date: Option<String>,
    /// `None` if there are too many rows to count.
    staged: Option<u64>,
    provisional: Option<u64>,
    pending: u64,
    open_findings: u64,
    /// Whether it may mix two scales.
    suspect: bool,
    /// Freshness of the asset: that of its best series in its own currency.
    freshness: Option<Freshness>,
    expected_date: Option<NaiveDate>,
    #[serde(flatten)]
    record: Record,
}

/// Columns of the table only.
#[derive(Serialize)]
struct ShownSeries<'a> {
    #[serde(flatten)]
    row: &'a SeriesRow,
    /// `29/30`: successful runs of all runs that collected the asset.
    ok_30d: String,
    last_year: String,
}

/// The record of a command.
#[derive(Serialize)]
struct CommandRow {
    job_name: String,
    #[serde(flatten)]
    record: Record,
}

/// A run. Its serialized fields are the JSON result.
#[derive(Clone, Serialize)]
struct RunRow {
    job_id: String,
    job_name: String,
    started_at: String,
    ended_at: Option<String>,
    seconds: Option<f64>,
    status: String,
    error_message: Option<String>,
    host: Option<String>,
    process_id: Option<u32>,
    version: Option<String>,
}

fn run_rows(runs: Vec<JobRun>) -> Vec<RunRow> {
    runs.into_iter().map(RunRow::from).collect()
}

impl From<JobRun> for RunRow {
    fn from(run: JobRun) -> Self {
        Self {
            job_id: run.job_id,
            job_name: run.job_name,
            started_at: run.started_at,
            ended_at: run.ended_at,
            seconds: run.seconds,
            status: run.status,
            error_message: run.error_message,
            host: run.host,
            process_id: run.process_id,
            version: run.version,
        }
    }
}

pub(super) fn run(args: &StatusArgs, config: &Config) -> Result<Answer> {
    let Some(staging) = Staging::open_to_read(&config.staging_db)? else {
        return Ok(nothing_staged(args, config));
    };
    if args.runs {
        return Ok(Answer::on_screen(
            run_rows(staging.last_runs(RUNS[1])?),
            runs_table,
        ));
    }
    if args.findings {
        let findings = staging.open_findings(FINDINGS[1])?;
        return Ok(Answer::table(findings, SHOWN_FINDING).with_columns(FINDING_COLUMNS));
    }
    let commands = records(&staging.ended_runs(now() - LOOKBACK)?);
    if args.commands {
        return Ok(Answer::on_screen(command_rows(commands), command_table));
    }
    let health = health(&staging, config)?;
    let rows = series_rows(&staging, &health)?;
    let state = State {
        staging,
        commands,
        health,
        config: config.clone(),
    };
    Ok(Answer::on_screen(rows, |rows, screen| {
        state_text(state, rows, screen)
    }))
}

fn nothing_staged(args: &StatusArgs, config: &Config) -> Answer {
    let path = config.staging_db.display();
    let first = match has_settings(config) {
        true => "`pricestash collect` creates it".to_owned(),
        false => format!("Here {NO_SETTINGS}"),
    };
    let text = format!("Nothing is staged yet: there is no {path}. {first}.\n");
    let answer = Answer::rows(Vec::<SeriesRow>::new(), |_| Ok(text));
    match args.findings {
        true => answer.with_columns(FINDING_COLUMNS),
        false => answer,
    }
}

/// The freshness of the configured assets. A broken assets file must not hide everything else.
fn health(staging: &Staging, config: &Config) -> Result<Vec<Health>> {
    let assets: Vec<Asset> = read_assets(&config.assets_file).unwrap_or_else(|error| {
        log::warn!("cannot check freshness: {error:#}");
        Vec::new()
    });
    healthcheck::of_staging(staging, &assets)
}

fn series_rows(staging: &Staging, health: &[Health]) -> Result<Vec<SeriesRow>> {
    let by_asset = records(&staging.ended_assets(now() - LOOKBACK)?);
    let series = staging.series_summaries()?;
    let staged: HashSet<&str> = series.iter().map(|s| s.asset_id.as_str()).collect();
    let suspects = staging.suspects()?;
    let suspects: HashSet<(&str, &str)> = suspects
        .iter()
        .map(|f| (f.asset_id.as_str(), f.source.as_str()))
        .collect();
    let is_suspect =
        |s: &&SeriesSummary| suspects.contains(&(s.asset_id.as_str(), s.source.as_str()));
    let missing = health
        .iter()
        .filter(|h| !staged.contains(h.asset_id.as_str()));
    let mut rows: Vec<(String, Option<&SeriesSummary>)> = series
        .iter()
        .map(|s| (s.asset_id.clone(), Some(s)))
        .chain(missing.map(|h| (h.asset_id.clone(), None)))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let health: HashMap<&str, &Health> = health.iter().map(|h| (h.asset_id.as_str(), h)).collect();
    let row = |(asset_id, series): (String, Option<&SeriesSummary>)| {
        let health = health.get(asset_id.as_str());
        SeriesRow {
            source: series.map(|s| s.source.clone()),
            first_date: series.and_then(|s| s.first_date.clone()),
            last_date: series.and_then(|s| s.last_date.clone()),
            staged: series.map_or(Some(0), |s| s.staged),
            provisional: series.map_or(Some(0), |s| s.provisional),
            pending: series.map_or(0, |s| s.pending),
            open_findings: series.map_or(0, |s| s.open_findings),
            suspect: series.as_ref().is_some_and(is_suspect),
            freshness: health.map(|h| h.status),
            expected_date: health.and_then(|h| h.expected_date),
            record: by_asset.get(&asset_id).cloned().unwrap_or_default(),
            asset_id,
        }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What the screen shows besides the series.
struct State {
    staging: Staging,
    commands: BTreeMap<String, Record>,
    health: Vec<Health>,
    config: Config,
}

/// The screen: whether all is well, then the facts behind it.
fn state_text(state: State, rows: &[SeriesRow], screen: Screen<'_>) -> Result<String> {
    let State {
        staging, commands, ..
    } = state;
    let rejected = staging.count_sync_rejects()?;
    let around = Around {
        pending: staging
            .count_pending(&Scope::default())?
            .saturating_sub(rejected),
        suspects: staging.suspects()?,
        retractions: staging.count_retractions()?,
        has_warehouse: state.config.names_warehouse(),
        sent_rows: sent_rows::worry(&state.config, &staging),
        rejected,
        refused_assets: staging.refused_assets()?,
        alerts: staging.count_alerts()?,
        cut_off: staging
            .runs_cut_off()?
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    let mut text = match worries(&state.health, &commands, &around) {
        worries if worries.is_empty() => "All is well.\n".to_owned(),
        worries => format!("Not all is well:\n- {}\n", worries.join("\n- ")),
    };
    for run in staging.running_runs()? {
        text.push_str(&format!("In progress: {run}\n"));
    }
    text.push_str(&format!(
        "\nStaged in {}, {} for PostgreSQL\n{}",
        state.config.staging_db.display(),
        counted(around.pending, "row waits", "rows wait"),
        series_table(&staging, rows, screen)?
    ));
    if rows.iter().any(|row| row.staged.is_none()) {
        text.push_str(NOT_COUNTED);
    }
    text.push_str("\nCommands, over 30 days\n");
    text.push_str(&command_table(&command_rows(commands), screen)?);
    text.push_str("\nLast runs (all: status --runs)\n");
    text.push_str(&runs_table(&run_rows(staging.last_runs(RUNS[0])?), screen)?);
    if !staging.open_findings(1)?.is_empty() {
        text.push_str("\nOpen findings, newest first (all: status --findings)\n");
        let findings = staging.open_findings(FINDINGS[0])?;
        text.push_str(&screen::table(&findings, SHOWN_FINDING, screen)?);
    }
    Ok(text)
}

fn series_table(staging: &Staging, rows: &[SeriesRow], screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("asset_id"),
        always("source"),
        always("last_date"),
        always("freshness"),
        always("pending"),
        always("open_findings").titled("findings"),
        if_room("last_year"),
        if_room("ok_30d").titled("ok 30 days"),
        if_room("staged"),
        if_room("first_date"),
        if_room("provisional"),
    ];
    let shown: Vec<ShownSeries<'_>> = rows
        .iter()
        .map(|row| {
            Ok(ShownSeries {
                row,
                ok_30d: format!("{}/{}", row.record.succeeded_30d, row.record.runs_30d),
                last_year: match rows.len() {
                    ..=MOST_LINES => last_year(staging, row, screen)?,
                    _ => String::new(),
                },
            })
        })
        .collect::<Result<_>>()?;
    screen::table(&shown, COLUMNS, screen)
}

/// A sparkline of the closes of a series' last year.
fn last_year(staging: &Staging, row: &SeriesRow, screen: Screen<'_>) -> Result<String> {
    /// One mark per month or, on a wide screen, per fortnight.
    const WIDTHS: [usize; 2] = [13, 26];
    /// Width from which the longer one fits beside everything else.
    const WIDE: usize = 120;
    let last: Option<NaiveDate> = row.last_date.as_ref().and_then(|d| d.parse().ok());
    let Some(last) = last else {
        return Ok(String::new());
    };
    let series = staging.stored_series(&row.asset_id, Some(sub_days(last, 365)))?;
    let bars = row.source.as_ref().and_then(|s| series.get(s));
    let closes: Vec<f64> = bars.into_iter().flatten().map(|b| b.values.close).collect();
    let [narrow, wide] = WIDTHS;
    let width = if screen.room(WIDE) < WIDE {
        narrow
    } else {
        wide
    };
    Ok(sparkline(&closes, width, screen.is_ascii()))
}

fn command_rows(commands: BTreeMap<String, Record>) -> Vec<CommandRow> {
    let rows = commands.into_iter();
    rows.map(|(job_name, record)| CommandRow { job_name, record })
        .collect()
}

fn command_table(rows: &[CommandRow], screen: Screen<'_>) -> Result<String> {
    #[derive(Serialize)]
    struct ShownCommand<'a> {
        command: &'a str,
        runs: u32,
        success: String,
        failed_in_a_row: u32,
        last_run: Option<String>,
        last_status: Option<&'a str>,
        last_success: Option<String>,
    }
    const COLUMNS: &[Column] = &[
        always("command"),
        always("runs"),
        always("success").number(),
        always("failed_in_a_row").titled("failures"),
        always("last_run"),
        always("last_status"),
        if_room("last_success"),
    ];
    let shown = rows
        .iter()
        .map(|CommandRow { job_name, record }| ShownCommand {
            command: job_name,
            runs: record.runs_30d,
            success: record
                .success_rate_30d
                .map(whole_percent)
                .unwrap_or_default(),
            failed_in_a_row: record.failure_streak,
            last_run: record.last_run_at.as_deref().map(of_text),
            last_status: record.last_status.as_deref(),
            last_success: record.last_success_at.as_deref().map(of_text),
        });
    let mut text = screen::table(&shown.collect::<Vec<_>>(), COLUMNS, screen)?;
    for CommandRow { job_name, record } in rows {
        if let (Some(error), Some(at)) = (&record.last_error, &record.last_error_at) {
            let error = in_words(error, LONGEST_ERROR);
            let at = of_text(at);
            text.push_str(&format!("{job_name}, last error, {at}: {error}\n"));
        }
    }
    Ok(text)
}

/// The runs, with shortened errors.
fn runs_table(runs: &[RunRow], screen: Screen<'_>) -> Result<String> {
    const COLUMNS: &[Column] = &[
        always("started_at").titled("started"),
        always("job_name").titled("command"),
        always("status"),
        always("seconds"),
        if_room("host"),
        if_room("process_id"),
        if_room("version"),
        shortened("error_message", 20),
    ];
    let short = |run: &RunRow| RunRow {
        started_at: of_text(&run.started_at),
        error_message: run
            .error_message
            .as_deref()
            .map(|message| in_words(message, LONGEST_CELL)),
        ..run.clone()
    };
    let runs: Vec<RunRow> = runs.iter().map(short).collect();
    screen::table(&runs, COLUMNS, screen)
}
