//! Removes retracted bars from the warehouse after the prices; a bar that cannot be removed waits and is reported.

use anyhow::Result;

use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::output::numbers::counted;
use crate::staging::Scope;

impl Sender<'_> {
    /// Removes what was retracted since the last time, of the named assets if any; returns how many of these bars the
    /// warehouse had. A bar that stays because somebody fetched other values later is a warning: those may be right.
    ///
    /// # Errors
    /// Errors of SQLite, or why none can be removed.
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
                    "{} in the warehouse with different values that were fetched later",
                    counted(stay, "bar retracted here stays", "bars retracted here stay")
                );
            }
        }
        Ok(taken_out)
    }
}
