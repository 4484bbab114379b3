//! Facts in the words and shapes of the page: what its templates print.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::facts::AssetFacts;
use super::strip::{self, DayKind, StripYear};
use crate::jobs::healthcheck::Freshness;
use crate::output::numbers;
use crate::staging::{StoredBar, StoredFinding};

/// So many findings of an asset are listed.
const LISTED_FINDINGS: usize = 50;
/// So many days without a bar are named.
const LISTED_GAPS: usize = 40;
/// Points of a sparkline at most.
const SPARK_POINTS: usize = 120;

/// One asset of the page.
pub(super) struct AssetView {
    /// Its place, which its anchors have.
    pub(super) at: usize,
    pub(super) id: String,
    pub(super) name: String,
    /// Category, calendar and currency.
    pub(super) kind: Vec<String>,
    pub(super) sources: Vec<String>,
    /// Its currency; empty for an index, whose level is no amount of money.
    pub(super) unit: String,
    pub(super) newest: Option<NewestView>,
    pub(super) badge: Badge,
    pub(super) pending: String,
    pub(super) is_pending: bool,
    pub(super) open_findings: usize,
    pub(super) findings: Vec<StoredFinding>,
    pub(super) more_findings: usize,
    pub(super) gaps: Listed,
    pub(super) late: Listed,
    pub(super) waived: Vec<(NaiveDate, String)>,
    /// Whether one of its series may mix two scales.
    pub(super) is_suspect: bool,
    pub(super) needs_attention: bool,
    pub(super) years: Vec<StripYear>,
    pub(super) days: BTreeMap<NaiveDate, DayKind>,
}

/// The newest bar.
pub(super) struct NewestView {
    pub(super) date: NaiveDate,
    pub(super) is_provisional: bool,
    pub(super) close: Number,
    pub(super) change: Option<Change>,
    pub(super) spark: Spark,
}

/// A number as it is and as people read it.
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) text: String,
}

/// A change with colour, arrow and sign.
pub(super) struct Change {
    pub(super) class: &'static str,
    pub(super) arrow: &'static str,
    pub(super) text: String,
}

/// A year as a line, 100 wide and 28 high.
pub(super) struct Spark {
    pub(super) line: String,
    pub(super) area: String,
    pub(super) class: &'static str,
}

/// Freshness in a word and a shape.
pub(super) struct Badge {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) word: &'static str,
    pub(super) expected: Option<NaiveDate>,
}

/// Days of a kind: how many, and the newest of them.
pub(super) struct Listed {
    pub(super) count: usize,
    pub(super) days: Vec<NaiveDate>,
}

impl Listed {
    fn of(days: &BTreeMap<NaiveDate, DayKind>, kind: DayKind) -> Self {
        let all = days
            .iter()
            .rev()
            .filter(|(_, day)| **day == kind)
            .map(|(date, _)| *date);
        Self {
            count: all.clone().count(),
            days: all.take(LISTED_GAPS).collect(),
        }
    }

    /// How many are not named.
    pub(super) fn more(&self) -> usize {
        self.count - self.days.len()
    }
}

/// A number of things, as people read it.
pub(super) fn number(count: usize) -> String {
    numbers::whole(u64::try_from(count).unwrap_or(u64::MAX))
}

impl Change {
    pub(super) fn between(before: f64, after: f64) -> Option<Self> {
        let share = numbers::change(before, after)?;
        let text = numbers::percent(share);
        let (class, arrow) = match text.chars().next() {
            Some('+') => ("up", "▲"),
            Some('−') => ("down", "▼"),
            _ => ("flat", "■"),
        };
        Some(Self { class, arrow, text })
    }
}

impl Number {
    pub(super) fn price(value: f64, currency: &str) -> Self {
        Self {
            value,
            text: numbers::price(value, numbers::decimals(currency)),
        }
    }
}

