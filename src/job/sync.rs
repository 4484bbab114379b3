//! `sync`: what is pending goes to the warehouse, chunk by chunk, and is acknowledged after each commit.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::job_run::Status;
use crate::staging::{PendingRow, Scope, Staging};
use crate::timestamp::millis;
use crate::warehouse::{Warehouse, Written};

/// How `sync` runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Rows in one statement and one transaction.
    pub chunk_size: u32,
    /// Which rows.
    pub scope: Scope,
}

/// What a sync did. The fields are the columns of the result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Rows sent.
    pub sent: u64,
    /// Rows that the warehouse did not have.
    pub inserted: u64,
    /// Rows that it had with an older or the same ingest time.
    pub updated: u64,
    /// Rows that are newer in the warehouse.
    pub skipped_older: u64,
    /// Of those, rows whose ingest time in the warehouse lies in the future.
    pub skipped_future: u64,
    /// Rows that stay in `sync_reject`.
    pub rejected: u64,
    /// Rows that are still pending.
    pub pending: u64,
    /// Statements, one a chunk.
    pub chunks: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

impl Outcome {
    /// The run's status: partial while rows are refused, or skipped for a clock that was wrong.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.rejected > 0 || self.skipped_future > 0 {
            Status::PartialFailure
        } else {
            Status::Success
        }
    }
}

/// Sends what is pending: assets, then bars. The run itself follows with [`send_runs`], when it has ended.
///
/// # Errors
/// What staging or the warehouse says; what was committed until then is acknowledged, the rest stays pending.
pub fn run(
    staging: &Staging,
    warehouse: &mut Warehouse,
    options: &Options,
    now: fn() -> DateTime<Utc>,
) -> Result<Outcome> {
    let started = Instant::now();
    for created in warehouse.ensure_tables()? {
        log::info!(table = created; "created in the warehouse");
    }
    if options.scope.full {
        staging.forget_synced_assets_and_runs()?;
    }
    for assets in staging.pending_assets()?.chunks(CHUNK_OF_RECORDS) {
        // Before the prices: a table may have a foreign key.
        warehouse.upsert_assets(assets)?;
        staging.acknowledge_assets(assets)?;
    }
    let (written, sent, chunks) = send_prices(staging, warehouse, options, now)?;
    Ok(Outcome {
        sent,
        inserted: written.inserted,
        updated: written.updated,
        skipped_older: written.skipped_older,
        skipped_future: written.skipped_future,
        rejected: staging.count_sync_rejects()?,
        pending: staging.count_pending(&Scope::default())?,
        chunks,
        elapsed_ms: millis(started.elapsed()),
    })
}

/// Sends the runs that the warehouse does not have as they are.
///
/// # Errors
/// What staging or the warehouse says.
pub fn send_runs(staging: &Staging, warehouse: &mut Warehouse) -> Result<()> {
    for runs in staging.pending_runs()?.chunks(CHUNK_OF_RECORDS) {
        warehouse.upsert_runs(runs)?;
        staging.acknowledge_runs(runs)?;
    }
    Ok(())
}

/// Assets and runs go in chunks too, so that a statement stays small.
const CHUNK_OF_RECORDS: usize = 1000;

/// Reads, sends and acknowledges at the same time: while the warehouse takes one chunk, the next one is read and the
/// one before is acknowledged. At most four chunks are in memory, whatever the number of rows.
fn send_prices(
    staging: &Staging,
    warehouse: &mut Warehouse,
    options: &Options,
    now: fn() -> DateTime<Utc>,
) -> Result<(Written, u64, u64)> {
    thread::scope(|scope| {
        let (to_send, chunks) = sync_channel(1);
        let (to_acknowledge, sent) = sync_channel(1);
        let reader = scope.spawn(move || read_chunks(staging, options, &to_send, now));
        let acknowledger = scope.spawn(move || acknowledge_chunks(staging, &sent));
        let result = send_chunks(warehouse, chunks, to_acknowledge);
        // The first cause is the one to tell: a stopped sender stops the others.
        let acknowledged = acknowledger
            .join()
            .map_err(|_| anyhow!("the acknowledging thread panicked"))?;
        let read = reader
            .join()
            .map_err(|_| anyhow!("the reading thread panicked"))?;
        let result = result?;
        acknowledged?;
        read?;
        Ok(result)
    })
}

fn read_chunks(
    staging: &Staging,
    options: &Options,
    to_send: &SyncSender<Vec<PendingRow>>,
    now: fn() -> DateTime<Utc>,
) -> Result<()> {
    let mut pending = staging.pending(&options.scope)?;
    loop {
        let (rows, unreadable) = pending.next_chunk(options.chunk_size)?;
        let count = rows.len() + unreadable.len();
        if !unreadable.is_empty() {
            staging.reject_unreadable(&unreadable, now())?;
            log::error!(rows = unreadable.len(); "rows in staging that are no bars were put into sync_reject");
        }
        let is_last = u32::try_from(count).is_ok_and(|n| n < options.chunk_size);
        if (!rows.is_empty() && to_send.send(rows).is_err()) || is_last {
            return Ok(());
        }
    }
}

fn send_chunks(
    warehouse: &mut Warehouse,
    chunks: Receiver<Vec<PendingRow>>,
    to_acknowledge: SyncSender<Vec<PendingRow>>,
) -> Result<(Written, u64, u64)> {
    let (mut total, mut sent, mut count) = (Written::default(), 0, 0);
    for rows in chunks {
        let started = Instant::now();
        let written = warehouse.upsert_prices(&rows)?;
        let changed = written.inserted + written.updated;
        log::debug!(sent = rows.len(), changed = changed, elapsed_ms = millis(started.elapsed()); "chunk committed");
        total += written;
        sent += rows.len() as u64;
        count += 1;
        if to_acknowledge.send(rows).is_err() {
            break;
        }
    }
    Ok((total, sent, count))
}

/// Only what was committed comes here.
fn acknowledge_chunks(staging: &Staging, sent: &Receiver<Vec<PendingRow>>) -> Result<()> {
    while let Ok(rows) = sent.recv() {
        staging.acknowledge(&rows)?;
    }
    Ok(())
}
