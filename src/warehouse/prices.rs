//! Writes bars to the warehouse: one statement per chunk, each its own transaction.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::AddAssign;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use postgres::types::{ToSql, Type};
use postgres::{GenericClient, Row};

use super::error::{Refusal, WarehouseError};
use super::identity::Witnesses;
use super::{Parameter, Warehouse, parameter, values_sql};
use crate::domain::acknowledgement::{Acknowledged, TableIdentity};
use crate::domain::bar_values::{COLUMNS, ValueColumn, by_column};
use crate::domain::outgoing::PendingRow;

/// The results of a chunk's rows: inserted, updated and skipped ones add up to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WriteCounts {
    /// Rows that were new.
    pub(crate) inserted: u64,
    /// Rows that existed with an older or equal ingest time.
    pub(crate) updated: u64,
    /// Of those, rows that had the same values.
    pub(crate) unchanged: u64,
    /// Rows that are newer in the warehouse.
    pub(crate) skipped_older: u64,
    /// Of those, rows whose ingest time in the warehouse is in the future.
    pub(crate) skipped_future: u64,
}

impl AddAssign for WriteCounts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped_older += other.skipped_older;
        self.skipped_future += other.skipped_future;
    }
}

/// The warehouse's answer to a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The results of the rows.
    pub(crate) written: WriteCounts,
    /// The positions of rows that were skipped because the ingest time in the warehouse is in the future: they must not
    /// count as sent for good.
    pub(crate) behind_future: HashSet<usize>,
    /// The positions of rows that nothing rejected but that are missing, each with the reason.
    pub(crate) dropped: HashMap<usize, Refusal>,
    /// Which table it was.
    pub(crate) table: TableIdentity,
    /// Host, port and database of the connection.
    pub(crate) place: String,
}

/// The position of the first parameter with values: those before it are named in the statement.
pub(super) const VALUES_FROM: usize = 15;

/// A chunk as the columns of the statement.
struct Columns<'a> {
    asset_id: Vec<&'a str>,
    date: Vec<NaiveDate>,
    source: Vec<&'a str>,
    ingested_at: Vec<DateTime<Utc>>,
    values: [ValueColumn; COLUMNS.len()],
}

fn parameter_of(column: &ValueColumn) -> (&(dyn ToSql + Sync), Type) {
    match column {
        ValueColumn::Prices(prices) => (prices, Type::FLOAT8_ARRAY),
        ValueColumn::Counts(counts) => (counts, Type::INT8_ARRAY),
    }
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [PendingRow]) -> Self {
        let mut columns = Self {
            asset_id: Vec::with_capacity(rows.len()),
            date: Vec::with_capacity(rows.len()),
            source: Vec::with_capacity(rows.len()),
            ingested_at: Vec::with_capacity(rows.len()),
            values: by_column(rows.iter().map(|row| &row.values)),
        };
        for row in rows {
            columns.asset_id.push(&row.asset_id);
            columns.date.push(row.date);
            columns.source.push(&row.source);
            columns.ingested_at.push(row.ingested_at);
        }
        columns
    }
}

impl Warehouse {
    /// Writes a chunk to the expected table, or to any; when it returns, the rows are committed.
    ///
    /// The rows must have different keys, in key order: writers that lock them in the same order cannot deadlock.
    ///
    /// # Errors
    /// Why not; then nothing of the chunk was written, or, after a transient failure, that is unknown.
    pub fn upsert_prices(
        &mut self,
        rows: &Arc<[PendingRow]>,
        expected: Option<&Acknowledged>,
    ) -> Result<Receipt, WarehouseError> {
        self.round_trips += 1;
        let database = expected.map(|known| known.database.as_str());
        let sql = self.identified(values_sql!("upsert_prices.sql", VALUES_FROM), database);
        let (sent, only) = (Arc::clone(rows), expected.cloned());
        let is_known = self.prices_fit;
        let row = self
            .connection
            .ask(move |client| upsert(client, &sql, &sent, only.as_ref(), is_known))?;
        let table = TableIdentity {
            database: row.try_get(0)?,
            relation: row.try_get::<_, Option<String>>(7)?.unwrap_or_default(),
        };
        if !row.try_get::<_, bool>(8)? {
            return Err(WarehouseError::Elsewhere {
                expected: database.unwrap_or_default().to_owned(),
                found: table.database,
            });
        }
        if !row.try_get::<_, bool>(1)? {
            return Err(WarehouseError::Unfit(
                "the warehouse's table price_daily does not fit".to_owned(),
            ));
        }
        self.prices_fit = true;
        let count = |at: usize| Ok::<_, WarehouseError>(unsigned(row.try_get(at)?));
        let (written, there, unchanged, identical) = (count(2)?, count(3)?, count(4)?, count(5)?);
        let all = rows.len() as u64;
        // A row that exists with exactly these values was accepted, though not written.
        let kept_older: bool = row.try_get(6)?;
        let untaken = match all.saturating_sub(written + identical) {
            0 if !kept_older => Untaken::default(),
            _ => self.find_untaken(rows)?,
        };
        let dropped = untaken.dropped.len() as u64;
        let inserted = all.saturating_sub(there + untaken.absent);
        let skipped_older = all.saturating_sub(written + identical + dropped);
        Ok(Receipt {
            written: WriteCounts {
                inserted,
                updated: all.saturating_sub(inserted + skipped_older + dropped),
                unchanged,
                skipped_older,
                skipped_future: untaken.behind_future.len() as u64,
            },
            behind_future: untaken.behind_future,
            dropped: untaken.dropped,
            table,
            place: self.place.clone(),
        })
    }

