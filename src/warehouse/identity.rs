//! Which warehouse it is that answers: rows that one has are not known to be in another.
//!
//! A server has a system identifier, made with its data and the same in its standbys and backups. Where a user may not ask for it
//! (`pg_control_system()` can be withheld), or the server has none, the database's number on its server has to do, and where
//! that is reached: the numbers alone are the same on many servers.

use std::borrow::Cow;

use super::Warehouse;
use super::error::WarehouseError;

/// What tells a server from others, as the statements have it.
const SYSTEM: &str = "(SELECT system_identifier FROM pg_control_system())::text";

/// What tells a database from others, at a place (`host:port`). It begins with [`BY_NUMBER`].
fn number(place: &str) -> String {
    // The database's name follows anyway.
    let server = place.rsplit_once('/').map_or(place, |(server, _)| server);
    let place = server.replace('\'', "''");
    format!(
        "'oid ' || (SELECT oid FROM pg_database WHERE datname = current_database())::text || ' at {place}'"
    )
}

/// How an identity begins that is not a system identifier.
const BY_NUMBER: &str = "oid ";

impl Warehouse {
    /// Which database this is: the server's system identifier, or the database's number, and the database's name.
    ///
    /// # Errors
    /// What the server says.
    pub fn identity(&mut self, expected: Option<&str>) -> Result<String, WarehouseError> {
        let ask = |warehouse: &mut Self| {
            let sql = warehouse.identified(include_str!("identity.sql"), expected);
            let rows = warehouse.query(sql, Vec::new())?;
            rows.first()
                .map_or(Err(WarehouseError::Closed), |row| Ok(row.try_get(0)?))
        };
        ask(self).or_else(|failure| match self.ask_otherwise(&failure) {
            true => ask(self),
            false => Err(failure),
        })
    }

    /// A statement that asks which warehouse this is, in the way in which this one can tell, and in which it was told before.
    pub(super) fn identified(
        &self,
        sql: &'static str,
        expected: Option<&str>,
    ) -> Cow<'static, str> {
        if self.by_number || expected.is_some_and(|known| known.starts_with(BY_NUMBER)) {
            sql.replace(SYSTEM, &number(&self.place)).into()
        } else {
            sql.into()
        }
    }

    /// After a failure: whether it was the question for the system identifier, so that the other way may help.
    pub(super) fn ask_otherwise(&mut self, failure: &WarehouseError) -> bool {
        let is_new = !self.by_number && failure.is_about("pg_control_system");
        self.by_number |= is_new;
        is_new
    }
}

/// Sees to it that the warehouse that answered is the one that was expected, if any was.
///
/// # Errors
/// [`WarehouseError::Elsewhere`].
pub fn recognise(expected: Option<&str>, found: &str) -> Result<(), WarehouseError> {
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
            include_str!("upsert_assets.sql"),
            include_str!("upsert_runs.sql"),
        ] {
            assert_eq!(sql.matches("pg_control_system").count(), 1);
            assert_eq!(sql.matches(SYSTEM).count(), 1);
        }
        let number = number("it's:5432/d");
        assert!(number.starts_with(&format!("'{BY_NUMBER}'")));
        assert!(number.ends_with("' at it''s:5432'"));
    }
}
