//! How far back a series must be asked for again.

use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::gaps::accepted_days;
use super::stored::{days, days_since, first_day};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::finding::Rule;
use crate::domain::timestamp;
use crate::staging::Staging;

/// A session that is missing, or a provisional bar, is asked for again for so many days; so are days whose request was
/// lost, counted from when it was lost.
pub(crate) const HEALING_DAYS: u64 = 30;

/// How far back a series must be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The series has no bar yet, whatever the asset's other series have.
    NothingStaged,
    /// To this day; `None` when nothing of it needs to be asked for again.
    To(Option<NaiveDate>),
}

/// What a series should be asked for again at least.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookback<'a> {
    /// So many of the newest stored final bars.
    pub(crate) overlap: u32,
    /// The sessions of the last [`HEALING_DAYS`] that are due, in order.
    pub(crate) recent: &'a [NaiveDate],
    /// The first of these days.
    pub(crate) since: NaiveDate,
    pub(crate) now: DateTime<Utc>,
}

impl Staging {
    /// How far back a series must be asked for again: to overlap with stored sessions, to the oldest recent provisional
    /// bar, to the oldest recent session that it lacks and that is not waived, and to what was lost lately.
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

    /// Whether a series has the final bars of all these days, waived ones excepted, and at least `newer` that are newer than
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

/// The oldest bar that a series with bars must be asked for again.
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
