//! The warehouse: a PostgreSQL database with the tables of the contract's section 11, whoever created them.
//!
//! Every statement is one round trip, except COPY. Nothing is set for the session, and nothing stays prepared beyond
//! its transaction, so that a pooler in transaction mode works; the time limits of statements are enforced here.
//!
//! Unless a function says otherwise, its errors are those of the server or the network.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use postgres::Row;
use postgres::types::{ToSql, Type};

mod actions;
mod advice;
mod assets;
mod attempt;
mod bounded;
mod certificate;
mod connection;
mod copy;
mod copying;
mod diagnose;
mod error;
mod framing;
mod identity;
mod locks;
mod parameters;
mod prices;
mod pull;
mod rehearse;
mod retractions;
mod runs;
mod tables;
mod target;
mod tls;
mod url;
mod verify;
mod views;

pub(crate) use assets::TakenAssets;
pub use connection::Patience;
pub(crate) use diagnose::{Diagnosis, TableFacts};
pub(crate) use error::{Class, Refusal, WarehouseError};
pub(crate) use identity::recognise;
pub(crate) use prices::{Receipt, WriteCounts};
pub(crate) use rehearse::Refused;
pub(crate) use runs::DaysOfSeries;
pub(crate) use tables::schema;
pub use target::Target;
pub(crate) use verify::RowKey;
pub(crate) use views::{BEST_PRICE, adjusted_price, one_price};

use connection::Connection;
use copying::Copying;

/// A connection to the warehouse.
pub struct Warehouse {
    connection: Connection,
    round_trips: u64,
    /// Whether this connection has checked that the columns of `price_daily` have types that keep every value.
    prices_fit: bool,
    /// Whether this server does not reveal its system identifier.
    by_number: bool,
    /// Host, port and database.
    place: String,
    /// How long it took to connect.
    connected_in: Duration,
    copying: Copying,
}

/// A parameter that a statement can carry to the connection's thread.
type Parameter = (Box<dyn ToSql + Sync + Send>, Type);

impl Warehouse {
    /// Connects.
    ///
    /// # Errors
    /// Errors of the server, the network or TLS.
    pub fn connect(target: &Target, patience: Patience) -> Result<Self, WarehouseError> {
        let started = Instant::now();
        Ok(Self {
            connection: Connection::open(target, patience)?,
            connected_in: started.elapsed(),
            copying: Copying::default(),
            round_trips: 0,
            prices_fit: false,
            by_number: false,
            place: target.place(),
        })
    }

    /// Number of statements sent since the last call.
    pub(crate) fn take_round_trips(&mut self) -> u64 {
        std::mem::take(&mut self.round_trips)
    }

    /// Runs one statement, with types of its parameters: one round trip, where preparing it first would take three.
    fn query(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Row>, WarehouseError> {
        let sql = sql.into();
        self.round_trips += 1;
        self.connection
            .ask(move |client| client.query_typed(&sql, &borrowed(&parameters)))
    }

    /// Runs statements without parameters and results, in one transaction and one round trip.
    fn execute(&mut self, sql: String) -> Result<(), WarehouseError> {
        self.round_trips += 1;
        self.connection
            .ask(move |client| client.batch_execute(&sql))
    }
}

/// Includes an SQL file with the columns of a bar filled in ([`crate::domain::bar_values::expand`]); the second
/// argument is the position of the first parameter for values, if any.
macro_rules! values_sql {
    ($file:literal) => {
        values_sql!($file, 1)
    };
    ($file:literal, $first:expr) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            crate::domain::bar_values::expand(include_str!($file), $first)
        });
        SQL.as_str()
    }};
}
use values_sql;

/// Parameters as the crate takes them.
fn borrowed(parameters: &[Parameter]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    let borrowed = parameters.iter();
    borrowed
        .map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone()))
        .collect()
}

/// A parameter with its type.
fn parameter(value: impl ToSql + Sync + Send + 'static, of: Type) -> Parameter {
    (Box::new(value), of)
}

/// A variant of `price_daily`: hash-partitioned by asset.
pub(crate) const PARTITIONED: &str =
    include_str!("../../schema/warehouse/variants/partitioned.sql");

/// A variant of all tables: distributed by asset with Citus.
#[must_use]
pub(crate) fn citus() -> String {
    [
        include_str!("../../schema/warehouse/variants/citus.sql"),
        &schema(),
        include_str!("../../schema/warehouse/variants/citus_distribute.sql"),
    ]
    .join("\n")
}
