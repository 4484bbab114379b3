//! Identifies the warehouse that answers: rows in one warehouse need not be in another.
//!
//! A server has a system identifier, created with its data and the same in its standbys and backups. If a user may not
//! read it (`pg_control_system()` can be forbidden), or the server has none, the database's number and the server's
//! address must do: the numbers alone are equal on many servers.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use postgres::types::Type;

use super::error::WarehouseError;
use super::{Parameter, Warehouse, parameter};
use crate::domain::acknowledgement::{Acknowledged, FoundTable, TableIdentity, Witness};

/// SQL that distinguishes a server from others.
const SYSTEM: &str = "(SELECT system_identifier FROM pg_control_system())::text";

/// SQL that distinguishes a database from others, at a place (`host:port`). The value begins with [`BY_NUMBER`].
fn number(place: &str) -> String {
    // The database's name follows anyway.
    let server = place.rsplit_once('/').map_or(place, |(server, _)| server);
    let place = server.replace('\'', "''");
    format!(
        "'oid ' || (SELECT oid FROM pg_database WHERE datname = current_database())::text || ' at {place}'"
    )
}

/// Prefix of an identity that is not a system identifier.
const BY_NUMBER: &str = "oid ";

impl Warehouse {
    /// Looks up the table for the bars: which one it is, and whether it has one of these bars.
    ///
    /// # Errors
    /// Errors of the server; 42P01 if there is no such table.
    pub(crate) fn find_table(
        &mut self,
        known: Option<&Acknowledged>,
    ) -> Result<FoundTable, WarehouseError> {
        let ask = |warehouse: &mut Self| {
            let database = known.map(|known| known.database.as_str());
            let sql = warehouse.identified(include_str!("identity.sql"), database);
            let witnesses = Witnesses::of(known.map_or(&[][..], |known| &known.witnesses));
            let rows = warehouse.query(sql, witnesses.parameters())?;
            let row = rows.first().ok_or(WarehouseError::Closed)?;
            Ok(FoundTable {
                table: TableIdentity {
                    database: row.try_get(0)?,
                    relation: row.try_get::<_, Option<String>>(1)?.unwrap_or_default(),
                },
                place: warehouse.place.clone(),
                is_empty: row.try_get(2)?,
                has_witness: row.try_get(3)?,
            })
        };
        ask(self).or_else(|failure| match self.ask_otherwise(&failure) {
            true => ask(self),
            false => Err(failure),
        })
    }

    /// A statement that identifies the warehouse, in the way that works here and in the way used before.
    pub(super) fn identified(
        &self,
        sql: impl Into<Cow<'static, str>>,
        expected: Option<&str>,
    ) -> Cow<'static, str> {
        let sql = sql.into();
        if self.by_number || expected.is_some_and(|known| known.starts_with(BY_NUMBER)) {
            sql.replace(SYSTEM, &number(&self.place)).into()
        } else {
            sql
        }
    }

    /// After a failure: whether the query of the system identifier was the reason, so that the other way may help.
    pub(super) fn ask_otherwise(&mut self, failure: &WarehouseError) -> bool {
        let is_new = !self.by_number && failure.is_about("pg_control_system");
        self.by_number |= is_new;
        is_new
    }
}

/// Bars that were acknowledged last, as the columns of a statement.
#[derive(Default)]
pub(super) struct Witnesses {
    pub(super) asset_id: Vec<String>,
    pub(super) date: Vec<NaiveDate>,
    pub(super) source: Vec<String>,
    pub(super) ingested_at: Vec<DateTime<Utc>>,
}

impl Witnesses {
    pub(super) fn of(witnesses: &[Witness]) -> Self {
        Self {
            asset_id: witnesses.iter().map(|w| w.asset_id.clone()).collect(),
            date: witnesses.iter().map(|w| w.date).collect(),
            source: witnesses.iter().map(|w| w.source.clone()).collect(),
            ingested_at: witnesses.iter().map(|w| w.ingested_at).collect(),
        }
    }

    pub(super) fn parameters(self) -> Vec<Parameter> {
        vec![
            parameter(self.asset_id, Type::TEXT_ARRAY),
            parameter(self.date, Type::DATE_ARRAY),
            parameter(self.source, Type::TEXT_ARRAY),
            parameter(self.ingested_at, Type::TIMESTAMPTZ_ARRAY),
        ]
    }
}

/// Checks that the warehouse that answered is the expected one, if any is expected.
///
/// # Errors
/// [`WarehouseError::Elsewhere`].
pub(crate) fn recognise(expected: Option<&str>, found: &str) -> Result<(), WarehouseError> {
    match expected {
        Some(expected) if expected != found => Err(WarehouseError::Elsewhere {
            expected: expected.to_owned(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_that_asks_can_ask_otherwise() {
        for sql in [
            include_str!("identity.sql"),
            include_str!("upsert_prices.sql"),
            include_str!("copy_look.sql"),
            include_str!("upsert_assets.sql"),
            include_str!("upsert_assets_alone.sql"),
            include_str!("upsert_runs.sql"),
            include_str!("upsert_actions.sql"),
            include_str!("upsert_coverage.sql"),
            include_str!("delete_retracted.sql"),
        ] {
            assert_eq!(sql.matches("pg_control_system").count(), 1);
            assert_eq!(sql.matches(SYSTEM).count(), 1);
        }
        let number = number("it's:5432/d");
        assert!(number.starts_with(&format!("'{BY_NUMBER}'")));
        assert!(number.ends_with("' at it''s:5432'"));
    }
}
