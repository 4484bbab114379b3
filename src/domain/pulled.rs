//! Converts a bar from the warehouse when the staging file is filled from it.

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
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
    /// Currency of its prices.
    pub(crate) currency: String,
}

/// A bar to stage, with whether it is final, as far as the warehouse shows. `None` if it is not a bar (NaN, high below
/// low), as another program may have stored it, or if its day or ingest time is in the future because of a wrong clock.
///
/// The warehouse stores 0 for an unknown volume, so 0 means nothing until the source sends the volume again. Whether a
/// bar is final follows from its fetch time.
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

/// Whether a series describes itself: bars from a file have no origin but the file.
#[must_use]
pub(crate) fn is_of_files(source: &str) -> bool {
    ["manual", "import"].contains(&source)
}
