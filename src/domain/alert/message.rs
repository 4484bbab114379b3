//! The words of an alert.

use chrono::NaiveDate;

use super::markdown::{MAX_LENGTH, clip, escape, length};
use super::report::{Failure, NAMED, Report, Told};
use crate::domain::language::Language;

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
        parts.push(well_again(report.language, recovered, today));
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

fn well_again(language: Language, recovered: &[(&str, NaiveDate)], today: NaiveDate) -> String {
    let named = recovered.iter().map(|(id, since)| {
        let days = days(language, *since, today);
        language.say(
            "{asset} (after {days})",
            &[("asset", &escape(id)), ("days", &days)],
        )
    });
    let assets = first_ten(language, &named.collect::<Vec<_>>());
    language.say("Well again: {assets}", &[("assets", &assets)])
}

/// Everything about failures that are new, and a line about those that go on.
fn in_full(report: &Report<'_>, news: &[Told<'_>], again: &[Told<'_>], today: NaiveDate) -> String {
    let told = news.iter().chain(again);
    let assets = told.filter(|t| !t.failure.asset_id.is_empty()).count();
    let head = head(report, assets);
    let tail = tail(report, news, again, today);
    let shown = news.len().min(NAMED);
    let room = MAX_LENGTH.saturating_sub(length(&head) + length(&tail));
    // One for the line end.
    let line_room = (room / shown.max(1)).saturating_sub(1).min(MAX_LINE);
    let lines: Vec<String> = news
        .iter()
        .take(NAMED)
        .map(|told| format!("\n{}", clip(&line(report.language, told, today), line_room)))
        .collect();
    format!("{head}{}{tail}", lines.concat())
}

/// What stands below the failures: those that go on, what to do, the run.
fn tail(report: &Report<'_>, news: &[Told<'_>], again: &[Told<'_>], today: NaiveDate) -> String {
    let language = report.language;
    let mut lines = vec![String::new()];
    if news.len() > NAMED {
        let more = news.len() - NAMED;
        lines.push(language.say("and {more} more", &[("more", &more)]));
    }
    if !again.is_empty() {
        let named = again.iter().map(|t| {
            let who = match t.failure.asset_id.as_str() {
                "" => language.say("the run as a whole", &[]),
                id => escape(id),
            };
            format!("{who} ({})", ordinal_day(language, t.since, today))
        });
        let assets = first_ten(language, &named.collect::<Vec<_>>());
        let assets = clip(&assets, MAX_LINE);
        lines.push(language.say("As before: {assets}", &[("assets", &assets)]));
    }
    lines.push(advice(report));
    if let Some(run) = report.run {
        lines.push(language.say("Run `{run}`", &[("run", &run)]));
    }
    lines.join("\n")
}

fn head(report: &Report<'_>, failed: usize) -> String {
    let Report {
        topic,
        status,
        host,
        language,
        ..
    } = report;
    let host = clip(&escape(host), MAX_HOST);
    let head = language.say(
        "**pricestash {topic}** `{status}` on {host}",
        &[("topic", topic), ("status", status), ("host", &host)],
    );
    let all = failed + report.succeeded.len();
    match failed {
        0 => head,
        _ => language.say(
            "{head}: {failed} of {all} assets",
            &[("head", &head), ("failed", &failed), ("all", &all)],
        ),
    }
}

fn line(language: Language, told: &Told<'_>, today: NaiveDate) -> String {
    let Failure {
        asset_id,
        name,
        words,
        ..
    } = told.failure;
    let words = escape(&language.sentence(words));
    if asset_id.is_empty() {
        return format!("• {words}");
    }
    let name = match name.is_empty() || name == asset_id {
        true => String::new(),
        false => format!(" {}", clip(&escape(name), MAX_NAME)),
    };
    let day = match told.since == today {
        true => String::new(),
        false => format!(" ({})", ordinal_day(language, told.since, today)),
    };
    format!("• **{}**{name}{day}: {words}", escape(asset_id))
}

/// What goes on as it was said before.
fn in_one_line(report: &Report<'_>, again: &[Told<'_>], today: NaiveDate) -> String {
    let Report {
        topic,
        status,
        language,
        ..
    } = report;
    let oldest = again.iter().map(|t| t.since).min().unwrap_or(today);
    let named: Vec<String> = again
        .iter()
        .filter(|t| !t.failure.asset_id.is_empty())
        .map(|t| escape(&t.failure.asset_id))
        .collect();
    let what = match (named.is_empty(), again.first()) {
        (true, Some(told)) => escape(&language.sentence(&told.failure.words)),
        _ => {
            let assets = first_ten(*language, &named);
            language.say("as before, {assets}", &[("assets", &assets)])
        }
    };
    let what = clip(&what, MAX_LINE);
    let day = ordinal_day(*language, oldest, today);
    let line = format!("**pricestash {topic}** `{status}`, {day}: {what}");
    match report.run {
        Some(run) => language.say("{line}; run `{run}`", &[("line", &line), ("run", &run)]),
        None => line,
    }
}

/// The first ten of a list, and how many more there are.
fn first_ten(language: Language, named: &[String]) -> String {
    let names = named
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match named.len().saturating_sub(NAMED) {
        0 => names,
        more => language.say(
            "{names} and {more} more",
            &[("names", &names), ("more", &more)],
        ),
    }
}

/// What the user can do.
fn advice(report: &Report<'_>) -> String {
    let language = report.language;
    match report.topic {
        "collect" => language.say(
            "What could be had is staged. The next `pricestash collect` asks again; when it stays, look at the symbol in assets.toml, at `pricestash status` and, for rejected rows, at the table `quarantine`. A suspect asset ends with a right answer, or by `pricestash waive` as its message says.",
            &[],
        ),
        "sync" => language.say(
            "Nothing is lost: the rows wait in the staging file for the next `pricestash sync`. `pricestash doctor` says what is wrong with the connection. Rows that were refused stand in the table `sync_reject`; `pricestash sync --full` sends them again.",
            &[],
        ),
        _ => language.say(
            "`pricestash collect` asks again. When the exchange was closed, add the day to data/calendars or `pricestash waive` it.",
            &[],
        ),
    }
}

/// The alert of a run whose process died.
#[must_use]
pub(crate) fn abandoned(
    language: Language,
    job_name: &str,
    run: &str,
    host: &str,
    started_at: &str,
) -> String {
    language.say(
        "**pricestash {topic}** `failure` on {host}: abandoned, its process died (a power cut, a restart, a kill). It began at {start}. What was staged until then is safe; the next run goes on from there.\nRun `{run}`",
        &[
            ("topic", &escape(job_name)),
            ("host", &clip(&escape(host), MAX_HOST)),
            ("start", &escape(started_at)),
            ("run", &escape(run)),
        ],
    )
}

/// `third day`, counted from the first one.
fn ordinal_day(language: Language, since: NaiveDate, today: NaiveDate) -> String {
    let number = (today - since).num_days().max(0).unsigned_abs() + 1;
    let ordinal = language.ordinal(number);
    language.say("{ordinal} day", &[("ordinal", &ordinal)])
}

fn days(language: Language, since: NaiveDate, today: NaiveDate) -> String {
    match (today - since).num_days().max(0) {
        0 => language.say("less than a day", &[]),
        1 => language.say("1 day", &[]),
        number => language.say("{number} days", &[("number", &number)]),
    }
}
