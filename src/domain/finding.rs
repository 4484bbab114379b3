//! Statements about bars and days: findings, and rows that cannot be prices.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bar::Rejection;
use super::text::brief;

/// A statement about a bar or a day that does not reject it. The names, used by serde in both directions, are the
/// `rule` column of `finding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rule {
    /// A row without some of its prices, which is not a bar.
    Incomplete,
    /// Yahoo's live row beside the day's own row; dropped.
    LiveDuplicate,
    /// Open, high and low of zero with a close and no volume: staged with the close as all four prices.
    Suspended,
    /// Open or close is outside low to high.
    CloseOutsideRange,
    /// One price is more than five times another of the same bar.
    BarOutlier,
    /// A final close moved by more than 1 % while its neighbours stayed.
    Correction,
    /// A volume of zero; staging drops the finding for a series that never had a volume.
    ZeroVolume,
    /// The source sent no volume, or one that is not a count; staging drops the finding for a series that never had a
    /// volume.
    VolumeUnknown,
    /// A bar on a day that the calendar says is closed.
    UnexpectedSession,
    /// The zone of the answer is unknown, or gives other days than the calendar's.
    ZoneDiffers,
    /// The symbol belongs to something that started trading after the stored series did.
    OtherListing,
    /// A stored ingest time in the future, replaced.
    Clock,
    /// A session of the calendar without a bar.
    DateGap,
    /// A close more than 30 % from the one before (`steps::find_steps`).
    PriceJump,
    /// A close at least 1.8 times the one before, or the inverse, which no market does (`steps::find_steps`).
    ScaleStep,
    /// An answer that would make a step in the series, and which part of it was held back (`alignment`).
    ScaleRefused,
    /// A bar whose scale cannot be determined.
    ScaleUnknown,
    /// Stored and fetched closes differ by one factor: a split.
    Rebased,
    /// A stored bar that its source no longer has, converted to the new scale after a split.
    Rescaled,
    /// Another source of the asset is stored in another scale.
    ScaleDiffers,
    /// A session on which none of a calendar's assets has a bar.
    ProbablyClosed,
    /// A split whose step is still present in the closes: its source lists it but has not adjusted for it.
    SplitUnadjusted,
    /// A dividend whose size cannot be right: converted, in pence, or listed twice. It counts in no factor.
    OddDividend,
    /// An event that cannot be a dividend or split.
    BadAction,
}

impl Rule {
    /// Whether an open finding of this rule makes the series suspect: one of its values may be in another scale.
    #[must_use]
    pub(crate) fn is_suspect(self) -> bool {
        matches!(
            self,
            Self::ScaleStep | Self::ScaleRefused | Self::ScaleUnknown
        )
    }

    /// Whether it is about a volume, and meaningless for a series that never had one.
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
    /// The row of its day, which arrived again and equals what is stored.
    ItsRow,
    /// An answer that was staged without it.
    AnyAnswer,
    /// The closes around its day, which were checked for jumps and steps again.
    TheCloses,
    /// Stored and fetched closes in the same scale.
    TheSameScale,
    /// Enough stored and fetched closes to determine any scale.
    AKnownScale,
    /// An accepted answer that was compared with what is stored on both sides of its day.
    ATakenAnswer,
    /// An accepted answer with its day and a compared earlier one: the join between them was checked.
    ItsJoin,
    /// Nothing in an answer: missing sessions are judged for all series of a calendar together.
    TheSessions,
    /// An answer that reports the actions of its day without it: they are judged when they are written.
    ItsActions,
}

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
    pub(crate) date: NaiveDate,
    pub(crate) rule: Rule,
    /// The values behind it, in words.
    pub(crate) detail: String,
}

/// A row that cannot be a bar, with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The row's day as received.
    pub(crate) date: String,
    pub(crate) reason: Rejection,
    /// The row's values as received, as JSON.
    pub(crate) raw: String,
}

impl Rejected {
    /// The row for people: `2024-01-03 high_below_low (open 1, high 2, low 3, close 2, volume 10)`.
    #[must_use]
    pub(crate) fn in_words(&self) -> String {
        const LONGEST_VALUE: usize = 24;
        let fields: Option<Map<String, Value>> = serde_json::from_str(&self.raw).ok();
        let fields = fields.unwrap_or_default();
        let values = PRICES_AND_VOLUME.iter().filter_map(|name| {
            let value = brief(fields.get(*name)?.as_str()?, LONGEST_VALUE);
            (!value.is_empty()).then(|| format!("{name} {value}"))
        });
        let values: Vec<String> = values.collect();
        let date = brief(&self.date, LONGEST_VALUE);
        match values.is_empty() {
            true => format!("{date} {}", self.reason),
            false => format!("{date} {} ({})", self.reason, values.join(", ")),
        }
    }
}

/// The values of a rejected row, in the order in which people read them.
const PRICES_AND_VOLUME: [&str; 5] = ["open", "high", "low", "close", "volume"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_row_is_one_readable_line_however_long_its_values() {
        let rejected = |raw: &str| Rejected {
            date: "2024-01-03".to_owned(),
            reason: Rejection::HighBelowLow,
            raw: raw.to_owned(),
        };
        let raw = r#"{"open":"1","high":"2","low":"3","close":"2","volume":""}"#;
        assert_eq!(
            rejected(raw).in_words(),
            "2024-01-03 high_below_low (open 1, high 2, low 3, close 2)"
        );
        let long = format!(r#"{{"close":"{}"}}"#, "9".repeat(100));
        let said = rejected(&long).in_words();
        assert!(said.split(' ').all(|word| word.len() < 40), "{said}");
        assert_eq!(rejected("x").in_words(), "2024-01-03 high_below_low");
    }

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
