//! Currencies: three capital letters, or the hundredths in which some exchanges quote prices.
//!
//! A price is kept as the source sends it and never converted: pence stay pence.

/// Hundredths in Yahoo's spelling, each with the other spelling. USX (cents) has only one.
const HUNDREDTHS: [(&str, &str); 3] = [("GBp", "GBX"), ("ZAc", "ZAC"), ("ILA", "ILa")];

/// Reads a currency: a code of three capital letters, or hundredths in any spelling, converted to Yahoo's.
///
/// # Errors
/// A sentence with the allowed forms.
pub(crate) fn read_currency(text: &str) -> Result<String, String> {
    let is_one = |(code, other): &&(&str, &str)| *code == text || *other == text;
    if let Some((code, _)) = HUNDREDTHS.iter().find(is_one) {
        return Ok((*code).to_owned());
    }
    // ISO 4217.
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "currency {text:?} should be a code of three capital letters like KRW or USD, or hundredths: GBp (pence), ZAc, ILA, USX"
    ))
}

/// Whether two texts name the same currency: pence are not pounds, however they are spelt.
#[must_use]
pub(crate) fn is_same_currency(one: &str, other: &str) -> bool {
    one == other
        || read_currency(one).is_ok_and(|one| read_currency(other).is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_are_currencies_of_their_own() {
        for (text, read) in [
            ("KRW", "KRW"),
            ("GBP", "GBP"),
            ("GBp", "GBp"),
            ("GBX", "GBp"),
            ("ZAc", "ZAc"),
            ("ILA", "ILA"),
            ("ILa", "ILA"),
            ("USX", "USX"),
        ] {
            assert_eq!(read_currency(text).as_deref(), Ok(read));
        }
        for wrong in ["", "krw", "Krw", "WON1", "USDT", "KRw", "gbp"] {
            assert!(read_currency(wrong).is_err(), "{wrong}");
        }
        assert!(is_same_currency("GBX", "GBp") && is_same_currency("KRW", "KRW"));
        assert!(!is_same_currency("GBP", "GBp") && !is_same_currency("", "USD"));
    }
}
