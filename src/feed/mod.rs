//! Where answers come from: the network ([`Http`]) or recordings ([`Replay`]).

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::asset::Category;
use crate::upstream::{AnswerError, Upstream, Window};

mod http;
mod replay;

pub use http::Http;
pub use replay::Replay;

/// One request: which source is asked for which days of which symbol.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The way to the source.
    pub upstream: &'a dyn Upstream,
    /// What the source calls the asset.
    pub symbol: &'a str,
    /// What the asset is.
    pub category: Category,
    /// The days.
    pub part: Window,
}

/// An answer as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// When it was asked for, UTC: what it says was true no later than then.
    pub fetched_at: DateTime<Utc>,
}

/// Why there are no bars from a source.
#[derive(Debug, Error)]
pub enum FetchError {
    /// No answer came.
    #[error("no answer: {0}")]
    Network(Box<ureq::Error>),
    /// An answer came, and it is no list of bars.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The prices are in another currency than assets.toml says.
    #[error("its prices are in {got}, assets.toml says {expected}")]
    Currency {
        /// As the answer says.
        got: String,
        /// As configured.
        expected: String,
    },
    /// The replay folder has no such recording.
    #[error("no recording {0}")]
    NoRecording(String),
    /// A recording cannot be read.
    #[error("the recording {0} cannot be read: {1}")]
    BadRecording(String, String),
}

impl FetchError {
    /// Whether asking again may help: the one place where this is decided.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(error) => matches!(
                **error,
                ureq::Error::Io(_)
                    | ureq::Error::Timeout(_)
                    | ureq::Error::HostNotFound
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::Protocol(_)
                    | ureq::Error::Decompress(..)
            ),
            Self::Answer(error) => error.is_transient(),
            Self::Currency { .. } | Self::NoRecording(_) | Self::BadRecording(..) => false,
        }
    }
}

/// Gives the answers to requests.
pub trait Feed: Sync {
    /// When `request` is asked: now, or when its recording was made.
    fn asked_at(&self, upstream: &dyn Upstream, symbol: &str) -> DateTime<Utc>;

    /// The windows that are asked for one after the other to cover `window`.
    fn parts(&self, upstream: &dyn Upstream, symbol: &str, window: Window) -> Vec<Window>;

    /// The answer to one request.
    ///
    /// # Errors
    /// When no answer came. An answer of whatever status is no error here.
    fn get(&self, request: Request<'_>) -> Result<Response, FetchError>;
}
