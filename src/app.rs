//! The composition root: configuration and a command become stores, a job, and what is printed.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::asset::{Asset, AssetId, parse_assets};
use crate::cli::{Cli, CollectArgs, Command, Format, Schema, SchemaArgs, SyncArgs};
use crate::config::{Config, ConfigError};
use crate::feed::{Feed, Http, Replay};
use crate::job::collect::{self, AssetOutcome, Collector, WindowArgs};
use crate::job::sync;
use crate::job_run::{Problem, Status};
use crate::render;
use crate::staging::{self, Scope, Staging};
use crate::warehouse::{self, Target, Warehouse};

/// What a command prints, and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// For stdout.
    pub text: String,
    /// 0 success, 1 failure, 3 partial failure.
    pub exit_code: u8,
}

impl Printed {
    fn success(text: String) -> Self {
        Self { text, exit_code: 0 }
    }
}

/// Runs a command.
///
/// # Errors
/// [`ConfigError`] for wrong usage or configuration, otherwise why nothing could be done.
pub fn run(cli: &Cli, config: &Config) -> Result<Printed> {
    match &cli.command {
        Command::Collect(args) => run_collect(args, cli.format, config),
        Command::Sync(args) => run_sync(args, cli.format, config),
        Command::Status => run_status(cli.format, config),
        Command::Assets => run_assets(cli.format, config),
        Command::Schema(args) => run_schema(args, cli.format, config),
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn read_assets(path: &Path) -> Result<Vec<Asset>> {
    let bytes = fs::read(path).map_err(|e| {
        ConfigError(format!("ASSETS_FILE is {path:?}, which cannot be read ({e}); it should be a file like data/assets.toml"))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| ConfigError(format!("{}: it is not UTF-8 text", path.display())))?;
    Ok(parse_assets(&text).map_err(|why| ConfigError(format!("{}: {why}", path.display())))?)
}

/// The assets to collect: those that were named, else the active ones.
fn choose<'a>(assets: &'a [Asset], wanted: &[String]) -> Result<Vec<&'a Asset>> {
    if wanted.is_empty() {
        let active: Vec<&Asset> = assets.iter().filter(|a| a.active).collect();
        anyhow::ensure!(
            !active.is_empty(),
            ConfigError("no asset in the assets file is active".to_owned())
        );
        return Ok(active);
    }
    for id in wanted {
        if !assets.iter().any(|a| a.id.as_str() == id) {
            let known: Vec<&str> = assets.iter().map(|a| a.id.as_str()).collect();
            return Err(ConfigError(format!(
                "--assets names {id:?}, the assets file has {}",
                known.join(", ")
            ))
            .into());
        }
    }
    Ok(assets
        .iter()
        .filter(|a| wanted.iter().any(|id| a.id.as_str() == id))
        .collect())
}

fn check_window(args: &CollectArgs) -> Result<WindowArgs, ConfigError> {
    let (start, end) = (args.start, args.end);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(ConfigError(format!("--start {start} is after --end {end}")));
    }
    // Nowhere on earth is it later than this.
    let tomorrow = (now() + TimeDelta::hours(14)).date_naive();
    if let Some(start) = start.filter(|s| *s > tomorrow) {
        return Err(ConfigError(format!("--start {start} lies in the future")));
    }
    Ok(WindowArgs {
        start,
        end,
        days: args.days,
    })
}

fn run_collect(args: &CollectArgs, format: Format, config: &Config) -> Result<Printed> {
    let window = check_window(args)?;
    let assets = read_assets(&config.assets_file)?;
    let chosen = choose(&assets, &args.assets)?;
    let feed = open_feed(args, config)?;
    let options = collect::Options {
        window,
        dry_run: args.dry_run,
        final_only: args.final_only,
        heal: !args.no_heal,
        retry: config.fetch.retry,
    };
    let outcome = if args.dry_run {
        let staging =
            Staging::open_existing(&config.staging_db)?.map_or_else(Staging::in_memory, Ok)?;
        collector(&*feed, &staging, options, uuid::Uuid::nil()).run(&chosen)
    } else {
        let staging = Staging::open(&config.staging_db)?;
        staging.put_assets(&assets)?;
        let (job_id, lock) = staging.begin_run("collect", now())?;
        let outcome = collector(&*feed, &staging, options, job_id).run(&chosen);
        staging.end_run(
            job_id,
            outcome.status(),
            &outcome.problems(),
            &render::json(&outcome.assets)?,
            now(),
        )?;
        drop(lock);
        outcome
    };
    let text = match format {
        Format::Json => render::json(&outcome.assets)?,
        Format::Table => collect_table(&outcome.assets, args.dry_run)?,
    };
    Ok(Printed {
        text,
        exit_code: outcome.status().exit_code(),
    })
}

fn open_feed(args: &CollectArgs, config: &Config) -> Result<Box<dyn Feed>> {
    let Some(folder) = &args.replay else {
        return Ok(Box::new(Http::new(&config.fetch)));
    };
    if !folder.is_dir() {
        return Err(ConfigError(format!("--replay is {folder:?}, which is no folder")).into());
    }
    Ok(Box::new(Replay::new(folder, args.fetched_at, now())))
}

