//! `pull`: fills an empty staging file with what the warehouse has of the configured series.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::ConfigError;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::outgoing::PendingRow;
use crate::domain::pulled::{self, SeriesOrigin};
use crate::domain::run::Status;
use crate::staging::{Filling, Staging};
use crate::warehouse::Warehouse;

/// Bars per query: a few megabytes.
const PAGE: i64 = 20_000;

/// What was pulled. The fields are the columns of the result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Pulled {
    /// Staged bars.
    pub(crate) bars: u64,
    /// Their series.
    pub(crate) series: u64,
    /// Dividends, splits and capital gains.
    pub(crate) actions: u64,
    /// Rows of the configured assets that are not valid bars.
    pub(crate) no_bars: u64,
    /// The first of them.
    #[serde(skip)]
    pub(crate) first_no_bar: Option<[String; 3]>,
    /// Rows of series whose currency the warehouse does not know.
    pub(crate) unknown_currency: u64,
    /// Rows of sources that assets.toml does not list, by source.
    #[serde(skip)]
    pub(crate) not_named: BTreeMap<String, u64>,
    /// The assets that assets.toml does not list.
    #[serde(skip)]
    pub(crate) other_assets: Vec<String>,
}

impl Pulled {
    /// Partial if something configured could not be pulled.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        match self.no_bars == 0 && self.unknown_currency == 0 {
            true => Status::Success,
            false => Status::PartialFailure,
        }
    }
}

/// Fills the file; its rows count as sent to this warehouse.
///
/// # Errors
/// If the file is not empty; [`ConfigError`] for a series with another symbol or currency than assets.toml says; or
/// errors of staging or the warehouse. Then nothing was pulled.
pub(crate) fn pull(
    staging: &Staging,
    warehouse: &mut Warehouse,
    assets: &[Asset],
    now: DateTime<Utc>,
) -> Result<Pulled> {
    warehouse.check_is_table()?;
    let pulled = staging.fill(|filling| {
        let ids: Vec<String> = assets.iter().map(|a| a.id.to_string()).collect();
        filling.put_table(&warehouse.find_table(None)?, now)?;
        let origins = warehouse.origins_of(&ids)?;
        let mut taker = Taker::new(assets, &origins, now)?;
        taker.pulled.no_bars = warehouse.count_out_of_time(&ids)?;
        let others = warehouse.asset_ids()?.into_iter();
        taker.pulled.other_assets = others.filter(|id| !ids.contains(id)).collect();
        let mut last: Option<PendingRow> = None;
        loop {
            let page = warehouse.bars_after(&ids, last.as_ref(), PAGE)?;
            let Some(end) = page.last() else { break };
            last = Some(end.clone());
            let bars: Vec<_> = page.into_iter().filter_map(|row| taker.take(row)).collect();
            filling.put_bars(&bars)?;
        }
        taker.put_origins(filling)?;
        taker.take_actions(warehouse, &ids, filling)?;
        Ok(taker.pulled)
    })?;
    staging.put_assets(assets)?;
    Ok(pulled)
}

/// A configured series to pull.
struct Wanted<'a> {
    /// What it was fetched from; `None` if the warehouse does not know.
    origin: Option<&'a SeriesOrigin>,
    bars: u64,
}

/// Decides what to pull, and counts it.
struct Taker<'a> {
    now: DateTime<Utc>,
    assets: HashMap<&'a str, &'a Asset>,
    /// By asset and source.
    wanted: HashMap<&'a str, HashMap<&'a str, Wanted<'a>>>,
    /// The series with pulled bars.
    series: BTreeSet<(String, String)>,
    pulled: Pulled,
}

