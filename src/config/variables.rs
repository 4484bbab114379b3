//! The variables: the environment over `.env` over the defaults, each checked, refused with its name.

use std::collections::HashMap;
use std::time::Duration;

use super::redact::{Redaction, SecretKind};
use super::{
    Config, ConfigError, FetchConfig, LogConfig, LogFormat, NotifyConfig, Origins, Secret, Setting,
    SyncConfig,
};
use crate::process::retry::RetryPolicy;

/// Variables in their order of precedence: the environment, then `.env`.
pub struct Variables<E> {
    environment: E,
    dot_env: HashMap<String, String>,
    /// What is wrong with `.env`; its other lines count all the same for how that is said.
    wrong: Option<ConfigError>,
}

impl<E: Fn(&str) -> Option<String>> Variables<E> {
    /// Variables from the environment (a look-up) over those of a `.env` file's text.
    pub fn new(environment: E, dot_env: &str) -> Self {
        let (dot_env, wrong) = parse_dot_env(dot_env);
        Self {
            environment,
            dot_env,
            wrong,
        }
    }

    /// A variable's value; `None` when it is not set, or set to nothing.
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name).or_else(|| self.dot_env.get(name).cloned());
        value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// A `FETCH_` variable under its name, else under the `FDR_` name of older `.env` files; with the name that had it.
    fn fetch(&self, rest: &str) -> Option<(String, String)> {
        ["FETCH_", "FDR_"]
            .iter()
            .map(|prefix| format!("{prefix}{rest}"))
            .find_map(|name| self.get(&name).map(|v| (name, v)))
    }

    /// Reads every variable.
    ///
    /// # Errors
    /// A line of `.env` that is no `NAME=value`, with its number; the first variable with a wrong value: its name, the
    /// value, what would be right.
    pub fn read(&self) -> Result<Config, ConfigError> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        Ok(Config {
            staging_db: self
                .get("STAGING_DB")
                .unwrap_or_else(|| "data/staging.db".to_owned())
                .into(),
            assets_file: self
                .get("ASSETS_FILE")
                .unwrap_or_else(|| "data/assets.toml".to_owned())
                .into(),
            fetch: self.read_fetch()?,
            sync: self.read_sync()?,
            notify: NotifyConfig {
                webhook: self.address("ALERT_WEBHOOK_URL"),
                heartbeat: self.address("HEARTBEAT_URL"),
            },
            log: self.read_log()?,
            redaction: self.redaction(),
            set: self.settings(),
            warnings: ["ALERT_WEBHOOK_URL", "HEARTBEAT_URL"]
                .iter()
                .filter_map(|name| self.warn_of_address(name))
                .chain(self.warn_of_slips())
                .collect(),
        })
    }

    /// What knows every secret among the variables, in the environment and in `.env`, whichever of them counts.
    #[must_use]
    pub fn redaction(&self) -> Redaction {
        let values: Vec<(SecretKind, String)> = SECRETS
            .iter()
            .flat_map(|(name, kind)| {
                let values = [(self.environment)(name), self.dot_env.get(*name).cloned()];
                values.into_iter().flatten().map(|value| (*kind, value))
            })
            .collect();
        Redaction::new(values.iter().map(|(kind, value)| (*kind, value.as_str())))
    }

    /// The variables that are set, without secrets.
    fn settings(&self) -> Vec<Setting> {
        let redaction = self.redaction();
        let names = VARIABLES.iter().chain(OLDER_VARIABLES);
        let setting = |name: &&'static str| {
            let value = self.get(name)?;
            let is_address = SECRETS.contains(&(*name, SecretKind::Address));
            Some(Setting {
                name,
                shown: match is_address {
                    true => "***".to_owned(),
                    false => redaction.text(&value),
                },
                origin: match (self.environment)(name) {
                    Some(_) => "environment",
                    None => ".env",
                },
            })
        };
        names.filter_map(setting).collect()
    }

    /// How lines look, before everything else is read: a wrong value is refused later, in text.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        match self.get("LOG_FORMAT") {
            Some(format) if format.eq_ignore_ascii_case("json") => LogFormat::Json,
            _ => LogFormat::Text,
        }
    }

    /// A secret address; one that is malformed is not used.
    fn address(&self, name: &str) -> Option<Secret> {
        self.get(name)
            .filter(|v| is_web_address(v))
            .map(Secret::new)
    }

    /// A warning when a variable is set and is no web address. Its value is a secret.
    fn warn_of_address(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        (!is_web_address(&value)).then(|| {
            format!("{name} is no http or https address (its value is not shown); it is not used")
        })
    }

    /// Warnings of names in `.env` that are nearly those of variables. In the environment they may be another program's.
    fn warn_of_slips(&self) -> Vec<String> {
        let secrets = SECRETS.iter().map(|(name, _)| name);
        let known: Vec<&str> = VARIABLES
            .iter()
            .chain(OLDER_VARIABLES)
            .chain(secrets)
            .copied()
            .collect();
        let mut names: Vec<&String> = self.dot_env.keys().collect();
        names.retain(|name| !known.contains(&name.as_str()));
        names.sort();
        let warning = |name: &String| {
            let upper = name.to_ascii_uppercase();
            let near = |right: &&str| strsim::damerau_levenshtein(&upper, right) <= MAX_SLIPS;
            let right = known.iter().copied().find(near)?;
            Some(format!(
                "{name} in .env is no variable of pricestash, is {right} meant? It is not used"
            ))
        };
        names.into_iter().filter_map(warning).collect()
    }

    fn read_fetch(&self) -> Result<FetchConfig, ConfigError> {
        let named = |rest: &str, default: &str| {
            self.fetch(rest)
                .unwrap_or_else(|| (format!("FETCH_{rest}"), default.to_owned()))
        };
        let (name, value) = named("TIMEOUT", "30");
        let timeout = seconds(&name, &value, 0.001)?;
        let (name, value) = named("MAX_RETRIES", "3");
        let tries = tries(&name, &value)?;
        let (name, value) = named("BASE_DELAY", "1.0");
        let base_delay = seconds(&name, &value, 0.0)?;
        let interval = self
            .get("FETCH_HOST_INTERVAL")
            .unwrap_or_else(|| "0.5".to_owned());
        Ok(FetchConfig {
            timeout,
            retry: RetryPolicy { tries, base_delay },
            host_interval: seconds("FETCH_HOST_INTERVAL", &interval, 0.0)?,
            origins: self.read_origins()?,
        })
    }

    fn read_origins(&self) -> Result<Origins, ConfigError> {
        const KRX_CACHE: &str =
            "https://raw.githubusercontent.com/FinanceData/fdr_krx_data_cache/refs/heads/master";
        Ok(Origins {
            naver: self.origin("NAVER_BASE_URL", "https://api.stock.naver.com")?,
            naver_fchart: self.origin("NAVER_FCHART_BASE_URL", "https://fchart.stock.naver.com")?,
            yahoo: self.origin("YAHOO_BASE_URL", "https://query2.finance.yahoo.com")?,
            krx_cache: self.origin("KRX_CACHE_BASE_URL", KRX_CACHE)?,
            upbit: self.origin("UPBIT_BASE_URL", "https://api.upbit.com")?,
        })
    }

    /// An origin, and perhaps a path, that a source's paths are put behind; without a slash at its end.
    fn origin(&self, name: &str, default: &str) -> Result<String, ConfigError> {
        let value = self.get(name).unwrap_or_else(|| default.to_owned());
        if !is_web_address(&value) || value.contains(['?', '#']) {
            return Err(wrong(
                name,
                &value,
                &format!("an http or https address without a query, such as {default}"),
            ));
        }
        Ok(value.trim_end_matches('/').to_owned())
    }

    fn read_sync(&self) -> Result<SyncConfig, ConfigError> {
        let database_url = self.get("DATABASE_URL").map(Secret::new);
        if let Some(url) = &database_url {
            check_database_url(url.expose())?;
        }
        let connect = self
            .get("SYNC_CONNECT_TIMEOUT")
            .unwrap_or_else(|| "10".to_owned());
        let statement = self
            .get("SYNC_STATEMENT_TIMEOUT")
            .unwrap_or_else(|| "60".to_owned());
        let retries = self
            .get("SYNC_MAX_RETRIES")
            .unwrap_or_else(|| "3".to_owned());
        let delay = self
            .get("SYNC_BASE_DELAY")
            .unwrap_or_else(|| "1.0".to_owned());
        let tls_mode = self.get("PGSSLMODE").map(|mode| {
            let right = "one of disable, allow, prefer, require, verify-ca, verify-full";
            mode.parse().map_err(|()| wrong("PGSSLMODE", &mode, right))
        });
        Ok(SyncConfig {
            database_url,
            tls_mode: tls_mode.transpose()?,
            retry: RetryPolicy {
                tries: tries("SYNC_MAX_RETRIES", &retries)?,
                base_delay: seconds("SYNC_BASE_DELAY", &delay, 0.0)?,
            },
            connect_timeout: seconds("SYNC_CONNECT_TIMEOUT", &connect, 0.001)?,
            statement_timeout: seconds("SYNC_STATEMENT_TIMEOUT", &statement, 0.001)?,
        })
    }

    fn read_log(&self) -> Result<LogConfig, ConfigError> {
        let level = self.get("LOG_LEVEL").unwrap_or_else(|| "info".to_owned());
        let format = self.get("LOG_FORMAT").unwrap_or_else(|| "text".to_owned());
        Ok(LogConfig {
            level: level.parse().map_err(|_| {
                wrong(
                    "LOG_LEVEL",
                    &level,
                    "one of off, error, warn, info, debug, trace",
                )
            })?,
            format: match format.to_ascii_lowercase().as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(wrong("LOG_FORMAT", &format, "text or json")),
            },
        })
    }
}

