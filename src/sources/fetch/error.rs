//! Why there are no bars: every failure of a request, classified once.

use std::io::ErrorKind;
use std::time::Duration;

use thiserror::Error;

use crate::process::stop::Stopped;
use crate::sources::AnswerError;

/// Why a source returned no bars, with its own message.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    /// No answer arrived.
    #[error("{}", network_words(.0))]
    Network(Box<ureq::Error>),
    /// An answer arrived, but it is not a list of bars.
    #[error("{error}")]
    Answer {
        /// What arrived instead.
        error: AnswerError,
        /// How long the source asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The prices belong to another symbol.
    #[error("expected prices of {expected}, got {got}")]
    Symbol {
        /// Symbol in the answer.
        got: String,
        /// Requested symbol.
        expected: String,
    },
    /// The prices are in another currency than in assets.toml.
    #[error("its prices are in {got}, but assets.toml says {expected}")]
    Currency {
        /// Currency in the answer.
        got: String,
        /// Configured currency.
        expected: String,
    },
    /// A key of the user-defined source is missing, or would be sent where it should not.
    #[error("{0}")]
    Key(String),
    /// The replay folder has no such recording.
    #[error("no recording {0}")]
    NoRecording(String),
    /// A recording cannot be read.
    #[error("cannot read the recording {0}: {1}")]
    BadRecording(String, String),
    /// The host refused another asset in this run, or could not be reached.
    #[error("skipped after an earlier failure in this run: {0}")]
    NotAsked(String),
    /// The time limit of the asset is used up.
    #[error("skipped because the asset's time limit of {} s is used up", .0.as_secs())]
    OutOfTime(Duration),
    /// The program was told to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What a failure, after its last try, tells about the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AboutHost {
    /// Nothing: another request may succeed.
    Nothing,
    /// It refuses us for now (429; Upbit bans with 418) or cannot be reached: further requests are useless.
    Closed,
    /// It sends a web page, which may be a block page or belong to this request only.
    Page,
    /// It did not answer in time, which may be due to this request.
    Silent,
}

impl FetchError {
    /// Whether a retry can help: the only place that decides this.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Network(error) => matches!(
                **error,
                ureq::Error::Io(_)
                    | ureq::Error::Timeout(_)
                    | ureq::Error::HostNotFound
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::Protocol(_)
                    | ureq::Error::ConnectProxyFailed(_)
                    | ureq::Error::Decompress(..)
            ),
            Self::Answer { error, .. } => match error {
                AnswerError::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
                AnswerError::CutShort(_) | AnswerError::TooMany(_) => true,
                AnswerError::UnknownSymbol(_)
                | AnswerError::Refused(_)
                | AnswerError::WebPage(_)
                | AnswerError::OtherShape(_)
                | AnswerError::Granularity(_) => false,
            },
            Self::Symbol { .. }
            | Self::Currency { .. }
            | Self::Key(_)
            | Self::NoRecording(_)
            | Self::BadRecording(..)
            | Self::NotAsked(_)
            | Self::OutOfTime(_)
            | Self::Stopped(_) => false,
        }
    }

    /// Whether the same request may succeed on another day. A file that the source lacks stays missing, such as years
    /// before an index began.
    #[must_use]
    pub(crate) fn may_be_answered_later(&self) -> bool {
        let Self::Answer { error, .. } = self else {
            return true;
        };
        !matches!(
            error,
            AnswerError::UnknownSymbol(_)
                | AnswerError::Status {
                    status: 404 | 410,
                    ..
                }
        )
    }

    /// How long the source asks us to wait (`Retry-After`).
    #[must_use]
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the host could not be reached or was already skipped: this tells nothing about the request.
    #[must_use]
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::NotAsked(_) => true,
            Self::Network(_) => self.about_host() == AboutHost::Closed,
            _ => false,
        }
    }

    /// What this failure, after its last try, tells about the host.
    #[must_use]
    pub(crate) fn about_host(&self) -> AboutHost {
        match self {
            Self::Answer { error, .. } => match error {
                AnswerError::WebPage(_) => AboutHost::Page,
                AnswerError::TooMany(_) => AboutHost::Closed,
                AnswerError::Status { status, words } => match status {
                    418 | 429 => AboutHost::Closed,
                    401 | 403 if words.starts_with('<') => AboutHost::Page,
                    _ => AboutHost::Nothing,
                },
                _ => AboutHost::Nothing,
            },
            Self::Network(error) => match &**error {
                ureq::Error::HostNotFound
                | ureq::Error::ConnectionFailed
                | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                    AboutHost::Closed
                }
                ureq::Error::Io(e) if is_unreachable(e.kind()) || is_unknown_name(e) => {
                    AboutHost::Closed
                }
                ureq::Error::Timeout(_) => AboutHost::Silent,
                _ => AboutHost::Nothing,
            },
            _ => AboutHost::Nothing,
        }
    }
}

const NO_SUCH_NAME: &str = "cannot resolve its name; is the network up?";

/// Whether the connection itself failed.
fn is_unreachable(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable
    )
}

/// Whether the host name could not be resolved. `ErrorKind` has nothing for it: the standard library says it in words,
/// Windows by a number (`WSAHOST_NOT_FOUND` and its neighbours).
fn is_unknown_name(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(11_001..=11_004))
        || error
            .to_string()
            .starts_with("failed to lookup address information")
}

