//! Sessions without a bar: missing ones, lost parts of requests, and days on which an exchange was probably closed.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::batch::{Batch, LostPart, StagedSeries};
use super::findings::Notes;
use super::stored::{days, days_since, first_day};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::calendar::Calendar;
use crate::domain::finding::{Finding, Rule};
use crate::domain::gaps::{CoverageFacts, SessionCoverage, agreed_sessions, probably_closed};
use crate::domain::timestamp;
use crate::domain::window::Window;
use crate::staging::Staging;

/// The sessions of one series that a run has judged, and those of them without a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judgement<'a> {
    pub(in crate::staging) asset: &'a Asset,
    pub(in crate::staging) source: &'a str,
    pub(in crate::staging) coverage: &'a SessionCoverage,
    /// Without the days on which the exchange was probably closed.
    pub(in crate::staging) missing: &'a [NaiveDate],
}

/// The due sessions of a batch without a bar even after staging it. For a stand-in source only those count that a
/// better source of the asset lacks too. `bars`: the days of the series in the window, and the one before it; `first`:
/// the first day that was stored before.
pub(super) fn session_coverage(
    connection: &Connection,
    batch: &Batch<'_>,
    bars: &BTreeSet<NaiveDate>,
    first: Option<NaiveDate>,
) -> Result<SessionCoverage> {
    let asset = batch.asset;
    let id = asset.id.as_str();
    let unanswered: Vec<Window> = batch.lost.iter().map(|l| l.window).collect();
    let since = batch.due.first().copied().unwrap_or(batch.window.start);
    let mut coverage = CoverageFacts {
        due: batch.due,
        bars,
        first_before: first,
        waived: &accepted_days(connection, &asset.id, batch.source)?,
        without_bar: &batch.checked.without_bar,
        unanswered: &unanswered,
    }
    .judge();
    for better in asset.better_sources(batch.source) {
        if coverage.missing.is_empty() {
            break;
        }
        coverage.fill_from(&days_since(connection, id, better, since)?);
    }
    Ok(coverage)
}

/// Missing sessions that the user accepted: no longer reported or fetched.
pub(super) fn waived_days(connection: &Connection, asset: &AssetId) -> Result<BTreeSet<NaiveDate>> {
    let mut statement = connection.prepare_cached("SELECT date FROM waiver WHERE asset_id = ?1")?;
    days(statement.query(params![asset.as_str()])?)
}

/// Those, and the days whose bar the owner retracted: a series may lack them.
pub(super) fn accepted_days(
    connection: &Connection,
    asset: &AssetId,
    source: &str,
) -> Result<BTreeSet<NaiveDate>> {
    let sql = "SELECT date FROM waiver WHERE asset_id = ?1
         UNION SELECT date FROM retraction WHERE asset_id = ?1 AND source = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    days(statement.query(params![asset.as_str(), source])?)
}

/// Records which parts of a window to request again.
pub(super) fn remember_lost(connection: &Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO lost_part (asset_id, source, start_date, end_date, lost_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING";
    for LostPart { window: part, .. } in batch.lost.iter().filter(|l| l.is_asked_again) {
        connection.prepare_cached(sql)?.execute(params![
            batch.asset.id.as_str(),
            batch.source,
            part.start.to_string(),
            part.end.to_string(),
            timestamp::to_text(batch.now),
        ])?;
    }
    Ok(())
}

/// The days on which a calendar's exchange was probably closed, as far as known. A calendar without a list of holidays
/// has none.
pub(super) fn open_closed_days(
    connection: &Connection,
    calendar: &Calendar,
) -> Result<BTreeSet<NaiveDate>> {
    let sql = "SELECT date FROM open_findings WHERE asset_id = ?1 AND source = '' AND rule = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    days(statement.query(params![calendar.name(), Rule::ProbablyClosed.to_string()])?)
}

/// Records the missing sessions. Closes findings of sessions that have a bar now, are waived, are closed days of the
/// calendar, or lie before the first bar of the series without being requested again: the asset may not have been
/// listed yet.
pub(super) fn note(notes: &Notes<'_>, judgement: &Judgement<'_>) -> Result<()> {
    let Judgement {
        asset,
        source,
        coverage,
        missing,
    } = *judgement;
    let calendar = &asset.calendar;
    for date in missing {
        let detail = format!("{} has a session, but {source} has no bar", calendar.name());
        notes.put(&Finding {
            date: *date,
            rule: Rule::DateGap,
            detail,
        })?;
    }
    let missing: BTreeSet<&NaiveDate> = missing.iter().collect();
    let judged: BTreeSet<&NaiveDate> = coverage.due.iter().collect();
    let asked_from = coverage.asked_from.unwrap_or(NaiveDate::MAX);
    for date in notes.open_days(Rule::DateGap)? {
        if missing.contains(&date) {
            continue;
        }
        if judged.contains(&date)
            || !calendar.is_session(date)
            || has_bar_or_waiver(notes.connection(), &asset.id, source, date)?
            || date < asked_from && is_before_begin(notes.connection(), &asset.id, source, date)?
        {
            notes.resolve_day(Rule::DateGap, date)?;
        }
    }
    Ok(())
}

fn has_bar_or_waiver(
    connection: &Connection,
    asset: &AssetId,
    source: &str,
    date: NaiveDate,
) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date = ?2 AND source = ?3)
             OR EXISTS (SELECT 1 FROM waiver WHERE asset_id = ?1 AND date = ?2)
             OR EXISTS (SELECT 1 FROM retraction WHERE asset_id = ?1 AND date = ?2 AND source = ?3)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![asset.as_str(), date.to_string(), source], |r| {
        r.get(0)
    })
}

