//! What a collect run works with.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::outcome::AssetOutcome;
use super::window::WindowArgs;
use crate::domain::asset::Asset;
use crate::process::clock::Clock;
use crate::process::retry::RetryPolicy;
use crate::process::stop::Stop;
use crate::sources::fetch::Feed;
use crate::staging::Staging;

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
    pub clock: &'a Clock,
    /// Whether to go on.
    pub stop: &'a Stop,
    /// Who looks on.
    pub observer: &'a dyn Observer,
}
