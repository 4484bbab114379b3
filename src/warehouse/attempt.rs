//! One attempt to connect: to one address of one host, encrypted or not.

use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

#[cfg(unix)]
use postgres::NoTls;
use postgres::config::{Host, SslMode, SslNegotiation};
use postgres::error::SqlState;
use postgres::{CancelToken, Client, Config};

use super::bounded::{Encrypted, Plain};
use super::error::{WarehouseError, has_no_tls};
use super::target::{Encryption, Target};
use super::tls;

/// A host of `DATABASE_URL`, at one of its addresses if they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    host: Host,
    address: Option<IpAddr>,
    port: u16,
}

impl Place {
    /// The host at each of its addresses. If they cannot be resolved, connecting reports why.
    pub(super) fn addresses(&self) -> Vec<Self> {
        let found = match (&self.host, self.address) {
            (Host::Tcp(name), None) => (name.as_str(), self.port).to_socket_addrs().ok(),
            _ => None,
        };
        let at = |address| Self {
            address: Some(address),
            ..self.clone()
        };
        let places: Vec<Self> = found.into_iter().flatten().map(|a| at(a.ip())).collect();
        match places.is_empty() {
            true => vec![self.clone()],
            false => places,
        }
    }
}

/// How a connection was made, so that it is cancelled in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Through a local socket. Its server belongs to this machine, and its messages are not bounded: the crate does not
    /// expose such a stream.
    #[cfg(unix)]
    Socket,
    Plain,
    Encrypted,
}

impl Target {
    /// The hosts in the order in which they are tried.
    pub(super) fn places(&self) -> Vec<Place> {
        let (hosts, addresses) = (self.config.get_hosts(), self.config.get_hostaddrs());
        let ports = self.config.get_ports();
        let place = |at: usize| {
            let address = addresses.get(at).copied();
            let named = address.map(|address| Host::Tcp(address.to_string()));
            Some(Place {
                host: hosts.get(at).cloned().or(named)?,
                address,
                port: *ports.get(at).or(ports.first()).unwrap_or(&5432),
            })
        };
        (0..hosts.len().max(addresses.len()))
            .filter_map(place)
            .collect()
    }

    /// Connects to a place.
    pub(super) fn connect(
        &self,
        place: &Place,
        timeout: Duration,
    ) -> Result<(Client, Way), WarehouseError> {
        let config = self.config_for(place, timeout);
        let by = |way| self.connect_by(config.clone(), way);
        #[cfg(unix)]
        if matches!(place.host, Host::Unix(_)) {
            return by(Way::Socket);
        }
        match self.encryption {
            Encryption::Never => by(Way::Plain),
            Encryption::Always => by(Way::Encrypted),
            Encryption::WhereOffered => match by(Way::Encrypted) {
                Err(WarehouseError::Postgres(error)) if has_no_tls(&error) => by(Way::Plain),
                answer => answer,
            },
            Encryption::WhereAsked => match by(Way::Plain) {
                Err(WarehouseError::Postgres(refused)) if wants_encryption(&refused) => {
                    match by(Way::Encrypted) {
                        // If encryption is not available at all, it was not what was missing.
                        Err(WarehouseError::Postgres(error)) if error.code().is_none() => {
                            Err(refused.into())
                        }
                        answer => answer,
                    }
                }
                answer => answer,
            },
        }
    }

    fn connect_by(&self, mut config: Config, way: Way) -> Result<(Client, Way), WarehouseError> {
        let client = match way {
            #[cfg(unix)]
            Way::Socket => config.ssl_mode(SslMode::Disable).connect(NoTls),
            Way::Plain => config
                .ssl_mode(SslMode::Require)
                .ssl_negotiation(SslNegotiation::Direct)
                .connect(Plain),
            Way::Encrypted => config
                .ssl_mode(SslMode::Require)
                .connect(Encrypted(self.connector()?)),
        };
        Ok((client?, way))
    }

