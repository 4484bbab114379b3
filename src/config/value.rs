//! Reads a variable's value according to its kind; errors name the variable and what would be right.

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;

use super::table::{Kind, Variable};
use super::{ConfigError, LogFormat, Secret, TlsMode};
use crate::domain::language::Language;

/// Longest time in seconds: a day.
const MAX_SECONDS: f64 = 86_400.0;
/// Most tries.
const MAX_TRIES: u32 = 20;
/// Longest name in PostgreSQL, in bytes.
const MAX_NAME: usize = 63;
/// Most days.
const MAX_DAYS: u32 = 3650;

/// The effective value of a variable.
pub(super) struct Value {
    /// The name that is set: the variable's own or an older one.
    pub(super) name: &'static str,
    /// Trimmed; empty if it is not set and has no default.
    pub(super) text: String,
    pub(super) variable: Variable,
}

impl Value {
    pub(super) fn path(self) -> PathBuf {
        self.text.into()
    }

    pub(super) fn seconds(&self) -> Result<Duration, ConfigError> {
        let least = match self.variable.kind {
            Kind::TimeLimit => 0.001,
            _ => 0.0,
        };
        self.read(|text| {
            let number = text.parse::<f64>().ok()?;
            let is_right = number.is_finite() && (least..=MAX_SECONDS).contains(&number);
            is_right.then(|| Duration::from_secs_f64(number))
        })
    }

    /// Reads 0 as 1: the request itself is always made.
    pub(super) fn tries(&self) -> Result<u32, ConfigError> {
        self.read(|text| {
            let number = text.parse::<u32>().ok()?;
            (number <= MAX_TRIES).then(|| number.max(1))
        })
    }

    /// An origin, perhaps with a path, to which a source's paths are appended; without a slash at the end.
    pub(super) fn origin(&self) -> Result<String, ConfigError> {
        self.read(|text| {
            let is_right = is_web_address(text) && !text.contains(['?', '#']);
            is_right.then(|| text.trim_end_matches('/').to_owned())
        })
    }

    pub(super) fn log_level(&self) -> Result<LevelFilter, ConfigError> {
        self.read(|text| match text.to_ascii_lowercase().as_str() {
            // Python's names of levels.
            "warning" => Some(LevelFilter::Warn),
            "critical" | "fatal" => Some(LevelFilter::Error),
            text => text.parse().ok(),
        })
    }

    pub(super) fn days(&self) -> Result<u32, ConfigError> {
        self.read(|text| text.parse().ok().filter(|days| *days <= MAX_DAYS))
    }

    pub(super) fn log_format(&self) -> Result<LogFormat, ConfigError> {
        self.read(|text| match text.to_ascii_lowercase().as_str() {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        })
    }

    pub(super) fn language(&self) -> Result<Option<Language>, ConfigError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.read(Language::of_code).map(Some)
    }

    pub(super) fn tls_mode(&self) -> Result<Option<TlsMode>, ConfigError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.read(|text| text.parse().ok()).map(Some)
    }

    pub(super) fn schema(&self) -> Result<Option<String>, ConfigError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let is_right = |name: &str| name.len() <= MAX_NAME && !name.chars().any(char::is_control);
        self.read(|text| is_right(text).then(|| Some(text.to_owned())))
    }

    /// The value is secret and never shown.
    pub(super) fn database(self) -> Result<Option<Secret>, ConfigError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let url = without_driver(&self.text);
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if !is_url && (url.contains("://") || !url.contains('=')) {
            return Err(ConfigError(format!(
                "{} is not the address of a PostgreSQL database; expected {} (value not shown)",
                self.name,
                self.right()
            )));
        }
        Ok(Some(Secret::new(url)))
    }

    /// A secret address; `None` if malformed.
    pub(super) fn address(self) -> Option<Secret> {
        is_web_address(&self.text).then(|| Secret::new(self.text))
    }

    /// A warning if it is set but not a web address. Its value is secret.
    pub(super) fn warning(&self) -> Option<String> {
        (!self.text.is_empty() && !is_web_address(&self.text)).then(|| {
            format!(
                "{} is not an {} and is ignored (value not shown)",
                self.name,
                self.right()
            )
        })
    }

    fn read<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, ConfigError> {
        read(&self.text).ok_or_else(|| {
            let Self { name, text, .. } = self;
            ConfigError(format!("{name} is {text:?}; expected {}", self.right()))
        })
    }

    /// What would be right.
    fn right(&self) -> String {
        match self.variable.kind {
            Kind::TimeLimit => format!("a number of seconds above 0 to {MAX_SECONDS}"),
            Kind::Pause => format!("a number of seconds from 0 to {MAX_SECONDS}"),
            Kind::Tries => format!("a whole number of tries from 1 to {MAX_TRIES}"),
            Kind::Days => format!("a whole number of days from 0 to {MAX_DAYS}"),
            Kind::Origin | Kind::AlertOrigin => format!(
                "an http or https address without a query, such as {}",
                self.variable.default
            ),
            Kind::Address => "http or https address".to_owned(),
            Kind::Database => {
                "an address like postgres://user:password@host:5432/name or host=… user=… dbname=…"
                    .to_owned()
            }
            Kind::Schema => {
                format!("the name of a schema without quotes, at most {MAX_NAME} bytes")
            }
            Kind::TlsMode => {
                "one of disable, allow, prefer, require, verify-ca, verify-full".to_owned()
            }
            Kind::LogLevel => "one of off, error, warn, info, debug, trace".to_owned(),
            Kind::LogFormat => "text or json".to_owned(),
            Kind::Language => "en or ko".to_owned(),
            Kind::Path | Kind::AlertUrls | Kind::OlderNameOf(_) | Kind::Foreign => {
                "any text".to_owned()
            }
        }
    }
}

