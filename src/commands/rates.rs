//! `--in`: converts prices to another currency with the stored rates.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::config::ConfigError;
use crate::domain::currency::read_currency;
use crate::domain::exchange::{RateSeries, StoredRate, pair_of};
use crate::domain::finding::Rule;
use crate::staging::{Staging, StoredAsset, StoredFinding, best_bars};

/// The currency named by `--in`.
pub(super) fn currency(text: &str) -> Result<String> {
    let read = read_currency(text).or_else(|why| {
        let upper = text.to_ascii_uppercase();
        read_currency(&upper).map_err(|_| why)
    });
    Ok(read.map_err(|why| ConfigError(format!("--in: {why}")))?)
}

/// The stored series of rates: assets of category fx whose source names their currency pair. Only sources that name
/// this same pair count.
pub(super) fn stored_rates(staging: &Staging, assets: &[StoredAsset]) -> Result<Vec<RateSeries>> {
    let mut rates = Vec::new();
    for asset in assets.iter().filter(|a| a.category == "fx") {
        let own = asset.sources.iter().filter(|s| s.own_currency);
        let pairs: BTreeMap<&str, (String, String)> = own
            .filter_map(|s| Some((s.source.as_str(), pair_of(&s.source, &s.symbol)?)))
            .filter(|(_, (_, quote))| *quote == asset.currency)
            .collect();
        let series = staging.stored_series(&asset.asset_id, None)?;
        let mut sources = asset.own_sources(&series);
        let first = sources.iter().find_map(|source| pairs.get(source));
        let Some((base, quote)) = first else {
            continue;
        };
        sources.retain(|source| pairs.get(source) == first);
        let findings = staging.stored_findings(&asset.asset_id)?;
        // Currencies do not split: a series that was rescaled as a whole is as doubtful as one that mixes two scales.
        let is_rebased = |f: &StoredFinding| f.rule.parse().is_ok_and(|r: Rule| r == Rule::Rebased);
        let doubtful = findings.iter().filter(|f| f.is_suspect() || is_rebased(f));
        let suspects: BTreeSet<&str> = doubtful.map(|f| f.source.as_str()).collect();
        let best = best_bars(&series, &sources).into_iter();
        rates.push(RateSeries {
            asset_id: asset.asset_id.clone(),
            base: base.clone(),
            quote: quote.clone(),
            rates: best
                .map(|(source, bar)| {
                    let rate = StoredRate {
                        close: bar.values.close,
                        is_final: bar.is_final,
                        is_suspect: suspects.contains(source),
                    };
                    (bar.date, rate)
                })
                .collect(),
        });
    }
    rates.retain(|r| !r.rates.is_empty());
    Ok(rates)
}
