//! Sends the records of runs last, for dashboards. Prices must not wait for them, so a record that cannot be written is
//! only a warning.

use anyhow::Result;

use super::apart::send_apart;
use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::domain::outgoing::OutgoingRun;

impl Sender<'_> {
    /// Sends the runs that the warehouse lacks or has in another form.
    ///
    /// # Errors
    /// Errors of SQLite, or why no run can be written.
    pub(super) fn send_runs(&mut self) -> Result<()> {
        let pending = self.run.staging.pending_runs()?;
        for why in pending.unreadable {
            log::warn!("the record of a run was not sent: {why}");
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
