//! For `doctor`: the texts that a sync will send, as far as a column of the warehouse may refuse them.

use anyhow::Result;

use crate::domain::outgoing::OutgoingTexts;
use crate::staging::Staging;
use crate::staging::bar_row::shown;

impl Staging {
    /// The texts of all staged rows, assets and runs, and whether an asset is pending or none was staged yet.
    pub(crate) fn outgoing_texts(&self) -> Result<OutgoingTexts> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(include_str!("texts.sql"))?;
        let texts =
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, shown(r.get_ref(2)?))))?;
        let waits =
            "SELECT NOT EXISTS (SELECT 1 FROM asset_master WHERE revision = synced_revision)
                OR EXISTS (SELECT 1 FROM asset_master WHERE revision <> synced_revision)";
        Ok(OutgoingTexts {
            texts: texts.collect::<rusqlite::Result<_>>()?,
            assets_wait: connection.query_row(waits, [], |r| r.get(0))?,
        })
    }
}
