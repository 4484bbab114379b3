//! What a run came to: facts from which the exit code, the table, the JSON and the job run are made.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{brief, one_line};

/// How a run ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::PartialFailure => "partial_failure",
            Self::Failure => "failure",
        }
    }

    /// The status of a run over many things.
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

/// A run as `job_run` has it, in its words: another program may have written some of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct JobRun {
    /// Its id, a UUID where this program began it.
    pub(crate) job_id: String,
    /// The command: `collect`, `sync` and the like.
    pub(crate) job_name: String,
    /// When it began.
    pub(crate) started_at: String,
    /// When it ended; `None` while it is under way.
    pub(crate) ended_at: Option<String>,
    /// How long it took, to a tenth.
    pub(crate) seconds: Option<f64>,
    /// Its status, by [`Status::name`].
    pub(crate) status: String,
    /// A JSON list of what failed.
    pub(crate) error_message: Option<String>,
    /// The machine.
    pub(crate) host: Option<String>,
    /// The process on it.
    pub(crate) process_id: Option<u32>,
    /// The program's version.
    pub(crate) version: Option<String>,
    /// What it counted, as JSON.
    pub(crate) summary: Option<String>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

impl JobRun {
    /// The machine's name, `?` where it is not known.
    #[must_use]
    pub(crate) fn host_name(&self) -> &str {
        self.host.as_deref().unwrap_or("?")
    }
}

/// Who is at work, for people.
impl fmt::Display for JobRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, host) = (&self.job_name, self.host_name());
        let (process, since) = (self.process_id.unwrap_or(0), &self.started_at);
        write!(f, "{name} (process {process} on {host}) since {since}")
    }
}

/// How an asset of a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetRun {
    pub(crate) asset_id: String,
    /// `ok`, `suspect` or `failed`.
    pub(crate) status: String,
    /// Whose bars were staged, of several with commas.
    pub(crate) source: Option<String>,
    /// Why it failed, and what sources said that did not answer.
    pub(crate) message: Option<String>,
}

/// The longest text of a failure, in characters. A source or a server may say a megabyte.
const LONGEST_ERROR: usize = 2000;

/// One thing that failed; the elements of `error_message`. What happened is one line, and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    error: String,
    /// Whether it was told before, so that no alert tells it again.
    #[serde(skip)]
    is_known: bool,
}

impl Problem {
    /// The same, told before.
    #[must_use]
    pub(crate) fn known(self) -> Self {
        Self {
            is_known: true,
            ..self
        }
    }

    /// Whether it was told before.
    #[must_use]
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// One of the run as a whole.
    #[must_use]
    pub(crate) fn of_run(error: impl AsRef<str>) -> Self {
        Self {
            asset_id: None,
            source: None,
            error: brief(error.as_ref(), LONGEST_ERROR),
            is_known: false,
        }
    }

    /// One of an asset, whatever its source.
    #[must_use]
    pub(crate) fn of_asset(asset_id: impl Into<String>, error: impl AsRef<str>) -> Self {
        Self {
            asset_id: Some(asset_id.into()),
            ..Self::of_run(error)
        }
    }

    /// One of a source of an asset, with the source's own words.
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

    /// The asset, where it is about one.
    #[must_use]
    pub(crate) fn asset_id(&self) -> Option<&str> {
        self.asset_id.as_deref()
    }

    /// The source, where it is about one.
    #[must_use]
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What happened.
    #[must_use]
    pub(crate) fn error(&self) -> &str {
        &self.error
    }

    /// What it is about: its asset, its source, either or neither.
    pub(crate) fn place(&self) -> impl Iterator<Item = &str> {
        self.asset_id().into_iter().chain(self.source())
    }

    /// What happened, behind the source that says so: `naver: HTTP 404`.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match &self.source {
            Some(source) => format!("{source}: {}", self.error),
            None => self.error.clone(),
        }
    }

    /// Says what happened in other words.
    pub(crate) fn reword(&mut self, reword: impl FnOnce(&str) -> String) {
        self.error = reword(&self.error);
    }
}

/// Problems as the `error_message` column has them; `None` when there are none.
#[must_use]
pub(crate) fn error_message(problems: &[Problem]) -> Option<String> {
    (!problems.is_empty()).then(|| {
        serde_json::to_string(problems).unwrap_or_else(|e| format!("[{{\"error\":\"{e}\"}}]"))
    })
}

/// An `error_message` for people, at most `longest` characters; one that another program wrote is shown as it is.
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
