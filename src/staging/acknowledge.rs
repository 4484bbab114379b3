//! What the warehouse has: noted after its commit, and only in the revision that was sent.

use anyhow::{Context, Result};
use rusqlite::{Connection, TransactionBehavior, params};

use super::{BUSY_TIMEOUT, PendingRow, Staging};

/// Acknowledges chunks, on a connection of its own.
pub struct Acknowledger {
    connection: Connection,
}

impl Staging {
    /// Begins to acknowledge.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn acknowledger(&self) -> Result<Acknowledger> {
        let connection = Connection::open(&self.path).with_context(|| {
            format!("the staging file {} cannot be opened", self.path.display())
        })?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // Without a wait for the disk: an acknowledgement that a power cut takes away is only a row sent twice.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(Acknowledger { connection })
    }
}

impl Acknowledger {
    /// Notes that the warehouse has these rows, each in the revision that was sent, in one transaction. A row that has
    /// changed since stays pending.
    ///
    /// # Errors
    /// What SQLite says; then none of them is acknowledged.
    pub fn acknowledge(&mut self, rows: &[PendingRow]) -> Result<()> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let any_rejects: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM sync_reject)", [], |r| {
                r.get(0)
            })?;
        for row in rows {
            let date = row.date.to_string();
            tx.prepare_cached(
                "UPDATE price_daily SET synced_revision = ?4
                 WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision = ?4 AND synced_revision <> ?4",
            )?
            .execute(params![row.asset_id, date, row.source, row.revision])?;
            if any_rejects {
                tx.prepare_cached(
                    "DELETE FROM sync_reject WHERE asset_id = ?1 AND date = ?2 AND source = ?3",
                )?
                .execute(params![row.asset_id, date, row.source])?;
            }
        }
        Ok(tx.commit()?)
    }
}
