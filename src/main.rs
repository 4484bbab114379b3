//! The program: read the command line and the configuration, run, print once, exit.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches};
use pricestash::app::{self, Printed};
use pricestash::cli::Cli;
use pricestash::config::{Config, ConfigError, Variables};
use pricestash::logging;

/// Wrong usage or configuration; clap exits with the same code.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (code, error) = match run(&cli).and_then(print) {
        Ok(code) => (code, String::new()),
        Err(error) => {
            // Where stderr is gone there is nobody to tell.
            drop(writeln!(io::stderr(), "error: {error:#}"));
            let code = if error.is::<ConfigError>() { USAGE } else { 1 };
            (code, format!(": {error:#}"))
        }
    };
    if let Some(folder) = &cli.log_dir {
        let command = matches.subcommand_name().unwrap_or_default();
        logging::note_end(
            folder,
            code,
            &format!("{command} ended with exit code {code}{error}"),
        );
    }
    ExitCode::from(code)
}

fn run(cli: &Cli) -> Result<Printed> {
    let config = read_config()?;
    logging::init(config.log, cli.log_dir.as_deref())?;
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    app::run(cli, &config)
}

fn read_config() -> Result<Config> {
    let dot_env = match fs::read(".env") {
        Ok(bytes) => String::from_utf8(bytes)
            .map_err(|_| ConfigError(".env is not UTF-8 text".to_owned()))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(e).context(".env cannot be read"),
    };
    Ok(Variables::new(
        |name: &str| env::var_os(name).map(|v| v.to_string_lossy().into_owned()),
        &dot_env,
    )?
    .read()?)
}

fn print(printed: Printed) -> Result<u8> {
    match io::stdout().lock().write_all(printed.text.as_bytes()) {
        // A reader like `head` has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(printed.exit_code),
        Err(e) => Err(e).context("the result cannot be printed"),
        Ok(()) => Ok(printed.exit_code),
    }
}
