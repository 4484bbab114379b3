//! Trusted bars ([`Bar`]), and why a row cannot be one.
//!
//! The values of a bar and the list of their columns are in `bar_values`.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::bar_values::Values;

/// Largest volume that a double, and thus every JSON reader, stores exactly.
pub(crate) const MAX_VOLUME: i64 = 1 << 53;

/// Why a row cannot be a bar. The names are the `reason` column of `quarantine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub(crate) enum Rejection {
    /// A price is not a finite number.
    #[error("price_not_a_number")]
    PriceNotANumber,
    /// A price is negative.
    #[error("price_not_positive")]
    PriceNotPositive,
    /// The highest price is below the lowest.
    #[error("high_below_low")]
    HighBelowLow,
    /// One of the prices is about 100 times another: pence mixed with pounds.
    #[error("unit_mix")]
    UnitMix,
    /// A negative volume.
    #[error("negative_volume")]
    NegativeVolume,
    /// A volume over 2^53.
    #[error("volume_not_a_count")]
    VolumeNotACount,
    /// A date that does not exist.
    #[error("impossible_date")]
    ImpossibleDate,
    /// A date after the exchange's own today.
    #[error("future_date")]
    FutureDate,
    /// A second row for one date with other values.
    #[error("second_row_of_date")]
    SecondRowOfDate,
}

/// Which prices an asset can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sign {
    /// Positive, as almost all prices are: a zero marks a missing one.
    #[default]
    Positive,
    /// Also zero and negative (`nonpositive = true`): oil on 2020-04-20, interest rates. No factor proves anything
    /// there.
    Any,
}

/// Trusted prices of one session: finite, positive (unless the asset's may be negative), high not below low.
///
/// [`Bar::new`] is the only constructor, so that a bad bar cannot exist.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    date: NaiveDate,
    values: Values,
}

impl Bar {
    /// Builds a bar from prices in the asset's currency.
    ///
    /// # Errors
    /// The first rule of the contract's section 6 that the values violate.
    pub(crate) fn new(date: NaiveDate, values: Values, sign: Sign) -> Result<Self, Rejection> {
        let prices = values.prices();
        if prices.iter().any(|p| !p.is_finite()) {
            return Err(Rejection::PriceNotANumber);
        }
        if sign == Sign::Positive && prices.iter().any(|p| *p <= 0.0) {
            return Err(Rejection::PriceNotPositive);
        }
        if values.high < values.low {
            return Err(Rejection::HighBelowLow);
        }
        match values.volume {
            Some(v) if v < 0 => Err(Rejection::NegativeVolume),
            Some(v) if v > MAX_VOLUME => Err(Rejection::VolumeNotACount),
            _ => Ok(Self { date, values }),
        }
    }

    /// The same bar with the volume of another.
    #[must_use]
    pub(crate) fn with_volume_of(&self, other: &Self) -> Self {
        let volume = other.values.volume;
        Self {
            values: Values {
                volume,
                ..self.values
            },
            ..*self
        }
    }

    /// The session's day in the exchange's own time zone.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Open, high, low and close, in the asset's currency.
    #[must_use]
    pub fn prices(&self) -> [f64; 4] {
        self.values.prices()
    }

    #[must_use]
    pub(crate) fn values(&self) -> Values {
        self.values
    }

    #[must_use]
    pub(crate) fn close(&self) -> f64 {
        self.values.close
    }

    /// The traded volume in the source's own unit; `None` if the source did not send it.
    #[must_use]
    pub fn volume(&self) -> Option<i64> {
        self.values.volume
    }

    /// Whether nothing was traded, so that it only repeats a close.
    #[must_use]
    pub(crate) fn is_copied(&self) -> bool {
        let [open, high, low, close] = self.prices();
        let is_flat = [open, high, low]
            .iter()
            .all(|p| p.total_cmp(&close).is_eq());
        self.volume() == Some(0) && is_flat
    }

