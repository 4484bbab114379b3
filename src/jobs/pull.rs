//! `pull`: an empty staging file is filled with what the warehouse has of the configured series.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::outgoing::PendingRow;
use crate::domain::pulled::{self, SeriesOrigin};
use crate::domain::run::Status;
use crate::staging::{Filling, Staging};
use crate::warehouse::Warehouse;

/// Bars in one question: a few megabytes.
const PAGE: i64 = 20_000;

/// What was taken from the warehouse. The fields are the columns of the result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Pulled {
    /// Bars that are staged now.
    pub(crate) bars: u64,
    /// The series that they make.
    pub(crate) series: u64,
    /// Dividends, splits and capital gains.
    pub(crate) actions: u64,
    /// Rows of the configured assets that are no bars.
    pub(crate) no_bars: u64,
    /// The first of them.
    #[serde(skip)]
    pub(crate) first_no_bar: Option<[String; 3]>,
    /// Series in another currency than assets.toml says, each with why.
    #[serde(skip)]
    pub(crate) other_currency: Vec<String>,
    /// Rows of sources that assets.toml does not name, by source.
    #[serde(skip)]
    pub(crate) not_named: BTreeMap<String, u64>,
}

impl Pulled {
    /// Partial where something that is configured could not be taken.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        match self.no_bars == 0 && self.other_currency.is_empty() {
            true => Status::Success,
            false => Status::PartialFailure,
        }
    }
}

/// Fills the file, which counts as sent to this warehouse.
///
/// # Errors
/// That the file is not empty, or what staging or the warehouse says; then nothing was taken.
pub(crate) fn pull(
    staging: &Staging,
    warehouse: &mut Warehouse,
    assets: &[Asset],
    now: DateTime<Utc>,
) -> Result<Pulled> {
    staging.put_assets(assets)?;
    staging.fill(|filling| {
        let ids: Vec<String> = assets.iter().map(|a| a.id.to_string()).collect();
        filling.put_table(&warehouse.find_table(None)?, now)?;
        let origins = warehouse.origins_of(&ids)?;
        let mut taker = Taker::new(assets, &origins);
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
    })
}

/// A configured series that bars are taken of.
struct Wanted<'a> {
    asset: &'a Asset,
    entry: &'a SourceEntry,
    origin: Option<&'a SeriesOrigin>,
    bars: u64,
}

/// Decides what is taken, and counts it.
struct Taker<'a> {
    /// By asset and source.
    wanted: HashMap<&'a str, HashMap<&'a str, Wanted<'a>>>,
    pulled: Pulled,
}

impl<'a> Taker<'a> {
    fn new(assets: &'a [Asset], origins: &'a [SeriesOrigin]) -> Self {
        let origins: HashMap<(&str, &str), &SeriesOrigin> = origins
            .iter()
            .map(|o| ((o.asset_id.as_str(), o.source.as_str()), o))
            .collect();
        let mut taker = Self {
            wanted: HashMap::new(),
            pulled: Pulled::default(),
        };
        for asset in assets {
            for entry in &asset.sources {
                let key = (asset.id.as_str(), entry.stored_as.as_str());
                let origin = origins.get(&key).copied();
                if let Some(other) = origin.filter(|o| o.currency != entry.currency) {
                    taker.pulled.other_currency.push(format!(
                        "{} from {} is in {} there, assets.toml says {}",
                        key.0, key.1, other.currency, entry.currency
                    ));
                }
                let wanted = Wanted {
                    asset,
                    entry,
                    origin,
                    bars: 0,
                };
                taker.wanted.entry(key.0).or_default().insert(key.1, wanted);
            }
        }
        taker
    }

    fn take(&mut self, row: PendingRow) -> Option<(PendingRow, bool)> {
        let of_asset = self.wanted.get_mut(&*row.asset_id);
        let Some(wanted) = of_asset.and_then(|of| of.get_mut(&*row.source)) else {
            *self
                .pulled
                .not_named
                .entry(row.source.to_string())
                .or_default() += 1;
            return None;
        };
        if wanted.is_in_other_currency() {
            return None;
        }
        let staged = pulled::staged(wanted.asset, row.date, row.values, row.ingested_at);
        let Some((values, is_final)) = staged else {
            self.pulled.no_bars += 1;
            self.pulled.first_no_bar.get_or_insert_with(|| row.key());
            return None;
        };
        self.pulled.series += u64::from(wanted.bars == 0);
        self.pulled.bars += 1;
        wanted.bars += 1;
        Some((PendingRow { values, ..row }, is_final))
    }

    /// Where the warehouse does not say what a series was fetched from, the next answer is compared by its closes alone.
    fn put_origins(&self, filling: &Filling<'_>) -> Result<()> {
        for wanted in self.wanted.values().flat_map(HashMap::values) {
            if let Some(origin) = wanted.origin.filter(|_| wanted.bars > 0) {
                filling.put_origin(origin)?;
            }
        }
        Ok(())
    }

    /// Takes the dividends and splits of the series that are wanted.
    fn take_actions(
        &mut self,
        warehouse: &mut Warehouse,
        ids: &[String],
        filling: &Filling<'_>,
    ) -> Result<()> {
        let is_wanted = |asset_id: &str, source: &str| {
            let wanted = self.wanted.get(asset_id).and_then(|of| of.get(source));
            wanted.is_some_and(|w| !w.is_in_other_currency())
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
        Ok(())
    }
}

impl Wanted<'_> {
    fn is_in_other_currency(&self) -> bool {
        self.origin
            .is_some_and(|o| o.currency != self.entry.currency)
    }
}
