//! The warehouse's tables: those that exist are checked and used as they are, missing ones are created.

use postgres::types::Type;

use super::error::WarehouseError;
use super::{Warehouse, parameter};
use crate::domain::bar_values::COLUMNS;

/// A table and what the program needs of it.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The DDL that creates it.
    pub(super) ddl: &'static str,
    /// Columns with the types (`pg_type.typname`) that keep every value unchanged, ours first.
    columns: &'static [(&'static str, &'static [&'static str])],
    /// Whether it also has the columns of a bar's values. Only their own types are accepted: real and numeric would
    /// change digits, integer would overflow.
    has_values: bool,
    /// The columns that identify a row.
    key: &'static [&'static str],
}

/// citext keeps a text unchanged; whether it treats two texts as equal is checked row by row.
const TEXT: &[&str] = &["varchar", "text", "bpchar", "citext"];

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
        has_values: false,
        key: &["asset_id"],
    },
    Table {
        name: "price_daily",
        ddl: include_str!("../../schema/warehouse/price_daily.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("date", &["date"]),
            ("source", TEXT),
            ("ingested_at", &["timestamptz"]),
        ],
        has_values: true,
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
        has_values: false,
        key: &["job_id"],
    },
];

/// Tables that prices do not need: if they cannot be created or written, the others still work.
const FURTHER: &[Table] = &[
    Table {
        name: "asset_source",
        ddl: include_str!("../../schema/warehouse/asset_source.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("source", TEXT),
            ("priority", &["int4"]),
            ("currency", &["text", "varchar"]),
            ("symbol", &["text", "varchar"]),
            ("writes_master", &["bool"]),
        ],
        has_values: false,
        key: &["asset_id", "source"],
    },
    Table {
        name: "corporate_action",
        ddl: include_str!("../../schema/warehouse/corporate_action.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("source", TEXT),
            ("date", &["date"]),
            ("kind", TEXT),
            ("amount", &["float8"]),
            ("numerator", &["float8"]),
            ("denominator", &["float8"]),
            ("currency", &["text", "varchar"]),
            ("left_out", &["text", "varchar"]),
            ("ingested_at", &["timestamptz"]),
        ],
        has_values: false,
        key: &["asset_id", "source", "date", "kind"],
    },
    Table {
        name: "corporate_action_coverage",
        ddl: include_str!("../../schema/warehouse/corporate_action_coverage.sql"),
        columns: &[
            ("asset_id", TEXT),
            ("source", TEXT),
            ("first_date", &["date"]),
            ("last_date", &["date"]),
            ("told_at", &["timestamptz"]),
        ],
        has_values: false,
        key: &["asset_id", "source"],
    },
];

/// The DDL of all tables, as created if they are missing.
#[must_use]
pub(crate) fn schema() -> String {
    let tables = TABLES.iter().chain(FURTHER);
    tables.map(|t| t.ddl).collect::<Vec<_>>().join("\n")
}

pub(super) fn names() -> Vec<&'static str> {
    TABLES.iter().map(|t| t.name).collect()
}

/// An existing column.
pub(super) struct Column {
    pub(super) name: String,
    type_name: String,
    /// Whether an insert that omits it fails.
    is_required: bool,
    /// Its maximum length in characters, if limited.
    pub(super) longest: Option<i32>,
}

