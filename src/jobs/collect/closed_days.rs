//! Judges sessions that all series of a calendar lack, once the run knows all of them.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::staging::{StagedSeries, Staging};

/// Judges the missing sessions of all series of a run. Returns how many each asset has.
pub(super) fn judge_closed_days<'a>(
    staging: &Staging,
    staged: &[StagedSeries<'a>],
    job_id: &str,
    now: DateTime<Utc>,
) -> Result<HashMap<&'a str, u64>> {
    let mut by_calendar: BTreeMap<&str, Vec<&StagedSeries<'a>>> = BTreeMap::new();
    for series in staged {
        let calendar = series.asset.calendar.name();
        by_calendar.entry(calendar).or_default().push(series);
    }
    let mut counts = HashMap::new();
    for together in by_calendar.into_values() {
        let Some(first) = together.first() else {
            continue;
        };
        let closed = staging.judge_closed_days(&first.asset.calendar, &together, job_id, now)?;
        for series in together {
            let missing = &series.coverage.missing;
            let gaps = missing.iter().filter(|d| !closed.contains(d)).count();
            counts.insert(series.asset.id.as_str(), gaps as u64);
        }
    }
    Ok(counts)
}
