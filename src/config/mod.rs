//! Configuration: reads and checks every variable through a look-up function; errors name the variable. Secrets cannot
//! be printed.
//!
//! Precedence: command line, environment, `.env`, defaults.

mod alert_parts;
mod alert_secrets;
mod alert_url;
#[cfg(test)]
mod alert_url_tests;
pub(crate) mod assets_edit;
pub(crate) mod assets_file;
mod channel;
mod dot_env;
pub(crate) mod keys;
mod language;
pub(crate) mod redact;
mod secret;
mod source_file;
mod table;
mod value;
mod variables;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;
use thiserror::Error;

use crate::domain::language::Language;
use crate::process::retry::RetryPolicy;
pub use assets_file::read_sources;
pub(crate) use channel::{Channel, Service};
pub use dot_env::read_dot_env;
use keys::Keys;
use redact::Redaction;
pub use secret::Secret;
pub use table::{Kind, Variable, all_variables};
pub use variables::Variables;

/// A configuration error: one sentence with the variable or file, its value (never a secret), and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Something that cannot be written, in one sentence. It is the context of the system's error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Unwritable(pub(crate) String);

/// The area of a wrong setting: commands that use it refuse the setting, others warn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// An invalid line of `.env`: it may be any setting.
    DotEnv,
    /// How log lines are written, and what people read.
    Log,
    /// Fetching from sources.
    Fetch,
    /// Access to the warehouse.
    Warehouse,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

/// Logging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `LOG_LEVEL`
    pub level: LevelFilter,
    /// `LOG_FORMAT`
    pub(crate) format: LogFormat,
}

/// Fetching from sources.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchConfig {
    /// `FETCH_TIMEOUT`: for a whole HTTP request.
    pub(crate) timeout: Duration,
    /// `FETCH_MAX_RETRIES` and `FETCH_BASE_DELAY`.
    pub(crate) retry: RetryPolicy,
    /// `FETCH_HOST_INTERVAL`: least time between two requests to one host.
    pub(crate) host_interval: Duration,
    /// `AUDIT_DAYS`: a series is compared in full after this many days; 0 means never.
    pub(crate) audit_days: u32,
    /// The `…_BASE_URL` variables of the sources.
    pub(crate) origins: Origins,
    /// The keys of user-defined sources.
    pub(crate) keys: Keys,
}

/// `sslmode`: whether the connection to the warehouse is encrypted, and how the server is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Not encrypted.
    Disable,
    /// Encrypted only if the server accepts no other connection.
    Allow,
    /// Encrypted if the server supports it.
    Prefer,
    /// Encrypted.
    Require,
    /// Encrypted, and the server's certificate must be signed by a trusted authority.
    VerifyCa,
    /// The same, and the certificate must match the host's name.
    VerifyFull,
}

impl FromStr for TlsMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(()),
        })
    }
}

/// Access to the warehouse.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// `DATABASE_URL`; `None` if unset or empty.
    pub(crate) database_url: Option<Secret>,
    /// `DATABASE_SCHEMA`; `None` means the connection's own.
    pub(crate) schema: Option<String>,
    /// `PGSSLMODE`, for a `DATABASE_URL` without `sslmode`.
    pub(crate) tls_mode: Option<TlsMode>,
    /// `SYNC_MAX_RETRIES` and `SYNC_BASE_DELAY`
    pub(crate) retry: RetryPolicy,
    /// `SYNC_CONNECT_TIMEOUT`
    pub(crate) connect_timeout: Duration,
    /// `SYNC_STATEMENT_TIMEOUT`
    pub(crate) statement_timeout: Duration,
}

/// Where the ends of runs are reported.
#[derive(Debug, Clone, Default)]
pub struct NotifyConfig {
    /// `ALERT_WEBHOOK_URL` and those of `ALERT_URL`; nothing of what is empty or malformed.
    pub(crate) channels: Vec<Channel>,
    /// `HEARTBEAT_URL`; the same.
    pub(crate) heartbeat: Option<Secret>,
}

impl NotifyConfig {
    /// The names of the channels.
    pub(crate) fn channel_names(&self) -> Vec<&str> {
        self.channels.iter().map(|c| c.name.as_str()).collect()
    }
}

/// A variable that is set, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value without secrets.
    pub shown: String,
    /// `environment` or `.env`.
    pub origin: &'static str,
    /// Whether it equals the default.
    pub is_default: bool,
}

/// Everything that the program reads from its environment.
#[derive(Debug, Clone)]
pub struct Config {
    /// `STAGING_DB`
    pub staging_db: PathBuf,
    /// `ASSETS_FILE`
    pub assets_file: PathBuf,
    /// Fetching from sources.
    pub fetch: FetchConfig,
    /// Access to the warehouse.
    pub sync: SyncConfig,
    /// Where the ends of runs are reported.
    pub notify: NotifyConfig,
    /// Logging.
    pub log: LogConfig,
    /// `PRICESTASH_LANG`, else the system's.
    pub language: Language,
    /// Keeps secrets out of everything that is said.
    pub redaction: Redaction,
    /// Settings other than the defaults.
    pub set: Vec<Setting>,
    /// Warnings to show at start that do not prevent a run. Contain no secrets.
    pub warnings: Vec<String>,
    /// Wrong settings, which are not used. Contain no secrets.
    pub faults: Vec<(Area, ConfigError)>,
}

impl Config {
    /// The first wrong setting in these areas.
    pub(crate) fn fault_in(&self, areas: &[Area]) -> Option<&ConfigError> {
        let mut faults = self.faults.iter();
        faults
            .find(|(area, _)| areas.contains(area))
            .map(|(_, fault)| fault)
    }

    /// Whether `DATABASE_URL` is set, right or wrong.
    pub(crate) fn names_warehouse(&self) -> bool {
        self.set.iter().any(|s| s.name == "DATABASE_URL")
    }

    /// The URL of the warehouse; `None` if `DATABASE_URL` is not set.
    ///
    /// # Errors
    /// A fault of the URL or of a setting for the connection: nobody must connect in another way than configured.
    pub(crate) fn warehouse_url(&self) -> Result<Option<&Secret>, ConfigError> {
        if self.names_warehouse() {
            self.refuse(&[Area::Warehouse])?;
        }
        Ok(self.sync.database_url.as_ref())
    }

    /// Refuses wrong settings in these areas.
    ///
    /// # Errors
    /// The first of them.
    pub(crate) fn refuse(&self, areas: &[Area]) -> Result<(), ConfigError> {
        self.fault_in(areas).cloned().map_or(Ok(()), Err)
    }
}

/// The origins of the sources by variable, without a slash at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins(BTreeMap<&'static str, String>);

impl Origins {
    /// The origin of a variable: its default if it was not read.
    #[must_use]
    pub(crate) fn get<'a>(&'a self, variable: &'a Variable) -> &'a str {
        let read = self.0.get(variable.name);
        read.map_or(variable.default, String::as_str)
    }
}
