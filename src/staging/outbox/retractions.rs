//! Retracted bars that must be removed from the warehouse.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Row, Transaction, TransactionBehavior, params};

use super::warehouse::drop_witness;
use crate::domain::outgoing::RetractedRow;
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::{bar_sql, shown, values};

impl Staging {
    /// The retracted bars that the warehouse may still have. Invalid rows of another program stay here and are logged.
    pub(crate) fn pending_retractions(&self) -> Result<Vec<RetractedRow>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(bar_sql!("retractions.sql"))?;
        let mut rows = statement.query([])?;
        let mut readable = Vec::new();
        while let Some(row) = rows.next()? {
            match retracted_row(row) {
                Ok(Some(row)) => readable.push(row),
                Ok(None) | Err(_) => {
                    log::warn!(asset = shown(row.get_ref(0)?), source = shown(row.get_ref(2)?); "one of its retracted bars stays in the warehouse: a value of the row has the wrong type");
                }
            }
        }
        Ok(readable)
    }

    /// How many retracted bars the warehouse may still have.
    pub(crate) fn count_retractions(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM retraction WHERE synced_at IS NULL";
        Ok(self.connection()?.query_row(sql, [], |r| r.get(0))?)
    }

    /// Queues the retracted bars among these rows for removal again. Returns how many there are.
    pub(crate) fn retract_again(&self, rows: &[(String, NaiveDate, String)]) -> Result<usize> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut changed = 0;
        for (asset_id, date, source) in rows {
            changed += tx
                .prepare_cached(
                    "UPDATE retraction SET synced_at = NULL
                     WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND synced_at IS NOT NULL",
                )?
                .execute(params![asset_id, date.to_string(), source])?;
        }
        tx.commit()?;
        Ok(changed)
    }

    /// Records that the warehouse no longer has these bars. One that the owner put back meanwhile is sent again.
    pub(crate) fn acknowledge_retractions(
        &self,
        rows: &[RetractedRow],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            acknowledge(&tx, row, now)?;
        }
        Ok(tx.commit()?)
    }
}

fn acknowledge(tx: &Transaction<'_>, row: &RetractedRow, now: DateTime<Utc>) -> Result<()> {
    let date = row.date.to_string();
    let RetractedRow {
        asset_id,
        source,
        retracted_at,
        ..
    } = row;
    let is_known =
        tx.prepare_cached(
            "UPDATE retraction SET synced_at = ?5
             WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND retracted_at = ?4",
        )?
        .execute(params![
            asset_id,
            date,
            source,
            retracted_at,
            timestamp::to_text(now)
        ])? > 0;
    if !is_known {
        tx.prepare_cached(
            "UPDATE price_daily SET revision = revision + 1
             WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND revision = synced_revision",
        )?
        .execute(params![asset_id, date, source])?;
    }
    drop_witness(tx, row)
}

fn retracted_row(row: &Row<'_>) -> rusqlite::Result<Option<RetractedRow>> {
    const VALUES_AT: usize = 5;
    let (date, ingested_at): (String, String) = (row.get(1)?, row.get(4)?);
    let Some(date) = timestamp::day_from_text(&date) else {
        return Ok(None);
    };
    Ok(Some(RetractedRow {
        asset_id: row.get(0)?,
        date,
        source: row.get(2)?,
        retracted_at: row.get(3)?,
        ingested_at: timestamp::from_text(&ingested_at),
        values: values(row, VALUES_AT)?,
    }))
}
