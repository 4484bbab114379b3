//! Queries of `verify` and `report`: checksums of months, the rows of months that differ, and row counts.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use postgres::error::SqlState;
use postgres::types::Type;

use super::error::WarehouseError;
use super::{Warehouse, parameter, values_sql};
use crate::domain::bar_values::Values;
use crate::domain::checksum::{Checksum, Month, RowValues};

/// Asset, day and source of a row.
pub(crate) type RowKey = (String, NaiveDate, String);

impl Warehouse {
    /// Every asset with rows, in order.
    pub(crate) fn asset_ids(&mut self) -> Result<Vec<String>, WarehouseError> {
        let rows = match self.query(include_str!("asset_ids.sql"), Vec::new()) {
            // A distributed table cannot be walked along its key, so all rows are read.
            Err(failure) if is_unsupported(&failure) => {
                let sql = "SELECT asset_id::text FROM price_daily GROUP BY asset_id ORDER BY 1";
                self.query(sql, Vec::new())?
            }
            found => found?,
        };
        rows.iter().map(|r| Ok(r.try_get(0)?)).collect()
    }

    /// The checksums of every month of these assets.
    pub(crate) fn checksums(
        &mut self,
        assets: &[String],
    ) -> Result<HashMap<Month, Checksum>, WarehouseError> {
        let rows = self.query(
            values_sql!("checksums.sql"),
            vec![parameter(assets.to_vec(), Type::TEXT_ARRAY)],
        )?;
        let months = rows.iter().map(|row| {
            let month = Month {
                asset_id: row.try_get(0)?,
                source: row.try_get(1)?,
                number: row.try_get(2)?,
            };
            let bytes: &[u8] = row.try_get(4)?;
            let sum = Checksum {
                rows: u64::try_from(row.try_get::<_, i64>(3)?).unwrap_or(0),
                // PostgreSQL returns 16 bytes; fewer would not be our checksum.
                digest: bytes.try_into().unwrap_or_default(),
            };
            Ok((month, sum))
        });
        months.collect()
    }

    /// The rows of these months, each with the index of its month.
    pub(crate) fn bars_of_months(
        &mut self,
        months: &[Month],
    ) -> Result<Vec<(usize, NaiveDate, RowValues)>, WarehouseError> {
        const VALUES_AT: usize = 3;
        let text = |field: fn(&Month) -> &String| {
            let column: Vec<String> = months.iter().map(field).cloned().collect();
            parameter(column, Type::TEXT_ARRAY)
        };
        let first_days: Vec<_> = months.iter().map(Month::first_day).collect();
        let rows = self.query(
            values_sql!("bars_of_months.sql"),
            vec![
                text(|m| &m.asset_id),
                text(|m| &m.source),
                parameter(first_days, Type::DATE_ARRAY),
            ],
        )?;
        let bars = rows.iter().map(|row| {
            let place = usize::try_from(row.try_get::<_, i64>(0)? - 1).unwrap_or(usize::MAX);
            let values = RowValues {
                values: Values::read(
                    |at| row.try_get(VALUES_AT + at),
                    |at| row.try_get(VALUES_AT + at),
                )?,
                ingested_at: row.try_get(2)?,
            };
            Ok((place, row.try_get(1)?, values))
        });
        bars.collect()
    }

    /// The rows among these whose ingest time is in the future.
    pub(crate) fn find_future(&mut self, keys: &[RowKey]) -> Result<Vec<RowKey>, WarehouseError> {
        self.rows_of_keys(include_str!("find_future.sql"), keys)
    }

    /// Sets the ingest time of these rows to the oldest possible one if it is in the future, so that the next chunk
    /// overwrites them.
    pub(crate) fn unset_future(&mut self, keys: &[RowKey]) -> Result<(), WarehouseError> {
        self.rows_of_keys(include_str!("unset_future.sql"), keys)
            .map(drop)
    }

    /// A statement about rows ($1 to $3: their keys) that returns keys.
    fn rows_of_keys(
        &mut self,
        sql: &'static str,
        keys: &[RowKey],
    ) -> Result<Vec<RowKey>, WarehouseError> {
        let assets: Vec<String> = keys.iter().map(|(asset, ..)| asset.clone()).collect();
        let dates: Vec<NaiveDate> = keys.iter().map(|(_, date, _)| *date).collect();
        let sources: Vec<String> = keys.iter().map(|(.., source)| source.clone()).collect();
        let parameters = vec![
            parameter(assets, Type::TEXT_ARRAY),
            parameter(dates, Type::DATE_ARRAY),
            parameter(sources, Type::TEXT_ARRAY),
        ];
        let rows = self.query(sql, parameters)?;
        let key = |row: &postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        rows.iter().map(key).collect()
    }

    /// Its rows by asset.
    pub(crate) fn count_by_asset(&mut self) -> Result<BTreeMap<String, u64>, WarehouseError> {
        let sql = "SELECT asset_id::text, count(*) FROM price_daily GROUP BY 1";
        let rows = self.query(sql, Vec::new())?.into_iter();
        rows.map(|row| {
            let rows: i64 = row.try_get(1)?;
            Ok((row.try_get(0)?, u64::try_from(rows).unwrap_or(0)))
        })
        .collect()
    }
}

/// Whether the server does not support this feature (0A000).
fn is_unsupported(failure: &WarehouseError) -> bool {
    matches!(failure, WarehouseError::Postgres(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED))
}
