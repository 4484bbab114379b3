//! One redaction for everything that leaves the program: log lines, errors, panics, alerts, JSON results.
//!
//! Known secrets are masked everywhere; anything that looks like a secret (a password in a URL, `password=…`, a Discord
//! webhook) is masked even if it is not known.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::alert_secrets;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Replaces a secret.
const MASK: &str = "***";
/// Shorter secrets are masked only inside URLs or after `password=`: as words they would mask too much.
const SHORTEST: usize = 4;
/// Secrets shorter than this are masked as whole words only, so that the password `test` does not change `latest`.
const SHORTEST_WITHIN_WORDS: usize = 8;
/// Parts of an address's path that are not secret.
const PUBLIC_PARTS: [&str; 4] = ["webhooks", "discord.com", "discordapp.com", "hc-ping.com"];
/// The shortest part of a path that counts as a secret of its own.
const SHORTEST_PART: usize = 6;

/// What a secret variable contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A connection in either PostgreSQL form, or a URL with a password: the password is secret.
    Connection,
    /// An address whose path is secret: a webhook, a heartbeat.
    Address,
    /// Channels of alerts: what they are made of.
    AlertUrls,
    /// All of it.
    Whole,
}

/// Masks secrets in texts.
#[derive(Clone, Default)]
pub struct Redaction {
    /// Longest first, so that masking a part does not break a longer secret.
    secrets: Arc<RwLock<Vec<String>>>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({} secrets)", self.secrets().len())
    }
}

impl Redaction {
    /// A redaction for the secrets in these values.
    #[must_use]
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = (SecretKind, &'a str)>) -> Self {
        let mut secrets = Vec::new();
        for (kind, value) in values {
            secrets.extend(secrets_in(kind, value.trim()).iter().flat_map(|s| forms(s)));
        }
        Self {
            secrets: Arc::new(RwLock::new(in_order(secrets))),
        }
    }

    /// Masks a key from now on, wherever this redaction is used.
    pub(super) fn learn(&self, key: &str) {
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if key.is_empty() || secrets.iter().any(|s| s == key) {
            return;
        }
        let mut all = mem::take(&mut *secrets);
        all.extend(forms(key));
        *secrets = in_order(all);
    }

    fn secrets(&self) -> RwLockReadGuard<'_, Vec<String>> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text without secrets.
    #[must_use]
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for secret in self.secrets().iter().filter(|s| !s.is_empty()) {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(mask(&text, secret));
            }
        }
        mask_webhooks(&mask_assignments(&mask_user_infos(&text)))
    }

    /// The JSON text without secrets in its string values; it stays JSON, and numbers and keys do not change.
    #[must_use]
    pub(crate) fn json(&self, json: &str) -> String {
        let mut out = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.find('"') {
            let (before, from) = rest.split_at(start + 1);
            out.push_str(before);
            let end = end_of_string(from);
            let (value, after) = from.split_at(end);
            let is_key = after
                .get(1..)
                .is_some_and(|a| a.trim_start().starts_with(':'));
            if is_key {
                out.push_str(value);
            } else {
                out.push_str(&self.json_value(value));
            }
            let (quote, after) = after.split_at(after.len().min(1));
            out.push_str(quote);
            rest = after;
        }
        out + rest
    }

    /// The content of a JSON string without secrets. They are searched in the unescaped text: an escaped quote would
    /// cut a secret in two.
    fn json_value(&self, written: &str) -> String {
        let Ok(meant) = serde_json::from_str::<String>(&format!("\"{written}\"")) else {
            return self.text(written);
        };
        let shown = self.text(&meant);
        if shown == meant {
            return written.to_owned();
        }
        let escaped = serde_json::Value::from(shown).to_string();
        let inside = escaped.strip_prefix('"').and_then(|e| e.strip_suffix('"'));
        inside.unwrap_or(MASK).to_owned()
    }
}

