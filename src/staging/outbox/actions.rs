//! Dividends and splits for the warehouse, and the days for which all of them are known.

use anyhow::Result;
use rusqlite::{Row, TransactionBehavior, params};

use crate::domain::outgoing::{ActionRow, CoverageRow};
use crate::domain::timestamp;
use crate::staging::Staging;
use crate::staging::bar_row::shown;

impl Staging {
    /// The actions that the warehouse lacks or has in another form. Invalid rows of another program stay here and are
    /// logged.
    pub(crate) fn pending_actions(&self) -> Result<Vec<ActionRow>> {
        let sql = "SELECT asset_id, source, date, kind, amount, numerator, denominator, currency, left_out, ingested_at, revision
             FROM corporate_action WHERE revision <> synced_revision ORDER BY asset_id, source, date, kind";
        self.readable(sql, action_row)
    }

    /// The days for which all actions are known, if the warehouse lacks them or has them in another form.
    pub(crate) fn pending_coverage(&self) -> Result<Vec<CoverageRow>> {
        let sql = "SELECT asset_id, source, first_date, last_date, told_at, revision
             FROM corporate_action_coverage WHERE revision <> synced_revision ORDER BY asset_id, source";
        self.readable(sql, coverage_row)
    }

    fn readable<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Vec<T>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut readable = Vec::new();
        while let Some(row) = rows.next()? {
            match read(row) {
                Ok(Some(row)) => readable.push(row),
                Ok(None) | Err(_) => {
                    log::warn!(asset = shown(row.get_ref(0)?), source = shown(row.get_ref(1)?); "one of its dividends or splits is not sent: a value of the row has the wrong type");
                }
            }
        }
        Ok(readable)
    }

    /// Records that the warehouse has these actions, each in the revision that was sent.
    pub(crate) fn acknowledge_actions(&self, rows: &[ActionRow]) -> Result<()> {
        let sql = "UPDATE corporate_action SET synced_revision = ?5
             WHERE asset_id = ?1 AND source = ?2 AND date = ?3 AND kind = ?4 AND revision = ?5";
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            let key = params![
                row.asset_id,
                row.source,
                row.date.to_string(),
                row.kind,
                row.revision
            ];
            tx.prepare_cached(sql)?.execute(key)?;
        }
        Ok(tx.commit()?)
    }

    /// The same for the days for which all actions are known.
    pub(crate) fn acknowledge_coverage(&self, rows: &[CoverageRow]) -> Result<()> {
        let sql = "UPDATE corporate_action_coverage SET synced_revision = ?3
             WHERE asset_id = ?1 AND source = ?2 AND revision = ?3";
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            let key = params![row.asset_id, row.source, row.revision];
            tx.prepare_cached(sql)?.execute(key)?;
        }
        Ok(tx.commit()?)
    }
}

fn action_row(row: &Row<'_>) -> rusqlite::Result<Option<ActionRow>> {
    let (date, ingested_at): (String, String) = (row.get(2)?, row.get(9)?);
    let (Ok(date), Some(ingested_at)) = (date.parse(), timestamp::from_text(&ingested_at)) else {
        return Ok(None);
    };
    Ok(Some(ActionRow {
        asset_id: row.get(0)?,
        source: row.get(1)?,
        date,
        kind: row.get(3)?,
        amount: row.get(4)?,
        numerator: row.get(5)?,
        denominator: row.get(6)?,
        currency: row.get(7)?,
        left_out: row.get(8)?,
        ingested_at,
        revision: row.get(10)?,
    }))
}

fn coverage_row(row: &Row<'_>) -> rusqlite::Result<Option<CoverageRow>> {
    let [first, last, told_at] = [2, 3, 4].map(|at| row.get::<_, String>(at));
    let (first, last) = (first?.parse(), last?.parse());
    let (Ok(first_date), Ok(last_date), Some(told_at)) =
        (first, last, timestamp::from_text(&told_at?))
    else {
        return Ok(None);
    };
    Ok(Some(CoverageRow {
        asset_id: row.get(0)?,
        source: row.get(1)?,
        first_date,
        last_date,
        told_at,
        revision: row.get(5)?,
    }))
}
