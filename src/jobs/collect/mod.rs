//! `collect`: asks an asset's sources in order, checks the answers, stages them.
//!
//! [`Collector::run`] hands the assets to workers, one per host (`workers`). A worker asks an asset's sources until one
//! has bars (`asset`), fetches a window in parts with retries (`fetch`), skips hosts that refuse or do not answer
//! (`unavailable_hosts`), and stages the result (`stage`). The results form an [`Outcome`].

use anyhow::Result;

use crate::domain::asset::Asset;
use crate::domain::run::Problem;
use crate::staging::StagedSeries;

mod actions;
mod asset;
mod audit;
mod closed_days;
mod collector;
mod fetch;
mod outcome;
#[cfg(test)]
mod scale_tests;
mod series;
mod stage;
mod unavailable_hosts;
mod window;
mod workers;

use closed_days::judge_closed_days;
pub(crate) use collector::{Audit, Collector, Observer, Options};
use fetch::Fetcher;
pub(crate) use outcome::{AssetOutcome, Outcome, skipped};
pub(crate) use window::WindowArgs;

impl Collector<'_> {
    /// Collects the assets, so that one failure never affects another asset, then judges the days that no asset of a
    /// calendar has.
    ///
    /// After a stop no further requests are made; what arrived is staged, and unfinished assets count as failed.
    #[must_use]
    pub(crate) fn run(&self, assets: &[&Asset]) -> Outcome {
        let fetcher = Fetcher::new(self);
        let (outcomes, staged) = self.in_parallel(assets, &fetcher);
        if let Some(skipped) = skipped(&outcomes) {
            log::error!("{skipped}");
        }
        let mut outcome = Outcome {
            assets: outcomes,
            problems: Vec::new(),
        };
        if !self.options.dry_run
            && let Err(error) = self.judge_gaps(&staged, &mut outcome.assets)
        {
            let error = self.staging.explain(error);
            log::error!("cannot record sessions without a bar: {error:#}");
            outcome.problems.push(Problem::of_run(format!("{error:#}")));
        }
        match self.staging.suspects() {
            Ok(suspects) => {
                let is_suspect = |id: &str| suspects.iter().any(|f| f.asset_id == id);
                let assets = outcome.assets.iter_mut();
                assets
                    .filter(|a| is_suspect(&a.asset_id))
                    .for_each(AssetOutcome::suspect);
            }
            Err(error) => {
                let error = self.staging.explain(error);
                outcome.problems.push(Problem::of_run(format!("{error:#}")));
            }
        }
        outcome
    }

    /// Records the sessions without a bar and counts them with the other findings.
    fn judge_gaps(&self, staged: &[StagedSeries<'_>], outcomes: &mut [AssetOutcome]) -> Result<()> {
        let gaps = judge_closed_days(self.staging, staged, &self.job_id.to_string(), (self.now)())?;
        for outcome in outcomes {
            outcome.findings += gaps.get(outcome.asset_id.as_str()).copied().unwrap_or(0);
        }
        Ok(())
    }
}
