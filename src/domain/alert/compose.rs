//! Which failures are new, which go on, and which are over.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::facts::{Facts, NewFailure, Ongoing, Recovered, ReportFacts};
use super::report::{Case, Composed, NAMED, Report, Told};
use crate::domain::text::bounded;

/// The longest words of a failure that are kept, in characters.
const LONGEST_WORDS: usize = 1000;

/// Composes the alert of a report; `known` is what was said before on its topic, by asset, and `elsewhere` tells whether an
/// asset is still failing on another topic, so that its recovery waits.
#[must_use]
pub(crate) fn compose(
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
    worst_first(&mut news);
    worst_first(&mut again);
    for told in news.iter().take(NAMED).chain(again.iter().take(NAMED)) {
        if let Some(case) = composed.open.get_mut(&told.failure.asset_id) {
            case.named = true;
        }
    }
    let mut recovered = Vec::new();
    for (asset, case) in known {
        let is_well = match asset.as_str() {
            "" => !composed.open.contains_key(""),
            id => report.succeeded.iter().any(|w| w == id),
        };
        if is_well {
            if case.named && !asset.is_empty() && !elsewhere(asset) {
                recovered.push(Recovered {
                    asset_id: asset.clone(),
                    since: case.since,
                });
            }
            composed.closed.push(asset.clone());
        }
    }
    composed.facts = facts(report, &news, &again, recovered, today);
    composed
}

/// The run as a whole, then prices that may be wrong, then what has failed longest.
fn worst_first(failures: &mut [Told<'_>]) {
    failures.sort_by_key(|told| {
        let failure = told.failure;
        (
            !failure.asset_id.is_empty(),
            !failure.is_suspect,
            told.since,
        )
    });
}

/// Everything there is to say, or nothing.
fn facts(
    report: &Report<'_>,
    news: &[Told<'_>],
    again: &[Told<'_>],
    mut recovered: Vec<Recovered>,
    day: NaiveDate,
) -> Option<Facts> {
    if news.is_empty() && again.is_empty() && recovered.is_empty() {
        return None;
    }
    let told = news.iter().chain(again);
    let failed = told.filter(|t| !t.failure.asset_id.is_empty()).count();
    let more_recovered = recovered.len().saturating_sub(NAMED);
    recovered.truncate(NAMED);
    Some(Facts::Report(ReportFacts {
        topic: report.topic.to_owned(),
        status: report.status.to_owned(),
        host: report.host.to_owned(),
        run: report.run.map(str::to_owned),
        day,
        failed,
        assets: failed + report.succeeded.len(),
        news: news.iter().take(NAMED).map(new_failure).collect(),
        more_news: news.len().saturating_sub(NAMED),
        again: again.iter().take(NAMED).map(ongoing).collect(),
        more_again: again.len().saturating_sub(NAMED),
        recovered,
        more_recovered,
    }))
}

fn new_failure(told: &Told<'_>) -> NewFailure {
    NewFailure {
        asset_id: told.failure.asset_id.clone(),
        name: told.failure.name.clone(),
        words: bounded(&told.failure.words, LONGEST_WORDS),
        since: told.since,
    }
}

fn ongoing(told: &Told<'_>) -> Ongoing {
    let failure = told.failure;
    Ongoing {
        asset_id: failure.asset_id.clone(),
        words: match failure.asset_id.as_str() {
            "" => bounded(&failure.words, LONGEST_WORDS),
            _ => String::new(),
        },
        since: told.since,
    }
}

/// The words without the asset whose turn came first at a host that failed: the others are skipped for the same reason, and which
/// one is first differs from run to run.
fn without_whom(words: &str) -> String {
    const SKIPPED: &str = "skipped after an earlier failure in this run: ";
    let parts = words.split(" · ").map(|part| {
        let part = part.replace(SKIPPED, "");
        match part.rsplit_once(" (for ") {
            Some((before, asset)) if asset.ends_with(')') => before.to_owned(),
            _ => part,
        }
    });
    parts.collect::<Vec<_>>().join(" · ")
}

/// What stays the same in an error from day to day: without its dates, times and counts.
#[must_use]
pub(crate) fn cause(words: &str) -> String {
    let words = without_whom(words);
    let mut cause = String::with_capacity(words.len());
    let mut rest = words.as_str();
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
