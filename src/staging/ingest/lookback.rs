//! How far back a series must be fetched again.

use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::gaps::accepted_days;
use super::stored::{days, days_since, first_day};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::finding::Rule;
use crate::domain::timestamp;
use crate::staging::Staging;

/// A missing session or a provisional bar is fetched again for this many days; so are days whose request was lost,
/// counted from the loss.
pub(crate) const HEALING_DAYS: u64 = 30;

/// How far back a series must be fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The series has no bar yet, whatever the asset's other series have.
    NothingStaged,
    /// To this day; `None` if nothing needs to be fetched again.
    To(Option<NaiveDate>),
}

/// What to fetch again of a series at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookback<'a> {
    /// This many of the newest stored final bars.
    pub(crate) overlap: u32,
    /// The due sessions of the last [`HEALING_DAYS`], in order.
    pub(crate) recent: &'a [NaiveDate],
    /// The first of these days.
    pub(crate) since: NaiveDate,
    pub(crate) now: DateTime<Utc>,
}

impl Staging {
    /// How far back a series must be fetched again: to overlap with stored sessions, to cover the oldest recent
    /// provisional bar and the oldest recent missing session that is not waived, and to cover recently lost parts.
    pub(crate) fn reach_back(
        &self,
        asset: &Asset,
        source: &str,
        lookback: &Lookback<'_>,
    ) -> Result<Reach> {
        let connection = self.connection()?;
        let id = asset.id.as_str();
        let first = first_day(&connection, id, source)?;
        let Some(first) = first else {
            return Ok(Reach::NothingStaged);
        };
        let oldest = oldest(&connection, id, source, lookback)?;
        let known = days_since(&connection, id, source, lookback.since)?;
        let waived = accepted_days(&connection, &asset.id, source)?;
        let is_missing =
            |day: &&NaiveDate| first < **day && !known.contains(*day) && !waived.contains(*day);
        let first_missing = lookback.recent.iter().find(is_missing).copied();
        Ok(Reach::To(oldest.into_iter().chain(first_missing).min()))
    }

    /// Whether a series has final bars for all these days except waived ones, and at least `newer` final bars after
    /// `end`.
    pub(crate) fn is_settled(
        &self,
        asset: &AssetId,
        source: &str,
        due: &[NaiveDate],
        end: NaiveDate,
        newer: u32,
    ) -> Result<bool> {
        let due = serde_json::Value::from_iter(due.iter().map(ToString::to_string)).to_string();
        let row = params![asset.as_str(), source, due, end.to_string(), newer];
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(include_str!("settled.sql"))?;
        Ok(statement.query_row(row, |r| r.get(0))?)
    }
}

/// The oldest bar that must be fetched again for a series with bars.
fn oldest(
    connection: &Connection,
    asset: &str,
    source: &str,
    lookback: &Lookback<'_>,
) -> Result<Option<NaiveDate>> {
    let lost_since = lookback.now - Days::new(HEALING_DAYS);
    let mut statement = connection.prepare_cached(include_str!("reach_back.sql"))?;
    let oldest = days(statement.query(params![
        asset,
        source,
        lookback.overlap,
        lookback.since.to_string(),
        timestamp::to_text(lost_since),
        Rule::DateGap.to_string(),
    ])?)?;
    Ok(oldest.first().copied())
}