/// The bytes without a key in any form in which it may be quoted: as is, or with characters escaped for JSON, HTML or
/// URLs.
#[must_use]
pub(super) fn without_key(bytes: Vec<u8>, key: &str) -> Vec<u8> {
    let bytes = forms(key)
        .iter()
        .fold(bytes, |bytes, form| replace(bytes, form.as_bytes()));
    without_escaped(bytes, key.as_bytes())
}

/// Searches for the key in the unescaped bytes and masks the escaped ones.
fn without_escaped(bytes: Vec<u8>, key: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        match escaped_length(rest, key) {
            Some(length) => {
                out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                out.extend_from_slice(MASK.as_bytes());
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return bytes;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    out
}

/// The length of the key at the start of a text, with any of it escaped: `\u002b`, `\/`, `&#43;`, `&#x2B;`, `&amp;` and
/// `%2B` are one character each.
fn escaped_length(text: &[u8], key: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0, key);
    while let Some(byte) = left.first() {
        let rest = text.get(at..)?;
        let escape = match rest.first()? {
            b'\\' => backslash_escape(rest),
            b'&' => entity(rest),
            b'%' => rest.get(1..3).and_then(hexadecimal).map(|code| (code, 3)),
            _ => None,
        };
        let escape = escape.and_then(|(code, length)| Some((char::from_u32(code)?, length)));
        let mut utf_8 = [0; 4];
        let meant = escape.map(|(c, length)| (c.encode_utf8(&mut utf_8).len(), length));
        let (width, length) = match meant {
            Some((width, length)) if left.starts_with(utf_8.get(..width)?) => (width, length),
            _ if rest.first() == Some(byte) => (1, 1),
            _ => return None,
        };
        left = left.get(width..)?;
        at += length;
    }
    Some(at)
}

/// A character escaped with a backslash, and the escape's length.
fn backslash_escape(text: &[u8]) -> Option<(u32, usize)> {
    match text.get(1)? {
        b'u' => Some((hexadecimal(text.get(2..6)?)?, 6)),
        c @ (b'/' | b'"' | b'\\') => Some((u32::from(*c), 2)),
        _ => None,
    }
}

/// A character written as an HTML entity, and the entity's length.
fn entity(text: &[u8]) -> Option<(u32, usize)> {
    /// `&#x10FFFF;`
    const LONGEST: usize = 10;
    let end = text.iter().take(LONGEST).position(|b| *b == b';')?;
    let name = std::str::from_utf8(text.get(1..end)?).ok()?;
    let code = match (name, name.strip_prefix('#')) {
        ("amp", _) => u32::from(b'&'),
        ("lt", _) => u32::from(b'<'),
        ("gt", _) => u32::from(b'>'),
        ("quot", _) => u32::from(b'"'),
        (_, Some(number)) => match number.strip_prefix(['x', 'X']) {
            Some(number) => u32::from_str_radix(number, 16).ok()?,
            None => number.parse().ok()?,
        },
        _ => return None,
    };
    Some((code, end + 1))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(text, 16).ok()
}

fn replace(bytes: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = &bytes[..];
    while let Some((before, after)) = find(rest, secret) {
        out.extend_from_slice(before);
        out.extend_from_slice(MASK.as_bytes());
        rest = after;
    }
    if rest.len() == bytes.len() {
        return bytes;
    }
    out.extend_from_slice(rest);
    out
}

/// The bytes before and after the first occurrence.
fn find<'b>(bytes: &'b [u8], secret: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let mut windows = bytes.windows(secret.len().max(1));
    let at = windows.position(|window| window == secret)?;
    let (before, from) = bytes.split_at_checked(at)?;
    Some((before, from.get(secret.len()..)?))
}

