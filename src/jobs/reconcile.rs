//! `reconcile`: do two sources of one asset say the same? It changes nothing.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

/// The closes of one source, by day.
pub(crate) type Closes = BTreeMap<NaiveDate, f64>;

/// A day on which two sources differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Difference {
    pub(crate) asset_id: String,
    /// The day.
    pub(crate) date: NaiveDate,
    /// The first source.
    pub(crate) source: String,
    /// Its close.
    pub(crate) close: f64,
    /// The other source.
    pub(crate) other_source: String,
    /// Its close.
    pub(crate) other_close: f64,
    /// How far the other is away, as a share of the first.
    pub(crate) difference: f64,
}

/// What comparing two sources gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Asset and the two sources, for messages.
    pub(crate) what: String,
    /// Days that both have.
    pub(crate) common: usize,
    /// Days on which their closes differ by more than the tolerance.
    pub(crate) differences: Vec<Difference>,
}

/// Compares an asset's first source with each further one, over the days that both have.
#[must_use]
pub(crate) fn compare(
    asset_id: &str,
    series: &[(String, Closes)],
    tolerance: f64,
) -> Vec<Comparison> {
    let Some(((source, closes), others)) = series.split_first() else {
        return Vec::new();
    };
    let compare_with = |(other_source, others): &(String, Closes)| {
        let both: Vec<(NaiveDate, f64, f64)> = closes
            .iter()
            .filter_map(|(date, close)| Some((*date, *close, *others.get(date)?)))
            .collect();
        let differences = both
            .iter()
            .map(|(date, close, other_close)| Difference {
                asset_id: asset_id.to_owned(),
                date: *date,
                source: source.clone(),
                close: *close,
                other_source: other_source.clone(),
                other_close: *other_close,
                difference: other_close / close - 1.0,
            })
            .filter(|d| d.difference.abs() > tolerance)
            .collect();
        Comparison {
            what: format!("{asset_id}: {source} and {other_source}"),
            common: both.len(),
            differences,
        }
    };
    others.iter().map(compare_with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_common_days_beyond_the_tolerance_differ() {
        let day = |n| NaiveDate::from_ymd_opt(2026, 1, n).unwrap();
        let first = (
            "krx".to_owned(),
            Closes::from([(day(5), 100.0), (day(6), 101.0), (day(7), 102.0)]),
        );
        let second = (
            "naver".to_owned(),
            Closes::from([(day(6), 101.05), (day(7), 103.0), (day(8), 104.0)]),
        );
        let compared = compare("KS200", &[first, second], 0.001);
        assert_eq!((compared.len(), compared[0].common), (1, 2));
        let days: Vec<_> = compared[0].differences.iter().map(|d| d.date).collect();
        assert_eq!(days, [day(7)]);
    }
}
