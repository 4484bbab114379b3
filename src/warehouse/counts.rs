//! How many bars the warehouse has.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Warehouse;

impl Warehouse {
    /// Its rows by asset.
    ///
    /// # Errors
    /// What the server says.
    pub fn count_by_asset(&mut self) -> Result<BTreeMap<String, u64>> {
        let rows = self
            .client
            .query(
                "SELECT asset_id::text, count(*) FROM price_daily GROUP BY 1",
                &[],
            )
            .context("the warehouse's prices cannot be counted")?;
        Ok(rows
            .iter()
            .map(|r| (r.get(0), u64::try_from(r.get::<_, i64>(1)).unwrap_or(0)))
            .collect())
    }
}
