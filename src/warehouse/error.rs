//! Why the warehouse did not do what it was asked, and what helps: the one place where that is decided.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use postgres::error::{DbError, Severity};
use thiserror::Error;

use super::{advice, tls};

/// Why the warehouse did not do what it was asked.
#[derive(Debug, Error)]
pub enum WarehouseError {
    /// The server refused, or the connection to it failed.
    #[error("{}", told(.0))]
    Postgres(postgres::Error),
    /// The server, or a pooler before it, ended a connection that stood (severity FATAL): whatever the SQLSTATE says, it is the
    /// connection's end, and not the statement's or a row's fault.
    #[error("{}", told(.0))]
    Ended(postgres::Error),
    /// The server, or the network before it, said nothing for so long.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// As [`WarehouseError::Silent`], because others hold a lock; who they are.
    #[error("no answer within {} s: {holders} held a lock that it waited for; let that end", .patience.as_secs_f64())]
    Locked {
        /// How long the answer was waited for.
        patience: Duration,
        /// Their sessions.
        holders: String,
    },
    /// The connection was given up before.
    #[error("the connection is closed")]
    Closed,
    /// A table that cannot take our rows as they are; what is wrong with it.
    #[error("{0}")]
    Unfit(String),
    /// This is not the warehouse that the rows were acknowledged to.
    #[error(
        "DATABASE_URL points to another warehouse ({found}) than the one that has the rows which were sent before ({expected}); \
         `pricestash sync --full` sends all of them to this one, at any time and without harm"
    )]
    Elsewhere {
        /// The one that the rows were acknowledged to.
        expected: String,
        /// The one that answered.
        found: String,
    },
}

// Not by thiserror: the sentence already has what stands behind the error, which would be said twice.
impl From<postgres::Error> for WarehouseError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// What helps against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It passes by itself: the same again on a new connection.
    Transient,
    /// One of the rows is the reason: the others may be taken.
    Data,
    /// A person has to do something.
    Stop,
}

/// Why a row was refused, for `sync_reject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE.
    pub(crate) sqlstate: String,
    /// The server's words.
    pub(crate) message: String,
    /// The constraint, where it was one.
    pub(crate) constraint: Option<String>,
}

impl Refusal {
    /// Of a row that nothing refused, and that is not there after its commit.
    #[must_use]
    pub(super) fn dropped() -> Self {
        Self {
            // "No data".
            sqlstate: "02000".to_owned(),
            message: "the warehouse took the row without an error and does not have it: a trigger or a rule of price_daily drops it, or a key column's type (citext) takes its key for another row's"
                .to_owned(),
            constraint: None,
        }
    }

    /// Of a row in whose place a row of another key stands (`asset from source`), as the table compares keys: with that the server
    /// refuses two such rows of one statement.
    #[must_use]
    pub(super) fn collapsed(instead: &str) -> Self {
        Self {
            // "Cardinality violation".
            sqlstate: "21000".to_owned(),
            message: format!(
                "the collation of price_daily takes the row's key for that of {instead}, which it would replace"
            ),
            constraint: None,
        }
    }
}

impl WarehouseError {
    /// What helps: by SQLSTATE, or by the kind of failure where there is none.
    ///
    /// The classes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    #[must_use]
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Silent(_) | Self::Locked { .. } | Self::Closed | Self::Ended(_) => {
                Class::Transient
            }
            Self::Unfit(_) | Self::Elsewhere { .. } => Class::Stop,
            Self::Postgres(error) => match error.code() {
                Some(state) => class_of_sqlstate(state.code()),
                None if is_network(error) => Class::Transient,
                None => Class::Stop,
            },
        }
    }

    /// Whether the same again may help.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        self.class() == Class::Transient
    }

    /// Whether a table that is missing, or is not as needed, may be the reason: a look at the tables tells.
    #[must_use]
    pub(super) fn may_be_the_tables(&self) -> bool {
        let state = self.sqlstate().unwrap_or_default();
        // Class 42: a missing table, column or key, a wrong type. 23502: a column that we do not know is NOT NULL.
        matches!(self, Self::Unfit(_)) || state.starts_with("42") || state == "23502"
    }

    /// Whether a table was missing.
    #[must_use]
    pub(crate) fn is_missing_table(&self) -> bool {
        self.sqlstate() == Some("42P01")
    }

    /// Whether the server has no such function, or does not let us call it.
    pub(super) fn is_about(&self, function: &str) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        matches!(self.sqlstate(), Some("42501" | "42883"))
            && error
                .as_db_error()
                .is_some_and(|error| error.message().contains(function))
    }

    /// Whether a row refers to another one that is not there.
    #[must_use]
    pub(crate) fn is_missing_reference(&self) -> bool {
        self.sqlstate() == Some("23503")
    }

    /// Whether two rows of a statement have one key, as the table compares keys.
    pub(crate) fn is_about_two_rows(&self) -> bool {
        self.sqlstate() == Some("21000")
    }

    /// Why the server refused a row; `None` where the rows were not the reason.
    #[must_use]
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let Self::Postgres(error) = self else {
            return None;
        };
        let error = error
            .as_db_error()
            .filter(|_| self.class() == Class::Data)?;
        Some(Refusal {
            sqlstate: error.code().code().to_owned(),
            message: error.message().to_owned(),
            constraint: error.constraint().map(str::to_owned),
        })
    }

    /// A failure of a statement on a connection that stood.
    pub(super) fn of_statement(error: postgres::Error) -> Self {
        let severity = error.as_db_error().and_then(DbError::parsed_severity);
        match severity {
            Some(Severity::Fatal | Severity::Panic) => Self::Ended(error),
            _ => Self::Postgres(error),
        }
    }

    /// Whether the server has no connection free for this user or at all.
    #[must_use]
    pub(crate) fn is_without_a_connection(&self) -> bool {
        self.sqlstate() == Some("53300")
    }

    /// The failure in the words of whom it comes from, and what to do about it.
    pub(super) fn words(&self) -> (String, Option<&'static str>) {
        match self {
            Self::Postgres(error) | Self::Ended(error) => words(error),
            other => (other.to_string(), None),
        }
    }

    /// Whether another session held a lock for longer than we wait.
    pub(super) fn is_about_a_lock(&self) -> bool {
        self.sqlstate() == Some("55P03")
    }

    /// Whether a right is missing.
    pub(super) fn is_forbidden(&self) -> bool {
        self.sqlstate() == Some("42501")
    }

    /// Whether the warehouse's encoding has no such character.
    pub(super) fn is_about_characters(&self) -> bool {
        matches!(self.sqlstate(), Some("22P05" | "22021"))
    }

    /// Whether a server said it, and not the network or we.
    pub(super) fn is_of_server(&self) -> bool {
        self.sqlstate().is_some()
    }

    fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) | Self::Ended(error) => error.code().map(|state| state.code()),
            _ => None,
        }
    }
}

