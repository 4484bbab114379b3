//! The composition root: configuration and a command become stores, a job, and what is printed.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use crate::cli::{Cli, Command, Format, Output};
use crate::config::assets_file::parse_assets;
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::calendar::Calendars;
use crate::domain::timestamp::millis;
use crate::output::table;
use crate::staging::{Staging, explain};
use crate::warehouse::{Failure, Patience, Target, Warehouse};

mod assets;
mod backup;
mod collect;
mod collect_progress;
mod doctor;
mod export;
mod healthcheck;
mod hints;
mod history;
mod init;
mod man;
mod own_files;
mod recorded_run;
mod report;
mod schema;
mod show;
mod signals;
mod status;
mod sync;
mod verify;
mod windows_task;

pub use hints::remedy;

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
    printed(cli, config).map_err(|error| explain(error, &config.staging_db))
}

fn printed(cli: &Cli, config: &Config) -> Result<Printed> {
    let format = match cli.format {
        Output::Table => Format::Table,
        Output::Json | Output::Jsonl | Output::Csv => Format::Json,
    };
    if let Command::Export(args) = &cli.command {
        // As it comes, so that years of many assets need no memory.
        return export::export(args, cli.format, config);
    }
    let mut printed = dispatch(cli, format, config)?;
    printed.text = match format {
        Format::Json => config.redaction.json(&printed.text),
        Format::Table => config.redaction.text(&printed.text),
    };
    let rows_only =
        |name: &str| ConfigError(format!("--format {name} is for commands that print rows"));
    printed.text = match cli.format {
        Output::Csv => {
            table::csv(&printed.text, columns(&cli.command)).map_err(|_| rows_only("csv"))?
        }
        Output::Jsonl => table::json_lines(&printed.text).map_err(|_| rows_only("jsonl"))?,
        Output::Table | Output::Json => printed.text,
    };
    Ok(printed)
}

/// The columns of a result that may well have no rows: whoever reads a CSV by its header still finds one.
fn columns(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Verify(_) => verify::COLUMNS,
        Command::History(_) => history::VERSION_COLUMNS,
        Command::Reconcile(_) => history::DIFFERENCE_COLUMNS,
        Command::Status(args) if args.findings => status::FINDING_COLUMNS,
        _ => &[],
    }
}

fn dispatch(cli: &Cli, format: Format, config: &Config) -> Result<Printed> {
    match &cli.command {
        Command::Collect(args) => collect::run(args, format, config),
        Command::Sync(args) => sync::run(args, format, config),
        Command::Verify(args) => verify::run(args, format, config),
        Command::Healthcheck(args) => healthcheck::run(args, format, config),
        Command::Show(args) => show::run(args, format, config),
        Command::Report(args) => report::run(args, format, config),
        Command::History(args) => history::history(args, format, config),
        Command::Waive(args) => history::waive(args, format, config),
        Command::Reconcile(args) => history::reconcile(args, format, config),
        Command::Status(args) => status::run(args, format, config),
        Command::Assets(args) => match &args.command {
            Some(command) => init::edit_assets(command, format, config),
            None => assets::run(args, format, config),
        },
        Command::Doctor(args) => doctor::run(args, format, config),
        Command::Init => init::init(format, config),
        Command::Schema(args) => schema::run(args, format, config),
        Command::Backup(args) => backup::backup(args, format, config),
        Command::Restore(args) => backup::restore(args, format, config),
        Command::Prune(args) => backup::prune(args, format, config),
        Command::Export(args) => export::export(args, cli.format, config),
        Command::Import(args) => export::import(args, format, config),
        Command::WindowsTask(args) => windows_task::run(args, config),
        Command::Completions(args) => man::completions(args.shell),
        Command::Man(args) => man::page(&args.command),
    }
}

