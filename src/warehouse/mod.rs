//! The warehouse: a PostgreSQL database with the tables of the contract's section 11, whoever made them.
//!
//! Every statement is one round trip. Nothing is set for the session and nothing is prepared, so that a pooler in transaction
//! mode may stand in between; how long a statement may take is watched here.

use postgres::Row;
use postgres::types::{ToSql, Type};

mod address;
mod counts;
mod diagnose;
mod failure;
mod line;
mod prices;
mod records;
mod tables;
mod target;
mod tls;
mod verify;

pub use diagnose::Diagnosis;
pub use failure::{Class, Failure, Refusal};
pub use line::Patience;
pub use prices::{Receipt, Written};
pub use target::Target;

use line::Line;

/// A connection to the warehouse.
pub struct Warehouse {
    line: Line,
    round_trips: u64,
    /// Whether this connection has seen that the columns of `price_daily` are of the types that keep every value.
    prices_fit: bool,
}

/// A parameter that the statement may take to the connection's thread.
type Parameter = (Box<dyn ToSql + Sync + Send>, Type);

impl Warehouse {
    /// Connects.
    ///
    /// # Errors
    /// What the server, the network or TLS says.
    pub fn connect(target: &Target, patience: Patience) -> Result<Self, Failure> {
        Ok(Self {
            line: Line::open(target, patience)?,
            round_trips: 0,
            prices_fit: false,
        })
    }

    /// Statements that were sent since the last time this was asked.
    pub fn take_round_trips(&mut self) -> u64 {
        std::mem::take(&mut self.round_trips)
    }

    /// Which database this is: the server's system identifier, and the database's name.
    ///
    /// # Errors
    /// What the server says.
    pub fn identity(&mut self) -> Result<String, Failure> {
        let rows = self.query(include_str!("identity.sql"), Vec::new())?;
        rows.first()
            .map_or(Err(Failure::Closed), |row| Ok(row.try_get(0)?))
    }

    /// One statement, its parameters with their types: one round trip, where preparing it first would take three.
    fn query(
        &mut self,
        sql: &'static str,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Row>, Failure> {
        self.round_trips += 1;
        self.line.ask(move |client| {
            let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
                .iter()
                .map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone()))
                .collect();
            client.query_typed(sql, &parameters)
        })
    }

    /// Statements without parameters and results, as one transaction and one round trip.
    fn execute(&mut self, sql: String) -> Result<(), Failure> {
        self.round_trips += 1;
        self.line.ask(move |client| client.batch_execute(&sql))
    }
}

/// Sees to it that the warehouse that answered is the one that was expected, if any was.
///
/// # Errors
/// [`Failure::Elsewhere`].
pub fn recognise(expected: Option<&str>, found: &str) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != found => Err(Failure::Elsewhere {
            expected: expected.to_owned(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// A parameter with its type.
fn parameter(value: impl ToSql + Sync + Send + 'static, of: Type) -> Parameter {
    (Box::new(value), of)
}

/// The optional view `best_price`.
pub const BEST_PRICE: &str = include_str!("../../schema/warehouse/best_price.sql");

/// A variant of `price_daily`: hash-partitioned by asset.
pub const PARTITIONED: &str = include_str!("../../schema/warehouse/variants/partitioned.sql");

/// A variant of the tables: distributed by asset with Citus.
pub const CITUS: &str = include_str!("../../schema/warehouse/variants/citus.sql");

/// The DDL of the tables that the program creates where they are missing.
#[must_use]
pub fn schema() -> String {
    tables::TABLES
        .iter()
        .map(|t| t.ddl)
        .collect::<Vec<_>>()
        .join("\n")
}
