//! What is to be sent: pending bars in chunks in key order, and their acknowledgement.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::{Pooled, Staging};
use crate::asset::AssetId;
use crate::timestamp;

/// A staged bar on its way to the warehouse, in the revision that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRow {
    /// Asset.
    pub asset_id: String,
    /// The session's day.
    pub date: NaiveDate,
    /// Source.
    pub source: String,
    /// Open, high, low, close.
    pub prices: [f64; 4],
    /// Volume; `None` where it is unknown.
    pub volume: Option<i64>,
    /// When the bar was fetched.
    pub ingested_at: DateTime<Utc>,
    /// The revision that was read; only this one is acknowledged.
    pub revision: i64,
}

/// A pending row that is no bar: another program wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its key as it stands: asset, date, source.
    pub key: [String; 3],
    /// The revision that was read.
    pub revision: i64,
    /// What is wrong with it.
    pub why: String,
}

/// Which rows a sync sends.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Every staged row counts as pending.
    pub full: bool,
    /// Only these assets; empty for all.
    pub assets: Vec<AssetId>,
}

impl Scope {
    /// The assets as a JSON list, for SQL; `None` for all.
    fn assets_json(&self) -> Option<String> {
        (!self.assets.is_empty()).then(|| {
            serde_json::Value::from_iter(self.assets.iter().map(AssetId::as_str)).to_string()
        })
    }
}

/// Reads what is to be sent, chunk by chunk in key order, on a connection of its own.
pub struct PendingReader {
    connection: Pooled,
    sql: &'static str,
    assets: Option<String>,
    after: [String; 3],
}

/// The next rows after a key. A row that the warehouse refused waits for a new revision.
const PENDING: &str = include_str!("next_pending.sql");
/// The same over every row, also those that are not pending or were refused.
const EVERY: &str = include_str!("next_of_all.sql");

impl PendingReader {
    /// The next rows, at most `limit`; both lists are empty at the end.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn next_chunk(&mut self, limit: u32) -> Result<(Vec<PendingRow>, Vec<UnreadableRow>)> {
        let mut statement = self.connection.prepare_cached(self.sql)?;
        let [asset, date, source] = &self.after;
        let mut rows = statement.query(params![asset, date, source, self.assets, limit])?;
        let (mut good, mut unreadable) = (Vec::new(), Vec::new());
        let mut last = None;
        while let Some(row) = rows.next()? {
            let key: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
            match read(row, &key)? {
                Ok(pending) => good.push(pending),
                Err(bad) => unreadable.push(bad),
            }
            last = Some(key);
        }
        drop(rows);
        drop(statement);
        if let Some(key) = last {
            self.after = key;
        }
        Ok((good, unreadable))
    }
}

fn read(
    row: &rusqlite::Row<'_>,
    key: &[String; 3],
) -> rusqlite::Result<Result<PendingRow, UnreadableRow>> {
    let prices: [f64; 4] = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
    let ingested_at: String = row.get(8)?;
    let revision = row.get(9)?;
    let bad = |why: &str| {
        Ok(Err(UnreadableRow {
            key: key.clone(),
            revision,
            why: why.to_owned(),
        }))
    };
    let [asset_id, date, source] = key.clone();
    let Ok(date) = date.parse() else {
        return bad("its date is no day like 2026-01-31");
    };
    let Some(ingested_at) = timestamp::from_text(&ingested_at) else {
        return bad("its ingested_at is no time like 2026-01-31T09:00:00.000000Z");
    };
    if prices.iter().any(|p| !p.is_finite()) {
        return bad("one of its prices is not finite");
    }
    Ok(Ok(PendingRow {
        asset_id,
        date,
        source,
        prices,
        volume: row.get(7)?,
        ingested_at,
        revision,
    }))
}

impl Staging {
    /// Reads what is to be sent from its beginning.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pending(&self, scope: &Scope) -> Result<PendingReader> {
        let sql = if scope.full { EVERY } else { PENDING };
        Ok(PendingReader {
            connection: self.connection()?,
            sql,
            assets: scope.assets_json(),
            after: Default::default(),
        })
    }

    /// How many rows a sync would send.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count_pending(&self, scope: &Scope) -> Result<u64> {
        let sql = if scope.full {
            "SELECT count(*) FROM price_daily WHERE ?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1))"
        } else {
            "SELECT count(*) FROM price_daily
             WHERE revision <> synced_revision AND (?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1)))"
        };
        Ok(self
            .connection()?
            .query_row(sql, params![scope.assets_json()], |r| r.get(0))?)
    }

    /// How many rows the warehouse has refused and would refuse again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count_sync_rejects(&self) -> Result<u64> {
        let sql =
            "SELECT count(*) FROM sync_reject r JOIN price_daily p USING (asset_id, date, source)
                   WHERE p.revision = r.revision";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
    }

    /// Notes that the warehouse has these rows, each in the revision that was sent. A row that has changed since stays
    /// pending.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn acknowledge(&self, rows: &[PendingRow]) -> Result<()> {
        let mut connection = self.connection()?;
        // Without a wait for the disk: an acknowledgement that a power cut takes away is only a row sent twice.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut done = tx.prepare_cached(
                "UPDATE price_daily SET synced_revision = ?4
                 WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision = ?4 AND synced_revision <> ?4",
            )?;
            let mut forgive = tx.prepare_cached(
                "DELETE FROM sync_reject WHERE asset_id = ?1 AND date = ?2 AND source = ?3",
            )?;
            let any_rejects: bool =
                tx.query_row("SELECT EXISTS (SELECT 1 FROM sync_reject)", [], |r| {
                    r.get(0)
                })?;
            for row in rows {
                let date = row.date.to_string();
                done.execute(params![row.asset_id, date, row.source, row.revision])?;
                if any_rejects {
                    forgive.execute(params![row.asset_id, date, row.source])?;
                }
            }
        }
        tx.commit()?;
        Ok(connection.pragma_update(None, "synchronous", "FULL")?)
    }

    /// Notes rows that cannot be sent.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reject_unreadable(&self, rows: &[UnreadableRow], now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            reject(&tx, row, now)?;
        }
        Ok(tx.commit()?)
    }
}

fn reject(
    connection: &Connection,
    row: &UnreadableRow,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    // 22000, "data exception": what PostgreSQL would say of a value that is none.
    connection
        .prepare_cached(
            "INSERT INTO sync_reject (asset_id, date, source, revision, sqlstate, message, rejected_at)
             VALUES (?1, ?2, ?3, ?4, '22000', ?5, ?6)
             ON CONFLICT (asset_id, date, source) DO UPDATE
             SET revision = excluded.revision, sqlstate = excluded.sqlstate, message = excluded.message,
                 constraint_name = NULL, rejected_at = excluded.rejected_at",
        )?
        .execute(params![row.key[0], row.key[1], row.key[2], row.revision, row.why, timestamp::to_text(now)])?;
    Ok(())
}