    /// Asks the server to cancel a statement of a connection.
    pub(super) fn cancel(&self, token: &CancelToken, way: Way) -> Result<(), WarehouseError> {
        Ok(match way {
            #[cfg(unix)]
            Way::Socket => token.cancel_query(NoTls),
            Way::Plain => token.cancel_query(Plain),
            Way::Encrypted => token.cancel_query(Encrypted(self.connector()?)),
        }?)
    }

    fn connector(&self) -> Result<tokio_postgres_rustls::MakeRustlsConnect, WarehouseError> {
        let is_direct = self.config.get_ssl_negotiation() == SslNegotiation::Direct;
        tls::connector(
            self.verification,
            self.root_certificates.as_deref(),
            is_direct,
        )
        .map_err(|e| WarehouseError::Unfit(format!("{e:#}")))
    }

    /// The settings of `DATABASE_URL` for one place only.
    fn config_for(&self, place: &Place, timeout: Duration) -> Config {
        /// Time between two keepalive probes, unless set otherwise.
        const KEEPALIVE: Duration = Duration::from_secs(15);
        let all = &self.config;
        let mut config = Config::new();
        match &place.host {
            Host::Tcp(name) => config.host(name),
            #[cfg(unix)]
            Host::Unix(folder) => config.host_path(folder),
        };
        place.address.map(|address| config.hostaddr(address));
        all.get_user().map(|user| config.user(user));
        all.get_password().map(|password| config.password(password));
        all.get_dbname().map(|name| config.dbname(name));
        all.get_options().map(|options| config.options(options));
        all.get_application_name()
            .map(|name| config.application_name(name));
        config
            .port(place.port)
            .ssl_negotiation(all.get_ssl_negotiation())
            .channel_binding(all.get_channel_binding())
            .target_session_attrs(all.get_target_session_attrs())
            .connect_timeout(timeout)
            .tcp_user_timeout(*all.get_tcp_user_timeout().unwrap_or(&timeout))
            // Notices a dead server while idle, and while it does not acknowledge sent data.
            .keepalives(all.get_keepalives())
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(2);
        config
    }
}

/// Whether a server may have refused a connection because it was not encrypted: PostgreSQL reports a missing entry in
/// `pg_hba.conf`, a pooler a protocol violation.
fn wants_encryption(refused: &postgres::Error) -> bool {
    let state = refused.code().map(SqlState::code);
    matches!(state, Some("28000" | "08P01"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn places(url: &str) -> Vec<Place> {
        let target = Target::parse(&Secret::new(url.to_owned()), None).unwrap();
        target.places()
    }

    #[test]
    fn hosts_addresses_and_ports_go_together() {
        let place = |name: &str, address: Option<&str>, port| Place {
            host: Host::Tcp(name.to_owned()),
            address: address.map(|a| a.parse().unwrap()),
            port,
        };
        assert_eq!(
            places("postgres://a:1,b:2/d"),
            [place("a", None, 1), place("b", None, 2)]
        );
        assert_eq!(
            places("host=a,b port=7 hostaddr=10.0.0.1,10.0.0.2 dbname=d"),
            [
                place("a", Some("10.0.0.1"), 7),
                place("b", Some("10.0.0.2"), 7)
            ]
        );
        // TLS needs a name to ask for.
        assert_eq!(
            places("hostaddr=10.0.0.1 dbname=d"),
            [place("10.0.0.1", Some("10.0.0.1"), 5432)]
        );
    }

    #[test]
    fn a_host_is_tried_at_each_of_its_addresses() {
        let at = |url: &str| places(url)[0].addresses();
        let addresses = at("postgres://localhost/d");
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(|p| p.address.unwrap().is_loopback()));
        let unknown = at("postgres://no.such.host.invalid/d");
        assert_eq!(unknown, places("postgres://no.such.host.invalid/d"));
    }
}
