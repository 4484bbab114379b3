//! Why the warehouse refused or failed, and what helps: the only place that decides this.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use postgres::error::{DbError, Severity};
use thiserror::Error;

use super::{advice, tls};

/// Why the warehouse refused or failed.
#[derive(Debug, Error)]
pub enum WarehouseError {
    /// The server refused, or the connection failed.
    #[error("{}", told(.0))]
    Postgres(postgres::Error),
    /// The server, or a pooler before it, ended an open connection (severity FATAL): whatever the SQLSTATE says, this
    /// concerns the connection, not the statement or a row.
    #[error("{}", told(.0))]
    Ended(postgres::Error),
    /// The server, or the network before it, did not answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// As [`WarehouseError::Silent`], because others hold a lock.
    #[error("no answer within {} s: it waited for a lock held by {holders}; let that session finish", .patience.as_secs_f64())]
    Locked {
        /// The time limit.
        patience: Duration,
        /// Their sessions.
        holders: String,
    },
    /// The connection was abandoned before.
    #[error("the connection is closed")]
    Closed,
    /// A table that cannot store our rows, and why.
    #[error("{0}")]
    Unfit(String),
    /// Not the warehouse to which rows were acknowledged.
    #[error(
        "DATABASE_URL points to another warehouse ({found}) than the one that has the rows sent before ({expected}); \
         `pricestash sync --full` sends all of them to this one; it is safe at any time"
    )]
    Elsewhere {
        /// The one to which rows were acknowledged.
        expected: String,
        /// The one that answered.
        found: String,
    },
}

// Not derived by thiserror: the sentence already contains the source error, which would be printed twice.
impl From<postgres::Error> for WarehouseError {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// What helps against a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Transient: retry on a new connection.
    Transient,
    /// A row is the reason: others may be accepted.
    Data,
    /// Needs a person.
    Stop,
}

/// Why a row was rejected, for `sync_reject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE.
    pub(crate) sqlstate: String,
    /// The server's message.
    pub(crate) message: String,
    /// The violated constraint, if any.
    pub(crate) constraint: Option<String>,
}

impl Refusal {
    /// For a row that nothing rejected, but that is missing after its commit.
    #[must_use]
    pub(super) fn dropped() -> Self {
        Self {
            // "No data".
            sqlstate: "02000".to_owned(),
            message: "the warehouse accepted the row without an error but does not have it: a trigger or rule of price_daily drops it, or a key column's type (citext) treats its key as equal to another row's"
                .to_owned(),
            constraint: None,
        }
    }

    /// For a row whose key the table treats as equal to another row's (`asset from source`): the server rejects two
    /// such rows in one statement.
    #[must_use]
    pub(super) fn collapsed(instead: &str) -> Self {
        Self {
            // "Cardinality violation".
            sqlstate: "21000".to_owned(),
            message: format!(
                "the collation of price_daily treats the row's key as that of {instead}, which it would replace"
            ),
            constraint: None,
        }
    }
}

impl WarehouseError {
    /// What helps: decided by SQLSTATE, or by the kind of failure without one.
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

    /// Whether a retry can help.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        self.class() == Class::Transient
    }

    /// Whether a missing or unsuitable table may be the reason, so that the tables should be checked.
    #[must_use]
    pub(super) fn may_be_the_tables(&self) -> bool {
        let state = self.sqlstate().unwrap_or_default();
        // Class 42: a missing table, column or key, a wrong type. 23502: a column unknown to us is NOT NULL.
        matches!(self, Self::Unfit(_)) || state.starts_with("42") || state == "23502"
    }

    /// Whether a table was missing.
    #[must_use]
    pub(crate) fn is_missing_table(&self) -> bool {
        self.sqlstate() == Some("42P01")
    }

    /// Whether the server lacks this function or forbids it.
    pub(super) fn is_about(&self, function: &str) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        matches!(self.sqlstate(), Some("42501" | "42883"))
            && error
                .as_db_error()
                .is_some_and(|error| error.message().contains(function))
    }

    /// Whether a row refers to another one that is missing.
    #[must_use]
    pub(crate) fn is_missing_reference(&self) -> bool {
        self.sqlstate() == Some("23503")
    }

    /// Whether two rows of a statement have equal keys, as the table compares them.
    pub(crate) fn is_about_two_rows(&self) -> bool {
        self.sqlstate() == Some("21000")
    }

    /// Why the server rejected a row; `None` if the rows were not the reason.
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

    /// A failure of a statement on an open connection.
    pub(super) fn of_statement(error: postgres::Error) -> Self {
        let severity = error.as_db_error().and_then(DbError::parsed_severity);
        match severity {
            Some(Severity::Fatal | Severity::Panic) => Self::Ended(error),
            _ => Self::Postgres(error),
        }
    }

    /// Whether the server has no free connection, for this user or at all.
    #[must_use]
    pub(crate) fn is_without_a_connection(&self) -> bool {
        self.sqlstate() == Some("53300")
    }

    /// The message of its origin, and advice.
    pub(super) fn words(&self) -> (String, Option<&'static str>) {
        match self {
            Self::Postgres(error) | Self::Ended(error) => words(error),
            other => (other.to_string(), None),
        }
    }

    /// Whether another session held a lock longer than we wait.
    pub(super) fn is_about_a_lock(&self) -> bool {
        self.sqlstate() == Some("55P03")
    }

    /// Whether a privilege is missing.
    pub(super) fn is_forbidden(&self) -> bool {
        self.sqlstate() == Some("42501")
    }

    /// Whether the warehouse's encoding lacks a character.
    pub(super) fn is_about_characters(&self) -> bool {
        matches!(self.sqlstate(), Some("22P05" | "22021"))
    }

    /// Whether the server reported it, and not the network or we.
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
        // Shut down by an administrator or a crash; starting up; an I/O error; no free connection; cancelled by a
        // time-out.
        "57P01" | "57P02" | "57P03" | "58030" | "53300" | "57014" => Class::Transient,
        // Connection failures; serialization failures and deadlocks.
        _ if code.starts_with("08") || code.starts_with("40") => Class::Transient,
        // Data exceptions; violated constraints; two rows with equal keys under the table's collation.
        "21000" => Class::Data,
        _ if code.starts_with("22") || code.starts_with("23") => Class::Data,
        _ => Class::Stop,
    }
}

/// Whether a failure without an SQLSTATE is the network's: there was no answer that could contain one.
fn is_network(error: &postgres::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            // rustls reports an untrusted certificate as invalid data.
            return error.kind() != io::ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    error.is_closed()
}

/// Whether the server has no TLS; the crate shows this only in its message.
pub(super) fn has_no_tls(error: &postgres::Error) -> bool {
    chain(error).contains(advice::NO_TLS)
}

/// A failure in one sentence with advice.
fn told(error: &postgres::Error) -> String {
    match words(error) {
        (words, Some(advice)) => format!("{words}; {advice}"),
        (words, None) => words,
    }
}

/// The message of a failure's origin, and advice.
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
