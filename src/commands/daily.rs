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
use super::{collect, healthcheck, report, sync};
use crate::cli::{Cli, CollectArgs, Command, DailyArgs, Format};
use crate::config::{Config, ConfigError};
use crate::domain::language::Language;
use crate::output::screen::Screen;
use crate::process::stop::Stop;
use crate::staging::explain;

/// What sync ends with where there is no warehouse; no exit code of the program's own.
const LEFT_OUT: u8 = 100;

/// A step and how it went. Its serialized fields are the JSON result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Step {
    step: &'static str,
    /// `succeeded`, `failed in part`, `failed`, `was refused`, `sent nothing`.
    result: &'static str,
    /// None where there was nothing to do.
    exit_code: Option<u8>,
    /// Why it could not be done at all.
    error: Option<String>,
}

impl Step {
    fn of(name: &'static str, code: u8, error: Option<String>) -> Self {
        Self {
            step: name,
            result: match code {
                0 => "succeeded",
                2 => "was refused",
                3 => "failed in part",
                LEFT_OUT => "sent nothing",
                _ => "failed",
            },
            exit_code: (code != LEFT_OUT).then_some(code),
            error,
        }
    }

    /// The step in the one line of all.
    fn summary(&self, language: Language) -> String {
        let step: &dyn std::fmt::Display = &self.step;
        match self.exit_code {
            None => language.say(
                "{step} sent nothing (DATABASE_URL is not set)",
                &[("step", step)],
            ),
            Some(0) => language.say("{step} succeeded", &[("step", step)]),
            Some(2) => language.say("{step} was refused (exit code 2)", &[("step", step)]),
            Some(3) => language.say("{step} failed in part (exit code 3)", &[("step", step)]),
            Some(code) => language.say(
                "{step} failed (exit code {code})",
                &[("step", step), ("code", &code)],
            ),
        }
    }
}

/// The worst of the steps, in the order 2, 1, 3, 0.
fn worst(steps: &[Step]) -> u8 {
    let severity = |code: &u8| match code {
        0 => 0,
        3 => 1,
        2 => 3,
        _ => 2,
    };
    let codes = steps.iter().filter_map(|s| s.exit_code);
    codes.max_by_key(severity).unwrap_or(0)
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
    let stop = stop_on_signals("the step under way ends in order, the others are left out")?;
    let mut steps = Vec::new();
    let mut text = String::new();
    for (name, command) in commands(args)? {
        if stop.is_set() {
            log::warn!("{name} is left out: the run was stopped");
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
                Step::of(name, printed.exit_code, None)
            }
            Err(error) => refused(name, &error, config),
        };
        log::info!("{name} {}", step.result);
        steps.push(step);
    }
    let code = worst(&steps);
    let language = config.language;
    let answer = Answer::rows(steps, move |steps| {
        let done: Vec<String> = steps.iter().map(|s| s.summary(language)).collect();
        for (step, error) in steps
            .iter()
            .filter_map(|s| Some((s.step, s.error.as_ref()?)))
        {
            text.push_str(&format!("{step}: {}\n", language.sentence(error)));
        }
        let done = done.join(", ");
        text.push_str(&language.say("daily: {steps}", &[("steps", &done)]));
        text.push('\n');
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
        _ => anyhow::bail!("this is no step of a day"),
    }
}

/// A step that could not be done: its error is a line of the log, and part of the result.
fn refused(name: &'static str, error: &Error, config: &Config) -> Step {
    let hint = env::current_dir().map_or_else(|_| String::new(), |folder| hint(error, &folder));
    let message = config.redaction.text(&format!("{error:#}{hint}"));
    log::error!("{name}: {message}");
    let code = if error.is::<ConfigError>() { 2 } else { 1 };
    Step::of(name, code, Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_is_that_of_the_scripts() {
        let of = |codes: &[u8]| {
            let steps: Vec<Step> = codes.iter().map(|c| Step::of("sync", *c, None)).collect();
            worst(&steps)
        };
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[0, LEFT_OUT]), 0);
        assert_eq!(of(&[0, 3, 0]), 3);
        assert_eq!(of(&[3, 1]), 1);
        assert_eq!(of(&[1, 2, 3]), 2);
        assert_eq!(of(&[3, 101]), 101, "a code of no step is a failure");
    }
}
