//! What is said about bars and days: findings, and rows that cannot be prices.

use std::fmt;

use chrono::NaiveDate;

use super::bar::Rejection;

/// What is said about a bar or a day without refusing it. The names are the `rule` column of `finding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A row with some of its prices missing, which is no bar.
    Incomplete,
    /// Yahoo's live row beside the day's own row, dropped.
    LiveDuplicate,
    /// Open, high and low of zero with a close and no volume: staged with the close in all four.
    Suspended,
    /// Open or close outside low to high.
    CloseOutsideRange,
    /// A volume of zero; staging drops it for a series that never had a volume.
    ZeroVolume,
    /// The source did not say the volume.
    VolumeUnknown,
    /// A bar on a day that the calendar calls closed.
    UnexpectedSession,
    /// A stored ingest time ahead of now, replaced.
    Clock,
    /// A session of the calendar without a bar.
    DateGap,
    /// A close more than 30 % away from the one before.
    PriceJump,
    /// Stored and fetched closes differ by one factor: a split.
    Rebased,
    /// A stored bar that its source has no longer, carried over into the new scale after a split.
    Rescaled,
    /// Another source of the asset is stored in another scale.
    ScaleDiffers,
    /// A session on which none of a calendar's assets has a bar.
    ProbablyClosed,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete => "incomplete",
            Self::LiveDuplicate => "live_duplicate",
            Self::Suspended => "suspended",
            Self::CloseOutsideRange => "close_outside_range",
            Self::ZeroVolume => "zero_volume",
            Self::VolumeUnknown => "volume_unknown",
            Self::UnexpectedSession => "unexpected_session",
            Self::Clock => "clock",
            Self::DateGap => "date_gap",
            Self::PriceJump => "price_jump",
            Self::Rebased => "rebased",
            Self::Rescaled => "rescaled",
            Self::ScaleDiffers => "scale_differs",
            Self::ProbablyClosed => "probably_closed",
        })
    }
}

/// A fact about one day of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The day.
    pub date: NaiveDate,
    /// What was found.
    pub rule: Rule,
    /// The values behind it, in words.
    pub detail: String,
}

/// A row that can be no bar, with what stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The row's day as received.
    pub date: String,
    /// Why.
    pub reason: Rejection,
    /// The row's values as received, as JSON.
    pub raw: String,
}
