//! Assets and runs into the warehouse, so that a dashboard sees them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use postgres::types::Type;

use super::Warehouse;
use crate::staging::{AssetRow, JobRunRow};

impl Warehouse {
    /// Writes assets as they are configured.
    ///
    /// # Errors
    /// What the server says.
    pub fn upsert_assets(&mut self, rows: &[AssetRow]) -> Result<()> {
        let text = |field: fn(&AssetRow) -> &String| rows.iter().map(field).collect::<Vec<_>>();
        let active: Vec<bool> = rows.iter().map(|r| r.is_active).collect();
        self.client
            .query_typed(
                include_str!("upsert_assets.sql"),
                &[
                    (&text(|r| &r.asset_id), Type::TEXT_ARRAY),
                    (&text(|r| &r.name), Type::TEXT_ARRAY),
                    (&text(|r| &r.category), Type::TEXT_ARRAY),
                    (&text(|r| &r.source_priority), Type::TEXT_ARRAY),
                    (&active, Type::BOOL_ARRAY),
                ],
            )
            .context("the warehouse did not take the assets")?;
        Ok(())
    }

    /// Writes runs as they are.
    ///
    /// # Errors
    /// What the server says.
    pub fn upsert_runs(&mut self, rows: &[JobRunRow]) -> Result<()> {
        let ids: Vec<_> = rows.iter().map(|r| r.job_id).collect();
        let names: Vec<_> = rows.iter().map(|r| &r.job_name).collect();
        let started: Vec<_> = rows.iter().map(|r| r.started_at).collect();
        let ended: Vec<_> = rows.iter().map(|r| r.ended_at).collect();
        let statuses: Vec<_> = rows.iter().map(|r| &r.status).collect();
        let errors: Vec<_> = rows.iter().map(|r| &r.error_message).collect();
        self.client
            .query_typed(
                include_str!("upsert_runs.sql"),
                &[
                    (&ids, Type::UUID_ARRAY),
                    (&names, Type::TEXT_ARRAY),
                    (&started, Type::TIMESTAMPTZ_ARRAY),
                    (&ended, Type::TIMESTAMPTZ_ARRAY),
                    (&statuses, Type::TEXT_ARRAY),
                    (&errors, Type::TEXT_ARRAY),
                ],
            )
            .context("the warehouse did not take the job runs")?;
        Ok(())
    }
}

impl Warehouse {
    /// The newest day of each asset and source, up to `until` if it is given.
    ///
    /// # Errors
    /// What the server says.
    pub fn newest_bars(
        &mut self,
        until: Option<NaiveDate>,
    ) -> Result<HashMap<(String, String), NaiveDate>> {
        let rows = self
            .client
            .query_typed(include_str!("newest.sql"), &[(&until, Type::DATE)])
            .context("the warehouse does not tell its newest prices")?;
        Ok(rows
            .iter()
            .map(|r| ((r.get(0), r.get(1)), r.get(2)))
            .collect())
    }
}