    /// Whether open or close are outside low to high, as Naver's adjusted prices are by 1 won.
    #[must_use]
    pub(crate) fn leaves_its_range(&self) -> bool {
        let Values {
            open,
            high,
            low,
            close,
            ..
        } = self.values;
        [open, close].iter().any(|p| *p < low || *p > high)
    }

    /// Whether both have the same values bit for bit, ignoring the date.
    #[must_use]
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        self.values.are(&other.values)
    }
}

/// A bar ready to be staged.
#[derive(Debug, Clone, Copy)]
pub struct FetchedBar {
    pub bar: Bar,
    /// Whether it was fetched after its session was final.
    pub(crate) is_final: bool,
    /// The fetch time in UTC, to the microsecond.
    pub(crate) fetched_at: DateTime<Utc>,
    /// Whether trading was suspended that day, so that all prices repeat the last close.
    pub(crate) suspended: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(prices: [f64; 4], volume: Option<i64>) -> Result<Bar, Rejection> {
        Bar::new(
            NaiveDate::default(),
            Values::of(prices, volume),
            Sign::Positive,
        )
    }

    #[test]
    fn a_bad_bar_cannot_exist() {
        let good = [10.0, 12.0, 9.0, 11.0];
        assert!(bar(good, None).is_ok());
        assert!(bar(good, Some(0)).is_ok());
        for at in 0..4 {
            for (bad, why) in [
                (f64::NAN, Rejection::PriceNotANumber),
                (f64::INFINITY, Rejection::PriceNotANumber),
                (f64::NEG_INFINITY, Rejection::PriceNotANumber),
                (0.0, Rejection::PriceNotPositive),
                (-0.0, Rejection::PriceNotPositive),
                (-1.0, Rejection::PriceNotPositive),
            ] {
                let mut prices = good;
                prices[at] = bad;
                assert_eq!(bar(prices, None).unwrap_err(), why, "{prices:?}");
            }
        }
        assert_eq!(
            bar([10.0, 9.0, 9.5, 9.2], None).unwrap_err(),
            Rejection::HighBelowLow
        );
        assert_eq!(bar(good, Some(-1)).unwrap_err(), Rejection::NegativeVolume);
        assert!(bar(good, Some(MAX_VOLUME)).is_ok());
        assert_eq!(
            bar(good, Some(MAX_VOLUME + 1)).unwrap_err(),
            Rejection::VolumeNotACount
        );
    }

    #[test]
    fn prices_below_zero_are_some_assets() {
        let bar = |prices| Bar::new(NaiveDate::default(), Values::of(prices, None), Sign::Any);
        assert!(bar([-14.0, 13.69, -40.32, -37.63]).is_ok() && bar([0.0; 4]).is_ok());
        let why = bar([1.0, -2.0, -1.0, 0.0]).unwrap_err();
        assert_eq!(why, Rejection::HighBelowLow);
        assert!(bar([f64::NAN; 4]).is_err());
    }

    #[test]
    fn a_close_outside_the_range_is_a_bar_that_says_so() {
        // 005930 on 2015-01-27, split-adjusted by Naver.
        assert!(
            bar([27_900.0, 27_999.0, 27_700.0, 28_000.0], Some(1))
                .unwrap()
                .leaves_its_range()
        );
        assert!(
            !bar([10.0, 12.0, 9.0, 11.0], None)
                .unwrap()
                .leaves_its_range()
        );
    }

    #[test]
    fn values_are_the_same_only_to_the_last_bit() {
        let a = bar([10.0, 12.0, 9.0, 11.0], Some(5)).unwrap();
        assert!(a.same_values(&a));
        assert!(!a.same_values(&bar([10.0, 12.0, 9.0, 11.000_000_000_000_002], Some(5)).unwrap()));
        assert!(!a.same_values(&bar([10.0, 12.0, 9.0, 11.0], None).unwrap()));
    }
}
