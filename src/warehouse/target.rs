//! `DATABASE_URL`: where the warehouse is and how the connection is secured.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use postgres::Config;
use postgres::config::Host;

use super::tls::{self, Verification};
use super::url::Settings;
use crate::config::{ConfigError, Secret, TlsMode};

/// Where the warehouse is and how the connection is secured. Never prints a password.
#[derive(Clone)]
pub struct Target {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
    pub(super) verification: Verification,
    pub(super) root_certificates: Option<PathBuf>,
}

/// When a network connection is encrypted. Sockets never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Never,
    /// If the server refuses unencrypted ones.
    WhereAsked,
    /// If the server supports it.
    WhereOffered,
    Always,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.place())
    }
}

impl Target {
    /// Parses a `postgres://` URL or a list of `key=value`. `ssl_mode` (`PGSSLMODE`) applies if it contains none.
    ///
    /// Without either, the connection is encrypted unless the host is loopback or a socket.
    ///
    /// # Errors
    /// A sentence that shows nothing of the value: any part of it may be the password.
    pub fn parse(url: &Secret, ssl_mode: Option<TlsMode>) -> Result<Self, ConfigError> {
        let settings = Settings::of(url.expose());
        let config = read_config(&settings)?;
        let (encryption, mut verification) =
            wanted_mode(&settings, ssl_mode, is_local(&config))?.meaning();
        // As libpq does: naming an authority means verifying it.
        if settings.sslrootcert.is_some()
            && verification == Verification::None
            && encryption == Encryption::Always
        {
            verification = Verification::Authority;
        }
        Ok(Self {
            config,
            encryption,
            verification,
            root_certificates: settings.sslrootcert.map(PathBuf::from),
        })
    }

    /// The same with the tables in this schema, if one is given: the literal name, whatever `DATABASE_URL` says.
    #[must_use]
    pub(crate) fn in_schema(mut self, schema: Option<&str>) -> Self {
        if let Some(schema) = schema {
            let options = with_schema(self.config.get_options(), &quoted(schema));
            self.config.options(&options);
        }
        self
    }

    /// Host, port and database, for messages.
    #[must_use]
    pub(crate) fn place(&self) -> String {
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

    /// `connect_timeout` of `DATABASE_URL`, if set.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.config.get_connect_timeout().copied()
    }
}

impl TlsMode {
    /// As libpq defines it.
    fn meaning(self) -> (Encryption, Verification) {
        match self {
            Self::Disable => (Encryption::Never, Verification::None),
            Self::Allow => (Encryption::WhereAsked, Verification::None),
            Self::Prefer => (Encryption::WhereOffered, Verification::None),
            Self::Require => (Encryption::Always, Verification::None),
            Self::VerifyCa => (Encryption::Always, Verification::Authority),
            Self::VerifyFull => (Encryption::Always, Verification::Full),
        }
    }
}

/// The settings for the crate.
fn read_config(settings: &Settings) -> Result<Config, ConfigError> {
    if let Some(why) = &settings.refusal {
        return Err(unreadable(why));
    }
    // The crate's own error may quote a part of the value, so it is not shown.
    let mut config: Config = settings
        .rest
        .parse()
        .map_err(|_| unreadable("it is not a valid PostgreSQL address"))?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(unreadable("it names no host"));
    }
    if !go_together(&config) {
        return Err(unreadable(
            "its lists of hosts, addresses and ports have different lengths",
        ));
    }
    if let Some(user) = settings.user.as_ref().filter(|user| !user.is_empty()) {
        config.user(user);
    }
    if let Some(password) = &settings.password {
        config.password(password);
    }
    if let Some(schema) = &settings.schema {
        config.options(&with_schema(config.get_options(), schema));
    }
    if config.get_application_name().is_none() {
        config.application_name("pricestash");
    }
    Ok(config)
}

/// The mode in the URL, else the environment's, else the host's default. `is_local`: whether that is this machine.
fn wanted_mode(
    settings: &Settings,
    ssl_mode: Option<TlsMode>,
    is_local: bool,
) -> Result<TlsMode, ConfigError> {
    let written = settings.sslmode.as_ref().map(|mode| mode.parse());
    let written = written.transpose().map_err(|()| {
        unreadable(
            "its sslmode is not one of disable, allow, prefer, require, verify-ca, verify-full",
        )
    })?;
    let file = settings.sslrootcert.as_deref();
    if file == Some(tls::SYSTEM) {
        return match written {
            None | Some(TlsMode::VerifyFull) => Ok(TlsMode::VerifyFull),
            _ => Err(unreadable(
                "sslrootcert=system needs sslmode=verify-full: anyone can have a certificate of a public authority",
            )),
        };
    }
    // Nobody can listen on this machine, and a tunnel to a distant server saves the round trip of the request.
    let default = match (is_local, file) {
        (true, Some(_)) => TlsMode::Prefer,
        (true, None) => TlsMode::Allow,
        (false, _) => TlsMode::Require,
    };
    Ok(match written.or(ssl_mode).unwrap_or(default) {
        // Over a network nothing is sent in clear text unless `disable` is written.
        TlsMode::Allow if !is_local => TlsMode::Prefer,
        wanted => wanted,
    })
}

