//! The warehouse: a PostgreSQL database with the tables of the contract's section 11, whoever made them.

use std::time::Duration;

use anyhow::{Context, Result};
use postgres::Client;

mod counts;
mod prices;
mod records;
mod tables;
mod target;
mod tls;

pub use prices::Written;
pub use target::Target;

/// A connection to the warehouse.
pub struct Warehouse {
    client: Client,
}

impl Warehouse {
    /// Connects. A statement that takes longer than `statement_timeout` is ended by the server.
    ///
    /// # Errors
    /// What the server, the network or TLS says, with where it was.
    pub fn connect(
        target: &Target,
        connect_timeout: Duration,
        statement_timeout: Duration,
    ) -> Result<Self> {
        let place = target.place();
        let mut client = target
            .connect(connect_timeout)
            .with_context(|| format!("the warehouse at {place} cannot be reached"))?;
        client
            .batch_execute(&format!(
                "SET statement_timeout = {}",
                statement_timeout.as_millis()
            ))
            .with_context(|| format!("the warehouse at {place} does not answer"))?;
        Ok(Self { client })
    }
}

/// Whether an error of the warehouse passes by itself, so that a new connection may help: the one place where this is
/// decided. By SQLSTATE, or because there was no answer to have one.
#[must_use]
pub fn is_transient(error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<postgres::Error>() else {
        return false;
    };
    let Some(state) = error.code() else {
        return !error.to_string().contains("TLS");
    };
    let code = state.code();
    ["08", "40"].iter().any(|class| code.starts_with(class))
        || ["57P01", "57P02", "57P03", "58030", "53300", "57014"].contains(&code)
}

/// The optional view `best_price`.
pub const BEST_PRICE: &str = include_str!("../../schema/warehouse/best_price.sql");

/// The DDL of the tables that the program creates where they are missing.
#[must_use]
pub fn schema() -> String {
    tables::TABLES
        .iter()
        .map(|t| t.ddl)
        .collect::<Vec<_>>()
        .join("\n")
}
