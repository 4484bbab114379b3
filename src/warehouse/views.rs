//! The optional views.

use postgres::types::Type;

use super::error::WarehouseError;
use super::target::quoted;
use super::{Warehouse, parameter};

/// The optional views `best_price` and `latest_price`, and `own_source`, which they read.
pub(crate) const BEST_PRICE: &str = include_str!("../../schema/warehouse/best_price.sql");

/// The optional view `adjusted_price`, based on `best_price`.
#[must_use]
pub(crate) fn adjusted_price() -> String {
    [
        BEST_PRICE,
        include_str!("../../schema/warehouse/adjusted_price.sql"),
    ]
    .join("\n")
}

/// The optional view of one price in its readers' schema, based on `best_price`.
#[must_use]
pub(crate) fn one_price(schema: &str) -> String {
    let view = format!("{}.price_daily", quoted(schema));
    let sql = include_str!("../../schema/warehouse/one_price.sql").replace("{view}", &view);
    [BEST_PRICE, &sql].join("\n")
}

impl Warehouse {
    /// Creates or updates the optional views `best_price` and `latest_price`.
    pub(crate) fn create_best_price(&mut self) -> Result<(), WarehouseError> {
        self.ensure_tables()?;
        self.execute(BEST_PRICE.to_owned())
    }

    /// Creates or updates the optional view `adjusted_price`, and those before, which it reads.
    pub(crate) fn create_adjusted_price(&mut self) -> Result<(), WarehouseError> {
        self.ensure_tables()?;
        self.execute(adjusted_price())
    }

    /// Whether there is a view `best_price` of a program that did not know `asset_source`.
    pub(crate) fn has_older_best_price(&mut self) -> Result<bool, WarehouseError> {
        let sql = "SELECT relkind = 'v' AND NOT EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'time' AND NOT attisdropped
            )
            FROM pg_class AS c WHERE c.oid = to_regclass('best_price')";
        let rows = self.query(sql, Vec::new())?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Whether the server compiles queries that it considers expensive.
    pub(crate) fn compiles_queries(&mut self) -> Result<bool, WarehouseError> {
        // PostgreSQL 10 has no such setting.
        let sql = "SELECT coalesce(current_setting('jit', true), 'off') = 'on'";
        let rows = self.query(sql, Vec::new())?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// The schema in which this connection creates tables.
    ///
    /// # Errors
    /// Errors of the server, or that there is none.
    pub(crate) fn own_schema(&mut self) -> Result<String, WarehouseError> {
        let rows = self.query("SELECT current_schema()::text", Vec::new())?;
        let schema = rows.first().and_then(|row| row.get::<_, Option<String>>(0));
        schema.ok_or_else(|| {
            WarehouseError::Unfit("no schema in the search_path of DATABASE_URL exists".to_owned())
        })
    }

    /// Creates or updates the optional view of one price in a schema.
    ///
    /// # Errors
    /// Errors of the server, or that something else is in its place.
    pub(crate) fn create_one_price(&mut self, schema: &str) -> Result<(), WarehouseError> {
        self.look_for_one_price(schema)?;
        self.ensure_tables()?;
        self.execute(one_price(schema))
    }

    fn look_for_one_price(&mut self, schema: &str) -> Result<(), WarehouseError> {
        let rows = self.query(
            include_str!("look_one_price.sql"),
            vec![parameter(schema.to_owned(), Type::TEXT)],
        )?;
        let row = rows.first().ok_or(WarehouseError::Closed)?;
        let (has_schema, kind): (bool, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        let is_ours: bool = row.try_get(2)?;
        let why = match kind.as_deref() {
            _ if !has_schema => {
                format!("there is no schema {schema}; create it with CREATE SCHEMA")
            }
            None => return Ok(()),
            Some("v") if is_ours => return Ok(()),
            Some("v") => format!(
                "there is a view {schema}.price_daily that pricestash did not create: drop it, or choose another schema with --schema"
            ),
            Some(_) => format!(
                "there is a table {schema}.price_daily, which the view cannot replace: choose the schema of the readers with \
                 --schema, or move that table to the schema of DATABASE_SCHEMA"
            ),
        };
        Err(WarehouseError::Unfit(why))
    }
}
