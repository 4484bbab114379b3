//! Writes assets and their sources to the warehouse. Rows of `asset_master` that existed before us belong to their
//! owner.

use postgres::types::Type;

use super::error::{Class, WarehouseError};
use super::{Parameter, Warehouse, parameter, recognise};
use crate::domain::outgoing::{AssetRow, AssetSource};
use crate::domain::take_over::OwnersRow;

/// The result of writing assets.
#[derive(Debug)]
pub(crate) struct TakenAssets {
    /// Which warehouse it was.
    pub(crate) warehouse: String,
    /// The assets whose row of `asset_master` is ours and now as configured; the other rows belong to their owners.
    pub(crate) written: Vec<String>,
    /// Why their sources were not written, if they were not.
    pub(crate) without_sources: Option<WarehouseError>,
}

fn refuse_readers_view(is_view: bool) -> Result<(), WarehouseError> {
    match is_view {
        true => Err(WarehouseError::Unfit(
            "price_daily here is the view one-price for readers: set DATABASE_SCHEMA to the schema of the tables"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

impl Warehouse {
    /// Writes assets as configured, to the expected warehouse or to any. If it accepts no sources, writes the assets
    /// alone.
    pub(crate) fn upsert_assets(
        &mut self,
        rows: &[AssetRow],
        expected: Option<&str>,
    ) -> Result<TakenAssets, WarehouseError> {
        let looked = self.query(include_str!("look_assets.sql"), Vec::new())?;
        let look = looked.first().ok_or(WarehouseError::Closed)?;
        let (has_sources, has_currency): (bool, bool) = (look.try_get(0)?, look.try_get(1)?);
        refuse_readers_view(look.try_get(2)?)?;
        let made = match has_sources {
            true => Ok(()),
            false => self.create_further().map(drop),
        };
        let written = made.and_then(|()| self.write_with_sources(rows, has_currency, expected));
        match written {
            Err(failure) if self.is_not_the_sources(&failure) => Err(failure),
            // Among several, one must not hold up the sources of others.
            Err(failure) if failure.class() == Class::Data && rows.len() > 1 => Err(failure),
            Err(failure) => Ok(TakenAssets {
                without_sources: Some(failure),
                ..self.write_alone(rows, has_currency, expected)?
            }),
            taken => taken,
        }
    }

    /// Makes sure that bars are not read from the view for readers, which hides some.
    ///
    /// # Errors
    /// [`WarehouseError::Unfit`], or errors of the server.
    pub(crate) fn check_is_table(&mut self) -> Result<(), WarehouseError> {
        let looked = self.query(include_str!("look_assets.sql"), Vec::new())?;
        let look = looked.first().ok_or(WarehouseError::Closed)?;
        refuse_readers_view(look.try_get(2)?)
    }

    /// The active assets in `asset_master`, whoever created them, with their names.
    pub(crate) fn active_assets(&mut self) -> Result<Vec<(String, String)>, WarehouseError> {
        let rows = self.query(include_str!("active_assets.sql"), Vec::new())?;
        let assets = rows.iter();
        assets
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect()
    }

    /// The rows of these assets in `asset_master` that the warehouse does not mark as ours.
    pub(crate) fn owners_rows(
        &mut self,
        asset_ids: Vec<String>,
    ) -> Result<Vec<OwnersRow>, WarehouseError> {
        const COLUMNS: [&str; 5] = [
            "name",
            "category",
            "source_priority",
            "is_active",
            "currency",
        ];
        let ids = || parameter(asset_ids.clone(), Type::TEXT_ARRAY);
        let columns = parameter(COLUMNS.to_vec(), Type::TEXT_ARRAY);
        let ours = "SELECT asset_id::text FROM asset_source WHERE writes_master AND asset_id = ANY ($1::text[])";
        let ours: Vec<String> = match self.query(ours, vec![ids()]) {
            // Nothing is marked yet.
            Err(failure) if failure.is_missing_table() => Vec::new(),
            rows => rows?.iter().map(|row| row.get(0)).collect(),
        };
        let rows = match self.query(include_str!("owners_rows.sql"), vec![ids(), columns]) {
            Err(failure) if failure.is_missing_table() => Vec::new(),
            rows => rows?,
        };
        let mut found = Vec::new();
        for row in &rows {
            let (columns, values): (Vec<String>, Vec<Option<String>>) =
                (row.try_get(1)?, row.try_get(2)?);
            found.push(OwnersRow {
                asset_id: row.try_get(0)?,
                values: columns.into_iter().zip(values).collect(),
            });
        }
        found.retain(|row| !ours.contains(&row.asset_id));
        Ok(found)
    }

    /// Whether it fails without the table of sources, too.
    fn is_not_the_sources(&self, failure: &WarehouseError) -> bool {
        let is_question = !self.by_number && failure.is_about("pg_control_system");
        let is_elsewhere = matches!(failure, WarehouseError::Elsewhere { .. });
        is_question || is_elsewhere || failure.is_transient() || failure.is_missing_table()
    }

    fn write_with_sources(
        &mut self,
        rows: &[AssetRow],
        has_currency: bool,
        expected: Option<&str>,
    ) -> Result<TakenAssets, WarehouseError> {
        let mut parameters = of_assets(rows);
        parameters.extend(of_sources(rows));
        let sql = statement(include_str!("upsert_assets.sql"), has_currency);
        let taken = self.write_assets(sql, parameters, expected)?;
        self.remove_sources(rows)?;
        Ok(taken)
    }

    fn write_alone(
        &mut self,
        rows: &[AssetRow],
        has_currency: bool,
        expected: Option<&str>,
    ) -> Result<TakenAssets, WarehouseError> {
        let sql = statement(ALONE, has_currency);
        self.write_assets(sql, of_assets(rows), expected)
    }

    fn write_assets(
        &mut self,
        sql: String,
        mut parameters: Vec<Parameter>,
        expected: Option<&str>,
    ) -> Result<TakenAssets, WarehouseError> {
        parameters.push(parameter(expected.map(str::to_owned), Type::TEXT));
        let rows = self.query(self.identified(sql, expected), parameters)?;
        let row = rows.first().ok_or(WarehouseError::Closed)?;
        let warehouse: String = row.try_get(0)?;
        recognise(expected, &warehouse)?;
        Ok(TakenAssets {
            warehouse,
            written: row.try_get(1)?,
            without_sources: None,
        })
    }

    fn remove_sources(&mut self, rows: &[AssetRow]) -> Result<(), WarehouseError> {
        // Another machine may collect an asset that is no longer configured here.
        let configured = rows.iter().filter(|row| !row.sources.is_empty());
        let gone =
            configured.flat_map(|row| row.removed.iter().map(|source| (&row.asset_id, source)));
        let (assets, sources): (Vec<String>, Vec<String>) = gone
            .map(|(asset, source)| (asset.clone(), source.clone()))
            .unzip();
        if assets.is_empty() {
            return Ok(());
        }
        let columns = || {
            let columns = [assets.clone(), sources.clone()];
            columns
                .map(|column| parameter(column, Type::TEXT_ARRAY))
                .into()
        };
        match self.query(include_str!("remove_sources.sql"), columns()) {
            Err(failure) if failure.is_forbidden() => {
                self.query(include_str!("retire_sources.sql"), columns())?;
            }
            removed => drop(removed?),
        }
        Ok(())
    }
}

const ALONE: &str = include_str!("upsert_assets_alone.sql");

/// The statement that writes assets only, into a table that may lack the column for the currency.
pub(super) fn alone() -> String {
    statement(ALONE, false)
}

/// The statement of a file for an `asset_master` with or without a column for the currency: without it, the column's
/// default would turn a dollar asset into one in won.
fn statement(file: &str, has_currency: bool) -> String {
    let parts = [", currency = EXCLUDED.currency", ", currency"];
    parts.iter().fold(file.to_owned(), |sql, part| {
        let part_or_none = if has_currency { part } else { "" };
        sql.replace(&format!("{{{part}}}"), part_or_none)
    })
}

/// The parameters of both statements for these assets, up to their sources.
pub(super) fn of_assets(rows: &[AssetRow]) -> Vec<Parameter> {
    let text = |field: fn(&AssetRow) -> &String| {
        let column: Vec<String> = rows.iter().map(field).cloned().collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let active: Vec<bool> = rows.iter().map(|r| r.is_active).collect();
    let claimed: Vec<bool> = rows.iter().map(|r| r.is_claimed).collect();
    vec![
        text(|r| &r.asset_id),
        text(|r| &r.name),
        text(|r| &r.category),
        text(|r| &r.source_priority),
        parameter(active, Type::BOOL_ARRAY),
        parameter(claimed, Type::BOOL_ARRAY),
        text(|r| &r.currency),
    ]
}

fn of_sources(rows: &[AssetRow]) -> Vec<Parameter> {
    let sources = || {
        rows.iter()
            .flat_map(|row| row.sources.iter().map(move |source| (row, source)))
    };
    let text = |field: fn(&AssetSource) -> &String| {
        let column: Vec<String> = sources().map(|(_, s)| field(s).clone()).collect();
        parameter(column, Type::TEXT_ARRAY)
    };
    let assets: Vec<String> = sources().map(|(row, _)| row.asset_id.clone()).collect();
    let priorities: Vec<Option<i32>> = sources().map(|(_, s)| s.priority).collect();
    vec![
        parameter(assets, Type::TEXT_ARRAY),
        text(|s| &s.source),
        parameter(priorities, Type::INT4_ARRAY),
        text(|s| &s.currency),
        text(|s| &s.symbol),
    ]
}
