//! From what was found to an entry in `assets.toml`. Facts given by the person win; if facts contradict each other, the
//! person is asked for the option that gives them, and nothing is guessed.

use chrono::NaiveDate;

use super::{Listing, kind};
use crate::domain::asset::{Category, SourceKind};
use crate::domain::calendar::Calendars;
use crate::domain::currency::read_currency;
use crate::domain::exchange::pair_of;

/// Warn if the newest price is older: the longest holidays of an exchange are shorter.
const RECENT_DAYS: i64 = 12;
/// Calendar and currency of Naver's domestic shares.
const KOREA: (&str, &str) = ("XKRX", "KRW");

/// The currencies in which an exchange quotes prices, by its calendar.
const CURRENCIES: [(&str, &str); 41] = [
    ("AUD", "XASX"),
    ("ARS USD", "XBUE"),
    ("BRL", "BVMF"),
    ("CAD USD", "XTSE"),
    ("CHF USD EUR GBP", "XSWX"),
    ("CLP USD", "XSGO"),
    ("CNY HKD", "XSHE"),
    ("CNY USD", "XSHG"),
    ("COP", "XBOG"),
    ("CZK", "XPRA"),
    ("DKK", "XCSE"),
    (
        "EUR",
        "ASEX XBRU XETR XDUS XFRA XHAM XHEL XLIS XLIT XMAD XMIL XRIS XSTU XTAL XWBO",
    ),
    ("EUR GBP GBp", "XDUB"),
    ("EUR USD", "XAMS XPAR"),
    ("GBp GBP USD EUR", "XLON"),
    ("HKD CNY USD", "XHKG"),
    ("HUF EUR", "XBUD"),
    ("IDR", "XIDX"),
    ("ILA ILS", "XTAE"),
    ("INR", "XBOM XNSE"),
    ("ISK", "XICE"),
    ("JPY", "XTKS"),
    ("KRW", "XKRX"),
    ("MXN USD", "XMEX"),
    ("MYR", "XKLS"),
    ("NOK", "XOSL"),
    ("NZD", "XNZE"),
    ("PEN USD", "XLIM"),
    ("PHP USD", "XPHS"),
    ("PKR", "XKAR"),
    ("PLN EUR", "XWAR"),
    ("RON", "XBSE"),
    ("RUB USD", "XMOS"),
    ("SAR", "XSAU"),
    ("SEK EUR", "XSTO"),
    ("SGD USD CNY HKD EUR", "XSES"),
    ("THB", "XBKK"),
    ("TRY", "XIST"),
    ("TWD", "XTAI"),
    ("USD USX", "CMES"),
    ("USD", "XCBF XNYS"),
];

/// Facts given by the person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Given {
    pub(crate) name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) calendar: Option<String>,
    pub(crate) currency: Option<String>,
}

/// A fact that cannot be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// The option that gives it.
    pub(crate) option: &'static str,
    /// Why it cannot be known.
    pub(crate) why: String,
}

/// A proposed entry for `assets.toml`; a field is `None` if there is a doubt about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) name: String,
    pub(crate) category: Option<String>,
    pub(crate) calendar: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) doubts: Vec<Doubt>,
    /// Remarks for the person that change nothing.
    pub(crate) remarks: Vec<String>,
}

/// Proposes an asset from a listing and a second source's listing of the same.
#[must_use]
pub(crate) fn propose(
    first: &Listing,
    second: Option<&Listing>,
    given: &Given,
    calendars: &Calendars,
    today: NaiveDate,
) -> Proposal {
    let mut doubts = Vec::new();
    let mut settle = |option, given: &Option<String>, found: Result<String, String>| {
        if given.is_some() {
            return given.clone();
        }
        found.map_err(|why| doubts.push(Doubt { option, why })).ok()
    };
    let found = category(first, second);
    let is_of = found.as_ref().ok().copied();
    let category = settle(
        "--category",
        &given.category,
        found.map(|category| category.name().to_owned()),
    );
    let calendar = settle(
        "--calendar",
        &given.calendar,
        calendar(first, calendars, today),
    );
    let currency = settle(
        "--currency",
        &given.currency,
        currency(first, is_of, calendar.as_deref()),
    );
    let name = given.name.clone().or_else(|| kind::name(first));
    Proposal {
        name: name.unwrap_or_else(|| first.symbol.clone()),
        category,
        calendar,
        currency,
        doubts,
        remarks: age(first, today).into_iter().collect(),
    }
}

/// The category, if both sources agree where both name one.
fn category(first: &Listing, second: Option<&Listing>) -> Result<Category, String> {
    let own = kind::category(first);
    match (own, second.map(kind::category)) {
        (Ok(one), Some(Ok(other))) if one != other => Err(format!(
            "{} says that its category is {}, but Yahoo says {}",
            first.source.name(),
            one.name(),
            other.name()
        )),
        (Err(_), Some(Ok(other))) if first.kind.is_none() => Ok(other),
        (Err(_), Some(Err(why))) if first.kind.is_none() => Err(why),
        (own, _) => own,
    }
}

