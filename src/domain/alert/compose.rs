//! Which failures are new, which go on, and which are over.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::message::content;
use super::report::{Case, Composed, NAMED, Report, Told};

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
                recovered.push((asset.as_str(), case.since));
            }
            composed.closed.push(asset.clone());
        }
    }
    composed.content = content(report, &news, &again, &recovered, today);
    composed
}

/// What stays the same in an error from day to day: without its dates, times and counts.
#[must_use]
pub(crate) fn cause(words: &str) -> String {
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
