//! Removes old rows.

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::TransactionBehavior;

use crate::domain::timestamp;
use crate::staging::Staging;

/// Tables that grow for years and from which old rows may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// Rejected rows that no source has sent recently.
    Quarantine,
    Runs,
    /// Values of prices, dividends and splits before they changed.
    History,
}

impl Old {
    fn table_and_condition(self) -> (&'static str, &'static str) {
        match self {
            Self::Quarantine => ("quarantine", "last_seen < ?1"),
            Self::Runs => ("job_run", "started_at < ?1 AND status <> 'running'"),
            Self::History => ("price_revision", "replaced_at < ?1"),
        }
    }

    /// The name of the table.
    #[must_use]
    pub(crate) fn table(self) -> &'static str {
        self.table_and_condition().0
    }
}

impl Staging {
    /// Removes rows older than a time and returns how many; with `commit` false it only counts.
    pub(crate) fn prune(&self, old: Old, before: DateTime<Utc>, commit: bool) -> Result<usize> {
        let (table, condition) = old.table_and_condition();
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = timestamp::to_text(before);
        let mut removed =
            tx.execute(&format!("DELETE FROM {table} WHERE {condition}"), [&before])?;
        if old == Old::History {
            let sql = "DELETE FROM corporate_action_revision WHERE replaced_at < ?1";
            removed += tx.execute(sql, [&before])?;
        }
        if old == Old::Runs && removed > 0 {
            // The results of a run's assets go with the run.
            tx.execute(
                "DELETE FROM asset_run WHERE job_id NOT IN (SELECT job_id FROM job_run)",
                [],
            )?;
        }
        if commit {
            tx.commit()?;
        }
        Ok(removed)
    }
}
