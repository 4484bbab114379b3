//! What the warehouse has: noted after its commit, and only in the revision that was sent.

use anyhow::{Context, Result};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use crate::domain::outgoing::PendingRow;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::file::lock_wait::wait_for_locks;
use crate::staging::file::long_path::sqlite_name;

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
        let connection = Connection::open(sqlite_name(&self.path)).with_context(|| {
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
        match rows {
            [first, .., last] if is_all_of_range(&tx, rows)? => {
                acknowledge_range(&tx, first, last)?;
            }
            _ => one_by_one(&tx, rows)?,
        }
        Ok(tx.commit()?)
    }
}

fn one_by_one(tx: &Transaction<'_>, rows: &[PendingRow]) -> rusqlite::Result<()> {
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
    Ok(())
}

/// Whether what is pending between the first and the last of these rows is exactly these rows, as they were sent. A row may have
/// come or changed since, or have been refused. Where other rows lie in between, one by one is no more work.
fn is_all_of_range(tx: &Transaction<'_>, rows: &[PendingRow]) -> rusqlite::Result<bool> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(false);
    };
    let mut statement = tx.prepare_cached(include_str!("rows_of_range.sql"))?;
    let mut stored = statement.query(range(first, last))?;
    let (mut sent, mut others) = (rows.iter(), 0);
    while let Some(row) = stored.next()? {
        let is_pending: bool = row.get(4)?;
        let is_known = match is_pending {
            true => sent.next().is_some_and(|s| is(row, s).unwrap_or(false)),
            false => others < rows.len(),
        };
        if !is_known {
            return Ok(false);
        }
        others += usize::from(!is_pending);
    }
    Ok(sent.next().is_none())
}

/// Acknowledges everything that is pending between two rows in one statement: a good deal faster than one by one.
fn acknowledge_range(
    tx: &Transaction<'_>,
    first: &PendingRow,
    last: &PendingRow,
) -> rusqlite::Result<()> {
    tx.prepare_cached(include_str!("acknowledge_range.sql"))?
        .execute(range(first, last))?;
    // What was refused before is taken now.
    tx.prepare_cached(
        "DELETE FROM sync_reject
         WHERE (asset_id, date, source) >= (?1, ?2, ?3) AND (asset_id, date, source) <= (?4, ?5, ?6)",
    )?
    .execute(range(first, last))?;
    Ok(())
}

fn range(first: &PendingRow, last: &PendingRow) -> [String; 6] {
    let ([a, b, c], [x, y, z]) = (first.key(), last.key());
    [a, b, c, x, y, z]
}

fn is(stored: &Row<'_>, sent: &PendingRow) -> Option<bool> {
    let text = |at: usize| stored.get_ref(at).ok()?.as_str().ok();
    let revision: i64 = stored.get(3).ok()?;
    Some(
        *text(0)? == *sent.asset_id
            && timestamp::day_from_text(text(1)?)? == sent.date
            && *text(2)? == *sent.source
            && revision == sent.revision,
    )
}
