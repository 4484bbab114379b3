//! Look-ups: what a symbol is, and which symbols have a name. Uses Yahoo's chart and search, Naver's mobile site and
//! search, and Upbit's markets.
//!
//! As with prices, nothing here touches the network: it builds URLs and reads bytes.

use chrono::NaiveDate;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::body::{AnswerError, feed_body, first_words, path_segment, query_value};
use super::{upbit, yahoo};
use crate::config::Variable;
use crate::domain::asset::Category;
use crate::domain::calendar::sub_days;
use crate::domain::listing::Listing;
use crate::domain::window::Window;
use crate::sources::Upstream;

mod naver_basic;
mod naver_search;
mod upbit_market;
mod yahoo_meta;
mod yahoo_search;

/// Days of prices requested with a symbol.
const DAYS: u64 = 30;
/// Naver expects this referrer (public clients all send it).
const FROM_NAVER: &[(&str, &str)] = &[("Referer", "https://m.stock.naver.com/")];
/// Characters that cannot be in a file name, including Windows.
const NOT_IN_A_NAME: &AsciiSet = &CONTROLS
    .add(b'"')
    .add(b'%')
    .add(b'*')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'\\')
    .add(b'|');

/// Kinds of look-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    /// What a Yahoo symbol is: the `meta` of its chart.
    YahooMeta,
    /// Yahoo symbols that match a text.
    YahooSearch,
    /// What a code of the Korean exchange is: `/basic`.
    NaverBasic,
    /// Naver codes that match a text.
    NaverSearch,
    /// Whether Upbit has a market, with its newest candle.
    UpbitMarket,
    /// The names of all Upbit markets; the word is ignored.
    UpbitMarkets,
}

impl LookUp {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::YahooMeta,
        Self::YahooSearch,
        Self::NaverBasic,
        Self::NaverSearch,
        Self::UpbitMarket,
        Self::UpbitMarkets,
    ];

    /// The name in messages, and of the folder below `lookup` in an archive.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::YahooMeta => "yahoo",
            Self::YahooSearch => "yahoo_search",
            Self::NaverBasic => "naver",
            Self::NaverSearch => "naver_search",
            Self::UpbitMarket => "upbit",
            Self::UpbitMarkets => "upbit_markets",
        }
    }

    /// The variable with its address.
    #[must_use]
    pub(crate) fn origin(self) -> Variable {
        match self {
            Self::YahooMeta => yahoo::Chart.origin(),
            Self::YahooSearch => {
                Variable::origin("YAHOO_SEARCH_BASE_URL", "https://query2.finance.yahoo.com")
            }
            Self::NaverBasic => {
                Variable::origin("NAVER_MOBILE_BASE_URL", "https://m.stock.naver.com")
            }
            Self::NaverSearch => {
                Variable::origin("NAVER_SEARCH_BASE_URL", "https://ac.stock.naver.com")
            }
            Self::UpbitMarket | Self::UpbitMarkets => upbit::DayCandles.origin(),
        }
    }

    /// The URL of a question below an origin.
    #[must_use]
    pub(crate) fn url(self, origin: &str, word: &str, today: NaiveDate) -> String {
        let days = Window {
            start: sub_days(today, DAYS),
            end: today,
        };
        match self {
            // Requested like prices, because that request is known to be answered.
            Self::YahooMeta => yahoo::Chart.url(origin, word, Category::Stock, days),
            Self::YahooSearch => {
                let text = query_value(word);
                format!(
                    "{origin}/v1/finance/search?q={text}&quotesCount=20&newsCount=0&enableFuzzyQuery=false"
                )
            }
            Self::NaverBasic => {
                let code = path_segment(word);
                format!("{origin}/api/stock/{code}/basic")
            }
            Self::NaverSearch => {
                let text = query_value(word);
                format!("{origin}/ac?q={text}&target=stock,index")
            }
            Self::UpbitMarket => upbit::DayCandles.url(origin, word, Category::Crypto, days),
            Self::UpbitMarkets => format!("{origin}/v1/market/all"),
        }
    }

    /// Request headers beyond the client's own.
    #[must_use]
    pub(crate) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::NaverBasic | Self::NaverSearch => FROM_NAVER,
            _ => &[],
        }
    }

    /// The files below `lookup` in a replay folder that may contain the recorded answer, starting with the one that an
    /// archive writes. People who record only searches may put them with their source.
    #[must_use]
    pub(crate) fn recordings(self, word: &str) -> Vec<String> {
        let folders: &[&str] = match self {
            Self::YahooSearch => &["yahoo_search", "yahoo"],
            Self::NaverSearch => &["naver_search", "naver"],
            Self::UpbitMarkets => return vec!["upbit/market_all.json".to_owned()],
            _ => &[self.name()],
        };
        let word = file_name(word);
        let file = |folder: &&str| format!("{folder}/{word}.json");
        folders.iter().map(file).collect()
    }

    /// Reads an answer with its HTTP status: the only listing of a symbol, or all hits.
    ///
    /// # Errors
    /// If the body does not answer the question, or says that the symbol is unknown.
    pub fn read(self, status: u16, body: &[u8], word: &str) -> Result<Vec<Listing>, AnswerError> {
        if !(200..300).contains(&status) {
            return self.explain(status, body, word);
        }
        let body = feed_body(body)?;
        match self {
            Self::YahooMeta => yahoo_meta::read(body, word).map(|listing| vec![listing]),
            Self::YahooSearch => yahoo_search::read(body),
            Self::NaverBasic => naver_basic::read(body, word).map(|listing| vec![listing]),
            Self::NaverSearch => naver_search::read(body),
            Self::UpbitMarket => upbit_market::read(body, Some(word)),
            Self::UpbitMarkets => upbit_market::read(body, None),
        }
    }

    /// Interprets an error answer. Naver's 409 is an unknown code, Upbit's 404 an unknown market, Yahoo's 404 an
    /// unknown symbol, if they come with the source's message; without it, only the status counts.
    fn explain(self, status: u16, body: &[u8], word: &str) -> Result<Vec<Listing>, AnswerError> {
        let said = match (self, status) {
            (Self::YahooMeta, 400 | 404 | 422) => yahoo_meta::read(body, word).map(|l| vec![l]),
            (Self::YahooSearch, 400) => yahoo_search::read(body),
            (Self::NaverBasic, 409) => Err(naver_basic::refusal(body)),
            (Self::UpbitMarket, 404) => Err(upbit::refusal(body)),
            _ => Err(AnswerError::OtherShape(String::new())),
        };
        match said {
            Ok(listings) => Ok(listings),
            Err(said @ (AnswerError::UnknownSymbol(_) | AnswerError::Refused(_))) => Err(said),
            Err(_) => Err(AnswerError::Status {
                status,
                words: first_words(body),
            }),
        }
    }
}

/// A word as a file name: letters of every script stay, so that people find it.
fn file_name(word: &str) -> String {
    let mut name = String::new();
    for c in word.chars() {
        match c.is_ascii() {
            true => name.extend(utf8_percent_encode(
                c.encode_utf8(&mut [0; 4]),
                NOT_IN_A_NAME,
            )),
            false => name.push(c),
        }
    }
    name
}

/// The variables with the addresses of look-ups, beyond those of the prices.
#[must_use]
pub(super) fn origins() -> Vec<Variable> {
    let own = [LookUp::YahooSearch, LookUp::NaverSearch, LookUp::NaverBasic];
    own.map(LookUp::origin).to_vec()
}
