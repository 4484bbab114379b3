//! Records what the warehouse has, after its commit, and only if the row is still the one that was sent.

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::warehouse::keep_witnesses;
use crate::domain::outgoing::PendingRow;
use crate::staging::Staging;
use crate::staging::bar_row::{BarRow, bar_sql};
use crate::staging::file::lock_wait::wait_for_locks;
use crate::staging::file::long_path::sqlite_name;

/// Acknowledges chunks over its own connection.
pub struct Acknowledger {
    connection: Connection,
}

impl Staging {
    /// Opens an acknowledger.
    pub fn acknowledger(&self) -> Result<Acknowledger> {
        let connection = Connection::open(sqlite_name(&self.path))
            .with_context(|| format!("cannot open the staging file {}", self.path.display()))?;
        #[cfg(test)]
        crate::staging::scan_tests::follow(&connection);
        wait_for_locks(&connection)?;
        // Does not wait for the disk: an acknowledgement lost in a power cut only causes a row to be sent twice.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // In pages of 4 kB: checkpoints happen less often than after every few chunks.
        connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
        Ok(Acknowledger { connection })
    }
}

impl Acknowledger {
    /// Records in one transaction that the warehouse has these rows. A row whose revision, ingest time or values differ
    /// from what was sent stays pending.
    ///
    /// # Errors
    /// Errors of SQLite; then none of them is acknowledged.
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
        keep_witnesses(&tx, rows)?;
        Ok(tx.commit()?)
    }
}

fn one_by_one(tx: &Transaction<'_>, rows: &[PendingRow]) -> rusqlite::Result<()> {
    for row in rows {
        let [asset, date, source] = row.key();
        let key = params![asset, date, source];
        let is_sent = tx
            .prepare_cached(bar_sql!("row_of_key.sql"))?
            .query_row(key, |stored| Ok(is_as_sent(stored, row)))
            .optional()?;
        if is_sent != Some(true) {
            continue;
        }
        tx.prepare_cached(
            "UPDATE price_daily SET synced_revision = revision
             WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision <> synced_revision",
        )?
        .execute(key)?;
        tx.prepare_cached(
            "DELETE FROM sync_reject WHERE asset_id = ?1 AND date = ?2 AND source = ?3",
        )?
        .execute(key)?;
    }
    Ok(())
}

/// Whether the pending rows between the first and the last of these rows are exactly these, as they were sent. A row
/// may have been added, changed or rejected since. If other rows lie in between, acknowledging one by one is no more
/// work.
fn is_all_of_range(tx: &Transaction<'_>, rows: &[PendingRow]) -> rusqlite::Result<bool> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(false);
    };
    let mut statement = tx.prepare_cached(bar_sql!("rows_of_range.sql"))?;
    let mut stored = statement.query(range(first, last))?;
    let (mut sent, mut others) = (rows.iter(), 0);
    while let Some(row) = stored.next()? {
        let is_pending: bool = BarRow(row).further(1)?;
        let is_known = match is_pending {
            true => sent.next().is_some_and(|sent| is_as_sent(row, sent)),
            false => others < rows.len(),
        };
        if !is_known {
            return Ok(false);
        }
        others += usize::from(!is_pending);
    }
    Ok(sent.next().is_none())
}

