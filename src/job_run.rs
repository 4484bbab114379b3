//! What a run came to: facts from which the exit code, the table, the JSON and the job run are made.

use serde::Serialize;

/// How a run ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is under way.
    Running,
    /// Everything was done.
    Success,
    /// Something failed and something was done.
    PartialFailure,
    /// Nothing was done.
    Failure,
}

impl Status {
    /// The name in the `status` column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::PartialFailure => "partial_failure",
            Self::Failure => "failure",
        }
    }

    /// The status of a run over many things.
    #[must_use]
    pub fn of(succeeded: usize, failed: usize) -> Self {
        match (succeeded, failed) {
            (_, 0) => Self::Success,
            (0, _) => Self::Failure,
            _ => Self::PartialFailure,
        }
    }

    /// The program's exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Running | Self::Success => 0,
            Self::Failure => 1,
            Self::PartialFailure => 3,
        }
    }
}

/// One thing that failed; the elements of `error_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The asset, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
    /// The source, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What happened, with the source's own words.
    pub error: String,
}

/// Problems as the `error_message` column has them; `None` when there are none.
#[must_use]
pub fn error_message(problems: &[Problem]) -> Option<String> {
    (!problems.is_empty()).then(|| {
        serde_json::to_string(problems).unwrap_or_else(|e| format!("[{{\"error\":\"{e}\"}}]"))
    })
}
