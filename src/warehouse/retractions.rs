//! Removes retracted bars from the warehouse.

use chrono::{DateTime, Utc};
use postgres::types::Type;

use super::error::WarehouseError;
use super::{Parameter, Warehouse, parameter, recognise, values_sql};
use crate::domain::bar_values::{ValueColumn, by_column};
use crate::domain::outgoing::RetractedRow;

/// The position of the first parameter with values: those before it are named in the statement.
const VALUES_FROM: usize = 6;

impl Warehouse {
    /// Removes bars from the expected warehouse, or from any. Returns which one it was, how many are gone, and how many
    /// stay because other values were fetched later.
    ///
    /// # Errors
    /// Errors of the server: 42501 if this user may not delete.
    pub(crate) fn delete_retracted(
        &mut self,
        rows: &[RetractedRow],
        expected: Option<&str>,
    ) -> Result<(String, [u64; 2]), WarehouseError> {
        let text = |field: fn(&RetractedRow) -> &String| {
            let column: Vec<String> = rows.iter().map(field).cloned().collect();
            parameter(column, Type::TEXT_ARRAY)
        };
        let dates: Vec<_> = rows.iter().map(|r| r.date).collect();
        let times: Vec<Option<DateTime<Utc>>> = rows.iter().map(|r| r.ingested_at).collect();
        let mut parameters = vec![
            text(|r| &r.asset_id),
            parameter(dates, Type::DATE_ARRAY),
            text(|r| &r.source),
            parameter(times, Type::TIMESTAMPTZ_ARRAY),
            parameter(expected.map(str::to_owned), Type::TEXT),
        ];
        let columns = by_column(rows.iter().map(|row| &row.values));
        parameters.extend(columns.into_iter().map(of_values));
        let sql = self.identified(values_sql!("delete_retracted.sql", VALUES_FROM), expected);
        let found = self.query(sql, parameters)?;
        let row = found.first().ok_or(WarehouseError::Closed)?;
        let warehouse: String = row.try_get(0)?;
        recognise(expected, &warehouse)?;
        let count = |at| -> Result<u64, WarehouseError> {
            let count: i64 = row.try_get(at)?;
            Ok(u64::try_from(count).unwrap_or(0))
        };
        Ok((warehouse, [count(1)?, count(2)?]))
    }
}

fn of_values(column: ValueColumn) -> Parameter {
    match column {
        ValueColumn::Prices(prices) => parameter(prices, Type::FLOAT8_ARRAY),
        ValueColumn::Counts(counts) => parameter(counts, Type::INT8_ARRAY),
    }
}
