//! A user-defined source: how to ask it, and where the prices are in its answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;

use super::column::Column;
use super::date_format::DateFormat;
use super::number_format::Decimal;
use super::template::Template;

/// The format of a source's answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AnswerForm {
    /// Lines of fields.
    Csv {
        /// The separator.
        delimiter: char,
    },
    /// A JSON document.
    Json {
        /// The path to the list of rows; None if the document itself is the list.
        rows: Option<String>,
    },
}

/// A `[[source]]` of the assets file. Contains the names of its keys, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserSource {
    pub(crate) name: String,
    pub(crate) url: Template,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) form: AnswerForm,
    pub(crate) decimal: Decimal,
    pub(crate) date: Column,
    pub(crate) date_format: DateFormat,
    /// The zone that turns moments into days; plain dates are those of the exchange.
    pub(crate) zone: Option<Tz>,
    /// Open, high and low; `None` if the close is the only price.
    pub(crate) others: Option<[Column; 3]>,
    pub(crate) close: Column,
    pub(crate) volume: Option<Column>,
    /// The least time between two requests.
    pub(crate) interval: Duration,
}

/// All definitions ever read by this program.
static KNOWN: Mutex<Vec<&'static UserSource>> = Mutex::new(Vec::new());

impl UserSource {
    /// Makes a definition live as long as the program, so that a source kind stays a small value. Equal definitions
    /// share one copy, so that reading a file again takes no more memory.
    #[must_use]
    pub(crate) fn kept(self) -> &'static Self {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.iter().find(|s| ***s == self) {
            return same;
        }
        let kept: &'static Self = Box::leak(Box::new(self));
        known.push(kept);
        kept
    }

    /// Whether a user-defined source has this name.
    #[must_use]
    pub(crate) fn is_known(name: &str) -> bool {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|source| source.name == name)
    }

    /// The names of the variables that it needs, without duplicates.
    #[must_use]
    pub(crate) fn keys(&self) -> Vec<&str> {
        let headers = self.headers.iter().flat_map(|(_, value)| value.keys());
        let mut keys: Vec<&str> = self.url.keys().chain(headers).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}