impl Warehouse {
    /// Creates missing tables and checks existing ones. Returns the names of the created ones.
    ///
    /// # Errors
    /// Errors of the server, or a sentence about a table that cannot store our rows.
    pub fn ensure_tables(&mut self) -> Result<Vec<&'static str>, WarehouseError> {
        let mut created = self.create_missing()?;
        self.check_all_but(&created)?;
        let further = self.create_further()?;
        let mut others = FURTHER.iter().filter(|t| !further.contains(&t.name));
        others.try_for_each(|table| self.check(table))?;
        created.extend(further);
        Ok(created)
    }

    fn create_missing(&mut self) -> Result<Vec<&'static str>, WarehouseError> {
        self.create(TABLES)
    }

    /// Creates missing tables that prices do not need.
    pub(super) fn create_further(&mut self) -> Result<Vec<&'static str>, WarehouseError> {
        self.create(FURTHER)
    }

    fn create(&mut self, tables: &'static [Table]) -> Result<Vec<&'static str>, WarehouseError> {
        let missing = self.missing_of(tables)?;
        if !missing.is_empty() {
            // Two programs may find them missing at once; IF NOT EXISTS alone does not make that safe.
            let mut ddl = "SELECT pg_advisory_xact_lock(8103511720231);\n".to_owned();
            ddl.extend(missing.iter().map(|table| table.ddl));
            self.execute(ddl)?;
        }
        Ok(missing.into_iter().map(|t| t.name).collect())
    }

    fn check_all_but(&mut self, created: &[&str]) -> Result<(), WarehouseError> {
        let mut others = TABLES.iter().filter(|t| !created.contains(&t.name));
        others.try_for_each(|table| self.check(table))
    }

    /// Looks for the reason of a failure. Creates missing tables and reports what is wrong with others; a server that
    /// does not reveal its system identifier is asked in another way from now on. Returns `true` if a retry can help.
    ///
    /// # Errors
    /// What is wrong with a table, or errors of the server.
    pub(crate) fn mend(&mut self, failure: &WarehouseError) -> Result<bool, WarehouseError> {
        if self.ask_otherwise(failure) {
            return Ok(true);
        }
        if !failure.may_be_the_tables() {
            return Ok(false);
        }
        let created = self.create_missing()?;
        for table in &created {
            log::info!(table = table; "created in the warehouse");
        }
        // If a table was missing, the others are not the reason.
        if created.is_empty() {
            self.check_all_but(&[])?;
        }
        // Another connection may have created it meanwhile.
        Ok(!created.is_empty() || failure.is_missing_table())
    }

    pub(super) fn missing_tables(&mut self) -> Result<Vec<&'static Table>, WarehouseError> {
        self.missing_of(TABLES)
    }

    fn missing_of(
        &mut self,
        tables: &'static [Table],
    ) -> Result<Vec<&'static Table>, WarehouseError> {
        let names: Vec<&str> = tables.iter().map(|t| t.name).collect();
        let rows = self.query(
            "SELECT name FROM UNNEST($1::text[]) AS name WHERE to_regclass(name) IS NULL",
            vec![parameter(names, Type::TEXT_ARRAY)],
        )?;
        let missing: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
        Ok(tables
            .iter()
            .filter(|t| missing.iter().any(|m| m == t.name))
            .collect())
    }

    pub(super) fn check(&mut self, table: &Table) -> Result<(), WarehouseError> {
        let columns = self.columns(table.name)?;
        let unfit = |what: String| Err(WarehouseError::Unfit(what));
        if let Some(what) = table.what_is_wrong(&columns) {
            return unfit(what);
        }
        if !self.has_unique_key(table)? {
            return unfit(format!(
                "the warehouse's table {} has no primary key or unique index on exactly ({})",
                table.name,
                table.key.join(", ")
            ));
        }
        Ok(())
    }

    pub(super) fn columns(&mut self, table: &str) -> Result<Vec<Column>, WarehouseError> {
        let rows = self.query(
            include_str!("columns.sql"),
            vec![parameter(table.to_owned(), Type::TEXT)],
        )?;
        Ok(rows
            .iter()
            .map(|r| Column {
                name: r.get(0),
                type_name: r.get(1),
                is_required: r.get(2),
                longest: r.get(3),
            })
            .collect())
    }

    fn has_unique_key(&mut self, table: &Table) -> Result<bool, WarehouseError> {
        let mut key = table.key.to_vec();
        key.sort_unstable();
        let rows = self.query(
            include_str!("unique_key.sql"),
            vec![
                parameter(table.name, Type::TEXT),
                parameter(key, Type::TEXT_ARRAY),
            ],
        )?;
        Ok(rows.first().is_some_and(|r| r.get(0)))
    }
}

impl Table {
    /// Its columns with their types, those of the values after the key.
    fn wanted(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let mut wanted: Vec<_> = self.columns.iter().map(|(n, t)| (*n, t.to_vec())).collect();
        if self.has_values {
            let values = COLUMNS
                .iter()
                .map(|c| (c.name, vec![c.kind.warehouse_type()]));
            wanted.splice(self.key.len()..self.key.len(), values);
        }
        wanted
    }

    /// Why these columns cannot store our rows, if they cannot.
    fn what_is_wrong(&self, columns: &[Column]) -> Option<String> {
        let name = self.name;
        let wanted = self.wanted();
        for (wanted, types) in &wanted {
            let Some(column) = columns.iter().find(|c| c.name == *wanted) else {
                return Some(format!(
                    "the warehouse's table {name} has no column {wanted}; add it as in `pricestash schema warehouse`"
                ));
            };
            if !types.contains(&column.type_name.as_str()) {
                return Some(format!(
                    "the warehouse's column {name}.{wanted} is of type {}, which would change values; expected {}",
                    column.type_name,
                    types.join(" or ")
                ));
            }
        }
        let is_ours = |c: &Column| wanted.iter().any(|(w, _)| *w == c.name);
        let foreign = columns.iter().find(|c| c.is_required && !is_ours(c))?;
        Some(format!(
            "the warehouse's column {name}.{} is NOT NULL without a default; give it a default",
            foreign.name
        ))
    }
}
