//! The commands, a file each: configuration and arguments become stores, a job, and an [`Answer`].
//!
//! A new command: a variant and its arguments in `cli`, a file here, a line in [`dispatch`]. What it answers is the same in every format.

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::staging::explain;

mod answer;
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
mod leftovers;
mod man;
mod own_files;
mod prune;
mod reconcile;
mod recorded_run;
mod report;
mod restore;
mod result_place;
mod schema;
mod sent_rows;
mod show;
mod signals;
mod status;
mod sync;
mod verify;
mod waive;
mod windows_task;

use answer::Answer;
pub use answer::Printed;
pub use hints::hint;

/// Runs a command.
///
/// # Errors
/// [`ConfigError`](crate::config::ConfigError) for wrong usage or configuration, otherwise why nothing could be done.
pub fn run(cli: &Cli, config: &Config) -> Result<Printed> {
    dispatch(cli, config)
        .and_then(|answer| answer.print(cli.format, &config.redaction))
        .map_err(|error| explain(error, &config.staging_db))
}

fn dispatch(cli: &Cli, config: &Config) -> Result<Answer> {
    match &cli.command {
        Command::Collect(args) => collect::run(args, config),
        Command::Sync(args) => sync::run(args, config),
        Command::Verify(args) => verify::run(args, config),
        Command::Healthcheck(args) => healthcheck::run(args, config),
        Command::Show(args) => show::run(args, config),
        Command::Report(args) => report::run(args, config),
        Command::History(args) => history::run(args, config),
        Command::Waive(args) => waive::run(args, config),
        Command::Reconcile(args) => reconcile::run(args, config),
        Command::Status(args) => status::run(args, config),
        Command::Assets(args) => assets::run(args, config),
        Command::Doctor(args) => doctor::run(args, config),
        Command::Init => init::run(config),
        Command::Schema(args) => schema::run(args, config),
        Command::Backup(args) => backup::run(args, config),
        Command::Restore(args) => restore::run(args, config),
        Command::Prune(args) => prune::run(args, config),
        // It writes the bars itself, as they come.
        Command::Export(args) => export::run(args, cli.format, config),
        Command::Import(args) => import::run(args, config),
        Command::WindowsTask(args) => windows_task::run(args, config),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
