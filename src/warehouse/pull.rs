//! Reads for `pull`: bars, dividends and splits of some assets, and the origin of each series.

use std::sync::Arc;

use chrono::NaiveDate;
use postgres::Row;
use postgres::types::Type;

use super::error::WarehouseError;
use super::{Warehouse, parameter, values_sql};
use crate::domain::bar_values::Values;
use crate::domain::outgoing::{ActionRow, CoverageRow, PendingRow};
use crate::domain::pulled::SeriesOrigin;

impl Warehouse {
    /// The bars of these assets after the last one read, in key order.
    ///
    /// # Errors
    /// Errors of the server; 42P01 if there is no such table.
    pub(crate) fn bars_after(
        &mut self,
        assets: &[String],
        last: Option<&PendingRow>,
        most: i64,
    ) -> Result<Vec<PendingRow>, WarehouseError> {
        let (asset_id, source) = last.map_or(("", ""), |row| (&*row.asset_id, &*row.source));
        let date = last.map_or(NaiveDate::default(), |row| row.date);
        let parameters = vec![
            parameter(assets.to_vec(), Type::TEXT_ARRAY),
            parameter(asset_id.to_owned(), Type::TEXT),
            parameter(date, Type::DATE),
            parameter(source.to_owned(), Type::TEXT),
            parameter(most, Type::INT8),
        ];
        let rows = self.query(values_sql!("bars_after.sql"), parameters)?;
        rows.iter().map(bar).collect()
    }

    /// The number of bars of these assets that [`Warehouse::bars_after`] leaves out.
    ///
    /// # Errors
    /// Errors of the server.
    pub(crate) fn count_out_of_time(&mut self, assets: &[String]) -> Result<u64, WarehouseError> {
        let sql = "SELECT count(*) FROM price_daily
             WHERE asset_id = ANY ($1::text[])
               AND NOT (date BETWEEN '1000-01-01' AND '9999-12-31' AND ingested_at BETWEEN '1900-01-01' AND '9999-12-31')";
        let rows = self.query(sql, vec![parameter(assets.to_vec(), Type::TEXT_ARRAY)])?;
        let count: i64 = rows.first().ok_or(WarehouseError::Closed)?.try_get(0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The dividends and splits of these assets; none without the table.
    ///
    /// # Errors
    /// Errors of the server.
    pub(crate) fn actions_of(
        &mut self,
        assets: &[String],
    ) -> Result<Vec<ActionRow>, WarehouseError> {
        let sql = "SELECT asset_id::text, source::text, date, kind::text, amount, numerator, denominator, currency::text, left_out::text, ingested_at
             FROM corporate_action WHERE asset_id = ANY ($1::text[])";
        self.further_rows(sql, assets, action)
    }

    /// The days for which all dividends and splits of these assets are known; likewise.
    ///
    /// # Errors
    /// Errors of the server.
    pub(crate) fn coverage_of(
        &mut self,
        assets: &[String],
    ) -> Result<Vec<CoverageRow>, WarehouseError> {
        let sql = "SELECT asset_id::text, source::text, first_date, last_date, told_at
             FROM corporate_action_coverage WHERE asset_id = ANY ($1::text[])";
        self.further_rows(sql, assets, coverage)
    }

    /// The origins of these assets' series as far as known; likewise.
    ///
    /// # Errors
    /// Errors of the server.
    pub(crate) fn origins_of(
        &mut self,
        assets: &[String],
    ) -> Result<Vec<SeriesOrigin>, WarehouseError> {
        let sql = "SELECT asset_id::text, source::text, symbol::text, currency::text
             FROM asset_source WHERE asset_id = ANY ($1::text[]) AND symbol IS NOT NULL AND currency IS NOT NULL";
        self.further_rows(sql, assets, origin)
    }

    /// The rows of a table that older programs did not create.
    fn further_rows<T>(
        &mut self,
        sql: &'static str,
        assets: &[String],
        read: impl Fn(&Row) -> Result<T, postgres::Error>,
    ) -> Result<Vec<T>, WarehouseError> {
        let assets = parameter(assets.to_vec(), Type::TEXT_ARRAY);
        match self.query(sql, vec![assets]) {
            Ok(rows) => Ok(rows.iter().map(read).collect::<Result<_, _>>()?),
            Err(failure) if failure.is_missing_table() => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }
}

/// A bar as stored there; here it counts as the first revision.
fn bar(row: &Row) -> Result<PendingRow, WarehouseError> {
    const VALUES_AT: usize = 4;
    let (asset_id, source): (String, String) = (row.try_get(0)?, row.try_get(2)?);
    Ok(PendingRow {
        asset_id: Arc::from(asset_id),
        date: row.try_get(1)?,
        source: Arc::from(source),
        ingested_at: row.try_get(3)?,
        values: Values::read(
            |at| row.try_get(VALUES_AT + at),
            |at| row.try_get(VALUES_AT + at),
        )?,
        revision: 1,
    })
}

fn action(row: &Row) -> Result<ActionRow, postgres::Error> {
    Ok(ActionRow {
        asset_id: row.try_get(0)?,
        source: row.try_get(1)?,
        date: row.try_get(2)?,
        kind: row.try_get(3)?,
        amount: row.try_get(4)?,
        numerator: row.try_get(5)?,
        denominator: row.try_get(6)?,
        currency: row.try_get(7)?,
        left_out: row.try_get(8)?,
        ingested_at: row.try_get(9)?,
        revision: 1,
    })
}

fn coverage(row: &Row) -> Result<CoverageRow, postgres::Error> {
    Ok(CoverageRow {
        asset_id: row.try_get(0)?,
        source: row.try_get(1)?,
        first_date: row.try_get(2)?,
        last_date: row.try_get(3)?,
        told_at: row.try_get(4)?,
        revision: 1,
    })
}

fn origin(row: &Row) -> Result<SeriesOrigin, postgres::Error> {
    Ok(SeriesOrigin {
        asset_id: row.try_get(0)?,
        source: row.try_get(1)?,
        symbol: row.try_get(2)?,
        currency: row.try_get(3)?,
    })
}
