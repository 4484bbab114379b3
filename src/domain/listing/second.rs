//! A second source for an asset: the same share or coin, under a symbol derived from the first.

use super::Listing;
use crate::domain::asset::SourceKind;

/// Yahoo's symbol for what Naver or Upbit have; `None` if it cannot be derived.
#[must_use]
pub(crate) fn second_symbol(first: &Listing) -> Option<String> {
    match first.source {
        SourceKind::Naver => {
            let ending = match first.exchange.as_deref()? {
                "KS" | "KOSPI" => "KS",
                "KQ" | "KOSDAQ" => "KQ",
                _ => return None,
            };
            Some(format!("{}.{ending}", first.symbol))
        }
        SourceKind::Upbit => {
            let (quote, coin) = first.symbol.split_once('-')?;
            (quote == "KRW").then(|| format!("{coin}-KRW"))
        }
        _ => None,
    }
}

/// Why Yahoo's listing under that symbol is not a second source; `None` if it is.
///
/// A code of the Korean exchange belongs to one share. Several coins can share their letters, so the names must agree.
#[must_use]
pub(crate) fn why_no_second(first: &Listing, second: &Listing) -> Option<String> {
    let symbol = &second.symbol;
    let currency = second.currency.as_deref();
    if currency != Some("KRW") {
        let currency = currency.unwrap_or("no currency");
        return Some(format!("{symbol} at Yahoo is in {currency}"));
    }
    if first.source != SourceKind::Upbit {
        return None;
    }
    if second.kind.as_deref() != Some("CRYPTOCURRENCY") {
        return Some(format!("{symbol} at Yahoo is not a coin"));
    }
    let name = |listing: &Listing| {
        let name = listing.english_name.as_ref().or(listing.name.as_ref());
        name.map_or_else(String::new, |name| name.to_lowercase())
    };
    let (own, other) = (name(first), name(second));
    let is_same = !own.is_empty() && (other == own || other.starts_with(&format!("{own} ")));
    (!is_same).then(|| {
        let other = second.name.as_deref().unwrap_or("nameless");
        format!("{symbol} at Yahoo is called {other}, which may be another coin")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yahoo_has_korean_shares_under_the_code_and_coins_the_other_way_round() {
        let symbol = |source, symbol: &str, exchange: &str| {
            let listing = Listing {
                exchange: Some(exchange.to_owned()),
                ..Listing::new(source, symbol)
            };
            second_symbol(&listing)
        };
        let (naver, upbit) = (SourceKind::Naver, SourceKind::Upbit);
        assert_eq!(symbol(naver, "005930", "KS").as_deref(), Some("005930.KS"));
        assert_eq!(symbol(naver, "247540", "KQ").as_deref(), Some("247540.KQ"));
        assert_eq!(symbol(naver, "005930", "KN"), None);
        assert_eq!(symbol(upbit, "KRW-ETH", "").as_deref(), Some("ETH-KRW"));
        assert_eq!(symbol(upbit, "USDT-ETH", ""), None);
        assert_eq!(symbol(SourceKind::Yahoo, "005930.KS", "KSC"), None);
    }

    #[test]
    fn another_coin_of_the_same_letters_is_no_second_source() {
        let first = Listing {
            name: Some("수이".to_owned()),
            english_name: Some("Sui".to_owned()),
            ..Listing::new(SourceKind::Upbit, "KRW-SUI")
        };
        let second = |name: &str, currency: &str| Listing {
            name: Some(name.to_owned()),
            kind: Some("CRYPTOCURRENCY".to_owned()),
            currency: Some(currency.to_owned()),
            ..Listing::new(SourceKind::Yahoo, "SUI-KRW")
        };
        assert_eq!(why_no_second(&first, &second("Sui KRW", "KRW")), None);
        let other = why_no_second(&first, &second("Salmonation KRW", "KRW")).unwrap();
        assert!(other.contains("Salmonation"), "{other}");
        let suite = why_no_second(&first, &second("Suite KRW", "KRW"));
        assert!(suite.is_some());
        let dollars = why_no_second(&first, &second("Sui USD", "USD")).unwrap();
        assert!(dollars.contains("in USD"), "{dollars}");
        let nameless = Listing {
            english_name: None,
            name: None,
            ..first
        };
        assert!(why_no_second(&nameless, &second("Sui KRW", "KRW")).is_some());
    }
}
