//! What a source says about a symbol, and the asset that results.

use chrono::NaiveDate;

use super::asset::SourceKind;
use super::text::one_line;

mod kind;
mod proposal;
mod search;
mod second;
mod word;

pub(crate) use proposal::{Doubt, Given, Proposal, propose};
pub(crate) use search::{SearchText, is_exact, word_to_add};
pub(crate) use second::{second_symbol, why_no_second};
pub(crate) use word::Word;

/// Longest name kept of an answer, in characters: as long as a name in `assets.toml`.
const LONGEST_NAME: usize = 100;
/// Longest code (of an exchange or a kind) kept of an answer, in characters.
const LONGEST_CODE: usize = 40;

/// What a source says about a symbol; a field is `None` if it is not stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The source.
    pub source: SourceKind,
    /// The source's symbol.
    pub symbol: String,
    /// Name for people.
    pub name: Option<String>,
    /// English name, in addition to a Korean one.
    pub english_name: Option<String>,
    /// Its kind in the source's words (`EQUITY`, `etf`).
    pub kind: Option<String>,
    /// The source's own code of the exchange (`NMS`, `KS`).
    pub exchange: Option<String>,
    /// The exchange's name for people.
    pub exchange_name: Option<String>,
    /// The exchange's time zone.
    pub zone: Option<String>,
    /// Currency of its prices (`GBp`).
    pub currency: Option<String>,
    /// Whether the answer has bars of the last weeks, if this kind of answer contains bars.
    pub has_bars: Option<bool>,
    /// First day of its prices at the source.
    pub first_day: Option<NaiveDate>,
    /// The day of its newest price.
    pub newest_day: Option<NaiveDate>,
    /// Its newest price in the digits as sent: the current one while the exchange is open.
    pub newest_price: Option<String>,
}

impl Listing {
    /// A listing of which nothing is known except that it exists.
    #[must_use]
    pub(crate) fn new(source: SourceKind, symbol: &str) -> Self {
        Self {
            source,
            symbol: symbol.to_owned(),
            name: None,
            english_name: None,
            kind: None,
            exchange: None,
            exchange_name: None,
            zone: None,
            currency: None,
            has_bars: None,
            first_day: None,
            newest_day: None,
            newest_price: None,
        }
    }
}

/// A name from an answer in one line, without the blanks that pad it (Yahoo: `Apple Inc.                    R`).
#[must_use]
pub(crate) fn plain_name(text: &str) -> Option<String> {
    bounded(text, LONGEST_NAME)
}

/// A code from an answer.
#[must_use]
pub(crate) fn plain_code(text: &str) -> Option<String> {
    bounded(text, LONGEST_CODE)
}

/// The digits of a price, with or without commas; `None` for what is not a number.
#[must_use]
pub(crate) fn plain_price(text: &str) -> Option<String> {
    const LONGEST: usize = 30;
    let digits = text.replace(',', "");
    let is_number = digits.parse::<f64>().is_ok_and(f64::is_finite);
    (is_number && digits.len() <= LONGEST).then_some(digits)
}

fn bounded(text: &str, longest: usize) -> Option<String> {
    // A name of a megabyte is not searched.
    let text: String = text.chars().take(10 * longest).collect();
    let line = one_line(&text);
    let words: Vec<&str> = line.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(longest).collect();
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_bounded_line_without_fill() {
        let name = |text: &str| plain_name(text);
        assert_eq!(
            name("Apple Inc.                    R").as_deref(),
            Some("Apple Inc. R")
        );
        assert_eq!(name(" \n\u{1b}[31m\r"), Some("[31m".to_owned()));
        assert_eq!(name("  \t"), None);
        assert_eq!(name(&"가".repeat(5000)).unwrap().chars().count(), 100);
        assert_eq!(plain_code("NMS").as_deref(), Some("NMS"));
    }

    #[test]
    fn a_price_is_digits() {
        assert_eq!(plain_price("341,250").as_deref(), Some("341250"));
        assert_eq!(plain_price("-37.63").as_deref(), Some("-37.63"));
        for other in ["", "N/A", "NaN", "Infinity", "1e999", &"9".repeat(31)] {
            assert_eq!(plain_price(other), None, "{other}");
        }
    }
}
