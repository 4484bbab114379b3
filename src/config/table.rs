//! The table of variables: everything about a variable that fits in a row.

use super::redact::SecretKind;

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The value if it is not set; empty if there is none.
    pub default: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Which part of its value is secret.
    pub secret: Option<SecretKind>,
}

/// The kind of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Path of a file.
    Path,
    /// A time limit in seconds, above 0.
    TimeLimit,
    /// Seconds to wait; 0 means no wait.
    Pause,
    /// Number of tries.
    Tries,
    /// An interval in days; 0 means never.
    Days,
    /// The web address of a source, perhaps with a path.
    Origin,
    /// A web address to report to.
    Address,
    /// Channels of alerts, in the notation of Apprise.
    AlertUrls,
    /// Where a service is that takes alerts.
    AlertOrigin,
    /// Where a PostgreSQL database is.
    Database,
    /// A schema in it.
    Schema,
    /// A value of `sslmode`.
    TlsMode,
    /// Log level.
    LogLevel,
    /// Log format.
    LogFormat,
    /// What people read.
    Language,
    /// That of the variable of this name, which is asked first.
    OlderNameOf(&'static str),
    /// Read by a library, not by us; listed so that its secret is known.
    Foreign,
}

impl Variable {
    /// The address of a source. A mirror may need a password in it.
    #[must_use]
    pub(crate) const fn origin(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default,
            kind: Kind::Origin,
            secret: Some(SecretKind::Connection),
        }
    }
}

/// Every variable, in the order in which `doctor` shows them, except the origins, which the sources define.
const VARIABLES: &[Variable] = &[
    secret("DATABASE_URL", Kind::Database, SecretKind::Connection),
    plain("DATABASE_SCHEMA", "", Kind::Schema),
    plain("PGSSLMODE", "", Kind::TlsMode),
    plain("STAGING_DB", "data/staging.db", Kind::Path),
    plain("ASSETS_FILE", "data/assets.toml", Kind::Path),
    plain("FETCH_TIMEOUT", "30", Kind::TimeLimit),
    plain("FETCH_MAX_RETRIES", "3", Kind::Tries),
    plain("FETCH_BASE_DELAY", "1.0", Kind::Pause),
    plain("FETCH_HOST_INTERVAL", "0.5", Kind::Pause),
    plain("AUDIT_DAYS", "7", Kind::Days),
    plain("LOG_LEVEL", "info", Kind::LogLevel),
    plain("LOG_FORMAT", "text", Kind::LogFormat),
    plain("PRICESTASH_LANG", "", Kind::Language),
    plain("SYNC_MAX_RETRIES", "3", Kind::Tries),
    plain("SYNC_BASE_DELAY", "1.0", Kind::Pause),
    plain("SYNC_CONNECT_TIMEOUT", "10", Kind::TimeLimit),
    plain("SYNC_STATEMENT_TIMEOUT", "60", Kind::TimeLimit),
    secret("ALERT_URL", Kind::AlertUrls, SecretKind::AlertUrls),
    secret("ALERT_WEBHOOK_URL", Kind::Address, SecretKind::Address),
    service("DISCORD_BASE_URL", "https://discord.com"),
    service("SLACK_BASE_URL", "https://hooks.slack.com"),
    service("TELEGRAM_BASE_URL", "https://api.telegram.org"),
    service("NTFY_BASE_URL", "https://ntfy.sh"),
    secret("HEARTBEAT_URL", Kind::Address, SecretKind::Address),
    older("FDR_TIMEOUT", "FETCH_TIMEOUT"),
    older("FDR_MAX_RETRIES", "FETCH_MAX_RETRIES"),
    older("FDR_BASE_DELAY", "FETCH_BASE_DELAY"),
    secret("PGPASSWORD", Kind::Foreign, SecretKind::Whole),
    secret("ALL_PROXY", Kind::Foreign, SecretKind::Connection),
    secret("all_proxy", Kind::Foreign, SecretKind::Connection),
    secret("HTTPS_PROXY", Kind::Foreign, SecretKind::Connection),
    secret("https_proxy", Kind::Foreign, SecretKind::Connection),
    secret("HTTP_PROXY", Kind::Foreign, SecretKind::Connection),
    secret("http_proxy", Kind::Foreign, SecretKind::Connection),
];

const fn plain(name: &'static str, default: &'static str, kind: Kind) -> Variable {
    Variable {
        name,
        default,
        kind,
        secret: None,
    }
}

const fn older(name: &'static str, newer: &'static str) -> Variable {
    plain(name, "", Kind::OlderNameOf(newer))
}

/// Where a service is that takes alerts.
const fn service(name: &'static str, default: &'static str) -> Variable {
    Variable {
        kind: Kind::AlertOrigin,
        ..Variable::origin(name, default)
    }
}

/// A secret has no default.
const fn secret(name: &'static str, kind: Kind, secret: SecretKind) -> Variable {
    Variable {
        name,
        default: "",
        kind,
        secret: Some(secret),
    }
}

/// Every variable; the sources' origins come after the other variables about fetching.
#[must_use]
pub fn all_variables(origins: &[Variable]) -> Vec<Variable> {
    let last = VARIABLES.iter().rposition(|v| v.name.starts_with("FETCH_"));
    let (before, behind) = VARIABLES.split_at(last.map_or(0, |at| at + 1));
    [before, origins, behind].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn origins_stand_with_fetching() {
        let origin = Variable::origin("MIRROR_BASE_URL", "http://mirror");
        let names: Vec<&str> = all_variables(&[origin]).iter().map(|v| v.name).collect();
        let at = names.iter().position(|name| *name == origin.name).unwrap();
        assert_eq!(
            names[at - 1..=at + 1],
            ["FETCH_HOST_INTERVAL", "MIRROR_BASE_URL", "AUDIT_DAYS"]
        );
    }

    #[test]
    fn a_name_stands_once_and_an_older_one_is_of_a_newer() {
        let mut names = HashSet::new();
        for variable in VARIABLES {
            assert!(names.insert(variable.name), "{}", variable.name);
        }
        for variable in VARIABLES {
            if let Kind::OlderNameOf(newer) = variable.kind {
                assert!(names.contains(newer), "{}", variable.name);
            }
        }
    }
}
