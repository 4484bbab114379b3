//! What is said about bars and days: findings, and rows that cannot be prices.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Serialize};

use super::bar::Rejection;

/// What is said about a bar or a day without refusing it. The names, which serde has from here both ways, are the `rule` column
/// of `finding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rule {
    /// A row with some of its prices missing, which is no bar.
    Incomplete,
    /// Yahoo's live row beside the day's own row, dropped.
    LiveDuplicate,
    /// Open, high and low of zero with a close and no volume: staged with the close in all four.
    Suspended,
    /// Open or close outside low to high.
    CloseOutsideRange,
    /// A price more than five times another of its bar.
    BarOutlier,
    /// A final close that moved by more than 1 % while those beside it stayed.
    Correction,
    /// A volume of zero; staging drops it for a series that never had a volume.
    ZeroVolume,
    /// The source did not say the volume, or what it said is no count; staging drops it for a series that never had a volume.
    VolumeUnknown,
    /// A bar on a day that the calendar calls closed.
    UnexpectedSession,
    /// The zone of the source's answer is not known, or gives other days than the calendar's.
    ZoneDiffers,
    /// The symbol stands for something that began to trade after the stored series did.
    OtherListing,
    /// A stored ingest time ahead of now, replaced.
    Clock,
    /// A session of the calendar without a bar.
    DateGap,
    /// A close more than 30 % away from the one before (`steps::find_steps`).
    PriceJump,
    /// A close 1.8 times the one before or more, or the inverse, as no market moves (`steps::find_steps`).
    ScaleStep,
    /// An answer that would make a step in the series, and what of it was held back (`alignment`).
    ScaleRefused,
    /// A bar of which nothing tells whether it is in the scale of the series.
    ScaleUnknown,
    /// Stored and fetched closes differ by one factor: a split.
    Rebased,
    /// A stored bar that its source has no longer, carried over into the new scale after a split.
    Rescaled,
    /// Another source of the asset is stored in another scale.
    ScaleDiffers,
    /// A session on which none of a calendar's assets has a bar.
    ProbablyClosed,
    /// A split whose step still stands in the closes: its source lists it and has not adjusted for it.
    SplitUnadjusted,
    /// A dividend whose size cannot be right: converted, in pence, or listed twice. It counts in no factor.
    OddDividend,
    /// A dividend or split that can be none.
    BadAction,
}

impl Rule {
    /// Whether an open finding of it makes the series suspect: a value in it may be in another scale.
    #[must_use]
    pub(crate) fn is_suspect(self) -> bool {
        matches!(
            self,
            Self::ScaleStep | Self::ScaleRefused | Self::ScaleUnknown
        )
    }

    /// Whether it is about a volume, and nothing to say of a series that never had one.
    #[must_use]
    pub(crate) fn is_of_volume(self) -> bool {
        matches!(self, Self::ZeroVolume | Self::VolumeUnknown)
    }

    /// What closes an open finding of this rule.
    #[must_use]
    pub(crate) fn closed_by(self) -> ClosedBy {
        match self {
            Self::Incomplete
            | Self::LiveDuplicate
            | Self::Suspended
            | Self::CloseOutsideRange
            | Self::BarOutlier
            | Self::Correction
            | Self::ZeroVolume
            | Self::VolumeUnknown
            | Self::UnexpectedSession
            | Self::Clock
            | Self::Rescaled => ClosedBy::ItsRow,
            Self::ZoneDiffers | Self::OtherListing => ClosedBy::AnyAnswer,
            Self::PriceJump | Self::ScaleStep | Self::SplitUnadjusted => ClosedBy::TheCloses,
            Self::ScaleRefused => ClosedBy::ATakenAnswer,
            Self::ScaleUnknown => ClosedBy::ItsJoin,
            Self::Rebased => ClosedBy::TheSameScale,
            Self::ScaleDiffers => ClosedBy::AKnownScale,
            Self::DateGap | Self::ProbablyClosed => ClosedBy::TheSessions,
            Self::OddDividend | Self::BadAction => ClosedBy::ItsActions,
        }
    }
}

/// What closes an open finding that is not seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosedBy {
    /// The row of its day, which came again and is what is stored.
    ItsRow,
    /// An answer that was staged without it.
    AnyAnswer,
    /// The closes around its day, which were looked at for jumps and steps again.
    TheCloses,
    /// Stored and fetched closes that are in the same scale.
    TheSameScale,
    /// Stored and fetched closes that are enough to tell a scale, whichever.
    AKnownScale,
    /// An answer that was taken, and that was compared with what is stored on both sides of its day.
    ATakenAnswer,
    /// An answer that was taken, in which its day came and an earlier one was compared: what joins there was compared.
    ItsJoin,
    /// Nothing in an answer: sessions without a bar are judged for all series of a calendar together.
    TheSessions,
    /// An answer that tells the actions of its day without it: they are judged where they are written.
    ItsActions,
}

/// Its name.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl FromStr for Rule {
    type Err = de::value::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(name.into_deserializer())
    }
}

/// A fact about one day of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The day.
    pub(crate) date: NaiveDate,
    /// What was found.
    pub(crate) rule: Rule,
    /// The values behind it, in words.
    pub(crate) detail: String,
}

/// A row that can be no bar, with what stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The row's day as received.
    pub(crate) date: String,
    /// Why.
    pub(crate) reason: Rejection,
    /// The row's values as received, as JSON.
    pub(crate) raw: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As they stand in staging files: a name that changes here is found in none of them.
    const NAMES: [&str; 24] = [
        "incomplete",
        "live_duplicate",
        "suspended",
        "close_outside_range",
        "bar_outlier",
        "correction",
        "zero_volume",
        "volume_unknown",
        "unexpected_session",
        "zone_differs",
        "other_listing",
        "clock",
        "date_gap",
        "price_jump",
        "scale_step",
        "scale_refused",
        "scale_unknown",
        "rebased",
        "rescaled",
        "scale_differs",
        "probably_closed",
        "split_unadjusted",
        "odd_dividend",
        "bad_action",
    ];

    #[test]
    fn every_rule_is_read_by_the_name_that_it_is_written_by() {
        let rules: Vec<Rule> = NAMES.iter().map(|name| name.parse().unwrap()).collect();
        assert_eq!(rules.first(), Some(&Rule::Incomplete));
        assert_eq!(rules.last(), Some(&Rule::BadAction));
        let written: Vec<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(written, NAMES);
        // The message of serde has all names that it knows.
        let unknown = "made_up".parse::<Rule>().unwrap_err().to_string();
        assert_eq!(unknown.matches('`').count(), 2 * (1 + NAMES.len()));
        assert!("DateGap".parse::<Rule>().is_err() && "".parse::<Rule>().is_err());
    }

    /// SQL texts and the index of suspect series name the rules: a partial index is found by its words only.
    #[test]
    fn the_file_knows_the_rules_that_make_a_series_suspect() {
        let sql = include_str!("../../schema/staging/006_scale.sql");
        for name in NAMES {
            let rule: Rule = name.parse().unwrap();
            assert_eq!(
                sql.contains(&format!("'{name}'")),
                rule.is_suspect(),
                "{name}"
            );
        }
    }
}
