//! Bars that the owner retracts as wrong: moved from `price_daily` to the history, and never stored again with the same
//! values.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::batch::Batch;
use super::stored::days;
use crate::domain::asset::AssetId;
use crate::domain::bar::FetchedBar;
use crate::domain::bar_values::Values;
use crate::domain::timestamp;
use crate::domain::validate::Checked;
use crate::staging::Staging;
use crate::staging::bar_row::{bar_sql, values};

/// The result of putting a bar back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// Nothing was retracted there.
    NotRetracted,
    /// It is in its place again.
    Restored,
    /// Other values arrived meanwhile and stay; the refused ones are accepted again.
    Allowed,
}

impl Staging {
    /// Retracts a bar in one transaction: it moves to the history, and the next sync removes it from the warehouse.
    /// Findings about this day and source are resolved. Returns the bar's values; `None` if there is none.
    pub(crate) fn retract(
        &self,
        asset: &AssetId,
        date: NaiveDate,
        source: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Values>> {
        let (asset, date, now) = (asset.as_str(), date.to_string(), timestamp::to_text(now));
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let kept = tx.execute(
            bar_sql!("retract.sql"),
            params![asset, date, source, reason, now],
        )?;
        if kept == 0 {
            return Ok(None);
        }
        let said = tx.query_row(
            bar_sql!("values_of_key.sql"),
            params![asset, date, source],
            |row| values(row, 0),
        )?;
        tx.execute(
            bar_sql!("keep_retracted.sql"),
            params![asset, date, source, now],
        )?;
        for table in ["price_daily", "sync_reject"] {
            tx.execute(
                &format!("DELETE FROM {table} WHERE asset_id = ?1 AND date = ?2 AND source = ?3"),
                params![asset, date, source],
            )?;
        }
        tx.execute(
            "UPDATE finding SET resolved_at = ?4
             WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND resolved_at IS NULL",
            params![asset, date, source, now],
        )?;
        tx.commit()?;
        Ok(Some(said))
    }

    /// Puts back the last retracted bar of a day; the next sync sends it.
    pub(crate) fn unretract(
        &self,
        asset: &AssetId,
        date: NaiveDate,
        source: &str,
        now: DateTime<Utc>,
    ) -> Result<PutBack> {
        let (asset, date, now) = (asset.as_str(), date.to_string(), timestamp::to_text(now));
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last: Option<String> = tx
            .query_row(
                "SELECT retracted_at FROM retraction WHERE asset_id = ?1 AND date = ?2 AND source = ?3
                 ORDER BY retracted_at DESC LIMIT 1",
                params![asset, date, source],
                |row| row.get(0),
            )
            .optional()?;
        let Some(last) = last else {
            return Ok(PutBack::NotRetracted);
        };
        let restored = tx.execute(
            bar_sql!("unretract.sql"),
            params![asset, date, source, last, now],
        )?;
        tx.execute(
            "DELETE FROM retraction WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND retracted_at = ?4",
            params![asset, date, source, last],
        )?;
        tx.commit()?;
        Ok(match restored {
            0 => PutBack::Allowed,
            _ => PutBack::Restored,
        })
    }

    /// The days of an asset with a retracted bar of any source.
    pub(crate) fn retracted_days(&self, asset_id: &str) -> Result<BTreeSet<NaiveDate>> {
        let connection = self.connection()?;
        let sql = "SELECT date FROM retraction WHERE asset_id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        days(statement.query([asset_id])?)
    }
}

/// The batch without the bars that the owner retracted with these very values, and their number; `None` if there are
/// none.
pub(super) fn leave_out(
    connection: &Connection,
    batch: &Batch<'_>,
) -> rusqlite::Result<Option<(Checked, u64)>> {
    let mut statement = connection.prepare_cached(bar_sql!("retracted.sql"))?;
    let mut rows = statement.query(params![batch.asset.id.as_str(), batch.source])?;
    let mut refused: Vec<(NaiveDate, Values)> = Vec::new();
    while let Some(row) = rows.next()? {
        let day = row.get_ref(0)?.as_str_or_null()?;
        if let (Some(date), Ok(said)) = (day.and_then(timestamp::day_from_text), values(row, 1)) {
            refused.push((date, said));
        }
    }
    if refused.is_empty() {
        return Ok(None);
    }
    let is_refused = |date: NaiveDate, said: &Values| {
        let mut same = refused.iter().filter(|(day, _)| *day == date);
        same.any(|(_, refused)| refused.are(said))
    };
    let bars = &batch.checked.bars;
    let is_taken = |b: &&FetchedBar| !is_refused(b.bar.date(), &b.bar.values());
    let taken: Vec<_> = bars.iter().filter(is_taken).copied().collect();
    let left_out = bars.len() - taken.len();
    Ok((left_out > 0).then(|| {
        let checked = Checked {
            bars: taken,
            ..batch.checked.clone()
        };
        (checked, left_out as u64)
    }))
}
