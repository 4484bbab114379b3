//! Takes bars out of the warehouse that the owner took back, after the prices: what cannot be taken out waits, and is said.

use anyhow::Result;

use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::output::numbers::counted;
use crate::staging::Scope;

impl Sender<'_> {
    /// Takes out what was taken back since the last time, of these assets where some are named; returns how many bars the warehouse
    /// had of it. That one stays with other values, which somebody fetched later, is a warning: those may be right.
    ///
    /// # Errors
    /// What SQLite says, or why none can be taken out.
    pub(super) fn send_retractions(&mut self, scope: &Scope) -> Result<u64> {
        let run = self.run;
        let mut taken_out = 0;
        let mut retracted = run.staging.pending_retractions()?;
        retracted.retain(|row| scope.has(&row.asset_id));
        for rows in retracted.chunks(CHUNK_OF_RECORDS) {
            let expected = run.database();
            let (warehouse, [gone, stay]) =
                self.ask(|w| w.delete_retracted(rows, expected.as_deref()))?;
            run.recognise(&warehouse)?;
            run.staging.acknowledge_retractions(rows, (run.now)())?;
            taken_out += gone;
            if stay > 0 {
                log::warn!(
                    "{} in the warehouse with other values that were fetched later",
                    counted(
                        stay,
                        "bar that was taken back here stays",
                        "bars that were taken back here stay"
                    )
                );
            }
        }
        Ok(taken_out)
    }
}
