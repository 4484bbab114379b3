//! What every answer to a look-up must keep, whatever its body was. The mutations and the fuzz targets hold to it.

use pricestash::domain::listing::Listing;
use pricestash::sources::lookup::LookUp;

/// Reads a body with a status, and holds what comes out to the rules. Whether anything does.
pub(crate) fn assert_kept(look_up: LookUp, status: u16, body: &[u8], word: &str) -> bool {
    match look_up.read(status, body, word) {
        Ok(listings) => {
            // A listing takes a symbol, at least.
            assert!(listings.len() <= body.len().max(1));
            listings
                .iter()
                .for_each(|listing| assert_plain(listing, word));
            true
        }
        Err(error) => {
            let words = error.to_string();
            let is_short = words.chars().count() < 300;
            assert!(
                is_short && !words.chars().any(char::is_control),
                "{words:?}"
            );
            false
        }
    }
}

/// Its texts are bounded lines that are not empty, and its price is a number.
fn assert_plain(listing: &Listing, word: &str) {
    let texts = [
        &listing.name,
        &listing.english_name,
        &listing.kind,
        &listing.exchange,
        &listing.exchange_name,
        &listing.zone,
        &listing.currency,
    ];
    for text in texts.into_iter().flatten().chain([&listing.symbol]) {
        let chars = text.chars().count();
        assert!((1..=100).contains(&chars) || *text == word, "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert_eq!(text.trim(), text);
    }
    if let Some(price) = &listing.newest_price {
        let number: f64 = price.parse().unwrap();
        assert!(number.is_finite() && price.len() <= 30, "{price:?}");
    }
}
