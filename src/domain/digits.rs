//! The precision of prices: the fewest digits that represent them. Two closes that agree up to their last digit are
//! equal, whatever the factor between them.

/// Closes are equal up to this share: Yahoo sends single precision and adjusts in it.
const SAME: f64 = 1e-4;
/// Most meaningful decimals of a price in a double.
const MOST_DECIMALS: usize = 15;

/// Rounds to the nearest single-precision number.
#[allow(
    clippy::cast_possible_truncation,
    reason = "rounding to single precision is the purpose"
)]
fn single(value: f64) -> f32 {
    value as f32
}

/// The nearest single-precision number, as a double.
#[must_use]
pub(crate) fn to_single(value: f64) -> f64 {
    f64::from(single(value))
}

/// Whether a value is a single-precision number, as Yahoo's prices are.
#[must_use]
pub(crate) fn is_single(value: f64) -> bool {
    to_single(value).to_bits() == value.to_bits()
}

/// The shortest digits for a price: `12.77` for the single-precision 12.770000457763672, else the exact integer or
/// double.
#[must_use]
pub(crate) fn shortest(value: f64) -> String {
    if value.fract().abs() > 0.0 && is_single(value) {
        single(value).to_string()
    } else {
        value.to_string()
    }
}

/// The value of the last digit in any of these prices: 1 for whole won, 0.01 for cents, 1e-10 for a coin.
#[must_use]
pub(crate) fn last_digit(prices: impl Iterator<Item = f64>) -> f64 {
    let most = prices.map(decimals).max().unwrap_or(0);
    10_f64.powi(-i32::try_from(most).unwrap_or(0))
}

/// The decimals of the shortest text that parses to this price.
fn decimals(price: f64) -> usize {
    let text = price.to_string();
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.len().min(MOST_DECIMALS)
}

/// The price rounded to a last digit, as the double of its decimal text.
#[must_use]
pub(crate) fn round_to(price: f64, digit: f64) -> f64 {
    let decimals = (-digit.log10()).round().max(0.0);
    let text = format!(
        "{price:.*}",
        (0..MOST_DECIMALS)
            .take_while(|n| below(*n, decimals))
            .count()
    );
    text.parse().unwrap_or(price)
}

fn below(count: usize, decimals: f64) -> bool {
    u32::try_from(count).is_ok_and(|n| f64::from(n) < decimals)
}

/// The range of factors by which one close can have become another, given the digits that both were rounded to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Factors {
    low: f64,
    high: f64,
}

impl Factors {
    /// The factors that two closes allow. A source's own adjustments truncate as often as they round, so a fetched
    /// close may be a whole digit off; a stored one was rounded.
    #[must_use]
    pub(crate) fn of(stored: f64, fetched: f64, digits: Digits) -> Self {
        let off = digits.fetched.max(fetched * SAME);
        let rounded = (digits.stored / 2.0).min(stored / 2.0);
        Self {
            low: (fetched - off) / (stored + rounded),
            high: (fetched + off) / (stored - rounded),
        }
    }

    /// The factors that both allow.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Self { low, high })
    }

    /// Whether nothing has moved, as far as the digits show.
    #[must_use]
    pub(crate) fn are_one(self) -> bool {
        self.low <= 1.0 + SAME && self.high >= 1.0 - SAME
    }
}

/// The factor from stored to fetched closes: of all factors allowed by the digits, the simplest ratio of whole numbers
/// up to 100 that the sums allow too, since splits are such ratios; else that of the sums.
#[must_use]
pub(crate) fn likely(closes: impl Iterator<Item = (f64, f64)>, digits: Digits) -> f64 {
    let (mut count, mut stored, mut fetched) = (0.0_f64, 0.0, 0.0);
    for (old, new) in closes {
        count += 1.0;
        stored += old;
        fetched += new;
    }
    let ratio = fetched / stored;
    // Rounding averages out over the days.
    let off = (digits.fetched * count.sqrt() / fetched).max(SAME);
    let is_near = |factor: &f64| (factor / ratio - 1.0).abs() <= off;
    (1..=100_u32)
        .map(f64::from)
        .map(|denominator| ((ratio * denominator).round(), denominator))
        .filter(|(numerator, _)| (1.0..=100.0).contains(numerator))
        .map(|(numerator, denominator)| numerator / denominator)
        .find(is_near)
        .unwrap_or(ratio)
}

