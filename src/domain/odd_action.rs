//! Dividends whose size cannot be right, and capital gains contained in a dividend (contract, section 6).
//!
//! Tested on yfinance's public pairs: pence mistaken for pounds, an amount in another currency, a dividend listed on
//! two days. A dividend that is too small cannot be distinguished from a small one: 0.002 of 29.58 was right (EWG,
//! 2023-12-20).

use chrono::NaiveDate;

use super::currency::is_same_currency;

/// A dividend above this share of the price must be visible in the price. (The largest correct one that was not was 4.8
/// %.)
const LARGE: f64 = 0.1;
/// The price must fall by at least this share of a large dividend on its ex-date. (0.72 among correct ones, 0.16 among
/// wrong ones.)
const SEEN: f64 = 0.4;
/// A dividend at most this many days after another one of nearly its size is the same: beyond that, some pay weekly.
const SAME_DAYS: i64 = 3;
/// Two listings of one dividend differ by less than this share.
const SAME_SIZE: f64 = 0.2;

/// A capital gain below this share of a dividend does not show whether the dividend contains it.
const MUCH: f64 = 0.4;

/// A payment, with facts that show whether its size can be right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payment {
    pub(crate) date: NaiveDate,
    /// Per share, in the scale after the splits of its day.
    pub(crate) amount: f64,
    /// Its currency, if known.
    pub(crate) currency: Option<String>,
    /// The prices around it, if both are stored.
    pub(crate) prices: Option<Around>,
}

/// The prices around an ex-date, in the scale after the splits of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Around {
    /// The close before.
    pub(crate) before: f64,
    /// The lowest price of the first bar on or after it.
    pub(crate) low: f64,
    /// Whether that bar had trades, as far as known.
    pub(crate) is_traded: bool,
}

/// Why the size of a dividend cannot be right; `None` if nothing contradicts it. `currency`: that of the prices;
/// `others`: the dividends of the days before it.
#[must_use]
pub(crate) fn why_odd(paid: &Payment, currency: &str, others: &[Payment]) -> Option<String> {
    let Payment { date, amount, .. } = *paid;
    let own = paid.currency.as_deref();
    if let Some(own) = own.filter(|own| !is_same_currency(own, currency)) {
        return Some(format!(
            "the dividend {amount} is in {own}, but the prices are in {currency}"
        ));
    }
    let twin = others.iter().find(|other| {
        (1..=SAME_DAYS).contains(&(date - other.date).num_days())
            && (amount / other.amount - 1.0).abs() < SAME_SIZE
    });
    if let Some(twin) = twin {
        return Some(format!(
            "the dividend {amount} follows one of {} on {}: it may be listed twice",
            twin.amount, twin.date
        ));
    }
    let Around {
        before,
        low,
        is_traded,
    } = paid.prices?;
    if amount >= before {
        return Some(format!(
            "the dividend {amount} is not less than the close before, {before}"
        ));
    }
    let has_fallen = before - low >= SEEN * amount;
    (amount > LARGE * before && !has_fallen && is_traded).then(|| {
        format!(
            "the dividend {amount} is {:.0} % of the close before, {before}, but the price fell only to {low}",
            amount / before * 100.0
        )
    })
}

/// Whether the dividend of a day contains the day's capital gain: what remains without it is closer to the asset's
/// other dividends. Some sources list the gain beside the dividend, some in both.
#[must_use]
pub(crate) fn has_gain_in_it(dividend: f64, gain: f64, usual: Option<f64>) -> bool {
    let rest = dividend - gain;
    let is_much = gain >= MUCH * dividend && rest > 0.0;
    let Some(usual) = usual.filter(|_| is_much) else {
        return false;
    };
    (rest / usual).ln().abs() < (dividend / usual).ln().abs()
}

/// The median of amounts.
#[must_use]
pub(crate) fn median(mut amounts: Vec<f64>) -> Option<f64> {
    amounts.sort_by(f64::total_cmp);
    amounts.get(amounts.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(day: u32, amount: f64, before: f64, low: f64) -> Payment {
        Payment {
            date: NaiveDate::from_ymd_opt(2024, 5, day).unwrap(),
            amount,
            currency: Some("GBP".to_owned()),
            prices: Some(Around {
                before,
                low,
                is_traded: true,
            }),
        }
    }

    fn is_odd(paid: &Payment) -> bool {
        why_odd(paid, "GBP", &[]).is_some()
    }

    #[test]
    fn a_large_dividend_must_be_seen_in_the_price() {
        // ABDP.L 2024-05-02, pence for pounds; HSBK.IL 2023-05-30, right; CLC.L 2022-06-30, right and not seen.
        assert!(is_odd(&paid(2, 2.33, 18.3, 18.25)));
        assert!(!is_odd(&paid(2, 2.250_997, 14.02, 12.40)));
        assert!(!is_odd(&paid(2, 0.0306, 0.632_67, 0.632_67)));
        let mut untraded = paid(2, 2.33, 18.3, 18.25);
        untraded.prices = untraded.prices.map(|p| Around {
            is_traded: false,
            ..p
        });
        assert!(!is_odd(&untraded), "nothing was traded that could fall");
        untraded.prices = None;
        assert!(!is_odd(&untraded), "nothing tells");
    }

    #[test]
    fn a_dividend_of_the_whole_price_or_in_another_currency_is_odd() {
        assert!(is_odd(&paid(2, 5_411_920.0, 110_000.0, 109_000.0)));
        let foreign = Payment {
            currency: Some("USD".to_owned()),
            ..paid(2, 0.01, 18.3, 18.25)
        };
        assert_eq!(
            why_odd(&foreign, "GBP", &[]).unwrap(),
            "the dividend 0.01 is in USD, but the prices are in GBP"
        );
        for same in [None, Some("GBp")] {
            let paid = Payment {
                currency: same.map(str::to_owned),
                ..foreign.clone()
            };
            assert_eq!(why_odd(&paid, "GBX", &[]), None, "{same:?}");
        }
    }

    #[test]
    fn a_dividend_right_behind_another_of_its_size_is_the_same_one() {
        // KAP.IL 2022-07-12 and 13.
        let first = [paid(1, 1.813_539, 26.2, 24.8)];
        let odd = |p: &Payment| why_odd(p, "GBP", &first).is_some();
        assert!(odd(&paid(2, 1.954_26, 25.14, 23.5)));
        assert!(!odd(&paid(2, 0.9, 25.14, 24.2)), "another size");
        assert!(!odd(&paid(8, 1.9, 25.14, 23.5)), "a weekly payer");
        assert!(!odd(&first[0]), "not its own twin");
    }

    #[test]
    fn a_gain_is_in_the_dividend_where_the_rest_is_like_the_others() {
        // JENYX 2021 and 2022, DODFX 2025; VFINX 1988 to 1999, which lists it beside the dividend.
        assert!(has_gain_in_it(4.177, 4.014, Some(0.169)));
        assert!(has_gain_in_it(1.383, 1.186, Some(0.169)));
        assert!(has_gain_in_it(0.837, 0.417, Some(0.281)));
        assert!(!has_gain_in_it(0.37, 0.32, Some(0.3)));
        assert!(!has_gain_in_it(0.66, 0.58, Some(0.3)));
        assert!(!has_gain_in_it(0.63, 0.05, Some(0.6)));
        assert!(!has_gain_in_it(0.27, 0.455, Some(0.27)));
        assert!(!has_gain_in_it(4.177, 4.014, median(Vec::new())));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    }
}