/// A table, and below it what is said of single assets.
fn with_remarks<'a>(
    mut table: String,
    remarks: impl Iterator<Item = (&'a str, &'a str)>,
    dry_run: bool,
) -> String {
    for (asset, remark) in remarks {
        table.push_str(&format!("{asset}: {remark}\n"));
    }
    if dry_run {
        table.push_str("This was a dry run: nothing was written.\n");
    }
    table
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The staging file, which must be there.
fn open_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_existing(&config.staging_db)?, config)
}

/// The staging file, which must be there, for a command that changes nothing in it.
fn read_staging(config: &Config) -> Result<Staging> {
    there(Staging::open_to_read(&config.staging_db)?, config)
}

fn there(staging: Option<Staging>, config: &Config) -> Result<Staging> {
    staging.ok_or_else(|| {
        anyhow::anyhow!(
            "there is no staging file {} yet; `pricestash collect` makes it",
            config.staging_db.display()
        )
    })
}

/// The trading calendars, with the user's corrections.
fn read_calendars() -> Result<Calendars> {
    Ok(Calendars::load(Path::new("data/calendars")).map_err(ConfigError)?)
}

fn read_assets(path: &Path) -> Result<Vec<Asset>> {
    let bytes = fs::read(path).map_err(|e| {
        ConfigError(format!("ASSETS_FILE is {path:?}, which cannot be read ({e}); it should be a file like data/assets.toml"))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| ConfigError(format!("{}: it is not UTF-8 text", path.display())))?;
    let calendars = read_calendars()?;
    Ok(parse_assets(&text, &calendars)
        .map_err(|why| ConfigError(format!("{}: {why}", path.display())))?)
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
                "there is no asset {id:?}, the assets file has {}",
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

/// An asset that is no longer configured may still have bars; one that has none either is a slip of the keyboard.
fn refuse_unknown(wanted: &[String], staging: &Staging, config: &Config) -> Result<()> {
    for id in wanted {
        let asset = AssetId::new(id).map_err(|why| ConfigError(format!("--assets: {why}")))?;
        if !staging.has_bars(&asset)? {
            choose(&read_assets(&config.assets_file)?, std::slice::from_ref(id))?;
        }
    }
    Ok(())
}

/// The warehouse; without one, what to set.
fn target(config: &Config) -> Result<Target> {
    target_or_say(config, || Ok(String::new()))
}

/// The same, for one that something waits for: what that is is found out only when it has to be said.
fn target_or_say(config: &Config, waiting: impl FnOnce() -> Result<String>) -> Result<Target> {
    match &config.sync.database_url {
        Some(url) => Ok(Target::parse(url, config.sync.tls_mode)?),
        None => Err(ConfigError(no_warehouse(&waiting()?)).into()),
    }
}

/// What to say where no warehouse is named.
fn no_warehouse(waiting: &str) -> String {
    format!(
        "DATABASE_URL is not set{waiting}; set it in the environment or in .env, for example \
         DATABASE_URL=postgres://user:password@host:5432/prices"
    )
}

/// Says of a failure of the warehouse where that is.
fn located(error: anyhow::Error, target: &Target) -> anyhow::Error {
    if error.is::<Failure>() {
        return error.context(format!("the warehouse at {}", target.place()));
    }
    error
}

/// How long the warehouse may keep us waiting.
fn patience(config: &Config) -> Patience {
    Patience {
        connect: config.sync.connect_timeout,
        statement: config.sync.statement_timeout,
    }
}

/// A connection for one question.
fn connect(target: &Target, config: &Config) -> Result<Warehouse> {
    let connected = config.sync.retry.retry(
        || Warehouse::connect(target, patience(config)),
        Failure::is_transient,
        rand::random::<f64>,
        |attempt, failure, wait| {
            log::warn!(attempt = attempt + 1, wait_ms = millis(wait); "{failure}; trying again");
            thread::sleep(wait);
        },
    );
    connected.with_context(|| format!("the warehouse at {} cannot be reached", target.place()))
}
