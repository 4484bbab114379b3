//! `DATABASE_URL`: where the warehouse is and how the connection is secured.

use std::fmt;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::WarehouseError;
use super::tls::{self, Verification};
use super::url::Settings;
use crate::config::{ConfigError, Secret, TlsMode};

/// Where the warehouse is and how the connection is secured. It cannot print a password.
#[derive(Clone)]
pub struct Target {
    config: Config,
    /// Whether a server that refuses a connection as it is gets an encrypted one.
    or_encrypted: bool,
    verification: Verification,
    root_certificates: Option<PathBuf>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.place())
    }
}

impl Target {
    /// Reads a `postgres://` URL or a list of `key=value`. `ssl_mode` (`PGSSLMODE`) counts where that names none.
    ///
    /// Without either the connection is encrypted unless the host is loopback or a socket.
    ///
    /// # Errors
    /// A sentence that shows nothing of the value: any part of it may be the password.
    pub fn parse(url: &Secret, ssl_mode: Option<TlsMode>) -> Result<Self, ConfigError> {
        let settings = Settings::of(url.expose());
        // The crate's own error may quote a part of the value, so it is not shown.
        let mut config: Config = settings
            .rest
            .parse()
            .map_err(|_| unreadable("it cannot be read as an address of a PostgreSQL database"))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unreadable("it names no host"));
        }
        if let Some(user) = settings.user.filter(|user| !user.is_empty()) {
            config.user(&user);
        }
        if let Some(password) = settings.password {
            config.password(password);
        }
        let written = settings.sslmode.map(|mode| mode.parse()).transpose();
        let written = written.map_err(|()| {
            unreadable(
                "its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full",
            )
        })?;
        // On this machine nobody listens, and a tunnel to a server far away is spared the round trip of the question.
        let default = if is_local(&config) && settings.sslrootcert.is_some() {
            TlsMode::Prefer
        } else if is_local(&config) {
            TlsMode::Allow
        } else {
            TlsMode::Require
        };
        let wanted = match written.or(ssl_mode).unwrap_or(default) {
            // Over a network nothing goes in the clear unless that is written: `disable`.
            TlsMode::Allow if !is_local(&config) => TlsMode::Prefer,
            wanted => wanted,
        };
        let (mode, mut verification) = wanted.meaning();
        // As libpq does: who names an authority wants it asked.
        if settings.sslrootcert.is_some()
            && verification == Verification::None
            && mode == SslMode::Require
        {
            verification = Verification::Authority;
        }
        config.ssl_mode(mode);
        if config.get_application_name().is_none() {
            config.application_name("pricestash");
        }
        Ok(Self {
            config,
            or_encrypted: wanted == TlsMode::Allow,
            verification,
            root_certificates: settings.sslrootcert.map(PathBuf::from),
        })
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

    /// Hosts that are tried one after the other, at least one.
    pub(super) fn hosts(&self) -> u32 {
        let hosts = self.config.get_hosts().len();
        u32::try_from(hosts.max(self.config.get_hostaddrs().len()).max(1)).unwrap_or(u32::MAX)
    }

    /// `connect_timeout`, where `DATABASE_URL` has it.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.config.get_connect_timeout().copied()
    }

    /// The addresses of the host that has most of them, at least one. They are tried one after the other.
    fn addresses(&self) -> u32 {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let of_host = |host: &Host| match host {
            // A name that is not found is the connection's failure, in its own words.
            Host::Tcp(name) => (name.as_str(), port)
                .to_socket_addrs()
                .map_or(1, Iterator::count),
            #[cfg(unix)]
            Host::Unix(_) => 1,
        };
        // An address that is given is not looked up.
        if !self.config.get_hostaddrs().is_empty() {
            return 1;
        }
        let most = self.config.get_hosts().iter().map(of_host).max();
        u32::try_from(most.unwrap_or(1).max(1)).unwrap_or(u32::MAX)
    }

    pub(super) fn connect(&self, timeout: Duration) -> Result<Client, WarehouseError> {
        let mut config = self.config.clone();
        // An address that says nothing leaves time for the next one of its host.
        config.connect_timeout(timeout / self.addresses());
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(timeout);
        }
        config
            // A server that is gone is noticed while nothing is said, and while it does not confirm what was sent.
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(2);
        if !self.is_plain() {
            return Ok(config.connect(self.connector()?)?);
        }
        match config.connect(NoTls) {
            Err(refused) if self.or_encrypted && wants_encryption(&refused) => {
                config.ssl_mode(SslMode::Require);
                match config.connect(self.connector()?) {
                    // Where that cannot be had at all, it was not what was missing.
                    Err(error) if error.code().is_none() => Err(refused.into()),
                    answer => Ok(answer?),
                }
            }
            answer => Ok(answer?),
        }
    }

    /// Asks the server to end a statement of a connection.
    pub(super) fn cancel(&self, token: &CancelToken) -> Result<(), WarehouseError> {
        if self.is_plain() {
            return Ok(token.cancel_query(NoTls)?);
        }
        Ok(token.cancel_query(self.connector()?)?)
    }

    fn is_plain(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Disable
    }

    fn connector(&self) -> Result<MakeRustlsConnect, WarehouseError> {
        tls::connector(self.verification, self.root_certificates.as_deref())
            .map_err(|e| WarehouseError::Unfit(format!("{e:#}")))
    }
}

