//! The assets' way to the warehouse: before the bars, and once more where a foreign key misses one.

use std::sync::PoisonError;

use anyhow::Result;

use super::apart::send_apart;
use super::sender::Sender;
use super::shared::CHUNK_OF_RECORDS;
use crate::domain::outgoing::AssetRow;
use crate::domain::text::brief;
use crate::warehouse::TakenAssets;

/// So many characters of the ids of assets are said at most.
const LONGEST_LIST: usize = 300;

impl Sender<'_> {
    /// Sends the assets that the warehouse does not have as they are. Says whether there were any.
    ///
    /// # Errors
    /// What staging or the warehouse says.
    pub(super) fn send_assets(&mut self) -> Result<bool> {
        let assets = self.run.staging.pending_assets()?;
        for assets in assets.chunks(CHUNK_OF_RECORDS) {
            self.deliver_assets(assets)?;
        }
        Ok(!assets.is_empty())
    }

    /// After bars were refused because their asset is not there: whether the same again may help, since a collect beside this
    /// sync has brought new assets. `seen`: how often such ones had been sent before those bars.
    ///
    /// # Errors
    /// What staging or the warehouse says.
    pub(super) fn new_assets_came(&mut self, seen: u64) -> Result<bool> {
        let run = self.run;
        // In turn: they are sent once, for all connections.
        let mut sent = run
            .new_assets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *sent == seen && self.send_assets()? {
            *sent += 1;
        }
        Ok(*sent > seen)
    }

    /// As with bars, one asset that is refused does not keep the others back: it is noted, and tried again by the next sync.
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
                "where the assets' prices come from was not sent to asset_source, the next sync sends it: {failure}"
            );
            return self.run.staging.claim_assets(&written);
        }
        let ids = assets.iter().map(|asset| asset.asset_id.as_str());
        let others: Vec<&str> = ids.filter(|id| !written.iter().any(|w| w == id)).collect();
        if !others.is_empty() {
            log::info!(
                "the warehouse's asset_master has rows of its owner, which stay as they are: {}; `pricestash sync --take-over-assets` makes them those of the assets file",
                brief(&others.join(", "), LONGEST_LIST)
            );
        }
        self.run.staging.acknowledge_assets(assets, &written)
    }
}
