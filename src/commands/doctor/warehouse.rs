//! `doctor`'s look at the warehouse.

use std::time::Instant;

use anyhow::Result;

use crate::commands::context::{now, patience};
use crate::config::Config;
use crate::domain::timestamp::millis;
use crate::jobs::doctor::{self, Check};
use crate::staging::Staging;
use crate::warehouse::{Target, Warehouse, recognise};

/// Connects, and looks at the tables and at whether it is the one that rows were sent to before.
pub(super) fn check(config: &Config, staging: Option<&Staging>) -> Vec<Check> {
    const NAME: &str = "warehouse";
    let Some(url) = &config.sync.database_url else {
        return vec![Check::warn(
            NAME,
            "DATABASE_URL is not set, everything stays in the staging file",
            "set it when you have a PostgreSQL",
        )];
    };
    let target = match Target::parse(url, config.sync.tls_mode) {
        Ok(target) => target,
        Err(error) => return vec![Check::fail(NAME, error.0, "mend DATABASE_URL")],
    };
    let place = target.place();
    let failed = |failure: &dyn std::fmt::Display| {
        vec![Check::fail(
            NAME,
            format!("{place}: {failure}"),
            "look at DATABASE_URL, the server, the network and its firewall",
        )]
    };
    let mut warehouse = match Warehouse::connect(&target, patience(config)) {
        Ok(warehouse) => warehouse,
        Err(failure) => return failed(&failure),
    };
    let asked = Instant::now();
    let found = match warehouse.diagnose() {
        Ok(found) => found,
        Err(failure) => return failed(&failure),
    };
    let round_trip = millis(asked.elapsed());
    let mut checks = doctor::warehouse(&place, &found, now(), round_trip);
    if let Err(failure) = warehouse.check_tables() {
        checks.push(Check::fail(
            "warehouse columns",
            failure.to_string(),
            "change the table as it says",
        ));
    }
    if let Err(error) = recognise_warehouse(&mut warehouse, staging) {
        checks.push(Check::fail(
            "warehouse identity",
            format!("{error:#}"),
            "mend DATABASE_URL, or let `pricestash sync --full` send everything to this one",
        ));
    }
    checks
}

/// Sees to it that this is the warehouse that the rows were sent to before, as `sync` does.
fn recognise_warehouse(warehouse: &mut Warehouse, staging: Option<&Staging>) -> Result<()> {
    // Where the staging file cannot be asked, its own check says why.
    let expected = staging.map(Staging::recognised_warehouse).transpose()?;
    let expected = expected.flatten();
    let found = warehouse.identity(expected.as_deref())?;
    Ok(recognise(expected.as_deref(), &found)?)
}
