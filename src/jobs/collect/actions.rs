//! Dividends and splits of assets whose price source does not list them.

use anyhow::Result;

use super::collector::{Audit, Collector};
use super::fetch::AssetFetcher;
use super::outcome::AssetProgress;
use super::series::Series;
use crate::domain::asset::{Asset, Category, SourceEntry};
use crate::sources::fetch::FetchError;
use crate::sources::{Upstream, endpoints};
use crate::staging::StagedSeries;

impl Collector<'_> {
    /// Asks a source that lists dividends and splits for those of the whole series. This takes one more request, made
    /// only if this run compared or reread the series in full and its own source lists none. A failure is reported, and
    /// retried at the series' next turn.
    pub(super) fn ask_for_actions(
        &self,
        asset: &Asset,
        staged: &[StagedSeries<'_>],
        fetcher: AssetFetcher<'_>,
        progress: &mut AssetProgress,
    ) -> Result<()> {
        let is_due = progress.is_read_whole || self.options.audit == Audit::Now;
        let (Some(window), false) = (progress.window, self.options.dry_run) else {
            return Ok(());
        };
        if !is_due || staged.is_empty() || asset.category == Category::Crypto || self.stop.is_set()
        {
            return Ok(());
        }
        let Some((entry, upstream)) = teller(asset, staged) else {
            return Ok(());
        };
        let series = Series {
            asset,
            entry,
            upstream,
            asked_at: self.feed.asked_at(upstream, &entry.symbol),
        };
        match fetcher.fetch(series, window) {
            Ok(fetched) if fetched.lost.is_empty() => {
                let (told, job_id) = (&fetched.checked.actions, self.job_id.to_string());
                progress.findings +=
                    self.staging
                        .stage_actions(asset, entry, told, &job_id, (self.now)())?;
            }
            Ok(_) | Err(FetchError::NoRecording(_)) => {}
            Err(error) => progress.warn(
                series.endpoint(),
                format!("cannot fetch its dividends and splits: {error}"),
            ),
        }
        Ok(())
    }
}

/// The first source in the asset's own currency that lists dividends and splits; `None` if there is none, or if it was
/// already asked for the prices.
fn teller<'a>(
    asset: &'a Asset,
    staged: &[StagedSeries<'_>],
) -> Option<(&'a SourceEntry, &'static dyn Upstream)> {
    let mut own = asset
        .sources
        .iter()
        .filter(|s| s.currency == asset.currency);
    let found = own.find_map(|entry| {
        let mut endpoints = endpoints(entry.kind).into_iter();
        Some((entry, endpoints.find(|e| e.tells_actions())?))
    });
    // A source that was asked second, for some sessions only, has reported the actions of those only.
    let served = staged.first().map(|s| s.source);
    found.filter(|(entry, _)| served != Some(entry.stored_as.as_str()))
}