pub(super) fn asset_view(at: usize, asset: &AssetFacts, now: DateTime<Utc>) -> AssetView {
    let days = strip::days(asset, now);
    let gaps = Listed::of(&days, DayKind::Gap);
    let badge = badge(asset);
    let calendar = asset.calendar.as_ref().map(|c| c.name().to_owned());
    let kind = [
        Some(asset.category.clone()),
        calendar,
        Some(asset.currency.clone()),
    ];
    let suspects = |suspect: bool| {
        let newest = asset.findings.iter().rev();
        newest.filter(move |f| f.is_suspect() == suspect)
    };
    let listed = suspects(true).chain(suspects(false));
    let listed = listed.take(LISTED_FINDINGS).cloned();
    let is_suspect = asset.is_suspect();
    AssetView {
        at,
        id: asset.id.clone(),
        name: asset.name.clone(),
        kind: kind
            .into_iter()
            .flatten()
            .filter(|k| !k.is_empty())
            .collect(),
        sources: asset.series.iter().map(|s| s.source.clone()).collect(),
        unit: unit(asset),
        newest: newest(asset),
        is_suspect,
        needs_attention: is_suspect || gaps.count > 0 || matches!(badge.class, "stale" | "no-data"),
        badge,
        pending: numbers::whole(asset.pending),
        is_pending: asset.pending > 0,
        open_findings: asset.findings.len(),
        findings: listed.collect(),
        more_findings: asset.findings.len().saturating_sub(LISTED_FINDINGS),
        late: Listed::of(&days, DayKind::Late),
        gaps,
        waived: asset
            .waived
            .iter()
            .rev()
            .map(|(d, why)| (*d, why.clone()))
            .collect(),
        years: strip::years(&days),
        days,
    }
}

fn unit(asset: &AssetFacts) -> String {
    if asset.category == "index" {
        String::new()
    } else {
        asset.currency.clone()
    }
}

fn badge(asset: &AssetFacts) -> Badge {
    let (class, mark, word) = match asset.freshness {
        Some(Freshness::Ok) => ("ok", "✓", "fresh"),
        Some(Freshness::Stale) => ("stale", "!", "stale"),
        Some(Freshness::NoData) => ("no-data", "✕", "no data"),
        None => ("inactive", "–", "not collected"),
    };
    Badge {
        class,
        mark,
        word,
        expected: asset.expected,
    }
}

fn newest(asset: &AssetFacts) -> Option<NewestView> {
    let best = asset.best();
    let (_, bar) = best.last()?;
    let before = best.iter().rev().nth(1).map(|(_, b)| b.values.close);
    Some(NewestView {
        date: bar.date,
        is_provisional: !bar.is_final,
        close: Number::price(bar.values.close, &asset.currency),
        change: before.and_then(|b| Change::between(b, bar.values.close)),
        spark: spark(&best, bar.date),
    })
}

/// The closes of the year before the newest bar.
fn spark(best: &[(usize, &StoredBar)], newest: NaiveDate) -> Spark {
    let since = newest - TimeDelta::days(365);
    let year: Vec<&StoredBar> = best
        .iter()
        .map(|(_, b)| *b)
        .filter(|b| b.date > since)
        .collect();
    let part = year.len().div_ceil(SPARK_POINTS).max(1);
    // From the newest back, so that it is the last point.
    let mut closes: Vec<f64> = year
        .rchunks(part)
        .filter_map(|p| p.last())
        .map(|b| b.values.close)
        .collect();
    closes.reverse();
    let line = spark_line(&closes);
    let class = match (closes.first(), closes.last()) {
        (Some(first), Some(last)) if last > first => "up",
        (Some(first), Some(last)) if last < first => "down",
        _ => "flat",
    };
    Spark {
        area: format!("{line}L100 28L0 28Z"),
        line,
        class,
    }
}

fn spark_line(closes: &[f64]) -> String {
    let least = closes.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = closes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let place = |n: usize| numbers::from_int(i64::try_from(n).unwrap_or(0));
    let last = place(closes.len().saturating_sub(1).max(1));
    let mut path = String::new();
    for (at, close) in closes.iter().enumerate() {
        let pen = if at == 0 { 'M' } else { 'L' };
        let height = (close - least) / (greatest - least);
        let y = if height.is_finite() {
            26.0 - 24.0 * height
        } else {
            14.0
        };
        path.push_str(&format!("{pen}{:.1} {y:.1}", 100.0 * place(at) / last));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spark_spans_its_box_and_a_flat_one_lies_in_the_middle() {
        assert_eq!(
            spark_line(&[1.0, 3.0, 2.0]),
            "M0.0 26.0L50.0 2.0L100.0 14.0"
        );
        assert_eq!(spark_line(&[5.0, 5.0]), "M0.0 14.0L100.0 14.0");
        assert_eq!(spark_line(&[5.0]), "M0.0 14.0");
    }

    #[test]
    fn a_change_has_a_sign_and_an_arrow() {
        let change = |a, b| Change::between(a, b).map(|c| (c.class, c.arrow, c.text));
        assert_eq!(
            change(100.0, 101.0),
            Some(("up", "▲", "+1.00 %".to_owned()))
        );
        assert_eq!(
            change(100.0, 99.0),
            Some(("down", "▼", "−1.00 %".to_owned()))
        );
        assert_eq!(
            change(100.0, 100.0),
            Some(("flat", "■", "0.00 %".to_owned()))
        );
        assert!(change(0.0, 1.0).is_none());
    }
}
