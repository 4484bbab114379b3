//! Splits `DATABASE_URL`: handles what the `postgres` crate does not know or parses too strictly.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::parameters::{Meaning, is_name, meaning};

/// What the crate does not know, separated from the rest.
#[derive(Default)]
pub(super) struct Settings {
    /// What the crate understands.
    pub(super) rest: String,
    /// The user and the password of a URL.
    pub(super) user: Option<String>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) sslmode: Option<String>,
    pub(super) sslrootcert: Option<String>,
    /// The schema of the tables.
    pub(super) schema: Option<String>,
    /// What is wrong with a parameter: a sentence with its name, but not its value.
    pub(super) refusal: Option<String>,
}

impl Settings {
    /// Splits a `postgres://` URL or a list of `key=value`.
    pub(super) fn of(url: &str) -> Self {
        if url.contains("://") {
            take_from_url(url)
        } else {
            take_from_pairs(url)
        }
    }

    /// Handles a parameter; returns what the crate should read of it. `is_in_password`: it may be part of a password
    /// with blanks.
    fn take(
        &mut self,
        key: &str,
        value: &str,
        is_in_password: bool,
    ) -> Option<(&'static str, String)> {
        let wrong = match meaning(key, value) {
            Meaning::Passed(name, value) => return Some((name, value)),
            Meaning::SslMode if key == "ssl" => {
                self.sslmode.get_or_insert_with(|| "require".to_owned());
                return None;
            }
            Meaning::SslMode => {
                self.sslmode = Some(value.to_owned());
                return None;
            }
            Meaning::SslRootCert => {
                self.sslrootcert = Some(value.to_owned());
                return None;
            }
            Meaning::Schema => {
                self.schema = Some(value.to_owned());
                return None;
            }
            Meaning::Harmless => return None,
            Meaning::Refused(why) => format!("cannot be used: {why}"),
            Meaning::Unknown => "is unknown; remove it or correct its name".to_owned(),
        };
        self.refusal
            .get_or_insert(match is_name(key) && !is_in_password {
                true => format!("its parameter {key:?} {wrong}"),
                false => "it is not a valid PostgreSQL address".to_owned(),
            });
        None
    }
}

fn take_from_url(url: &str) -> Settings {
    let (scheme, behind) = url.split_once("://").unwrap_or(("postgres", url));
    let mut settings = Settings::default();
    let mut rest = behind;
    if let Some(at) = end_of_userinfo(behind) {
        let (userinfo, behind_at) = behind.split_at(at);
        let (user, password) = match userinfo.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (userinfo, None),
        };
        settings.user = Some(percent_decode_str(user).decode_utf8_lossy().into_owned());
        settings.password = password.map(|p| percent_decode_str(p).collect());
        rest = behind_at.strip_prefix('@').unwrap_or(behind_at);
    }
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy();
        if let Some((key, value)) = settings.take(key, &value, false) {
            let value = utf8_percent_encode(&value, NON_ALPHANUMERIC);
            kept.push(format!("{key}={value}"));
        }
    }
    settings.rest = format!("{scheme}://{base}");
    if !kept.is_empty() {
        settings.rest.push_str(&format!("?{}", kept.join("&")));
    }
    settings
}

/// The position of the `@` between user and password and the host.
///
/// A password that is not percent-encoded may contain any character, so the URL is parsed by the standard only if that
/// makes sense; otherwise the last `@` followed by a host is used.
fn end_of_userinfo(text: &str) -> Option<usize> {
    let authority = text.find(['/', '?', '#']).unwrap_or(text.len());
    let standard = text.get(..authority).and_then(|a| a.rfind('@'));
    if let Some(at) = standard
        && text.get(at + 1..).is_some_and(is_plain)
    {
        return Some(at);
    }
    if standard.is_none() && is_plain(text) {
        return None;
    }
    let mut ats = text.rmatch_indices('@').map(|(at, _)| at);
    ats.find(|at| text.get(at + 1..).is_some_and(begins_with_hosts))
}

