//! A search text, and which hits match it exactly. The first hit never counts as exact automatically: a search for `T`
//! also shows `TT`.

use super::{Listing, Word};
use crate::domain::asset::SourceKind;

/// Longest search text, in characters; recordings are named after it.
const LONGEST_TEXT: usize = 60;
/// Prefix of Korean shares' ISINs; their code follows.
const KOREAN_ISIN: &str = "KR7";

/// A search text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchText(String);

impl SearchText {
    /// Reads a text, ignoring blanks around it.
    ///
    /// # Errors
    /// The allowed form.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let chars = text.chars().count();
        if !(1..=LONGEST_TEXT).contains(&chars) || text.chars().any(char::is_control) {
            return Err(format!(
                "expected 1 to {LONGEST_TEXT} characters of a name, a symbol or an ISIN"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// As typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of an ISIN: a country, nine characters and a digit.
    #[must_use]
    pub(crate) fn is_isin(&self) -> bool {
        let bytes = self.0.as_bytes();
        let (country, rest) = bytes.split_at(bytes.len().min(2));
        bytes.len() == 12
            && country.iter().all(u8::is_ascii_alphabetic)
            && rest.iter().all(u8::is_ascii_alphanumeric)
            && rest.last().is_some_and(u8::is_ascii_digit)
    }

    /// The text for Naver, which knows Korean shares by the code contained in their ISIN.
    #[must_use]
    pub(crate) fn for_naver(&self) -> &str {
        let upper_case = self.0.get(..3).map(str::to_ascii_uppercase);
        match upper_case.as_deref() {
            Some(KOREAN_ISIN) if self.is_isin() => self.0.get(3..9).unwrap_or(&self.0),
            _ => &self.0,
        }
    }
}

/// Whether a hit matches the text exactly. A search by ISIN has no exact hit: answers do not contain it.
#[must_use]
pub(crate) fn is_exact(text: &SearchText, hit: &Listing) -> bool {
    let wanted = text.0.to_lowercase();
    let called = [
        Some(&hit.symbol),
        hit.name.as_ref(),
        hit.english_name.as_ref(),
    ];
    called
        .into_iter()
        .flatten()
        .any(|name| name.to_lowercase() == wanted)
}

/// The word by which `assets add` takes a hit; `None` if no source of ours has it under that name (Naver's foreign
/// shares).
#[must_use]
pub(crate) fn word_to_add(hit: &Listing) -> Option<String> {
    let word = Word::read(&hit.symbol).ok()?;
    let is_domestic = || {
        let exchange = hit.exchange.as_deref();
        matches!(exchange, Some("KOSPI" | "KOSDAQ" | "KONEX"))
    };
    let is_taken = match (hit.source, &word) {
        (SourceKind::Naver, Word::Naver(_)) => is_domestic(),
        (SourceKind::Yahoo, Word::Yahoo(_)) => true,
        _ => false,
    };
    is_taken.then(|| word.symbol().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(source: SourceKind, symbol: &str, name: &str, exchange: &str) -> Listing {
        Listing {
            name: Some(name.to_owned()),
            exchange: Some(exchange.to_owned()),
            ..Listing::new(source, symbol)
        }
    }

    #[test]
    fn a_first_hit_is_not_an_exact_one() {
        let t = SearchText::read(" t ").unwrap();
        let yahoo = SourceKind::Yahoo;
        assert!(!is_exact(
            &t,
            &hit(yahoo, "TT", "Trane Technologies plc", "NYQ")
        ));
        assert!(is_exact(&t, &hit(yahoo, "T", "AT&T Inc.", "NYQ")));
        let name = SearchText::read("삼성전자").unwrap();
        assert!(is_exact(
            &name,
            &hit(SourceKind::Naver, "005930", "삼성전자", "KOSPI")
        ));
        assert!(!is_exact(
            &name,
            &hit(SourceKind::Naver, "005935", "삼성전자우", "KOSPI")
        ));
    }

    #[test]
    fn a_korean_number_has_the_code_in_it() {
        let read = |text: &str| SearchText::read(text).unwrap();
        assert_eq!(read("KR7005930003").for_naver(), "005930");
        assert_eq!(read("kr7005930003").for_naver(), "005930");
        assert_eq!(read("US5949181045").for_naver(), "US5949181045");
        assert!(read("US5949181045").is_isin() && !read("US594918104X").is_isin());
        assert_eq!(read("KR7삼성전자").for_naver(), "KR7삼성전자");
        assert!(SearchText::read(" ").is_err() && SearchText::read("a\nb").is_err());
        assert!(SearchText::read(&"가".repeat(61)).is_err());
    }

    #[test]
    fn what_can_be_added_has_a_word() {
        let word = |source, symbol, exchange| word_to_add(&hit(source, symbol, "", exchange));
        let (naver, yahoo) = (SourceKind::Naver, SourceKind::Yahoo);
        assert_eq!(word(naver, "005930", "KOSPI").as_deref(), Some("005930"));
        assert_eq!(word(yahoo, "AAPL", "NMS").as_deref(), Some("AAPL"));
        assert_eq!(word(naver, "AAPL", "NASDAQ"), None);
        assert_eq!(
            word(naver, "600519", "SHANGHAI"),
            None,
            "another exchange's code"
        );
        assert_eq!(word(naver, "KOSPI", "INDEX"), None);
    }
}
