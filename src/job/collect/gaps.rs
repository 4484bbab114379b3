//! Sessions without a bar: once for a calendar where all of its assets lack the day, else for each series.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use crate::asset::Asset;
use crate::calendar::Calendar;
use crate::series::{Attendance, probably_closed};
use crate::staging::{Gaps, Staging};

/// A series that was staged, with its due sessions.
pub(super) struct Collected<'a> {
    pub(super) asset: &'a Asset,
    pub(super) source: &'a str,
    pub(super) attendance: Attendance,
}

impl Collected<'_> {
    fn calendar(&self) -> &Calendar {
        &self.asset.calendar
    }
}

/// Notes the sessions without a bar of all series of a run. Tells how many each asset has.
pub(super) fn record_gaps<'a>(
    staging: &Staging,
    collected: &[Collected<'a>],
    job_id: &str,
    now: DateTime<Utc>,
) -> Result<HashMap<&'a str, u64>> {
    let mut by_calendar: BTreeMap<&str, Vec<&Collected<'a>>> = BTreeMap::new();
    for series in collected {
        by_calendar
            .entry(series.calendar().name())
            .or_default()
            .push(series);
    }
    let mut counts = HashMap::new();
    for together in by_calendar.into_values() {
        let closed = record_closed(staging, &together, job_id, now)?;
        for Collected {
            asset,
            source,
            attendance,
        } in together
        {
            let missing: Vec<NaiveDate> = attendance
                .missing
                .iter()
                .filter(|d| !closed.contains(d))
                .copied()
                .collect();
            let (calendar, due) = (&asset.calendar, attendance.due.as_slice());
            staging.record_gaps(&Gaps {
                asset: &asset.id,
                source,
                calendar,
                due,
                missing: &missing,
                job_id,
                now,
            })?;
            counts.insert(asset.id.as_str(), missing.len() as u64);
        }
    }
    Ok(counts)
}

/// Notes the days that none of a calendar's series has, and returns them. A calendar without closed days has none.
fn record_closed(
    staging: &Staging,
    together: &[&Collected<'_>],
    job_id: &str,
    now: DateTime<Utc>,
) -> Result<BTreeSet<NaiveDate>> {
    let Some(calendar) = together
        .first()
        .map(|c| c.calendar())
        .filter(|c| !c.is_always_open())
    else {
        return Ok(BTreeSet::new());
    };
    let closed = probably_closed(together.iter().map(|c| &c.attendance));
    let judged: Vec<NaiveDate> = together
        .iter()
        .flat_map(|c| c.attendance.due.iter().copied())
        .collect();
    staging.record_probably_closed(calendar, &closed, &judged, job_id, now)?;
    Ok(closed)
}
