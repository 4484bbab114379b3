//! Outgoing rows for the warehouse, as read from staging.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::bar_values::Values;
use super::run::JobRun;
use super::timestamp;

/// A staged bar for the warehouse, in the revision that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingRow {
    /// Asset; consecutive rows share it.
    pub asset_id: Arc<str>,
    /// The session's day.
    pub date: NaiveDate,
    /// Source; shared likewise.
    pub source: Arc<str>,
    /// The bar's values.
    pub values: Values,
    /// When the bar was fetched.
    pub ingested_at: DateTime<Utc>,
    /// The revision that was read; only this one is acknowledged.
    pub revision: i64,
}

impl PendingRow {
    /// Its key in the file: asset, date, source.
    #[must_use]
    pub(crate) fn key(&self) -> [String; 3] {
        [
            self.asset_id.to_string(),
            self.date.to_string(),
            self.source.to_string(),
        ]
    }

    /// What distinguishes this row from another with its key: the ingest time and the values, as JSON.
    #[must_use]
    pub(crate) fn as_sent(&self) -> String {
        serde_json::json!([timestamp::to_text(self.ingested_at), self.values]).to_string()
    }
}

/// A retracted bar to remove from the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RetractedRow {
    pub(crate) asset_id: String,
    pub(crate) date: NaiveDate,
    pub(crate) source: String,
    pub(crate) values: Values,
    /// The fetch time; `None` if another program wrote an invalid one.
    pub(crate) ingested_at: Option<DateTime<Utc>>,
    /// When it was retracted, as text.
    pub(crate) retracted_at: String,
}

/// A row of `asset_master` for the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetRow {
    pub(crate) asset_id: String,
    pub(crate) name: String,
    pub(crate) category: String,
    /// The stored source names in the asset's own currency, best first, as a JSON list.
    pub(crate) source_priority: String,
    pub(crate) is_active: bool,
    pub(crate) currency: String,
    /// Its sources; empty if it is no longer configured.
    pub(crate) sources: Vec<AssetSource>,
    /// Sources removed from it that the warehouse may still have.
    pub(crate) removed: Vec<String>,
    /// Whether the warehouse's row is ours though nothing marks it there.
    pub(crate) is_claimed: bool,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// A row of the warehouse's `asset_source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetSource {
    /// Its stored name.
    pub(crate) source: String,
    /// Its position among the sources that can serve as the asset's price; `None` for one in another currency.
    pub(crate) priority: Option<i32>,
    /// Currency of its bars.
    pub(crate) currency: String,
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
}

/// A dividend, split or capital gain for the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// The day on which it takes effect.
    pub(crate) date: NaiveDate,
    /// `dividend`, `split` or `capital_gain`.
    pub(crate) kind: String,
    /// Amount per share, in `currency`.
    pub(crate) amount: Option<f64>,
    /// New shares of a split.
    pub(crate) numerator: Option<f64>,
    /// Old shares of a split.
    pub(crate) denominator: Option<f64>,
    pub(crate) currency: Option<String>,
    /// Why it counts in no factor.
    pub(crate) left_out: Option<String>,
    /// When these values were first reported.
    pub(crate) ingested_at: DateTime<Utc>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// The days for which a source has reported all actions of an asset, for the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CoverageRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    pub(crate) first_date: NaiveDate,
    pub(crate) last_date: NaiveDate,
    /// When they were last reported.
    pub(crate) told_at: DateTime<Utc>,
    /// The revision that was read.
    pub(crate) revision: i64,
}

/// A run for the warehouse, with those texts parsed for which the warehouse has types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutgoingRun {
    pub(crate) job_id: Uuid,
    pub(crate) started_at: DateTime<Utc>,
    /// When it ended; `None` while it is running.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// The run; only the revision that was read is acknowledged.
    pub(crate) run: JobRun,
}

/// What a sync will send, as far as a column may refuse it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OutgoingTexts {
    /// Whether an asset is pending, or none was staged yet.
    pub(crate) assets_wait: bool,
    /// Table, column and text, without duplicates.
    pub(crate) texts: Vec<(String, String, String)>,
}
