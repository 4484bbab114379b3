//! What a command found, and what was said about it before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::facts::Facts;

/// So many assets are named.
pub(super) const NAMED: usize = 10;

/// What a command found.
#[derive(Debug, Clone)]
pub(crate) struct Report<'a> {
    /// `collect`, `sync` or `healthcheck`.
    pub(crate) topic: &'static str,
    /// How it ended: `partial_failure`, `failure`, `stale`.
    pub(crate) status: &'a str,
    /// The machine.
    pub(crate) host: &'a str,
    /// The run's id, where it was a run.
    pub(crate) run: Option<&'a str>,
    /// What failed.
    pub(crate) failures: Vec<Failure>,
    /// The assets that did not fail.
    pub(crate) succeeded: Vec<String>,
}

/// One thing that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The asset; empty for the run as a whole.
    pub(crate) asset_id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// What happened, as it is recorded: in English, and in the source's own words.
    pub(crate) words: String,
    /// The same failure has the same cause, also on another day.
    pub(crate) cause: String,
    /// Its prices may be wrong, which is worse than that they are missing.
    pub(crate) is_suspect: bool,
}

/// What was said before about an asset, and holds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// What was wrong.
    pub(crate) cause: String,
    /// The first day.
    pub(crate) since: NaiveDate,
    /// The day on which it was said last.
    pub(crate) told: NaiveDate,
    /// Whether an alert named the asset, which promises a word when it is well again.
    pub(crate) named: bool,
}

/// What becomes of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Composed {
    /// What to say; `None` when there is nothing.
    pub(crate) facts: Option<Facts>,
    /// What is wrong from now on, by asset.
    pub(crate) open: BTreeMap<String, Case>,
    /// What is wrong no more.
    pub(crate) closed: Vec<String>,
}

/// A failure with its first day.
pub(super) struct Told<'a> {
    pub(super) failure: &'a Failure,
    pub(super) since: NaiveDate,
}
