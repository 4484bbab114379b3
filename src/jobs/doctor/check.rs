//! One thing that `doctor` looked at.

use serde::Serialize;

/// How bad it is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// It runs, but somebody should know.
    Warn,
    /// It would stop a run.
    Fail,
}

impl Verdict {
    /// The name in the `status` column.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at. The fields are the columns of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) check: String,
    /// The verdict.
    pub(crate) status: Verdict,
    /// What was found.
    pub(crate) detail: String,
    /// What to do; empty when there is nothing to do.
    pub(crate) remedy: String,
}

impl Check {
    /// As it should be.
    #[must_use]
    pub(crate) fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, detail.into(), "")
    }

    /// Somebody should know.
    #[must_use]
    pub(crate) fn warn(check: &str, detail: impl Into<String>, remedy: &str) -> Self {
        Self::new(check, Verdict::Warn, detail.into(), remedy)
    }

    /// It would stop a run.
    #[must_use]
    pub(crate) fn fail(check: &str, detail: impl Into<String>, remedy: &str) -> Self {
        Self::new(check, Verdict::Fail, detail.into(), remedy)
    }

    pub(super) fn new(check: &str, status: Verdict, detail: String, remedy: &str) -> Self {
        Self {
            check: check.to_owned(),
            status,
            detail,
            remedy: remedy.to_owned(),
        }
    }
}
