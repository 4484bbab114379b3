//! Which warehouse the rows were acknowledged to, and that it begins anew with another one.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::domain::timestamp;
use crate::staging::{Scope, Staging};

impl Staging {
    /// The warehouse that has what was acknowledged; `None` as long as nothing was.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn recognised_warehouse(&self) -> Result<Option<String>> {
        let connection = self.connection()?;
        let identity: Option<String> = connection
            .query_row("SELECT identity FROM warehouse", [], |r| r.get(0))
            .optional()?;
        // The small tables first: where no bar was ever sent, all of them would be looked at.
        let any_sent = "SELECT EXISTS (SELECT 1 FROM asset_master WHERE synced_revision > 0)
                OR EXISTS (SELECT 1 FROM job_run WHERE synced_revision > 0)
                OR EXISTS (SELECT 1 FROM price_daily WHERE synced_revision > 0)";
        match identity {
            Some(_) if connection.query_row(any_sent, [], |r| r.get(0))? => Ok(identity),
            _ => Ok(None),
        }
    }

    /// Notes which warehouse took rows, before the first of them is acknowledged.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn recognise_warehouse(&self, identity: &str, now: DateTime<Utc>) -> Result<()> {
        self.connection()?.execute(
            "INSERT INTO warehouse (only_row, identity, recognised_at) VALUES (1, ?1, ?2)
             ON CONFLICT (only_row) DO UPDATE SET identity = excluded.identity, recognised_at = excluded.recognised_at
             WHERE warehouse.identity <> excluded.identity",
            params![identity, timestamp::to_text(now)],
        )?;
        Ok(())
    }

    /// Lets every row of the scope, every asset and every run be pending again, refused ones too: this warehouse is to get all of
    /// them. Where the rows were acknowledged to another one, those outside the scope become pending as well.
    ///
    /// One transaction, so that a crash leaves either the old acknowledgements or none.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn begin_anew(&self, scope: &Scope, identity: &str, now: DateTime<Utc>) -> Result<()> {
        let known = self.recognised_warehouse()?;
        let is_another = known.is_some_and(|known| known != identity);
        let assets = if is_another {
            None
        } else {
            scope.assets_json()
        };
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        forget(&tx, assets.as_deref())?;
        tx.execute(
            "INSERT OR REPLACE INTO warehouse (only_row, identity, recognised_at) VALUES (1, ?1, ?2)",
            params![identity, timestamp::to_text(now)],
        )?;
        Ok(tx.commit()?)
    }
}

fn forget(tx: &Transaction<'_>, assets: Option<&str>) -> rusqlite::Result<()> {
    // -1, because another program may have written 0 as a revision.
    tx.execute(
        "UPDATE OR ROLLBACK price_daily SET synced_revision = CASE revision WHEN 0 THEN -1 ELSE 0 END
         WHERE revision = synced_revision AND (?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1)))",
        [assets],
    )?;
    tx.execute(
        "DELETE FROM sync_reject WHERE ?1 IS NULL OR asset_id IN (SELECT value FROM json_each(?1))",
        [assets],
    )?;
    tx.execute("UPDATE asset_master SET synced_revision = 0", [])?;
    tx.execute("UPDATE job_run SET synced_revision = 0", [])?;
    Ok(())
}
