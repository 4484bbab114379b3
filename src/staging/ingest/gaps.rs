//! Sessions without a bar: who lacks which, what was lost on the way, and days on which an exchange was probably closed.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::findings::Notes;
use super::stored::{days, stored_days};
use super::write::{Batch, LostPart};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::calendar::Calendar;
use crate::domain::gaps::{Attendance, missing, probably_closed};
use crate::domain::timestamp;
use crate::domain::validate::{Finding, Rule};
use crate::staging::Staging;

/// Which sessions of one series a run has judged, and which of them have no bar.
#[derive(Debug, Clone, Copy)]
pub(in crate::staging) struct Judgement<'a> {
    pub(in crate::staging) asset: &'a Asset,
    pub(in crate::staging) source: &'a str,
    pub(in crate::staging) due: &'a [NaiveDate],
    /// Without the days on which the exchange was probably closed.
    pub(in crate::staging) missing: &'a [NaiveDate],
}

/// A series that a run has staged, with its due sessions.
#[derive(Debug, Clone)]
pub struct Attended<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// The `source` column.
    pub source: &'a str,
    /// Its due sessions, and those without a bar.
    pub attendance: Attendance,
}

/// Which of a batch's due sessions have no bar, also after it. Waived ones are not looked at, and for a source that stands in
/// those are not missing that a better source of the asset has.
///
/// `first` is the first day that was stored before. Sessions before it were judged when it came, so that they are judged
/// again only when the series reaches further back now.
pub(in crate::staging) fn attendance(
    connection: &Connection,
    batch: &Batch<'_>,
    first: Option<NaiveDate>,
) -> Result<Attendance> {
    let bars = stored_days(connection, batch.asset.id.as_str(), &batch.entry.stored_as)?;
    let waived = waived_days(connection, &batch.asset.id)?;
    let without_bar: BTreeSet<&NaiveDate> = batch.checked.without_bar.iter().collect();
    let was_lost = |day: &NaiveDate| batch.lost.iter().any(|l| l.window.contains(*day));
    // A row without a bar is one that the source may fill yet.
    let is_known = |day: &NaiveDate| was_lost(day) || without_bar.contains(day);
    let begins = first.filter(|day| bars.first() == Some(day));
    let due: Vec<NaiveDate> = batch
        .due
        .iter()
        .filter(|day| !waived.contains(day))
        .filter(|day| begins.is_none_or(|begins| **day >= begins) || is_known(day))
        .copied()
        .collect();
    // What no answer came for, or a row without a bar, is missing, wherever the series begins.
    let mut lacking: BTreeSet<NaiveDate> = missing(&due, &bars).into_iter().collect();
    lacking.extend(due.iter().filter(|d| is_known(d) && !bars.contains(d)));
    if !lacking.is_empty() {
        for better in better_sources(batch) {
            let bars = stored_days(connection, batch.asset.id.as_str(), better)?;
            lacking.retain(|day| !bars.contains(day));
        }
    }
    let missing = lacking.into_iter().collect();
    let unanswered = due.iter().filter(|d| was_lost(d)).copied().collect();
    Ok(Attendance {
        due,
        missing,
        unanswered,
    })
}

/// The sources that come before a batch's own in the asset's order; none when it is in another currency.
fn better_sources<'a>(batch: &Batch<'a>) -> Vec<&'a str> {
    let sources: Vec<&str> = batch.asset.own_sources().collect();
    let place = sources.iter().position(|s| *s == batch.entry.stored_as);
    sources.into_iter().take(place.unwrap_or(0)).collect()
}

/// The sessions of an asset whose missing bar the user lets pass.
pub(in crate::staging) fn waived_days(
    connection: &Connection,
    asset: &AssetId,
) -> Result<BTreeSet<NaiveDate>> {
    let mut statement = connection.prepare_cached("SELECT date FROM waiver WHERE asset_id = ?1")?;
    days(statement.query(params![asset.as_str()])?)
}

/// Keeps which parts of a window are to be asked for again.
pub(in crate::staging) fn remember_lost(
    connection: &Connection,
    batch: &Batch<'_>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO lost_part (asset_id, source, start_date, end_date, lost_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING";
    for LostPart { window: part, .. } in batch.lost.iter().filter(|l| l.is_asked_again) {
        connection.prepare_cached(sql)?.execute(params![
            batch.asset.id.as_str(),
            batch.entry.stored_as,
            part.start.to_string(),
            part.end.to_string(),
            timestamp::to_text(batch.now),
        ])?;
    }
    Ok(())
}

