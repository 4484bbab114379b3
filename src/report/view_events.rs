//! Runs, corrections and the way to the warehouse in the words and shapes of the page.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::RUN_DAYS;
use super::facts::{AssetFacts, Facts, RunFacts, WarehouseFacts};
use super::view::Change;
use crate::digits;
use crate::staging::{Correction, Values};

/// So many runs are listed.
const LISTED_RUNS: usize = 60;
/// So many words of one run's failures are listed.
const LISTED_PROBLEMS: usize = 20;
/// So many groups of corrections are listed, and so many days of each.
const LISTED_GROUPS: usize = 200;
const LISTED_CORRECTIONS: usize = 60;

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
    /// What to say of it.
    pub(super) date: String,
    pub(super) runs: usize,
    /// Below: how long the longest took, up to 20 high.
    pub(super) bar: String,
    pub(super) bar_y: String,
    pub(super) took: String,
}

/// A run of the list.
pub(super) struct RunView {
    pub(super) started_at: String,
    pub(super) job_name: String,
    pub(super) status: String,
    pub(super) mark: &'static str,
    pub(super) took: String,
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

/// What one run changed of one series.
pub(super) struct GroupView {
    pub(super) asset_at: usize,
    pub(super) asset: String,
    pub(super) source: String,
    pub(super) replaced_at: String,
    pub(super) job: String,
    pub(super) run: String,
    pub(super) was_provisional: bool,
    pub(super) count: usize,
    pub(super) first: String,
    pub(super) last: String,
    /// The least and the greatest change of a close.
    pub(super) range: String,
    pub(super) days: Vec<CorrectionView>,
    pub(super) more: usize,
}

/// One day's change.
pub(super) struct CorrectionView {
    pub(super) date: String,
    pub(super) fields: Vec<FieldView>,
}

/// One changed value.
pub(super) struct FieldView {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: Option<Change>,
}

/// One asset's rows here and there.
pub(super) struct CountView {
    pub(super) asset: String,
    pub(super) staged: String,
    pub(super) pending: String,
    pub(super) warehouse: Option<String>,
    pub(super) differs: bool,
}

/// A number of things, as people read it.
pub(super) fn number(n: u64) -> String {
    digits::count(i64::try_from(n).unwrap_or(i64::MAX))
}

pub(super) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// `1.2 s`, `3 min 4 s`.
fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        ..60 => format!("{seconds}.{} s", milliseconds.rem_euclid(1000) / 100),
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

fn run_days(runs: &[&RunFacts], now: DateTime<Utc>, longest: i64) -> Vec<RunDay> {
    let first = (now - TimeDelta::days(i64::from(RUN_DAYS) - 1)).date_naive();
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
        let bar = 20.0 * digits::from_int(took) / digits::from_int(longest.max(1));
        let height = 6 + 6 * severity(&status);
        RunDay {
            x,
            y: 24 - height,
            height,
            status,
            date: (first + TimeDelta::days(i64::try_from(x).unwrap_or(0))).to_string(),
            runs: runs.len(),
            bar: format!("{:.1}", bar.max(0.6)),
            bar_y: format!("{:.1}", 48.0 - bar.max(0.6)),
            took: duration(took),
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
        took: run.milliseconds.map(duration).unwrap_or_default(),
        rows: run.rows.map(number).unwrap_or_default(),
        problems: problems
            .map(|p| {
                let about = [&p.asset_id, &p.source].into_iter().flatten().cloned();
                (about.collect::<Vec<_>>().join(" · "), p.error.clone())
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
    let source = |s: &super::facts::SourceFacts| {
        let [asked, answered] = [s.asked, s.answered].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let share = 100.0 * digits::from_int(answered) / digits::from_int(asked.max(1));
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

/// What changed afterwards, newest first, together what one run changed of one series; and how many groups are not shown.
pub(super) fn corrections(facts: &Facts) -> (Vec<GroupView>, usize) {
    let mut groups: Vec<GroupView> = Vec::new();
    for (at, asset) in facts.assets.iter().enumerate() {
        let same = |a: &Correction, b: &Correction| key(a) == key(b);
        let mut corrections: Vec<&Correction> = asset.corrections.iter().collect();
        corrections.sort_by_key(|c| key(c));
        for group in corrections.chunk_by(|a, b| same(a, b)) {
            groups.extend(correction_group(at, asset, group, facts));
        }
    }
    groups.sort_by(|a, b| b.replaced_at.cmp(&a.replaced_at));
    let more = groups.len().saturating_sub(LISTED_GROUPS);
    groups.truncate(LISTED_GROUPS);
    (groups, more)
}

fn key(c: &Correction) -> (&str, &str, Option<&str>, bool) {
    (
        &c.replaced_at,
        &c.source,
        c.job_id.as_deref(),
        c.was_provisional,
    )
}

fn correction_group(
    at: usize,
    asset: &AssetFacts,
    group: &[&Correction],
    facts: &Facts,
) -> Option<GroupView> {
    let first = group.first()?;
    let dates = || group.iter().map(|c| c.date.as_str());
    let job = first.job_id.clone().unwrap_or_default();
    let run = facts.runs.iter().find(|r| r.job_id == job);
    Some(GroupView {
        asset_at: at,
        asset: asset.name.clone(),
        source: first.source.clone(),
        replaced_at: first.replaced_at.clone(),
        run: run.map_or_else(String::new, |r| {
            format!("{} {}", r.job_name, time(r.started_at))
        }),
        job,
        was_provisional: first.was_provisional,
        count: group.len(),
        first: dates().min().unwrap_or_default().to_owned(),
        last: dates().max().unwrap_or_default().to_owned(),
        range: range(group),
        days: group
            .iter()
            .take(LISTED_CORRECTIONS)
            .map(|c| CorrectionView {
                date: c.date.clone(),
                fields: fields(c, &asset.currency),
            })
            .collect(),
        more: group.len().saturating_sub(LISTED_CORRECTIONS),
    })
}

/// By how much the closes moved: from the least to the greatest change.
fn range(group: &[&Correction]) -> String {
    let change = |c: &&Correction| digits::change(c.before.prices[3], c.after?.prices[3]);
    let changes: Vec<f64> = group.iter().filter_map(change).collect();
    let Some(least) = changes.iter().copied().reduce(f64::min) else {
        return String::new();
    };
    let greatest = changes.iter().copied().fold(least, f64::max);
    let [least, greatest] = [least, greatest].map(digits::percent);
    if least == greatest {
        least
    } else {
        format!("{least} … {greatest}")
    }
}

fn fields(c: &Correction, currency: &str) -> Vec<FieldView> {
    let Some(after) = c.after else {
        return Vec::new();
    };
    let decimals = digits::decimals(currency);
    let names = ["open", "high", "low", "close"];
    let prices = names
        .into_iter()
        .zip(c.before.prices.into_iter().zip(after.prices));
    let mut fields: Vec<FieldView> = prices
        .filter(|(_, (before, after))| before.to_bits() != after.to_bits())
        .map(|(name, (before, after))| FieldView {
            name,
            before: digits::price(before, decimals),
            after: digits::price(after, decimals),
            change: Change::between(before, after),
        })
        .collect();
    fields.extend(volume_field(c.before, after));
    fields
}

fn volume_field(before: Values, after: Values) -> Option<FieldView> {
    let text = |v: Values| v.volume.map_or_else(|| "–".to_owned(), digits::count);
    (before.volume != after.volume).then(|| FieldView {
        name: "volume",
        before: text(before),
        after: text(after),
        change: before
            .volume
            .zip(after.volume)
            .and_then(|(b, a)| Change::between(digits::from_int(b), digits::from_int(a))),
    })
}

/// Rows by asset: here, waiting, and there.
pub(super) fn counts(facts: &Facts) -> Vec<CountView> {
    let there = match &facts.sync.warehouse {
        WarehouseFacts::Counts(counts) => Some(counts),
        _ => None,
    };
    let view = |asset: &AssetFacts| {
        let staged: u64 = asset.series.iter().map(|s| count(s.bars.len())).sum();
        let warehouse = there.map(|c| c.get(&asset.id).copied().unwrap_or(0));
        CountView {
            asset: asset.name.clone(),
            staged: number(staged),
            pending: number(asset.pending),
            warehouse: warehouse.map(number),
            // More rows there may come from another machine; fewer than were acknowledged are a loss.
            differs: warehouse.is_some_and(|w| w + asset.pending < staged),
        }
    };
    facts.assets.iter().map(view).collect()
}