/// The names of all variables, for the documentation's test.
pub const VARIABLES: &[&str] = &[
    "DATABASE_URL",
    "PGSSLMODE",
    "STAGING_DB",
    "ASSETS_FILE",
    "FETCH_TIMEOUT",
    "FETCH_MAX_RETRIES",
    "FETCH_BASE_DELAY",
    "FETCH_HOST_INTERVAL",
    "NAVER_BASE_URL",
    "NAVER_FCHART_BASE_URL",
    "YAHOO_BASE_URL",
    "KRX_CACHE_BASE_URL",
    "UPBIT_BASE_URL",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "SYNC_MAX_RETRIES",
    "SYNC_BASE_DELAY",
    "SYNC_CONNECT_TIMEOUT",
    "SYNC_STATEMENT_TIMEOUT",
    "ALERT_WEBHOOK_URL",
    "HEARTBEAT_URL",
];

/// The older names of three variables.
const OLDER_VARIABLES: &[&str] = &["FDR_TIMEOUT", "FDR_MAX_RETRIES", "FDR_BASE_DELAY"];

/// A name with so many wrong, missing or swapped letters is taken for a slip.
const MAX_SLIPS: usize = 2;

/// Variables with secrets in them, also those that only libraries read, and sources' addresses, which may name a user.
const SECRETS: &[(&str, SecretKind)] = &[
    ("DATABASE_URL", SecretKind::Connection),
    ("ALERT_WEBHOOK_URL", SecretKind::Address),
    ("HEARTBEAT_URL", SecretKind::Address),
    ("PGPASSWORD", SecretKind::Whole),
    ("ALL_PROXY", SecretKind::Connection),
    ("all_proxy", SecretKind::Connection),
    ("HTTPS_PROXY", SecretKind::Connection),
    ("https_proxy", SecretKind::Connection),
    ("HTTP_PROXY", SecretKind::Connection),
    ("http_proxy", SecretKind::Connection),
    ("NAVER_BASE_URL", SecretKind::Connection),
    ("NAVER_FCHART_BASE_URL", SecretKind::Connection),
    ("YAHOO_BASE_URL", SecretKind::Connection),
    ("KRX_CACHE_BASE_URL", SecretKind::Connection),
    ("UPBIT_BASE_URL", SecretKind::Connection),
];

