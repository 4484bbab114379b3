//! `verify`: compares the warehouse with staging by checksums of months; only months that differ are compared row by
//! row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::asset::AssetId;
use crate::domain::bar_values::COLUMNS;
use crate::domain::checksum::{Checksum, Month, RowValues};
use crate::domain::pulled::is_of_files;
use crate::domain::timestamp;
use crate::sources::SOURCES;
use crate::staging::{StagedBar, Staging};
use crate::warehouse::{RowKey, Warehouse};

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MismatchKind {
    /// The warehouse does not have it.
    Missing,
    /// Staging does not have it.
    Extra,
    /// The values differ, and staging's were fetched at the same time or later.
    Different,
    /// The warehouse's values were fetched later.
    NewerThere,
}

/// A row that differs. The fields are the columns of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mismatch {
    pub(crate) asset_id: String,
    pub(crate) date: NaiveDate,
    pub(crate) source: String,
    pub(crate) difference: MismatchKind,
    /// Whether the next sync sends it anyway.
    pub(crate) pending: bool,
    /// The differing values: here and there.
    pub(crate) detail: String,
}

/// What was compared, and what differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verified {
    /// Rows in staging.
    pub(crate) rows: u64,
    /// Months of series on either side.
    pub(crate) months: usize,
    pub(crate) months_that_differ: usize,
    /// Rows that differ, in key order.
    pub(crate) differences: Vec<Mismatch>,
    /// Rows in the warehouse of sources that neither this file nor this program knows; they are not compared.
    pub(crate) foreign: BTreeMap<String, Foreign>,
}

/// What the warehouse has of a foreign source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) rows: u64,
    pub(crate) assets: BTreeSet<String>,
}

/// Assets per query: at most a few hundred thousand rows, which take a second or two.
const ASSETS: usize = 25;
/// Months per row-by-row query.
const MONTHS: usize = 200;

/// Compares staging with the warehouse, for all assets or these.
///
/// # Errors
/// Errors of staging or the warehouse.
pub(crate) fn verify(
    staging: &Staging,
    warehouse: &mut Warehouse,
    assets: &[AssetId],
) -> Result<Verified> {
    warehouse.check_is_table()?;
    let all: Vec<String> = if assets.is_empty() {
        let both = staging
            .asset_ids()?
            .into_iter()
            .chain(warehouse.asset_ids()?);
        both.collect::<BTreeSet<_>>().into_iter().collect()
    } else {
        assets.iter().map(|a| a.as_str().to_owned()).collect()
    };
    let mut verified = Verified::default();
    let known = staging.known_sources()?;
    for assets in all.chunks(ASSETS) {
        verify_assets(staging, warehouse, assets, &known, &mut verified)?;
    }
    Ok(verified)
}

fn verify_assets(
    staging: &Staging,
    warehouse: &mut Warehouse,
    assets: &[String],
    known: &BTreeSet<String>,
    verified: &mut Verified,
) -> Result<()> {
    // Both sides compute at the same time.
    let (here, there) = thread::scope(|scope| {
        let here = scope.spawn(|| sums_of(staging, assets));
        let there = warehouse.checksums(assets);
        let here = here
            .join()
            .unwrap_or_else(|_| Err(anyhow!("the thread that reads staging panicked")));
        (here, there)
    });
    let (here, mut there) = (here?, there?);
    there.retain(|month, sum| {
        let is_ours = is_ours(&month.source, known);
        if !is_ours {
            verified.leave_out(month, sum);
        }
        is_ours
    });
    let months: BTreeSet<&Month> = here.keys().chain(there.keys()).collect();
    let differ: Vec<Month> = months
        .iter()
        .filter(|m| here.get(m) != there.get(m))
        .map(|m| (*m).clone())
        .collect();
    verified.rows += here.values().map(|sum| sum.rows).sum::<u64>();
    verified.months += months.len();
    verified.months_that_differ += differ.len();
    let before = verified.differences.len();
    for months in differ.chunks(MONTHS) {
        look_into(staging, warehouse, months, &mut verified.differences)?;
    }
    if let Some(new) = verified.differences.get_mut(before..) {
        new.sort_by(|a, b| (&a.asset_id, a.date, &a.source).cmp(&(&b.asset_id, b.date, &b.source)));
    }
    Ok(())
}

/// A source that this program knows is ours even if the file has nothing of it: the file may have been lost.
fn is_ours(source: &str, known: &BTreeSet<String>) -> bool {
    let name = source.split(':').next().unwrap_or(source);
    let mut sources = SOURCES.iter();
    known.contains(source) || is_of_files(name) || sources.any(|(kind, _)| kind.name() == name)
}

impl Verified {
    /// Counts a month that is not compared.
    fn leave_out(&mut self, month: &Month, sum: &Checksum) {
        let foreign = self.foreign.entry(month.source.clone()).or_default();
        foreign.rows += sum.rows;
        foreign.assets.insert(month.asset_id.clone());
    }
}