/// Acknowledges all pending rows between two rows in one statement: much faster than one by one.
fn acknowledge_range(
    tx: &Transaction<'_>,
    first: &PendingRow,
    last: &PendingRow,
) -> rusqlite::Result<()> {
    tx.prepare_cached(include_str!("acknowledge_range.sql"))?
        .execute(range(first, last))?;
    // Rows that were rejected before are accepted now.
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

/// Whether a stored row is the one that was sent. The revision alone does not show it: a program that replaces a row
/// (`INSERT OR REPLACE`) creates a new one, whose revision starts at 1 again.
fn is_as_sent(stored: &Row<'_>, sent: &PendingRow) -> bool {
    let stored = BarRow(stored);
    let is = || -> rusqlite::Result<bool> {
        Ok(stored.further::<i64>(0)? == sent.revision
            && stored.date()? == Some(sent.date)
            && stored.ingested_at()? == Some(sent.ingested_at)
            && *stored.asset_id()? == *sent.asset_id
            && *stored.source()? == *sent.source
            && stored.values()?.are(&sent.values))
    };
    is().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::{Reject, Scope};

    struct Bench {
        folder: tempfile::TempDir,
        staging: Staging,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let staging = Staging::open(&folder.path().join("s.db")).unwrap();
            Self { folder, staging }
        }

        /// What another program writes.
        fn write(&self, sql: &str) {
            let other = Connection::open(self.folder.path().join("s.db")).unwrap();
            other.execute_batch(sql).unwrap();
        }

        fn replace(&self, day: u32, close: f64) {
            self.write(&format!(
                "INSERT OR REPLACE INTO price_daily (asset_id, date, source, open, high, low, close, ingested_at)
                 VALUES ('A', '2026-01-{day:02}', 'm', {close:?}, {close:?}, {close:?}, {close:?}, '2026-01-20T10:00:00.000000Z')"
            ));
        }

        fn pending(&self) -> (Vec<PendingRow>, Vec<Reject>) {
            let mut reader = self.staging.pending(&Scope::default()).unwrap();
            reader.next_chunk(1000).unwrap()
        }

        fn closes(&self) -> Vec<f64> {
            self.pending().0.iter().map(|r| r.values.close).collect()
        }

        fn refuse(&self, row: &PendingRow) {
            let reject = Reject {
                key: row.key().map(|part| part.as_str().into()),
                revision: row.revision,
                sent: row.as_sent(),
                sqlstate: "23514".to_owned(),
                message: "too dear".to_owned(),
                constraint: None,
            };
            self.staging
                .reject(&[reject], "2026-01-20T11:00:00Z".parse().unwrap())
                .unwrap();
        }
    }

    #[test]
    fn a_row_that_was_replaced_under_way_stays_pending_though_its_revision_begins_again() {
        for days in [&[5][..], &[5, 6, 7]] {
            let bench = Bench::new();
            for day in days {
                bench.replace(*day, 100.0);
            }
            let (sent, _) = bench.pending();
            bench.replace(5, 200.0);
            let mut acknowledger = bench.staging.acknowledger().unwrap();
            acknowledger.acknowledge(&sent).unwrap();
            assert_eq!(bench.closes(), [200.0]);
            acknowledger.acknowledge(&bench.pending().0).unwrap();
            assert!(bench.closes().is_empty());
        }
    }

    #[test]
    fn a_refused_row_is_tried_again_when_another_program_has_replaced_it() {
        let bench = Bench::new();
        bench.replace(5, 100.0);
        bench.replace(6, 101.0);
        bench.refuse(&bench.pending().0[0]);
        assert_eq!(bench.closes(), [101.0]);
        bench.replace(5, 99.0);
        assert_eq!(bench.closes(), [99.0, 101.0]);
        bench.replace(5, 100.0);
        assert_eq!(bench.closes(), [101.0], "the same as it was refused");
        // Noted by an older program: its revision has to do.
        bench.write("UPDATE sync_reject SET row_sent = NULL");
        assert_eq!(bench.closes(), [101.0]);
    }

    #[test]
    fn a_row_that_is_none_is_named_and_the_others_go() {
        for (columns, values) in [
            ("asset_id", "x'4142'"),
            ("asset_id", "CAST(x'41ff' AS TEXT)"),
            ("source", "x'6d'"),
            ("ingested_at", "x'00'"),
            ("ingested_at", "'yesterday'"),
            ("revision", "'x'"),
            ("open", "9e999"),
        ] {
            let bench = Bench::new();
            bench.replace(5, 100.0);
            bench.replace(7, 101.0);
            bench.write(&format!(
                "UPDATE price_daily SET revision = 3, {columns} = {values} WHERE date = '2026-01-05'"
            ));
            let (good, bad) = bench.pending();
            assert_eq!((good.len(), bad.len()), (1, 1), "{columns} {values}");
            let now = "2026-01-20T11:00:00Z".parse().unwrap();
            bench.staging.reject(&bad, now).unwrap();
            assert_eq!(bench.staging.count_sync_rejects().unwrap(), 1, "{values}");
            let series = bench.staging.rejected_series().unwrap();
            assert_eq!(series[0].first_date, "2026-01-05");
            // It is not noted again, and goes when it is mended.
            let (good, bad) = bench.pending();
            assert_eq!((good.len(), bad.len()), (1, 0), "{columns} {values}");
            bench.write(&format!(
                "UPDATE price_daily SET {columns} = CASE '{columns}' WHEN 'open' THEN 1.0 WHEN 'revision' THEN 3
                     WHEN 'ingested_at' THEN '2026-01-20T10:00:00.000000Z' ELSE 'B' END
                 WHERE date = '2026-01-05'"
            ));
            assert_eq!(bench.pending().0.len(), 2, "{columns} {values}");
        }
    }
}
