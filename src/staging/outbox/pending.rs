//! Reads pending bars in chunks in key order.

use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::{TransactionBehavior, params};

use crate::domain::asset::AssetId;
use crate::domain::outgoing::PendingRow;
use crate::staging::bar_row::{BarRow, RawText, bar_sql};
use crate::staging::{Pooled, Reject, Staging};

/// The rows that a sync sends.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Treat every staged row as pending.
    pub full: bool,
    /// Only these assets; empty means all.
    pub assets: Vec<AssetId>,
}

impl Scope {
    /// Whether an asset is selected.
    pub(crate) fn has(&self, asset_id: &str) -> bool {
        self.assets.is_empty() || self.assets.iter().any(|id| id.as_str() == asset_id)
    }

    /// The assets as a JSON list for SQL; `None` for all.
    pub(super) fn assets_json(&self) -> Option<String> {
        (!self.assets.is_empty()).then(|| {
            serde_json::Value::from_iter(self.assets.iter().map(AssetId::as_str)).to_string()
        })
    }
}

/// Reads pending rows chunk by chunk in key order, over its own connection.
pub struct PendingReader {
    connection: Pooled,
    assets: Option<String>,
    after: [RawText; 3],
    /// While most rows are pending, as in a first load, the table is scanned in its own order: half the work of finding
    /// each row through the index of pending rows.
    dense: bool,
}

/// Outgoing rows, and rows that are not bars.
#[derive(Default)]
struct Chunk {
    good: Vec<PendingRow>,
    unreadable: Vec<Reject>,
}

impl Chunk {
    fn len(&self) -> usize {
        self.good.len() + self.unreadable.len()
    }

    fn take(&mut self, row: BarRow<'_>) -> rusqlite::Result<()> {
        match read(row, self.good.last())? {
            Ok(pending) => self.good.push(pending),
            Err(bad) => self.unreadable.push(bad),
        }
        Ok(())
    }

    /// The same for a query that tells what was rejected of a row: the unchanged row would be rejected again.
    fn take_unless_refused(&mut self, row: BarRow<'_>) -> rusqlite::Result<()> {
        let refused_revision: Option<i64> = row.further(1)?;
        let refused: Option<String> = row.further(2)?;
        match read(row, self.good.last())? {
            Ok(pending) => {
                let is_refused = match refused {
                    Some(refused) => refused == pending.as_sent(),
                    None => refused_revision == Some(pending.revision),
                };
                if !is_refused {
                    self.good.push(pending);
                }
            }
            // Recorded before, and still not a bar.
            Err(_) if refused.as_deref() == Some("") => {}
            Err(bad) => self.unreadable.push(bad),
        }
        Ok(())
    }

    fn last_key(&self) -> Option<[RawText; 3]> {
        let keys = [
            self.good.last().map(raw_key),
            self.unreadable.last().map(|bad| bad.key.clone()),
        ];
        keys.into_iter().flatten().max()
    }
}

impl PendingReader {
    /// The next rows, at most `limit`; both lists are empty at the end.
    pub fn next_chunk(&mut self, limit: u32) -> Result<(Vec<PendingRow>, Vec<Reject>)> {
        let limit = limit as usize;
        let mut chunk = Chunk::default();
        if self.dense {
            self.scan(limit, &mut chunk)?;
        }
        if !self.dense {
            self.search(limit, &mut chunk)?;
        }
        Ok((chunk.good, chunk.unreadable))
    }

    /// Scans the table in its own order until as many rows that are not pending lie in between as may be sent at once:
    /// then pending rows are no longer dense.
    fn scan(&mut self, limit: usize, chunk: &mut Chunk) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare_cached(bar_sql!("scan_pending.sql"))?;
        let [asset, date, source] = &self.after;
        let mut rows = statement.query(params![asset, date, source])?;
        let mut skipped = 0;
        while chunk.len() < limit && self.dense {
            let Some(row) = rows.next()? else { break };
            if BarRow(row).further(1)? {
                chunk.take(BarRow(row))?;
            } else {
                skipped += 1;
                self.dense = skipped < limit;
            }
        }
        self.after = chunk.last_key().unwrap_or_else(|| self.after.clone());
        Ok(())
    }

    /// Fills the chunk with rows found through the index of pending rows.
    fn search(&mut self, limit: usize, chunk: &mut Chunk) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare_cached(bar_sql!("next_pending.sql"))?;
        let [asset, date, source] = &self.after;
        let mut rows = statement.query(params![asset, date, source, self.assets])?;
        while chunk.len() < limit
            && let Some(row) = rows.next()?
        {
            chunk.take_unless_refused(BarRow(row))?;
        }
        self.after = chunk.last_key().unwrap_or_else(|| self.after.clone());
        Ok(())
    }
}

