//! Which settings each command uses, and what to do if there are none.

use std::path::Path;

use anyhow::{Error, Result};

use crate::cli::{Command, HealthcheckArgs, SchemaArgs};
use crate::config::{Area, Config, ConfigError};

/// Refuses a wrong setting that the command uses and warns of the others: none stops a command that does not need it.
pub(super) fn use_settings(command: &Command, config: &Config, ready: Result<()>) -> Result<()> {
    let used = used(command, config);
    match (ready, command) {
        (Err(error), command) if !used.is_empty() || has_all(command) => return Err(error),
        (Err(error), _) => log::warn!("{error:#}; it is not used here"),
        (Ok(()), _) => {}
    }
    config.refuse(used)?;
    if !has_all(command) {
        for (_, fault) in config
            .faults
            .iter()
            .filter(|(area, _)| !used.contains(area))
        {
            log::warn!("{fault}; it is not used here");
        }
    }
    Ok(())
}

/// Whether every setting is a matter of the command: doctor shows all of them, and each step of daily looks at its own.
fn has_all(command: &Command) -> bool {
    matches!(command, Command::Doctor(_) | Command::Daily(_))
}

fn used(command: &Command, config: &Config) -> &'static [Area] {
    match command {
        Command::Doctor(_)
        | Command::Daily(_)
        | Command::Init
        | Command::DailyEnd(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::WindowsTask(_)
        | Command::Schema(SchemaArgs { apply: false, .. }) => &[],
        Command::Assets(args) if args.asks() => &[Area::DotEnv, Area::Log, Area::Fetch],
        Command::Collect(args) if args.replay.is_none() => &[Area::DotEnv, Area::Log, Area::Fetch],
        // Without a warehouse it reports that there is none.
        Command::Sync(_) if config.names_warehouse() => &[Area::DotEnv, Area::Log, Area::Warehouse],
        Command::Verify(_)
        | Command::Schema(_)
        | Command::Healthcheck(HealthcheckArgs {
            warehouse: true, ..
        }) => &[Area::DotEnv, Area::Log, Area::Warehouse],
        _ => &[Area::DotEnv, Area::Log],
    }
}

/// Says so if the folder contains nothing of pricestash: usually it was started in the wrong folder.
pub(super) fn without_settings(error: Error, config: &Config) -> Error {
    let message = format!("{error:#}");
    if message.contains("pricestash init") || has_settings(config) {
        return error;
    }
    let message = format!("{message}; {NO_SETTINGS}");
    match error.is::<ConfigError>() {
        true => ConfigError(message).into(),
        false => Error::msg(message),
    }
}

/// What to do in a folder without settings.
pub(super) const NO_SETTINGS: &str = "nothing of pricestash is in this folder: go to the one that has it, or let `pricestash init` write the settings here";

/// Whether the folder contains any of our files.
pub(super) fn has_settings(config: &Config) -> bool {
    let files = [Path::new(".env"), &config.assets_file, &config.staging_db];
    files.iter().any(|file| file.exists())
}
