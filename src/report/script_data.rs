//! The data that the page's script draws charts from.

use serde::Serialize;

use super::facts::AssetFacts;
use super::pack::{Packed, day_number, days, pack};
use super::strip::DayKind;
use super::view::AssetView;
use crate::domain::adjustment::{Adjust, Span};
use crate::output::numbers;
use crate::staging::{Action, Correction};

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
    /// Day, source, rule, detail, whether it makes the series suspect.
    findings: Vec<(i64, &'a str, &'a str, &'a str, bool)>,
    /// Series that may mix two scales, each with the first day of which that is so.
    suspect: Vec<(&'a str, i64)>,
    /// Day, kind, amount, currency, new shares, old shares, source, whether it counts in no factor.
    actions: Vec<ActionData<'a>>,
    /// What the prices are adjusted for at first: `none`, `splits` or `all`.
    adjust: &'static str,
    /// The first day, the day behind the last one, the factors for splits, and for all.
    factors: Vec<(i64, i64, f64, f64)>,
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
    let corrections = asset.corrections.iter().take(MOST_CORRECTIONS);
    AssetData {
        id: &asset.id,
        name: &asset.name,
        currency: &asset.currency,
        index: asset.category == "index",
        decimals: numbers::decimals(&asset.currency),
        series: asset.series.iter().map(pack).collect(),
        gaps: days(gaps.map(|(date, _)| day_number(*date))),
        findings: findings
            .filter_map(|f| {
                let date = f.date.parse().ok()?;
                Some((
                    day_number(date),
                    f.source.as_str(),
                    f.rule.as_str(),
                    f.detail.as_str(),
                    f.is_suspect(),
                ))
            })
            .collect(),
        suspect: asset
            .suspect_since()
            .into_iter()
            .map(|(source, date)| (source, day_number(date)))
            .collect(),
        actions: asset.actions.iter().filter_map(action_data).collect(),
        adjust: match asset.factors.adjust() {
            Adjust::None => "none",
            Adjust::Splits => "splits",
            Adjust::All => "all",
        },
        factors: asset.factors.spans().iter().map(factor_data).collect(),
        corrections: corrections.filter_map(correction_data).collect(),
    }
}

type ActionData<'a> = (
    i64,
    &'a str,
    Option<f64>,
    Option<&'a str>,
    Option<f64>,
    Option<f64>,
    &'a str,
    bool,
);

fn action_data(action: &Action) -> Option<ActionData<'_>> {
    Some((
        day_number(action.date.parse().ok()?),
        &action.kind,
        action.amount,
        action.currency.as_deref(),
        action.numerator,
        action.denominator,
        &action.source,
        action.left_out.is_some(),
    ))
}

fn factor_data(span: &Span) -> (i64, i64, f64, f64) {
    (
        day_number(span.since),
        day_number(span.until),
        span.factor(Adjust::Splits),
        span.factor(Adjust::All),
    )
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
