//! `schema`: prints the SQL of the tables or runs it in the warehouse.

use anyhow::{Context, Result};
use serde::Serialize;

use super::answer::Answer;
use super::context::{connect, target};
use crate::cli::{Schema, SchemaArgs};
use crate::config::{Config, ConfigError};
use crate::warehouse::{Warehouse, WarehouseError};
use crate::{staging, warehouse};

#[derive(Serialize)]
struct Created {
    table: String,
}

pub(super) fn run(args: &SchemaArgs, config: &Config) -> Result<Answer> {
    if args.schema.is_some() && args.which != Schema::OnePrice {
        return Err(ConfigError("--schema works with one-price only".to_owned()).into());
    }
    if !args.apply {
        return Ok(ddl(args));
    }
    if args.which == Schema::Staging {
        return Err(ConfigError(
            "--apply is for the warehouse; `pricestash collect` creates the staging file itself"
                .to_owned(),
        )
        .into());
    }
    if matches!(args.which, Schema::Partitioned | Schema::Citus) {
        return Err(ConfigError(
            "--apply creates the plain tables only; run the printed SQL with psql before the first sync"
                .to_owned(),
        )
        .into());
    }
    if args.which == Schema::BestPrice {
        make(config, Warehouse::create_best_price)?;
        return Ok(views(&["best_price", "latest_price"]));
    }
    if args.which == Schema::AdjustedPrice {
        make(config, Warehouse::create_adjusted_price)?;
        return Ok(views(&["best_price", "latest_price", "adjusted_price"]));
    }
    if args.which == Schema::OnePrice {
        return one_price(args.schema.as_deref(), config);
    }
    let created = connect(&target(config)?, config)?
        .ensure_tables()
        .context("the warehouse's tables do not fit")?;
    let text = match created.is_empty() {
        true => "All tables exist.\n".to_owned(),
        false => format!("Created {}.\n", created.join(", ")),
    };
    let rows = created.into_iter().map(|name| Created {
        table: name.to_owned(),
    });
    Ok(Answer::rows(rows.collect(), |_| Ok(text)))
}

/// Creates views and warns about what makes them slow.
fn make(
    config: &Config,
    create: impl FnOnce(&mut Warehouse) -> Result<(), WarehouseError>,
) -> Result<()> {
    let mut warehouse = connect(&target(config)?, config)?;
    create(&mut warehouse)?;
    if warehouse.compiles_queries()? {
        log::info!(
            "jit is on in PostgreSQL: compiling a query of these views can take seconds, while the query itself takes a tenth of a second; turn it off with ALTER DATABASE … SET jit = off"
        );
    }
    Ok(())
}

/// Creates the view in the schema of its readers.
fn one_price(schema: Option<&str>, config: &Config) -> Result<Answer> {
    let schema = match schema {
        Some(schema) => schema.to_owned(),
        None => {
            let mut readers = config.clone();
            readers.sync.schema = None;
            connect(&target(&readers)?, config)?.own_schema()?
        }
    };
    make(config, |warehouse| warehouse.create_one_price(&schema))?;
    let table = format!("{schema}.price_daily");
    let text = format!("The view {table} exists: one row per asset and day.\n");
    Ok(Answer::row(Created { table }, text))
}

/// Views that were created or replaced.
fn views(names: &[&'static str]) -> Answer {
    let text = format!("The views {} exist.\n", names.join(", "));
    let rows = names.iter().map(|name| Created {
        table: (*name).to_owned(),
    });
    Answer::rows(rows.collect(), |_| Ok(text))
}

fn ddl(args: &SchemaArgs) -> Answer {
    #[derive(Serialize)]
    struct Ddl {
        ddl: String,
    }
    let ddl = match args.which {
        Schema::Staging => staging::schema(),
        Schema::Warehouse => warehouse::schema(),
        Schema::BestPrice => warehouse::BEST_PRICE.to_owned(),
        Schema::AdjustedPrice => warehouse::adjusted_price(),
        Schema::OnePrice => warehouse::one_price(args.schema.as_deref().unwrap_or("public")),
        Schema::Partitioned => warehouse::PARTITIONED.to_owned(),
        Schema::Citus => warehouse::citus(),
    };
    let text = ddl.clone();
    // A folded comment would be SQL.
    Answer::row(Ddl { ddl }, text).drawn()
}
