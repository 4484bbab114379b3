//! Whole series out of staging: the newest bar of each asset, the closes of an asset's sources.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::params;

use crate::domain::asset::AssetId;
use crate::staging::Staging;

impl Staging {
    /// The newest day of each asset and source, up to `until` if it is given, and whether its bar is final.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn newest_bars(
        &self,
        until: Option<NaiveDate>,
    ) -> Result<HashMap<(String, String), (NaiveDate, bool)>> {
        let connection = self.connection()?;
        // SQLite takes is_final from the row that has the maximum.
        let mut statement = connection.prepare(
            "SELECT asset_id, source, max(date), is_final FROM price_daily
             WHERE ?1 IS NULL OR date <= ?1 GROUP BY asset_id, source",
        )?;
        let mut rows = statement.query(params![until.map(|d| d.to_string())])?;
        let mut newest = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Ok(date) = row.get::<_, String>(2)?.parse() {
                newest.insert((row.get(0)?, row.get(1)?), (date, row.get(3)?));
            }
        }
        Ok(newest)
    }

    /// Whether any bar of an asset is stored.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_bars(&self, asset: &AssetId) -> Result<bool> {
        let any = "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1)";
        Ok(self
            .connection()?
            .query_row(any, [asset.as_str()], |r| r.get(0))?)
    }

    /// The closes of an asset by source and day.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn closes(&self, asset: &AssetId) -> Result<HashMap<String, BTreeMap<NaiveDate, f64>>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT source, date, close FROM price_daily WHERE asset_id = ?1")?;
        let mut rows = statement.query(params![asset.as_str()])?;
        let mut closes: HashMap<String, BTreeMap<NaiveDate, f64>> = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Ok(date) = row.get::<_, String>(1)?.parse() {
                closes
                    .entry(row.get(0)?)
                    .or_default()
                    .insert(date, row.get(2)?);
            }
        }
        Ok(closes)
    }
}
