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
use crate::staging::{Selection, Staging, StoredAsset, StoredFinding};

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

/// The values of all days, and what has to be said of them.
#[derive(Default)]
struct Grid {
    days: BTreeMap<NaiveDate, Vec<(usize, Value)>>,
    /// The assets with a value, in the order of their columns.
    columns: Vec<String>,
    /// The asset of the last column.
    current: Option<String>,
    currencies: BTreeSet<String>,
    provisional: Vec<String>,
    /// Suspect rates that were named.
    doubted: BTreeSet<String>,
}

impl Grid {
    fn take(
        &mut self,
        staging: &Staging,
        chosen: &Chosen,
        asset: &StoredAsset,
        bar: &BestBar<'_>,
        field: PivotField,
    ) -> Result<()> {
        let id = asset.asset_id.as_str();
        if !bar.is_final {
            self.provisional.push(format!("{id} {}", bar.date()));
            return Ok(());
        }
        if let Some(rate) = bar.rate.as_ref().filter(|r| r.is_suspect)
            && self.doubted.insert(rate.named.clone())
        {
            log::warn!(asset = id; "converted by {}", rate.named);
        }
        let Some(value) = value(bar, field) else {
            return Ok(());
        };
        if self.current.as_deref() != Some(id) {
            self.current = Some(id.to_owned());
            self.columns.push(shown(id));
            self.currencies.insert(chosen.currency(asset).to_owned());
            let findings = staging.stored_findings(id)?;
            if findings.iter().any(StoredFinding::is_suspect) {
                log::warn!(
                    asset = id;
                    "suspect: it may mix two scales, `pricestash status --findings` says why"
                );
            }
        }
        let values = self.days.entry(bar.date()).or_default();
        values.push((self.columns.len() - 1, value));
        Ok(())
    }

    fn warn(&self, field: PivotField) {
        if self.currencies.len() > 1 && field != PivotField::Volume {
            let currencies: Vec<&str> = self.currencies.iter().map(String::as_str).collect();
            log::warn!(
                "the columns are in several currencies: {}; --in converts them to one",
                first_five(&currencies)
            );
        }
        if !self.provisional.is_empty() {
            let names: Vec<&str> = self.provisional.iter().map(String::as_str).collect();
            log::warn!(
                "left out {}: {}",
                counted(names.len(), "provisional bar", "provisional bars"),
                first_five(&names)
            );
        }
    }
}

/// Writes a table of one value a day and asset; returns the number of days. Leaves out provisional values, and says so: a cell
/// cannot show that it will change.
pub(super) fn write(
    staging: &Staging,
    selection: &Selection,
    chosen: &Chosen,
    field: PivotField,
    format: RowFormat,
    to: &mut dyn Write,
) -> Result<u64> {
    let mut grid = Grid::default();
    chosen.bars(staging, selection, |asset, bar| {
        grid.take(staging, chosen, asset, &bar, field)
    })?;
    grid.warn(field);
    let Grid { days, columns, .. } = grid;
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