/// A secret as is, as JSON or debug texts show it, and as encoded in a URL.
fn forms(secret: &str) -> Vec<String> {
    let escaped = serde_json::Value::from(secret).to_string();
    let escaped = escaped.trim_matches('"').to_owned();
    let in_url = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let lower = in_url
        .replace("%2F", "%2f")
        .replace("%3D", "%3d")
        .replace("%2B", "%2b");
    let mut forms = vec![
        escaped.replace('/', "\\/"),
        secret.replace('&', "&amp;"),
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        in_url,
        lower,
        escaped,
        secret.to_owned(),
    ];
    forms.retain(|form| !form.is_empty());
    forms
}

/// Characters that RFC 3986 leaves unencoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Longest first.
fn in_order(mut secrets: Vec<String>) -> Vec<String> {
    secrets.retain(|s| s.chars().count() >= SHORTEST);
    secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
    secrets
}

/// The end of a JSON string whose opening quote was just read.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Masks every occurrence of a secret.
fn mask(text: &str, secret: &str) -> String {
    if secret.chars().count() >= SHORTEST_WITHIN_WORDS {
        return text.replace(secret, MASK);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, from) = rest.split_at(at);
        let after = &from[secret.len()..];
        let joined = |outside: Option<char>, inside: Option<char>| {
            outside.is_some_and(char::is_alphanumeric) && inside.is_some_and(char::is_alphanumeric)
        };
        let previous = before.chars().next_back().or(out.chars().next_back());
        let is_part = joined(previous, secret.chars().next())
            || joined(after.chars().next(), secret.chars().next_back());
        out.push_str(before);
        out.push_str(if is_part { secret } else { MASK });
        rest = after;
    }
    out + rest
}

/// All secrets in a value.
fn secrets_in(kind: SecretKind, value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let mut secrets = Vec::new();
    match kind {
        SecretKind::Whole => secrets.push(value.to_owned()),
        SecretKind::AlertUrls => secrets.extend(alert_secrets::secrets(value)),
        SecretKind::Connection => {
            secrets.extend(passwords(value));
            // A value without a recognisable password may itself be one.
            if secrets.is_empty() && !value.contains("://") && !value.contains('=') {
                secrets.push(value.to_owned());
            }
        }
        SecretKind::Address => {
            secrets.push(value.to_owned());
            let behind_scheme = value.split_once("://").map_or(value, |(_, rest)| rest);
            let path = match value.contains("://") {
                true => behind_scheme.split_once('/').map_or("", |(_, path)| path),
                false => value,
            };
            secrets.push(path.to_owned());
            secrets.extend(parts(path));
            secrets.extend(passwords(value));
        }
    }
    let decoded: Vec<String> = secrets
        .iter()
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect();
    secrets.extend(decoded);
    secrets
}

/// The parts of a path that may be a token.
fn parts(path: &str) -> impl Iterator<Item = String> {
    path.split(['/', '?', '&', '=', '#', ' '])
        .filter(|p| p.chars().count() >= SHORTEST_PART && !PUBLIC_PARTS.contains(p))
        .map(str::to_owned)
}

/// The passwords in a connection: before the `@` of a URL, and after every `password=`.
fn passwords(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((_, rest)) = value.split_once("://")
        // The last @: an unencoded one in the password is a mistake, but still secret.
        && let Some((user_info, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = user_info.split_once(':')
    {
        found.push(password.to_owned());
        found.extend(
            password
                .split(['@', ':', '/', '?', '#'])
                .filter(|p| p.chars().count() >= SHORTEST_PART)
                .map(str::to_owned),
        );
    }
    for (at, length) in assignments(value) {
        let assigned = &value[at..at + length];
        found.push(assigned.to_owned());
        let inner = assigned.trim_matches(['\'', '"']);
        found.push(inner.to_owned());
        found.push(unescaped(inner));
        found.extend(
            inner
                .split_whitespace()
                .filter(|p| p.chars().count() >= SHORTEST_PART)
                .map(str::to_owned),
        );
    }
    found
}

/// A quoted value of PostgreSQL's `key=value` form without its backslashes.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' {
            characters.next()
        } else {
            Some(c)
        });
    }
    out
}

