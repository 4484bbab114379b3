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

pub(super) fn page(names: &[String]) -> Result<Printed> {
    let mut program = Cli::command();
    program.build();
    let mut text = Vec::new();
    Man::new(find(&program, names)?.clone()).render(&mut text)?;
    printed(text)
}

/// The program, one of its commands, or one within another.
fn find<'a>(program: &'a Command, names: &[String]) -> Result<&'a Command, ConfigError> {
    names.iter().try_fold(program, |command, name| {
        command.find_subcommand(name).ok_or_else(|| {
            ConfigError(format!(
                "there is no command {:?}, `pricestash --help` shows all of them",
                names.join(" ")
            ))
        })
    })
}

fn printed(text: Vec<u8>) -> Result<Printed> {
    String::from_utf8(text)
        .map(Printed::success)
        .context("the text is not UTF-8")
}
