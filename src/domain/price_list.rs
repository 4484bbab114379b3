//! Prices as the ledgers of plain text accounting read them: one directive a day and commodity.
//!
//! Beancount: <https://beancount.github.io/docs/beancount_language_syntax.html>, "Commodities / Currencies" and "Prices".
//! Ledger: <https://ledger-cli.org/doc/ledger3.html>, "Commodities"; hledger reads the same.

use chrono::NaiveDate;

use super::digits::shortest;
use super::exchange::whole;
use super::text::is_steering;

/// The longest name of a commodity in Beancount, in characters.
const MAX_COMMODITY_CHARS: usize = 24;
/// The digits of a price that was computed: more of them say nothing.
const COMPUTED_DIGITS: i32 = 10;

/// Which program reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriceList {
    /// Ledger and hledger.
    Ledger,
    /// Beancount.
    Beancount,
}

impl PriceList {
    /// A name as that of a commodity; `None` where it cannot be one.
    #[must_use]
    pub(crate) fn commodity(self, name: &str) -> Option<String> {
        match self {
            Self::Beancount => is_commodity(name).then(|| name.to_owned()),
            Self::Ledger if name.chars().all(|c| c.is_ascii_alphabetic()) => Some(name.to_owned()),
            // Between quotes it may have digits and signs.
            Self::Ledger => {
                let is_legal = !name.contains(|c: char| c == '"' || is_steering(c));
                is_legal.then(|| format!("\"{name}\""))
            }
        }
    }

    /// The directive that says what one unit cost at the end of a day.
    #[must_use]
    pub(crate) fn directive(self, date: NaiveDate, commodity: &str, price: &Price) -> String {
        let Price { digits, currency } = price;
        match self {
            Self::Ledger => format!("P {date} {commodity} {digits} {currency}"),
            Self::Beancount => format!("{date} price {commodity} {digits} {currency}"),
        }
    }
}

/// Whether a name is one of a commodity in Beancount, and so in every ledger: 2 to 24 capital letters, digits and `' . _ -`, a letter
/// first, a letter or digit last.
#[must_use]
pub(crate) fn is_commodity(name: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"'._-".contains(&b);
    let is_last = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (2..=MAX_COMMODITY_CHARS).contains(&name.len())
        && name.bytes().all(is_inner)
        && name.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
        && name.as_bytes().last().is_some_and(is_last)
}

/// A price as digits, in a whole currency: ledgers know pounds, no pence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Price {
    digits: String,
    currency: String,
}

impl Price {
    /// A price as it was sent, with all of its digits.
    #[must_use]
    pub(crate) fn sent(value: f64, currency: &str) -> Self {
        Self::of(shortest(value), currency)
    }

    /// A price that was adjusted or is in another currency, in ten digits.
    #[must_use]
    pub(crate) fn computed(value: f64, currency: &str) -> Self {
        Self::of(rounded(value), currency)
    }

    fn of(digits: String, currency: &str) -> Self {
        let (whole, _) = whole(currency);
        Self {
            digits: match whole == currency {
                true => digits,
                false => hundredth(&digits),
            },
            currency: whole.to_owned(),
        }
    }
}

fn rounded(value: f64) -> String {
    // The power of ten below the value, counted by its own digits.
    let exponent = format!("{value:e}");
    let exponent = exponent.split_once('e').and_then(|(_, e)| e.parse().ok());
    let decimals = COMPUTED_DIGITS - 1 - exponent.unwrap_or(0_i32);
    let text = format!("{value:.*}", usize::try_from(decimals).unwrap_or(0));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A hundredth of a decimal number, exactly: its point moves by two places.
fn hundredth(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole:0>3}");
    let (whole, moved) = padded.split_at(padded.len() - 2);
    let fraction = format!("{moved}{fraction}");
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commodity_is_named_as_each_ledger_allows_it() {
        for (name, beancount, ledger) in [
            ("SOXL", true, "SOXL"),
            ("BTC-KRW", true, "\"BTC-KRW\""),
            ("KS200", true, "\"KS200\""),
            ("005930", false, "\"005930\""),
            ("GC=F", false, "\"GC=F\""),
            ("^VIX", false, "\"^VIX\""),
            ("T", false, "T"),
            ("BRK.", false, "\"BRK.\""),
            ("aapl", false, "aapl"),
            ("삼성", false, "\"삼성\""),
        ] {
            let legal = PriceList::Beancount.commodity(name);
            assert_eq!(legal, beancount.then(|| name.to_owned()), "{name}");
            assert_eq!(PriceList::Ledger.commodity(name).as_deref(), Some(ledger));
        }
        assert_eq!(PriceList::Ledger.commodity("a\"b"), None);
        assert!(is_commodity(&"A".repeat(24)) && !is_commodity(&"A".repeat(25)));
    }

    #[test]
    fn a_price_has_the_digits_that_were_sent_in_a_whole_currency() {
        for (price, says) in [
            (Price::sent(152_100.0, "KRW"), "152100 KRW"),
            (Price::sent(181.470_001_220_703_12, "USD"), "181.47 USD"),
            (Price::sent(650.2, "GBp"), "6.502 GBP"),
            (Price::sent(7.0, "GBp"), "0.07 GBP"),
            (Price::sent(-3763.0, "USX"), "-37.63 USD"),
            (Price::sent(100.0, "ZAc"), "1 ZAR"),
            (Price::sent(1e-9, "USD"), "0.000000001 USD"),
            (Price::computed(0.1 + 0.2, "USD"), "0.3 USD"),
            (Price::computed(14_000.000_000_000_002, "KRW"), "14000 KRW"),
            (Price::computed(1.0 / 3.0, "USD"), "0.3333333333 USD"),
            (
                Price::computed(1e-9 / 3.0, "USD"),
                "0.0000000003333333333 USD",
            ),
            (
                Price::computed(123_456_789_012.7, "KRW"),
                "123456789013 KRW",
            ),
            (Price::computed(200.0 / 3.0, "GBp"), "0.6666666667 GBP"),
            (Price::computed(0.0, "USD"), "0 USD"),
        ] {
            assert_eq!(format!("{} {}", price.digits, price.currency), says);
        }
    }

    #[test]
    fn a_directive_is_a_line_of_its_ledger() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 23).unwrap();
        let price = Price::sent(152_100.0, "KRW");
        let lines = [PriceList::Ledger, PriceList::Beancount]
            .map(|list| list.directive(date, "SAMSUNG", &price));
        assert_eq!(
            lines,
            [
                "P 2026-01-23 SAMSUNG 152100 KRW",
                "2026-01-23 price SAMSUNG 152100 KRW"
            ]
        );
    }
}
