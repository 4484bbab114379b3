//! Searches Naver and Yahoo for a text.

use super::LookUps;
use crate::domain::listing::{Listing, SearchText};
use crate::sources::fetch::FetchError;
use crate::sources::lookup::LookUp;

/// Hits in the order of the sources, and the sources that could not be asked.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    pub(crate) hits: Vec<Listing>,
    /// A source, and why.
    pub(crate) failures: Vec<(&'static str, String)>,
}

/// Asks both sources.
///
/// # Errors
/// When the program is told to stop.
pub(crate) fn search(look_ups: &LookUps<'_>, text: &SearchText) -> Result<Searched, FetchError> {
    let mut searched = Searched::default();
    let asked = [
        ("naver", LookUp::NaverSearch, text.for_naver()),
        ("yahoo", LookUp::YahooSearch, text.as_str()),
    ];
    for (source, look_up, word) in asked {
        match look_ups.ask(look_up, word) {
            Ok(answered) => searched.hits.extend(answered.listings),
            Err(error @ FetchError::Stopped(_)) => return Err(error),
            Err(error) => searched.failures.push((source, error.to_string())),
        }
    }
    Ok(searched)
}