fn is_web_address(value: &str) -> bool {
    let uri: Option<ureq::http::Uri> = value.parse().ok();
    uri.is_some_and(|u| {
        matches!(u.scheme_str(), Some("http" | "https")) && u.host().is_some_and(|h| !h.is_empty())
    })
}

fn wrong(name: &str, value: &str, right: &str) -> ConfigError {
    ConfigError(format!("{name} is {value:?}, it should be {right}"))
}

/// The longest time a variable may ask for, in seconds: a day.
const MAX_SECONDS: f64 = 86_400.0;

fn seconds(name: &str, value: &str, least: f64) -> Result<Duration, ConfigError> {
    let number = value
        .parse::<f64>()
        .ok()
        .filter(|s| s.is_finite() && (least..=MAX_SECONDS).contains(s));
    let above = if least > 0.0 { "above 0" } else { "from 0" };
    number.map(Duration::from_secs_f64).ok_or_else(|| {
        wrong(
            name,
            value,
            &format!("a number of seconds {above} to {MAX_SECONDS}"),
        )
    })
}

/// How often one request is tried. 0 is read as 1: the request itself is always made.
fn tries(name: &str, value: &str) -> Result<u32, ConfigError> {
    let number = value.parse::<u32>().ok().filter(|n| *n <= 20);
    number
        .map(|n| n.max(1))
        .ok_or_else(|| wrong(name, value, "a whole number of tries from 1 to 20"))
}

