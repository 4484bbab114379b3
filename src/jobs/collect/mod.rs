//! `collect`: ask an asset's sources in their order, check what they say, stage it.
//!
//! [`Collector::run`] hands the assets to workers, one for each host (`workers`). A worker asks an asset's sources until one
//! has bars (`chain`): it fetches a window in parts and again where that may help (`fetch`), leaves alone a host that does
//! not want to be asked (`closed`), and stages what came (`stage`). What that came to is an [`Outcome`].

use anyhow::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::asset::Asset;
use crate::domain::run::Problem;
use crate::process::clock::Pace;
use crate::process::retry::RetryPolicy;
use crate::process::stop::Stop;
use crate::sources::fetch::Feed;
use crate::staging::{Attended, Staging};

mod asset;
mod closed_days;
mod fetch;
mod outcome;
mod stage;
mod unavailable_hosts;
mod window;
mod workers;

use closed_days::judge_closed_days;
use fetch::Fetcher;
pub use outcome::{AssetOutcome, Outcome};
pub use window::WindowArgs;

/// How `collect` runs.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which days.
    pub window: WindowArgs,
    /// Nothing is written.
    pub dry_run: bool,
    /// Provisional bars are not staged.
    pub final_only: bool,
    /// A series that came in another scale is read again as a whole.
    pub heal: bool,
    /// Every source of an asset is asked, not only until one has bars.
    pub all_sources: bool,
    /// How often a request is tried.
    pub retry: RetryPolicy,
    /// How many hosts are asked at the same time at most; all when it is left out.
    pub jobs: Option<usize>,
}

/// Sees a run while it is under way.
pub trait Observer: Sync {
    /// An asset is begun.
    fn begun(&self, asset: &Asset);
    /// An asset is done.
    fn done(&self, outcome: &AssetOutcome);
}

/// What a run works with.
pub struct Collector<'a> {
    /// Where answers come from.
    pub feed: &'a dyn Feed,
    /// Where bars go.
    pub staging: &'a Staging,
    /// How.
    pub options: Options,
    /// The run.
    pub job_id: Uuid,
    /// Now.
    pub now: fn() -> DateTime<Utc>,
    /// How time passes between two tries.
    pub pace: &'a Pace,
    /// Whether to go on.
    pub stop: &'a Stop,
    /// Who looks on.
    pub observer: &'a dyn Observer,
}

impl Collector<'_> {
    /// Collects the assets, each one's failure its own, then looks at the days that no asset of a calendar has.
    ///
    /// After a stop nothing more is asked for; what came is staged, and the assets that were not done have failed.
    #[must_use]
    pub fn run(&self, assets: &[&Asset]) -> Outcome {
        let fetcher = Fetcher::new(self);
        let (outcomes, attended) = self.in_parallel(assets, &fetcher);
        let mut outcome = Outcome {
            assets: outcomes,
            problems: Vec::new(),
        };
        if !self.options.dry_run
            && let Err(error) = self.judge_gaps(&attended, &mut outcome.assets)
        {
            let error = self.staging.explain(error);
            log::error!("sessions without a bar could not be noted: {error:#}");
            outcome.problems.push(Problem {
                asset_id: None,
                source: None,
                error: format!("{error:#}"),
            });
        }
        outcome
    }

    /// Notes the sessions without a bar, and counts them with the other findings.
    fn judge_gaps(&self, attended: &[Attended<'_>], outcomes: &mut [AssetOutcome]) -> Result<()> {
        let gaps = judge_closed_days(
            self.staging,
            attended,
            &self.job_id.to_string(),
            (self.now)(),
        )?;
        for outcome in outcomes {
            outcome.findings += gaps.get(outcome.asset_id.as_str()).copied().unwrap_or(0);
        }
        Ok(())
    }
}
