//! `daily-end`: the last line of the daily scripts, in the owner's language, and the exit code of the day. The scripts only know what
//! each step ended with: a batch file can hold no Korean.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::answer::Answer;
use super::steps::{outcome, worst};
use crate::cli::{DailyEndArgs, Step};
use crate::config::Config;
use crate::domain::language::Language;

pub(super) fn run(args: &DailyEndArgs, config: &Config) -> Result<Answer> {
    let folder = env::current_dir()?.join(&args.logs);
    let text = line(&args.steps, newest_log(&folder).as_deref(), config.language);
    Ok(Answer::text(format!("{text}\n")).ending(worst(&args.steps)))
}

/// What became of each step, and where the log is.
fn line(steps: &[Step], log: Option<&Path>, language: Language) -> String {
    let mut parts: Vec<String> = steps.iter().map(|step| outcome(step, language)).collect();
    if let Some(log) = log {
        parts.push(language.say("log: {file}", &[("file", &log.display())]));
    }
    format!("daily_collect: {}", parts.join(", "))
}

/// The log that was written last; the program names it, by the day.
fn newest_log(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let is_log = name.starts_with("collect_") && name.ends_with(".log");
        let written = entry.metadata().ok()?.modified().ok()?;
        is_log.then(|| (written, entry.path()))
    });
    files.max().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::steps;
    use super::*;

    #[test]
    fn the_line_has_every_step_and_the_log_in_both_languages() {
        let day = steps(&[
            ("build", 1),
            ("collect", 3),
            ("sync", 100),
            ("healthcheck", 0),
        ]);
        let log = Some(Path::new("/home/me/logs/collect_20261123.log"));
        assert_eq!(
            line(&day, log, Language::English),
            "daily_collect: build failed (exit code 1), collect failed in part (exit code 3), \
             sync sent nothing (DATABASE_URL is not set), healthcheck succeeded, log: /home/me/logs/collect_20261123.log"
        );
        assert_eq!(
            line(&day, log, Language::Korean),
            "daily_collect: build 실패(종료 코드 1), collect 일부 실패(종료 코드 3), \
             sync 보낸 것 없음(DATABASE_URL이 설정되지 않음), healthcheck 성공, 로그: /home/me/logs/collect_20261123.log"
        );
        assert_eq!(
            line(&steps(&[("collect", 2)]), None, Language::English),
            "daily_collect: collect was refused (exit code 2)"
        );
    }
}
