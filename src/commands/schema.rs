//! `schema`: the SQL of the tables is printed, or run in the warehouse.

use anyhow::{Context, Result};
use serde::Serialize;

use super::context::{connect, target};
use super::printed::Printed;
use crate::cli::{Format, Schema, SchemaArgs};
use crate::config::{Config, ConfigError};
use crate::output::table;
use crate::{staging, warehouse};

/// What `--apply` made.
#[derive(Serialize)]
struct Created {
    table: &'static str,
}

pub(super) fn run(args: &SchemaArgs, format: Format, config: &Config) -> Result<Printed> {
    if !args.apply {
        return print_ddl(args.which, format);
    }
    if args.which == Schema::Staging {
        return Err(ConfigError(
            "--apply is for the warehouse; `pricestash collect` makes the staging file by itself"
                .to_owned(),
        )
        .into());
    }
    if matches!(args.which, Schema::Partitioned | Schema::Citus) {
        return Err(ConfigError(
            "--apply makes the plain tables; run what this prints with psql before the first sync, and it is used as it is"
                .to_owned(),
        )
        .into());
    }
    if args.which == Schema::BestPrice {
        connect(&target(config)?, config)?.create_best_price()?;
        return Ok(Printed::success(match format {
            Format::Json => table::json(&[Created {
                table: "best_price",
            }])?,
            Format::Table => "The view best_price is there.\n".to_owned(),
        }));
    }
    let created = connect(&target(config)?, config)?
        .ensure_tables()
        .context("the warehouse's tables are not as needed")?;
    Ok(Printed::success(match (format, created.is_empty()) {
        (Format::Json, _) => table::json(
            &created
                .into_iter()
                .map(|table| Created { table })
                .collect::<Vec<_>>(),
        )?,
        (Format::Table, true) => "Every table is there.\n".to_owned(),
        (Format::Table, false) => format!("Created {}.\n", created.join(", ")),
    }))
}

fn print_ddl(which: Schema, format: Format) -> Result<Printed> {
    #[derive(Serialize)]
    struct Ddl {
        ddl: String,
    }
    let ddl = match which {
        Schema::Staging => staging::schema(),
        Schema::Warehouse => warehouse::schema(),
        Schema::BestPrice => warehouse::BEST_PRICE.to_owned(),
        Schema::Partitioned => warehouse::PARTITIONED.to_owned(),
        Schema::Citus => warehouse::CITUS.to_owned(),
    };
    Ok(Printed::success(match format {
        Format::Json => table::json(&[Ddl { ddl }])?,
        Format::Table => ddl,
    }))
}