fn unreadable(why: &str) -> ConfigError {
    ConfigError(format!(
        "DATABASE_URL: {why}; expected an address like postgres://user:password@host:5432/name (value not shown)"
    ))
}

/// The options of a connection whose tables are in a schema. A blank ends an option unless a backslash precedes it.
fn with_schema(options: Option<&str>, schema: &str) -> String {
    let escaped = schema.replace('\\', "\\\\").replace(' ', "\\ ");
    let path = format!("-csearch_path={escaped}");
    options.map_or(path.clone(), |options| format!("{options} {path}"))
}

/// A literal name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether each host in a list has its address and port, if more than one is given.
fn go_together(config: &Config) -> bool {
    let (hosts, addresses) = (config.get_hosts().len(), config.get_hostaddrs().len());
    let ports = config.get_ports().len();
    (hosts == 0 || addresses == 0 || hosts == addresses)
        && (ports <= 1 || ports == hosts.max(addresses))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(&Secret::new(url.to_owned()), None).unwrap()
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
            (target.verification, target.encryption),
            (Verification::Full, Encryption::Always)
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
        let mode = |url: &str| parse(url).encryption;
        for local in [
            "postgres://localhost/d",
            "postgres://127.0.0.1/d",
            "postgres://[::1]/d",
        ] {
            assert_eq!(mode(local), Encryption::WhereAsked, "{local}");
        }
        // Windows has no such sockets.
        if cfg!(unix) {
            let socket = "host=/run/postgresql dbname=d";
            assert_eq!(mode(socket), Encryption::WhereAsked);
        }
        assert_eq!(mode("postgres://db.example.com/d"), Encryption::Always);
        assert_eq!(mode("host=10.0.0.7 dbname=d"), Encryption::Always);
        assert_eq!(
            mode("postgres://db.example.com/d?sslmode=disable"),
            Encryption::Never
        );
    }

    #[test]
    fn the_environments_mode_counts_where_the_url_names_none() {
        let parse = |url: &str, mode| {
            let target = Target::parse(&Secret::new(url.to_owned()), Some(mode)).unwrap();
            (target.encryption, target.verification)
        };
        let full = (Encryption::Always, Verification::Full);
        assert_eq!(parse("postgres://localhost/d", TlsMode::VerifyFull), full);
        assert_eq!(
            parse("host=db.example.com dbname=d", TlsMode::VerifyFull),
            full
        );
        let (mode, _) = parse(
            "host=db.example.com dbname=d sslmode=prefer",
            TlsMode::VerifyFull,
        );
        assert_eq!(mode, Encryption::WhereOffered);
        let (mode, _) = parse("postgres://db.example.com/d", TlsMode::Disable);
        assert_eq!(mode, Encryption::Never);
    }

    #[test]
    fn a_parameter_that_cannot_be_heeded_is_named() {
        for (url, words) in [
            (
                "postgres://me:canary@h/d?sslmod=require",
                "\"sslmod\" is unknown",
            ),
            (
                "postgres://me:canary@h/d?sslcert=canary",
                "\"sslcert\" cannot be used",
            ),
            ("host=h dbname=d servise=canary", "\"servise\" is unknown"),
            (
                "postgres://h/d?sslrootcert=system&sslmode=require",
                "verify-full",
            ),
        ] {
            let error = Target::parse(&Secret::new(url.to_owned()), None).unwrap_err();
            assert!(
                error.0.contains(words) && !error.0.contains("canary"),
                "{error:?}"
            );
        }
        let target = parse(
            "postgres://h/d?pgbouncer=true&options=-c%20a%3Db&schema=my%20own&sslrootcert=system",
        );
        assert_eq!(
            target.config.get_options(),
            Some("-c a=b -csearch_path=my\\ own")
        );
        assert_eq!(
            (target.verification, target.encryption),
            (Verification::Full, Encryption::Always)
        );
        let target = parse("postgres://h/d?schema=a").in_schema(Some("My \"own\""));
        assert_eq!(
            target.config.get_options(),
            Some("-csearch_path=a -csearch_path=\"My\\ \"\"own\"\"\"")
        );
    }

    #[test]
    fn a_refusal_shows_nothing_of_the_value() {
        for url in [
            "postgres://me:canary@host:notaport/d",
            "postgres://me:can#ary@host/d?application_name=1&x",
            "host=h password=a canary=b dbname=d",
            "host=h password=canary word dbname=d",
            "postgres://me:canary@h/d?sslmode=maybe",
            "password=canary",
        ] {
            let error = Target::parse(&Secret::new(url.to_owned()), None)
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
