//! What `verify` reads of the staging file, and the rows that it makes pending again.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate};
use rusqlite::{Row, TransactionBehavior, params};

use crate::domain::checksum::{Checksum, Month, RowValues, Summing, month_of};
use crate::domain::timestamp;
use crate::staging::Staging;

/// A staged bar of a month, as the warehouse should have it.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedBar {
    /// The session's day.
    pub date: NaiveDate,
    /// Its values.
    pub values: RowValues,
    /// Whether it waits for the next sync.
    pub is_pending: bool,
}

const COLUMNS_OF_ASSET: &str =
    "SELECT source, date, open, high, low, close, volume, ingested_at, revision <> synced_revision
    FROM price_daily WHERE asset_id = ?1 ORDER BY date, source";
const COLUMNS_OF_MONTH: &str =
    "SELECT source, date, open, high, low, close, volume, ingested_at, revision <> synced_revision
    FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4 ORDER BY date";

impl Staging {
    /// Every asset with bars, in order.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn asset_ids(&self) -> Result<Vec<String>> {
        // From one asset to the next by the key, without reading the bars.
        let sql = "WITH RECURSIVE asset (id) AS (
                SELECT min(asset_id) FROM price_daily
                UNION ALL
                SELECT (SELECT min(asset_id) FROM price_daily WHERE asset_id > id) FROM asset WHERE id IS NOT NULL
            )
            SELECT id FROM asset WHERE id IS NOT NULL";
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql)?;
        let ids = statement.query_map([], |r| r.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// The checksums of every month of an asset, by source and [`Month::number`].
    ///
    /// # Errors
    /// What SQLite says.
    pub fn checksums(&self, asset_id: &str) -> Result<HashMap<(String, i32), Checksum>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(COLUMNS_OF_ASSET)?;
        let mut rows = statement.query([asset_id])?;
        let mut sums: HashMap<i32, Vec<(String, Summing)>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let bar = read(row)?;
            let source = row.get_ref(0)?.as_str()?;
            let of_month = sums.entry(month_of(bar.date)).or_default();
            let at = match of_month.iter().position(|(s, _)| s == source) {
                Some(at) => at,
                None => {
                    of_month.push((source.to_owned(), Summing::default()));
                    of_month.len() - 1
                }
            };
            if let Some((_, sum)) = of_month.get_mut(at) {
                sum.add(bar.date, &bar.values);
            }
        }
        let months = sums.into_iter();
        Ok(months
            .flat_map(|(month, sums)| {
                sums.into_iter()
                    .map(move |(s, sum)| ((s, month), sum.finish()))
            })
            .collect())
    }

    /// The bars of a month, in the order of their days.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn bars_of_month(&self, month: &Month) -> Result<Vec<StagedBar>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(COLUMNS_OF_MONTH)?;
        let (year, number) = (month.number.div_euclid(12), month.number.rem_euclid(12) + 1);
        let [first, last] = ["01", "31"].map(|day| format!("{year:04}-{number:02}-{day}"));
        let bars = statement.query_map(params![month.asset_id, month.source, first, last], read)?;
        Ok(bars.collect::<rusqlite::Result<_>>()?)
    }

    /// Lets bars be pending again. Returns how many were not.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn make_pending(&self, bars: &[(String, NaiveDate, String)]) -> Result<usize> {
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

/// A row of the columns above. What can be read as no day or no time is no bar, and as such never equal.
fn read(row: &Row<'_>) -> rusqlite::Result<StagedBar> {
    let date = row.get_ref(1)?.as_str().unwrap_or_default();
    let ingested_at = row.get_ref(7)?.as_str().unwrap_or_default();
    Ok(StagedBar {
        date: timestamp::day_from_text(date).unwrap_or(NaiveDate::MIN),
        values: RowValues {
            prices: [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?],
            volume: row.get::<_, Option<i64>>(6)?.unwrap_or(0),
            ingested_at: timestamp::from_text(ingested_at).unwrap_or(DateTime::UNIX_EPOCH),
        },
        is_pending: row.get(8)?,
    })
}
