//! Requests of user-defined sources, with their keys filled in or masked.

use super::{FetchError, Request};
use crate::config::keys::Keys;
use crate::domain::template::split_keys;
use crate::sources::query_value;

/// Replaces a key.
const MASK: &str = "***";

/// The text with the keys filled in, encoded for a URL or a header.
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

/// The text with the keys masked.
pub(crate) fn without_keys(text: &str) -> String {
    let mask = |key: Option<&str>| if key.is_some() { MASK } else { "" };
    let pieces = split_keys(text).into_iter();
    pieces
        .map(|(before, key)| before.to_owned() + mask(key))
        .collect()
}

/// The names of the keys in a request.
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
