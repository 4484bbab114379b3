//! What one run fetched of one series, and what became of it when it was staged.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::alignment::Change;
use crate::domain::asset::Asset;
use crate::domain::finding::Finding;
use crate::domain::gaps::SessionCoverage;
use crate::domain::merge::Settled;
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
    /// How much of the series was read.
    pub(crate) reading: Reading,
    /// Whether a series in another scale may be written anew.
    pub(crate) heal: bool,
    /// What of it is not written where it says the same, because more was read than is due.
    pub(crate) settled: Option<Settled>,
    /// Whether the whole series is compared, as it is from time to time.
    pub(crate) is_audit: bool,
    /// The day in the exchange's zone on which it was fetched.
    pub(crate) today: NaiveDate,
    pub(crate) job_id: &'a str,
    pub(crate) now: DateTime<Utc>,
}

/// How much of a series was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A window; there is more to be asked for where it cannot tell.
    Window,
    /// All that there is, where a window could not tell.
    All,
    /// A file of the user's: there is nobody to ask.
    File,
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
    /// Bars that were not stored: the stored one is newer or has the volume that this one lacks, or the owner took these values back.
    pub(crate) kept: u64,
    /// Rejected rows that were not in quarantine yet.
    pub(crate) rejected: u64,
    /// Findings about the asked days.
    pub(crate) findings: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Staged {
    /// It was staged, or what of it can stand in the series.
    Done(Done),
    /// The series is in another scale than this: nothing was staged, it must be read as a whole.
    OtherScale(OtherScale),
    /// Too few days are compared to tell the scale: nothing was staged, more must be read.
    TooFew {
        /// The nearest stored days beside those that were read.
        beside: Option<Window>,
        /// All stored days.
        whole: Window,
    },
    /// It would mix what must not stand in one series, for the reason given: nothing was staged.
    Refused(String),
}

/// What staging a batch did, and what is to be said of its series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    pub(crate) tally: Tally,
    /// Which due sessions have no bar.
    pub(crate) coverage: SessionCoverage,
    pub(crate) suspicion: Suspicion,
}

/// A series in another scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OtherScale {
    pub(crate) change: Change,
    /// All stored days.
    pub(crate) whole: Window,
}

/// Why a series is suspect: open findings that say that a value in it may be in another scale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Suspicion {
    /// The findings, by day; none when the series is not suspect.
    pub(crate) open: Vec<Finding>,
    /// Whether this batch found one of them.
    pub(crate) is_new: bool,
    /// Whether the whole series was compared, so that the others are confirmed.
    pub(crate) is_confirmed: bool,
    /// Fetched days without a stored bar that were held back.
    pub(crate) held_back: Vec<NaiveDate>,
}

impl Suspicion {
    /// The findings in words, the first ones where they are many; `None` when the series is not suspect.
    #[must_use]
    pub(crate) fn in_words(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let shown = self.open.iter().take(SHOWN);
        let words: Vec<String> = shown
            .map(|f| format!("{} {}: {}", f.rule, f.date, f.detail))
            .collect();
        let more = self.open.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("; and {more} more"));
        let words = words.join("; ") + more.as_deref().unwrap_or_default();
        (!words.is_empty()).then(|| format!("suspect: {words}"))
    }
}

/// A series that a run has staged, with its due sessions.
#[derive(Debug, Clone)]
pub(crate) struct StagedSeries<'a> {
    pub(crate) asset: &'a Asset,
    /// The `source` column.
    pub(crate) source: &'a str,
    /// Whether its source said that it is of another exchange than the calendar's.
    pub(crate) is_elsewhere: bool,
    /// Its due sessions, and those without a bar.
    pub(crate) coverage: SessionCoverage,
}
