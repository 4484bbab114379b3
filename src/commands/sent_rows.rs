//! Checks for `doctor` and `status` whether the warehouse still has the rows it took before, as `sync` would find it.

use std::time::Duration;

use super::context::{patience, target_of};
use crate::config::Config;
use crate::domain::acknowledgement::Standing;
use crate::staging::Staging;
use crate::warehouse::{Patience, Warehouse, WarehouseError};

/// People run `status` while the network is down, too: it waits no longer than this for an answer, or for a connection
/// if `DATABASE_URL` sets no time limit for it.
const LONGEST: Duration = Duration::from_secs(3);

/// The state of the sent rows.
pub(super) enum SentRows {
    /// They exist, or none was sent.
    Stand,
    /// They are gone, or the table is another one: the next sync sends all of them.
    Lost,
    /// There is no table, or none that this user may see.
    NoTable,
    /// Another database that has rows; the message of [`WarehouseError::Elsewhere`].
    Elsewhere(String),
}

/// The message if they are gone.
pub(super) const LOST: &str =
    "the rows sent before are not in this table: it was recreated, emptied, moved or restored";

impl SentRows {
    /// Asks over an open connection.
    ///
    /// # Errors
    /// Errors of the staging file or the server.
    pub(super) fn of(warehouse: &mut Warehouse, staging: &Staging) -> anyhow::Result<Self> {
        let Some(known) = staging.acknowledged()? else {
            return Ok(Self::Stand);
        };
        let found = match warehouse.find_table(Some(&known)) {
            Ok(found) => found,
            Err(failure) if failure.is_missing_table() => return Ok(Self::NoTable),
            Err(failure) => return Err(failure.into()),
        };
        Ok(match known.standing(&found) {
            Standing::Holds => Self::Stand,
            Standing::SendAgain => Self::Lost,
            Standing::Elsewhere => {
                let elsewhere = WarehouseError::Elsewhere {
                    expected: known.database,
                    found: found.table.database,
                };
                Self::Elsewhere(elsewhere.to_string())
            }
        })
    }
}

/// What is wrong with the rows sent before, as a sentence for `status`. `None` if nothing is wrong, none was sent, or
/// there is no warehouse. A warehouse that cannot be asked is a worry, too.
pub(super) fn worry(config: &Config, staging: &Staging) -> Option<String> {
    match ask(config, staging) {
        Ok(SentRows::Stand) => None,
        Ok(SentRows::Lost) => Some(format!(
            "PostgreSQL: {LOST}; the next `pricestash sync` sends all of them again"
        )),
        Ok(SentRows::NoTable) => Some(
            "PostgreSQL: the user of DATABASE_URL sees no table price_daily, so the rows sent before are missing"
                .to_owned(),
        ),
        Ok(SentRows::Elsewhere(sentence)) => Some(sentence),
        // If only runs and assets were sent, no bar can be missing.
        Err(_) if has_no_bars(staging) => None,
        Err(failure) => Some(format!(
            "cannot tell whether PostgreSQL still has the rows sent before: {failure:#}"
        )),
    }
}

fn has_no_bars(staging: &Staging) -> bool {
    let known = staging.acknowledged().ok().flatten();
    known.is_some_and(|known| known.witnesses.is_empty())
}

fn ask(config: &Config, staging: &Staging) -> anyhow::Result<SentRows> {
    let Some(url) = config.warehouse_url()? else {
        return Ok(SentRows::Stand);
    };
    // If nothing was ever sent, do not wait for a server.
    if staging.acknowledged()?.is_none() {
        return Ok(SentRows::Stand);
    }
    let target = target_of(url, config)?;
    let Patience { connect, statement } = patience(config);
    let patience = Patience {
        connect: connect.min(LONGEST),
        statement: statement.min(LONGEST),
    };
    SentRows::of(&mut Warehouse::connect(&target, patience)?, staging)
}
