//! `reconcile`: do two sources of one asset agree? Changes nothing.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::asset::Asset;
use crate::domain::close::may_differ;

/// The closes of one source, by day.
pub(crate) type Closes = BTreeMap<NaiveDate, f64>;

/// A day on which two sources differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Difference {
    pub(crate) asset_id: String,
    pub(crate) date: NaiveDate,
    /// First source.
    pub(crate) source: String,
    /// Its close.
    pub(crate) close: f64,
    /// Other source.
    pub(crate) other_source: String,
    /// Its close.
    pub(crate) other_close: f64,
    /// The difference, as a share of the first close.
    pub(crate) difference: f64,
}

/// The result of comparing two sources.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Asset and the two sources, for messages.
    pub(crate) what: String,
    /// Days that both have.
    pub(crate) common: usize,
    /// Days whose closes differ by more than the tolerance but within what is normal for these sources.
    pub(crate) both_right: usize,
    /// Days whose closes differ by more than that.
    pub(crate) differences: Vec<Difference>,
}

/// Compares an asset's first source with each further one, on the days that both have.
#[must_use]
pub(crate) fn compare(
    asset: &Asset,
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
        let (differences, both_right): (Vec<_>, Vec<_>) = both
            .iter()
            .map(|(date, close, other_close)| Difference {
                asset_id: asset.id.to_string(),
                date: *date,
                source: source.clone(),
                close: *close,
                other_source: other_source.clone(),
                other_close: *other_close,
                difference: other_close / close - 1.0,
            })
            .filter(|d| d.difference.abs() > tolerance)
            .partition(|d| d.difference.abs() > may_differ(asset, source, other_source, d.date));
        Comparison {
            what: format!("{}: {source} and {other_source}", asset.id),
            common: both.len(),
            both_right: both_right.len(),
            differences,
        }
    };
    others.iter().map(compare_with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::assets_file::parse_assets;
    use crate::domain::calendar::Calendars;

    fn asset(category: &str) -> Asset {
        let text = format!(
            "[[asset]]\nid = \"A\"\nname = \"A\"\ncategory = \"{category}\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\nsources = \
             [{{ source = \"naver\", symbol = \"A\" }}, {{ source = \"yahoo\", symbol = \"A.KS\" }}, {{ source = \"krx\", symbol = \"ks200\" }}]"
        );
        let mut assets = parse_assets(&text, &Calendars::built_in().unwrap()).unwrap();
        assets.remove(0)
    }

    fn closes(source: &str, closes: &[(&str, f64)]) -> (String, Closes) {
        let closes = closes
            .iter()
            .map(|(day, close)| (day.parse().unwrap(), *close));
        (source.to_owned(), closes.collect())
    }

    fn days(comparison: &Comparison) -> Vec<String> {
        let differences = comparison.differences.iter();
        differences.map(|d| d.date.to_string()).collect()
    }

    #[test]
    fn only_common_days_beyond_the_tolerance_differ() {
        let first = closes(
            "krx",
            &[
                ("2026-01-05", 100.0),
                ("2026-01-06", 101.0),
                ("2026-01-07", 102.0),
            ],
        );
        let second = closes(
            "naver",
            &[
                ("2026-01-06", 101.05),
                ("2026-01-07", 103.0),
                ("2026-01-08", 104.0),
            ],
        );
        let compared = compare(&asset("index"), &[first, second], 0.001);
        assert_eq!((compared.len(), compared[0].common), (1, 2));
        assert_eq!(days(&compared[0]), ["2026-01-07"]);
    }

    #[test]
    fn the_close_of_the_after_market_and_the_regular_one_are_both_right() {
        let naver = closes(
            "naver",
            &[
                ("2026-09-11", 101.0),
                ("2026-09-14", 101.0),
                ("2026-09-15", 102.0),
            ],
        );
        let yahoo = closes(
            "yahoo",
            &[
                ("2026-09-11", 100.0),
                ("2026-09-14", 100.0),
                ("2026-09-15", 100.0),
            ],
        );
        let both = [naver, yahoo];
        let shares = &compare(&asset("stock"), &both, 0.001)[0];
        assert_eq!(
            days(shares),
            ["2026-09-11", "2026-09-15"],
            "before it began, and too far"
        );
        assert_eq!((shares.common, shares.both_right), (3, 1));
        assert_eq!(days(&compare(&asset("index"), &both, 0.001)[0]).len(), 3);
        let [_, yahoo] = both;
        let krx = closes("krx", &[("2026-09-14", 101.0)]);
        assert_eq!(
            days(&compare(&asset("stock"), &[yahoo, krx], 0.001)[0]).len(),
            1
        );
    }
}
