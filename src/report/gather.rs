//! Reads what a report tells out of the staging file.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::RUN_DAYS;
use super::facts::{AssetFacts, Facts, SeriesFacts, SyncFacts, WarehouseFacts};
use super::runs::{run_facts, source_facts};
use crate::domain::adjustment::{Adjust, Factors};
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::calendar::{Calendar, Calendars};
use crate::domain::finding::Rule;
use crate::domain::timestamp;
use crate::jobs::healthcheck::{Bars, Health, check, recent_since};
use crate::staging::{Action, Scope, Staging, StoredAsset, StoredSeries, StoredSource, best_bars};

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The assets as configured.
    pub(crate) assets: &'a [Asset],
    /// The trading calendars.
    pub(crate) calendars: &'a Calendars,
    /// Only these assets; empty for all.
    pub(crate) only: &'a [String],
    /// Only so many years of each series, back from its newest bar.
    pub(crate) years: Option<u32>,
    /// What the prices of the charts are adjusted for at first.
    pub(crate) adjust: Adjust,
    pub(crate) now: DateTime<Utc>,
}

/// An asset, as configured or as the staging file remembers it.
struct Subject<'a> {
    stored: StoredAsset,
    configured: Option<&'a Asset>,
    calendar: Option<Calendar>,
}

/// Reads the facts. The warehouse is asked by the caller. Each asset is given to `draw` with its bars, which it then loses: all of
/// them would not go into memory.
pub(crate) fn gather(
    staging: &Staging,
    name: String,
    wanted: &Wanted<'_>,
    warehouse: WarehouseFacts,
    draw: &mut dyn FnMut(&mut AssetFacts) -> Result<()>,
) -> Result<Facts> {
    let since = wanted.now - TimeDelta::days(i64::from(RUN_DAYS));
    let since = timestamp::to_text(since);
    let stored_runs = staging.runs_since(&since)?;
    let answered = staging.answered_since(&since)?;
    let runs = stored_runs.iter().filter_map(run_facts).collect();
    Ok(Facts {
        made_at: wanted.now,
        staging: name,
        assets: assets(staging, wanted, draw)?,
        runs,
        sources: source_facts(&stored_runs, &answered),
        sync: sync(staging, warehouse)?,
    })
}

fn sync(staging: &Staging, warehouse: WarehouseFacts) -> Result<SyncFacts> {
    let newest = |job_name| -> Result<Option<(String, String)>> {
        let run = staging.newest_ended_run(job_name)?;
        Ok(run.and_then(|r| Some((r.status, r.ended_at?))))
    };
    Ok(SyncFacts {
        pending: staging.count_pending(&Scope::default())?,
        rejects: staging.rejects()?,
        last_sync: newest("sync")?,
        last_verified: newest("verify")?,
        warehouse,
    })
}

fn assets(
    staging: &Staging,
    wanted: &Wanted<'_>,
    draw: &mut dyn FnMut(&mut AssetFacts) -> Result<()>,
) -> Result<Vec<AssetFacts>> {
    let pending = staging.pending_by_asset()?;
    let mut spans = staging.adjustments(None)?;
    let mut actions = actions(staging)?;
    let mut closed: HashMap<String, BTreeSet<NaiveDate>> = HashMap::new();
    let mut facts = Vec::new();
    for subject in subjects(staging, wanted)? {
        let id = subject.stored.asset_id.as_str();
        let series = staging.stored_series(id, None)?;
        // An asset that nobody collects and that has no bar is nothing to look at.
        if series.is_empty() && !subject.configured.is_some_and(|a| a.active) {
            continue;
        }
        let calendar = subject.calendar.as_ref().map_or("", Calendar::name);
        if !closed.contains_key(calendar) {
            closed.insert(calendar.to_owned(), probably_closed(staging, calendar)?);
        }
        let probably_closed = closed.get(calendar).cloned().unwrap_or_default();
        let waived = staging.waivers(id)?;
        let mut accepted = staging.retracted_days(id)?;
        accepted.extend(waived.keys());
        let health = subject.configured.and_then(|a| {
            let own = subject.stored.own_sources(&series);
            health(a, &own, &series, accepted, wanted.now)
        });
        let mut asset = AssetFacts {
            id: id.to_owned(),
            name: subject.stored.name.clone(),
            symbols: symbols(&subject.stored),
            category: subject.stored.category.clone(),
            currency: subject.stored.currency.clone(),
            freshness: health.as_ref().map(|h| h.status),
            expected: health.and_then(|h| h.expected_date),
            staged: series
                .values()
                .map(|bars| u64::try_from(bars.len()).unwrap_or(0))
                .sum(),
            pending: pending.get(id).copied().unwrap_or(0),
            findings: staging.stored_findings(id)?,
            waived,
            probably_closed,
            corrections: staging.corrections(id)?,
            series: in_order(&subject.stored, series, wanted.years),
            factors: Factors::new(wanted.adjust, spans.remove(id).unwrap_or_default()),
            actions: actions.remove(id).unwrap_or_default(),
            calendar: subject.calendar,
        };
        draw(&mut asset)?;
        for series in &mut asset.series {
            series.bars = Vec::new();
        }
        facts.push(asset);
    }
    Ok(facts)
}

