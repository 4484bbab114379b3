//! Bars into the warehouse: one statement a chunk, its own transaction.

use std::collections::HashSet;
use std::ops::AddAssign;

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use postgres::types::Type;

use super::Warehouse;
use crate::staging::PendingRow;

/// What became of a chunk's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows that were not there.
    pub inserted: u64,
    /// Rows that were there with the same or an older ingest time.
    pub updated: u64,
    /// Rows that are newer in the warehouse.
    pub skipped_older: u64,
    /// Of those, rows whose ingest time in the warehouse lies in the future.
    pub skipped_future: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.skipped_older += other.skipped_older;
        self.skipped_future += other.skipped_future;
    }
}

/// A chunk as the columns that the statement takes.
#[derive(Default)]
struct Columns<'a> {
    asset_id: Vec<&'a str>,
    date: Vec<NaiveDate>,
    source: Vec<&'a str>,
    prices: [Vec<f64>; 4],
    volume: Vec<i64>,
    ingested_at: Vec<DateTime<Utc>>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [PendingRow]) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.asset_id.push(&row.asset_id);
            columns.date.push(row.date);
            columns.source.push(&row.source);
            for (column, price) in columns.prices.iter_mut().zip(row.prices) {
                column.push(price);
            }
            // The column is NOT NULL: an unknown volume is 0 there.
            columns.volume.push(row.volume.unwrap_or(0));
            columns.ingested_at.push(row.ingested_at);
        }
        columns
    }
}

impl Warehouse {
    /// Writes a chunk; when it returns, the rows are committed. Tells too which rows (by their place) the warehouse did not
    /// take because what it has was ingested in the future: those must not count as sent for good.
    ///
    /// The rows must have different keys, in key order: two writers that lock them in one order cannot deadlock.
    ///
    /// # Errors
    /// What the server says; then nothing of the chunk was written, or it is not known.
    pub fn upsert_prices(&mut self, rows: &[PendingRow]) -> Result<(Written, HashSet<usize>)> {
        let columns = Columns::of(rows);
        let [open, high, low, close] = &columns.prices;
        let row = self
            .client
            // Typed, so that it takes one round trip instead of one to prepare and one to execute.
            .query_typed_one(
                include_str!("upsert_prices.sql"),
                &[
                    (&columns.asset_id, Type::TEXT_ARRAY),
                    (&columns.date, Type::DATE_ARRAY),
                    (&columns.source, Type::TEXT_ARRAY),
                    (open, Type::FLOAT8_ARRAY),
                    (high, Type::FLOAT8_ARRAY),
                    (low, Type::FLOAT8_ARRAY),
                    (close, Type::FLOAT8_ARRAY),
                    (&columns.volume, Type::INT8_ARRAY),
                    (&columns.ingested_at, Type::TIMESTAMPTZ_ARRAY),
                ],
            )
            .context("the warehouse did not take the prices")?;
        let [inserted, updated] = [count(row.get(0)), count(row.get(1))];
        let skipped_older = (rows.len() as u64).saturating_sub(inserted + updated);
        let future = if skipped_older == 0 {
            HashSet::new()
        } else {
            self.find_future(&columns)?
        };
        let skipped_future = future.len() as u64;
        Ok((
            Written {
                inserted,
                updated,
                skipped_older,
                skipped_future,
            },
            future,
        ))
    }

    /// The places of the rows whose ingest time in the warehouse lies in the future.
    fn find_future(&mut self, columns: &Columns<'_>) -> Result<HashSet<usize>> {
        let rows = self.client.query_typed(
            include_str!("find_future.sql"),
            &[
                (&columns.asset_id, Type::TEXT_ARRAY),
                (&columns.date, Type::DATE_ARRAY),
                (&columns.source, Type::TEXT_ARRAY),
            ],
        )?;
        Ok(rows
            .iter()
            .filter_map(|r| usize::try_from(r.get::<_, i64>(0) - 1).ok())
            .collect())
    }
}

/// A count from SQL, which is never negative.
fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
