//! `sync`: sends pending rows to the warehouse chunk by chunk and acknowledges each chunk after its commit.
//!
//! - `shared`: what the threads of one run share
//! - `pipeline`: reads, sends and acknowledges at the same time
//! - `assets`, `actions`, `runs`: send what accompanies the bars; `apart` splits off refused records
//! - `retractions`: removes retracted bars
//! - `sender`: one connection: retries transient failures, bisects a chunk that contains a bad row
//! - `rejected_rows`: records rows that the warehouse rejects

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::acknowledgement::{Acknowledged, FoundTable, Standing};
use crate::domain::run::Status;
use crate::domain::timestamp::millis;
use crate::process::stop::Stopped;
use crate::staging::{Scope, Staging};
use crate::warehouse::WarehouseError;

mod actions;
mod apart;
mod assets;
mod pipeline;
mod rejected_rows;
mod retractions;
mod runs;
mod sender;
mod shared;

use sender::Sender;
use shared::Run;
pub(crate) use shared::{Options, WarehouseAccess};

/// The result of a sync. The fields are the columns of the result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) sent: u64,
    /// Rows that the warehouse did not have.
    pub(crate) inserted: u64,
    /// Rows that it had with an older or equal ingest time.
    pub(crate) updated: u64,
    /// Of those, rows that it had with the same values.
    pub(crate) unchanged: u64,
    /// Rows that are newer in the warehouse.
    pub(crate) skipped_older: u64,
    /// Of those, rows whose ingest time in the warehouse is in the future.
    pub(crate) skipped_future: u64,
    /// Rows in `sync_reject`.
    pub(crate) rejected: u64,
    /// Rows removed because their bars were retracted.
    pub(crate) retracted: u64,
    /// Why retracted bars could not be removed.
    #[serde(skip)]
    pub(crate) not_retracted: Option<String>,
    /// The assets that the warehouse refuses, with its message.
    #[serde(skip)]
    pub(crate) refused_assets: Vec<(String, String)>,
    pub(crate) pending: u64,
    /// Committed statements with bars, one per chunk.
    pub(crate) chunks: u64,
    /// Failed tries that were retried.
    pub(crate) retries: u64,
    /// Statements of any kind sent to the warehouse.
    pub(crate) round_trips: u64,
    /// Milliseconds.
    pub(crate) elapsed_ms: u64,
}

impl Outcome {
    /// The status of the run: partial if rows or assets are refused, rows were skipped because of a wrong clock, or
    /// retracted bars remain.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        let is_whole = self.rejected == 0
            && self.skipped_future == 0
            && self.not_retracted.is_none()
            && self.refused_assets.is_empty();
        match is_whole {
            true => Status::Success,
            false => Status::PartialFailure,
        }
    }
}

/// A sync in progress: [`WarehouseSync::send`], then [`WarehouseSync::send_runs`] after the run itself has ended.
pub(crate) struct WarehouseSync<'a> {
    run: Run<'a>,
    started: Instant,
}

impl<'a> WarehouseSync<'a> {
    /// Starts a sync; `progress` receives the number of rows sent.
    pub(crate) fn new(
        staging: &'a Staging,
        access: &'a WarehouseAccess<'a>,
        now: fn() -> DateTime<Utc>,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        Ok(Self {
            run: Run::new(staging, access, now, progress)?,
            started: Instant::now(),
        })
    }

    /// Sends what is pending: assets, bars, dividends and splits, and finally retractions. If the table that held the
    /// acknowledged rows has lost them, everything is sent again.
    ///
    /// # Errors
    /// Errors of staging or the warehouse, or [`Stopped`]; what was committed before is acknowledged, the rest stays
    /// pending.
    pub(crate) fn send(&self, options: &Options) -> Result<Outcome> {
        let mut sent = self.send_pending(options, options.scope.full);
        let mut times = 1;
        while times < MOST_BEGINNINGS && self.may_send_again(&sent)? {
            times += 1;
            self.run.go_on();
            sent = self.send_pending(options, false);
        }
        sent?;
        if self.run.access.stop.is_set() {
            return Err(Stopped.into());
        }
        self.send_actions();
        let retracted = self.send_retractions(&options.scope);
        let mut outcome = self.outcome()?;
        match retracted {
            Ok(taken_out) => outcome.retracted = taken_out,
            Err(error) => outcome.not_retracted = Some(format!("{error:#}")),
        }
        Ok(outcome)
    }

