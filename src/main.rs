//! The program: reads the command line and the configuration, runs a command, prints once, exits.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use pricestash::cli::{Cli, usage_sentence};
use pricestash::commands::{self, Printed};
use pricestash::config::{ConfigError, LogFormat, Variables, read_dot_env};
use pricestash::output::log::Log;
use pricestash::sources;

/// Wrong usage or configuration.
const USAGE: u8 = 2;

/// The variables from the environment and `.env`.
type Surroundings = Variables<fn(&str) -> Option<String>>;

fn main() -> ExitCode {
    // Before the command line: its errors are logged like others, and may contain a secret.
    let (variables, dot_env) = read_variables();
    let mut log =
        Log::new(variables.log_format(), variables.redaction()).in_language(variables.language());
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        let command = matches.subcommand_name().unwrap_or_default().to_owned();
        Ok((Cli::from_arg_matches(&matches)?, command))
    });
    let (cli, command) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, &log, &variables),
    };
    let opened = match &cli.log_dir {
        Some(folder) => log.open_folder(folder),
        None => Ok(()),
    };
    let log = Arc::new(log);
    log.catch_panics();
    let done = run(&cli, &variables, &log, opened.and(dot_env)).and_then(|printed| print(&printed));
    let code = done.unwrap_or_else(|error| {
        log.fail(&format!("{error:#}{}", hint(&error)));
        if error.is::<ConfigError>() { USAGE } else { 1 }
    });
    log.ended(&command, code);
    ExitCode::from(code)
}

/// What the user can do about an error, considering the working folder.
fn hint(error: &anyhow::Error) -> String {
    env::current_dir().map_or_else(|_| String::new(), |folder| commands::hint(error, &folder))
}

/// The variables, and why `.env` cannot be read if it cannot; then only the environment counts, to decide how to report
/// it.
fn read_variables() -> (Surroundings, Result<()>) {
    let environment: fn(&str) -> Option<String> =
        |name| env::var_os(name).map(|v| v.to_string_lossy().into_owned());
    let origins = sources::origins();
    match read_dot_env() {
        Ok(text) => (Variables::new(environment, &text, &origins), Ok(())),
        Err(error) => (Variables::new(environment, "", &origins), Err(error)),
    }
}

/// Reports in one sentence what is wrong with the command line, or prints the requested help.
fn refuse(error: &clap::Error, log: &Log, variables: &Surroundings) -> ExitCode {
    let format = variables.log_format();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            drop(error.print());
            ExitCode::SUCCESS
        }
        // A user who types only the name wants an overview.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if format == LogFormat::Text => {
            drop(error.print());
            ExitCode::from(USAGE)
        }
        _ => {
            let sentence = usage_sentence(error);
            log.fail(&sentence);
            if let Ok(config) = variables.read() {
                let arguments = env::args_os().map(|a| a.to_string_lossy().into_owned());
                commands::refused(arguments.skip(1), &config, &sentence);
            }
            ExitCode::from(USAGE)
        }
    }
}

fn run(cli: &Cli, variables: &Surroundings, log: &Arc<Log>, ready: Result<()>) -> Result<Printed> {
    let config = variables.read()?;
    log.start(config.log.level);
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    commands::run(cli, &config, ready)
}

fn print(printed: &Printed) -> Result<u8> {
    match io::stdout().lock().write_all(printed.text.as_bytes()) {
        // A reader such as `head` closes the pipe when it has enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(printed.exit_code),
        Err(e) => Err(e).context("cannot print the result"),
        Ok(()) => Ok(printed.exit_code),
    }
}
