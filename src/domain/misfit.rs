//! Compares the assets file with what a source says.

use chrono::NaiveDate;

use super::answer::Said;
use super::asset::{Asset, SourceEntry};
use super::currency::is_same_currency;

/// Why an asset's calendar is not that of the exchange named by its source, in words; None if it is, or if the facts
/// cannot tell. `day` is today.
#[must_use]
pub(crate) fn misfit(
    asset: &Asset,
    entry: &SourceEntry,
    said: &Said,
    day: NaiveDate,
) -> Option<String> {
    let mut said = said.clone();
    said.zone = said.zone.or(entry.kind.zone().map(|z| z.name().to_owned()));
    asset.calendar.misfit(&said, day)
}

/// Why the currency of an asset's source differs from the one that the source names.
#[must_use]
pub(crate) fn other_currency(entry: &SourceEntry, said: &Said) -> Option<String> {
    let currency = said.currency.as_deref()?;
    (!is_same_currency(currency, &entry.currency)).then(|| {
        format!(
            "the source says that its prices are in {currency}, but the assets file says {}",
            entry.currency
        )
    })
}
