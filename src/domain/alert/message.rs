//! The words of an alert.

use chrono::NaiveDate;

use super::markdown::{MAX_LENGTH, clip, escape, length};
use super::report::{Failure, NAMED, Report, Told};

/// The longest line about one asset when there is room.
const MAX_LINE: usize = 600;
/// The longest name of an asset in an alert.
const MAX_NAME: usize = 40;
/// The longest name of a machine in an alert.
const MAX_HOST: usize = 80;

/// Everything there is to say, or nothing.
pub(super) fn content(
    report: &Report<'_>,
    news: &[Told<'_>],
    again: &[Told<'_>],
    recovered: &[(&str, NaiveDate)],
    today: NaiveDate,
) -> Option<String> {
    let mut parts = Vec::new();
    if !news.is_empty() {
        parts.push(in_full(report, news, again, today));
    } else if !again.is_empty() {
        parts.push(in_one_line(report, again, today));
    }
    if !recovered.is_empty() {
        let named: Vec<String> = recovered
            .iter()
            .map(|(id, since)| format!("{} (after {})", escape(id), days(*since, today)))
            .collect();
        parts.push(format!("Well again: {}", first_ten(&named)));
    }
    // The recovery is the part that must not be cut off.
    let room = MAX_LENGTH - parts.get(1).map_or(0, |p| length(p).min(500) + 1);
    let parts: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(i, part)| clip(part, if i == 0 { room } else { 500 }))
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// Everything about failures that are new, and a line about those that go on.
fn in_full(report: &Report<'_>, news: &[Told<'_>], again: &[Told<'_>], today: NaiveDate) -> String {
    let told = news.iter().chain(again);
    let assets = told.filter(|t| !t.failure.asset_id.is_empty()).count();
    let head = head(report, assets);
    let mut tail = String::new();
    if news.len() > NAMED {
        tail.push_str(&format!("\nand {} more", news.len() - NAMED));
    }
    if !again.is_empty() {
        let named: Vec<String> = again
            .iter()
            .map(|t| {
                let who = match t.failure.asset_id.as_str() {
                    "" => "the run as a whole".to_owned(),
                    id => escape(id),
                };
                format!("{who} ({})", ordinal_day(t.since, today))
            })
            .collect();
        tail.push_str(&format!(
            "\nAs before: {}",
            clip(&first_ten(&named), MAX_LINE)
        ));
    }
    tail.push_str(&format!("\n{}", advice(report.topic)));
    if let Some(run) = report.run {
        tail.push_str(&format!("\nRun `{run}`"));
    }
    let shown = news.len().min(NAMED);
    let room = MAX_LENGTH.saturating_sub(length(&head) + length(&tail));
    // One for the line end.
    let line_room = (room / shown.max(1)).saturating_sub(1).min(MAX_LINE);
    let lines: Vec<String> = news
        .iter()
        .take(NAMED)
        .map(|told| format!("\n{}", clip(&line(told, today), line_room)))
        .collect();
    format!("{head}{}{tail}", lines.concat())
}

fn head(report: &Report<'_>, failed: usize) -> String {
    let Report {
        topic,
        status,
        host,
        ..
    } = report;
    let all = failed + report.succeeded.len();
    let count = match failed {
        0 => String::new(),
        _ => format!(": {failed} of {all} assets"),
    };
    format!(
        "**pricestash {topic}** `{status}` on {}{count}",
        clip(&escape(host), MAX_HOST)
    )
}

fn line(told: &Told<'_>, today: NaiveDate) -> String {
    let Failure {
        asset_id,
        name,
        words,
        ..
    } = told.failure;
    if asset_id.is_empty() {
        return format!("• {}", escape(words));
    }
    let name = match name.is_empty() || name == asset_id {
        true => String::new(),
        false => format!(" {}", clip(&escape(name), MAX_NAME)),
    };
    let day = match told.since == today {
        true => String::new(),
        false => format!(" ({})", ordinal_day(told.since, today)),
    };
    format!("• **{}**{name}{day}: {}", escape(asset_id), escape(words))
}

/// What goes on as it was said before.
fn in_one_line(report: &Report<'_>, again: &[Told<'_>], today: NaiveDate) -> String {
    let oldest = again.iter().map(|t| t.since).min().unwrap_or(today);
    let run = report
        .run
        .map(|run| format!("; run `{run}`"))
        .unwrap_or_default();
    let named: Vec<String> = again
        .iter()
        .filter(|t| !t.failure.asset_id.is_empty())
        .map(|t| escape(&t.failure.asset_id))
        .collect();
    let what = match (named.is_empty(), again.first()) {
        (true, Some(told)) => escape(&told.failure.words),
        _ => format!("as before, {}", first_ten(&named)),
    };
    let what = clip(&what, MAX_LINE);
    let Report { topic, status, .. } = report;
    format!(
        "**pricestash {topic}** `{status}`, {}: {what}{run}",
        ordinal_day(oldest, today)
    )
}

/// The first ten of a list, and how many more there are.
fn first_ten(named: &[String]) -> String {
    let shown = named.iter().take(NAMED).cloned().collect::<Vec<_>>();
    match named.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What the user can do.
fn advice(topic: &str) -> &'static str {
    match topic {
        "collect" => {
            "What could be had is staged. The next `pricestash collect` asks again; when it stays, look at the symbol in assets.toml, at `pricestash status` and, for rejected rows, at the table `quarantine`. A suspect asset ends with a right answer, or by `pricestash waive` as its message says."
        }
        "sync" => {
            "Nothing is lost: the rows wait in the staging file for the next `pricestash sync`. `pricestash doctor` says what is wrong with the connection. Rows that were refused stand in the table `sync_reject`; `pricestash sync --full` sends them again."
        }
        _ => {
            "`pricestash collect` asks again. When the exchange was closed, add the day to data/calendars or `pricestash waive` it."
        }
    }
}

/// The alert of a run whose process died.
#[must_use]
pub(crate) fn abandoned(job_name: &str, run: &str, host: &str, started_at: &str) -> String {
    format!(
        "**pricestash {}** `failure` on {}: abandoned, its process died (a power cut, a restart, a kill). It began at {}. \
         What was staged until then is safe; the next run goes on from there.\nRun `{}`",
        escape(job_name),
        clip(&escape(host), MAX_HOST),
        escape(started_at),
        escape(run),
    )
}

/// `third day`, counted from the first one.
fn ordinal_day(since: NaiveDate, today: NaiveDate) -> String {
    const NAMES: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    let number = (today - since).num_days().max(0) + 1;
    let name = usize::try_from(number - 1).ok().and_then(|n| NAMES.get(n));
    match (name, number % 10, number % 100) {
        (Some(name), ..) => format!("{name} day"),
        (None, _, 11..=13) => format!("{number}th day"),
        (None, 1, _) => format!("{number}st day"),
        (None, 2, _) => format!("{number}nd day"),
        (None, 3, _) => format!("{number}rd day"),
        (None, ..) => format!("{number}th day"),
    }
}

fn days(since: NaiveDate, today: NaiveDate) -> String {
    match (today - since).num_days().max(0) {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}
