//! Writes runs to the warehouse for dashboards, and reads the days of its series.

use std::collections::HashMap;

use chrono::NaiveDate;
use postgres::types::Type;

use super::error::WarehouseError;
use super::{Parameter, Warehouse, parameter, recognise};
use crate::domain::outgoing::OutgoingRun;
use crate::domain::run::JobRun;

impl Warehouse {
    /// Writes runs to the expected warehouse, or to any. Returns which one it was.
    pub(crate) fn upsert_runs(
        &mut self,
        rows: &[OutgoingRun],
        expected: Option<&str>,
    ) -> Result<String, WarehouseError> {
        self.write(include_str!("upsert_runs.sql"), of_runs(rows), expected)
    }

    /// A statement whose last parameter is the expected warehouse, and whose answer is the actual one.
    pub(super) fn write(
        &mut self,
        sql: &'static str,
        mut parameters: Vec<Parameter>,
        expected: Option<&str>,
    ) -> Result<String, WarehouseError> {
        parameters.push(parameter(expected.map(str::to_owned), Type::TEXT));
        let rows = self.query(self.identified(sql, expected), parameters)?;
        let warehouse: String = rows.first().ok_or(WarehouseError::Closed)?.try_get(0)?;
        recognise(expected, &warehouse)?;
        Ok(warehouse)
    }

    /// The days of each asset and source, individually since a day, up to `until` if given.
    pub(crate) fn days_of_series(
        &mut self,
        since: NaiveDate,
        until: Option<NaiveDate>,
    ) -> Result<HashMap<(String, String), DaysOfSeries>, WarehouseError> {
        let rows = self.query(
            include_str!("newest.sql"),
            vec![parameter(until, Type::DATE), parameter(since, Type::DATE)],
        )?;
        let days = |row: &postgres::Row| {
            let days = DaysOfSeries {
                first: row.try_get(2)?,
                newest: row.try_get(3)?,
                recent: row.try_get(4)?,
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), days))
        };
        rows.iter().map(days).collect()
    }
}

/// The days on which a series has a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DaysOfSeries {
    pub(crate) first: NaiveDate,
    pub(crate) newest: NaiveDate,
    /// The days that were requested individually.
    pub(crate) recent: Vec<NaiveDate>,
}

/// The parameters of `upsert_runs.sql` for these runs, except the last.
pub(super) fn of_runs(rows: &[OutgoingRun]) -> Vec<Parameter> {
    let text = |field: fn(&JobRun) -> Option<&String>| {
        let column: Vec<Option<String>> = rows.iter().map(|r| field(&r.run).cloned()).collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let ids: Vec<_> = rows.iter().map(|r| r.job_id).collect();
    let started: Vec<_> = rows.iter().map(|r| r.started_at).collect();
    let ended: Vec<_> = rows.iter().map(|r| r.ended_at).collect();
    vec![
        parameter(ids, Type::UUID_ARRAY),
        text(|r| Some(&r.job_name)),
        parameter(started, Type::TIMESTAMPTZ_ARRAY),
        parameter(ended, Type::TIMESTAMPTZ_ARRAY),
        text(|r| Some(&r.status)),
        text(|r| r.error_message.as_ref()),
    ]
}