fn class_of_sqlstate(code: &str) -> Class {
    match code {
        // Shut down by an administrator or a crash, starting up; an I/O error; no connection free; ended by a time-out.
        "57P01" | "57P02" | "57P03" | "58030" | "53300" | "57014" => Class::Transient,
        // Connection failures; serialization failures and deadlocks.
        _ if code.starts_with("08") || code.starts_with("40") => Class::Transient,
        // Data exceptions; violated constraints; two rows of one key, by a collation that takes them for the same.
        "21000" => Class::Data,
        _ if code.starts_with("22") || code.starts_with("23") => Class::Data,
        _ => Class::Stop,
    }
}

/// Whether a failure without an SQLSTATE is the network's: there was no answer that could have one.
fn is_network(error: &postgres::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            // rustls tells a certificate that it does not trust as invalid data.
            return error.kind() != io::ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    error.is_closed()
}

/// Whether the server said that it has no TLS; the crate has no other sign of it than its words.
pub(super) fn has_no_tls(error: &postgres::Error) -> bool {
    chain(error).contains(advice::NO_TLS)
}

/// A failure in one sentence, and what to do about it.
fn told(error: &postgres::Error) -> String {
    match words(error) {
        (words, Some(advice)) => format!("{words}; {advice}"),
        (words, None) => words,
    }
}

/// A failure in the words of whom it comes from, and what to do about it.
fn words(error: &postgres::Error) -> (String, Option<&'static str>) {
    let Some(server) = error.as_db_error() else {
        let text = chain(error);
        let advice = advice::of_connection(&text);
        return (text, advice);
    };
    let said = advice::Said {
        sqlstate: server.code().code(),
        message: server.message(),
        routine: server.routine().unwrap_or_default(),
    };
    (of_server(server), said.advice())
}

fn of_server(error: &DbError) -> String {
    let detail = error.detail().map(|detail| format!("{detail} "));
    let hint = error.hint().map(|hint| format!("Hint: {hint} "));
    format!(
        "{} ({}{}SQLSTATE {})",
        error.message(),
        detail.unwrap_or_default(),
        hint.unwrap_or_default(),
        error.code().code()
    )
}

fn chain(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        if let Some(refusal) = tls::refusal(cause) {
            text.push_str(refusal);
            return text;
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_the_contract_is_told() {
        for (codes, class) in [
            (
                &[
                    "08000", "08006", "08P01", "57P01", "57P02", "57P03", "58030", "53300",
                    "40001", "40P01", "57014",
                ][..],
                Class::Transient,
            ),
            (
                &[
                    "22001", "22003", "22P02", "23502", "23503", "23505", "23514",
                ],
                Class::Data,
            ),
            (
                &[
                    "42501", "42703", "42P01", "53100", "53200", "28P01", "3D000", "25006",
                    "57P04", "XX000", "P0001", "0A000",
                ],
                Class::Stop,
            ),
        ] {
            for code in codes {
                assert_eq!(class_of_sqlstate(code), class, "{code}");
            }
        }
    }

    #[test]
    fn silence_passes_and_another_warehouse_does_not() {
        assert!(WarehouseError::Silent(Duration::from_secs(1)).is_transient());
        let elsewhere = WarehouseError::Elsewhere {
            expected: "1/a".to_owned(),
            found: "2/a".to_owned(),
        };
        assert_eq!(elsewhere.class(), Class::Stop);
        assert!(elsewhere.to_string().contains("sync --full"));
    }
}
