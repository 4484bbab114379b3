//! Takes bars out of the warehouse that the owner took back, after the prices: what cannot be taken out waits, and is said.

use anyhow::Result;

use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;

impl Sender<'_> {
    /// Takes out what was taken back since the last time; returns how many bars the warehouse had of it.
    ///
    /// # Errors
    /// What SQLite says, or why none can be taken out.
    pub(super) fn send_retractions(&mut self) -> Result<u64> {
        let run = self.run;
        let mut taken_out = 0;
        let retracted = run.staging.pending_retractions()?;
        for rows in retracted.chunks(CHUNK_OF_RECORDS) {
            let expected = run.database();
            let (warehouse, gone) = self.ask(|w| w.delete_retracted(rows, expected.as_deref()))?;
            run.recognise(&warehouse)?;
            run.staging.acknowledge_retractions(rows, (run.now)())?;
            taken_out += gone;
        }
        Ok(taken_out)
    }
}
