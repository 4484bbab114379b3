//! Requests of the user's own sources with the keys in their places, and without them as they may be shown.

use super::{FetchError, Request};
use crate::config::keys::Keys;
use crate::domain::template::split_keys;
use crate::sources::query_value;

/// What stands in a key's place.
const MASK: &str = "***";

/// A text with the keys in their places, as they may stand in a URL or in a header.
pub(super) fn with_keys(keys: &Keys, text: &str, in_url: bool) -> Result<String, FetchError> {
    let mut filled = String::new();
    for (before, key) in split_keys(text) {
        filled.push_str(before);
        let key = key.map(|name| keys.get(name)).transpose();
        match key.map_err(FetchError::Key)? {
            Some(key) if in_url => filled.push_str(&query_value(key.expose())),
            Some(key) => filled.push_str(key.expose()),
            None => {}
        }
    }
    Ok(filled)
}

/// A text as it may be shown.
pub(crate) fn without_keys(text: &str) -> String {
    let mask = |key: Option<&str>| if key.is_some() { MASK } else { "" };
    let pieces = split_keys(text).into_iter();
    pieces
        .map(|(before, key)| before.to_owned() + mask(key))
        .collect()
}

/// The names of the keys that a request is sent with.
pub(super) fn key_names(request: Request<'_>) -> Vec<String> {
    let Request {
        upstream,
        symbol,
        category,
        part,
    } = request;
    let url = upstream.url("", symbol, category, part.window);
    let headers = upstream.headers(symbol, part.window);
    let texts = headers.iter().map(|(_, value)| value).chain([&url]);
    let names = texts
        .flat_map(|text| split_keys(text))
        .filter_map(|(_, name)| name);
    names.map(str::to_owned).collect()
}
