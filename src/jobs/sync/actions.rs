//! Sends dividends and splits after the prices, which must not wait for them; errors are only warnings.

use anyhow::Result;

use super::apart::send_apart;
use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::domain::outgoing::{ActionRow, CoverageRow};

impl Sender<'_> {
    /// Sends the actions that the warehouse lacks or has in another form, then the days for which all actions are
    /// known.
    ///
    /// # Errors
    /// Errors of SQLite, or why none can be written.
    pub(super) fn send_actions(&mut self) -> Result<()> {
        for actions in self.run.staging.pending_actions()?.chunks(CHUNK_OF_RECORDS) {
            self.deliver_actions(actions)?;
        }
        let coverage = self.run.staging.pending_coverage()?;
        for coverage in coverage.chunks(CHUNK_OF_RECORDS) {
            self.deliver_coverage(coverage)?;
        }
        Ok(())
    }

    fn deliver_actions(&mut self, actions: &[ActionRow]) -> Result<()> {
        let run = self.run;
        let expected = run.database();
        send_apart(
            actions,
            &mut |actions| match self.ask(|w| w.upsert_actions(actions, expected.as_deref())) {
                Ok(warehouse) => {
                    run.recognise(&warehouse)?;
                    run.staging.acknowledge_actions(actions).map(Ok)
                }
                Err(failure) => Ok(Err(failure)),
            },
            &mut |refused, failure| {
                log::warn!(asset = refused.asset_id; "the warehouse refuses its {} of {}: {failure}", refused.kind, refused.date);
                Ok(())
            },
        )
    }

    fn deliver_coverage(&mut self, coverage: &[CoverageRow]) -> Result<()> {
        let run = self.run;
        let expected = run.database();
        send_apart(
            coverage,
            &mut |coverage| match self.ask(|w| w.upsert_coverage(coverage, expected.as_deref())) {
                Ok(warehouse) => {
                    run.recognise(&warehouse)?;
                    run.staging.acknowledge_coverage(coverage).map(Ok)
                }
                Err(failure) => Ok(Err(failure)),
            },
            &mut |refused, failure| {
                log::warn!(asset = refused.asset_id; "the warehouse refuses the days covered by its dividends and splits: {failure}");
                Ok(())
            },
        )
    }
}