/// What happened to each asset, but for what its source has withdrawn.
fn actions(staging: &Staging) -> Result<HashMap<String, Vec<Action>>> {
    let mut by_asset: HashMap<String, Vec<Action>> = HashMap::new();
    for action in staging.actions(None)? {
        if !action.is_withdrawn() {
            let actions = by_asset.entry(action.asset_id.clone()).or_default();
            actions.push(action);
        }
    }
    Ok(by_asset)
}

/// The wanted assets: the configured ones in their order, then those that only the staging file knows.
fn subjects<'a>(staging: &Staging, wanted: &Wanted<'a>) -> Result<Vec<Subject<'a>>> {
    let mut subjects = Vec::new();
    for asset in wanted.assets {
        subjects.push(Subject {
            stored: as_stored(asset, &staging.series_currencies(&asset.id)?),
            configured: Some(asset),
            calendar: Some(asset.calendar.clone()),
        });
    }
    let ids: HashSet<&str> = wanted.assets.iter().map(|a| a.id.as_str()).collect();
    let is_configured = |id: &str| ids.contains(id);
    let others = staging.stored_assets()?.into_iter();
    let others = others
        .filter(|stored| !is_configured(&stored.asset_id))
        .map(|stored| Subject {
            calendar: wanted.calendars.get(&stored.calendar),
            configured: None,
            stored,
        });
    let is_wanted =
        |s: &Subject<'_>| wanted.only.is_empty() || wanted.only.contains(&s.stored.asset_id);
    Ok(subjects
        .into_iter()
        .chain(others)
        .filter(is_wanted)
        .collect())
}

/// What its sources call it, where that is not its id.
fn symbols(asset: &StoredAsset) -> Vec<String> {
    let symbols = asset.sources.iter().map(|s| s.symbol.clone());
    let others: BTreeSet<String> = symbols.filter(|s| *s != asset.asset_id).collect();
    others.into_iter().collect()
}

/// A configured asset. `currencies` are those that its stored bars were fetched in, by source: they keep them.
fn as_stored(asset: &Asset, currencies: &HashMap<String, String>) -> StoredAsset {
    let source = |s: &SourceEntry| {
        let currency = currencies.get(&s.stored_as).unwrap_or(&s.currency);
        StoredSource {
            source: s.stored_as.clone(),
            symbol: s.symbol.clone(),
            currency: currency.clone(),
            own_currency: s.currency == asset.currency && *currency == asset.currency,
        }
    };
    StoredAsset {
        asset_id: asset.id.to_string(),
        name: asset.name.clone(),
        category: asset.category.name().to_owned(),
        calendar: asset.calendar.name().to_owned(),
        currency: asset.currency.clone(),
        sources: asset.sources.iter().map(source).collect(),
    }
}

/// Freshness as `healthcheck` judges it; `None` for an asset that is not collected.
fn health(
    asset: &Asset,
    own: &[&str],
    series: &StoredSeries,
    waived: BTreeSet<NaiveDate>,
    now: DateTime<Utc>,
) -> Option<Health> {
    let since = recent_since(now.date_naive());
    let best = best_bars(series, own);
    let ends = best.first().zip(best.last());
    let found = ends.map(|((_, first), (_, newest))| {
        let recent = best.iter().rev().take_while(|(_, b)| b.date >= since);
        let recent = recent.map(|(_, b)| (b.date, b.is_final));
        Bars::new(first.date, newest.date, recent)
    });
    let id = asset.id.to_string();
    let found: HashMap<String, Bars> = found.into_iter().map(|b| (id.clone(), b)).collect();
    let waived = HashMap::from([(id, waived)]);
    let today = |calendar: &Calendar| now.with_timezone(&calendar.zone()).date_naive();
    asset
        .active
        .then(|| check(&[asset], &found, &waived, today, 0).pop())?
}

fn probably_closed(staging: &Staging, calendar: &str) -> Result<BTreeSet<NaiveDate>> {
    let findings = staging.stored_findings(calendar)?.into_iter();
    let closed = findings.filter(|f| f.rule.parse() == Ok(Rule::ProbablyClosed));
    Ok(closed.filter_map(|f| f.date.parse().ok()).collect())
}

/// The series in the order of the asset's sources, then those that no source explains; only their last years.
fn in_order(asset: &StoredAsset, mut series: StoredSeries, years: Option<u32>) -> Vec<SeriesFacts> {
    let newest = series
        .values()
        .filter_map(|bars| bars.last())
        .map(|b| b.date)
        .max();
    let since = years
        .zip(newest)
        .and_then(|(years, newest)| years_before(newest, years));
    let mut ordered = Vec::new();
    let mut take = |source: &str, currency: &str, is_own: bool, series: &mut StoredSeries| {
        if let Some(mut bars) = series.remove(source) {
            bars.retain(|bar| since.is_none_or(|since| bar.date >= since));
            ordered.push(SeriesFacts {
                source: source.to_owned(),
                currency: currency.to_owned(),
                is_own,
                bars,
            });
        }
    };
    for source in &asset.sources {
        take(
            &source.source,
            &source.currency,
            source.own_currency,
            &mut series,
        );
    }
    let unexplained: Vec<String> = series.keys().cloned().collect();
    for source in unexplained {
        take(&source, "", asset.sources.is_empty(), &mut series);
    }
    ordered
}

/// The day so many years earlier; the day before where there is no 29 February.
fn years_before(date: NaiveDate, years: u32) -> Option<NaiveDate> {
    let year = date.year() - i32::try_from(years).ok()?;
    date.with_year(year)
        .or_else(|| date.pred_opt()?.with_year(year))
}
