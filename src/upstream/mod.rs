//! The price sources: which requests answer for a window, and what an answer says.
//!
//! Nothing here touches the network: [`Upstream`] builds URLs and reads bytes. `feed` fetches them.

use chrono::NaiveDate;
use chrono_tz::Tz;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

use crate::asset::{Category, SourceKind};
use crate::calendar::Calendar;
use crate::price::RawBar;

//mod krx;
//mod naver;
//mod naver_fchart;
//mod upbit;
//mod yahoo;

/// Days asked for, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub start: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
}

impl Window {
    /// Whether a day lies in the window.
    #[must_use]
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.start <= date && date <= self.end
    }
}

/// What a source answered: rows as received, and what it says about all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer<'a> {
    /// The rows, in the answer's own order; empty where the source has nothing for the window.
    pub rows: Vec<RawBar<'a>>,
    /// The currency of the prices, where the source says it.
    pub currency: Option<&'a str>,
    /// The exchange's time zone, where the source says it.
    pub zone: Option<Tz>,
    /// Whether volumes are amounts with a fraction (coins), not counts.
    pub fractional_volume: bool,
}

/// Why an answer cannot be read as a list of bars.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// A status that is no success, with the first words of the body.
    #[error("HTTP {status}: {words}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The source's own words.
        words: String,
    },
    /// The source does not know the symbol, in its own words.
    #[error("{0}")]
    UnknownSymbol(String),
    /// The source answered with an error of its own.
    #[error("the source says: {0}")]
    Refused(String),
    /// Something else than the feed (a block page, a login page, other data).
    #[error("not the feed: {0}")]
    OtherShape(String),
    /// The body ends before the data does.
    #[error("the answer is cut short: {0}")]
    CutShort(String),
    /// Bars coarser or finer than a day.
    #[error("bars of {0} instead of days")]
    Granularity(String),
}

impl AnswerError {
    /// Whether asking again may help (a cut body, too many requests, a server's own error).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::CutShort(_) => true,
            Self::UnknownSymbol(_) | Self::Refused(_) | Self::OtherShape(_) | Self::Granularity(_) => false,
        }
    }
}

/// The origin of each source's URLs, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    /// `NAVER_BASE_URL`
    pub naver: String,
    /// `NAVER_FCHART_BASE_URL`
    pub naver_fchart: String,
    /// `YAHOO_BASE_URL`
    pub yahoo: String,
    /// `KRX_CACHE_BASE_URL`
    pub krx_cache: String,
    /// `UPBIT_BASE_URL`
    pub upbit: String,
}

/// One way to ask a source. The part of a source that knows its URLs and its format.
///
/// An implementation is pure: the same bytes give the same answer, whatever the clock and the machine's zone say.
pub trait Upstream: Sync {
    /// How the way is called in messages (`naver`, `naver fchart`).
    fn name(&self) -> &'static str;

    /// The windows of the requests that together answer for `window`, oldest first.
    fn parts(&self, window: Window) -> Vec<Window> {
        vec![window]
    }

    /// The URL of the request for one part.
    fn url(&self, origins: &Origins, symbol: &str, category: Category, part: Window) -> String;

    /// Request headers beyond the client's own.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The file that holds the recorded answer for one part below a replay folder. Parts may share a file.
    fn recording(&self, symbol: &str, part: Window) -> String;

    /// Reads the body of a successful answer. Days are dated in the exchange's zone: the answer's own, else the calendar's.
    ///
    /// # Errors
    /// When the body is no list of daily bars. A row that can be no bar is no error here: it is returned as received.
    fn parse<'a>(&self, body: &'a [u8], calendar: Calendar) -> Result<Answer<'a>, AnswerError>;

    /// Reads an answer with its HTTP status.
    ///
    /// # Errors
    /// As [`Upstream::parse`], and for a status that is no success.
    fn read<'a>(&self, status: u16, body: &'a [u8], calendar: Calendar) -> Result<Answer<'a>, AnswerError> {
        if (200..300).contains(&status) {
            return self.parse(body, calendar);
        }
        Err(AnswerError::Status { status, words: first_words(body) })
    }
}

/// The ways to a source, in the order in which they are tried. They give the same data under one source name.
#[must_use]
pub fn ways(kind: SourceKind) -> &'static [&'static dyn Upstream] {
    match kind { _ => &[] }
}

/// The first line of a body that is no feed, cut to what fits a message, without control characters.
fn first_words(body: &[u8]) -> String {
    const MAX_CHARS: usize = 120;
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("(empty body)");
    line.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

/// What may stand unescaped in a segment of a path: RFC 3986's unreserved characters, `=` and `&`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'=').remove(b'&');
/// What may stand unescaped in a value of a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A symbol as a segment of a path (`%5EKS200`).
fn path_segment(symbol: &str) -> String {
    utf8_percent_encode(symbol, SEGMENT).to_string()
}

/// A text as a value of a query.
fn query_value(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}
