//! Converts prices with the rates of stored series: the newest rate on or before the day.

use std::collections::BTreeMap;

use chrono::NaiveDate;

/// An older rate is not used: even long holidays are shorter.
const MAX_AGE_DAYS: i64 = 10;
/// The currencies in whose hundredths some prices are quoted.
const HUNDREDTHS: [(&str, &str); 4] = [
    ("GBp", "GBP"),
    ("ZAc", "ZAR"),
    ("ILA", "ILS"),
    ("USX", "USD"),
];

/// A series of exchange rates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RateSeries {
    /// The asset, for people.
    pub(crate) asset_id: String,
    /// The currency of one unit.
    pub(crate) base: String,
    /// The currency of its price.
    pub(crate) quote: String,
    /// The rates by day.
    pub(crate) rates: BTreeMap<NaiveDate, StoredRate>,
}

/// A stored rate of one day: its close, and doubts about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StoredRate {
    pub(crate) close: f64,
    pub(crate) is_final: bool,
    /// Whether its series may mix two scales.
    pub(crate) is_suspect: bool,
}

impl StoredRate {
    /// The doubts, as a suffix of its name.
    fn doubts(self) -> &'static str {
        match (self.is_final, self.is_suspect) {
            (true, false) => "",
            (false, false) => " (provisional)",
            (true, true) => " (suspect)",
            (false, true) => " (provisional, suspect)",
        }
    }
}

