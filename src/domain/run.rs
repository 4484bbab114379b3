//! What a run came to: facts from which the exit code, the table, the JSON and the job run are made.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// A run as `job_run` has it, in its words: another program may have written some of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobRun {
    /// Its id, a UUID where this program began it.
    pub job_id: String,
    /// The command: `collect`, `sync` and the like.
    pub job_name: String,
    /// When it began.
    pub started_at: String,
    /// When it ended; `None` while it is under way.
    pub ended_at: Option<String>,
    /// How long it took, to a tenth.
    pub seconds: Option<f64>,
    /// Its status, by [`Status::name`].
    pub status: String,
    /// A JSON list of what failed.
    pub error_message: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The process on it.
    pub process_id: Option<u32>,
    /// The program's version.
    pub version: Option<String>,
    /// What it counted, as JSON.
    pub summary: Option<String>,
    /// The revision that was read.
    pub revision: i64,
}

impl JobRun {
    /// The machine's name, `?` where it is not known.
    #[must_use]
    pub fn host_name(&self) -> &str {
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

/// One thing that failed; the elements of `error_message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// An `error_message` for people, at most `longest` characters; one that another program wrote is shown as it is.
#[must_use]
pub fn in_words(error_message: &str, longest: usize) -> String {
    let words = match serde_json::from_str::<Vec<Problem>>(error_message) {
        Ok(problems) => problems
            .iter()
            .map(|p| {
                let place = [&p.asset_id, &p.source].into_iter().flatten();
                let place: Vec<&str> = place.map(String::as_str).collect();
                match place.is_empty() {
                    true => p.error.clone(),
                    false => format!("{}: {}", place.join(" "), p.error),
                }
            })
            .collect::<Vec<_>>()
            .join(" · "),
        Err(_) => error_message.to_owned(),
    };
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
    fn an_error_message_is_readable_and_short() {
        let problem = |asset: Option<&str>, source: Option<&str>, error: &str| Problem {
            asset_id: asset.map(str::to_owned),
            source: source.map(str::to_owned),
            error: error.to_owned(),
        };
        let message = error_message(&[
            problem(Some("A"), Some("naver"), "HTTP 404"),
            problem(None, None, "가나다라"),
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
