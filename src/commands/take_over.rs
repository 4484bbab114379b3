//! `sync --take-over-assets`: updates rows of the warehouse's `asset_master` that others created to match the assets
//! file.

use anyhow::Result;

use super::context::{connect, located};
use crate::config::Config;
use crate::domain::take_over::{Change, changes};
use crate::output::print;
use crate::staging::{Scope, Staging};
use crate::warehouse::Target;

/// What is taken over.
pub(super) struct TakeOver {
    /// All assets of the scope, even those that already match.
    asset_ids: Vec<String>,
    pub(super) changes: Vec<Change>,
}

impl TakeOver {
    /// Compares the configured assets of the scope; changes nothing.
    ///
    /// # Errors
    /// Errors of the staging file or the warehouse.
    pub(super) fn of(
        staging: &Staging,
        target: &Target,
        scope: &Scope,
        config: &Config,
    ) -> Result<Self> {
        let mut configured = staging.configured_assets()?;
        if !scope.assets.is_empty() {
            configured.retain(|row| scope.assets.iter().any(|id| id.as_str() == row.asset_id));
        }
        let ids = configured.iter().map(|row| row.asset_id.clone()).collect();
        let found = connect(target, config)?.owners_rows(ids);
        let found = found.map_err(|failure| located(failure.into(), target))?;
        let here = |id: &str| configured.iter().find(|row| row.asset_id == id);
        let changes = found
            .iter()
            .filter_map(|there| Some(changes(there, here(&there.asset_id)?)));
        Ok(Self {
            changes: changes.flatten().collect(),
            asset_ids: found.into_iter().map(|row| row.asset_id).collect(),
        })
    }

    /// Reports the changes and lets the following sync make them.
    ///
    /// # Errors
    /// Errors of SQLite.
    pub(super) fn begin(&self, staging: &Staging) -> Result<()> {
        self.changes.iter().for_each(log_change);
        staging.take_assets_over(&self.asset_ids)
    }
}

pub(super) fn log_change(change: &Change) {
    let there = change.there.as_deref().unwrap_or("NULL");
    log::info!(asset = change.asset_id; "asset_master.{}: {there} becomes {}", change.column, change.here);
}

/// The changes as a table for people; empty if there are none.
///
/// # Errors
/// If a value cannot be printed.
pub(super) fn changes_table(changes: &[Change]) -> Result<String> {
    match changes.is_empty() {
        true => Ok(String::new()),
        false => print::table(changes, &["asset_id", "column", "there", "here"]),
    }
}