fn calendar(listing: &Listing, calendars: &Calendars, day: NaiveDate) -> Result<String, String> {
    let exchange = listing.exchange.as_deref();
    match listing.source {
        SourceKind::Upbit => Ok("24/7".to_owned()),
        SourceKind::Naver => match exchange {
            Some("KS" | "KQ" | "KN" | "KOSPI" | "KOSDAQ" | "KONEX") => Ok(KOREA.0.to_owned()),
            Some(other) => Err(format!("Naver says that its exchange is {other}")),
            None => Err("Naver does not say its exchange".to_owned()),
        },
        _ => calendars.of_exchange(exchange, listing.zone.as_deref(), day),
    }
}

/// The currency, if it fits the exchange, the pair or the market.
fn currency(
    listing: &Listing,
    category: Option<Category>,
    calendar: Option<&str>,
) -> Result<String, String> {
    let symbol = &listing.symbol;
    match listing.source {
        SourceKind::Upbit => {
            let quote = symbol.split('-').next().unwrap_or_default();
            // As the prices of these markets are stored.
            let quote = if quote == "USDT" { "USD" } else { quote };
            return read_currency(quote);
        }
        SourceKind::Naver => {
            return match calendar {
                Some(calendar) if calendar == KOREA.0 => Ok(KOREA.1.to_owned()),
                _ => Err("Naver does not say its currency".to_owned()),
            };
        }
        _ => {}
    }
    let said = listing.currency.as_deref();
    let said = said.ok_or("Yahoo does not say its currency")?;
    let currency = read_currency(said)?;
    let by_symbol = match category {
        Some(Category::Fx) => pair_of("yahoo", symbol).map(|(_, quote)| quote),
        Some(Category::Crypto) => symbol.rsplit_once('-').map(|(_, quote)| quote.to_owned()),
        _ => None,
    };
    if let Some(quote) = by_symbol.filter(|quote| *quote != currency) {
        return Err(format!(
            "Yahoo says {currency}, but the symbol {symbol} says {quote}"
        ));
    }
    let has = |list: &str, one: &str| list.split(' ').any(|o| o == one);
    let usual = calendar.and_then(|name| CURRENCIES.iter().find(|(_, c)| has(c, name)));
    match usual {
        Some((usual, _)) if !has(usual, &currency) => Err(format!(
            "Yahoo says {currency}, but prices of {} are in {}",
            calendar.unwrap_or_default(),
            usual.replace(' ', " or ")
        )),
        _ => Ok(currency),
    }
}

