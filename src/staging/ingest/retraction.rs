//! Bars that the owner takes back as wrong: out of `price_daily`, into the history, and never again with the same values.

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

/// What became of a wish to put a bar back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// Nothing was taken back there.
    NotRetracted,
    /// It stands in its place again.
    Restored,
    /// Other values came meanwhile, and stay; those that were refused may come again.
    Allowed,
}

impl Staging {
    /// Takes a bar back, in one transaction: it goes into the history, and the next sync takes it out of the warehouse. What was
    /// found about the day of this source is settled. Returns what the bar said; `None` where there is none.
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

    /// Puts back what was taken back last of a day; the next sync sends it.
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

    /// The days of an asset whose bar the owner took back, in any of its sources.
    pub(crate) fn retracted_days(&self, asset_id: &str) -> Result<BTreeSet<NaiveDate>> {
        let connection = self.connection()?;
        let sql = "SELECT date FROM retraction WHERE asset_id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        days(statement.query([asset_id])?)
    }
}

/// What came without the bars that the owner refused in these very values, and how many those are; `None` where none is among
/// them.
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
