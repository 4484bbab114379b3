//! A source of the user's own: how it is asked, and where in its answers the prices stand.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;

use super::column::Column;
use super::date_format::DateFormat;
use super::number_format::Decimal;
use super::template::Template;

/// In which form a source answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AnswerForm {
    /// Lines of fields.
    Csv {
        /// What separates them.
        delimiter: char,
    },
    /// A JSON document.
    Json {
        /// The way to the list of rows; the document itself where there is none.
        rows: Option<String>,
    },
}

/// A `[[source]]` of the assets file. It has the names of its keys, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserSource {
    pub(crate) name: String,
    pub(crate) url: Template,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) form: AnswerForm,
    pub(crate) decimal: Decimal,
    pub(crate) date: Column,
    pub(crate) date_format: DateFormat,
    /// In which a moment is a day; days that are written as days are those of the exchange.
    pub(crate) zone: Option<Tz>,
    /// Open, high and low; `None` where the close is the only price.
    pub(crate) others: Option<[Column; 3]>,
    pub(crate) close: Column,
    pub(crate) volume: Option<Column>,
    /// The least time between two requests.
    pub(crate) interval: Duration,
}

/// All that were ever read by this program.
static KNOWN: Mutex<Vec<&'static UserSource>> = Mutex::new(Vec::new());

impl UserSource {
    /// The same as one that lives as long as the program, so that a kind of source is a small value also where it is the user's:
    /// equal definitions are one, so that reading a file again takes no more room.
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

    /// Whether a source of the user's own is called so.
    #[must_use]
    pub(crate) fn is_known(name: &str) -> bool {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|source| source.name == name)
    }

    /// The names of the variables that it needs, each once.
    #[must_use]
    pub(crate) fn keys(&self) -> Vec<&str> {
        let headers = self.headers.iter().flat_map(|(_, value)| value.keys());
        let mut keys: Vec<&str> = self.url.keys().chain(headers).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}
