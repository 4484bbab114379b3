//! Rows on their way out to the warehouse, as they were read from staging.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::bar_values::Values;
use super::run::JobRun;
use super::timestamp;

/// A staged bar on its way to the warehouse, in the revision that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRow {
    /// Asset; rows that follow one another share it.
    pub asset_id: Arc<str>,
    /// The session's day.
    pub date: NaiveDate,
    /// Source; shared likewise.
    pub source: Arc<str>,
    /// What the bar says.
    pub values: Values,
    /// When the bar was fetched.
    pub ingested_at: DateTime<Utc>,
    /// The revision that was read; only this one is acknowledged.
    pub revision: i64,
}

impl PendingRow {
    /// Its key as it stands in the file: asset, date, source.
    #[must_use]
    pub(crate) fn key(&self) -> [String; 3] {
        [
            self.asset_id.to_string(),
            self.date.to_string(),
            self.source.to_string(),
        ]
    }

    /// What tells this row from another one of its key: the ingest time and the values, as JSON.
    #[must_use]
    pub(crate) fn as_sent(&self) -> String {
        serde_json::json!([timestamp::to_text(self.ingested_at), self.values]).to_string()
    }
}

/// A bar that the owner took back, on its way out of the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RetractedRow {
    pub(crate) asset_id: String,
    /// The session's day.
    pub(crate) date: NaiveDate,
    pub(crate) source: String,
    /// What the bar said.
    pub(crate) values: Values,
    /// When it was fetched; `None` where another program wrote what is no time.
    pub(crate) ingested_at: Option<DateTime<Utc>>,
    /// When it was taken back, as it is written.
    pub(crate) retracted_at: String,
}

/// A row of `asset_master` on its way to the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetRow {
    pub(crate) asset_id: String,
    pub(crate) name: String,
    /// Its category.
    pub(crate) category: String,
    /// The stored source names in the asset's own currency, best first, as a JSON list.
    pub(crate) source_priority: String,
    /// Whether it is collected.
    pub(crate) is_active: bool,
    /// Its own currency.
    pub(crate) currency: String,
    /// Its sources; none where it is no longer configured.
    pub(crate) sources: Vec<AssetSource>,
    /// Sources that left it and may stand in the warehouse.
    pub(crate) removed: Vec<String>,
    /// Whether the warehouse's row is ours, though nothing says so there.
    pub(crate) is_claimed: bool,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// A row of the warehouse's `asset_source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetSource {
    /// Its stored name.
    pub(crate) source: String,
    /// Its place among the sources that may stand for the asset's price; `None` for one in another currency.
    pub(crate) priority: Option<i32>,
    /// What its bars are in.
    pub(crate) currency: String,
    /// What it calls the asset.
    pub(crate) symbol: String,
}

/// A dividend, split or capital gain on its way to the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// The day on which it takes effect.
    pub(crate) date: NaiveDate,
    /// `dividend`, `split` or `capital_gain`.
    pub(crate) kind: String,
    /// What is paid for a share, in `currency`.
    pub(crate) amount: Option<f64>,
    /// New shares of a split.
    pub(crate) numerator: Option<f64>,
    /// Old shares of a split.
    pub(crate) denominator: Option<f64>,
    pub(crate) currency: Option<String>,
    /// Why it counts in no factor.
    pub(crate) left_out: Option<String>,
    /// When these values were told first.
    pub(crate) ingested_at: DateTime<Utc>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// The days of which a source has told all actions of an asset, on their way to the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CoverageRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    pub(crate) first_date: NaiveDate,
    pub(crate) last_date: NaiveDate,
    /// When they were told last.
    pub(crate) told_at: DateTime<Utc>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// A run on its way to the warehouse, with those of its texts read for which the warehouse has types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutgoingRun {
    /// Its id.
    pub(crate) job_id: Uuid,
    /// When it began.
    pub(crate) started_at: DateTime<Utc>,
    /// When it ended; `None` while it is under way.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// The run; only the revision that was read is acknowledged.
    pub(crate) run: JobRun,
}

/// What a sync will send, as far as a column may refuse it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OutgoingTexts {
    /// Whether an asset waits, or none was staged yet.
    pub(crate) assets_wait: bool,
    /// Table, column and text, each once.
    pub(crate) texts: Vec<(String, String, String)>,
}