/// Reads a row; values equal to those of the row before are shared with it. A row that is not a bar is rejected here
/// already.
fn read(
    row: BarRow<'_>,
    before: Option<&PendingRow>,
) -> rusqlite::Result<Result<PendingRow, Reject>> {
    let bad = |why: &str| {
        Ok(Err(Reject {
            key: row.raw_key()?,
            revision: row.further(0).unwrap_or_default(),
            sent: String::new(),
            // "Data exception": PostgreSQL's code for an invalid value.
            sqlstate: "22000".to_owned(),
            message: why.to_owned(),
            constraint: None,
        }))
    };
    let (Ok(asset_id), Ok(source)) = (row.asset_id(), row.source()) else {
        return bad("its asset_id or its source is not UTF-8 text");
    };
    let Ok(Some(date)) = row.date() else {
        return bad("its date is not a day like 2026-01-31");
    };
    let Ok(Some(ingested_at)) = row.ingested_at() else {
        return bad("its ingested_at is not a time like 2026-01-31T09:00:00.000000Z");
    };
    let Ok(values) = row.values() else {
        return bad("one of its values has the wrong type");
    };
    if values.prices().iter().any(|p| !p.is_finite()) {
        return bad("one of its prices is not finite");
    }
    let Ok(revision) = row.further(0) else {
        return bad("its revision is not a whole number");
    };
    Ok(Ok(PendingRow {
        asset_id: shared(asset_id, before.map(|b| &b.asset_id)),
        date,
        source: shared(source, before.map(|b| &b.source)),
        values,
        ingested_at,
        revision,
    }))
}

fn raw_key(row: &PendingRow) -> [RawText; 3] {
    row.key().map(|part| part.as_str().into())
}

fn shared(text: &str, before: Option<&Arc<str>>) -> Arc<str> {
    match before {
        Some(before) if **before == *text => Arc::clone(before),
        _ => text.into(),
    }
}

impl Staging {
    /// Reads pending rows from the beginning.
    pub fn pending(&self, scope: &Scope) -> Result<PendingReader> {
        let connection = self.connection()?;
        let assets = scope.assets_json();
        // Only the search skips rejected rows and other assets.
        let any_rejects = "SELECT EXISTS (SELECT 1 FROM sync_reject)";
        let dense = assets.is_none()
            && !connection.query_row::<bool, _, _>(any_rejects, [], |r| r.get(0))?;
        Ok(PendingReader {
            connection,
            assets,
            after: [""; 3].map(RawText::from),
            dense,
        })
    }

    /// How many rows a sync would send; a full one sends all of them. Takes a second for a million rows.
    pub(crate) fn count_pending(&self, scope: &Scope) -> Result<u64> {
        self.count(scope, None)
    }

    /// The same, but counts up to `most` only.
    pub(crate) fn count_pending_up_to(&self, most: u64, scope: &Scope) -> Result<u64> {
        self.count(scope, Some(most))
    }

    fn count(&self, scope: &Scope, most: Option<u64>) -> Result<u64> {
        let sql = if scope.full {
            "SELECT count(*) FROM (SELECT 1 FROM price_daily
                 WHERE ?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1)) LIMIT ?2)"
        } else {
            "SELECT count(*) FROM (SELECT 1 FROM price_daily
                 WHERE revision <> synced_revision AND (?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1))) LIMIT ?2)"
        };
        // To SQLite a negative limit means none.
        let most = most.map_or(-1, |n| i64::try_from(n).unwrap_or(-1));
        Ok(self
            .connection()?
            .query_row(sql, params![scope.assets_json(), most], |r| r.get(0))?)
    }

    /// Marks bars as pending. Returns how many were not.
    pub(crate) fn make_pending(&self, bars: &[(String, NaiveDate, String)]) -> Result<usize> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changed = 0;
        for (asset_id, date, source) in bars {
            changed += tx
                .prepare_cached(
                    "UPDATE price_daily SET synced_revision = CASE revision WHEN 0 THEN -1 ELSE 0 END
                     WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision = synced_revision",
                )?
                .execute(params![asset_id, date.to_string(), source])?;
        }
        tx.commit()?;
        Ok(changed)
    }
}
