//! Runs in the words and shapes of the page.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::RUN_DAYS;
use super::facts::{Facts, RunFacts, SourceFacts};
use super::phrase::Phrase;
use crate::output::numbers;

/// So many runs are listed.
const LISTED_RUNS: usize = 60;
/// So many words of one run's failures are listed.
const LISTED_PROBLEMS: usize = 20;

/// The runs of one command: a column a day, and how they ended.
pub(super) struct JobView {
    pub(super) name: String,
    pub(super) runs: usize,
    pub(super) succeeded: usize,
    pub(super) ended: usize,
    pub(super) typical: Option<String>,
    pub(super) days: Vec<RunDay>,
}

/// The runs of a day.
pub(super) struct RunDay {
    pub(super) x: usize,
    /// The worst status of the day.
    pub(super) status: String,
    /// The height says the same as the colour.
    pub(super) y: usize,
    pub(super) height: usize,
    /// Its date, how it ended, its runs and rows, the longest run's time.
    pub(super) says: Phrase,
    /// Below: how long the longest took, up to 20 high.
    pub(super) bar: String,
    pub(super) bar_y: String,
}

/// A run of the list.
pub(super) struct RunView {
    pub(super) started_at: String,
    pub(super) job_name: String,
    pub(super) status: String,
    pub(super) mark: &'static str,
    pub(super) took: Option<String>,
    pub(super) rows: String,
    pub(super) problems: Vec<(String, String)>,
    pub(super) more_problems: usize,
}

/// A source's success.
pub(super) struct SourceView {
    pub(super) source: String,
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) percent: String,
    /// Of a hundred, for a bar.
    pub(super) width: String,
    pub(super) last_problem: Option<String>,
}

/// `45 ms`, `1.2 s`, `3 min 4 s`.
fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        ..1 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds}.{} s", milliseconds.rem_euclid(1000) / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How bad a status is, and how high its column.
fn severity(status: &str) -> usize {
    match status {
        "success" => 1,
        "running" => 0,
        "partial_failure" => 2,
        _ => 3,
    }
}

fn mark(status: &str) -> &'static str {
    match status {
        "success" => "✓",
        "running" => "…",
        "partial_failure" => "!",
        _ => "✕",
    }
}

/// The commands that ran, `collect` and `sync` first.
pub(super) fn jobs(facts: &Facts) -> Vec<JobView> {
    let mut names: Vec<&str> = vec!["collect", "sync"];
    let others: BTreeSet<&str> = facts.runs.iter().map(|r| r.job_name.as_str()).collect();
    names.extend(
        others
            .into_iter()
            .filter(|n| !["collect", "sync"].contains(n)),
    );
    let of = |name: &str| {
        let runs: Vec<&RunFacts> = facts.runs.iter().filter(|r| r.job_name == name).collect();
        job(name, &runs, facts.made_at)
    };
    names.into_iter().map(of).collect()
}

fn job(name: &str, runs: &[&RunFacts], now: DateTime<Utc>) -> JobView {
    let mut times: Vec<i64> = runs.iter().filter_map(|r| r.milliseconds).collect();
    times.sort_unstable();
    JobView {
        name: name.to_owned(),
        runs: runs.len(),
        succeeded: runs.iter().filter(|r| r.status == "success").count(),
        ended: times.len(),
        typical: times.get(times.len() / 2).map(|ms| duration(*ms)),
        days: run_days(runs, now, times.last().copied().unwrap_or(0)),
    }
}

/// The first day of the strips.
pub(super) fn first_day(now: DateTime<Utc>) -> NaiveDate {
    (now - TimeDelta::days(i64::from(RUN_DAYS) - 1)).date_naive()
}

fn run_days(runs: &[&RunFacts], now: DateTime<Utc>, longest: i64) -> Vec<RunDay> {
    let first = first_day(now);
    let mut by_day: BTreeMap<usize, Vec<&RunFacts>> = BTreeMap::new();
    for run in runs {
        if let Ok(x) = usize::try_from((run.started_at.date_naive() - first).num_days()) {
            by_day.entry(x).or_default().push(run);
        }
    }
    let day = |(x, runs): (usize, Vec<&RunFacts>)| {
        let worst = runs.iter().max_by_key(|r| severity(&r.status));
        let status = worst.map_or_else(String::new, |r| r.status.clone());
        let took = runs
            .iter()
            .filter_map(|r| r.milliseconds)
            .max()
            .unwrap_or(0);
        let rows = runs.iter().filter_map(|r| r.rows).sum();
        let date = first + TimeDelta::days(i64::try_from(x).unwrap_or(0));
        let bar = 20.0 * numbers::from_int(took) / numbers::from_int(longest.max(1));
        let height = 6 + 6 * severity(&status);
        RunDay {
            x,
            y: 24 - height,
            height,
            says: Phrase::new(
                "{0} · {1} · runs: {2} · rows: {3} · {4}",
                &[
                    date.to_string(),
                    status.replace('_', " "),
                    runs.len().to_string(),
                    numbers::whole(rows),
                    duration(took),
                ],
            ),
            status,
            bar: format!("{:.1}", bar.max(0.6)),
            bar_y: format!("{:.1}", 48.0 - bar.max(0.6)),
        }
    };
    by_day.into_iter().map(day).collect()
}

/// The newest runs, those that did not succeed before the others, so that no failure falls off the list.
pub(super) fn runs(facts: &Facts) -> (Vec<RunView>, usize) {
    let (good, bad): (Vec<&RunFacts>, Vec<&RunFacts>) =
        facts.runs.iter().partition(|r| r.status == "success");
    let mut listed: Vec<&RunFacts> = bad.into_iter().chain(good).take(LISTED_RUNS).collect();
    listed.sort_by_key(|r| std::cmp::Reverse(r.started_at));
    let more = facts.runs.len() - listed.len();
    (listed.into_iter().map(run).collect(), more)
}

fn run(run: &RunFacts) -> RunView {
    let problems = run.problems.iter().take(LISTED_PROBLEMS);
    RunView {
        started_at: time(run.started_at),
        job_name: run.job_name.clone(),
        status: run.status.clone(),
        mark: mark(&run.status),
        took: run.milliseconds.map(duration),
        rows: run.rows.map(numbers::whole).unwrap_or_default(),
        problems: problems
            .map(|p| {
                let about: Vec<&str> = p.place().collect();
                (about.join(" · "), p.error().to_owned())
            })
            .collect(),
        more_problems: run.problems.len().saturating_sub(LISTED_PROBLEMS),
    }
}

/// A time for `<time>`, to the second.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn sources(facts: &Facts) -> Vec<SourceView> {
    let source = |s: &SourceFacts| {
        let [asked, answered] = [s.asked, s.answered].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let share = 100.0 * numbers::from_int(answered) / numbers::from_int(asked.max(1));
        SourceView {
            source: s.source.clone(),
            asked: s.asked,
            answered: s.answered,
            percent: format!("{share:.1} %"),
            width: format!("{share:.1}"),
            last_problem: s.last_problem.clone(),
        }
    };
    facts.sources.iter().map(source).collect()
}
