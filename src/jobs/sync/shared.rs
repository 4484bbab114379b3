//! State shared by the threads of one run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::rejected_rows::RejectedRows;
use crate::domain::acknowledgement::{Acknowledged, FoundTable, TableIdentity};
use crate::domain::outgoing::PendingRow;
use crate::process::retry::RetryPolicy;
use crate::process::stop::Stop;
use crate::staging::{Scope, Staging};
use crate::warehouse::{Warehouse, WarehouseError, WriteCounts, recognise};

/// How to reach the warehouse.
pub(crate) struct WarehouseAccess<'a> {
    /// Opens a connection.
    pub(crate) connect: &'a (dyn Fn() -> Result<Warehouse, WarehouseError> + Sync),
    /// Retries, also of connecting.
    pub(crate) retry: RetryPolicy,
    /// Whether to stop.
    pub(crate) stop: &'a Stop,
}

/// One run of a sync.
pub(super) struct Run<'a> {
    pub(super) staging: &'a Staging,
    pub(super) access: &'a WarehouseAccess<'a>,
    pub(super) now: fn() -> DateTime<Utc>,
    /// Called with the number of rows after each commit.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
    pub(super) rejected_rows: RejectedRows<'a>,
    pub(super) retries: AtomicU64,
    pub(super) round_trips: AtomicU64,
    /// An idle connection.
    connection: Mutex<Option<Warehouse>>,
    /// Reached when the first connection is open.
    pub(super) connected: Milestone,
    /// Reached when the assets are in the warehouse.
    pub(super) assets_sent: Milestone,
    /// How often assets were sent that were added after the start.
    pub(super) new_assets: Mutex<u64>,
    tables_made: Mutex<u64>,
    acknowledged: Mutex<Option<Acknowledged>>,
    sent: Mutex<Sent>,
    stop: AtomicBool,
    /// The server has fewer free connections than senders: only the first one continues.
    is_short_of_connections: AtomicBool,
}

