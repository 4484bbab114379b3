//! `--in`: prices in another currency, by the stored rates.

use anyhow::Result;

use crate::config::ConfigError;
use crate::domain::currency::read_currency;
use crate::domain::exchange::{RateSeries, pair_of};
use crate::staging::{Staging, StoredAsset, best_bars};

/// The currency that `--in` names.
pub(super) fn currency(text: &str) -> Result<String> {
    let read = read_currency(text).or_else(|why| {
        let upper = text.to_ascii_uppercase();
        read_currency(&upper).map_err(|_| why)
    });
    Ok(read.map_err(|why| ConfigError(format!("--in: {why}")))?)
}

/// The series of rates that are stored: the assets of the category fx whose source tells which currencies they are of.
pub(super) fn stored_rates(staging: &Staging, assets: &[StoredAsset]) -> Result<Vec<RateSeries>> {
    let mut rates = Vec::new();
    for asset in assets.iter().filter(|a| a.category == "fx") {
        let mut pairs = asset.sources.iter().filter(|s| s.own_currency);
        let pair = pairs.find_map(|s| {
            pair_of(&s.source, &s.symbol).filter(|(_, quote)| *quote == asset.currency)
        });
        let Some((base, quote)) = pair else {
            continue;
        };
        let series = staging.stored_series(&asset.asset_id, None)?;
        let best = best_bars(&series, &asset.own_sources(&series));
        rates.push(RateSeries {
            asset_id: asset.asset_id.clone(),
            base,
            quote,
            rates: best
                .into_iter()
                .map(|(_, bar)| (bar.date, bar.values.close))
                .collect(),
        });
    }
    rates.retain(|r| !r.rates.is_empty());
    Ok(rates)
}