/// Positions of the values after `password=`: start and length in bytes.
fn assignments(text: &str) -> Vec<(usize, usize)> {
    const KEY: &str = "password";
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(KEY) {
        from += at + KEY.len();
        let behind = &text[from..];
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let start = text.len() - value.len();
        let length = length_of_value(value);
        found.push((start, length));
        from = start + length;
    }
    found
}

/// The length of a value in bytes: up to its closing quote, else to the next blank or separator.
fn length_of_value(value: &str) -> usize {
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let mut escaped = false;
        for (at, c) in value.char_indices().skip(1) {
            match c {
                c if c == quote && !escaped => return at + 1,
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
    }
    value
        .find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '`' | ')'))
        .unwrap_or(value.len())
}

/// Masks the value after every `password=`.
fn mask_assignments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, length) in assignments(text) {
        out.push_str(&text[from..start]);
        out.push_str(if length == 0 { "" } else { MASK });
        from = start + length;
    }
    out + &text[from..]
}

/// Masks the password in every `scheme://user:password@host`, except the word `password` itself, which our own examples
/// use.
fn mask_user_infos(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, from) = rest.split_at(at + "://".len());
        out.push_str(before);
        let end = from
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '"' | '\'' | '`'))
            .unwrap_or(from.len());
        let (authority, after) = from.split_at(end);
        match authority
            .rsplit_once('@')
            .map(|(info, host)| (info.split_once(':'), host))
        {
            Some((Some((user, password)), host)) if password != "password" => {
                out.push_str(&format!("{user}:{MASK}@{host}"));
            }
            _ => out.push_str(authority),
        }
        rest = after;
    }
    out + rest
}

