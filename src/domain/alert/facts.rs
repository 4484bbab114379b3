//! What an alert is about, as it waits in the staging file: no words of ours, so that each channel has it in its own language,
//! length and markup.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Facts {
    /// What a command found.
    Report(ReportFacts),
    /// A run whose process died.
    Abandoned {
        /// The command.
        topic: String,
        /// The run's id.
        run: String,
        /// The machine.
        host: String,
        /// When it began, as it is recorded.
        started_at: String,
    },
    /// What an older version left: a text in Discord's Markdown.
    Text {
        /// As it was to be sent.
        markdown: String,
    },
    /// That a person asked whether alerts arrive.
    Test {
        /// The machine.
        host: String,
    },
}

/// What a command found. Of each list the first, the worst, are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportFacts {
    /// `collect`, `sync`, `healthcheck`.
    pub(crate) topic: String,
    /// `partial_failure`, `failure`, `stale`; `success` where there are only recoveries.
    pub(crate) status: String,
    /// The machine.
    pub(crate) host: String,
    /// The run's id, where it was a run.
    pub(crate) run: Option<String>,
    /// The day that days are counted to.
    pub(crate) day: NaiveDate,
    /// So many assets failed.
    pub(crate) failed: usize,
    /// So many were looked at.
    pub(crate) assets: usize,
    /// Failures that are new, or not the same as before.
    pub(crate) news: Vec<NewFailure>,
    /// So many more of them.
    pub(crate) more_news: usize,
    /// Failures that go on.
    pub(crate) again: Vec<Ongoing>,
    /// So many more of them.
    pub(crate) more_again: usize,
    /// Assets that are well again.
    pub(crate) recovered: Vec<Recovered>,
    /// So many more of them.
    pub(crate) more_recovered: usize,
}

/// A failure that is told in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewFailure {
    /// Empty for the run as a whole.
    pub(crate) asset_id: String,
    pub(crate) name: String,
    pub(crate) words: String,
    /// The first day.
    pub(crate) since: NaiveDate,
}

/// A failure that was told before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ongoing {
    /// Empty for the run as a whole.
    pub(crate) asset_id: String,
    /// Only of the run as a whole, which has no name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) words: String,
    pub(crate) since: NaiveDate,
}

/// An asset that is well again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recovered {
    pub(crate) asset_id: String,
    pub(crate) since: NaiveDate,
}
