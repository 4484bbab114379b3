//! What a command found, and what was said about it before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

/// So many assets are named.
pub(super) const NAMED: usize = 10;

/// What a command found.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// `collect`, `sync` or `healthcheck`.
    pub topic: &'static str,
    /// How it ended: `partial_failure`, `failure`, `stale`.
    pub status: &'a str,
    /// The machine.
    pub host: &'a str,
    /// The run's id, where it was a run.
    pub run: Option<&'a str>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// The assets that did not fail.
    pub succeeded: Vec<String>,
}

/// One thing that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The asset; empty for the run as a whole.
    pub asset_id: String,
    /// Its name for people.
    pub name: String,
    /// What happened, in the source's own words.
    pub words: String,
    /// The same failure has the same cause, also on another day.
    pub cause: String,
}

/// What was said before about an asset, and holds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What was wrong.
    pub cause: String,
    /// The first day.
    pub since: NaiveDate,
    /// The day on which it was said last.
    pub told: NaiveDate,
    /// Whether an alert named the asset, which promises a word when it is well again.
    pub named: bool,
}

/// What becomes of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composed {
    /// What to send; `None` when there is nothing to say.
    pub content: Option<String>,
    /// What is wrong from now on, by asset.
    pub open: BTreeMap<String, Case>,
    /// What is wrong no more.
    pub closed: Vec<String>,
}

/// A failure with its first day.
pub(super) struct Told<'a> {
    pub(super) failure: &'a Failure,
    pub(super) since: NaiveDate,
}