    /// Removes retracted bars.
    fn send_retractions(&self, scope: &Scope) -> Result<u64> {
        let mut sender = Sender::new(&self.run);
        let taken_out = sender.send_retractions(scope);
        sender.leave_connection();
        taken_out
    }

    /// Sends dividends and splits. Errors such as a missing privilege are warnings: the prices are already sent.
    fn send_actions(&self) {
        let mut sender = Sender::new(&self.run);
        if let Err(error) = sender.send_actions() {
            log::warn!(
                "some dividends and splits were not sent; the next sync sends them: {error:#}"
            );
        }
        sender.leave_connection();
    }

    fn send_pending(&self, options: &Options, is_anew: bool) -> Result<()> {
        pipeline::send(&self.run, options, |sender| {
            if !is_anew {
                return Ok(());
            }
            let found = find_table(sender, None)?;
            self.run.begin_anew(&options.scope, &found)
        })
    }

    /// Whether to send everything again: the table that answered is not the one that has the acknowledged rows, or has
    /// lost them, and sending again is harmless. Then nothing counts as acknowledged any more. If nothing was pending,
    /// no statement with bars has checked this yet.
    ///
    /// # Errors
    /// [`WarehouseError::Elsewhere`] if it is not harmless, or errors of staging or the warehouse.
    fn may_send_again(&self, sent: &Result<()>) -> Result<bool> {
        let is_elsewhere = matches!(sent, Err(error)
            if matches!(error.downcast_ref(), Some(WarehouseError::Elsewhere { .. })));
        let is_stopped = self.run.access.stop.is_set();
        let has_not_looked = sent.is_ok() && self.run.sent().chunks == 0 && !is_stopped;
        let Some(known) = self
            .run
            .acknowledged()
            .filter(|_| is_elsewhere || has_not_looked)
        else {
            return Ok(false);
        };
        let mut sender = Sender::new(&self.run);
        let found = find_table(&mut sender, Some(&known))?;
        sender.leave_connection();
        match known.standing(&found) {
            // If it was another table a moment ago, another sync has sent everything meanwhile.
            Standing::Holds => Ok(is_elsewhere),
            Standing::Elsewhere => Err(WarehouseError::Elsewhere {
                expected: known.database,
                found: found.table.database,
            }
            .into()),
            Standing::SendAgain => {
                log::warn!(
                    "the rows sent before are not in the table price_daily of DATABASE_URL ({}); sending all of them again",
                    found.place
                );
                self.run.begin_anew(&Scope::default(), &found)?;
                Ok(true)
            }
        }
    }

    /// Sends the runs that the warehouse lacks or has in another form, and adds the effort to the outcome. Errors are
    /// warnings: everything else is already sent.
    pub(crate) fn send_runs(&self, outcome: &mut Outcome) {
        let mut sender = Sender::new(&self.run);
        if let Err(error) = sender.send_runs() {
            log::warn!("some records of runs were not sent; the next sync sends them: {error:#}");
        }
        sender.leave_connection();
        self.count_tries(outcome);
    }

    fn count_tries(&self, outcome: &mut Outcome) {
        outcome.retries = self.run.retries.load(Ordering::Relaxed);
        outcome.round_trips = self.run.round_trips.load(Ordering::Relaxed);
        outcome.elapsed_ms = millis(self.started.elapsed());
    }

    fn outcome(&self) -> Result<Outcome> {
        let sent = self.run.sent();
        let staging = self.run.staging;
        let mut outcome = Outcome {
            sent: sent.rows,
            inserted: sent.written.inserted,
            updated: sent.written.updated,
            unchanged: sent.written.unchanged,
            skipped_older: sent.written.skipped_older,
            skipped_future: sent.written.skipped_future,
            rejected: staging.count_sync_rejects()?,
            refused_assets: staging.refused_assets()?,
            pending: staging.count_pending(&Scope::default())?,
            chunks: sent.chunks,
            ..Outcome::default()
        };
        self.count_tries(&mut outcome);
        Ok(outcome)
    }
}

/// How often a run may start over: once if the table has changed, and once more if it changes meanwhile.
const MOST_BEGINNINGS: u32 = 3;

/// The table for the bars, created if it is missing.
fn find_table(sender: &mut Sender<'_>, known: Option<&Acknowledged>) -> Result<FoundTable> {
    Ok(sender.ask(|warehouse| warehouse.find_table(known))?)
}
