//! Reads the variables (precedence: environment, `.env`, defaults) and checks each; errors name the variable.

use std::collections::HashMap;
use std::iter;

use super::alert_url::{self, AlertUrls};
use super::channel::{Channel, Service};
use super::dot_env::parse_dot_env;
use super::keys::Keys;
use super::language;
use super::redact::{Redaction, SecretKind};
use super::table::{Kind, Variable, all_variables};
use super::value::Value;
use super::{
    Area, Config, ConfigError, FetchConfig, LogConfig, LogFormat, NotifyConfig, Origins, Setting,
    SyncConfig,
};
use crate::domain::language::Language;
use crate::process::retry::RetryPolicy;

/// A name with up to this many wrong, missing or swapped letters is taken for a typo.
const MAX_SLIPS: usize = 2;

/// Faults, each with its area.
type Faults = Vec<(Area, ConfigError)>;

/// Variables by precedence: the environment, then `.env`.
pub struct Variables<E> {
    table: Vec<Variable>,
    environment: E,
    dot_env: HashMap<String, String>,
    redaction: Redaction,
    /// What is wrong with `.env`; its other lines still apply to logging.
    wrong: Option<ConfigError>,
}

impl<E: Fn(&str) -> Option<String>> Variables<E> {
    /// Variables from the environment (a look-up function), then from the text of `.env`, including the sources'
    /// origins.
    pub fn new(environment: E, dot_env: &str, origins: &[Variable]) -> Self {
        let (dot_env, wrong) = parse_dot_env(dot_env);
        let mut variables = Self {
            table: all_variables(origins),
            environment,
            dot_env,
            redaction: Redaction::default(),
            wrong,
        };
        variables.redaction = variables.known_secrets();
        variables
    }

