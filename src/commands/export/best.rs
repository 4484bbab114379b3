//! The best bar of each day, adjusted and in another currency where that is asked for.

use std::collections::HashMap;

use anyhow::Result;
use chrono::NaiveDate;

use crate::commands::rates::{self, stored_rates};
use crate::config::ConfigError;
use crate::domain::adjustment::{Adjust, Factors};
use crate::domain::bar_values::Values;
use crate::domain::exchange::{Exchange, Rate, RateSeries};
use crate::staging::{Selection, Staging, StoredAsset, StoredBar, best_bars};

/// The chosen assets, and what `--in` asks for.
pub(super) struct Chosen {
    pub(super) assets: Vec<StoredAsset>,
    target: Option<Target>,
}

struct Target {
    currency: String,
    rates: Vec<RateSeries>,
}

impl Chosen {
    /// Reads the chosen assets, the currency and all stored rates. Refuses a currency that none of the assets can be
    /// converted to, before a file of empty prices replaces another.
    pub(super) fn read(
        staging: &Staging,
        selection: &Selection,
        currency: Option<&str>,
    ) -> Result<Self> {
        let mut assets = staging.stored_assets()?;
        let target = match currency {
            None => None,
            Some(text) => Some(Target {
                currency: rates::currency(text)?,
                rates: stored_rates(staging, &assets)?,
            }),
        };
        if !selection.assets.is_empty() {
            assets.retain(|a| selection.assets.contains(&a.asset_id));
        }
        if let Some(Target { currency, rates }) = &target {
            let ways = assets
                .iter()
                .map(|a| Exchange::between(&a.currency, currency, rates));
            let refused: Option<Vec<String>> = ways.map(Result::err).collect();
            if let Some(why) = refused.and_then(|all| all.into_iter().next()) {
                return Err(ConfigError(why).into());
            }
        }
        Ok(Self { assets, target })
    }

    /// The currency of an asset's exported prices; empty where it is not known.
    pub(super) fn currency<'a>(&'a self, asset: &'a StoredAsset) -> &'a str {
        self.target
            .as_ref()
            .map_or(asset.currency.as_str(), |t| &t.currency)
    }

    /// Whether prices are written as they were sent.
    pub(super) fn is_as_sent(&self, selection: &Selection) -> bool {
        self.target.is_none() && selection.adjust == Adjust::None
    }

    /// Gives the selected bars to `take`, one asset after the other, oldest first.
    pub(super) fn bars(
        &self,
        staging: &Staging,
        selection: &Selection,
        mut take: impl FnMut(&StoredAsset, BestBar<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut factors = match selection.adjust {
            Adjust::None => HashMap::new(),
            _ => staging.adjustments(None)?,
        };
        for asset in &self.assets {
            let spans = factors.remove(&asset.asset_id).unwrap_or_default();
            let factors = Factors::new(selection.adjust, spans);
            let exchange = self.exchange(asset);
            let series = staging.stored_series(&asset.asset_id, None)?;
            for (source, stored) in best_bars(&series, &asset.own_sources(&series)) {
                if !selection.has(source, stored.date) {
                    continue;
                }
                let adjusted = factors.adjusted(stored.date, stored.values);
                let rate = exchange.as_ref().and_then(|e| e.at(stored.date));
                let values = match self.target {
                    None => adjusted,
                    Some(_) => rate
                        .as_ref()
                        .zip(adjusted)
                        .map(|(rate, values)| values.times(rate.factor)),
                };
                let is_final = stored.is_final && rate.as_ref().is_none_or(|r| r.is_final);
                let bar = BestBar {
                    source,
                    stored,
                    values,
                    is_final,
                    rate,
                };
                take(asset, bar)?;
            }
        }
        Ok(())
    }

    /// The way to the currency that is asked for; `None` where there is none, which is said.
    fn exchange(&self, asset: &StoredAsset) -> Option<Exchange<'_>> {
        let Target { currency, rates } = self.target.as_ref()?;
        Exchange::between(&asset.currency, currency, rates)
            .inspect_err(
                |why| log::warn!(asset = asset.asset_id.as_str(); "prices are empty: {why}"),
            )
            .ok()
    }
}

/// A bar that stands for its day.
pub(super) struct BestBar<'a> {
    pub(super) source: &'a str,
    pub(super) stored: &'a StoredBar,
    /// What is exported; none where the rate or the factor of the adjustment is not known.
    pub(super) values: Option<Values>,
    /// A price is no more final than its rate.
    pub(super) is_final: bool,
    /// Of `--in`.
    pub(super) rate: Option<Rate>,
}

impl BestBar<'_> {
    pub(super) fn date(&self) -> NaiveDate {
        self.stored.date
    }
}