    /// The positions of rows whose key equals that of an earlier one, as the table compares keys.
    pub(crate) fn find_collapsing(
        &mut self,
        rows: &[PendingRow],
    ) -> Result<HashSet<usize>, WarehouseError> {
        let found = self.query(include_str!("find_collapsing.sql"), keys(rows))?;
        found
            .iter()
            .map(|row| Ok(usize::try_from(row.try_get::<_, i64>(0)? - 1).unwrap_or(usize::MAX)))
            .collect()
    }

    /// The rows that were sent and not rejected, but that the warehouse does not have.
    fn find_untaken(&mut self, rows: &[PendingRow]) -> Result<Untaken, WarehouseError> {
        let times: Vec<DateTime<Utc>> = rows.iter().map(|r| r.ingested_at).collect();
        let mut parameters = keys(rows);
        parameters.push(parameter(times, Type::TIMESTAMPTZ_ARRAY));
        let found = self.query(include_str!("find_untaken.sql"), parameters)?;
        let mut untaken = Untaken::default();
        for row in &found {
            let Ok(place) = usize::try_from(row.try_get::<_, i64>(0)? - 1) else {
                continue;
            };
            if let Some(instead) = row.try_get::<_, Option<&str>>(3)? {
                untaken.dropped.insert(place, Refusal::collapsed(instead));
                untaken.absent += 1;
            } else if row.try_get(2)? {
                untaken.behind_future.insert(place);
            } else {
                untaken.dropped.insert(place, Refusal::dropped());
                untaken.absent += u64::from(!row.try_get::<_, bool>(1)?);
            }
        }
        Ok(untaken)
    }
}

/// The keys of rows: assets, days and sources.
fn keys(rows: &[PendingRow]) -> Vec<Parameter> {
    let text = |field: fn(&PendingRow) -> &Arc<str>| {
        let column: Vec<String> = rows.iter().map(|r| field(r).to_string()).collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let dates: Vec<NaiveDate> = rows.iter().map(|r| r.date).collect();
    vec![
        text(|r| &r.asset_id),
        parameter(dates, Type::DATE_ARRAY),
        text(|r| &r.source),
    ]
}

/// Rows that were sent and not rejected, but that the warehouse does not have, by position.
#[derive(Default)]
struct Untaken {
    behind_future: HashSet<usize>,
    dropped: HashMap<usize, Refusal>,
    /// Of the dropped ones, those without any other version under their key.
    absent: u64,
}

pub(super) fn upsert(
    client: &mut impl GenericClient,
    sql: &str,
    rows: &[PendingRow],
    expected: Option<&Acknowledged>,
    is_known: bool,
) -> Result<Row, postgres::Error> {
    let columns = Columns::of(rows);
    let assets: BTreeSet<&str> = columns.asset_id.iter().copied().collect();
    let assets: Vec<&str> = assets.into_iter().collect();
    let (first, last) = (columns.date.iter().min(), columns.date.iter().max());
    let database = expected.map(|known| known.database.as_str());
    let relation = expected.and_then(|known| known.relation.as_deref());
    let witnesses = match expected {
        Some(known) if !is_known => Witnesses::of(&known.witnesses),
        _ => Witnesses::default(),
    };
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![
        (&database, Type::TEXT),
        (&assets, Type::TEXT_ARRAY),
        (&first, Type::DATE),
        (&last, Type::DATE),
        (&is_known, Type::BOOL),
        (&columns.asset_id, Type::TEXT_ARRAY),
        (&columns.date, Type::DATE_ARRAY),
        (&columns.source, Type::TEXT_ARRAY),
        (&columns.ingested_at, Type::TIMESTAMPTZ_ARRAY),
        (&relation, Type::TEXT),
        (&witnesses.asset_id, Type::TEXT_ARRAY),
        (&witnesses.date, Type::DATE_ARRAY),
        (&witnesses.source, Type::TEXT_ARRAY),
        (&witnesses.ingested_at, Type::TIMESTAMPTZ_ARRAY),
    ];
    parameters.extend(columns.values.iter().map(parameter_of));
    client.query_typed_one(sql, &parameters)
}

/// A count from SQL, which is never negative.
fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
