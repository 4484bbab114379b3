//! What a run came to: facts from which the exit code, the table, the JSON and the job run are made.

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
