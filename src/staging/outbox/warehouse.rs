//! The table that has the acknowledged rows, the rows it must have, and the switch to another table, which gets all
//! rows.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::domain::acknowledgement::{
    Acknowledged, FoundTable, MOST_WITNESSES, Standing, TableIdentity, Witness,
};
use crate::domain::outgoing::{PendingRow, RetractedRow};
use crate::domain::timestamp;
use crate::staging::bar_row::{BarRow, bar_sql};
use crate::staging::{Scope, Staging};

impl Staging {
    /// The table that has the acknowledged rows; `None` as long as there are none.
    pub(crate) fn acknowledged(&self) -> Result<Option<Acknowledged>> {
        let connection = self.connection()?;
        let sql = "SELECT identity, relation, place, witnesses FROM warehouse";
        let known = connection.query_row(sql, [], |r| {
            let witnesses: Option<String> = r.get(3)?;
            let known = Acknowledged {
                database: r.get(0)?,
                relation: r.get(1)?,
                place: r.get(2)?,
                witnesses: Vec::new(),
            };
            Ok((known, witnesses))
        });
        let Some((known, witnesses)) = known.optional()? else {
            return Ok(None);
        };
        let kept: Option<Vec<Witness>> =
            witnesses.and_then(|json| serde_json::from_str(&json).ok());
        let is_unsaid = kept.is_none();
        let witnesses = kept.map_or_else(|| some_acknowledged(&connection), Ok)?;
        let is_any = !witnesses.is_empty()
            || is_other_acknowledged(&connection)?
            || (is_unsaid && is_any_acknowledged(&connection)?);
        Ok(is_any.then_some(Acknowledged { witnesses, ..known }))
    }

    /// Records which warehouse accepted rows, before the first of them is acknowledged. After assets or runs the table
    /// of the bars is still unknown.
    pub(crate) fn recognise_database(&self, database: &str, now: DateTime<Utc>) -> Result<()> {
        self.connection()?.execute(
            "INSERT INTO warehouse (only_row, identity, recognised_at, witnesses) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (only_row) DO UPDATE
             SET identity = excluded.identity, recognised_at = excluded.recognised_at,
                 relation = NULL, place = NULL, witnesses = excluded.witnesses
             WHERE warehouse.identity <> excluded.identity",
            params![database, timestamp::to_text(now), NO_WITNESSES],
        )?;
        Ok(())
    }

    /// Records which table accepted bars, before the first of them is acknowledged.
    pub(crate) fn recognise_table(
        &self,
        table: &TableIdentity,
        place: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.recognise_database(&table.database, now)?;
        self.connection()?.execute(
            "UPDATE warehouse SET relation = ?1, place = ?2",
            params![table.relation, place],
        )?;
        Ok(())
    }

    /// Marks every row of the scope and every asset, action, retraction and run as pending again, rejected ones too:
    /// this table must get all of them. If the rows were acknowledged to another table, those outside the scope become
    /// pending as well.
    ///
    /// In one transaction, so that a crash leaves either the old acknowledgements or none.
    pub fn begin_anew(&self, scope: &Scope, found: &FoundTable, now: DateTime<Utc>) -> Result<()> {
        let known = self.acknowledged()?;
        let holds = known.is_none_or(|known| known.standing(found) == Standing::Holds);
        let assets = if holds { scope.assets_json() } else { None };
        let mut connection = self.connection()?;
        // A full scope leaves no witnesses; a partial one may leave some.
        let witnesses = assets.is_none().then_some(NO_WITNESSES);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        forget(&tx, assets.as_deref())?;
        if !holds {
            // Nobody knows who owns the rows of another asset_master.
            tx.execute("UPDATE asset_master SET claimed = 0", [])?;
        }
        put(&tx, found, witnesses, now)?;
        Ok(tx.commit()?)
    }
}

/// Records the table for what is written next, without witnesses yet.
pub(in crate::staging) fn put_table(
    tx: &Transaction<'_>,
    found: &FoundTable,
    now: DateTime<Utc>,
) -> Result<()> {
    Ok(put(tx, found, Some(NO_WITNESSES), now)?)
}

fn put(
    tx: &Transaction<'_>,
    found: &FoundTable,
    witnesses: Option<&str>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO warehouse (only_row, identity, recognised_at, relation, place, witnesses) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![
            found.table.database,
            timestamp::to_text(now),
            found.table.relation,
            found.place,
            witnesses
        ],
    )?;
    Ok(())
}

