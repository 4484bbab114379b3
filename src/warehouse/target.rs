//! `DATABASE_URL`: where the warehouse is and how the connection is secured.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use postgres::config::{Host, SslMode};
use postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Failure;
use super::tls::{self, Verification};
use crate::config::{ConfigError, Secret};

/// Where the warehouse is and how the connection is secured. It cannot print a password.
#[derive(Clone)]
pub struct Target {
    config: Config,
    verification: Verification,
    root_certificates: Option<PathBuf>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.place())
    }
}

impl Target {
    /// Reads a `postgres://` URL or a list of `key=value`.
    ///
    /// Without `sslmode` the connection is encrypted unless the host is loopback or a socket.
    ///
    /// # Errors
    /// A sentence that shows nothing of the value: any part of it may be the password.
    pub fn parse(url: &Secret) -> Result<Self, ConfigError> {
        let Settings {
            rest,
            sslmode,
            sslrootcert,
        } = if url.expose().contains("://") {
            take_from_url(url.expose())
        } else {
            take_from_pairs(url.expose())
        };
        // The crate's own error may quote a part of the value, so it is not shown.
        let mut config: Config = rest
            .parse()
            .map_err(|_| unreadable("it cannot be read as an address of a PostgreSQL database"))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unreadable("it names no host"));
        }
        let local = is_local(&config);
        let (mode, verification) = match sslmode.as_deref() {
            Some("disable") => (SslMode::Disable, Verification::None),
            Some("prefer") => (SslMode::Prefer, Verification::None),
            Some("require") => (SslMode::Require, Verification::None),
            Some("verify-ca") => (SslMode::Require, Verification::Authority),
            Some("verify-full") => (SslMode::Require, Verification::Full),
            Some(_) => {
                return Err(unreadable(
                    "its sslmode is none of disable, prefer, require, verify-ca, verify-full",
                ));
            }
            None if local => (SslMode::Prefer, Verification::None),
            None => (SslMode::Require, Verification::None),
        };
        // As libpq does: who names an authority wants it asked.
        let verification = if sslrootcert.is_some()
            && verification == Verification::None
            && mode == SslMode::Require
        {
            Verification::Authority
        } else {
            verification
        };
        config.ssl_mode(mode);
        if config.get_application_name().is_none() {
            config.application_name("pricestash");
        }
        Ok(Self {
            config,
            verification,
            root_certificates: sslrootcert.map(PathBuf::from),
        })
    }

    /// Host, port and database, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        let host = self.config.get_hosts().first().map_or_else(
            || {
                self.config
                    .get_hostaddrs()
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            },
            |host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            },
        );
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!(
            "{host}:{port}/{}",
            self.config
                .get_dbname()
                .or(self.config.get_user())
                .unwrap_or_default()
        )
    }

    /// Hosts that are tried one after the other, at least one.
    pub(super) fn hosts(&self) -> u32 {
        let hosts = self.config.get_hosts().len();
        u32::try_from(hosts.max(self.config.get_hostaddrs().len()).max(1)).unwrap_or(u32::MAX)
    }

    pub(super) fn connect(&self, timeout: Duration) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(timeout);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(timeout);
        }
        config
            // A server that is gone is noticed while nothing is said, and while it does not confirm what was sent.
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(2);
        if self.is_plain() {
            return Ok(config.connect(NoTls)?);
        }
        Ok(config.connect(self.connector()?)?)
    }

    /// Asks the server to end a statement of a connection.
    pub(super) fn cancel(&self, token: &CancelToken) -> Result<(), Failure> {
        if self.is_plain() {
            return Ok(token.cancel_query(NoTls)?);
        }
        Ok(token.cancel_query(self.connector()?)?)
    }

    fn is_plain(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable
    }

    fn connector(&self) -> Result<MakeRustlsConnect, Failure> {
        tls::connector(self.verification, self.root_certificates.as_deref())
            .map_err(|e| Failure::Unfit(format!("{e:#}")))
    }
}

/// Between two signs of life, where nothing else is said.
const KEEPALIVE: Duration = Duration::from_secs(15);