/// What went wrong on the network, in words for the owner of an asset.
fn network_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection in time".to_owned(),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => NO_SUCH_NAME.to_owned(),
        ureq::Error::Io(e) if is_unknown_name(e) => NO_SUCH_NAME.to_owned(),
        ureq::Error::TooManyRedirects => "too many redirects".to_owned(),
        ureq::Error::BodyExceedsLimit(limit) => {
            format!("its answer is larger than {} MiB", limit >> 20)
        }
        other => format!("no answer: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(error: AnswerError) -> FetchError {
        FetchError::Answer {
            error,
            retry_after: None,
        }
    }

    fn status(status: u16, words: &str) -> FetchError {
        answer(AnswerError::Status {
            status,
            words: words.to_owned(),
        })
    }

    fn network(error: ureq::Error) -> FetchError {
        FetchError::Network(Box::new(error))
    }

    fn io(kind: ErrorKind) -> FetchError {
        network(ureq::Error::Io(kind.into()))
    }

    #[test]
    fn what_is_not_there_will_not_be_there_tomorrow() {
        let unknown = answer(AnswerError::UnknownSymbol("x".to_owned()));
        for error in [status(404, ""), status(410, ""), unknown] {
            assert!(!error.may_be_answered_later(), "{error:?}");
        }
        let page = answer(AnswerError::WebPage("<html>".to_owned()));
        let stopped = FetchError::Stopped(Stopped);
        for error in [status(403, ""), status(503, ""), page, stopped] {
            assert!(error.may_be_answered_later(), "{error:?}");
        }
    }

    #[test]
    fn what_may_pass_is_transient_and_nothing_else() {
        let text = || "x".to_owned();
        let transient = [
            status(408, ""),
            status(429, ""),
            status(500, ""),
            status(503, ""),
            status(599, ""),
            answer(AnswerError::CutShort(text())),
            answer(AnswerError::TooMany(text())),
            io(ErrorKind::ConnectionReset),
            io(ErrorKind::ConnectionRefused),
            io(ErrorKind::UnexpectedEof),
            network(ureq::Error::Timeout(ureq::Timeout::Global)),
            network(ureq::Error::HostNotFound),
        ];
        assert!(
            transient.iter().all(FetchError::is_transient),
            "{transient:?}"
        );
        let permanent = [
            status(301, ""),
            status(400, ""),
            status(401, ""),
            status(403, ""),
            status(404, ""),
            status(418, ""),
            answer(AnswerError::UnknownSymbol(text())),
            answer(AnswerError::Refused(text())),
            answer(AnswerError::WebPage(text())),
            answer(AnswerError::OtherShape(text())),
            answer(AnswerError::Granularity(text())),
            FetchError::Symbol {
                got: text(),
                expected: text(),
            },
            FetchError::Currency {
                got: text(),
                expected: text(),
            },
            FetchError::NotAsked(text()),
            FetchError::OutOfTime(Duration::ZERO),
            FetchError::Stopped(Stopped),
            network(ureq::Error::TooManyRedirects),
            network(ureq::Error::BodyExceedsLimit(16 << 20)),
        ];
        assert!(
            !permanent.iter().any(FetchError::is_transient),
            "{permanent:?}"
        );
    }

    #[test]
    fn only_some_failures_speak_for_the_whole_host() {
        for closed in [
            status(429, "Edge: Too Many Requests"),
            status(418, ""),
            io(ErrorKind::ConnectionRefused),
            network(ureq::Error::HostNotFound),
            network(ureq::Error::Io(std::io::Error::other(
                "failed to lookup address information: Name or service not known",
            ))),
        ] {
            assert_eq!(closed.about_host(), AboutHost::Closed, "{closed:?}");
        }
        for page in [
            status(403, "<html>"),
            answer(AnswerError::WebPage("<html>".to_owned())),
        ] {
            assert_eq!(page.about_host(), AboutHost::Page, "{page:?}");
        }
        let silent = network(ureq::Error::Timeout(ureq::Timeout::Global));
        assert_eq!(silent.about_host(), AboutHost::Silent);
        for nothing in [
            status(404, "<html>"),
            status(403, "no such key"),
            status(503, "<html>"),
            io(ErrorKind::ConnectionReset),
            answer(AnswerError::UnknownSymbol("No data found".to_owned())),
        ] {
            assert_eq!(nothing.about_host(), AboutHost::Nothing, "{nothing:?}");
        }
    }

    #[test]
    fn the_words_are_for_people() {
        let words = [
            network(ureq::Error::Timeout(ureq::Timeout::Global)).to_string(),
            network(ureq::Error::BodyExceedsLimit(16 << 20)).to_string(),
            status(429, "Edge: Too Many Requests").to_string(),
            FetchError::OutOfTime(Duration::from_secs(300)).to_string(),
        ];
        let expected = [
            "no answer in time",
            "its answer is larger than 16 MiB",
            "HTTP 429: Edge: Too Many Requests",
            "skipped because the asset's time limit of 300 s is used up",
        ];
        assert_eq!(words, expected);
    }
}