/// Between two signs of life, where nothing else is said.
const KEEPALIVE: Duration = Duration::from_secs(15);

impl TlsMode {
    /// As libpq means it.
    fn meaning(self) -> (SslMode, Verification) {
        match self {
            Self::Disable | Self::Allow => (SslMode::Disable, Verification::None),
            Self::Prefer => (SslMode::Prefer, Verification::None),
            Self::Require => (SslMode::Require, Verification::None),
            Self::VerifyCa => (SslMode::Require, Verification::Authority),
            Self::VerifyFull => (SslMode::Require, Verification::Full),
        }
    }
}

/// Whether a server may have refused a connection because it was not encrypted: PostgreSQL says that there is no entry for it
/// in `pg_hba.conf`, a pooler that the protocol was violated.
fn wants_encryption(refused: &postgres::Error) -> bool {
    let state = refused.code().map(SqlState::code);
    matches!(state, Some("28000" | "08P01"))
}

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
            assert_eq!(mode(local), SslMode::Disable, "{local}");
            assert!(parse(local).or_encrypted, "{local}");
        }
        // Windows has no such sockets.
        if cfg!(unix) {
            let socket = "host=/run/postgresql dbname=d";
            assert_eq!(mode(socket), SslMode::Disable);
        }
        assert_eq!(mode("postgres://db.example.com/d"), SslMode::Require);
        assert_eq!(mode("host=10.0.0.7 dbname=d"), SslMode::Require);
        assert_eq!(
            mode("postgres://db.example.com/d?sslmode=disable"),
            SslMode::Disable
        );
    }

    #[test]
    fn the_environments_mode_counts_where_the_url_names_none() {
        let parse = |url: &str, mode| {
            let target = Target::parse(&Secret::new(url.to_owned()), Some(mode)).unwrap();
            (target.config.get_ssl_mode(), target.verification)
        };
        let full = (SslMode::Require, Verification::Full);
        assert_eq!(parse("postgres://localhost/d", TlsMode::VerifyFull), full);
        assert_eq!(
            parse("host=db.example.com dbname=d", TlsMode::VerifyFull),
            full
        );
        let (mode, _) = parse(
            "host=db.example.com dbname=d sslmode=prefer",
            TlsMode::VerifyFull,
        );
        assert_eq!(mode, SslMode::Prefer);
        let (mode, _) = parse("postgres://db.example.com/d", TlsMode::Disable);
        assert_eq!(mode, SslMode::Disable);
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
