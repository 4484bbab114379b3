//! Whether the warehouse still has the rows that it took before, as `sync` would find it: for `doctor` and `status`.

use std::time::Duration;

use super::context::{patience, target_of};
use crate::config::Config;
use crate::domain::acknowledgement::Standing;
use crate::staging::Staging;
use crate::warehouse::{Patience, Warehouse, WarehouseError};

/// `status` is looked at while the network is down, too: it waits no longer for the answer, nor for a
/// connection where `DATABASE_URL` has no time for that.
const LONGEST: Duration = Duration::from_secs(3);

/// What a look at the table found.
pub(super) enum SentRows {
    /// They are there, or none was sent.
    Stand,
    /// They are gone, or it is another table: the next sync sends all of them.
    Lost,
    /// There is no table, or none that this user may see.
    NoTable,
    /// It is another database with rows; the sentence of [`WarehouseError::Elsewhere`].
    Elsewhere(String),
}

/// What is said of rows that are gone.
pub(super) const LOST: &str = "the rows that were sent before are not in this table: it was made anew, emptied, moved or set back";

impl SentRows {
    /// Asks by a connection that stands.
    ///
    /// # Errors
    /// The staging file's or the server's.
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

/// What is wrong with the rows that were sent before, for `status`: a sentence; `None` where nothing is, none was sent, or there is
/// no warehouse. That the warehouse could not be asked is wrong, too.
pub(super) fn worry(config: &Config, staging: &Staging) -> Option<String> {
    match ask(config, staging) {
        Ok(SentRows::Stand) => None,
        Ok(SentRows::Lost) => Some(format!(
            "PostgreSQL: {LOST}; the next `pricestash sync` sends all of them again"
        )),
        Ok(SentRows::NoTable) => Some(
            "PostgreSQL: there is no table price_daily that the user of DATABASE_URL can see, and so none with the rows that were sent before"
                .to_owned(),
        ),
        Ok(SentRows::Elsewhere(sentence)) => Some(sentence),
        // Where only runs and assets were sent, no bar can be missing.
        Err(_) if has_no_bars(staging) => None,
        Err(failure) => Some(format!(
            "whether PostgreSQL still has the rows that were sent before is not known: {failure:#}"
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
    // Who never sent anything is not kept waiting for a server.
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
