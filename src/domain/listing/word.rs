//! Decides from the form of a word which source to ask.

/// Length of a code of the Korean exchange.
const KOREAN_CODE: usize = 6;
/// Quote currencies at Upbit. A market against bitcoin has the form of Yahoo's `BTC-USD`, so it must be given by
/// `--source`.
const UPBIT_QUOTES: [&str; 2] = ["KRW", "USDT"];

/// A person's word for an asset, and the source to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// A six-character code of the Korean exchange: Naver.
    Naver(String),
    /// An Upbit market, such as `KRW-ETH`.
    Upbit(String),
    /// A Yahoo symbol.
    Yahoo(String),
}

impl Word {
    /// Reads a word. Sources write symbols in capital letters.
    ///
    /// # Errors
    /// If it fits no source, with a suggestion.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let symbol = text.trim().to_ascii_uppercase();
        let fine = |b: u8| b.is_ascii_alphanumeric() || b".^=_-&".contains(&b);
        let is_symbol = !symbol.is_empty()
            && symbol.len() <= 40
            && !symbol.starts_with('.')
            && symbol.bytes().all(fine);
        if !is_symbol {
            return Err(format!(
                "{text:?} is not a symbol of any source; `pricestash assets search {text}` finds symbols by name"
            ));
        }
        let starts_with_digit = symbol.starts_with(|c: char| c.is_ascii_digit());
        let is_alphanumeric = symbol.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_number = symbol.bytes().all(|b| b.is_ascii_digit());
        if symbol.len() == KOREAN_CODE && starts_with_digit && is_alphanumeric {
            return Ok(Self::Naver(symbol));
        }
        if is_number && symbol.len() < KOREAN_CODE {
            return Err(format!(
                "{symbol} is not a symbol of any source: a code of the Korean exchange has six characters (did it lose zeros: \
                 {symbol:0>6}?), other exchanges have an ending ({symbol}.T in Tokyo, {symbol:0>4}.HK in Hong Kong)"
            ));
        }
        let quote = symbol.split_once('-').map(|(quote, _)| quote);
        if quote.is_some_and(|quote| UPBIT_QUOTES.contains(&quote)) {
            return Ok(Self::Upbit(symbol));
        }
        Ok(Self::Yahoo(symbol))
    }

    /// The word for a source's symbol; `None` for a source that does not describe its symbols.
    #[must_use]
    pub(crate) fn of_source(source: &str, symbol: &str) -> Option<Self> {
        let symbol = symbol.to_owned();
        match source {
            "naver" => Some(Self::Naver(symbol)),
            "upbit" => Some(Self::Upbit(symbol)),
            "yahoo" => Some(Self::Yahoo(symbol)),
            _ => None,
        }
    }

    /// The source to ask.
    #[must_use]
    pub(crate) fn source(&self) -> &'static str {
        match self {
            Self::Naver(_) => "naver",
            Self::Upbit(_) => "upbit",
            Self::Yahoo(_) => "yahoo",
        }
    }

    #[must_use]
    pub(crate) fn symbol(&self) -> &str {
        match self {
            Self::Naver(symbol) | Self::Upbit(symbol) | Self::Yahoo(symbol) => symbol,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_word_says_who_is_asked() {
        let read = |text: &str| Word::read(text).unwrap();
        for code in ["005930", "0193T0", "0001a0", "00088K"] {
            assert_eq!(read(code), Word::Naver(code.to_ascii_uppercase()));
        }
        for market in ["KRW-ETH", "krw-btc", "USDT-BTC"] {
            assert_eq!(read(market), Word::Upbit(market.to_ascii_uppercase()));
        }
        for symbol in [
            "AAPL",
            "7203.T",
            "EURUSD=X",
            "^VIX",
            "BTC-USD",
            "BTC-KRW",
            "BRK-B",
            "0700.HK",
            "M&M.NS",
            "GC=F",
            "0P000071W8.TO",
            "005930.KS",
            "KRW=X",
        ] {
            assert_eq!(read(symbol), Word::Yahoo(symbol.to_owned()));
        }
    }

    #[test]
    fn a_code_that_lost_its_zeros_is_asked_about() {
        let lost = Word::read("5930").unwrap_err();
        assert!(lost.contains("005930") && lost.contains("5930.T"), "{lost}");
        for name in ["삼성전자", "", "two words", "../x", ".env", "a/b"] {
            assert!(Word::read(name).is_err(), "{name}");
        }
    }
}
