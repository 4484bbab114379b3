//! The results of a run: facts for the exit code, the table, the JSON and the job run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{brief, one_line};

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is in progress.
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::PartialFailure => "partial_failure",
            Self::Failure => "failure",
        }
    }

    /// The status of a run over many items.
    #[must_use]
    pub(crate) fn of(succeeded: usize, failed: usize) -> Self {
        match (succeeded, failed) {
            (_, 0) => Self::Success,
            (0, _) => Self::Failure,
            _ => Self::PartialFailure,
        }
    }

    /// The program's exit code.
    #[must_use]
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Running | Self::Success => 0,
            Self::Failure => 1,
            Self::PartialFailure => 3,
        }
    }
}

/// A run as text from `job_run`: another program may have written some of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct JobRun {
    /// Its id, a UUID if this program started it.
    pub(crate) job_id: String,
    /// The command, such as `collect` or `sync`.
    pub(crate) job_name: String,
    /// Start.
    pub(crate) started_at: String,
    /// End; `None` while it is running.
    pub(crate) ended_at: Option<String>,
    /// Duration to a tenth.
    pub(crate) seconds: Option<f64>,
    /// Its status, by [`Status::name`].
    pub(crate) status: String,
    /// A JSON list of failures.
    pub(crate) error_message: Option<String>,
    /// The machine.
    pub(crate) host: Option<String>,
    /// The process on it.
    pub(crate) process_id: Option<u32>,
    /// The program's version.
    pub(crate) version: Option<String>,
    /// Its counts as JSON.
    pub(crate) summary: Option<String>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

impl JobRun {
    /// The machine's name, `?` if unknown.
    #[must_use]
    pub(crate) fn host_name(&self) -> &str {
        self.host.as_deref().unwrap_or("?")
    }
}

/// Names the process at work, for people.
impl fmt::Display for JobRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, host) = (&self.job_name, self.host_name());
        let (process, since) = (self.process_id.unwrap_or(0), &self.started_at);
        write!(f, "{name} (process {process} on {host}) since {since}")
    }
}

/// The result of an asset in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetRun {
    pub(crate) asset_id: String,
    /// `ok`, `suspect` or `failed`.
    pub(crate) status: String,
    /// The sources of the staged bars, separated by commas.
    pub(crate) source: Option<String>,
    /// Why it failed, and errors of sources that did not answer.
    pub(crate) message: Option<String>,
}

/// Longest error, in characters. A source or a server may send a megabyte.
const LONGEST_ERROR: usize = 2000;

/// One failure; an element of `error_message`. The error is one line, and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    error: String,
    /// Whether it was reported before, so that no alert repeats it.
    #[serde(skip)]
    is_known: bool,
}

impl Problem {
    /// The same, reported before.
    #[must_use]
    pub(crate) fn known(self) -> Self {
        Self {
            is_known: true,
            ..self
        }
    }

    /// Whether it was reported before.
    #[must_use]
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// A problem of the run as a whole.
    #[must_use]
    pub(crate) fn of_run(error: impl AsRef<str>) -> Self {
        Self {
            asset_id: None,
            source: None,
            error: brief(error.as_ref(), LONGEST_ERROR),
            is_known: false,
        }
    }

    /// A problem of an asset, whatever its source.
    #[must_use]
    pub(crate) fn of_asset(asset_id: impl Into<String>, error: impl AsRef<str>) -> Self {
        Self {
            asset_id: Some(asset_id.into()),
            ..Self::of_run(error)
        }
    }

    /// A problem of a source of an asset, with the source's own message.
    #[must_use]
    pub(crate) fn of_source(
        asset_id: impl Into<String>,
        source: impl Into<String>,
        error: impl AsRef<str>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::of_asset(asset_id, error)
        }
    }

    /// The asset, if it is about one.
    #[must_use]
    pub(crate) fn asset_id(&self) -> Option<&str> {
        self.asset_id.as_deref()
    }

    /// The source, if it is about one.
    #[must_use]
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    #[must_use]
    pub(crate) fn error(&self) -> &str {
        &self.error
    }

    /// What it is about: its asset, its source, both or neither.
    pub(crate) fn place(&self) -> impl Iterator<Item = &str> {
        self.asset_id().into_iter().chain(self.source())
    }

    /// The error after the source that reports it: `naver: HTTP 404`.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match &self.source {
            Some(source) => format!("{source}: {}", self.error),
            None => self.error.clone(),
        }
    }

    /// Rephrases the error.
    pub(crate) fn reword(&mut self, reword: impl FnOnce(&str) -> String) {
        self.error = reword(&self.error);
    }
}

/// Problems in the form of the `error_message` column; `None` if there are none.
#[must_use]
pub(crate) fn error_message(problems: &[Problem]) -> Option<String> {
    (!problems.is_empty()).then(|| {
        serde_json::to_string(problems).unwrap_or_else(|e| format!("[{{\"error\":\"{e}\"}}]"))
    })
}

/// An `error_message` for people, at most `longest` characters; one of another program is shown as it is.
#[must_use]
pub(crate) fn in_words(error_message: &str, longest: usize) -> String {
    let words = match serde_json::from_str::<Vec<Problem>>(error_message) {
        Ok(problems) => problems
            .iter()
            .map(|p| {
                let place: Vec<&str> = p.place().collect();
                match place.is_empty() {
                    true => p.error.clone(),
                    false => format!("{}: {}", place.join(" "), p.error),
                }
            })
            .collect::<Vec<_>>()
            .join(" · "),
        Err(_) => error_message.to_owned(),
    };
    let words = one_line(&words);
    match words.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", &words[..cut]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_says_who_is_at_work_also_where_its_row_does_not() {
        let run = JobRun {
            job_name: "collect".to_owned(),
            started_at: "then".to_owned(),
            ..JobRun::default()
        };
        assert_eq!(run.to_string(), "collect (process 0 on ?) since then");
        let run = JobRun {
            host: Some("nas".to_owned()),
            process_id: Some(812),
            ..run
        };
        assert_eq!(run.to_string(), "collect (process 812 on nas) since then");
    }

    #[test]
    fn a_problem_has_in_json_what_it_is_about_and_no_more() {
        let mut run = Problem::of_run("down");
        run.reword(str::to_uppercase);
        let problems = [
            run,
            Problem::of_asset("A", "no source has a bar"),
            Problem::of_source("A", "naver", "HTTP 404"),
        ];
        assert_eq!(
            error_message(&problems).unwrap(),
            r#"[{"error":"DOWN"},{"asset_id":"A","error":"no source has a bar"},{"asset_id":"A","source":"naver","error":"HTTP 404"}]"#
        );
        assert_eq!(error_message(&[]), None);
        assert_eq!(
            problems.map(|p| p.words()),
            ["DOWN", "no source has a bar", "naver: HTTP 404"]
        );
    }

    #[test]
    fn an_error_message_is_readable_and_short() {
        let message = error_message(&[
            Problem::of_source("A", "naver", "HTTP 404"),
            Problem::of_run("가나다라"),
        ]);
        let message = message.unwrap();
        assert_eq!(in_words(&message, 100), "A naver: HTTP 404 · 가나다라");
        assert_eq!(in_words(&message, 21), "A naver: HTTP 404 · 가…");
        assert_eq!(
            in_words("as another program wrote it", 100),
            "as another program wrote it"
        );
    }
}
