//! The category of an asset, from its kind at the source and the form of its symbol. If the two disagree, neither
//! counts.

use super::Listing;
use crate::domain::asset::{Category, SourceKind};

/// Futures whose root shows their category; an exchange alone (`CME`) trades all kinds.
const FUTURES: [(Category, &str); 4] = [
    (Category::Index, "ES NQ YM RTY MES MNQ MYM M2K NKD VX"),
    (Category::Bond, "ZB ZN ZF ZT UB TN"),
    (Category::Fx, "6A 6B 6C 6E 6J 6M 6N 6S"),
    (
        Category::Commodity,
        "GC SI HG PL PA MGC SIL CL NG HO RB BZ MCL ZC ZW ZS ZM ZL ZO ZR KE LE HE GF CC KC CT SB OJ LBS",
    ),
];

/// The category of an asset, according to one source.
///
/// # Errors
/// Why it cannot be determined.
pub(super) fn category(listing: &Listing) -> Result<Category, String> {
    match listing.source {
        SourceKind::Yahoo => of_yahoo(listing),
        SourceKind::Naver => of_naver(listing),
        _ => Ok(Category::Crypto),
    }
}

/// Naver's answers on Korean shares say `stock` or `etf`, or nothing.
fn of_naver(listing: &Listing) -> Result<Category, String> {
    match listing.kind.as_deref() {
        Some("stock") => Ok(Category::Stock),
        Some("etf") => Ok(Category::Etf),
        Some(other) => Err(format!(
            "Naver calls it {other:?}, which may be several things"
        )),
        None => Err("Naver does not say whether it is a share or a fund".to_owned()),
    }
}

fn of_yahoo(listing: &Listing) -> Result<Category, String> {
    let Listing { symbol, name, .. } = listing;
    let kind = listing.kind.as_deref().unwrap_or_default();
    let by_form = match symbol.as_str() {
        s if s.starts_with('^') => Some("INDEX"),
        s if s.ends_with("=X") => Some("CURRENCY"),
        s if s.ends_with("=F") => Some("FUTURE"),
        _ => None,
    };
    if let Some(form) = by_form.filter(|form| !kind.is_empty() && *form != kind) {
        return Err(format!(
            "Yahoo calls it {kind}, but its symbol has the form of {form}"
        ));
    }
    match kind {
        "EQUITY" if name.as_deref().is_some_and(is_called_fund) => Err(format!(
            "Yahoo calls it EQUITY, but its name {} is that of a fund",
            name.as_deref().unwrap_or_default()
        )),
        "EQUITY" => Ok(Category::Stock),
        "ETF" => Ok(Category::Etf),
        "INDEX" => Ok(Category::Index),
        "CRYPTOCURRENCY" => Ok(Category::Crypto),
        "CURRENCY" => Ok(Category::Fx),
        "MUTUALFUND" if is_fund_symbol(listing) => Ok(Category::Fund),
        "MUTUALFUND" => Err(format!(
            "Yahoo calls it MUTUALFUND, but {symbol} is the symbol of something traded on an exchange: Yahoo also calls suspended shares so"
        )),
        "FUTURE" => of_future(symbol),
        "" => Err("Yahoo does not say what it is".to_owned()),
        other => Err(format!(
            "Yahoo calls it {other}, which has no category here"
        )),
    }
}

/// Whether a name says that it is an exchange-traded fund.
fn is_called_fund(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| matches!(word, "ETF" | "ETN" | "ETC"))
}

/// Funds have a Morningstar number (`0P000071W8.TO`); those of the United States have five letters, the last an X, at
/// `NAS`.
fn is_fund_symbol(listing: &Listing) -> bool {
    let symbol = &listing.symbol;
    let is_american =
        symbol.len() == 5 && symbol.ends_with('X') && listing.exchange.as_deref() == Some("NAS");
    symbol.starts_with("0P") || is_american
}

