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

/// When series are compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audit {
    /// All of them in this run.
    Now,
    /// Each after so many days; 0: never.
    Every(u32),
}

/// How `collect` runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Which days.
    pub(crate) window: WindowArgs,
    /// Nothing is written.
    pub(crate) dry_run: bool,
    /// Provisional bars are not staged.
    pub(crate) final_only: bool,
    /// A series that came in another scale is read again as a whole.
    pub(crate) heal: bool,
    /// When series are compared as a whole.
    pub(crate) audit: Audit,
    /// Every source of an asset is asked, not only until one has bars.
    pub(crate) all_sources: bool,
    /// How often a request is tried.
    pub(crate) retry: RetryPolicy,
    /// How many hosts are asked at the same time at most; all when it is left out.
    pub(crate) jobs: Option<usize>,
}

/// Sees a run while it is under way.
pub(crate) trait Observer: Sync {
    /// An asset is begun.
    fn begun(&self, asset: &Asset);
    /// An asset is done.
    fn done(&self, outcome: &AssetOutcome);
}

/// What a run works with.
pub(crate) struct Collector<'a> {
    /// Where answers come from.
    pub(crate) feed: &'a dyn Feed,
    /// Where bars go.
    pub(crate) staging: &'a Staging,
    pub(crate) options: Options,
    pub(crate) job_id: Uuid,
    pub(crate) now: fn() -> DateTime<Utc>,
    /// How time passes between two tries.
    pub(crate) clock: &'a Clock,
    /// Whether to go on.
    pub(crate) stop: &'a Stop,
    /// Who looks on.
    pub(crate) observer: &'a dyn Observer,
}
