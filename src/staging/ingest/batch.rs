//! What a run fetched of one series, and the result of staging it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::alignment::Change;
use crate::domain::asset::Asset;
use crate::domain::finding::Finding;
use crate::domain::gaps::SessionCoverage;
use crate::domain::merge::Settled;
use crate::domain::validate::Checked;
use crate::domain::window::Window;

/// What a run fetched of one series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) asset: &'a Asset,
    /// The `source` column of its bars.
    pub(crate) source: &'a str,
    /// The source's symbol for the asset.
    pub(crate) symbol: &'a str,
    /// Currency of the prices.
    pub(crate) currency: &'a str,
    /// The requested days.
    pub(crate) window: Window,
    /// The sessions of the window whose bar was due at the time of the request, in order.
    pub(crate) due: &'a [NaiveDate],
    /// The parts of the window without an answer.
    pub(crate) lost: &'a [LostPart],
    /// Bars, rejected rows, findings. Bars outside the window only help to determine the scale.
    pub(crate) checked: &'a Checked,
    /// How much of the series was read.
    pub(crate) reading: Reading,
    /// Whether a series in another scale may be rewritten.
    pub(crate) heal: bool,
    /// What not to rewrite if unchanged, because more was read than is due.
    pub(crate) settled: Option<Settled>,
    /// Whether this is the periodic comparison of the whole series.
    pub(crate) is_audit: bool,
    /// The day of the request in the exchange's time zone.
    pub(crate) today: NaiveDate,
    pub(crate) job_id: &'a str,
    pub(crate) now: DateTime<Utc>,
}

/// How much of a series was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A window; more can be requested if it cannot show the scale.
    Window,
    /// Everything there is, after a window could not show the scale.
    All,
    /// A file of the user's: nobody can be asked for more.
    File,
}

/// A part of a window without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LostPart {
    pub(crate) window: Window,
    /// Whether later runs ask for it again.
    pub(crate) is_asked_again: bool,
}

/// The counts of staging a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Tally {
    /// Bars of days that were not stored before.
    pub(crate) new: u64,
    /// Bars whose stored values changed.
    pub(crate) changed: u64,
    /// Bars with the stored values; their ingest time was updated.
    pub(crate) unchanged: u64,
    /// Bars not stored: the stored one is newer, or has the volume that this one lacks, or the owner retracted these
    /// values.
    pub(crate) kept: u64,
    /// Rejected rows that were not in quarantine yet.
    pub(crate) rejected: u64,
    /// Findings about the requested days.
    pub(crate) findings: u64,
}

/// The result of staging a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Staged {
    /// It was staged, or the part of it that fits the series.
    Done(Done),
    /// It is in another scale than the series: nothing was staged, the whole series must be read.
    OtherScale(OtherScale),
    /// Too few days can be compared to determine the scale: nothing was staged, more must be read.
    TooFew {
        /// The nearest stored days beside those that were read.
        beside: Option<Window>,
        /// All stored days.
        whole: Window,
    },
    /// It would mix data that must not be in one series, for this reason: nothing was staged.
    Refused(String),
}

/// The result of staging a batch, and what to report about its series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    pub(crate) tally: Tally,
    /// The due sessions without a bar.
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

/// Why a series is suspect: open findings that say that one of its values may be in another scale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Suspicion {
    /// The findings by day; empty if the series is not suspect.
    pub(crate) open: Vec<Finding>,
    /// Whether this batch found one of them.
    pub(crate) is_new: bool,
    /// Whether the whole series was compared, which confirms the others.
    pub(crate) is_confirmed: bool,
    /// Fetched days without a stored bar that were held back.
    pub(crate) held_back: Vec<NaiveDate>,
}

impl Suspicion {
    /// The findings in words, shortened if there are many; `None` if the series is not suspect.
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

/// A staged series with its due sessions.
#[derive(Debug, Clone)]
pub(crate) struct StagedSeries<'a> {
    pub(crate) asset: &'a Asset,
    /// The `source` column.
    pub(crate) source: &'a str,
    /// Whether its source named another exchange than the calendar's.
    pub(crate) is_elsewhere: bool,
    /// Its due sessions, and those without a bar.
    pub(crate) coverage: SessionCoverage,
}