/// Stored if no bar is acknowledged, so that nobody searches every row for one.
const NO_WITNESSES: &str = "[]";

/// Whether an asset or a run is acknowledged.
fn is_other_acknowledged(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM asset_master WHERE synced_revision > 0)
            OR EXISTS (SELECT 1 FROM job_run WHERE synced_revision > 0)";
    connection.query_row(sql, [], |r| r.get(0))
}

/// Whether a bar was ever acknowledged in any revision, also for a file that does not record it.
fn is_any_acknowledged(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM price_daily WHERE synced_revision > 0)";
    connection.query_row(sql, [], |r| r.get(0))
}

/// Some acknowledged bars of a file that does not record the last ones: one of an older program, or one from which some
/// assets were sent again. If there are none, every row is read.
fn some_acknowledged(connection: &Connection) -> Result<Vec<Witness>> {
    let mut statement = connection.prepare(bar_sql!("some_acknowledged.sql"))?;
    let mut rows = statement.query([MOST_WITNESSES])?;
    let mut witnesses = Vec::new();
    while let Some(row) = rows.next()? {
        let row = BarRow(row);
        if let (Ok(asset_id), Some(date), Ok(source), Some(ingested_at)) = (
            row.asset_id(),
            row.date()?,
            row.source(),
            row.ingested_at().ok().flatten(),
        ) {
            witnesses.push(Witness {
                asset_id: asset_id.to_owned(),
                date,
                source: source.to_owned(),
                ingested_at,
            });
        }
    }
    Ok(witnesses)
}

/// Keeps some of the newly acknowledged rows as witnesses, spread over the chunk.
pub(in crate::staging) fn keep_witnesses(
    tx: &Transaction<'_>,
    rows: &[PendingRow],
) -> rusqlite::Result<()> {
    let step = rows.len().div_ceil(MOST_WITNESSES).max(1);
    let witnesses: Vec<Witness> = rows.iter().rev().step_by(step).map(witness).collect();
    if witnesses.is_empty() {
        return Ok(());
    }
    let json = serde_json::json!(witnesses).to_string();
    tx.prepare_cached("UPDATE warehouse SET witnesses = ?1")?
        .execute([json])?;
    Ok(())
}

/// Forgets a witness that the warehouse no longer has.
pub(super) fn drop_witness(tx: &Transaction<'_>, gone: &RetractedRow) -> Result<()> {
    let kept: Option<Option<String>> = tx
        .query_row("SELECT witnesses FROM warehouse", [], |r| r.get(0))
        .optional()?;
    let Some(json) = kept.flatten() else {
        return Ok(());
    };
    // An unreadable value names no witness, and is replaced.
    let Ok(mut witnesses) = serde_json::from_str::<Vec<Witness>>(&json) else {
        return Ok(());
    };
    witnesses
        .retain(|w| (&w.asset_id, w.date, &w.source) != (&gone.asset_id, gone.date, &gone.source));
    let json = serde_json::json!(witnesses).to_string();
    tx.execute("UPDATE warehouse SET witnesses = ?1", [json])?;
    Ok(())
}

fn witness(row: &PendingRow) -> Witness {
    Witness {
        asset_id: row.asset_id.to_string(),
        date: row.date,
        source: row.source.to_string(),
        ingested_at: row.ingested_at,
    }
}

fn forget(tx: &Transaction<'_>, assets: Option<&str>) -> rusqlite::Result<()> {
    // -1, because another program may have written 0 as a revision.
    tx.execute(
        "UPDATE OR ROLLBACK price_daily SET synced_revision = CASE revision WHEN 0 THEN -1 ELSE 0 END
         WHERE revision = synced_revision AND (?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1)))",
        [assets],
    )?;
    tx.execute(
        "DELETE FROM sync_reject WHERE ?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1))",
        [assets],
    )?;
    tx.execute("UPDATE asset_master SET synced_revision = 0", [])?;
    tx.execute("UPDATE job_run SET synced_revision = 0", [])?;
    tx.execute("UPDATE corporate_action SET synced_revision = 0", [])?;
    tx.execute(
        "UPDATE corporate_action_coverage SET synced_revision = 0",
        [],
    )?;
    tx.execute(
        "UPDATE retraction SET synced_at = NULL
         WHERE ?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1))",
        [assets],
    )?;
    Ok(())
}