    /// The value of a name; `None` if it is unset or empty.
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name).or_else(|| self.dot_env.get(name).cloned());
        value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The effective value of a variable: its own, else that of an older name, else the default.
    fn value_of(&self, variable: &Variable) -> Value {
        let older = self
            .table
            .iter()
            .filter(|v| v.kind == Kind::OlderNameOf(variable.name));
        let set = iter::once(variable)
            .chain(older)
            .find_map(|v| Some((v.name, self.get(v.name)?)));
        let (name, text) = set.unwrap_or_else(|| (variable.name, variable.default.to_owned()));
        Value {
            name,
            text,
            variable: *variable,
        }
    }

    fn value(&self, name: &str) -> Result<Value, ConfigError> {
        let variable = self.table.iter().find(|v| v.name == name);
        variable
            .map(|v| self.value_of(v))
            .ok_or_else(|| ConfigError(format!("{name} has no row in the table of variables")))
    }

    /// Reads a variable. If the value is wrong, records a fault and uses the default.
    fn read_in<T>(
        &self,
        area: Area,
        name: &str,
        faults: &mut Faults,
        read: impl Fn(Value) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let value = self.value(name)?;
        let variable = value.variable;
        read(value).or_else(|fault| {
            faults.push((area, fault));
            read(Value {
                name: variable.name,
                text: variable.default.to_owned(),
                variable,
            })
        })
    }

    /// Reads every variable. Faults contain invalid lines of `.env` with their numbers, and variables with a wrong
    /// value and what would be right.
    ///
    /// # Errors
    /// If a variable is missing in our own table.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let wrong_line = self.wrong.iter().cloned();
        let mut faults: Faults = wrong_line.map(|fault| (Area::DotEnv, fault)).collect();
        let log = self.read_log(&mut faults)?;
        let fetch = self.read_fetch(&mut faults)?;
        let sync = self.read_sync(&mut faults)?;
        let language = self.read_in(Area::Log, "PRICESTASH_LANG", &mut faults, |v| v.language())?;
        let addresses = self.table.iter().filter(|v| v.kind == Kind::Address);
        let alert_urls = self.read_alert_urls()?;
        let webhook = self.value("ALERT_WEBHOOK_URL")?.address();
        let webhook = webhook.as_ref().map(Channel::webhook);
        Ok(Config {
            staging_db: self.value("STAGING_DB")?.path(),
            assets_file: self.value("ASSETS_FILE")?.path(),
            fetch,
            sync,
            notify: NotifyConfig {
                channels: webhook.into_iter().chain(alert_urls.channels).collect(),
                heartbeat: self.value("HEARTBEAT_URL")?.address(),
            },
            log,
            language: language.unwrap_or_else(|| self.system_language()),
            redaction: self.redaction(),
            set: self.settings(),
            warnings: addresses
                .filter_map(|v| self.value_of(v).warning())
                .chain(alert_urls.warnings)
                .chain(self.warn_of_slips())
                .collect(),
            faults,
        })
    }

    /// The redaction for every secret among the variables, in the environment and in `.env`, whichever takes effect; it
    /// also learns keys that are read later. All copies share the same secrets.
    #[must_use]
    pub fn redaction(&self) -> Redaction {
        self.redaction.clone()
    }

    fn known_secrets(&self) -> Redaction {
        let secrets = self.table.iter().filter_map(|v| Some((v.name, v.secret?)));
        let values: Vec<(SecretKind, String)> = secrets
            .flat_map(|(name, kind)| {
                let values = [(self.environment)(name), self.dot_env.get(name).cloned()];
                values.into_iter().flatten().map(move |value| (kind, value))
            })
            .collect();
        Redaction::new(values.iter().map(|(kind, value)| (*kind, value.as_str())))
    }

    /// Our variables that are set, without secrets.
    fn settings(&self) -> Vec<Setting> {
        let redaction = self.redaction();
        let ours = self.table.iter().filter(|v| v.kind != Kind::Foreign);
        let setting = |variable: &Variable| {
            let name = variable.name;
            let value = self.get(name)?;
            Some(Setting {
                name,
                is_default: value == variable.default,
                shown: match variable.secret {
                    Some(SecretKind::Address | SecretKind::AlertUrls) => "***".to_owned(),
                    _ => redaction.text(&value),
                },
                origin: match (self.environment)(name) {
                    Some(_) => "environment",
                    None => ".env",
                },
            })
        };
        ours.filter_map(setting).collect()
    }

    /// The log format, read before everything else; a wrong value is reported later, in text.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        let format = self.value("LOG_FORMAT").and_then(|v| v.log_format());
        format.unwrap_or(LogFormat::Text)
    }

    /// The language that people read, before everything else is read; with a wrong value, the system's.
    #[must_use]
    pub fn language(&self) -> Language {
        let chosen = self.value("PRICESTASH_LANG").and_then(|v| v.language());
        let chosen = chosen.ok().flatten();
        chosen.unwrap_or_else(|| self.system_language())
    }

    fn system_language(&self) -> Language {
        language::of_system(&self.environment, language::of_windows)
    }

    /// Warnings of names in `.env` that are nearly those of variables. In the environment they may be another program's.
    fn warn_of_slips(&self) -> Vec<String> {
        let known = || self.table.iter().map(|v| v.name);
        let mut names: Vec<&String> = self.dot_env.keys().collect();
        names.retain(|name| !known().any(|k| k == name.as_str()));
        names.sort();
        let warning = |name: &String| {
            let upper = name.to_ascii_uppercase();
            let near = |right: &&str| strsim::damerau_levenshtein(&upper, right) <= MAX_SLIPS;
            let right = known().find(near)?;
            Some(format!(
                "{name} in .env is not a variable of pricestash and is ignored; did you mean {right}?"
            ))
        };
        names.into_iter().filter_map(warning).collect()
    }

    fn read_fetch(&self, faults: &mut Faults) -> Result<FetchConfig, ConfigError> {
        let mut seconds = |name| self.read_in(Area::Fetch, name, faults, |v| v.seconds());
        let (timeout, base_delay) = (seconds("FETCH_TIMEOUT")?, seconds("FETCH_BASE_DELAY")?);
        let host_interval = seconds("FETCH_HOST_INTERVAL")?;
        let tries = self.read_in(Area::Fetch, "FETCH_MAX_RETRIES", faults, |v| v.tries())?;
        let audit_days = self.read_in(Area::Fetch, "AUDIT_DAYS", faults, |v| v.days())?;
        let origins = self.table.iter().filter(|v| v.kind == Kind::Origin);
        let read = origins.map(|v| {
            let origin = self.read_in(Area::Fetch, v.name, faults, |v| v.origin())?;
            Ok((v.name, origin))
        });
        Ok(FetchConfig {
            timeout,
            retry: RetryPolicy { tries, base_delay },
            host_interval,
            audit_days,
            origins: Origins(read.collect::<Result<_, _>>()?),
            keys: Keys::new(self.dot_env.clone(), self.redaction()),
        })
    }

    fn read_sync(&self, faults: &mut Faults) -> Result<SyncConfig, ConfigError> {
        const AREA: Area = Area::Warehouse;
        let mut seconds = |name| self.read_in(AREA, name, faults, |v| v.seconds());
        let base_delay = seconds("SYNC_BASE_DELAY")?;
        let connect_timeout = seconds("SYNC_CONNECT_TIMEOUT")?;
        let statement_timeout = seconds("SYNC_STATEMENT_TIMEOUT")?;
        let tries = self.read_in(AREA, "SYNC_MAX_RETRIES", faults, |v| v.tries())?;
        Ok(SyncConfig {
            database_url: self.read_in(AREA, "DATABASE_URL", faults, Value::database)?,
            schema: self.read_in(AREA, "DATABASE_SCHEMA", faults, |v| v.schema())?,
            tls_mode: self.read_in(AREA, "PGSSLMODE", faults, |v| v.tls_mode())?,
            retry: RetryPolicy { tries, base_delay },
            connect_timeout,
            statement_timeout,
        })
    }

    /// What `ALERT_URL` names, and where its services are.
    fn read_alert_urls(&self) -> Result<AlertUrls, ConfigError> {
        let origin = |service: Service| {
            let name = service.origin().unwrap_or_default();
            let origin = self.value(name).and_then(|value| value.origin());
            // A value that is wrong may be meant as a secret.
            origin.map_err(|_| format!("{name} is no http or https address"))
        };
        Ok(alert_url::read(&self.value("ALERT_URL")?.text, origin))
    }

    fn read_log(&self, faults: &mut Faults) -> Result<LogConfig, ConfigError> {
        Ok(LogConfig {
            level: self.read_in(Area::Log, "LOG_LEVEL", faults, |v| v.log_level())?,
            format: self.read_in(Area::Log, "LOG_FORMAT", faults, |v| v.log_format())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use log::LevelFilter;

    use super::*;

    const YAHOO: Variable = Variable::origin("YAHOO_BASE_URL", "https://yahoo.test");
    const NAVER: Variable = Variable::origin("NAVER_BASE_URL", "https://naver.test");

    fn read(environment: &[(&str, &str)], dot_env: &str) -> Result<Config, ConfigError> {
        let map: HashMap<String, String> = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let environment = |name: &str| map.get(name).cloned();
        let config = Variables::new(environment, dot_env, &[NAVER, YAHOO]).read()?;
        match config.faults.first() {
            Some((_, fault)) => Err(fault.clone()),
            None => Ok(config),
        }
    }

    fn read_all(environment: &[(&str, &str)], dot_env: &str) -> Config {
        let find = |name: &str| {
            let found = environment.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Variables::new(find, dot_env, &[NAVER, YAHOO])
            .read()
            .unwrap()
    }

    #[test]
    fn what_is_wrong_is_refused_only_by_what_needs_it() {
        let config = read_all(
            &[
                ("DATABASE_URL", "mysql://h/d"),
                ("FETCH_TIMEOUT", "soon"),
                ("SYNC_MAX_RETRIES", "5"),
            ],
            "no setting\n",
        );
        let fault = |area| {
            config
                .fault_in(&[area])
                .map(|f| f.0.split(' ').next().unwrap())
        };
        assert_eq!(fault(Area::Warehouse), Some("DATABASE_URL"));
        assert_eq!(fault(Area::Fetch), Some("FETCH_TIMEOUT"));
        assert_eq!(
            (fault(Area::DotEnv), fault(Area::Log)),
            (Some(".env,"), None)
        );
        assert!(config.refuse(&[Area::Log]).is_ok());
        assert!(config.refuse(&[Area::Log, Area::Fetch]).is_err());
        // What is right counts all the same.
        assert_eq!(config.sync.retry.tries, 5);
        assert_eq!(config.fetch.timeout, Duration::from_secs(30));
        assert!(config.sync.database_url.is_none());
    }

    #[test]
    fn what_other_programs_call_it_is_read_as_what_it_means() {
        for (level, right) in [
            ("WARNING", LevelFilter::Warn),
            ("critical", LevelFilter::Error),
            ("FATAL", LevelFilter::Error),
            ("Debug", LevelFilter::Debug),
        ] {
            let config = read(&[("LOG_LEVEL", level)], "").unwrap();
            assert_eq!(config.log.level, right, "{level}");
        }
        for driver in ["", "+psycopg2", "+psycopg", "+asyncpg"] {
            for scheme in ["postgresql", "postgres"] {
                let url = format!("{scheme}{driver}://u:p@h/d");
                let config = read(&[("DATABASE_URL", &url)], "").unwrap();
                let read = config.sync.database_url.unwrap();
                assert_eq!(read.expose(), format!("{scheme}://u:p@h/d"));
            }
        }
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
        assert_eq!(config.fetch.origins.get(&YAHOO), YAHOO.default);
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
    fn an_origin_is_that_of_its_own_variable_else_its_default() {
        let set = [("YAHOO_BASE_URL", "https://u:c4n4ry@mirror.test/y/")];
        let config = read(&set, "").unwrap();
        let origins = &config.fetch.origins;
        assert_eq!(origins.get(&YAHOO), "https://u:c4n4ry@mirror.test/y");
        assert_eq!(origins.get(&NAVER), "https://naver.test");
        let unread = Variable::origin("KRX_BASE_URL", "https://krx.test");
        assert_eq!(origins.get(&unread), "https://krx.test");
        let shown: Vec<&str> = config.set.iter().map(|s| s.shown.as_str()).collect();
        assert_eq!(shown, ["https://u:***@mirror.test/y/"]);
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
                "AUDIT_DAYS",
                "weekly",
                "a whole number of days from 0 to 3650",
            ),
            (
                "YAHOO_BASE_URL",
                "query2.finance.yahoo.com",
                "an http or https address",
            ),
            ("NAVER_BASE_URL", "ftp://x", "an http or https address"),
            ("NAVER_BASE_URL", "http://x?a=1", "without a query"),
            ("LOG_LEVEL", "loud", "one of off"),
            ("LOG_FORMAT", "xml", "text or json"),
            ("PRICESTASH_LANG", "kr", "en or ko"),
            ("SYNC_CONNECT_TIMEOUT", "x", "a number of seconds"),
            ("PGSSLMODE", "always", "one of disable"),
            (
                "DATABASE_SCHEMA",
                "a_name_of_a_schema_that_has_more_bytes_than_sixty_three_as_this_one_has",
                "the name of a schema",
            ),
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
    fn the_language_is_that_which_was_chosen_else_the_system_s() {
        let korean_system = [("LANG", "ko_KR.UTF-8")];
        let english = [korean_system[0], ("PRICESTASH_LANG", "en")];
        for (environment, dot_env, language) in [
            (&english[..], "", Language::English),
            (&english, "PRICESTASH_LANG=ko", Language::English),
            (&korean_system, "PRICESTASH_LANG=en", Language::English),
            (&[], "PRICESTASH_LANG=KO", Language::Korean),
            (&korean_system, "", Language::Korean),
            // A locale stands in the environment only.
            (&[("LANG", "C")], "LC_ALL=ko_KR.UTF-8", Language::English),
        ] {
            assert_eq!(
                read_all(environment, dot_env).language,
                language,
                "{environment:?} {dot_env}"
            );
        }
        // What is wrong is said in the system's.
        let wrong = [korean_system[0], ("PRICESTASH_LANG", "kr")];
        assert!(read(&wrong, "").is_err());
        assert_eq!(read_all(&wrong, "").language, Language::Korean);
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
                "DATABSAE_URI in .env is not a variable of pricestash and is ignored; did you mean DATABASE_URL?",
                "FETCH_TIMOUT in .env is not a variable of pricestash and is ignored; did you mean FETCH_TIMEOUT?",
                "log_level in .env is not a variable of pricestash and is ignored; did you mean LOG_LEVEL?",
            ]
        );
    }

    #[test]
    fn a_secret_is_in_no_message() {
        for url in [
            "mysql://user:canary@host/db",
            "canary",
            "postgresql+://u:canary@h/d",
            "mysql+pymysql://u:canary@h/d",
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
