//! Sends chunks over one connection: retries transient failures, bisects a chunk that contains a bad row.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use anyhow::{Result, bail};

use super::shared::{Load, Run};
use crate::domain::outgoing::PendingRow;
use crate::domain::timestamp::millis;
use crate::warehouse::{Receipt, Refusal, Warehouse, WarehouseError};

/// How often a request is repeated after a repair of the tables or a check of the warehouse's identity.
const MENDINGS: usize = 3;

/// One connection of a run, opened when needed and reopened when lost.
pub(super) struct Sender<'a> {
    pub(super) run: &'a Run<'a>,
    warehouse: Option<Warehouse>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(run: &'a Run<'a>) -> Self {
        Self {
            run,
            warehouse: None,
        }
    }

    /// Connects once, or takes over an idle connection.
    pub(super) fn connect(&mut self) -> Result<(), WarehouseError> {
        if self.warehouse.is_none() {
            let left = self.run.take_connection();
            let connected = left.map_or_else(self.run.access.connect, Ok);
            if matches!(&connected, Err(failure) if failure.is_without_a_connection()) {
                self.run.give_way();
            }
            self.warehouse = Some(connected?);
            self.run.connected.reach();
        }
        Ok(())
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.run.is_stopped()
    }

    /// Leaves the connection for the rest of the run.
    pub(super) fn leave_connection(mut self) {
        self.count_round_trips();
        if let Some(warehouse) = self.warehouse.take() {
            self.run.leave_connection(warehouse);
        }
    }

    /// Asks the warehouse; retries transient failures on a new connection.
    ///
    /// # Errors
    /// The failure of the last try.
    pub(super) fn ask<T>(
        &mut self,
        mut what: impl FnMut(&mut Warehouse) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        let run = self.run;
        run.access.retry.retry(
            || self.ask_once(&mut what),
            |failure| failure.is_transient() && !run.is_stopped(),
            rand::random::<f64>,
            |attempt, failure, wait| {
                run.retries.fetch_add(1, Ordering::Relaxed);
                log::warn!(attempt = attempt + 1, wait_ms = millis(wait); "{failure}; trying again");
                // A stop ends the wait, and then nothing is retried.
                let _ = run.access.stop.wait(wait);
            },
        )
    }

    fn ask_once<T>(
        &mut self,
        what: &mut impl FnMut(&mut Warehouse) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        let result = self.ask_and_mend(what);
        if matches!(&result, Err(failure) if failure.is_transient()) {
            self.hang_up();
        }
        result
    }

    fn ask_and_mend<T>(
        &mut self,
        what: &mut impl FnMut(&mut Warehouse) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        self.connect()?;
        let run = self.run;
        let warehouse = self.warehouse.as_mut().ok_or(WarehouseError::Closed)?;
        for _ in 0..MENDINGS {
            let seen = run.tables_made();
            match what(warehouse) {
                // The tables are checked only after a failure: a check costs as much as a chunk.
                Err(failure)
                    if !failure.is_transient() && run.mend(warehouse, &failure, seen)? => {}
                result => return result,
            }
        }
        what(warehouse)
    }

    fn hang_up(&mut self) {
        self.count_round_trips();
        self.warehouse = None;
    }

    fn count_round_trips(&mut self) {
        if let Some(warehouse) = &mut self.warehouse {
            let done = warehouse.take_round_trips();
            self.run.round_trips.fetch_add(done, Ordering::Relaxed);
        }
    }

    /// Delivers a chunk in one piece, or in as many as it takes to isolate the rejected rows.
    ///
    /// # Errors
    /// Why the run has to stop.
    pub(super) fn deliver(
        &mut self,
        rows: Arc<[PendingRow]>,
        done: &SyncSender<Load>,
    ) -> Result<()> {
        self.deliver_by(rows, done, true)
    }

    /// `by_copy`: parts of a rejected chunk go straight to the statement.
    fn deliver_by(
        &mut self,
        rows: Arc<[PendingRow]>,
        done: &SyncSender<Load>,
        by_copy: bool,
    ) -> Result<()> {
        if self.run.is_stopped() {
            return Ok(());
        }
        let started = Instant::now();
        let seen = self.run.new_assets_sent();
        let mut result = self.send(&rows, by_copy);
        // The table has a foreign key.
        if matches!(&result, Err(failure) if failure.is_missing_reference())
            && self.new_assets_came(seen)?
        {
            result = self.send(&rows, false);
        }
        let failure = match result {
            Ok(receipt) => {
                log::debug!(sent = rows.len(), changed = receipt.written.inserted + receipt.written.updated, elapsed_ms = millis(started.elapsed()); "chunk committed");
                return self.settle(rows, receipt, done);
            }
            Err(failure) => failure,
        };
        if self.run.is_stopped() {
            // The rows may have been rejected for the reason that stopped the run.
            return Ok(());
        }
        match (failure.refusal(), &*rows) {
            (None, _) => Err(failure.into()),
            (Some(refusal), [_, _, ..]) if failure.is_about_two_rows() => {
                self.deliver_first_of_each_key(&rows, &refusal, done)
            }
            (Some(refusal), [row]) => self.run.rejected_rows.refuse(row, refusal),
            (Some(_), _) => {
                let (front, back) = rows.split_at(rows.len() / 2);
                self.deliver_by(front.into(), done, false)?;
                self.deliver_by(back.into(), done, false)
            }
        }
    }

    /// If several rows have the same key in the warehouse though not here, delivers the first of them with all other
    /// rows and rejects the rest: each would replace the one before it.
    fn deliver_first_of_each_key(
        &mut self,
        rows: &Arc<[PendingRow]>,
        refusal: &Refusal,
        done: &SyncSender<Load>,
    ) -> Result<()> {
        let collapsing = self.ask(|warehouse| warehouse.find_collapsing(rows))?;
        let (mut refused, mut others) = (Vec::new(), Vec::new());
        for (place, row) in rows.iter().enumerate() {
            match collapsing.contains(&place) {
                true => refused.push(row),
                false => others.push(row.clone()),
            }
        }
        if refused.is_empty() {
            bail!("{} (SQLSTATE {})", refusal.message, refusal.sqlstate);
        }
        self.deliver_by(others.into(), done, false)?;
        for row in refused {
            self.run.rejected_rows.refuse(row, refusal.clone())?;
        }
        Ok(())
    }

    fn send(&mut self, rows: &Arc<[PendingRow]>, by_copy: bool) -> Result<Receipt, WarehouseError> {
        let expected = self.run.acknowledged();
        self.ask(|warehouse| {
            if by_copy && let Some(receipt) = warehouse.copy_prices(rows, expected.as_ref())? {
                return Ok(receipt);
            }
            warehouse.upsert_prices(rows, expected.as_ref())
        })
    }

    /// The rows are committed and may be acknowledged.
    fn settle(
        &self,
        rows: Arc<[PendingRow]>,
        receipt: Receipt,
        done: &SyncSender<Load>,
    ) -> Result<()> {
        self.run.recognise_table(&receipt.table, &receipt.place)?;
        let Receipt {
            written,
            behind_future: mut except,
            dropped,
            ..
        } = receipt;
        if dropped.len() < rows.len() {
            self.run.rejected_rows.taken()?;
        }
        except.extend(dropped.keys());
        for (at, refusal) in dropped {
            if let Some(row) = rows.get(at) {
                self.run.rejected_rows.refuse(row, refusal)?;
            }
        }
        self.run.add(rows.len(), written);
        let load = Load { rows, except };
        if done.send(load).is_err() {
            // The acknowledging thread has failed and reports why.
            self.run.stop();
        }
        Ok(())
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        self.hang_up();
    }
}