/// Counts of what was sent and committed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sent {
    pub(super) rows: u64,
    pub(super) chunks: u64,
    pub(super) written: WriteCounts,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        staging: &'a Staging,
        access: &'a WarehouseAccess<'a>,
        now: fn() -> DateTime<Utc>,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        Ok(Self {
            staging,
            access,
            now,
            progress,
            rejected_rows: RejectedRows::new(staging, now),
            retries: AtomicU64::default(),
            round_trips: AtomicU64::default(),
            connection: Mutex::default(),
            connected: Milestone::default(),
            assets_sent: Milestone::default(),
            new_assets: Mutex::default(),
            tables_made: Mutex::default(),
            acknowledged: Mutex::new(staging.acknowledged()?),
            sent: Mutex::default(),
            stop: AtomicBool::default(),
            is_short_of_connections: AtomicBool::default(),
        })
    }

    /// An idle connection, if there is one.
    pub(super) fn take_connection(&self) -> Option<Warehouse> {
        lock(&self.connection).take()
    }

    pub(super) fn leave_connection(&self, warehouse: Warehouse) {
        *lock(&self.connection) = Some(warehouse);
    }

    /// The table that has the acknowledged rows; `None` if nothing was acknowledged, so that any table will do.
    pub(super) fn acknowledged(&self) -> Option<Acknowledged> {
        lock(&self.acknowledged).clone()
    }

    /// The database of that table.
    pub(super) fn database(&self) -> Option<String> {
        let acknowledged = lock(&self.acknowledged);
        acknowledged.as_ref().map(|known| known.database.clone())
    }

    /// A warehouse accepted assets or runs. Recorded before the first acknowledgement, so that none exists without it.
    ///
    /// # Errors
    /// If it is not the same warehouse as before, or errors of SQLite.
    pub(super) fn recognise(&self, database: &str) -> Result<()> {
        let mut acknowledged = lock(&self.acknowledged);
        if acknowledged.is_none() {
            self.staging.recognise_database(database, (self.now)())?;
            *acknowledged = Some(Acknowledged {
                database: database.to_owned(),
                relation: None,
                place: None,
                witnesses: Vec::new(),
            });
        }
        let known = acknowledged.as_ref().map(|known| known.database.as_str());
        Ok(recognise(known, database)?)
    }

    /// A table accepted bars; recorded likewise. Completes what the first version left open.
    ///
    /// # Errors
    /// As [`Run::recognise`].
    pub(super) fn recognise_table(&self, table: &TableIdentity, place: &str) -> Result<()> {
        self.recognise(&table.database)?;
        let mut acknowledged = lock(&self.acknowledged);
        if let Some(known) = &mut *acknowledged
            && (known.relation.is_none() || known.place.as_deref() != Some(place))
        {
            self.staging.recognise_table(table, place, (self.now)())?;
            known.relation = Some(table.relation.clone());
            known.place = Some(place.to_owned());
        }
        Ok(())
    }

    pub(super) fn new_assets_sent(&self) -> u64 {
        *lock(&self.new_assets)
    }

    /// How often tables were created in this run.
    pub(super) fn tables_made(&self) -> u64 {
        *lock(&self.tables_made)
    }

    /// Repairs what may have caused a failed statement. `seen`: how often tables had been created before that
    /// statement. The other connections wait meanwhile, as theirs fail for the same reason. Returns `true` if a retry
    /// can help.
    ///
    /// # Errors
    /// What cannot be repaired.
    pub(super) fn mend(
        &self,
        warehouse: &mut Warehouse,
        failure: &WarehouseError,
        seen: u64,
    ) -> Result<bool, WarehouseError> {
        let mut made = lock(&self.tables_made);
        if failure.is_missing_table() && *made > seen {
            return Ok(true);
        }
        let may_help = warehouse.mend(failure)?;
        *made += u64::from(may_help && failure.is_missing_table());
        Ok(may_help)
    }

    /// Marks every row of the scope as pending for this table, whatever was acknowledged before.
    pub(super) fn begin_anew(&self, scope: &Scope, found: &FoundTable) -> Result<()> {
        self.staging.begin_anew(scope, found, (self.now)())?;
        *lock(&self.acknowledged) = Some(Acknowledged {
            database: found.table.database.clone(),
            relation: Some(found.table.relation.clone()),
            place: Some(found.place.clone()),
            witnesses: Vec::new(),
        });
        Ok(())
    }

    /// Continues after everything was stopped because the table was not the expected one.
    pub(super) fn go_on(&self) {
        self.stop.store(false, Ordering::SeqCst);
    }

    pub(super) fn add(&self, rows: usize, written: WriteCounts) {
        let rows = rows as u64;
        let mut sent = lock(&self.sent);
        sent.rows += rows;
        sent.chunks += 1;
        sent.written += written;
        (self.progress)(sent.rows);
    }

    pub(super) fn sent(&self) -> Sent {
        *lock(&self.sent)
    }

    /// Stops the other threads at their next chunk and ends all waits.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.connected.reach();
        self.assets_sent.reach();
    }

    /// A connection was refused because none was free: the helpers give way.
    pub(super) fn give_way(&self) {
        self.is_short_of_connections.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_short_of_connections(&self) -> bool {
        self.is_short_of_connections.load(Ordering::SeqCst)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.access.stop.is_set()
    }
}

/// Something that the threads of a run wait for.
#[derive(Default)]
pub(super) struct Milestone {
    is_reached: Mutex<bool>,
    changed: Condvar,
}

impl Milestone {
    pub(super) fn reach(&self) {
        *lock(&self.is_reached) = true;
        self.changed.notify_all();
    }

    pub(super) fn wait(&self) {
        let wait = self
            .changed
            .wait_while(lock(&self.is_reached), |is_reached| !*is_reached);
        drop(wait);
    }

    /// Waits at most this long; returns whether it was reached.
    pub(super) fn is_reached_within(&self, time: Duration) -> bool {
        let wait = self
            .changed
            .wait_timeout_while(lock(&self.is_reached), time, |is_reached| !*is_reached);
        wait.is_ok_and(|(is_reached, _)| *is_reached)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Options of `sync`.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Rows per statement and transaction.
    pub(crate) chunk_size: u32,
    pub(crate) scope: Scope,
}

/// Assets and runs are sent in chunks too, so that statements stay small.
pub(super) const CHUNK_OF_RECORDS: usize = 1000;

/// Committed rows.
pub(super) struct Load {
    pub(super) rows: Arc<[PendingRow]>,
    /// The positions of those that must not be acknowledged.
    pub(super) except: HashSet<usize>,
}