fn unreadable(why: &str) -> ConfigError {
    ConfigError(format!(
        "DATABASE_URL: {why}; it should be like postgres://user:password@host:5432/name (its value is not shown)"
    ))
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            let name = name.trim_start_matches('[').trim_end_matches(']');
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }) && config
        .get_hostaddrs()
        .iter()
        .all(std::net::IpAddr::is_loopback)
}

/// What the crate does not know, taken out of the rest.
#[derive(Default)]
struct Settings {
    rest: String,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

impl Settings {
    /// Takes a setting that is ours to read; says whether it was one.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.sslmode = Some(value.to_owned()),
            "sslrootcert" => self.sslrootcert = Some(value.to_owned()),
            _ => return false,
        }
        true
    }
}

fn take_from_url(url: &str) -> Settings {
    let Some((base, query)) = url.split_once('?') else {
        return Settings {
            rest: url.to_owned(),
            ..Settings::default()
        };
    };
    let mut settings = Settings::default();
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy();
        if !settings.take(key, &value) {
            kept.push(pair);
        }
    }
    settings.rest = if kept.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", kept.join("&"))
    };
    settings
}

fn take_from_pairs(text: &str) -> Settings {
    let mut settings = Settings::default();
    let mut kept = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (pair, key, value, after) = next_pair(rest);
        if !settings.take(key, &value) {
            kept.push(pair);
        }
        rest = after.trim_start();
    }
    settings.rest = kept.join(" ");
    settings
}

/// The first `key = value` of a list: as written, its key, its value without quotes and backslashes, and what follows.
fn next_pair(text: &str) -> (&str, &str, String, &str) {
    let Some((key, behind)) = text.split_once('=') else {
        return (text, text.trim(), String::new(), "");
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
    let pair = &text[..text.len() - after.len()];
    (pair, key.trim(), value, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(&Secret::new(url.to_owned())).unwrap()
    }

    #[test]
    fn both_forms_are_read() {
        let target = parse(
            "postgresql://me:pa%40ss@db.example.com:6543/prices?application_name=x&sslmode=verify-full&sslrootcert=%2Fca.pem",
        );
        assert_eq!(target.place(), "db.example.com:6543/prices");
        assert_eq!(target.config.get_password(), Some(&b"pa@ss"[..]));
        assert_eq!(target.config.get_application_name(), Some("x"));
        assert_eq!(
            (target.verification, target.config.get_ssl_mode()),
            (Verification::Full, SslMode::Require)
        );
        assert_eq!(target.root_certificates, Some(PathBuf::from("/ca.pem")));

        let target = parse(
            "host=db.example.com sslmode = 'verify-ca'  user=me password='it''s' dbname=prices"
                .replace("''", "\\'")
                .as_str(),
        );
        assert_eq!(target.place(), "db.example.com:5432/prices");
        assert_eq!(target.config.get_password(), Some(&b"it's"[..]));
        assert_eq!(target.verification, Verification::Authority);
    }

    #[test]
    fn tls_is_required_unless_the_host_is_this_machine() {
        let mode = |url: &str| parse(url).config.get_ssl_mode();
        for local in [
            "postgres://localhost/d",
            "postgres://127.0.0.1/d",
            "postgres://[::1]/d",
        ] {
            assert_eq!(mode(local), SslMode::Prefer, "{local}");
        }
        // Windows has no such sockets.
        if cfg!(unix) {
            let socket = "host=/run/postgresql dbname=d";
            assert_eq!(mode(socket), SslMode::Prefer);
        }
        assert_eq!(mode("postgres://db.example.com/d"), SslMode::Require);
        assert_eq!(mode("host=10.0.0.7 dbname=d"), SslMode::Require);
        assert_eq!(
            mode("postgres://db.example.com/d?sslmode=disable"),
            SslMode::Disable
        );
    }

    #[test]
    fn a_refusal_shows_nothing_of_the_value() {
        for url in [
            "postgres://me:canary@host:notaport/d",
            "postgres://me:can#ary@host/d?canary=1",
            "host=h password=canary word dbname=d",
            "postgres://me:canary@h/d?sslmode=maybe",
            "password=canary",
        ] {
            let error = Target::parse(&Secret::new(url.to_owned()))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("DATABASE_URL") && !error.contains("canary"),
                "{error}"
            );
        }
        assert!(!format!("{:?}", parse("postgres://me:canary@h/d")).contains("canary"));
    }
}
