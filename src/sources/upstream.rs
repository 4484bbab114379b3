//! A source as the program knows it: which requests answer for a window, and what an answer says.
//!
//! Nothing here touches the network: [`Upstream`] builds URLs and reads bytes. `fetch` fetches them.

use std::time::Duration;

use super::body::{AnswerError, feed_body, first_words, without_mark};
use crate::config::Variable;
use crate::domain::answer::Answer;
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// One way to ask a source. The part of a source that knows its URLs and its format.
///
/// An implementation is pure: the same bytes give the same answer, whatever the clock and the machine's zone say.
pub trait Upstream: Sync {
    /// How the way is called in messages (`naver`, `naver fchart`).
    fn name(&self) -> &str;

    /// The variable that says where it is asked, with the place that is asked otherwise.
    fn origin(&self) -> Variable;

    /// The windows of the requests that together answer for `window`, oldest first.
    fn parts(&self, window: Window) -> Vec<Window> {
        vec![window]
    }

    /// The URL of the request for one part, behind what counts as its origin.
    fn url(&self, origin: &str, symbol: &str, category: Category, part: Window) -> String;

    /// Request headers beyond the client's own. In them and in the URL a key stands by its name, `${NAME}`: who sends the request puts
    /// its value there.
    fn headers(&self, _symbol: &str, _part: Window) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The least time between two requests that the source wants, where it is more than is kept anyway.
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    /// What is known of how far back the source reaches, where it reaches less far than its series.
    fn reach(&self) -> Option<&'static str> {
        None
    }

    /// Whether an answer is a file that holds the same days whatever is asked, so that it need be asked for once a run.
    fn serves_whole_files(&self) -> bool {
        false
    }

    /// The currency of a symbol's prices, where the symbol says it and the answer does not.
    fn currency_of<'a>(&self, _symbol: &'a str) -> Option<&'a str> {
        None
    }

    /// Whether its answers list dividends and splits.
    fn tells_actions(&self) -> bool {
        false
    }

    /// Whether a URL that was asked, of this program or of another, asks for all of them.
    fn asks_for_actions(&self, _url: &str) -> bool {
        false
    }

    /// The file that holds the recorded answer for one part below a replay folder. Parts may share a file.
    fn recording(&self, symbol: &str, part: Window) -> String;

    /// Reads the body of a successful answer about a symbol. Days are dated in the exchange's zone: the answer's own, else the calendar's.
    ///
    /// # Errors
    /// When the body is no list of daily bars. A row that can be no bar is no error here: it is returned as received.
    fn parse<'a>(
        &self,
        body: &'a [u8],
        symbol: &str,
        calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError>;

    /// What the body of an answer without success says, where it says more than its status.
    fn explain<'a>(
        &self,
        _status: u16,
        _body: &'a [u8],
    ) -> Option<Result<Answer<'a>, AnswerError>> {
        None
    }

    /// Reads an answer with its HTTP status. The same for every source.
    ///
    /// # Errors
    /// As [`Upstream::parse`], and for a status that is no success.
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

/// Whether a symbol in an answer is the one that was asked for. Case does not matter to a source, and Yahoo calls a rate
/// against the dollar by either name (`USDKRW=X`, `KRW=X`).
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
