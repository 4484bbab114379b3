//! The inputs of a collect run.

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

/// When series are compared in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audit {
    /// All of them in this run.
    Now,
    /// Each after this many days; 0 means never.
    Every(u32),
}

/// Options of `collect`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) window: WindowArgs,
    /// Write nothing.
    pub(crate) dry_run: bool,
    /// Do not stage provisional bars.
    pub(crate) final_only: bool,
    /// Reread a series in full if it arrives in another scale.
    pub(crate) heal: bool,
    /// When to compare series in full.
    pub(crate) audit: Audit,
    /// Ask every source of an asset instead of stopping at the first one with bars.
    pub(crate) all_sources: bool,
    /// Retries of a request.
    pub(crate) retry: RetryPolicy,
    /// Most hosts asked at the same time; `None` means all.
    pub(crate) jobs: Option<usize>,
}

/// Watches a run in progress.
pub(crate) trait Observer: Sync {
    /// An asset was started.
    fn begun(&self, asset: &Asset);
    /// An asset was finished.
    fn done(&self, outcome: &AssetOutcome);
}

/// Everything that a run works with.
pub(crate) struct Collector<'a> {
    /// Source of answers.
    pub(crate) feed: &'a dyn Feed,
    /// Store of bars.
    pub(crate) staging: &'a Staging,
    pub(crate) options: Options,
    pub(crate) job_id: Uuid,
    pub(crate) now: fn() -> DateTime<Utc>,
    /// Time between tries.
    pub(crate) clock: &'a Clock,
    /// Whether to stop.
    pub(crate) stop: &'a Stop,
    /// Watches the run.
    pub(crate) observer: &'a dyn Observer,
}
