//! `healthcheck`: is the newest bar of every asset the one that should be there by now?

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::asset::Asset;
use crate::domain::calendar::Calendar;

/// The newest bar of an asset, among its sources in its own currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newest {
    /// Its day.
    pub(crate) date: NaiveDate,
    /// Whether it was fetched before its session's final time.
    pub(crate) is_provisional: bool,
}

/// How fresh an asset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Freshness {
    /// The newest bar is the expected one or newer.
    Ok,
    /// It is older.
    Stale,
    /// There is none.
    NoData,
}

impl Freshness {
    /// The name in the `status` column.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Stale => "STALE",
            Self::NoData => "NO_DATA",
        }
    }
}

/// One asset's result. The serialized fields are the columns of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Health {
    pub(crate) asset_id: String,
    pub(crate) name: String,
    /// What it is.
    pub(crate) category: &'static str,
    /// The session whose bar should be there.
    pub(crate) expected_date: Option<NaiveDate>,
    /// The newest bar's session.
    pub(crate) actual_date: Option<NaiveDate>,
    /// The verdict.
    pub(crate) status: Freshness,
    /// The sessions that are missing, or that the newest bar is provisional; empty when there is nothing to say.
    #[serde(skip)]
    pub(crate) remark: String,
}

/// Judges every asset as of its exchange's own `today`; up to `max_lag` missing sessions are let pass.
#[must_use]
pub(crate) fn check(
    assets: &[&Asset],
    newest: &HashMap<String, Newest>,
    today: impl Fn(&Calendar) -> NaiveDate,
    max_lag: usize,
) -> Vec<Health> {
    assets
        .iter()
        .map(|asset| {
            judge(
                asset,
                newest.get(asset.id.as_str()),
                today(&asset.calendar),
                max_lag,
            )
        })
        .collect()
}

fn judge(asset: &Asset, newest: Option<&Newest>, today: NaiveDate, max_lag: usize) -> Health {
    let expected = asset.calendar.previous_session(today);
    let (status, remark) = match (newest, expected) {
        (None, _) => (Freshness::NoData, "no bar in its own currency".to_owned()),
        (Some(newest), Some(expected)) if newest.date < expected => {
            lag(&asset.calendar, newest.date, expected, max_lag)
        }
        (Some(newest), _) if newest.is_provisional => {
            (Freshness::Ok, "the newest bar is provisional".to_owned())
        }
        (Some(_), _) => (Freshness::Ok, String::new()),
    };
    Health {
        asset_id: asset.id.to_string(),
        name: asset.name.clone(),
        category: asset.category.name(),
        expected_date: expected,
        actual_date: newest.map(|n| n.date),
        status,
        remark,
    }
}

fn lag(
    calendar: &Calendar,
    newest: NaiveDate,
    expected: NaiveDate,
    max_lag: usize,
) -> (Freshness, String) {
    /// So many missing sessions are named.
    const NAMED: usize = 5;
    let missing: Vec<String> = calendar
        .sessions(newest, expected)
        .filter(|d| *d > newest)
        .map(|d| d.to_string())
        .collect();
    let more = missing.len().saturating_sub(NAMED);
    let named = missing
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let status = if missing.len() <= max_lag {
        Freshness::Ok
    } else {
        Freshness::Stale
    };
    (
        status,
        format!("{} sessions are missing: {named}{more}", missing.len()),
    )
}
