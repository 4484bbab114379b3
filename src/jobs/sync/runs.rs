//! Sends the runs, after everything else: a dashboard shows them. No prices wait for them, so that a run that cannot be written
//! is a warning.

use anyhow::Result;

use super::apart::send_apart;
use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::domain::outgoing::OutgoingRun;

impl Sender<'_> {
    /// Sends the runs that the warehouse does not have as they are.
    ///
    /// # Errors
    /// What SQLite says, or why no run can be written.
    pub(super) fn send_runs(&mut self) -> Result<()> {
        let pending = self.run.staging.pending_runs()?;
        for why in pending.unreadable {
            log::warn!("a run's record is not sent: {why}");
        }
        for runs in pending.runs.chunks(CHUNK_OF_RECORDS) {
            self.deliver_runs(runs)?;
        }
        Ok(())
    }

    fn deliver_runs(&mut self, runs: &[OutgoingRun]) -> Result<()> {
        let run = self.run;
        let expected = run.database();
        send_apart(
            runs,
            &mut |runs| match self.ask(|w| w.upsert_runs(runs, expected.as_deref())) {
                Ok(warehouse) => {
                    run.recognise(&warehouse)?;
                    run.staging.acknowledge_runs(runs).map(Ok)
                }
                Err(failure) => Ok(Err(failure)),
            },
            &mut |refused, failure| {
                log::warn!(
                    "the warehouse refuses the record of the run {}, {}: {failure}",
                    refused.job_id,
                    refused.run
                );
                Ok(())
            },
        )
    }
}