/// Masks the id and token of every Discord webhook.
fn mask_webhooks(text: &str) -> String {
    const PATH: &str = "/api/webhooks/";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PATH) {
        let (before, from) = rest.split_at(at + PATH.len());
        out.push_str(before);
        out.push_str(MASK);
        let end = from
            .find(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '-' | '_' | '.' | '%' | '*'))
            .unwrap_or(from.len());
        rest = &from[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "c4n4ry";

    fn connection(value: &str) -> Redaction {
        Redaction::new([(SecretKind::Connection, value)])
    }

    #[test]
    fn a_password_is_found_in_every_form_of_a_connection() {
        for (url, secret) in [
            ("postgres://me:c4n4ry@h:1/d", CANARY),
            ("mysql://me:c4n4ry@h/d", CANARY),
            ("postgres://me:c4n4ry@h:notaport/d", CANARY),
            ("postgres://me@h/d?password=c4n4ry&sslmode=require", CANARY),
            ("host=h password=c4n4ry dbname=d", CANARY),
            (
                "host=h PASSWORD = 'c4n4ry and more' dbname=d",
                "c4n4ry and more",
            ),
            ("host=h password='c4n\\'4ry'", "c4n'4ry"),
            ("postgres://me:c4%40n4ry@h/d", "c4@n4ry"),
            ("postgres://me:c4n4ry/x@y#z@h/d", "c4n4ry/x@y#z"),
            ("c4n4ry", CANARY),
        ] {
            let said = connection(url).text(&format!("it says \"{secret}\" and ends"));
            assert_eq!(said, "it says \"***\" and ends", "{url}");
        }
    }

    #[test]
    fn an_address_hides_its_path_and_every_part_of_it() {
        let url = "http://127.0.0.1:8080/api/webhooks/123456789/c4n4ry-token_x?thread_id=987654321";
        let redaction = Redaction::new([(SecretKind::Address, url)]);
        for (text, shown) in [
            (format!("POST {url}: 404"), "POST ***: 404"),
            ("path c4n4ry-token_x".to_owned(), "path ***"),
            ("id 123456789 of webhooks".to_owned(), "id *** of webhooks"),
            (
                "127.0.0.1:8080 refused".to_owned(),
                "127.0.0.1:8080 refused",
            ),
        ] {
            assert_eq!(redaction.text(&text), shown);
        }
        let malformed =
            Redaction::new([(SecretKind::Address, "discord.com/api/webhooks/1/c4n4ry")]);
        assert_eq!(
            malformed.text("c4n4ry at discord.com"),
            "*** at discord.com"
        );
    }

    #[test]
    fn what_looks_like_a_secret_is_masked_though_nobody_named_it() {
        let redaction = Redaction::default();
        for (text, shown) in [
            (
                "http://me:pw@proxy:1/x failed",
                "http://me:***@proxy:1/x failed",
            ),
            ("dbname=d password=pw", "dbname=d password=***"),
            ("?password=pw&x=1", "?password=***&x=1"),
            ("password = 'a b' host=h", "password = *** host=h"),
            (
                "https://discord.com/api/webhooks/1/abc: 404",
                "https://discord.com/api/webhooks/***: 404",
            ),
            // Nothing of these is one.
            (
                "postgres://user:password@host:5432/prices",
                "postgres://user:password@host:5432/prices",
            ),
            ("http://host:8080/a@b", "http://host:8080/a@b"),
            (
                "password authentication failed",
                "password authentication failed",
            ),
        ] {
            assert_eq!(redaction.text(text), shown);
        }
    }

    #[test]
    fn a_short_password_masks_whole_words_only() {
        let redaction = connection("postgres://me:test@h/d");
        assert_eq!(redaction.text("latest test, test"), "latest ***, ***");
        assert_eq!(connection("postgres://me:a@h/d").text("a cat"), "a cat");
    }

    #[test]
    fn json_stays_json_and_keeps_its_numbers_and_keys() {
        let redaction = connection("postgres://me:12345@h/d");
        let json = "[{\"12345\": 12345, \"note\": \"is 12345 \\\"12345\\\"\"}]";
        assert_eq!(
            redaction.json(json),
            "[{\"12345\": 12345, \"note\": \"is *** \\\"***\\\"\"}]"
        );
        let quoted = connection("host=h password='pa\"ss\\\\word'");
        let json = serde_json::json!(["it was pa\"ss\\word"]).to_string();
        assert_eq!(quoted.json(&json), "[\"it was ***\"]");
        // Nobody named these; they are cut at no escaped quote.
        for said in ["password=\"two words\"", "password='it\\'s \"two\" words'"] {
            let json = serde_json::json!([format!("{said}, host=h")]).to_string();
            assert_eq!(
                Redaction::default().json(&json),
                "[\"password=***, host=h\"]"
            );
        }
    }

    #[test]
    fn a_key_is_found_however_it_is_escaped() {
        let key = "sEcrEt+Key/0123&\u{e9}==";
        for written in [
            "sEcrEt+Key/0123&\u{e9}==",
            "sEcrEt\\u002bKey\\u002f0123\\u0026\\u00e9\\u003d\\u003d",
            "sEcrEt\\u002BKey\\/0123\\u0026\u{e9}==",
            "sEcrEt&#43;Key&#x2F;0123&amp;\u{e9}&#x3d;&#61;",
            "sEcrEt%2bKey%2F0123%26\u{e9}==",
        ] {
            let quoted = format!("{{\"a\":\"&#1; 5 % off \\\\ &\",\"error\":\"bad {written}!\"}}");
            let masked = String::from_utf8(without_key(quoted.into_bytes(), key)).unwrap();
            let expected = "{\"a\":\"&#1; 5 % off \\\\ &\",\"error\":\"bad ***!\"}";
            assert_eq!(masked, expected, "{written}");
        }
        let other = b"sEcrEt+Key/0123&".to_vec();
        assert_eq!(without_key(other.clone(), key), other);
    }
}
