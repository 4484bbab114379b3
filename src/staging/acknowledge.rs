//! What the warehouse has: noted after its commit, and only in the revision that was sent.

use anyhow::{Context, Result};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use super::busy::wait_for_locks;
use super::{PendingRow, Staging};
use crate::timestamp;

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
        wait_for_locks(&connection)?;
        // Without a wait for the disk: an acknowledgement that a power cut takes away is only a row sent twice.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // In pages of 4 kB: the file is brought up to date less often than after every few chunks.
        connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
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
        if all_at_once(&tx, rows)? {
            return Ok(tx.commit()?);
        }
        tx.rollback()?;
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            let [asset, date, source] = row.key();
            tx.prepare_cached(
                "UPDATE price_daily SET synced_revision = ?4
                 WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision = ?4 AND synced_revision <> ?4",
            )?
            .execute(params![asset, date, source, row.revision])?;
            tx.prepare_cached(
                "DELETE FROM sync_reject WHERE asset_id = ?1 AND date = ?2 AND source = ?3",
            )?
            .execute(params![asset, date, source])?;
        }
        Ok(tx.commit()?)
    }
}

/// Acknowledges everything that is pending from the first row to the last in one statement: a good deal faster than one by one.
/// Says whether that was exactly what was sent; if not, a row has come or changed since, or was refused, and nothing of it may stay.
fn all_at_once(tx: &Transaction<'_>, rows: &[PendingRow]) -> rusqlite::Result<bool> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(true);
    };
    let any_rejects = "SELECT EXISTS (SELECT 1 FROM sync_reject)";
    if tx.query_row(any_rejects, [], |r| r.get(0))? {
        return Ok(false);
    }
    let mut statement = tx.prepare_cached(include_str!("acknowledge_range.sql"))?;
    let ([a, b, c], [x, y, z]) = (first.key(), last.key());
    let mut done = statement.query([a, b, c, x, y, z])?;
    let mut sent = rows.iter();
    while let Some(done) = done.next()? {
        if !sent
            .next()
            .is_some_and(|sent| is(done, sent).unwrap_or(false))
        {
            return Ok(false);
        }
    }
    Ok(sent.next().is_none())
}

fn is(done: &Row<'_>, sent: &PendingRow) -> Option<bool> {
    let text = |at: usize| done.get_ref(at).ok()?.as_str().ok();
    let revision: i64 = done.get(3).ok()?;
    Some(
        *text(0)? == *sent.asset_id
            && timestamp::day_from_text(text(1)?)? == sent.date
            && *text(2)? == *sent.source
            && revision == sent.revision,
    )
}