/// Removes the driver from a URL in SQLAlchemy's form (`postgresql+psycopg2://`).
fn without_driver(url: &str) -> String {
    let split = || {
        let (scheme, rest) = url.split_once("://")?;
        let (scheme, driver) = scheme.split_once('+')?;
        let is_name = !driver.is_empty() && driver.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_ours = matches!(scheme, "postgres" | "postgresql");
        (is_name && is_ours).then(|| format!("{scheme}://{rest}"))
    };
    split().unwrap_or_else(|| url.to_owned())
}

pub(super) fn is_web_address(value: &str) -> bool {
    let uri: Option<ureq::http::Uri> = value.parse().ok();
    uri.is_some_and(|u| {
        matches!(u.scheme_str(), Some("http" | "https")) && u.host().is_some_and(|h| !h.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind, text: &str) -> Value {
        Value {
            name: "X",
            text: text.to_owned(),
            variable: Variable {
                name: "X",
                default: "http://default",
                kind,
                secret: None,
            },
        }
    }

    #[test]
    fn a_wrong_value_is_refused_by_what_its_kind_wants() {
        let seconds = |kind| value(kind, "-1").seconds().unwrap_err();
        for (error, right) in [
            (
                seconds(Kind::TimeLimit),
                "a number of seconds above 0 to 86400",
            ),
            (seconds(Kind::Pause), "a number of seconds from 0 to 86400"),
            (
                value(Kind::Tries, "-1").tries().unwrap_err(),
                "a whole number of tries from 1 to 20",
            ),
            (
                value(Kind::Days, "-1").days().unwrap_err(),
                "a whole number of days from 0 to 3650",
            ),
            (
                value(Kind::Origin, "-1").origin().unwrap_err(),
                "an http or https address without a query, such as http://default",
            ),
            (
                value(Kind::TlsMode, "-1").tls_mode().unwrap_err(),
                "one of disable, allow, prefer, require, verify-ca, verify-full",
            ),
            (
                value(Kind::LogLevel, "-1").log_level().unwrap_err(),
                "one of off, error, warn, info, debug, trace",
            ),
            (
                value(Kind::LogFormat, "-1").log_format().unwrap_err(),
                "text or json",
            ),
            (
                value(Kind::Language, "-1").language().unwrap_err(),
                "en or ko",
            ),
        ] {
            assert_eq!(error.0, format!("X is \"-1\"; expected {right}"));
        }
        assert_eq!(
            value(Kind::Database, "-1").database().unwrap_err().0,
            "X is not the address of a PostgreSQL database; expected an address like postgres://user:password@host:5432/name or \
             host=… user=… dbname=… (value not shown)"
        );
        assert_eq!(
            value(Kind::Address, "-1").warning().unwrap(),
            "X is not an http or https address and is ignored (value not shown)"
        );
    }

    #[test]
    fn nothing_is_a_pause_but_no_limit() {
        let zero = |kind| value(kind, "0").seconds();
        assert_eq!(zero(Kind::Pause), Ok(Duration::ZERO));
        assert!(zero(Kind::TimeLimit).is_err());
        assert_eq!(value(Kind::Tries, "0").tries(), Ok(1));
        assert_eq!(
            value(Kind::Origin, "http://h/p//").origin().unwrap(),
            "http://h/p"
        );
    }
}
