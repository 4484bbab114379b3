//! How far back a series must be asked for again.

use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::{OptionalExtension, params};

use super::Staging;
use super::stored::days;
use crate::asset::AssetId;
use crate::timestamp;
use crate::upstream::Window;

/// A session that is missing, or a provisional bar, is asked for again for so many days; so are days whose request was
/// lost, counted from when it was lost.
pub const HEALING_DAYS: u64 = 30;

/// How far back a series must be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The asset has no bar of any source yet.
    NothingStaged,
    /// To this day; `None` when the source has no bar.
    To(Option<NaiveDate>),
}

/// What a series should be asked for again at least.
#[derive(Debug, Clone, Copy)]
pub struct Lookback<'a> {
    /// So many of the newest stored final bars.
    pub overlap: u32,
    /// The sessions of the last [`HEALING_DAYS`] that are due, in order.
    pub recent: &'a [NaiveDate],
    /// The first of these days.
    pub since: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Staging {
    /// How far back a series must be asked for again: to overlap with stored sessions, to the oldest recent provisional
    /// bar, to the oldest recent session that it lacks and that is not waived, and to what was lost lately.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reach_back(
        &self,
        asset: &AssetId,
        source: &str,
        lookback: &Lookback<'_>,
    ) -> Result<Reach> {
        let connection = self.connection()?;
        let any: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1)")?
            .query_row(params![asset.as_str()], |r| r.get(0))?;
        if !any {
            return Ok(Reach::NothingStaged);
        }
        let lost_since = lookback.now - Days::new(HEALING_DAYS);
        let oldest: Option<String> = connection
            .prepare_cached(include_str!("reach_back.sql"))?
            .query_row(
                params![
                    asset.as_str(),
                    source,
                    lookback.overlap,
                    lookback.since.to_string(),
                    timestamp::to_text(lost_since)
                ],
                |r| r.get(0),
            )?;
        let Some(oldest) = oldest.and_then(|d| d.parse::<NaiveDate>().ok()) else {
            return Ok(Reach::To(None));
        };
        let mut statement = connection.prepare_cached(
            "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2
             UNION SELECT date FROM waiver WHERE asset_id = ?1",
        )?;
        let known = days(statement.query(params![asset.as_str(), source])?)?;
        let first_missing = lookback
            .recent
            .iter()
            .find(|d| known.first().is_some_and(|f| f < *d) && !known.contains(d));
        Ok(Reach::To(Some(
            first_missing.map_or(oldest, |d| oldest.min(*d)),
        )))
    }

    /// The nearest stored final bars beside a window that holds fewer than `least` of the series; `None` when it holds enough
    /// to compare with, or there are not so many beside it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn witnesses(
        &self,
        asset: &AssetId,
        source: &str,
        window: Window,
        least: u32,
    ) -> Result<Option<Window>> {
        let (start, end) = (window.start.to_string(), window.end.to_string());
        let connection = self.connection()?;
        let found: Option<(String, String)> = connection
            .prepare_cached(include_str!("witnesses.sql"))?
            .query_row(params![asset.as_str(), source, start, end, least], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()?;
        Ok(found.and_then(|(first, last)| {
            Some(Window {
                start: first.parse().ok()?,
                end: last.parse().ok()?,
            })
        }))
    }
}
