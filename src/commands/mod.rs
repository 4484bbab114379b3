//! The commands, a file each: configuration and arguments become stores, a job, and what is printed.
//!
//! A new command: a variant and its arguments in `cli`, a file here, a line in [`dispatch`].

use anyhow::Result;

use crate::cli::{Cli, Command, Format, Output};
use crate::config::{Config, ConfigError};
use crate::output::table;
use crate::staging::explain;

mod assets;
mod backup;
mod collect;
mod collect_progress;
mod completions;
mod context;
mod doctor;
mod export;
mod healthcheck;
mod hints;
mod history;
mod import;
mod init;
mod man;
mod own_files;
mod printed;
mod prune;
mod reconcile;
mod recorded_run;
mod report;
mod restore;
mod schema;
mod show;
mod signals;
mod status;
mod sync;
mod verify;
mod waive;
mod windows_task;

pub use hints::hint;
pub use printed::Printed;

/// Runs a command.
///
/// # Errors
/// [`ConfigError`] for wrong usage or configuration, otherwise why nothing could be done.
pub fn run(cli: &Cli, config: &Config) -> Result<Printed> {
    in_format(cli, config).map_err(|error| explain(error, &config.staging_db))
}

fn in_format(cli: &Cli, config: &Config) -> Result<Printed> {
    let format = match cli.format {
        Output::Table => Format::Table,
        Output::Json | Output::Jsonl | Output::Csv => Format::Json,
    };
    if let Command::Export(args) = &cli.command {
        // As it comes, so that years of many assets need no memory.
        return export::run(args, cli.format, config);
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
        Command::Reconcile(_) => reconcile::DIFFERENCE_COLUMNS,
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
        Command::History(args) => history::run(args, format, config),
        Command::Waive(args) => waive::run(args, format, config),
        Command::Reconcile(args) => reconcile::run(args, format, config),
        Command::Status(args) => status::run(args, format, config),
        Command::Assets(args) => assets::run(args, format, config),
        Command::Doctor(args) => doctor::run(args, format, config),
        Command::Init => init::run(format, config),
        Command::Schema(args) => schema::run(args, format, config),
        Command::Backup(args) => backup::run(args, format, config),
        Command::Restore(args) => restore::run(args, format, config),
        Command::Prune(args) => prune::run(args, format, config),
        Command::Export(args) => export::run(args, cli.format, config),
        Command::Import(args) => import::run(args, format, config),
        Command::WindowsTask(args) => windows_task::run(args, config),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