/// The value is a secret, so that it is not shown, nor anything of it.
fn check_database_url(url: &str) -> Result<(), ConfigError> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !is_url && (url.contains("://") || !url.contains('=')) {
        return Err(ConfigError(
            "DATABASE_URL is no address of a PostgreSQL database, it should be like \
             postgres://user:password@host:5432/name or host=… user=… dbname=… (its value is not shown)"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Reads the text of a `.env` file: `NAME=value` lines, `#` comments, an optional `export`, quotes around a value.
///
/// Nothing is substituted in a value, because passwords contain dollar signs; the crates for this do. Gives also what is
/// wrong with the first line that is none.
fn parse_dot_env(text: &str) -> (HashMap<String, String>, Option<ConfigError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = HashMap::new();
    let mut wrong = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let pair = line.split_once('=').map(|(n, v)| (n.trim(), v.trim()));
        match pair.filter(|(name, _)| is_name(name)) {
            Some((name, value)) => {
                variables.insert(name.to_owned(), unquote(value).to_owned());
            }
            None => {
                wrong.get_or_insert_with(|| {
                    ConfigError(format!(
                        ".env, line {}: it should be NAME=value, or a comment that starts with #",
                        number + 1
                    ))
                });
            }
        }
    }
    (variables, wrong)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A value without the quotes around it, or without the comment behind it.
fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, rest)) = value.strip_prefix(quote).and_then(|v| v.rsplit_once(quote)) {
            let rest = rest.trim();
            if rest.is_empty() || rest.starts_with('#') {
                return inside;
            }
        }
    }
    if value.starts_with('#') {
        return "";
    }
    value.find(" #").map_or(value, |at| value[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use log::LevelFilter;

    use super::*;

    fn read(environment: &[(&str, &str)], dot_env: &str) -> Result<Config, ConfigError> {
        let map: HashMap<String, String> = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Variables::new(|name: &str| map.get(name).cloned(), dot_env).read()
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let config = read(&[], "").unwrap();
        assert_eq!(config.staging_db, PathBuf::from("data/staging.db"));
        assert_eq!(config.assets_file, PathBuf::from("data/assets.toml"));
        assert_eq!(config.fetch.timeout, Duration::from_secs(30));
        assert_eq!(
            config.fetch.retry,
            RetryPolicy {
                tries: 3,
                base_delay: Duration::from_secs(1)
            }
        );
        assert_eq!(config.fetch.host_interval, Duration::from_millis(500));
        assert_eq!(
            config.fetch.origins.yahoo,
            "https://query2.finance.yahoo.com"
        );
        assert!(config.sync.database_url.is_none());
        assert_eq!(
            config.log,
            LogConfig {
                level: LevelFilter::Info,
                format: LogFormat::Text
            }
        );
    }

    #[test]
    fn the_environment_stands_over_dot_env_and_fetch_over_fdr() {
        let dot_env = "FETCH_TIMEOUT=5\nFDR_BASE_DELAY=0.5\nFDR_TIMEOUT=9\nSTAGING_DB=a.db\n";
        let config = read(&[("STAGING_DB", "b.db")], dot_env).unwrap();
        assert_eq!(config.fetch.timeout, Duration::from_secs(5));
        assert_eq!(config.fetch.retry.base_delay, Duration::from_millis(500));
        assert_eq!(config.staging_db, PathBuf::from("b.db"));
        // Set to nothing in the environment means not set, also over .env.
        assert!(
            read(&[("DATABASE_URL", "")], "DATABASE_URL=postgres://h/d")
                .unwrap()
                .sync
                .database_url
                .is_none()
        );
    }

    #[test]
    fn dot_env_takes_what_people_write() {
        let text = "\u{feff}# comment\r\n\r\nexport A=1\r\nB = \"x y\" # why\r\nC='pa$s#word'\r\nD=pa$s#word\r\nE=a=b # c\r\nF=\r\nG=# only a comment\r\n";
        let (variables, wrong) = parse_dot_env(text);
        assert_eq!(wrong, None);
        let get = |name: &str| variables[name].as_str();
        assert_eq!(
            [get("A"), get("B"), get("C"), get("D")],
            ["1", "x y", "pa$s#word", "pa$s#word"]
        );
        assert_eq!([get("E"), get("F"), get("G")], ["a=b", "", ""]);
        let (variables, wrong) = parse_dot_env("A=1\nnonsense\nmore\nB=2\n");
        assert_eq!(
            wrong.unwrap().0,
            ".env, line 2: it should be NAME=value, or a comment that starts with #"
        );
        assert_eq!(variables["B"], "2");
    }

    #[test]
    fn wrong_values_are_refused_with_name_value_and_remedy() {
        for (name, value, says) in [
            ("FETCH_TIMEOUT", "abc", "a number of seconds"),
            ("FETCH_TIMEOUT", "0", "above 0"),
            ("FETCH_TIMEOUT", "inf", "a number of seconds"),
            ("FDR_TIMEOUT", "-1", "a number of seconds"),
            ("FETCH_MAX_RETRIES", "2.5", "a whole number of tries"),
            ("FETCH_BASE_DELAY", "NaN", "a number of seconds"),
            ("FETCH_HOST_INTERVAL", "soon", "a number of seconds"),
            (
                "YAHOO_BASE_URL",
                "query2.finance.yahoo.com",
                "an http or https address",
            ),
            ("NAVER_BASE_URL", "ftp://x", "an http or https address"),
            ("UPBIT_BASE_URL", "http://x?a=1", "without a query"),
            ("LOG_LEVEL", "loud", "one of off"),
            ("LOG_FORMAT", "xml", "text or json"),
            ("SYNC_CONNECT_TIMEOUT", "x", "a number of seconds"),
            ("PGSSLMODE", "always", "one of disable"),
            ("SYNC_MAX_RETRIES", "many", "a whole number of tries"),
        ] {
            let error = read(&[(name, value)], "").unwrap_err().0;
            assert!(
                error.starts_with(name) && error.contains(value) && error.contains(says),
                "{error}"
            );
        }
    }

    #[test]
    fn a_malformed_webhook_is_only_a_warning_and_not_shown() {
        let config = read(
            &[
                ("ALERT_WEBHOOK_URL", "canary"),
                ("HEARTBEAT_URL", "https://hc.example/ok"),
            ],
            "",
        )
        .unwrap();
        assert_eq!(config.warnings.len(), 1);
        assert!(
            config.warnings[0].starts_with("ALERT_WEBHOOK_URL")
                && !config.warnings[0].contains("canary")
        );
    }

    #[test]
    fn a_misspelt_name_in_dot_env_is_a_warning_with_the_right_one() {
        let dot_env = "FETCH_TIMOUT=5\nDATABSAE_URI=postgres://u:canary@h/d\nlog_level=debug\n\
                       NO_PROXY=h\nhttp_proxy=http://h\nFDR_TIMEOUT=9\nLOG_LEVEL=info\nMY_TOKEN=1\n";
        let warnings = read(&[("FETCH_TIMEOUTS", "7")], dot_env).unwrap().warnings;
        assert_eq!(
            warnings,
            [
                "DATABSAE_URI in .env is no variable of pricestash, is DATABASE_URL meant? It is not used",
                "FETCH_TIMOUT in .env is no variable of pricestash, is FETCH_TIMEOUT meant? It is not used",
                "log_level in .env is no variable of pricestash, is LOG_LEVEL meant? It is not used",
            ]
        );
    }

    #[test]
    fn a_secret_is_in_no_message() {
        for url in [
            "mysql://user:canary@host/db",
            "canary",
            "postgresql+psycopg2://u:canary@h/d",
        ] {
            let error = read(&[("DATABASE_URL", url)], "").unwrap_err().0;
            assert!(
                error.contains("postgres://") && !error.contains("canary"),
                "{error}"
            );
        }
        let config = read(&[("DATABASE_URL", "postgres://u:canary@h/d")], "").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
    }
}
