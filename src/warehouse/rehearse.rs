//! A sync without rows, in a transaction that is rolled back: the server reports what it would report to a sync.

use std::borrow::Cow;

use postgres::types::Type;
use postgres::{Client, Transaction};

use super::assets::{alone, of_assets};
use super::error::WarehouseError;
use super::locks;
use super::prices::{VALUES_FROM, upsert};
use super::runs::of_runs;
use super::tables::{TABLES, Table};
use super::{Warehouse, borrowed, parameter, values_sql};

/// What a sync would meet at a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) table: &'static str,
    /// What is wrong.
    pub(crate) why: String,
    /// Advice, if known.
    pub(crate) advice: Option<&'static str>,
    /// Whether another session held a lock, so that nothing is known.
    pub(crate) is_locked: bool,
    /// Whether a privilege is missing.
    pub(crate) is_forbidden: bool,
}

/// How long to wait for another session's lock.
const BEGIN: &str = "SET LOCAL lock_timeout = '2s'";

impl Warehouse {
    /// Creates missing tables, writes no rows to each table in the way of a sync, and rolls everything back.
    ///
    /// # Errors
    /// Errors that have nothing to do with a table.
    pub(crate) fn rehearse(&mut self) -> Result<Vec<Refused>, WarehouseError> {
        let missing: Vec<&str> = self.missing_tables()?.iter().map(|t| t.name).collect();
        let mut failures = self.rehearse_once(missing.clone())?;
        let mut failed = failures.iter();
        if failed.any(|(_, failure)| self.ask_otherwise(failure)) {
            failures = self.rehearse_once(missing)?;
        }
        let mut refused = Vec::new();
        for (table, failure) in failures {
            refused.push(self.refused(table, &failure)?);
        }
        for table in TABLES {
            // What a statement without rows does not reveal: a type that changes values, a column that needs a value.
            if refused.iter().all(|r| r.table != table.name)
                && let Err(WarehouseError::Unfit(why)) = self.check_if_there(table)
            {
                refused.push(Refused {
                    table: table.name,
                    why,
                    advice: None,
                    is_locked: false,
                    is_forbidden: false,
                });
            }
        }
        Ok(refused)
    }

    fn rehearse_once(
        &mut self,
        missing: Vec<&'static str>,
    ) -> Result<Vec<(&'static Table, WarehouseError)>, WarehouseError> {
        let statements: Vec<(&'static Table, Cow<'static, str>)> = TABLES
            .iter()
            .map(|table| (table, self.identified(statement(table), None)))
            .collect();
        self.round_trips += 1;
        self.connection
            .ask(move |client| rehearse(client, &statements, &missing))
    }

    fn refused(
        &mut self,
        table: &'static Table,
        failure: &WarehouseError,
    ) -> Result<Refused, WarehouseError> {
        let is_locked = failure.is_about_a_lock();
        let (words, advice) = failure.words();
        let why = match self.check_if_there(table) {
            Err(WarehouseError::Unfit(why)) if failure.may_be_the_tables() => why,
            _ if is_locked => match self.connection.ask(locks::holders)? {
                Some(holders) => format!("{} is locked by {holders}", table.name),
                None => words,
            },
            _ => words,
        };
        Ok(Refused {
            table: table.name,
            why,
            advice,
            is_locked,
            is_forbidden: failure.is_forbidden(),
        })
    }

    /// As [`Warehouse::check`], if the table exists.
    fn check_if_there(&mut self, table: &'static Table) -> Result<(), WarehouseError> {
        let missing = self.missing_tables()?;
        match missing.iter().any(|m| m.name == table.name) {
            true => Ok(()),
            false => self.check(table),
        }
    }
}

fn statement(table: &Table) -> Cow<'static, str> {
    match table.name {
        "asset_master" => alone().into(),
        "price_daily" => values_sql!("upsert_prices.sql", VALUES_FROM).into(),
        _ => include_str!("upsert_runs.sql").into(),
    }
}

type Failures = Vec<(&'static Table, WarehouseError)>;

fn rehearse(
    client: &mut Client,
    statements: &[(&'static Table, Cow<'static, str>)],
    missing: &[&str],
) -> Result<Failures, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(BEGIN)?;
    let mut failures = Vec::new();
    for (table, sql) in statements {
        let mut savepoint = transaction.transaction()?;
        match write_no_rows(&mut savepoint, table, sql, missing.contains(&table.name)) {
            Ok(()) => savepoint.commit()?,
            Err(error) if error.as_db_error().is_none() => return Err(error),
            // Dropping the savepoint rolls it back.
            Err(error) => failures.push((*table, WarehouseError::of_statement(error))),
        }
    }
    transaction.rollback()?;
    Ok(failures)
}

fn write_no_rows(
    transaction: &mut Transaction<'_>,
    table: &Table,
    sql: &str,
    is_missing: bool,
) -> Result<(), postgres::Error> {
    if is_missing {
        transaction.batch_execute(table.ddl)?;
    }
    let mut parameters = match table.name {
        "asset_master" => of_assets(&[]),
        "job_run" => of_runs(&[]),
        _ => return upsert(transaction, sql, &[], None, false).map(drop),
    };
    parameters.push(parameter(None::<String>, Type::TEXT));
    transaction
        .query_typed(sql, &borrowed(&parameters))
        .map(drop)
}
