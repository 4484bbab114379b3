//! What one run fetched of one series, and what became of it when it was staged.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::asset::Asset;
use crate::domain::gaps::SessionCoverage;
use crate::domain::scale::{Rebase, Rescale};
use crate::domain::validate::Checked;
use crate::domain::window::Window;

/// What one run fetched of one series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) asset: &'a Asset,
    /// The `source` column of its bars.
    pub(crate) source: &'a str,
    /// What the source calls the asset.
    pub(crate) symbol: &'a str,
    /// The currency of the prices.
    pub(crate) currency: &'a str,
    /// The days that were asked for.
    pub(crate) window: Window,
    /// The sessions of the window whose bar was due when it was fetched, in order.
    pub(crate) due: &'a [NaiveDate],
    /// The parts of the window that no answer came for.
    pub(crate) lost: &'a [LostPart],
    /// Bars, rejected rows, findings. Bars of days beyond the window only tell the scale.
    pub(crate) checked: &'a Checked,
    /// What to do when the series came in another scale.
    pub(crate) rescale: Rescale,
    pub(crate) job_id: &'a str,
    pub(crate) now: DateTime<Utc>,
}

/// A part of a window that no answer came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LostPart {
    /// Its days.
    pub(crate) window: Window,
    /// Whether later runs ask for it again.
    pub(crate) is_asked_again: bool,
}

/// What staging a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Tally {
    /// Bars of days that were not stored.
    pub(crate) new: u64,
    /// Bars whose stored values changed.
    pub(crate) changed: u64,
    /// Bars whose stored values are the same; their ingest time moved, unless it was the same too.
    pub(crate) unchanged: u64,
    /// Bars that were not stored because the stored one is newer or has the volume that this one lacks.
    pub(crate) kept: u64,
    /// Rejected rows that were not in quarantine yet.
    pub(crate) rejected: u64,
    /// Findings about the asked days.
    pub(crate) findings: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Staged {
    /// It was staged.
    Done {
        /// What that did.
        tally: Tally,
        /// Which due sessions have no bar.
        coverage: SessionCoverage,
    },
    /// The series has another scale now, and the batch does not hold all of its stored days: nothing was staged.
    Rebased(Rebase),
    /// It would mix what must not stand in one series, for the reason given: nothing was staged.
    Refused(String),
}

/// A series that a run has staged, with its due sessions.
#[derive(Debug, Clone)]
pub(crate) struct StagedSeries<'a> {
    pub(crate) asset: &'a Asset,
    /// The `source` column.
    pub(crate) source: &'a str,
    /// Its due sessions, and those without a bar.
    pub(crate) coverage: SessionCoverage,
}
