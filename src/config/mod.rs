//! Configuration: every variable, read through a look-up, refused with its name. Secrets cannot print.
//!
//! The command line stands over the environment, the environment over `.env`, `.env` over the defaults.

pub(crate) mod assets_edit;
pub(crate) mod assets_file;
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
pub use dot_env::read_dot_env;
use keys::Keys;
use redact::Redaction;
pub use secret::Secret;
pub use table::{Kind, Variable, all_variables};
pub use variables::Variables;

/// What is wrong with the configuration: one sentence with the variable or file, the value (never of a secret), and
/// what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// What cannot be written, in one sentence. It stands as context before what the system says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Unwritable(pub(crate) String);

/// What a wrong setting is about: the commands that use that refuse it, the others warn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// A line of `.env` that is none: it may be any setting.
    DotEnv,
    /// How log lines are written, and what people read.
    Log,
    /// How sources are asked.
    Fetch,
    /// How the warehouse is reached.
    Warehouse,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `LOG_LEVEL`
    pub level: LevelFilter,
    /// `LOG_FORMAT`
    pub(crate) format: LogFormat,
}

/// How sources are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchConfig {
    /// `FETCH_TIMEOUT`: for one HTTP request as a whole.
    pub(crate) timeout: Duration,
    /// `FETCH_MAX_RETRIES` and `FETCH_BASE_DELAY`.
    pub(crate) retry: RetryPolicy,
    /// `FETCH_HOST_INTERVAL`: the least time between two requests to one host.
    pub(crate) host_interval: Duration,
    /// `AUDIT_DAYS`: a series is compared as a whole after so many days; 0 is never.
    pub(crate) audit_days: u32,
    /// The `…_BASE_URL` variables of the sources.
    pub(crate) origins: Origins,
    /// The keys of the user's own sources.
    pub(crate) keys: Keys,
}

/// `sslmode`: whether the connection to the warehouse is encrypted, and what of the server is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Not encrypted.
    Disable,
    /// Encrypted where the server takes no other connection.
    Allow,
    /// Encrypted where the server can.
    Prefer,
    /// Encrypted.
    Require,
    /// Encrypted, to a server whose certificate a trusted authority signed.
    VerifyCa,
    /// The same, and the certificate is for the host's name.
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

/// How the warehouse is reached.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// `DATABASE_URL`; `None` when it is not set or empty.
    pub(crate) database_url: Option<Secret>,
    /// `DATABASE_SCHEMA`; `None` for the connection's own.
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

/// Who is told how runs end.
#[derive(Debug, Clone, Default)]
pub struct NotifyConfig {
    /// `ALERT_WEBHOOK_URL`; `None` when it is not set, empty or malformed.
    pub(crate) webhook: Option<Secret>,
    /// `HEARTBEAT_URL`; the same.
    pub(crate) heartbeat: Option<Secret>,
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
    /// Whether it is what counts anyway.
    pub is_default: bool,
}

/// Everything the program reads from its surroundings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `STAGING_DB`
    pub staging_db: PathBuf,
    /// `ASSETS_FILE`
    pub assets_file: PathBuf,
    /// How sources are asked.
    pub fetch: FetchConfig,
    /// How the warehouse is reached.
    pub sync: SyncConfig,
    /// Who is told how runs end.
    pub notify: NotifyConfig,
    /// How log lines are written.
    pub log: LogConfig,
    /// `PRICESTASH_LANG`, else the system's.
    pub language: Language,
    /// Keeps secrets out of everything that is said.
    pub redaction: Redaction,
    /// What is not left to the defaults.
    pub set: Vec<Setting>,
    /// What is worth a warning at start, but no reason not to run. Shows nothing of a secret.
    pub warnings: Vec<String>,
    /// What is wrong, of which nothing is used. Shows nothing of a secret.
    pub faults: Vec<(Area, ConfigError)>,
}

impl Config {
    /// The first of what is wrong in one of these areas.
    pub(crate) fn fault_in(&self, areas: &[Area]) -> Option<&ConfigError> {
        let mut faults = self.faults.iter();
        faults
            .find(|(area, _)| areas.contains(area))
            .map(|(_, fault)| fault)
    }

    /// Whether `DATABASE_URL` is set to something, right or wrong.
    pub(crate) fn names_warehouse(&self) -> bool {
        self.set.iter().any(|s| s.name == "DATABASE_URL")
    }

    /// Where the warehouse is; `None` when `DATABASE_URL` is not set.
    ///
    /// # Errors
    /// What is wrong with it, or with how it is to be reached: then nobody connects in another way than was asked for.
    pub(crate) fn warehouse_url(&self) -> Result<Option<&Secret>, ConfigError> {
        if self.names_warehouse() {
            self.refuse(&[Area::Warehouse])?;
        }
        Ok(self.sync.database_url.as_ref())
    }

    /// Refuses what is wrong in these areas.
    ///
    /// # Errors
    /// The first of it.
    pub(crate) fn refuse(&self, areas: &[Area]) -> Result<(), ConfigError> {
        self.fault_in(areas).cloned().map_or(Ok(()), Err)
    }
}

/// Where the sources are asked, by the variables that say so; without a slash at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins(BTreeMap<&'static str, String>);

impl Origins {
    /// The origin that counts for a variable: its default where none was read.
    #[must_use]
    pub(crate) fn get<'a>(&'a self, variable: &'a Variable) -> &'a str {
        let read = self.0.get(variable.name);
        read.map_or(variable.default, String::as_str)
    }
}
