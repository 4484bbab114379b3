//! Adjusts prices for splits and dividends by factors, each for a span of days. The view `adjustment` computes the
//! factors.

use chrono::NaiveDate;

use super::bar_values::Values;

/// What to adjust prices for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Adjust {
    /// Nothing: prices as their source gives them.
    #[default]
    None,
    /// Splits that the source did not adjust for.
    Splits,
    /// Those splits, dividends and capital gains.
    All,
}

/// The factors of a span of days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// First day.
    pub(crate) since: NaiveDate,
    /// The day after the last one.
    pub(crate) until: NaiveDate,
    /// Factor for splits.
    pub(crate) split: f64,
    /// Factor for dividends.
    pub(crate) dividend: f64,
}

impl Span {
    /// The factor for what is adjusted.
    #[must_use]
    pub(crate) fn factor(&self, adjust: Adjust) -> f64 {
        match adjust {
            Adjust::None => 1.0,
            Adjust::Splits => self.split,
            Adjust::All => self.split * self.dividend,
        }
    }
}

/// The factors of an asset.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Factors {
    adjust: Adjust,
    spans: Vec<Span>,
}

impl Factors {
    /// Factors for an adjustment.
    #[must_use]
    pub(crate) fn new(adjust: Adjust, spans: Vec<Span>) -> Self {
        Self { adjust, spans }
    }

    /// The days whose factors are known, and those. A day is in one of them at most.
    #[must_use]
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether prices are adjusted at all.
    #[must_use]
    pub(crate) fn adjust(&self) -> Adjust {
        self.adjust
    }

    /// The factor of a day; `None` if unknown.
    #[must_use]
    pub(crate) fn at(&self, date: NaiveDate) -> Option<f64> {
        if self.adjust == Adjust::None {
            return Some(1.0);
        }
        let mut spans = self.spans.iter();
        let span = spans.find(|s| s.since <= date && date < s.until)?;
        Some(span.factor(self.adjust))
    }

    /// A bar's values with adjusted prices; `None` if the factor is unknown.
    #[must_use]
    pub(crate) fn adjusted(&self, date: NaiveDate, values: Values) -> Option<Values> {
        if self.adjust == Adjust::None {
            return Some(values);
        }
        let factor = self.at(date)?;
        Some(values.times(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    #[test]
    fn a_day_without_a_factor_has_no_adjusted_price() {
        let span = Span {
            since: day(5),
            until: day(7),
            split: 0.5,
            dividend: 0.9,
        };
        let values = Values::of([10.0, 12.0, 8.0, 10.0], Some(7));
        let at = |adjust, date| {
            let factors = Factors::new(adjust, vec![span]);
            factors
                .adjusted(day(date), values)
                .map(|v| (v.close, v.volume))
        };
        for (date, splits, all) in [(4, None, None), (5, Some(5.0), Some(4.5)), (7, None, None)] {
            assert_eq!(at(Adjust::None, date), Some((10.0, Some(7))));
            assert_eq!(at(Adjust::Splits, date), splits.map(|c| (c, Some(7))));
            assert_eq!(at(Adjust::All, date), all.map(|c| (c, Some(7))));
        }
    }
}