fn collector<'a>(
    feed: &'a dyn Feed,
    staging: &'a Staging,
    options: collect::Options,
    job_id: uuid::Uuid,
) -> Collector<'a> {
    Collector {
        feed,
        staging,
        options,
        job_id,
        now,
        sleep: thread::sleep,
    }
}

fn collect_table(assets: &[AssetOutcome], dry_run: bool) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "asset_id",
        "status",
        "source",
        "start",
        "end",
        "new",
        "changed",
        "unchanged",
        "kept",
        "rejected",
        "findings",
        "elapsed_ms",
    ];
    let mut text = render::table(assets, COLUMNS)?;
    for asset in assets {
        if let Some(message) = &asset.message {
            text.push_str(&format!("{}: {message}\n", asset.asset_id));
        }
    }
    if dry_run {
        text.push_str("This was a dry run: nothing was written.\n");
    }
    Ok(text)
}

fn scope(args: &SyncArgs) -> Result<Scope, ConfigError> {
    let assets = args
        .assets
        .iter()
        .map(|id| AssetId::new(id).map_err(|why| ConfigError(format!("--assets: {why}"))));
    Ok(Scope {
        full: args.full,
        assets: assets.collect::<Result<_, _>>()?,
    })
}

fn run_sync(args: &SyncArgs, format: Format, config: &Config) -> Result<Printed> {
    let options = sync::Options {
        chunk_size: args.chunk_size,
        scope: scope(args)?,
    };
    let staging = Staging::open_existing(&config.staging_db)?;
    let waiting = staging
        .as_ref()
        .map_or(Ok(0), |s| s.count_pending(&options.scope))?;
    let target = target(config, waiting)?;
    let Some(staging) = staging else {
        anyhow::bail!(
            "there is no staging file {} yet; `pricestash collect` makes it",
            config.staging_db.display()
        );
    };
    if args.dry_run {
        return print_dry_sync(waiting, &target, format);
    }
    let (job_id, lock) = staging.begin_run("sync", now())?;
    let connect = || connect(&target, config);
    let result = connect().and_then(|mut warehouse| {
        let outcome = sync::run(&staging, &mut warehouse, &connect, &options, now)?;
        Ok((warehouse, outcome))
    });
    let end = |status: Status, problems: &[Problem], summary: &str| {
        staging.end_run(job_id, status, problems, summary, now())
    };
    let failure = |error: &anyhow::Error| Problem {
        asset_id: None,
        source: None,
        error: format!("{error:#}"),
    };
    let (mut warehouse, outcome) = match result {
        Ok(done) => done,
        Err(error) => {
            end(Status::Failure, &[failure(&error)], "")?;
            return Err(error.context(still_pending(&staging)));
        }
    };
    let status = outcome.status();
    end(
        status,
        &sync_problems(&outcome),
        &render::json(&[&outcome])?,
    )?;
    // The run has ended before it is sent, so that the warehouse sees its end; when that fails, so has the run.
    if let Err(error) = sync::send_runs(&staging, &mut warehouse) {
        end(Status::Failure, &[failure(&error)], "")?;
        return Err(error);
    }
    drop(lock);
    Ok(Printed {
        text: print_sync(&outcome, format)?,
        exit_code: status.exit_code(),
    })
}

/// The warehouse to sync to; without one, what to set and how many rows wait.
fn target(config: &Config, waiting: u64) -> Result<Target> {
    let url = config.sync.database_url.as_ref().ok_or_else(|| {
        ConfigError(format!(
            "DATABASE_URL is not set, {waiting} rows wait in {}; set it in the environment or in .env, for example \
             DATABASE_URL=postgres://user:password@host:5432/prices",
            config.staging_db.display()
        ))
    })?;
    Ok(Target::parse(url)?)
}

fn connect(target: &Target, config: &Config) -> Result<Warehouse> {
    Warehouse::connect(
        target,
        config.sync.connect_timeout,
        config.sync.statement_timeout,
    )
}

fn still_pending(staging: &Staging) -> String {
    staging.count_pending(&Scope::default()).map_or_else(
        |_| "sync failed".to_owned(),
        |rows| format!("sync failed, {rows} rows wait for the next one"),
    )
}

fn sync_problems(outcome: &sync::Outcome) -> Vec<Problem> {
    let problem = |error: String| Problem {
        asset_id: None,
        source: None,
        error,
    };
    let mut problems = Vec::new();
    if outcome.rejected > 0 {
        problems.push(problem(format!(
            "{} rows stay in sync_reject",
            outcome.rejected
        )));
    }
    if outcome.skipped_future > 0 {
        let rows = outcome.skipped_future;
        problems.push(problem(format!(
            "{rows} rows were skipped because their ingested_at in the warehouse lies in the future"
        )));
    }
    problems
}

fn print_dry_sync(rows: u64, target: &Target, format: Format) -> Result<Printed> {
    #[derive(Serialize)]
    struct DryRun {
        would_send: u64,
    }
    Ok(Printed::success(match format {
        Format::Json => render::json(&[DryRun { would_send: rows }])?,
        Format::Table => format!(
            "{rows} rows would be sent to {}. This was a dry run: nothing was sent.\n",
            target.place()
        ),
    }))
}