fn of_future(symbol: &str) -> Result<Category, String> {
    let root = symbol.trim_end_matches("=F");
    let has = |roots: &str| roots.split(' ').any(|r| r == root);
    let found = FUTURES.iter().find(|(_, roots)| has(roots));
    found.map(|(category, _)| *category).ok_or_else(|| {
        format!("{symbol} is a future of unknown kind: index, bond, rate, fx, crypto or commodity")
    })
}

/// A name for people. A future's name changes with its contract (`Gold Apr 25`), so the month is removed.
pub(super) fn name(listing: &Listing) -> Option<String> {
    let name = listing.name.as_deref()?;
    if listing.kind.as_deref() != Some("FUTURE") {
        return Some(name.to_owned());
    }
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let words: Vec<&str> = name.split(' ').collect();
    let name = match words.as_slice() {
        [rest @ .., month, year]
            if !rest.is_empty()
                && MONTHS.split(' ').any(|m| m == *month)
                && year.len() <= 4
                && year.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest.join(" ")
        }
        _ => name.to_owned(),
    };
    Some(name.trim_end_matches(',').to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yahoo(symbol: &str, kind: &str, exchange: &str) -> Listing {
        Listing {
            kind: Some(kind.to_owned()).filter(|k| !k.is_empty()),
            exchange: Some(exchange.to_owned()),
            ..Listing::new(SourceKind::Yahoo, symbol)
        }
    }

    #[test]
    fn what_a_source_calls_it_is_a_category_unless_its_symbol_says_otherwise() {
        for (symbol, kind, exchange, expected) in [
            ("AAPL", "EQUITY", "NMS", Category::Stock),
            ("QQQ", "ETF", "NGM", Category::Etf),
            ("^GSPC", "INDEX", "SNP", Category::Index),
            ("BTC-USD", "CRYPTOCURRENCY", "CCC", Category::Crypto),
            ("EURUSD=X", "CURRENCY", "CCY", Category::Fx),
            ("0P000071W8.TO", "MUTUALFUND", "TOR", Category::Fund),
            ("VFINX", "MUTUALFUND", "NAS", Category::Fund),
            ("GC=F", "FUTURE", "CMX", Category::Commodity),
            ("ES=F", "FUTURE", "CME", Category::Index),
            ("ZN=F", "FUTURE", "CBT", Category::Bond),
        ] {
            assert_eq!(
                category(&yahoo(symbol, kind, exchange)),
                Ok(expected),
                "{symbol}"
            );
        }
        for (symbol, kind, exchange, word) in [
            ("WSKT.JK", "MUTUALFUND", "JKT", "suspended"),
            ("^N225", "EQUITY", "OSA", "INDEX"),
            ("GC=F", "EQUITY", "CMX", "FUTURE"),
            ("XY=F", "FUTURE", "CME", "future"),
            ("AAPL", "", "NMS", "does not say"),
            ("AAPL251219C00120000", "OPTION", "OPR", "OPTION"),
        ] {
            let why = category(&yahoo(symbol, kind, exchange)).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
        let mut fund = yahoo("VUAA.L", "EQUITY", "LSE");
        fund.name = Some("Vanguard S&P 500 UCITS ETF".to_owned());
        assert!(category(&fund).unwrap_err().contains("fund"));
    }

    #[test]
    fn the_month_of_a_contract_is_no_part_of_a_name() {
        let named = |text: &str, kind: &str| {
            let mut listing = yahoo("X", kind, "CMX");
            listing.name = Some(text.to_owned());
            name(&listing).unwrap()
        };
        assert_eq!(named("Gold Apr 25", "FUTURE"), "Gold");
        assert_eq!(named("E-Mini S&P 500 Mar 26", "FUTURE"), "E-Mini S&P 500");
        assert_eq!(named("Crude Oil Nov 2026", "FUTURE"), "Crude Oil");
        assert_eq!(named("May 26", "FUTURE"), "May 26");
        assert_eq!(named("Fund Mar 26", "ETF"), "Fund Mar 26");
    }
}
