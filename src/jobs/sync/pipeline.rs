//! Reads, sends and acknowledges at the same time: while the warehouse processes some chunks, the next one is read and
//! the previous ones are acknowledged. Only a handful of chunks is in memory, whatever the number of rows.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::sender::Sender;
use super::shared::{Load, Options, Run};
use crate::domain::outgoing::PendingRow;

/// Connections that send at the same time, if there are enough chunks. Near the server two keep its two cores busy
/// (0.95 times as long as COPY, 1.01 on four); far from it each waits for its own round trip.
const CONNECTIONS_NEAR: u64 = 2;
const CONNECTIONS_FAR: u64 = 4;

/// A server that has not accepted a connection within this time is far away: a near one takes a few milliseconds, most
/// of them for the password.
const NEAR: Duration = Duration::from_millis(25);

type ChunkQueue = Arc<Mutex<Receiver<Arc<[PendingRow]>>>>;

/// Runs `begin`, then sends what is pending: the assets over the first connection while the others connect, and then
/// the bars over all of them.
///
/// Chunks have disjoint keys and each locks its rows in key order, so the connections cannot deadlock.
///
/// # Errors
/// The first cause: the thread that stops first stops the others.
pub(super) fn send(
    run: &Run<'_>,
    options: &Options,
    begin: impl FnOnce(&mut Sender<'_>) -> Result<()>,
) -> Result<()> {
    let chunk_size = u64::from(options.chunk_size);
    let most = CONNECTIONS_FAR.saturating_mul(chunk_size);
    let chunks = run
        .staging
        .count_pending_up_to(most, &options.scope)?
        .div_ceil(chunk_size);
    thread::scope(|scope| {
        let (to_send, queue) = sync_channel(1);
        let queue: ChunkQueue = Arc::new(Mutex::new(queue));
        let (done, loads) = sync_channel(1);
        let acknowledger = scope.spawn(move || stopping(run, || acknowledge(run, &loads)));
        // They start after the first one has connected: if the server has only one free connection, the first one gets
        // it.
        let helpers: Vec<_> = (1..chunks)
            .map(|number| {
                let (queue, done) = (Arc::clone(&queue), done.clone());
                scope.spawn(move || {
                    let is_near = run.connected.is_reached_within(NEAR);
                    if number >= CONNECTIONS_NEAR && is_near {
                        return Ok(());
                    }
                    run.connected.wait();
                    stopping(run, || help(run, &queue, &done))
                })
            })
            .collect();
        let mut first = Sender::new(run);
        let mut results = vec![stopping(run, || {
            begin(&mut first)?;
            let reader = scope.spawn(move || stopping(run, || read(run, options, &to_send)));
            // Runs while the first rows are read.
            first.ask(|_| Ok(()))?;
            first.send_assets()?;
            run.assets_sent.reach();
            work(&mut first, &queue, &done, || true)?;
            drop((queue, done));
            join(reader, "reading")
        })];
        first.leave_connection();
        results.extend(helpers.into_iter().map(|h| join(h, "sending")));
        results.push(join(acknowledger, "acknowledging"));
        results.into_iter().collect::<Result<()>>()
    })?;
    run.rejected_rows.finish()
}

/// Runs a thread's work; if it fails, the others stop at their next chunk.
fn stopping(run: &Run<'_>, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let unless_it_ends = StopOnDrop(run);
    let result = work();
    if result.is_ok() {
        std::mem::forget(unless_it_ends);
    }
    result
}

/// Stops a run even if one of its threads panics, so that nobody waits for it.
struct StopOnDrop<'a, 'b>(&'a Run<'b>);

impl Drop for StopOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn join(thread: thread::ScopedJoinHandle<'_, Result<()>>, what: &str) -> Result<()> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("the {what} thread panicked")))
}

fn read(run: &Run<'_>, options: &Options, to_send: &SyncSender<Arc<[PendingRow]>>) -> Result<()> {
    let mut pending = run.staging.pending(&options.scope)?;
    loop {
        let (rows, unreadable) = pending.next_chunk(options.chunk_size)?;
        let count = rows.len() + unreadable.len();
        if !unreadable.is_empty() {
            run.staging.reject(&unreadable, (run.now)())?;
            for row in &unreadable {
                let [asset, date, source] = &row.key;
                log::error!(
                    "the row {asset} {date} {source} in staging is not a valid bar and was moved to sync_reject: {}",
                    row.message
                );
            }
        }
        let is_last = u32::try_from(count).is_ok_and(|n| n < options.chunk_size);
        if (!rows.is_empty() && to_send.send(rows.into()).is_err()) || is_last {
            return Ok(());
        }
    }
}

/// Sends over a further connection. If none is available, the first one does all the work.
fn help(run: &Run<'_>, queue: &ChunkQueue, done: &SyncSender<Load>) -> Result<()> {
    let mut sender = Sender::new(run);
    if run.is_stopped() {
        return Ok(());
    }
    match sender.connect() {
        Ok(()) => {
            // A table may have a foreign key to the assets.
            run.assets_sent.wait();
            work(&mut sender, queue, done, || !run.is_short_of_connections())
        }
        Err(failure) => {
            log::warn!("no further connection: {failure}");
            Ok(())
        }
    }
}

/// Delivers chunks until there are none left, or until `goes_on` returns false: then the other connections deliver the
/// rest.
fn work(
    sender: &mut Sender<'_>,
    queue: &ChunkQueue,
    done: &SyncSender<Load>,
    goes_on: impl Fn() -> bool,
) -> Result<()> {
    // After a stop, queued chunks are left to the next run.
    while !sender.is_stopped()
        && goes_on()
        && let Some(rows) = next(queue)
    {
        sender.deliver(rows, done)?;
    }
    Ok(())
}

/// The next chunk; `None` after the last one, or if the reader stopped.
fn next(queue: &ChunkQueue) -> Option<Arc<[PendingRow]>> {
    let chunks = queue.lock().unwrap_or_else(PoisonError::into_inner);
    chunks.recv().ok()
}

/// Acknowledges loads; only committed ones arrive here.
fn acknowledge(run: &Run<'_>, loads: &Receiver<Load>) -> Result<()> {
    let mut acknowledger = run.staging.acknowledger()?;
    while let Ok(Load { rows, except }) = loads.recv() {
        if except.is_empty() {
            acknowledger.acknowledge(&rows)?;
            continue;
        }
        let taken = rows.iter().enumerate();
        let taken = taken.filter(|(at, _)| !except.contains(at));
        acknowledger.acknowledge(&taken.map(|(_, row)| row.clone()).collect::<Vec<_>>())?;
    }
    Ok(())
}
