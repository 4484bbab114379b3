//! What would stop a sync: the server, its distance, tables and rights.

use chrono::{DateTime, Utc};
use postgres::types::Type;

use super::tables::names;
use super::{Warehouse, WarehouseError, parameter};

/// Facts about the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// `15.13`
    pub(crate) server_version: String,
    /// The TLS version; `None` if the connection is not encrypted.
    pub(crate) tls: Option<String>,
    /// Its clock.
    pub(crate) clock: DateTime<Utc>,
    /// Missing tables.
    pub(crate) missing: Vec<String>,
    /// Whether it is a read-only standby.
    pub(crate) is_standby: bool,
    /// `UTF8`
    pub(crate) encoding: String,
    /// The existing tables.
    pub(crate) tables: Vec<TableFacts>,
}

/// Facts about a table that inserting nothing does not reveal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TableFacts {
    pub(crate) name: String,
    /// Whether a crash of the server empties it.
    pub(crate) is_unlogged: bool,
    /// With row level security for this user: the commands for which it allows no row.
    pub(crate) denied_rows: Option<Vec<String>>,
    /// Triggers that may change or drop a row.
    pub(crate) triggers: Vec<String>,
    /// Whether a row may fit no partition.
    pub(crate) has_gaps: bool,
    /// Whether updates are published without a way for a subscriber to find the rows.
    pub(crate) lacks_identity: bool,
    /// Whether this user may delete rows.
    pub(crate) can_delete: bool,
    /// Constraints that may reject a row.
    pub(crate) constraints: Vec<String>,
    /// The maximum lengths of its columns in characters, if limited.
    pub(crate) lengths: Vec<(String, usize)>,
}

impl Warehouse {
    /// Inspects the warehouse without changing it.
    pub(crate) fn diagnose(&mut self) -> Result<Diagnosis, WarehouseError> {
        let rows = self.query(
            include_str!("diagnose.sql"),
            vec![parameter(names(), Type::TEXT_ARRAY)],
        )?;
        let row = rows.first().ok_or(WarehouseError::Closed)?;
        Ok(Diagnosis {
            server_version: row.try_get(0)?,
            tls: row.try_get(1)?,
            clock: row.try_get(2)?,
            missing: row.try_get(3)?,
            is_standby: row.try_get(4)?,
            encoding: row.try_get(5)?,
            tables: self.table_facts()?,
        })
    }

    fn table_facts(&mut self) -> Result<Vec<TableFacts>, WarehouseError> {
        let rows = self.query(
            include_str!("table_facts.sql"),
            vec![parameter(names(), Type::TEXT_ARRAY)],
        )?;
        let mut tables = Vec::new();
        for row in &rows {
            let name: String = row.try_get(0)?;
            tables.push(TableFacts {
                lengths: self.lengths(&name)?,
                name,
                is_unlogged: row.try_get(1)?,
                denied_rows: row.try_get(2)?,
                triggers: row.try_get(3)?,
                has_gaps: row.try_get(4)?,
                lacks_identity: row.try_get(5)?,
                can_delete: row.try_get(6)?,
                constraints: row.try_get(7)?,
            });
        }
        Ok(tables)
    }

    fn lengths(&mut self, table: &str) -> Result<Vec<(String, usize)>, WarehouseError> {
        let columns = self.columns(table)?;
        let length = |longest: Option<i32>| usize::try_from(longest?).ok();
        let ended = columns.into_iter();
        Ok(ended
            .filter_map(|c| Some((c.name, length(c.longest)?)))
            .collect())
    }

    /// If others read `price_daily`: an asset for which two sources share days, the number of days, and the number of
    /// such assets.
    pub(crate) fn shared_days(&mut self) -> Result<Option<(String, i64, i64)>, WarehouseError> {
        let rows = match self.query(include_str!("shared_days.sql"), Vec::new()) {
            // Nothing was synced yet, or no sync can write asset_source, which sync reports itself.
            Err(failure) if failure.is_missing_table() || failure.is_forbidden() => {
                return Ok(None);
            }
            rows => rows?,
        };
        let found = rows.first();
        found
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
            .transpose()
    }

    /// Whether the warehouse's encoding has all characters of these texts.
    pub(crate) fn can_encode(&mut self, texts: Vec<String>) -> Result<bool, WarehouseError> {
        let parameters = vec![parameter(texts, Type::TEXT_ARRAY)];
        match self.query("SELECT cardinality($1::text[])", parameters) {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_about_characters() => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}
