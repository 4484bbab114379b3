//! Records rejected rows one by one, unless all are rejected for the same reason.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use crate::domain::outgoing::PendingRow;
use crate::staging::{Reject, Staging};
use crate::warehouse::Refusal;

/// This many rows rejected one by one for the same reason, with none accepted, show that the rows are not at fault: a
/// constraint that refuses everything, or a missing partition.
const ALIKE: usize = 100;

/// What is known of the rejected rows.
#[derive(Default)]
struct Known {
    /// Not recorded yet, because the rows may not be at fault.
    held: Vec<Reject>,
    /// Some row was accepted, or rejected for another reason: the rows are at fault.
    is_the_rows: bool,
}

/// The rejected rows of one run.
pub(super) struct RejectedRows<'a> {
    staging: &'a Staging,
    now: fn() -> DateTime<Utc>,
    known: Mutex<Known>,
}

impl<'a> RejectedRows<'a> {
    pub(super) fn new(staging: &'a Staging, now: fn() -> DateTime<Utc>) -> Self {
        Self {
            staging,
            now,
            known: Mutex::default(),
        }
    }

    /// A row that was sent alone was rejected.
    ///
    /// # Errors
    /// If the rows are not at fault, or errors of SQLite.
    pub(super) fn refuse(&self, row: &PendingRow, refusal: Refusal) -> Result<()> {
        let reject = Reject {
            key: row.key().map(|part| part.as_str().into()),
            revision: row.revision,
            sent: row.as_sent(),
            sqlstate: refusal.sqlstate,
            message: refusal.message,
            constraint: refusal.constraint,
        };
        log::warn!(asset = *row.asset_id, date = row.date.to_string(), sqlstate = reject.sqlstate; "the warehouse refuses a row: {}", reject.message);
        let mut known = self.known();
        known.is_the_rows |= known
            .held
            .first()
            .is_some_and(|first| !alike(first, &reject));
        known.held.push(reject);
        if known.is_the_rows {
            return self.note(&mut known);
        }
        if let Some(last) = known.held.get(ALIKE - 1) {
            bail!(
                "the first {ALIKE} rows sent one by one were all rejected for the same reason, so the rows are not at fault: {} (SQLSTATE {})",
                last.message,
                last.sqlstate
            );
        }
        Ok(())
    }

    /// Some rows were accepted.
    pub(super) fn taken(&self) -> Result<()> {
        let mut known = self.known();
        known.is_the_rows = true;
        self.note(&mut known)
    }

    /// Everything was sent: the rows still held were too few to blame anything but the rows.
    pub(super) fn finish(&self) -> Result<()> {
        self.note(&mut self.known())
    }

    fn note(&self, known: &mut Known) -> Result<()> {
        if known.held.is_empty() {
            return Ok(());
        }
        self.staging
            .reject(&std::mem::take(&mut known.held), (self.now)())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alike(one: &Reject, other: &Reject) -> bool {
    (&one.sqlstate, &one.constraint) == (&other.sqlstate, &other.constraint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bar_values::Values;

    fn row(day: u32) -> PendingRow {
        PendingRow {
            asset_id: "X".into(),
            date: chrono::NaiveDate::from_ymd_opt(2024, 1, day).unwrap(),
            source: "s".into(),
            values: Values::of([1.0; 4], None),
            ingested_at: DateTime::UNIX_EPOCH,
            revision: 1,
        }
    }

    fn because(constraint: &str) -> Refusal {
        Refusal {
            sqlstate: "23514".to_owned(),
            message: "no".to_owned(),
            constraint: Some(constraint.to_owned()),
        }
    }

    /// A staging file, and what counts its noted rejects.
    fn staging() -> (tempfile::TempDir, Staging, impl Fn() -> u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let staging = Staging::open(&path).unwrap();
        let count = move || {
            let sql = "SELECT count(*) FROM sync_reject";
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.query_row(sql, [], |r| r.get(0)).unwrap()
        };
        (folder, staging, count)
    }

    #[test]
    fn a_hundred_alike_are_not_noted_and_stop() {
        let (_folder, staging, noted) = staging();
        let rejected_rows = RejectedRows::new(&staging, Utc::now);
        for _ in 1..ALIKE {
            rejected_rows.refuse(&row(1), because("c")).unwrap();
        }
        let error = rejected_rows.refuse(&row(1), because("c")).unwrap_err();
        assert!(error.to_string().contains("23514"), "{error}");
        assert_eq!(noted(), 0);
    }

    #[test]
    fn one_that_is_taken_or_refused_otherwise_shows_that_it_is_the_rows() {
        for taken in [true, false] {
            let (_folder, staging, noted) = staging();
            let rejected_rows = RejectedRows::new(&staging, Utc::now);
            rejected_rows.refuse(&row(1), because("c")).unwrap();
            assert_eq!(noted(), 0);
            if taken {
                rejected_rows.taken().unwrap();
            } else {
                rejected_rows.refuse(&row(2), because("d")).unwrap();
            }
            assert_eq!(noted(), if taken { 1 } else { 2 });
            for _ in 0..2 * ALIKE {
                rejected_rows.refuse(&row(3), because("c")).unwrap();
            }
            assert_eq!(noted(), if taken { 2 } else { 3 });
        }
    }

    #[test]
    fn a_few_are_noted_in_the_end() {
        let (_folder, staging, noted) = staging();
        let rejected_rows = RejectedRows::new(&staging, Utc::now);
        rejected_rows.refuse(&row(1), because("c")).unwrap();
        rejected_rows.finish().unwrap();
        assert_eq!(noted(), 1);
    }
}
