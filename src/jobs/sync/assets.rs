//! Sends the assets to the warehouse: before the bars, and again if a foreign key misses one.

use std::sync::PoisonError;

use anyhow::Result;

use super::apart::send_apart;
use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::domain::outgoing::AssetRow;
use crate::domain::text::brief;
use crate::warehouse::TakenAssets;

/// Longest list of asset ids in a message, in characters.
const LONGEST_LIST: usize = 300;

impl Sender<'_> {
    /// Sends the assets that the warehouse lacks or has in another form. Returns whether there were any.
    ///
    /// # Errors
    /// Errors of staging or the warehouse.
    pub(super) fn send_assets(&mut self) -> Result<bool> {
        let assets = self.run.staging.pending_assets()?;
        for assets in assets.chunks(CHUNK_OF_RECORDS) {
            self.deliver_assets(assets)?;
        }
        Ok(!assets.is_empty())
    }

    /// After bars were refused because their asset is missing there: whether a retry can help, because a concurrent
    /// collect has added assets. `seen`: how often new assets had been sent before those bars.
    ///
    /// # Errors
    /// Errors of staging or the warehouse.
    pub(super) fn new_assets_came(&mut self, seen: u64) -> Result<bool> {
        let run = self.run;
        // One connection at a time: new assets are sent once for all connections.
        let mut sent = run
            .new_assets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *sent == seen && self.send_assets()? {
            *sent += 1;
        }
        Ok(*sent > seen)
    }

    /// Like a bar, a refused asset does not hold up the others: it is recorded, and the next sync tries again.
    fn deliver_assets(&mut self, assets: &[AssetRow]) -> Result<()> {
        let run = self.run;
        let expected = run.database();
        send_apart(
            assets,
            &mut |assets| match self.ask(|w| w.upsert_assets(assets, expected.as_deref())) {
                Ok(taken) => {
                    run.recognise(&taken.warehouse)?;
                    self.settle_assets(assets, taken).map(Ok)
                }
                Err(failure) => Ok(Err(failure)),
            },
            &mut |asset, failure| {
                log::error!(asset = asset.asset_id; "the warehouse refuses an asset: {failure}");
                run.staging
                    .refuse_asset(&asset.asset_id, &failure.to_string())
            },
        )
    }

    fn settle_assets(&self, assets: &[AssetRow], taken: TakenAssets) -> Result<()> {
        let TakenAssets {
            written,
            without_sources,
            ..
        } = taken;
        if let Some(failure) = without_sources {
            log::warn!(
                "the assets' sources were not sent to asset_source; the next sync sends them: {failure}"
            );
            return self.run.staging.claim_assets(&written);
        }
        let ids = assets.iter().map(|asset| asset.asset_id.as_str());
        let others: Vec<&str> = ids.filter(|id| !written.iter().any(|w| w == id)).collect();
        if !others.is_empty() {
            log::info!(
                "asset_master in the warehouse has rows created by others, which stay unchanged: {}; `pricestash sync --take-over-assets` updates them from the assets file",
                brief(&others.join(", "), LONGEST_LIST)
            );
        }
        self.run.staging.acknowledge_assets(assets, &written)
    }
}
