//! What of `ALERT_URL` must not be seen, whether it is right or malformed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

/// Parts of an address that are no secret: they would be masked in every message.
const PUBLIC: [&str; 8] = [
    "pricestash",
    "ntfy.sh",
    "alerts",
    "collect",
    "notify",
    "prices",
    "services",
    "webhook",
];
/// The shortest part that counts as a secret.
const SHORTEST_PART: usize = 6;
/// The shortest value of a query that does; shorter ones are words such as `default`.
const SHORTEST_VALUE: usize = 8;

/// Everything in a value that must not be seen.
pub(super) fn secrets(value: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    for url in value.split_whitespace() {
        secrets.push(url.to_owned());
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        secrets.extend(of_user(user_info));
        let path = path.trim_end_matches('/');
        // Who has a server of one's own sees its name in messages.
        let has_server = match scheme.to_ascii_lowercase().as_str() {
            "json" | "jsons" => true,
            "ntfy" | "ntfys" => !path.is_empty(),
            _ => false,
        };
        if !has_server {
            secrets.push(rest.trim_end_matches('/').to_owned());
            secrets.extend(pieces(host));
        }
        secrets.push(path.to_owned());
        secrets.extend(path.split('/').flat_map(pieces));
        secrets.push(query.to_owned());
        secrets.extend(query.split('&').flat_map(|pair| {
            let (_, value) = pair.split_once('=').unwrap_or(("", pair));
            let is_long = value.len() >= SHORTEST_VALUE;
            is_long.then(|| value.to_owned())
        }));
    }
    let decoded = secrets
        .iter()
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned());
    let decoded: Vec<String> = decoded.collect();
    secrets.extend(decoded);
    secrets.retain(|s| !PUBLIC.contains(&s.as_str()));
    secrets
}

/// A user and a password, also as they are sent; of a token alone, that.
fn of_user(user_info: &str) -> Vec<String> {
    match user_info.split_once(':') {
        Some((user, password)) => {
            let meant = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let sent = in_base64(&meant(user), &meant(password));
            vec![user_info.to_owned(), password.to_owned(), sent]
        }
        None if user_info.is_empty() => Vec::new(),
        None => vec![user_info.to_owned(), in_base64(user_info, "")],
    }
}

/// A part of an address, and what it is made of.
fn pieces(part: &str) -> Vec<String> {
    let whole = percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut pieces = vec![part.to_owned(), whole.clone()];
    pieces.extend(whole.split([':', '@']).map(str::to_owned));
    pieces.extend(whole.strip_prefix("bot").map(str::to_owned));
    // A group of Telegram.
    pieces.extend(whole.strip_prefix('-').map(str::to_owned));
    pieces.retain(|p| p.chars().count() >= SHORTEST_PART);
    pieces
}

/// A user and a password as HTTP has them.
pub(super) fn in_base64(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:{password}"))
}
