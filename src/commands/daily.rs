//! `daily`: collect, sync and healthcheck one after the other, as the daily scripts run them.

use std::env;
use std::ffi::{OsStr, OsString};

use anyhow::{Error, Result};
use clap::Parser;
use serde::Serialize;

use super::answer::Answer;
use super::attempt::attempt;
use super::hints::hint;
use super::signals::stop_on_signals;
use super::steps::{LEFT_OUT, outcome, worst};
use super::{collect, healthcheck, report, sync};
use crate::cli::{Cli, CollectArgs, Command, DailyArgs, Format, Step};
use crate::config::{Config, ConfigError};
use crate::domain::language::Language;
use crate::output::screen::Screen;
use crate::process::stop::Stop;
use crate::staging::explain;

/// A step as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DoneStep {
    step: &'static str,
    /// None where there was nothing to do.
    exit_code: Option<u8>,
    /// Why it could not be done at all.
    error: Option<String>,
}

impl DoneStep {
    fn as_step(&self) -> Step {
        Step {
            name: self.step.to_owned(),
            code: self.exit_code.unwrap_or(LEFT_OUT).into(),
        }
    }
}

/// What a day is made of: the command lines of the scripts. Days that are not today's need not be fresh, and what only looks changes
/// nothing.
fn commands(args: &DailyArgs) -> Result<Vec<(&'static str, Command)>> {
    let collect: &CollectArgs = &args.collect;
    let mut sync = vec!["sync".to_owned(), format!("--if-configured={LEFT_OUT}")];
    sync.extend(collect.dry_run.then(|| "--dry-run".to_owned()));
    sync.extend(collect.partial_ok.then(|| "--partial-ok".to_owned()));
    let mut commands = vec![
        ("collect", Command::Collect(collect.clone())),
        ("sync", command(sync)?),
    ];
    let is_of_old_days = collect.replay.is_some()
        || collect.start.is_some()
        || collect.end.is_some()
        || collect.days.is_some();
    if !is_of_old_days && !collect.dry_run {
        commands.push(("healthcheck", command(["healthcheck"])?));
    }
    if let Some(output) = &args.report {
        let report = [
            OsStr::new("report"),
            OsStr::new("--output"),
            output.as_ref(),
        ];
        commands.push(("report", command(report)?));
    }
    Ok(commands)
}

/// A command line of the program without its name.
fn command<T: Into<OsString> + Clone>(words: impl IntoIterator<Item = T>) -> Result<Command> {
    let words = words.into_iter().map(Into::into);
    Ok(Cli::try_parse_from([OsString::from("pricestash")].into_iter().chain(words))?.command)
}

pub(super) fn run(args: &DailyArgs, wide: bool, config: &Config) -> Result<Answer> {
    let stop = stop_on_signals("the step in progress ends in order, the others are left out")?;
    let mut steps = Vec::new();
    let mut text = String::new();
    for (name, command) in commands(args)? {
        if stop.is_set() {
            // A day that lacks a step has not succeeded, whatever the others ended with.
            let why = "left out: the run was stopped";
            log::warn!("{name} is {why}");
            steps.push(done(name, 1, Some(why.to_owned())));
            continue;
        }
        let answer = attempt(&command, config, Ok(()), || step(&command, &stop, config));
        let printed = answer.and_then(|answer| {
            let screen = Screen::of_stdout(wide, &config.redaction).in_language(config.language);
            answer.print(Format::Table, screen, &config.redaction)
        });
        let printed = printed.map_err(|error| explain(error, &config.staging_db));
        let step = match printed {
            Ok(printed) => {
                text.push_str(&printed.text);
                text.push('\n');
                done(name, printed.exit_code, None)
            }
            Err(error) => refused(name, &error, config),
        };
        log::info!("{}", outcome(&step.as_step(), Language::English));
        steps.push(step);
    }
    let named: Vec<Step> = steps.iter().map(DoneStep::as_step).collect();
    let code = worst(&named);
    let language = config.language;
    let answer = Answer::rows(steps, move |steps| {
        for (step, error) in steps
            .iter()
            .filter_map(|s| Some((s.step, s.error.as_ref()?)))
        {
            text.push_str(&format!("{step}: {}\n", language.sentence(error)));
        }
        let done: Vec<String> = named.iter().map(|step| outcome(step, language)).collect();
        let done = done.join(", ");
        text.push_str(&format!("daily: {done}\n"));
        Ok(text)
    });
    Ok(answer.ending(code))
}

/// Runs a step; a run ends in order when the whole is stopped.
fn step(command: &Command, stop: &Stop, config: &Config) -> Result<Answer> {
    match command {
        Command::Collect(args) => collect::run_until(args, config, stop.clone()),
        Command::Sync(args) => sync::run_until(args, config, || Ok(stop.clone())),
        Command::Healthcheck(args) => healthcheck::run(args, config),
        Command::Report(args) => report::run(args, config),
        _ => anyhow::bail!("not a step of the day"),
    }
}

/// A step that could not be done: its error is a line of the log, and part of the result.
fn refused(name: &'static str, error: &Error, config: &Config) -> DoneStep {
    let hint = env::current_dir().map_or_else(|_| String::new(), |folder| hint(error, &folder));
    let message = config.redaction.text(&format!("{error:#}{hint}"));
    log::error!("{name}: {message}");
    let code = if error.is::<ConfigError>() { 2 } else { 1 };
    done(name, code, Some(message))
}

fn done(step: &'static str, code: u8, error: Option<String>) -> DoneStep {
    DoneStep {
        step,
        exit_code: (code != LEFT_OUT).then_some(code),
        error,
    }
}
