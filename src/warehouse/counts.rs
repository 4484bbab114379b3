//! How many bars the warehouse has.

use std::collections::BTreeMap;

use super::{Warehouse, WarehouseError};

impl Warehouse {
    /// Its rows by asset.
    ///
    /// # Errors
    /// What the server says.
    pub fn count_by_asset(&mut self) -> Result<BTreeMap<String, u64>, WarehouseError> {
        let sql = "SELECT asset_id::text, count(*) FROM price_daily GROUP BY 1";
        let rows = self.query(sql, Vec::new())?.into_iter();
        rows.map(|row| {
            let rows: i64 = row.try_get(1)?;
            Ok((row.try_get(0)?, u64::try_from(rows).unwrap_or(0)))
        })
        .collect()
    }
}
