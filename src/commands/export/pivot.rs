//! `--pivot`: a row for each day, a column for each asset.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use super::best::{BestBar, Chosen};
use super::writer::{RowFormat, Writer, shown};
use crate::cli::PivotField;
use crate::output::numbers::{counted, first_five};
use crate::staging::{Selection, Staging, StoredFinding};

/// A value of a column: a price or a count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
enum Value {
    Price(f64),
    Count(i64),
}

fn value(bar: &BestBar<'_>, field: PivotField) -> Option<Value> {
    let values = bar.values;
    match field {
        PivotField::Open => values.map(|v| Value::Price(v.open)),
        PivotField::High => values.map(|v| Value::Price(v.high)),
        PivotField::Low => values.map(|v| Value::Price(v.low)),
        PivotField::Close => values.map(|v| Value::Price(v.close)),
        PivotField::Volume => bar.stored.values.volume.map(Value::Count),
    }
}

/// A day with its values, by the place of their asset.
struct Day<'a> {
    date: NaiveDate,
    values: &'a [(usize, Value)],
    columns: &'a [String],
}

impl Day<'_> {
    fn at(&self, place: usize) -> Option<Value> {
        let found = self.values.binary_search_by_key(&place, |(at, _)| *at);
        let (_, value) = self.values.get(found.ok()?)?;
        Some(*value)
    }

    fn values(&self) -> impl Iterator<Item = (&String, Option<Value>)> {
        let columns = self.columns.iter().enumerate();
        columns.map(|(place, name)| (name, self.at(place)))
    }
}

impl Serialize for Day<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len() + 1))?;
        map.serialize_entry("date", &self.date)?;
        for (name, value) in self.values() {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

/// The same without names.
struct Record<'a>(&'a Day<'a>);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.columns.len() + 1))?;
        seq.serialize_element(&self.0.date)?;
        for (_, value) in self.0.values() {
            seq.serialize_element(&value)?;
        }
        seq.end()
    }
}

/// Writes a table of one value a day and asset; says how many days it has. Provisional values are left out, which is said: a cell
/// cannot tell that it will change.
pub(super) fn write(
    staging: &Staging,
    selection: &Selection,
    chosen: &Chosen,
    field: PivotField,
    format: RowFormat,
    to: &mut dyn Write,
) -> Result<u64> {
    let mut days: BTreeMap<NaiveDate, Vec<(usize, Value)>> = BTreeMap::new();
    // Assets without a value have no column.
    let mut columns: Vec<String> = Vec::new();
    let mut provisional: Vec<String> = Vec::new();
    let mut current: Option<String> = None;
    let mut doubted: BTreeSet<String> = BTreeSet::new();
    let mut currencies: BTreeSet<String> = BTreeSet::new();
    chosen.bars(staging, selection, |asset, bar| {
        if !bar.is_final {
            provisional.push(format!("{} {}", asset.asset_id, bar.date()));
            return Ok(());
        }
        if let Some(rate) = bar
            .rate
            .as_ref()
            .filter(|r| r.is_suspect && doubted.insert(r.named.clone()))
        {
            log::warn!(asset = asset.asset_id.as_str(); "a value is by {}", rate.named);
        }
        if let Some(value) = value(&bar, field) {
            if current.as_deref() != Some(asset.asset_id.as_str()) {
                current = Some(asset.asset_id.clone());
                columns.push(shown(&asset.asset_id));
                currencies.insert(chosen.currency(asset).to_owned());
                let findings = staging.stored_findings(&asset.asset_id)?;
                if findings.iter().any(StoredFinding::is_suspect) {
                    log::warn!(
                        asset = asset.asset_id.as_str();
                        "suspect: it may mix two scales, `pricestash status --findings` says why"
                    );
                }
            }
            let values = days.entry(bar.date()).or_default();
            values.push((columns.len() - 1, value));
        }
        Ok(())
    })?;
    if currencies.len() > 1 && field != PivotField::Volume {
        let currencies: Vec<&str> = currencies.iter().map(String::as_str).collect();
        log::warn!(
            "the columns are in several currencies: {}; --in converts them to one",
            first_five(&currencies)
        );
    }
    if !provisional.is_empty() {
        let names: Vec<&str> = provisional.iter().map(String::as_str).collect();
        log::warn!(
            "left out {}: {}",
            counted(names.len(), "provisional bar", "provisional bars"),
            first_five(&names)
        );
    }
    let header = std::iter::once("date".to_owned()).chain(columns.iter().cloned());
    let mut writer = Writer::new(format, header, BufWriter::new(to))?;
    let mut count = 0;
    for (date, values) in days {
        let day = Day {
            date,
            values: &values,
            columns: &columns,
        };
        writer.bar(Record(&day), &day)?;
        count += 1;
    }
    let to = writer.finish()?.into_inner();
    to.map_err(io::IntoInnerError::into_error)?;
    Ok(count)
}
