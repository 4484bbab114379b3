//! What a bar out of the warehouse says, where the staging file is filled from it.

use chrono::{DateTime, NaiveDate, Utc};

use super::asset::Asset;
use super::bar::Bar;
use super::bar_values::Values;
use super::timestamp::CLOCK_TOLERANCE;

/// What a series in the warehouse was fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeriesOrigin {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// What the source calls the asset.
    pub(crate) symbol: String,
    /// The currency of its prices.
    pub(crate) currency: String,
}

/// A bar as it is staged, with whether it is final: as far as the warehouse can tell. `None` where it is no bar (NaN, high below
/// low), as another program may have stored it, or its day or its time of ingest is still to come: a clock was wrong.
///
/// The warehouse has 0 for a volume that is unknown, so that 0 says nothing: the source tells it again where it was one. Whether a
/// bar is final follows from when it was fetched.
#[must_use]
pub(crate) fn staged(
    asset: &Asset,
    date: NaiveDate,
    values: Values,
    ingested_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<(Values, bool)> {
    let calendar = &asset.calendar;
    let today = calendar.trading_day(now, calendar.zone());
    if date > today || ingested_at > now + CLOCK_TOLERANCE {
        return None;
    }
    let values = Values {
        volume: values.volume.filter(|v| *v != 0),
        ..values
    };
    let bar = Bar::new(date, values, asset.sign).ok()?;
    Some((bar.values(), calendar.is_final(date, ingested_at)))
}

/// Whether a series says of itself what it is: bars out of a file have no origin but the file.
#[must_use]
pub(crate) fn is_of_files(source: &str) -> bool {
    ["manual", "import"].contains(&source)
}
