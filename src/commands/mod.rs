//! The commands, one file each: turns configuration and arguments into stores, a job and an [`Answer`].
//!
//! To add a command: a variant and its arguments in `cli`, a file here, a line in [`dispatch`]. The answer is the same
//! in every format.

use anyhow::Result;

use clap::CommandFactory;

use crate::cli::{AlertArgs, Cli, Command};
use crate::config::{Config, ConfigError};
use crate::output::screen::Screen;
use crate::process::stop::Stop;
use crate::staging::explain;

mod actions;
mod added;
mod alert;
mod answer;
mod assets;
mod assets_add;
mod assets_search;
mod attempt;
mod backup;
mod collect;
mod collect_progress;
mod completions;
mod context;
mod daily;
mod daily_end;
mod doctor;
mod edited_assets;
mod export;
mod feeds;
mod healthcheck;
mod hints;
mod history;
mod import;
mod init;
mod leftovers;
mod man;
mod metrics;
mod own_files;
mod prune;
mod pull;
mod rates;
mod reconcile;
mod recorded_run;
mod report;
mod restore;
mod result_place;
mod retract;
mod schema;
mod sent_rows;
mod settings;
mod show;
mod signals;
mod status;
mod steps;
mod sync;
mod take_over;
mod test_source;
mod verify;
mod waive;
mod windows_task;

use answer::Answer;
pub use answer::Printed;
use attempt::attempt;
pub use hints::hint;
use recorded_run::or_notify;

/// Runs a command. `ready`: whether everything before it succeeded.
///
/// # Errors
/// [`ConfigError`](crate::config::ConfigError) for wrong usage or configuration, else why the command failed.
pub fn run(cli: &Cli, config: &Config, ready: Result<()>) -> Result<Printed> {
    attempt(&cli.command, config, ready, || dispatch(cli, config))
        .and_then(|answer| {
            let screen =
                Screen::of_stdout(cli.wide, &config.redaction).in_language(config.language);
            answer.print(cli.format, screen, &config.redaction)
        })
        .map_err(|error| explain(error, &config.staging_db))
}

/// Alerts about a command line that cannot be parsed, if it is that of a run.
pub fn refused(arguments: impl Iterator<Item = String>, config: &Config, sentence: &str) {
    let commands = Cli::command();
    let name = |argument: String| {
        let mut commands = commands.get_subcommands();
        let command = commands.find(|c| c.get_name() == argument)?;
        Some(command.get_name().to_owned())
    };
    let command = arguments.into_iter().find_map(name);
    let run = match command.as_deref() {
        Some("collect" | "daily") => Some("collect"),
        Some("sync") => Some("sync"),
        _ => None,
    };
    if let Some(run) = run {
        let refused = Err(ConfigError(sentence.to_owned()).into());
        drop(or_notify::<()>(run, config, &Stop::default(), refused));
    }
}

fn dispatch(cli: &Cli, config: &Config) -> Result<Answer> {
    if cli.format.is_of_export() && !matches!(cli.command, Command::Export(_)) {
        return Err(ConfigError(
            "--format excel-csv, ledger and beancount are for `pricestash export`".to_owned(),
        )
        .into());
    }
    match &cli.command {
        Command::Metrics(args) => metrics::run(args, config),
        Command::Daily(args) => daily::run(args, cli.wide, config),
        Command::Collect(args) => collect::run(args, config),
        Command::Sync(args) => sync::run(args, config),
        Command::Verify(args) => verify::run(args, config),
        Command::Healthcheck(args) => healthcheck::run(args, config),
        Command::Show(args) => show::run(args, config),
        Command::Report(args) => report::run(args, config),
        Command::History(args) => history::run(args, config),
        Command::Actions(args) => actions::run(args, config),
        Command::Waive(args) => waive::run(args, config),
        Command::Retract(args) => retract::run(args, config),
        Command::Reconcile(args) => reconcile::run(args, config),
        Command::Status(args) => status::run(args, config),
        Command::Assets(args) => assets::run(args, config),
        Command::Doctor(args) => doctor::run(args, config),
        // Nothing but the test can be asked for.
        Command::Alert(AlertArgs { .. }) => alert::run(config),
        Command::Init => init::run(config),
        Command::Schema(args) => schema::run(args, config),
        Command::Backup(args) => backup::run(args, config),
        Command::Pull => pull::run(config),
        Command::Restore(args) => restore::run(args, config),
        Command::Prune(args) => prune::run(args, config),
        // It writes the bars itself while reading them.
        Command::Export(args) => export::run(args, cli.format, config),
        Command::Import(args) => import::run(args, config),
        Command::WindowsTask(args) => windows_task::run(args, config),
        Command::Completions(args) => completions::run(args, config),
        Command::DailyEnd(args) => daily_end::run(args, config),
        Command::Man(args) => man::run(args),
    }
}