/// The days on which a calendar's exchange was probably closed, as far as is known. A calendar without closed days has none.
pub(in crate::staging) fn open_closed_days(
    connection: &Connection,
    calendar: &Calendar,
) -> Result<BTreeSet<NaiveDate>> {
    let sql = "SELECT date FROM open_findings WHERE asset_id = ?1 AND source = '' AND rule = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    days(statement.query(params![calendar.name(), Rule::ProbablyClosed.to_string()])?)
}

/// Keeps the sessions without a bar, and closes those that have one now, are waived, or that the calendar calls closed.
pub(in crate::staging) fn note(notes: &Notes<'_>, judgement: &Judgement<'_>) -> Result<()> {
    let Judgement {
        asset,
        source,
        due,
        missing,
    } = *judgement;
    let calendar = &asset.calendar;
    for date in missing {
        let detail = format!("{} has a session, {source} has no bar", calendar.name());
        notes.put(&Finding {
            date: *date,
            rule: Rule::DateGap,
            detail,
        })?;
    }
    let missing: BTreeSet<&NaiveDate> = missing.iter().collect();
    let judged: BTreeSet<&NaiveDate> = due.iter().collect();
    for date in notes.open_days(Rule::DateGap)? {
        let has_one = judged.contains(&date) && !missing.contains(&date);
        if has_one
            || !calendar.is_session(date)
            || is_filled_or_waived(notes.connection(), &asset.id, source, date)?
        {
            notes.resolve_day(Rule::DateGap, date)?;
        }
    }
    Ok(())
}

fn is_filled_or_waived(
    connection: &Connection,
    asset: &AssetId,
    source: &str,
    date: NaiveDate,
) -> rusqlite::Result<bool> {
    connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date = ?2 AND source = ?3)
             OR EXISTS (SELECT 1 FROM waiver WHERE asset_id = ?1 AND date = ?2)",
    )?
    .query_row(params![asset.as_str(), date.to_string(), source], |r| r.get(0))
}

impl Staging {
    /// Judges the sessions that the series of one calendar lack when all of a run's series are known: a day that none of
    /// at least two has is one finding for the calendar instead of a gap of each. Returns these days.
    ///
    /// Such a day stays closed until a series has a bar of it or the calendar says what it was, also when a later run
    /// looks at fewer series.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn judge_closed_days(
        &self,
        calendar: &Calendar,
        together: &[&Attended<'_>],
        job_id: &str,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<NaiveDate>> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let notes = Notes::about(&tx, calendar.name(), "", job_id, now);
        let mut closed = match calendar.is_always_open() {
            true => BTreeSet::new(),
            false => probably_closed(together.iter().map(|s| &s.attendance)),
        };
        for date in &closed {
            notes.put(&closed_finding(calendar, *date))?;
        }
        for date in open_closed_days(&tx, calendar)? {
            let has_a_bar = |s: &&Attended<'_>| s.attendance.has_a_bar(date);
            if !calendar.is_session(date) || together.iter().any(has_a_bar) {
                notes.resolve_day(Rule::ProbablyClosed, date)?;
            } else {
                closed.insert(date);
            }
        }
        for series in together {
            let notes = Notes::about(&tx, series.asset.id.as_str(), series.source, job_id, now);
            let (absent, missing): (Vec<NaiveDate>, Vec<NaiveDate>) = series
                .attendance
                .missing
                .iter()
                .partition(|day| closed.contains(day));
            for date in absent {
                notes.withdraw(Rule::DateGap, date)?;
            }
            note(
                &notes,
                &Judgement {
                    asset: series.asset,
                    source: series.source,
                    due: &series.attendance.due,
                    missing: &missing,
                },
            )?;
        }
        tx.commit()?;
        Ok(closed)
    }
}

fn closed_finding(calendar: &Calendar, date: NaiveDate) -> Finding {
    let name = calendar.name();
    Finding {
        date,
        rule: Rule::ProbablyClosed,
        detail: format!(
            "no asset has a bar; if it was closed, add it to data/calendars/{name}.toml"
        ),
    }
}
