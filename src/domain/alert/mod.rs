//! What an alert says: pure, from what a command found and what was said before. No clock, no network.
//!
//! A failure is told in full once. While it stays the same it is one line a run ("third day"). When it is gone, that is said
//! once, and only for an asset that an earlier alert named.

use std::collections::BTreeMap;

use chrono::NaiveDate;

#[cfg(test)]
mod alert_tests;
mod markdown;
mod message;

pub use markdown::{MAX_LENGTH, pack, payload};
pub use message::abandoned;
use message::content;

/// So many assets are named.
const NAMED: usize = 10;

/// What a command found.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// `collect`, `sync` or `healthcheck`.
    pub topic: &'static str,
    /// How it ended: `partial_failure`, `failure`, `stale`.
    pub status: &'a str,
    /// The machine.
    pub host: &'a str,
    /// The run's id, where it was a run.
    pub run: Option<&'a str>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// The assets that are well.
    pub well: Vec<String>,
}

/// One thing that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The asset; empty for the run as a whole.
    pub asset_id: String,
    /// Its name for people.
    pub name: String,
    /// What happened, in the source's own words.
    pub words: String,
    /// The same failure has the same cause, also on another day.
    pub cause: String,
}

/// What was said before about an asset, and holds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What was wrong.
    pub cause: String,
    /// The first day.
    pub since: NaiveDate,
    /// The day on which it was said last.
    pub told: NaiveDate,
    /// Whether an alert named the asset, which promises a word when it is well again.
    pub named: bool,
}

/// What becomes of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composed {
    /// What to send; `None` when there is nothing to say.
    pub content: Option<String>,
    /// What is wrong from now on, by asset.
    pub open: BTreeMap<String, Case>,
    /// What is wrong no more.
    pub closed: Vec<String>,
}

/// Composes the alert of a report; `known` is what was said before on its topic, by asset, and `elsewhere` tells whether an
/// asset is still failing on another topic, so that its recovery waits.
#[must_use]
pub fn compose(
    report: &Report<'_>,
    known: &BTreeMap<String, Case>,
    elsewhere: impl Fn(&str) -> bool,
    today: NaiveDate,
) -> Composed {
    let mut composed = Composed::default();
    let (mut news, mut again) = (Vec::new(), Vec::new());
    for failure in &report.failures {
        let before = known.get(&failure.asset_id);
        let since = before.map_or(today, |case| case.since.min(today));
        let is_same = before.is_some_and(|case| case.cause == failure.cause);
        let told = Told { failure, since };
        // Who asks several times a day, and is no run, hears it once a day.
        let is_said = report.run.is_none() && before.is_some_and(|case| case.told == today);
        match (is_same, is_said) {
            (false, _) => news.push(told),
            (true, false) => again.push(told),
            (true, true) => {}
        }
        let case = Case {
            cause: failure.cause.clone(),
            since,
            told: today,
            named: before.is_some_and(|case| case.named),
        };
        composed.open.insert(failure.asset_id.clone(), case);
    }
    for told in news.iter().take(NAMED).chain(again.iter().take(NAMED)) {
        if let Some(case) = composed.open.get_mut(&told.failure.asset_id) {
            case.named = true;
        }
    }
    let mut recovered = Vec::new();
    for (asset, case) in known {
        let is_well = match asset.as_str() {
            "" => !composed.open.contains_key(""),
            id => report.well.iter().any(|w| w == id),
        };
        if is_well {
            if case.named && !asset.is_empty() && !elsewhere(asset) {
                recovered.push((asset.as_str(), case.since));
            }
            composed.closed.push(asset.clone());
        }
    }
    composed.content = content(report, &news, &again, &recovered, today);
    composed
}

/// A failure with its first day.
struct Told<'a> {
    failure: &'a Failure,
    since: NaiveDate,
}

/// What stays the same in an error from day to day: without its dates, times and counts.
#[must_use]
pub fn cause(words: &str) -> String {
    let mut cause = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        // 2026-01-31 and 14:05:09.123 are one number each.
        let end = from
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | ':' | '.'))
            .unwrap_or(from.len());
        let number = from[..end].trim_end_matches(['-', ':', '.']);
        cause.push_str(before);
        // A status such as 404 makes a difference.
        let is_code = number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit());
        cause.push_str(if is_code { number } else { "#" });
        rest = &from[number.len()..];
    }
    // One row or many.
    (cause + rest).replace("# row ", "# rows ")
}