fn print_sync(outcome: &sync::Outcome, format: Format) -> Result<String> {
    const COLUMNS: &[&str] = &[
        "sent",
        "inserted",
        "updated",
        "skipped_older",
        "skipped_future",
        "rejected",
        "pending",
        "chunks",
        "elapsed_ms",
    ];
    let mut text = match format {
        Format::Json => return render::json(&[outcome]),
        Format::Table => render::table(&[outcome], COLUMNS)?,
    };
    for problem in sync_problems(outcome) {
        text.push_str(&format!("{}\n", problem.error));
    }
    Ok(text)
}

fn run_status(format: Format, config: &Config) -> Result<Printed> {
    const RUNS: u32 = 10;
    const FINDINGS: u32 = 20;
    let Some(staging) = Staging::open_existing(&config.staging_db)? else {
        let path = config.staging_db.display();
        return Ok(Printed::success(match format {
            Format::Json => "[]\n".to_owned(),
            Format::Table => format!(
                "Nothing is staged yet: there is no {path}. `pricestash collect` makes it.\n"
            ),
        }));
    };
    let assets = staging.asset_summaries()?;
    if format == Format::Json {
        return Ok(Printed::success(render::json(&assets)?));
    }
    let columns = &[
        "asset_id",
        "source",
        "staged",
        "first_date",
        "last_date",
        "provisional",
        "pending",
        "open_findings",
    ];
    let mut text = format!(
        "Staged in {}\n{}",
        config.staging_db.display(),
        render::table(&assets, columns)?
    );
    text.push_str("\nLast runs\n");
    text.push_str(&render::table(
        &staging.last_runs(RUNS)?,
        &[
            "started_at",
            "ended_at",
            "job_name",
            "status",
            "error_message",
        ],
    )?);
    for job_name in ["collect", "sync"] {
        let (succeeded, ended) = staging.success_rate(job_name, 30)?;
        if ended > 0 {
            text.push_str(&format!(
                "{job_name}: {succeeded} of the last {ended} runs succeeded\n"
            ));
        }
    }
    let findings = staging.open_findings(FINDINGS)?;
    if !findings.is_empty() {
        text.push_str(&format!("\nOpen findings, newest first (at most {FINDINGS}; all of them: select * from open_findings)\n"));
        text.push_str(&render::table(
            &findings,
            &["asset_id", "source", "date", "rule", "detail"],
        )?);
    }
    Ok(Printed::success(text))
}

/// An asset as `assets` shows it.
#[derive(Serialize)]
struct AssetRow<'a> {
    asset_id: &'a str,
    name: &'a str,
    category: &'a str,
    calendar: &'a str,
    currency: &'a str,
    active: bool,
    sources: Vec<String>,
}

fn run_assets(format: Format, config: &Config) -> Result<Printed> {
    let assets = read_assets(&config.assets_file)?;
    let rows: Vec<AssetRow<'_>> = assets
        .iter()
        .map(|a| AssetRow {
            asset_id: a.id.as_str(),
            name: &a.name,
            category: a.category.name(),
            calendar: a.calendar.name(),
            currency: &a.currency,
            active: a.active,
            sources: a
                .sources
                .iter()
                .map(|s| format!("{} {} {}", s.stored_as, s.symbol, s.currency))
                .collect(),
        })
        .collect();
    Ok(Printed::success(match format {
        Format::Json => render::json(&rows)?,
        Format::Table => render::table(
            &rows,
            &[
                "asset_id", "name", "category", "calendar", "currency", "active", "sources",
            ],
        )?,
    }))
}

fn print_ddl(which: Schema, format: Format) -> Result<Printed> {
    #[derive(Serialize)]
    struct Ddl {
        ddl: String,
    }
    let ddl = match which {
        Schema::Staging => staging::schema(),
        Schema::Warehouse => warehouse::schema(),
    };
    Ok(Printed::success(match format {
        Format::Json => render::json(&[Ddl { ddl }])?,
        Format::Table => ddl,
    }))
}

fn run_schema(args: &SchemaArgs, format: Format, config: &Config) -> Result<Printed> {
    if !args.apply {
        return print_ddl(args.which, format);
    }
    if args.which == Schema::Staging {
        return Err(ConfigError(
            "--apply is for the warehouse; `pricestash collect` makes the staging file by itself"
                .to_owned(),
        )
        .into());
    }
    let created = connect(&target(config, 0)?, config)?
        .ensure_tables()
        .context("the warehouse's tables are not as needed")?;
    #[derive(Serialize)]
    struct Created {
        table: &'static str,
    }
    Ok(Printed::success(match (format, created.is_empty()) {
        (Format::Json, _) => render::json(
            &created
                .into_iter()
                .map(|table| Created { table })
                .collect::<Vec<_>>(),
        )?,
        (Format::Table, true) => "Every table is there.\n".to_owned(),
        (Format::Table, false) => format!("Created {}.\n", created.join(", ")),
    }))
}