/// The two currencies of a rate, from the source's symbol: one `base` costs a number of `quote`. None if the symbol
/// names no pair.
#[must_use]
pub(crate) fn pair_of(source: &str, symbol: &str) -> Option<(String, String)> {
    let of =
        |base: &str, quote: &str| Some((base.to_ascii_uppercase(), quote.to_ascii_uppercase()));
    match source.split(':').next()? {
        "ecb" => of("EUR", symbol),
        "yahoo" => {
            let pair = symbol.strip_suffix("=X")?;
            match pair.len() {
                3 if pair.is_ascii() => of("USD", pair),
                6 if pair.is_ascii() => pair
                    .split_at_checked(3)
                    .and_then(|(base, quote)| of(base, quote)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The factor for prices of a day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rate {
    pub(crate) factor: f64,
    /// The rates and days it is made from, and whether one is provisional or suspect; empty if it only converts
    /// hundredths.
    pub(crate) named: String,
    /// Whether all of them are final: a price is no more final than its rate.
    pub(crate) is_final: bool,
    /// Whether the series of one of them may hold two scales.
    pub(crate) is_suspect: bool,
}

/// The conversion from one currency to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exchange<'a> {
    /// Factor for hundredths at either end.
    scale: f64,
    legs: Vec<Leg<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Leg<'a> {
    series: &'a RateSeries,
    is_inverse: bool,
}

impl<'a> Exchange<'a> {
    /// Finds the conversion between two currencies: by one series in either direction, else by two with a common
    /// currency. Takes the first in the order of the series.
    ///
    /// # Errors
    /// A sentence with the available rates.
    pub(crate) fn between(from: &str, to: &str, series: &'a [RateSeries]) -> Result<Self, String> {
        let ((from_whole, from_scale), (to_whole, to_scale)) = (whole(from), whole(to));
        let scale = from_scale / to_scale;
        if from_whole == to_whole {
            let legs = Vec::new();
            return Ok(Self { scale, legs });
        }
        let direct = series.iter().find_map(|s| leg(s, from_whole, to_whole));
        if let Some(leg) = direct {
            let legs = vec![leg];
            return Ok(Self { scale, legs });
        }
        let firsts = series.iter().flat_map(|s| {
            let ends = [(&s.base, &s.quote), (&s.quote, &s.base)];
            ends.into_iter()
                .filter_map(move |(a, b)| Some((leg(s, a, b)?, a, b)))
        });
        let mut ways = firsts
            .filter(|(_, start, _)| start.as_str() == from_whole)
            .filter_map(|(first, _, between)| {
                let second = series.iter().find_map(|s| leg(s, between, to_whole))?;
                Some(vec![first, second])
            });
        let legs = ways.next().ok_or_else(|| no_way(from, to, series))?;
        Ok(Self { scale, legs })
    }

    /// The newest rate on or before a day; `None` if one of them is too old or missing. Two rates must be of the same
    /// day: a conversion through two days' markets was never possible.
    #[must_use]
    pub(crate) fn at(&self, day: NaiveDate) -> Option<Rate> {
        let mut rate = Rate {
            factor: self.scale,
            named: String::new(),
            is_final: true,
            is_suspect: false,
        };
        let Some((first, others)) = self.legs.split_first() else {
            return Some(rate);
        };
        let days = first.series.rates.range(..=day).rev().map(|(of, _)| *of);
        let has_all = |of: &NaiveDate| others.iter().all(|l| l.series.rates.contains_key(of));
        let of = days
            .take_while(|of| (day - *of).num_days() <= MAX_AGE_DAYS)
            .find(has_all)?;
        for leg in &self.legs {
            let stored = leg.series.rates.get(&of)?;
            if stored.close <= 0.0 {
                return None;
            }
            match leg.is_inverse {
                true => rate.factor /= stored.close,
                false => rate.factor *= stored.close,
            }
            let comma = if rate.named.is_empty() { "" } else { ", " };
            let (asset_id, doubts) = (&leg.series.asset_id, stored.doubts());
            rate.named = format!("{}{comma}{asset_id} of {of}{doubts}", rate.named);
            rate.is_final &= stored.is_final;
            rate.is_suspect |= stored.is_suspect;
        }
        Some(rate)
    }
}

/// The currency whose hundredths this one is, and how much of it one is.
#[must_use]
pub(crate) fn whole(currency: &str) -> (&str, f64) {
    let found = HUNDREDTHS.iter().find(|(part, _)| *part == currency);
    found.map_or((currency, 1.0), |(_, whole)| (*whole, 0.01))
}

/// A series as a conversion from one currency to another.
fn leg<'a>(series: &'a RateSeries, from: &str, to: &str) -> Option<Leg<'a>> {
    let is_inverse = match (series.base == from, series.quote == to) {
        (true, true) => false,
        _ if series.base == to && series.quote == from => true,
        _ => return None,
    };
    Some(Leg { series, is_inverse })
}

fn no_way(from: &str, to: &str, series: &[RateSeries]) -> String {
    let pairs: Vec<String> = series
        .iter()
        .map(|s| format!("{} ({} for one {})", s.asset_id, s.quote, s.base))
        .collect();
    let there = match pairs.is_empty() {
        true => "there is no asset of category fx with stored rates".to_owned(),
        false => format!("stored rates: {}", pairs.join(", ")),
    };
    let ((from_whole, _), (to_whole, _)) = (whole(from), whole(to));
    format!(
        "no stored rates convert {from} to {to}; {there}. To get them, add an asset {from_whole}{to_whole} with category \"fx\" \
         and the source yahoo \"{from_whole}{to_whole}=X\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn good(close: f64) -> StoredRate {
        StoredRate {
            close,
            is_final: true,
            is_suspect: false,
        }
    }

    fn series(base: &str, quote: &str, rates: &[(u32, f64)]) -> RateSeries {
        RateSeries {
            asset_id: format!("{base}{quote}"),
            base: base.to_owned(),
            quote: quote.to_owned(),
            rates: rates
                .iter()
                .map(|(n, rate)| (day(*n), good(*rate)))
                .collect(),
        }
    }

    fn at(from: &str, to: &str, series: &[RateSeries], n: u32) -> Option<(f64, String)> {
        let rate = Exchange::between(from, to, series).unwrap().at(day(n))?;
        Some((rate.factor, rate.named))
    }

    #[test]
    fn the_newest_rate_at_or_before_the_day_is_taken_and_named() {
        let won = [series("USD", "KRW", &[(5, 1400.0), (9, 1500.0)])];
        let of = |n: u32, rate: f64| Some((rate, format!("USDKRW of 2026-01-{n:02}")));
        assert_eq!(at("USD", "KRW", &won, 4), None, "no rate yet");
        assert_eq!(at("USD", "KRW", &won, 5), of(5, 1400.0));
        assert_eq!(
            at("USD", "KRW", &won, 8),
            of(5, 1400.0),
            "not the later one"
        );
        assert_eq!(at("USD", "KRW", &won, 19), of(9, 1500.0));
        assert_eq!(at("USD", "KRW", &won, 20), None, "too old");
        let inverse = at("KRW", "USD", &won, 9).map(|(rate, _)| rate);
        assert_eq!(inverse, Some(1.0 / 1500.0));
        assert_eq!(at("KRW", "KRW", &won, 9), Some((1.0, String::new())));
    }

    #[test]
    fn two_rates_with_a_currency_in_common_make_a_third() {
        let euro = [
            series("EUR", "USD", &[(5, 1.25), (7, 1.3)]),
            series("EUR", "KRW", &[(5, 1500.0), (6, 1600.0)]),
        ];
        let (rate, named) = at("USD", "KRW", &euro, 7).unwrap();
        assert_eq!(
            (rate, named.as_str()),
            (1200.0, "EURUSD of 2026-01-05, EURKRW of 2026-01-05"),
            "the newest day that both have"
        );
        assert_eq!(at("USD", "KRW", &euro, 4), None);
        assert_eq!(at("USD", "KRW", &euro, 16), None, "too old");
        let missing = Exchange::between("JPY", "KRW", &euro).unwrap_err();
        assert!(
            missing.contains("convert JPY to KRW") && missing.contains("EURUSD"),
            "{missing}"
        );
        assert!(Exchange::between("JPY", "KRW", &[]).is_err());
    }

    #[test]
    fn a_provisional_or_suspect_rate_is_said_with_what_it_makes() {
        let mut rates = [
            series("EUR", "USD", &[(5, 1.25)]),
            series("EUR", "KRW", &[(5, 1500.0)]),
        ];
        let made = |rates: &[RateSeries]| {
            let rate = Exchange::between("USD", "KRW", rates).unwrap().at(day(5));
            let rate = rate.unwrap();
            (rate.named, rate.is_final)
        };
        assert!(made(&rates).1);
        rates[0].rates.get_mut(&day(5)).unwrap().is_suspect = true;
        rates[1].rates.get_mut(&day(5)).unwrap().is_final = false;
        let named = "EURUSD of 2026-01-05 (suspect), EURKRW of 2026-01-05 (provisional)";
        assert_eq!(made(&rates), (named.to_owned(), false));
    }

    #[test]
    fn pence_are_hundredths_of_pounds() {
        let pound = [series("GBP", "KRW", &[(5, 1800.0)])];
        let won = at("GBp", "KRW", &pound, 5).map(|(rate, _)| rate);
        assert_eq!(won, Some(18.0));
        assert_eq!(at("GBp", "GBP", &pound, 5), Some((0.01, String::new())));
        let missing = Exchange::between("ZAc", "USX", &pound).unwrap_err();
        assert!(
            missing.contains("convert ZAc to USX") && missing.contains("\"ZARUSD=X\""),
            "{missing}"
        );
    }

    #[test]
    fn a_symbol_tells_the_pair() {
        let pair = |source, symbol| pair_of(source, symbol).map(|(b, q)| b + &q);
        for (source, symbol, found) in [
            ("yahoo", "USDKRW=X", Some("USDKRW")),
            ("yahoo:KRW=X", "KRW=X", Some("USDKRW")),
            ("ecb", "KRW", Some("EURKRW")),
            ("yahoo", "GC=F", None),
            ("yahoo", "원화=X", None),
            ("naver", "FX_USDKRW", None),
        ] {
            assert_eq!(pair(source, symbol).as_deref(), found, "{symbol}");
        }
    }
}
