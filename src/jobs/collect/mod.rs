//! `collect`: ask an asset's sources in their order, check what they say, stage it.
//!
//! [`Collector::run`] hands the assets to workers, one for each host (`workers`). A worker asks an asset's sources until one
//! has bars (`asset`): it fetches a window in parts and again where that may help (`fetch`), leaves alone a host that does
//! not want to be asked (`unavailable_hosts`), and stages what came (`stage`). What that came to is an [`Outcome`].

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
    /// Collects the assets, each one's failure its own, then looks at the days that no asset of a calendar has.
    ///
    /// After a stop nothing more is asked for; what came is staged, and the assets that were not done have failed.
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
            log::error!("sessions without a bar could not be noted: {error:#}");
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

    /// Notes the sessions without a bar, and counts them with the other findings.
    fn judge_gaps(&self, staged: &[StagedSeries<'_>], outcomes: &mut [AssetOutcome]) -> Result<()> {
        let gaps = judge_closed_days(self.staging, staged, &self.job_id.to_string(), (self.now)())?;
        for outcome in outcomes {
            outcome.findings += gaps.get(outcome.asset_id.as_str()).copied().unwrap_or(0);
        }
        Ok(())
    }
}
