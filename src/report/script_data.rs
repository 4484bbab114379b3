//! The data that the page's script draws charts from.

use serde::Serialize;

use super::facts::AssetFacts;
use super::pack::{Packed, day_number, days, pack};
use super::strip::DayKind;
use super::view::AssetView;
use crate::domain::adjustment::Adjust;
use crate::output::numbers;
use crate::staging::Correction;

/// So many findings of an asset are marked in its chart: a series without volumes may have one a day.
const MOST_FINDINGS: usize = 4000;
/// So many corrections of an asset are told in its chart: a split replaces a whole series.
const MOST_CORRECTIONS: usize = 4000;

#[derive(Serialize)]
pub(super) struct AssetData<'a> {
    id: &'a str,
    name: &'a str,
    currency: &'a str,
    /// Whether its level is no amount of money.
    index: bool,
    decimals: usize,
    series: Vec<Packed>,
    /// Sessions without a bar, between bars.
    gaps: String,
    /// Day, source, rule, detail.
    findings: Vec<(i64, &'a str, &'a str, &'a str)>,
    /// Day, source, old values, old volume, time, provisional.
    corrections: Vec<CorrectionData<'a>>,
}

/// Id, name, symbols, category, and whether it needs attention.
type IndexEntry<'a> = (&'a str, &'a str, &'a [String], &'a str, bool);

/// What an asset is found by.
pub(super) fn index_entry<'a>(asset: &'a AssetFacts, view: &AssetView) -> IndexEntry<'a> {
    (
        &asset.id,
        &asset.name,
        &asset.symbols,
        &asset.category,
        view.needs_attention,
    )
}

type CorrectionData<'a> = (i64, &'a str, [f64; 4], Option<i64>, &'a str, bool);

pub(super) fn asset_data<'a>(asset: &'a AssetFacts, view: &AssetView) -> AssetData<'a> {
    let gaps = view.days.iter().filter(|(_, day)| **day == DayKind::Gap);
    let findings = asset.findings.iter().rev().take(MOST_FINDINGS);
    // What a price was before is not adjusted: beside adjusted ones it would look like a move.
    let is_adjusted = asset.factors.adjust() != Adjust::None;
    let most = if is_adjusted { 0 } else { MOST_CORRECTIONS };
    let corrections = asset.corrections.iter().take(most);
    AssetData {
        id: &asset.id,
        name: &asset.name,
        currency: &asset.currency,
        index: asset.category == "index",
        decimals: numbers::decimals(&asset.currency),
        series: asset
            .series
            .iter()
            .map(|series| pack(series, &asset.factors))
            .collect(),
        gaps: days(gaps.map(|(date, _)| day_number(*date))),
        findings: findings
            .filter_map(|f| {
                let date = f.date.parse().ok()?;
                Some((
                    day_number(date),
                    f.source.as_str(),
                    f.rule.as_str(),
                    f.detail.as_str(),
                ))
            })
            .collect(),
        corrections: corrections.filter_map(correction_data).collect(),
    }
}

fn correction_data(c: &Correction) -> Option<CorrectionData<'_>> {
    let (prices, volume) = (c.before.prices(), c.before.volume);
    let day = day_number(c.date.parse().ok()?);
    Some((
        day,
        &c.source,
        prices,
        volume,
        &c.replaced_at,
        c.was_provisional,
    ))
}
