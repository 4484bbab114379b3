//! The warehouse's tables: those that exist are checked and used as they are, missing ones are created.

use anyhow::{Context, Result, bail};
use postgres::Client;

use super::Warehouse;

/// A table and what the program needs of it.
pub(super) struct Table {
    name: &'static str,
    /// What creates it.
    pub(super) ddl: &'static str,
    /// Columns with the types (`pg_type.typname`) that keep every value as it is, the created one first.
    columns: &'static [(&'static str, &'static [&'static str])],
    /// The columns that a conflict is found by.
    key: &'static [&'static str],
}

const TEXT: &[&str] = &["varchar", "text", "bpchar"];
// No other types: real and numeric would change digits, integer would overflow, timestamp would lose the zone.
const DOUBLE: &[&str] = &["float8"];

pub(super) const TABLES: &[Table] = &[
    Table {
        name: "asset_master",
        ddl: include_str!("../../schema/warehouse/asset_master.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("name", TEXT),
            ("category", TEXT),
            ("source_priority", &["json", "jsonb"]),
            ("is_active", &["bool"]),
        ],
        key: &["asset_id"],
    },
    Table {
        name: "price_daily",
        ddl: include_str!("../../schema/warehouse/price_daily.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("date", &["date"]),
            ("source", TEXT),
            ("open", DOUBLE),
            ("high", DOUBLE),
            ("low", DOUBLE),
            ("close", DOUBLE),
            ("volume", &["int8"]),
            ("ingested_at", &["timestamptz"]),
        ],
        key: &["asset_id", "date", "source"],
    },
    Table {
        name: "job_run",
        ddl: include_str!("../../schema/warehouse/job_run.sql"),
        columns: &[
            ("job_id", &["uuid"]),
            ("job_name", TEXT),
            ("started_at", &["timestamptz"]),
            ("ended_at", &["timestamptz"]),
            ("status", TEXT),
            ("error_message", TEXT),
        ],
        key: &["job_id"],
    },
];

/// A column as it is.
struct Column {
    name: String,
    type_name: String,
    /// Whether an insert that does not name it fails.
    is_required: bool,
}

impl Warehouse {
    /// Creates the tables that are missing and checks those that are there. Returns the names of the created ones.
    ///
    /// # Errors
    /// What the server says, or a sentence about a table that cannot take our rows.
    pub fn ensure_tables(&mut self) -> Result<Vec<&'static str>> {
        let missing = self.missing_tables()?;
        if !missing.is_empty() {
            // Two programs may find them missing at once; IF NOT EXISTS alone does not make that safe.
            let mut tx = self.client.transaction()?;
            tx.batch_execute("SELECT pg_advisory_xact_lock(8103511720231)")?;
            for table in &missing {
                tx.batch_execute(table.ddl).with_context(|| {
                    format!(
                        "the table {} cannot be created in the warehouse",
                        table.name
                    )
                })?;
            }
            tx.commit()?;
        }
        for table in TABLES {
            check(&mut self.client, table)?;
        }
        Ok(missing.into_iter().map(|t| t.name).collect())
    }

    /// Creates the optional view `best_price`, or brings it up to date.
    ///
    /// # Errors
    /// What the server says.
    pub fn create_best_price(&mut self) -> Result<()> {
        self.ensure_tables()?;
        self.client
            .batch_execute(super::BEST_PRICE)
            .context("the view best_price cannot be created in the warehouse")
    }

    fn missing_tables(&mut self) -> Result<Vec<&'static Table>> {
        let names: Vec<&str> = TABLES.iter().map(|t| t.name).collect();
        let rows = self.client.query(
            "SELECT name FROM UNNEST($1::text[]) AS name WHERE to_regclass(name) IS NULL",
            &[&names],
        )?;
        let missing: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
        Ok(TABLES
            .iter()
            .filter(|t| missing.iter().any(|m| m == t.name))
            .collect())
    }
}

fn check(client: &mut Client, table: &Table) -> Result<()> {
    let name = table.name;
    let columns = columns(client, name)?;
    for (wanted, types) in table.columns {
        let Some(column) = columns.iter().find(|c| c.name == *wanted) else {
            bail!(
                "the warehouse's table {name} has no column {wanted}; add it as in `pricestash schema warehouse`"
            );
        };
        if !types.contains(&column.type_name.as_str()) {
            bail!(
                "the warehouse's column {name}.{wanted} is of type {}, which would change values; it should be {}",
                column.type_name,
                types.join(" or ")
            );
        }
    }
    if let Some(column) = columns
        .iter()
        .find(|c| c.is_required && !table.columns.iter().any(|(w, _)| *w == c.name))
    {
        bail!(
            "the warehouse's column {name}.{} is NOT NULL without a default; give it a default",
            column.name
        );
    }
    if !has_unique_key(client, name, table.key)? {
        bail!(
            "the warehouse's table {name} has no primary key or unique index on exactly ({})",
            table.key.join(", ")
        );
    }
    Ok(())
}

fn columns(client: &mut Client, table: &str) -> Result<Vec<Column>> {
    let rows = client.query(include_str!("columns.sql"), &[&table])?;
    Ok(rows
        .iter()
        .map(|r| Column {
            name: r.get(0),
            type_name: r.get(1),
            is_required: r.get(2),
        })
        .collect())
}

fn has_unique_key(client: &mut Client, table: &str, key: &[&str]) -> Result<bool> {
    let mut key = key.to_vec();
    key.sort_unstable();
    Ok(client
        .query_one(include_str!("unique_key.sql"), &[&table, &key])?
        .get(0))
}
