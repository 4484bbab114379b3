//! `man`: the manual page of the program or of one command.

use anyhow::Result;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::answer::Answer;
use crate::cli::{Cli, ManArgs};
use crate::config::ConfigError;

pub(super) fn run(args: &ManArgs) -> Result<Answer> {
    let mut program = Cli::command();
    program.build();
    let mut text = Vec::new();
    Man::new(find(&program, &args.command)?.clone()).render(&mut text)?;
    Answer::utf_8(text)
}

/// The program, one of its commands, or a nested command.
fn find<'a>(program: &'a Command, names: &[String]) -> Result<&'a Command, ConfigError> {
    names.iter().try_fold(program, |command, name| {
        command.find_subcommand(name).ok_or_else(|| {
            ConfigError(format!(
                "there is no command {:?}; `pricestash --help` lists all of them",
                names.join(" ")
            ))
        })
    })
}