fn sums_of(staging: &Staging, assets: &[String]) -> Result<HashMap<Month, Checksum>> {
    let mut all = HashMap::new();
    for asset in assets {
        all.extend(
            staging
                .checksums(asset)?
                .into_iter()
                .map(|((source, number), sum)| {
                    let month = Month {
                        asset_id: asset.clone(),
                        source,
                        number,
                    };
                    (month, sum)
                }),
        );
    }
    Ok(all)
}

/// Compares months row by row.
fn look_into(
    staging: &Staging,
    warehouse: &mut Warehouse,
    months: &[Month],
    differences: &mut Vec<Mismatch>,
) -> Result<()> {
    let mut there: HashMap<usize, BTreeMap<NaiveDate, RowValues>> = HashMap::new();
    for (place, date, values) in warehouse.bars_of_months(months)? {
        there.entry(place).or_default().insert(date, values);
    }
    for (place, month) in months.iter().enumerate() {
        let here = staging.bars_of_month(month)?;
        let there = there.remove(&place).unwrap_or_default();
        differences.extend(compare(month, &here, there));
    }
    Ok(())
}

fn compare(
    month: &Month,
    here: &[StagedBar],
    mut there: BTreeMap<NaiveDate, RowValues>,
) -> Vec<Mismatch> {
    let difference = |date, difference, pending, detail| Mismatch {
        asset_id: month.asset_id.clone(),
        date,
        source: month.source.clone(),
        difference,
        pending,
        detail,
    };
    let mut found = Vec::new();
    for bar in here {
        match there.remove(&bar.date) {
            None => found.push(difference(
                bar.date,
                MismatchKind::Missing,
                bar.is_pending,
                String::new(),
            )),
            Some(other) if other == bar.values => {}
            Some(other) => {
                let kind = if other.ingested_at > bar.values.ingested_at {
                    MismatchKind::NewerThere
                } else {
                    MismatchKind::Different
                };
                found.push(difference(
                    bar.date,
                    kind,
                    bar.is_pending,
                    differing_values(&bar.values, &other),
                ));
            }
        }
    }
    let extra = there.into_keys();
    found.extend(extra.map(|date| difference(date, MismatchKind::Extra, false, String::new())));
    found.sort_by_key(|d| d.date);
    found
}

/// The differing values, such as `close 1.5 here, 1.6 there`.
fn differing_values(here: &RowValues, there: &RowValues) -> String {
    let cells = here.values.cells().into_iter().zip(there.values.cells());
    let mut parts: Vec<String> = COLUMNS
        .iter()
        .zip(cells)
        .filter(|(_, (a, b))| !a.is(*b))
        .map(|(column, (a, b))| format!("{} {a} here, {b} there", column.name))
        .collect();
    if here.ingested_at != there.ingested_at {
        let [here, there] = [here, there].map(|v| timestamp::to_text(v.ingested_at));
        parts.push(format!("ingested_at {here} here, {there} there"));
    }
    parts.join("; ")
}

/// The result of [`repair`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Repaired {
    /// Rows that are pending again.
    pub(crate) pending: usize,
    /// Rows whose ingest time in the warehouse was in the future and was set back there.
    pub(crate) set_back: usize,
    /// Bars retracted here that are still there and are queued for removal again.
    pub(crate) retracted: usize,
}

/// Marks rows as pending that are newer or exist only in staging. Rows that are newer in the warehouse only by an
/// ingest time in the future, which proves nothing, are set back there first. A bar that was retracted here but sent
/// again by another machine is queued for removal again.
///
/// # Errors
/// Errors of staging or the warehouse.
pub(crate) fn repair(
    staging: &Staging,
    warehouse: &mut Warehouse,
    verified: &Verified,
) -> Result<Repaired> {
    let of = |kind: MismatchKind| {
        let of_kind = verified.differences.iter().filter(|d| d.difference == kind);
        of_kind.map(key).collect::<Vec<RowKey>>()
    };
    let newer = of(MismatchKind::NewerThere);
    let future = match newer.is_empty() {
        true => Vec::new(),
        false => warehouse.find_future(&newer)?,
    };
    let keys = [
        of(MismatchKind::Missing),
        of(MismatchKind::Different),
        future.clone(),
    ];
    // Pending first: a row that was set back there but is not sent again would stay as it is.
    let pending = staging.make_pending(&keys.concat())?;
    if !future.is_empty() {
        warehouse.unset_future(&future)?;
    }
    Ok(Repaired {
        pending,
        set_back: future.len(),
        retracted: staging.retract_again(&of(MismatchKind::Extra))?,
    })
}

fn key(difference: &Mismatch) -> RowKey {
    let Mismatch {
        asset_id,
        date,
        source,
        ..
    } = difference;
    (asset_id.clone(), *date, source.clone())
}