/// The values of the last digits of stored and of fetched closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Digits {
    pub(crate) stored: f64,
    pub(crate) fetched: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-12
    }

    #[test]
    fn the_last_digit_is_the_finest_of_all() {
        for (prices, digit) in [
            (vec![50_100.0, 49_800.0], 1.0),
            (vec![50_100.0, 0.5], 0.1),
            (vec![10.25, 10.5], 0.01),
            (vec![2e-10, 3e-9], 1e-10),
            (vec![], 1.0),
        ] {
            assert!(is(last_digit(prices.iter().copied()), digit), "{prices:?}");
        }
        assert!(last_digit([279.859_985_351_562_5].into_iter()) < 1e-12);
    }

    #[test]
    fn a_rounded_price_is_the_double_of_its_text() {
        for (price, digit, rounded) in [
            (0.07 + 1e-12, 0.01, "0.07"),
            (1_480.0 * 0.02, 1.0, "30"),
            (2.46e-10, 1e-10, "0.0000000002"),
        ] {
            let expected: f64 = rounded.parse().unwrap();
            assert_eq!(
                round_to(price, digit).to_bits(),
                expected.to_bits(),
                "{rounded}"
            );
        }
    }

    fn found(closes: &[(f64, f64)], digit: f64) -> f64 {
        let digits = Digits {
            stored: digit,
            fetched: digit,
        };
        likely(closes.iter().copied(), digits)
    }

    #[test]
    fn a_split_is_a_plain_ratio_whatever_is_rounded() {
        for (factor, closes) in [
            // 005930 before and after 50:1, as Naver rounds it; a share of 1,500 won, rounded and cut.
            (0.02, vec![(2_650_000.0, 53_000.0), (2_607_000.0, 52_140.0)]),
            (
                0.02,
                vec![(1_480.0, 30.0), (1_515.0, 30.0), (1_502.0, 30.0)],
            ),
            (
                0.02,
                vec![(1_480.0, 29.0), (1_515.0, 30.0), (1_502.0, 30.0)],
            ),
            (10.0, vec![(140.2, 1_402.0), (138.4, 1_384.0)]),
            (1.02, vec![(50_100.0, 51_102.0), (49_800.0, 50_796.0)]),
        ] {
            assert!(is(found(&closes, 1.0), factor), "{closes:?}");
        }
        let cents = [(20.13, 6.71), (21.58, 7.19), (19.99, 6.66)];
        assert!(is(found(&cents, 0.01), 1.0 / 3.0));
        assert!((found(&[(50_100.0, 46_005.0)], 1.0) - 0.918_26).abs() < 1e-4);
        assert!(is(found(&[(2.5e-10, 1.25e-10)], 1e-12), 0.5));
    }

    #[test]
    fn what_digits_hide_has_not_moved() {
        let one = Digits {
            stored: 1.0,
            fetched: 1.0,
        };
        // A penny share: a won is 1.7 %, ten for eleven is five won.
        assert!(Factors::of(60.0, 61.0, one).are_one());
        assert!(!Factors::of(60.0, 55.0, one).are_one());
        let tiny = Digits {
            stored: 1e-12,
            fetched: 1e-12,
        };
        assert!(!Factors::of(2.5e-10, 2.4e-10, tiny).are_one());
    }

    #[test]
    fn days_that_allow_no_common_factor_have_none() {
        let cents = Digits {
            stored: 0.01,
            fetched: 0.01,
        };
        let third = Factors::of(20.13, 6.71, cents).and(Factors::of(21.58, 7.19, cents));
        assert!(third.is_some());
        let other = third.and_then(|f| f.and(Factors::of(20.0, 20.0, cents)));
        assert_eq!(other, None);
    }
}
