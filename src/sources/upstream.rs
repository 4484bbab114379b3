//! A source as the program sees it: which requests cover a window, and how to read an answer.
//!
//! Nothing here touches the network: [`Upstream`] builds URLs and reads bytes; `fetch` fetches them.

use std::time::Duration;

use super::body::{AnswerError, feed_body, first_words, without_mark};
use crate::config::Variable;
use crate::domain::answer::Answer;
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// One endpoint of a source: knows its URLs and its format.
///
/// An implementation is pure: the same bytes give the same answer, whatever the clock and the machine's time zone.
pub trait Upstream: Sync {
    /// The name in messages (`naver`, `naver fchart`).
    fn name(&self) -> &str;

    /// The variable with its address, and the default address.
    fn origin(&self) -> Variable;

    /// The windows of the requests that together cover `window`, oldest first.
    fn parts(&self, window: Window) -> Vec<Window> {
        vec![window]
    }

    /// The URL of the request for one part, below an origin.
    fn url(&self, origin: &str, symbol: &str, category: Category, part: Window) -> String;

    /// Request headers beyond the client's own. Here and in the URL, keys appear by name, `${NAME}`: the sender of the
    /// request fills in their values.
    fn headers(&self, _symbol: &str, _part: Window) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The least time between two requests that the source asks for, if longer than the general one.
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    /// How far back the source reaches, if not as far as its series.
    fn reach(&self) -> Option<&'static str> {
        None
    }

    /// Whether an answer is a file with the same days whatever is requested, so that one request per run is enough.
    fn serves_whole_files(&self) -> bool {
        false
    }

    /// The currency of a symbol's prices, if the symbol implies it and the answer does not contain it.
    fn currency_of<'a>(&self, _symbol: &'a str) -> Option<&'a str> {
        None
    }

    /// Whether its answers list dividends and splits.
    fn tells_actions(&self) -> bool {
        false
    }

    /// Whether a requested URL, of this program or another, asks for all of them.
    fn asks_for_actions(&self, _url: &str) -> bool {
        false
    }

    /// The file below a replay folder with the recorded answer for one part. Parts may share a file.
    fn recording(&self, symbol: &str, part: Window) -> String;

    /// Reads the body of a successful answer about a symbol. Days are dated in the exchange's time zone: the answer's
    /// own, else the calendar's.
    ///
    /// # Errors
    /// If the body is not a list of daily bars. A row that cannot be a bar is not an error here: it is returned as
    /// received.
    fn parse<'a>(
        &self,
        body: &'a [u8],
        symbol: &str,
        calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError>;

    /// Interprets the body of an error answer, if it says more than the status.
    fn explain<'a>(
        &self,
        _status: u16,
        _body: &'a [u8],
    ) -> Option<Result<Answer<'a>, AnswerError>> {
        None
    }

    /// Reads an answer with its HTTP status; the same for every source.
    ///
    /// # Errors
    /// As [`Upstream::parse`], and for an HTTP error.
    fn read<'a>(
        &self,
        status: u16,
        body: &'a [u8],
        symbol: &str,
        calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        if (200..300).contains(&status) {
            return self.parse(feed_body(body)?, symbol, calendar);
        }
        let body = without_mark(body);
        self.explain(status, body).unwrap_or_else(|| {
            Err(AnswerError::Status {
                status,
                words: first_words(body),
            })
        })
    }
}

/// Whether the symbol in an answer is the requested one. Sources ignore case, and Yahoo uses two names for a rate
/// against the dollar (`USDKRW=X`, `KRW=X`).
#[must_use]
pub(crate) fn is_same_symbol(asked: &str, answered: &str) -> bool {
    let plain = |symbol: &str| {
        let symbol = symbol.to_ascii_uppercase();
        match symbol.strip_prefix("USD") {
            Some(rate) if rate.len() == 5 && rate.ends_with("=X") => rate.to_owned(),
            _ => symbol,
        }
    };
    plain(asked) == plain(answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_the_same_whatever_its_case() {
        for (asked, answered) in [
            ("soxl", "SOXL"),
            ("USDKRW=X", "KRW=X"),
            ("KRW=X", "USDKRW=X"),
        ] {
            assert!(is_same_symbol(asked, answered), "{asked} {answered}");
        }
        for (asked, answered) in [
            ("SI=F", "GC=F"),
            ("005930.KS", "005930"),
            ("EURUSD=X", "USD=X"),
        ] {
            assert!(!is_same_symbol(asked, answered), "{asked} {answered}");
        }
    }
}
