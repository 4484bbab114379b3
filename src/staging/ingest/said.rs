//! What each source says about an asset besides its prices.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use crate::domain::answer::Said;
use crate::domain::timestamp;
use crate::staging::Staging;

/// Keeps what a source said if it is new. What it omits this time stays as said before.
pub(super) fn remember(
    connection: &Connection,
    asset: &str,
    source: &str,
    said: &Said,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    if *said == Said::default() {
        return Ok(());
    }
    let Said {
        currency,
        zone,
        exchange,
    } = said;
    connection
        .prepare_cached(include_str!("remember_said.sql"))?
        .execute(params![
            asset,
            source,
            currency,
            zone,
            exchange,
            timestamp::to_text(now)
        ])?;
    Ok(())
}

impl Staging {
    /// Keeps what a source said in an answer of which nothing is staged.
    pub(crate) fn remember_said(
        &self,
        asset: &str,
        source: &str,
        said: &Said,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let connection = self.connection()?;
        Ok(remember(&connection, asset, source, said, now)?)
    }

    /// What the sources said last, by asset and source.
    pub(crate) fn said(&self) -> Result<HashMap<(String, String), Said>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare_cached("SELECT asset_id, source, currency, zone, exchange FROM source_said")?;
        let rows = statement.query_map([], |r| {
            let said = Said {
                currency: r.get(2)?,
                zone: r.get(3)?,
                exchange: r.get(4)?,
            };
            Ok(((r.get(0)?, r.get(1)?), said))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