/// A remark on a listing without a recent price.
fn age(listing: &Listing, today: NaiveDate) -> Option<String> {
    if listing.has_bars == Some(false) {
        return Some("it has no recent bar: it may be delisted or suspended".to_owned());
    }
    match listing.newest_day {
        None if listing.newest_price.is_some() => None,
        None => Some("it has no recent price".to_owned()),
        Some(day) if (today - day).num_days() > RECENT_DAYS => Some(format!(
            "its newest price is of {day}: it may be delisted or suspended"
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn apple() -> Listing {
        Listing {
            name: Some("Apple Inc.".to_owned()),
            kind: Some("EQUITY".to_owned()),
            exchange: Some("NMS".to_owned()),
            zone: Some("America/New_York".to_owned()),
            currency: Some("USD".to_owned()),
            newest_day: Some(day("2026-10-05")),
            ..Listing::new(SourceKind::Yahoo, "AAPL")
        }
    }

    fn samsung() -> Listing {
        Listing {
            name: Some("삼성전자".to_owned()),
            exchange: Some("KS".to_owned()),
            newest_day: Some(day("2026-10-05")),
            ..Listing::new(SourceKind::Naver, "005930")
        }
    }

    fn proposed(first: &Listing, second: Option<&Listing>, given: &Given) -> Proposal {
        let calendars = Calendars::built_in().unwrap();
        propose(first, second, given, &calendars, day("2026-10-06"))
    }

    /// The values, then the options that are asked for.
    fn told(first: &Listing, second: Option<&Listing>, given: &Given) -> String {
        let p = proposed(first, second, given);
        let options: Vec<&str> = p.doubts.iter().map(|d| d.option).collect();
        let or_none = |v: &Option<String>| v.clone().unwrap_or_else(|| "?".to_owned());
        let values = [&p.category, &p.calendar, &p.currency].map(or_none);
        format!("{} {} {}", p.name, values.join(" "), options.join(" "))
    }

    #[test]
    fn what_agrees_is_an_asset() {
        let nothing = Given::default();
        assert_eq!(told(&apple(), None, &nothing), "Apple Inc. stock XNYS USD ");
        let pence = Listing {
            exchange: Some("LSE".to_owned()),
            zone: Some("Europe/London".to_owned()),
            currency: Some("GBp".to_owned()),
            ..apple()
        };
        assert_eq!(told(&pence, None, &nothing), "Apple Inc. stock XLON GBp ");
        let nameless = Listing {
            name: None,
            ..apple()
        };
        assert_eq!(told(&nameless, None, &nothing), "AAPL stock XNYS USD ");
        let coin = Listing {
            name: Some("이더리움".to_owned()),
            ..Listing::new(SourceKind::Upbit, "KRW-ETH")
        };
        assert_eq!(told(&coin, None, &nothing), "이더리움 crypto 24/7 KRW ");
    }

    #[test]
    fn what_contradicts_itself_is_asked_for() {
        let nothing = Given::default();
        let with = |change: fn(&mut Listing)| {
            let mut listing = apple();
            change(&mut listing);
            told(&listing, None, &nothing)
        };
        assert_eq!(
            with(|l| l.zone = Some("Asia/Tokyo".to_owned())),
            "Apple Inc. stock ? USD --calendar"
        );
        assert_eq!(
            with(|l| l.exchange = Some("XYZ".to_owned())),
            "Apple Inc. stock ? USD --calendar"
        );
        assert_eq!(
            with(|l| l.currency = Some("JPY".to_owned())),
            "Apple Inc. stock XNYS ? --currency"
        );
        assert_eq!(
            with(|l| l.currency = None),
            "Apple Inc. stock XNYS ? --currency"
        );
        assert_eq!(
            with(|l| l.kind = Some("MUTUALFUND".to_owned())),
            "Apple Inc. ? XNYS USD --category"
        );
        let pair = Listing {
            kind: Some("CURRENCY".to_owned()),
            exchange: Some("CCY".to_owned()),
            zone: Some("Europe/London".to_owned()),
            symbol: "EURUSD=X".to_owned(),
            ..apple()
        };
        assert_eq!(told(&pair, None, &nothing), "Apple Inc. fx 24/5 USD ");
        let other = Listing {
            currency: Some("EUR".to_owned()),
            ..pair
        };
        let said = proposed(&other, None, &nothing);
        assert_eq!(
            said.doubts,
            [Doubt {
                option: "--currency",
                why: "Yahoo says EUR, but the symbol EURUSD=X says USD".to_owned()
            }]
        );
    }

    #[test]
    fn what_a_person_says_counts_and_is_not_asked_for() {
        let empty = Listing::new(SourceKind::Yahoo, "X");
        let given = Given {
            name: Some("Ex".to_owned()),
            category: Some("index".to_owned()),
            calendar: Some("XTKS".to_owned()),
            currency: Some("JPY".to_owned()),
        };
        assert_eq!(told(&empty, None, &given), "Ex index XTKS JPY ");
        let nothing = Given::default();
        assert_eq!(
            told(&empty, None, &nothing),
            "X ? ? ? --category --calendar --currency"
        );
        // The currency is held to the calendar that was given.
        let tokyo = Given {
            currency: None,
            ..given
        };
        assert_eq!(told(&apple(), None, &tokyo), "Ex index XTKS ? --currency");
    }

    #[test]
    fn what_naver_does_not_say_yahoo_may() {
        let nothing = Given::default();
        let yahoo = Listing {
            exchange: Some("KSC".to_owned()),
            currency: Some("KRW".to_owned()),
            symbol: "005930.KS".to_owned(),
            ..apple()
        };
        assert_eq!(
            told(&samsung(), Some(&yahoo), &nothing),
            "삼성전자 stock XKRX KRW "
        );
        assert_eq!(
            told(&samsung(), None, &nothing),
            "삼성전자 ? XKRX KRW --category"
        );
        let fund = Listing {
            kind: Some("etf".to_owned()),
            ..samsung()
        };
        assert_eq!(told(&fund, None, &nothing), "삼성전자 etf XKRX KRW ");
        assert_eq!(
            told(&fund, Some(&yahoo), &nothing),
            "삼성전자 ? XKRX KRW --category",
            "they say different things"
        );
    }

    #[test]
    fn an_old_price_is_a_warning() {
        let remarks = |newest: Option<&str>| {
            let listing = Listing {
                newest_day: newest.map(day),
                ..apple()
            };
            proposed(&listing, None, &Given::default()).remarks
        };
        assert!(remarks(Some("2026-09-25")).is_empty());
        assert!(remarks(Some("2024-07-24"))[0].contains("2024-07-24"));
        assert!(remarks(None)[0].contains("no recent price"));
        let empty = Listing {
            has_bars: Some(false),
            ..apple()
        };
        let said = proposed(&empty, None, &Given::default());
        assert!(said.doubts.is_empty() && said.remarks[0].contains("no recent bar"));
    }
}