/// Whether this is hosts, a path and parameters, with nothing that looks like the rest of a password.
fn is_plain(text: &str) -> bool {
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    let is_parameter = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        })
    };
    begins_with_hosts(base)
        && !base.contains('@')
        && query.split('&').all(|p| p.is_empty() || is_parameter(p))
}

fn begins_with_hosts(text: &str) -> bool {
    let hosts = text.split(['/', '?']).next().unwrap_or_default();
    hosts.split(',').all(is_host)
}

/// A name, a dotted address, a bracketed address or a percent-encoded path, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("", port),
        Some(_) => return false,
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    let is_of_host = |b: u8| b.is_ascii_alphanumeric() || b"-._%".contains(&b);
    host.bytes().all(is_of_host) && port.bytes().all(|b| b.is_ascii_digit())
}

fn take_from_pairs(text: &str) -> Settings {
    let mut settings = Settings::default();
    let mut kept = Vec::new();
    let mut rest = text.trim_start();
    let mut is_in_password = false;
    while !rest.is_empty() {
        let (key, value, after) = next_pair(rest);
        if let Some((key, value)) = settings.take(key, &value, is_in_password) {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            kept.push(format!("{key}='{value}'"));
        }
        is_in_password = key == "password";
        rest = after.trim_start();
    }
    settings.rest = kept.join(" ");
    settings
}

/// The first `key = value` of a list: its key, its value without quotes and backslashes, and the rest.
fn next_pair(text: &str) -> (&str, String, &str) {
    let Some((key, behind)) = text.split_once('=') else {
        return (text.trim(), String::new(), "");
    };
    let behind = behind.trim_start();
    let mut value = String::new();
    let mut quoted = false;
    let mut characters = behind.char_indices();
    let mut end = behind.len();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if at == 0 => quoted = true,
            '\'' if quoted => {
                end = at + 1;
                break;
            }
            c if c.is_whitespace() && !quoted => {
                end = at;
                break;
            }
            c => value.push(c),
        }
    }
    let after = &behind[end..];
    (key.trim(), value, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every printable character that is not a letter or digit, and some beyond ASCII.
    const SPECIAL: &str = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~é한";

    fn told(url: &str) -> (String, String, String) {
        let settings = Settings::of(url);
        let password = settings.password.unwrap_or_default();
        let password = String::from_utf8(password).unwrap();
        (settings.user.unwrap_or_default(), password, settings.rest)
    }

    #[test]
    fn a_password_may_hold_every_special_character_encoded_or_not() {
        let mut passwords: Vec<String> = SPECIAL.chars().map(|c| format!("a{c}b")).collect();
        passwords.extend(SPECIAL.chars().map(|c| c.to_string()));
        passwords.push(SPECIAL.to_owned());
        for password in passwords {
            let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
            for written in [&password, &encoded] {
                for host in [
                    "db.example.com:5432",
                    "[::1]:5432",
                    "%2Frun%2Fpg",
                    "a:1,b:2",
                    "",
                ] {
                    let (user, read, rest) = told(&format!(
                        "postgres://me:{written}@{host}/prices?application_name=x"
                    ));
                    let expected = format!("postgres://{host}/prices?application_name=x");
                    assert_eq!(
                        (user, read, rest),
                        ("me".to_owned(), password.clone(), expected),
                        "{written}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_password_is_left_where_it_is() {
        for url in [
            "postgres://host/prices",
            "postgres://host/prices?options=%2Dc%20a%3Db%40c",
            "postgres:///prices?host=%2Frun%2Fpostgresql",
        ] {
            assert_eq!(told(url), (String::new(), String::new(), url.to_owned()));
        }
        let (user, password, rest) = told("postgres://me@host/prices?application_name=a@b");
        assert_eq!((user.as_str(), password.as_str()), ("me", ""));
        assert_eq!(rest, "postgres://host/prices?application_name=a%40b");
        // Both ways to read it make sense; the standard's is the one.
        let (_, password, rest) = told("postgres://me:pa@ss@host/prices");
        assert_eq!(
            (password.as_str(), rest.as_str()),
            ("pa@ss", "postgres://host/prices")
        );
    }
}
