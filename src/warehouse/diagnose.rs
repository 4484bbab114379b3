//! What would stop a sync: who answers, how far away, with which tables and rights.

use chrono::{DateTime, Utc};
use postgres::types::Type;

use super::tables::TABLES;
use super::{Warehouse, WarehouseError, parameter};

/// What the warehouse is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// `15.13`
    pub(crate) server_version: String,
    /// The version of TLS; `None` when the connection is not encrypted.
    pub(crate) tls: Option<String>,
    /// Its clock.
    pub(crate) clock: DateTime<Utc>,
    /// Tables that are missing.
    pub(crate) missing: Vec<String>,
    /// Whether they can be created.
    pub(crate) can_create: bool,
    /// Tables that this user may not read, insert into and update.
    pub(crate) forbidden: Vec<String>,
}

impl Warehouse {
    /// Looks at the warehouse and changes nothing.
    pub(crate) fn diagnose(&mut self) -> Result<Diagnosis, WarehouseError> {
        let names: Vec<&str> = TABLES.iter().map(|t| t.name).collect();
        let rows = self.query(
            include_str!("diagnose.sql"),
            vec![parameter(names, Type::TEXT_ARRAY)],
        )?;
        let row = rows.first().ok_or(WarehouseError::Closed)?;
        Ok(Diagnosis {
            server_version: row.try_get(0)?,
            tls: row.try_get(1)?,
            clock: row.try_get(2)?,
            can_create: row.try_get(3)?,
            missing: row.try_get(4)?,
            forbidden: row.try_get(5)?,
        })
    }

    /// What keeps the tables that are there from taking our rows.
    ///
    /// # Errors
    /// [`WarehouseError::Unfit`] for the first table that cannot, or what the server says.
    pub(crate) fn check_tables(&mut self) -> Result<(), WarehouseError> {
        let missing: Vec<&str> = self.missing_tables()?.iter().map(|t| t.name).collect();
        for table in TABLES.iter().filter(|t| !missing.contains(&t.name)) {
            self.check(table)?;
        }
        Ok(())
    }
}
