//! Writes dividends and splits to the warehouse, and the days for which all of them are known.

use postgres::types::Type;

use super::error::WarehouseError;
use super::{Parameter, Warehouse, parameter};
use crate::domain::outgoing::{ActionRow, CoverageRow};

impl Warehouse {
    /// Writes actions to the expected warehouse, or to any if none is expected. Returns which one it was.
    ///
    /// # Errors
    /// Errors of the server, or that the missing table cannot be created.
    pub(crate) fn upsert_actions(
        &mut self,
        rows: &[ActionRow],
        expected: Option<&str>,
    ) -> Result<String, WarehouseError> {
        let sql = include_str!("upsert_actions.sql");
        self.write_further(sql, &|| of_actions(rows), expected)
    }

    /// Writes the days for which all actions are known; likewise.
    ///
    /// # Errors
    /// As [`Warehouse::upsert_actions`].
    pub(crate) fn upsert_coverage(
        &mut self,
        rows: &[CoverageRow],
        expected: Option<&str>,
    ) -> Result<String, WarehouseError> {
        let sql = include_str!("upsert_coverage.sql");
        self.write_further(sql, &|| of_coverage(rows), expected)
    }

    /// Writes into a table that prices do not need; creates it if it is missing.
    fn write_further(
        &mut self,
        sql: &'static str,
        parameters: &dyn Fn() -> Vec<Parameter>,
        expected: Option<&str>,
    ) -> Result<String, WarehouseError> {
        match self.write(sql, parameters(), expected) {
            Err(failure) if failure.is_missing_table() => {
                self.create_further()?;
                self.write(sql, parameters(), expected)
            }
            result => result,
        }
    }
}

/// The parameters of `upsert_actions.sql` for these rows, except the last.
fn of_actions(rows: &[ActionRow]) -> Vec<Parameter> {
    let text = |field: fn(&ActionRow) -> &String| {
        let column: Vec<String> = rows.iter().map(field).cloned().collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let words = |field: fn(&ActionRow) -> &Option<String>| {
        let column: Vec<Option<String>> = rows.iter().map(field).cloned().collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let number = |field: fn(&ActionRow) -> Option<f64>| {
        let column: Vec<Option<f64>> = rows.iter().map(field).collect();
        parameter(column, Type::FLOAT8_ARRAY)
    };
    let dates: Vec<_> = rows.iter().map(|r| r.date).collect();
    let times: Vec<_> = rows.iter().map(|r| r.ingested_at).collect();
    vec![
        text(|r| &r.asset_id),
        text(|r| &r.source),
        parameter(dates, Type::DATE_ARRAY),
        text(|r| &r.kind),
        number(|r| r.amount),
        number(|r| r.numerator),
        number(|r| r.denominator),
        words(|r| &r.currency),
        words(|r| &r.left_out),
        parameter(times, Type::TIMESTAMPTZ_ARRAY),
    ]
}

/// The parameters of `upsert_coverage.sql` for these rows, except the last.
fn of_coverage(rows: &[CoverageRow]) -> Vec<Parameter> {
    let text = |field: fn(&CoverageRow) -> &String| {
        let column: Vec<String> = rows.iter().map(field).cloned().collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let first: Vec<_> = rows.iter().map(|r| r.first_date).collect();
    let last: Vec<_> = rows.iter().map(|r| r.last_date).collect();
    let times: Vec<_> = rows.iter().map(|r| r.told_at).collect();
    vec![
        text(|r| &r.asset_id),
        text(|r| &r.source),
        parameter(first, Type::DATE_ARRAY),
        parameter(last, Type::DATE_ARRAY),
        parameter(times, Type::TIMESTAMPTZ_ARRAY),
    ]
}
