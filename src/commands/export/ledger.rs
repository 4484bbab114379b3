//! `--format ledger|beancount`: the closes as directives of a ledger.

use std::collections::HashMap;
use std::io::{BufWriter, Write};

use anyhow::Result;

use super::best::Chosen;
use crate::commands::context::read_assets;
use crate::config::{Config, ConfigError};
use crate::domain::price_list::{Price, PriceList};
use crate::output::numbers::first_five;
use crate::staging::{Selection, Staging, StoredAsset};

/// What each chosen asset is called in the ledger.
pub(super) struct Commodities(HashMap<String, String>);

impl Commodities {
    /// The `commodity` of the assets file, else the id.
    ///
    /// # Errors
    /// [`ConfigError`] that names the assets of which neither is legal, or two that would be one commodity in one currency.
    pub(super) fn read(list: PriceList, chosen: &Chosen, config: &Config) -> Result<Self> {
        let assets = read_assets(&config.assets_file)?;
        let given = |asset: &StoredAsset| {
            let configured = assets.iter().find(|a| a.id.as_str() == asset.asset_id);
            configured.and_then(|a| a.commodity.clone())
        };
        let mut names = HashMap::new();
        let mut taken: HashMap<(String, &str), &str> = HashMap::new();
        let mut illegal = Vec::new();
        for asset in &chosen.assets {
            let name = given(asset).unwrap_or_else(|| asset.asset_id.clone());
            let Some(commodity) = list.commodity(&name) else {
                illegal.push(asset.asset_id.as_str());
                continue;
            };
            let currency = chosen.currency(asset);
            if let Some(other) = taken.insert((commodity.clone(), currency), &asset.asset_id) {
                let id = &asset.asset_id;
                return Err(ConfigError(format!(
                    "{other} and {id} would both be the commodity {commodity} in {currency}; choose one with --assets, or \
                     give one another `commodity` in {}",
                    config.assets_file.display()
                ))
                .into());
            }
            names.insert(asset.asset_id.clone(), commodity);
        }
        if !illegal.is_empty() {
            return Err(ConfigError(format!(
                "no legal commodity names: {}. Add a line like commodity = \"SAMSUNG\" to each in {}, or choose other assets \
                 with --assets",
                first_five(&illegal),
                config.assets_file.display()
            ))
            .into());
        }
        Ok(Self(names))
    }
}

/// Writes the closes; says how many there are. A comment says which may change or may be wrong.
pub(super) fn write(
    staging: &Staging,
    selection: &Selection,
    chosen: &Chosen,
    (list, commodities): (PriceList, &Commodities),
    to: &mut dyn Write,
) -> Result<u64> {
    let mut to = BufWriter::new(to);
    let mut count = 0;
    let mut current = String::new();
    let is_as_sent = chosen.is_as_sent(selection);
    chosen.bars(staging, selection, |asset, bar| {
        let id = &asset.asset_id;
        let currency = chosen.currency(asset);
        let is_first = current != *id;
        if is_first {
            current.clone_from(id);
            if currency.is_empty() {
                log::warn!(asset = id.as_str(); "left out: its currency is unknown");
            } else if staging.stored_findings(id)?.iter().any(|f| f.is_suspect()) {
                writeln!(
                    to,
                    "; {id} is suspect, it may mix two scales: pricestash status --findings"
                )?;
            }
        }
        let (Some(commodity), Some(values)) = (commodities.0.get(id), bar.values) else {
            return Ok(());
        };
        if currency.is_empty() {
            return Ok(());
        }
        if !bar.is_final {
            writeln!(to, "; the next price is provisional")?;
        }
        if let Some(rate) = bar.rate.as_ref().filter(|rate| rate.is_suspect) {
            writeln!(to, "; the next price is by {}", rate.named)?;
        }
        let price = match is_as_sent {
            true => Price::sent(values.close, currency),
            false => Price::computed(values.close, currency),
        };
        writeln!(to, "{}", list.directive(bar.date(), commodity, &price))?;
        count += 1;
        Ok(())
    })?;
    to.flush()?;
    Ok(count)
}
