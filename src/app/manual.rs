//! `completions` and `man`: what shells and `man` want to know, made from the command line's own definition.

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::Printed;
use crate::cli::Cli;
use crate::config::ConfigError;

pub(super) fn completions(shell: Shell) -> Result<Printed> {
    let mut text = Vec::new();
    generate(
        shell,
        &mut Cli::command(),
        env!("CARGO_PKG_NAME"),
        &mut text,
    );
    printed(text)
}

pub(super) fn page(command: Option<&str>) -> Result<Printed> {
    let mut text = Vec::new();
    Man::new(find(command)?).render(&mut text)?;
    printed(text)
}

/// The program, or one of its commands.
fn find(name: Option<&str>) -> Result<Command> {
    let mut program = Cli::command();
    program.build();
    let Some(name) = name else {
        return Ok(program);
    };
    let command = program.find_subcommand(name).ok_or_else(|| {
        ConfigError(format!(
            "there is no command {name:?}, `pricestash --help` shows all of them"
        ))
    })?;
    Ok(command.clone())
}

fn printed(text: Vec<u8>) -> Result<Printed> {
    String::from_utf8(text)
        .map(Printed::success)
        .context("the text is not UTF-8")
}
