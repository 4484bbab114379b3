//! Common parts of both answer formats: columns named after the symbol, and dates.

use std::borrow::Cow;

use crate::domain::answer::RawDay;
use crate::domain::column::Column;
use crate::domain::user_source::UserSource;

/// A column with the symbol filled in.
pub(super) fn named<'c>(column: &'c Column, symbol: &str) -> Cow<'c, Column> {
    match column {
        Column::Name(name) if name.contains("{symbol}") => {
            Cow::Owned(Column::Name(name.replace("{symbol}", symbol)))
        }
        column => Cow::Borrowed(column),
    }
}

/// The date of a row as the source writes it. It may contain JSON escapes (`2026\/01\/05`).
pub(super) fn day_of<'a>(source: &UserSource, text: &'a str) -> RawDay<'a> {
    let plain = match text.contains('\\') {
        true => Cow::Owned(text.replace("\\/", "/")),
        false => Cow::Borrowed(text),
    };
    let day = source.date_format.day(&plain, source.zone);
    day.map_or(RawDay::Impossible(text), RawDay::Date)
}