impl<'a> Taker<'a> {
    fn new(
        assets: &'a [Asset],
        origins: &'a [SeriesOrigin],
        now: DateTime<Utc>,
    ) -> Result<Self, ConfigError> {
        let origins: HashMap<(&str, &str), &SeriesOrigin> = origins
            .iter()
            .map(|o| ((o.asset_id.as_str(), o.source.as_str()), o))
            .collect();
        let mut wanted: HashMap<&str, HashMap<&str, Wanted<'_>>> = HashMap::new();
        for asset in assets {
            for entry in &asset.sources {
                let key = (asset.id.as_str(), entry.stored_as.as_str());
                let origin = origins.get(&key).copied();
                if let Some(other) = origin {
                    check_origin(entry, other)?;
                }
                let series = Wanted { origin, bars: 0 };
                wanted.entry(key.0).or_default().insert(key.1, series);
            }
        }
        Ok(Self {
            now,
            assets: assets.iter().map(|a| (a.id.as_str(), a)).collect(),
            wanted,
            series: BTreeSet::new(),
            pulled: Pulled::default(),
        })
    }

    fn take(&mut self, row: PendingRow) -> Option<(PendingRow, bool)> {
        let asset = self.assets.get(&*row.asset_id).copied()?;
        let of_asset = self.wanted.get_mut(&*row.asset_id);
        let mut wanted = of_asset.and_then(|of| of.get_mut(&*row.source));
        match &wanted {
            _ if pulled::is_of_files(&row.source) => {}
            None => {
                let not_named = &mut self.pulled.not_named;
                *not_named.entry(row.source.to_string()).or_default() += 1;
                return None;
            }
            Some(wanted) if wanted.origin.is_none() => {
                self.pulled.unknown_currency += 1;
                return None;
            }
            Some(_) => {}
        }
        let staged = pulled::staged(asset, row.date, row.values, row.ingested_at, self.now);
        let Some((values, is_final)) = staged else {
            self.pulled.no_bars += 1;
            self.pulled.first_no_bar.get_or_insert_with(|| row.key());
            return None;
        };
        self.pulled.bars += 1;
        if let Some(wanted) = &mut wanted {
            wanted.bars += 1;
        }
        let series = (row.asset_id.to_string(), row.source.to_string());
        self.series.insert(series);
        Some((PendingRow { values, ..row }, is_final))
    }

    /// Records what the series were fetched from, so that no other symbol or currency slips into them.
    fn put_origins(&self, filling: &Filling<'_>) -> Result<()> {
        for wanted in self.wanted.values().flat_map(HashMap::values) {
            if let Some(origin) = wanted.origin.filter(|_| wanted.bars > 0) {
                filling.put_origin(origin)?;
            }
        }
        Ok(())
    }

    /// Pulls the dividends and splits of the wanted series.
    fn take_actions(
        &mut self,
        warehouse: &mut Warehouse,
        ids: &[String],
        filling: &Filling<'_>,
    ) -> Result<()> {
        let is_wanted = |asset_id: &str, source: &str| {
            let wanted = self.wanted.get(asset_id).and_then(|of| of.get(source));
            wanted.is_some_and(|w| w.origin.is_some())
        };
        let mut actions = 0;
        for row in warehouse.actions_of(ids)? {
            if is_wanted(&row.asset_id, &row.source) {
                filling.put_action(&row)?;
                actions += 1;
            }
        }
        for row in warehouse.coverage_of(ids)? {
            if is_wanted(&row.asset_id, &row.source) {
                filling.put_coverage(&row)?;
            }
        }
        self.pulled.actions = actions;
        self.pulled.series = self.series.len() as u64;
        Ok(())
    }
}

/// Refuses a series of another currency or symbol: it would be mistaken for what assets.toml says, here and after the
/// next sync there.
fn check_origin(entry: &SourceEntry, origin: &SeriesOrigin) -> Result<(), ConfigError> {
    let SeriesOrigin {
        asset_id,
        source,
        symbol,
        currency,
    } = origin;
    if *currency == entry.currency && *symbol == entry.symbol {
        return Ok(());
    }
    Err(ConfigError(format!(
        "{asset_id} from {source} is {symbol} in {currency} in PostgreSQL, but {} in {} in assets.toml: correct assets.toml or give \
         the asset another id",
        entry.symbol, entry.currency
    )))
}
