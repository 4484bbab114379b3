//! `sync`: what is pending goes to the warehouse, chunk by chunk, and is acknowledged after each commit.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
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
/// `connect` opens a further connection where there is more than one chunk.
///
/// # Errors
/// What staging or the warehouse says; what was committed until then is acknowledged, the rest stays pending.
pub fn run(
    staging: &Staging,
    warehouse: &mut Warehouse,
    connect: &(dyn Fn() -> Result<Warehouse> + Sync),
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
    let sent = send_prices(staging, warehouse, connect, options, now)?;
    Ok(Outcome {
        sent: sent.rows,
        inserted: sent.written.inserted,
        updated: sent.written.updated,
        skipped_older: sent.written.skipped_older,
        skipped_future: sent.written.skipped_future,
        rejected: staging.count_sync_rejects()?,
        pending: staging.count_pending(&Scope::default())?,
        chunks: sent.chunks,
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

/// Connections that send at the same time. Near the server two already keep its two cores busy: 100,000 rows took 0.95
/// times as long as COPY on two connections, 1.01 on four, 1.61 on one.
const CONNECTIONS: u64 = 2;

/// What was sent and committed.
#[derive(Debug, Default)]
struct Sent {
    rows: u64,
    chunks: u64,
    written: Written,
}

impl AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.chunks += other.chunks;
        self.written += other.written;
    }
}

/// Reads, sends and acknowledges at the same time: while the warehouse takes some chunks, the next one is read and the
/// ones before are acknowledged. A handful of chunks is in memory, whatever the number of rows.
///
/// Chunks have disjoint keys and each locks its rows in key order, so that the connections cannot deadlock.
fn send_prices(
    staging: &Staging,
    warehouse: &mut Warehouse,
    connect: &(dyn Fn() -> Result<Warehouse> + Sync),
    options: &Options,
    now: fn() -> DateTime<Utc>,
) -> Result<Sent> {
    let chunks = staging
        .count_pending(&options.scope)?
        .div_ceil(u64::from(options.chunk_size));
    thread::scope(|scope| {
        let (to_send, chunks_to_send) = sync_channel(1);
        let (to_acknowledge, chunks_sent) = sync_channel(1);
        let sender = Sender {
            chunks: Arc::new(Mutex::new(chunks_to_send)),
            done: to_acknowledge,
            stop: Arc::default(),
        };
        let reader = scope.spawn(move || read_chunks(staging, options, &to_send, now));
        let acknowledger = scope.spawn(move || acknowledge_chunks(staging, &chunks_sent));
        let helpers: Vec<_> = (1..chunks.min(CONNECTIONS))
            .map(|_| sender.clone())
            .map(|sender| scope.spawn(move || sender.help(connect)))
            .collect();
        let mut results = vec![sender.stopping_all(|s| s.run(warehouse))];
        results.extend(helpers.into_iter().map(|h| join(h, "sending")));
        let acknowledged = join(acknowledger, "acknowledging");
        let read = join(reader, "reading");
        // The first cause is the one to tell: whoever stops first stops the others.
        let mut total = Sent::default();
        for result in results {
            total += result?;
        }
        acknowledged?;
        read?;
        Ok(total)
    })
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>, what: &str) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("the {what} thread panicked")))
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

/// Takes chunks, sends them, and passes them on to be acknowledged.
#[derive(Clone)]
struct Sender {
    chunks: Arc<Mutex<Receiver<Vec<PendingRow>>>>,
    done: SyncSender<Vec<PendingRow>>,
    stop: Arc<AtomicBool>,
}

impl Sender {
    /// Runs a sender; when it fails, the others stop at their next chunk.
    fn stopping_all(self, send: impl FnOnce(&Self) -> Result<Sent>) -> Result<Sent> {
        let result = send(&self);
        if result.is_err() {
            self.stop.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Sends on a further connection. Where none is to be had, the first one does all the work.
    fn help(self, connect: &dyn Fn() -> Result<Warehouse>) -> Result<Sent> {
        match connect() {
            Ok(mut warehouse) => self.stopping_all(|s| s.run(&mut warehouse)),
            Err(error) => {
                log::warn!("no further connection: {error:#}");
                Ok(Sent::default())
            }
        }
    }

    fn run(&self, warehouse: &mut Warehouse) -> Result<Sent> {
        let mut sent = Sent::default();
        while let Some(rows) = self.next() {
            let started = Instant::now();
            let (written, future) = warehouse.upsert_prices(&rows)?;
            let changed = written.inserted + written.updated;
            log::debug!(sent = rows.len(), changed = changed, elapsed_ms = millis(started.elapsed()); "chunk committed");
            sent += Sent {
                rows: rows.len() as u64,
                chunks: 1,
                written,
            };
            // A row that waits for a wrong clock's time to come stays pending.
            let places = rows
                .into_iter()
                .enumerate()
                .filter(|(at, _)| !future.contains(at));
            let acknowledged: Vec<PendingRow> = places.map(|(_, row)| row).collect();
            if self.done.send(acknowledged).is_err() {
                // The acknowledging thread has failed and says why.
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        Ok(sent)
    }

    fn next(&self) -> Option<Vec<PendingRow>> {
        let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        // An error says that the last chunk was read.
        chunks.recv().ok()
    }
}

/// Only what was committed comes here.
fn acknowledge_chunks(staging: &Staging, sent: &Receiver<Vec<PendingRow>>) -> Result<()> {
    while let Ok(rows) = sent.recv() {
        staging.acknowledge(&rows)?;
    }
    Ok(())
}