/// Whether a series starts after a day that a source answered for. A part without an answer proves nothing.
fn is_before_begin(
    connection: &Connection,
    asset: &AssetId,
    source: &str,
    date: NaiveDate,
) -> rusqlite::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date < ?2 AND source = ?3)
             AND NOT EXISTS (SELECT 1 FROM lost_part WHERE asset_id = ?1 AND source = ?3 AND ?2 BETWEEN start_date AND end_date)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(params![asset.as_str(), date.to_string(), source], |r| {
        r.get(0)
    })
}

impl Staging {
    /// Whether an asset lacks a bar for one of these sessions in all sources in its own currency, though it has earlier
    /// ones. Days that the owner accepts, or on which the exchange was probably closed, do not count.
    pub(crate) fn lacks_one_of(&self, asset: &Asset, sessions: &[NaiveDate]) -> Result<bool> {
        let Some(since) = sessions.first().copied() else {
            return Ok(false);
        };
        let connection = self.connection()?;
        let id = asset.id.as_str();
        let mut known = waived_days(&connection, &asset.id)?;
        known.append(&mut open_closed_days(&connection, &asset.calendar)?);
        let mut first = None;
        for source in asset.own_sources() {
            known.append(&mut days_since(&connection, id, source, since)?);
            let begins = first_day(&connection, id, source)?;
            first = first.into_iter().chain(begins).min();
        }
        let Some(first) = first else {
            return Ok(false);
        };
        let is_lacking = |day: &NaiveDate| *day > first && !known.contains(day);
        Ok(sessions.iter().any(is_lacking))
    }

    /// Judges the missing sessions of one calendar's series once all series of a run are known: a day that none of at
    /// least two has becomes one finding of the calendar instead of a gap in each. Returns these days.
    ///
    /// Such a day stays closed until a series has a bar on it or the calendar says what it was, even if a later run
    /// looks at fewer series.
    pub(crate) fn judge_closed_days(
        &self,
        calendar: &Calendar,
        together: &[&StagedSeries<'_>],
        job_id: &str,
        now: DateTime<Utc>,
    ) -> Result<BTreeSet<NaiveDate>> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let closed = match calendar.has_unknown_holidays() {
            true => BTreeSet::new(),
            false => note_closed_days(
                &Notes::about(&tx, calendar.name(), "", job_id, now),
                calendar,
                together,
            )?,
        };
        // A calendar with a list of holidays needs no agreement.
        let agreed = match calendar.has_unknown_holidays() {
            true => agreed_sessions(together.iter().map(|s| &s.coverage)),
            false => BTreeSet::new(),
        };
        let mut no_gaps = closed.clone();
        for series in together {
            let notes = Notes::about(&tx, series.asset.id.as_str(), series.source, job_id, now);
            // A gap in a calendar without a list stays one if a later run looks at fewer series.
            let open = notes.open_days(Rule::DateGap)?;
            let is_no_gap = |day: &NaiveDate| match calendar.has_unknown_holidays() {
                true => !agreed.contains(day) && !open.contains(day),
                false => closed.contains(day),
            };
            let (absent, missing): (Vec<NaiveDate>, Vec<NaiveDate>) =
                series.coverage.missing.iter().partition(|d| is_no_gap(d));
            for date in &absent {
                notes.withdraw(Rule::DateGap, *date)?;
            }
            no_gaps.extend(absent);
            note(
                &notes,
                &Judgement {
                    asset: series.asset,
                    source: series.source,
                    coverage: &series.coverage,
                    missing: &missing,
                },
            )?;
        }
        tx.commit()?;
        Ok(no_gaps)
    }
}

/// Records the days on which a calendar's exchange was probably closed, and closes those on which a series has a bar
/// now or the calendar says what they were. Series of another exchange prove nothing about this one.
fn note_closed_days(
    notes: &Notes<'_>,
    calendar: &Calendar,
    together: &[&StagedSeries<'_>],
) -> Result<BTreeSet<NaiveDate>> {
    let here = || together.iter().filter(|s| !s.is_elsewhere);
    let mut closed = match calendar.has_list() {
        true => probably_closed(here().map(|s| &s.coverage)),
        // Nobody could add the day to a rule: it is a gap in each series, which can be waived.
        false => BTreeSet::new(),
    };
    for date in &closed {
        notes.put(&closed_finding(calendar, *date))?;
    }
    for date in open_closed_days(notes.connection(), calendar)? {
        if !calendar.is_session(date) || here().any(|s| s.coverage.has_a_bar(date)) {
            notes.resolve_day(Rule::ProbablyClosed, date)?;
        } else {
            closed.insert(date);
        }
    }
    Ok(closed)
}

fn closed_finding(calendar: &Calendar, date: NaiveDate) -> Finding {
    let name = calendar.name();
    Finding {
        date,
        rule: Rule::ProbablyClosed,
        detail: format!(
            "no asset has a bar; if the exchange was closed, add the day to data/calendars/{name}.toml"
        ),
    }
}
