//! What is found: facts about days of a series, rejected rows, sessions without a bar, and what the user waived.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::Staging;
use super::prices::Batch;
use crate::asset::AssetId;
use crate::calendar::Calendar;
use crate::timestamp;
use crate::upstream::Window;
use crate::validate::{Finding, Rejected, Rule};

/// Writes findings about one series, in the transaction of its caller.
pub(super) struct Notes<'a> {
    connection: &'a Connection,
    /// The asset, or the calendar where it is about all of its assets.
    asset: &'a str,
    source: &'a str,
    job_id: &'a str,
    now: DateTime<Utc>,
}

/// What a run has judged, so that an open finding that it did not see again is resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    /// The days that were looked at.
    pub(super) window: Window,
    /// The last day whose jump was looked at: it may lie behind the window.
    pub(super) last_jump: NaiveDate,
    /// Whether the series came in another scale just now.
    pub(super) rebased: bool,
}

impl<'a> Notes<'a> {
    pub(super) fn of(tx: &'a Transaction<'a>, batch: &Batch<'a>) -> Self {
        Self {
            connection: tx,
            asset: batch.asset.as_str(),
            source: batch.source,
            job_id: batch.job_id,
            now: batch.now,
        }
    }

    /// Keeps a finding: one row a fact, however often it is seen.
    pub(super) fn put(&self, finding: &Finding) -> rusqlite::Result<()> {
        let statement = "INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen, job_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
             ON CONFLICT (asset_id, source, date, rule) DO UPDATE
             SET detail = excluded.detail, last_seen = excluded.last_seen, job_id = excluded.job_id, resolved_at = NULL";
        self.connection.prepare_cached(statement)?.execute(params![
            self.asset,
            self.source,
            finding.date.to_string(),
            finding.rule.to_string(),
            finding.detail,
            timestamp::to_text(self.now),
            self.job_id,
        ])?;
        Ok(())
    }

    /// Closes the open findings that were judged and not seen again. Sessions without a bar are judged later, when the
    /// other assets of the calendar are known.
    pub(super) fn resolve(&self, judged: Judged) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(include_str!("resolve_findings.sql"))?
            .execute(params![
                timestamp::to_text(self.now),
                self.asset,
                self.source,
                judged.window.start.to_string(),
                judged.window.end.to_string(),
                judged.last_jump.to_string(),
                judged.rebased,
                self.job_id,
            ])?;
        Ok(())
    }

    /// Keeps a rejected row; says whether it is new there.
    pub(super) fn quarantine(&self, rejected: &Rejected) -> rusqlite::Result<bool> {
        let statement = "INSERT INTO quarantine (asset_id, source, date, reason, raw, first_seen, last_seen, job_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
             ON CONFLICT (asset_id, source, date, reason, raw) DO UPDATE SET last_seen = excluded.last_seen
             RETURNING job_id = ?7";
        let values = params![
            self.asset,
            self.source,
            rejected.date,
            rejected.reason.to_string(),
            rejected.raw,
            timestamp::to_text(self.now),
            self.job_id,
        ];
        let is_new: Option<bool> = self
            .connection
            .prepare_cached(statement)?
            .query_row(values, |r| r.get(0))
            .optional()?;
        Ok(is_new == Some(true))
    }

    /// The days of the open findings of a rule.
    fn open_days(&self, rule: Rule) -> Result<Vec<NaiveDate>> {
        let statement =
            "SELECT date FROM open_findings WHERE asset_id = ?1 AND source = ?2 AND rule = ?3";
        let mut statement = self.connection.prepare_cached(statement)?;
        let mut rows = statement.query(params![self.asset, self.source, rule.to_string()])?;
        let mut days = Vec::new();
        while let Some(row) = rows.next()? {
            days.extend(row.get::<_, String>(0)?.parse::<NaiveDate>());
        }
        Ok(days)
    }

    fn resolve_day(&self, rule: Rule, date: NaiveDate) -> rusqlite::Result<()> {
        let statement = "UPDATE finding SET resolved_at = ?1 WHERE asset_id = ?2 AND source = ?3 AND rule = ?4 AND date = ?5";
        let time = timestamp::to_text(self.now);
        let key = params![
            time,
            self.asset,
            self.source,
            rule.to_string(),
            date.to_string()
        ];
        self.connection.prepare_cached(statement)?.execute(key)?;
        Ok(())
    }
}

/// Sessions of one series without a bar, as a run found them.
#[derive(Debug, Clone, Copy)]
pub struct Gaps<'a> {
    /// The asset.
    pub asset: &'a AssetId,
    /// The `source` column.
    pub source: &'a str,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// The due sessions that were judged.
    pub due: &'a [NaiveDate],
    /// Those without a bar, without the days on which the exchange was probably closed.
    pub missing: &'a [NaiveDate],
    /// The run.
    pub job_id: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Staging {
    /// Keeps the sessions without a bar, and closes those that have one now, are waived, or that the calendar calls closed.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn record_gaps(&self, gaps: &Gaps<'_>) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Gaps {
            asset,
            source,
            job_id,
            now,
            ..
        } = *gaps;
        let notes = Notes {
            connection: &tx,
            asset: asset.as_str(),
            source,
            job_id,
            now,
        };
        for date in gaps.missing {
            let detail = format!(
                "{} has a session, {source} has no bar",
                gaps.calendar.name()
            );
            notes.put(&Finding {
                date: *date,
                rule: Rule::DateGap,
                detail,
            })?;
        }
        for date in notes.open_days(Rule::DateGap)? {
            let was_judged = gaps.due.contains(&date) && !gaps.missing.contains(&date);
            if was_judged
                || !gaps.calendar.is_session(date)
                || is_filled_or_waived(&tx, asset, source, date)?
            {
                notes.resolve_day(Rule::DateGap, date)?;
            }
        }
        Ok(tx.commit()?)
    }

    /// Keeps the sessions on which none of a calendar's assets has a bar, and closes those that turned out otherwise.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn record_probably_closed(
        &self,
        calendar: &Calendar,
        closed: &BTreeSet<NaiveDate>,
        judged: &[NaiveDate],
        job_id: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let notes = Notes {
            connection: &tx,
            asset: calendar.name(),
            source: "",
            job_id,
            now,
        };
        for date in closed {
            let name = calendar.name();
            let detail = format!(
                "no asset has a bar; if it was closed, add it to data/calendars/{name}.toml"
            );
            notes.put(&Finding {
                date: *date,
                rule: Rule::ProbablyClosed,
                detail,
            })?;
        }
        for date in notes.open_days(Rule::ProbablyClosed)? {
            if !calendar.is_session(date) || (judged.contains(&date) && !closed.contains(&date)) {
                notes.resolve_day(Rule::ProbablyClosed, date)?;
            }
        }
        Ok(tx.commit()?)
    }

    /// Waives a session: its missing bar is no finding any more and is not asked for. Says whether it was not waived before.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn waive(
        &self,
        asset: &AssetId,
        date: NaiveDate,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let time = timestamp::to_text(now);
        let is_new = tx.execute(
            "INSERT INTO waiver (asset_id, date, reason, waived_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![asset.as_str(), date.to_string(), reason, time],
        )? > 0;
        tx.execute(
            "UPDATE finding SET resolved_at = ?3
             WHERE asset_id = ?1 AND date = ?2 AND rule = 'date_gap' AND resolved_at IS NULL",
            params![asset.as_str(), date.to_string(), time],
        )?;
        tx.commit()?;
        Ok(is_new)
    }

    /// Takes a waiver back; the next run looks at the day again. Says whether there was one.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unwaive(&self, asset: &AssetId, date: NaiveDate) -> Result<bool> {
        let connection = self.connection()?;
        let statement = "DELETE FROM waiver WHERE asset_id = ?1 AND date = ?2";
        let removed = connection.execute(statement, params![asset.as_str(), date.to_string()])? > 0;
        let statement = "UPDATE finding SET resolved_at = NULL WHERE asset_id = ?1 AND date = ?2 AND rule = 'date_gap'
             AND NOT EXISTS (SELECT 1 FROM price_daily p
                             WHERE p.asset_id = finding.asset_id AND p.date = finding.date AND p.source = finding.source)";
        if removed {
            connection.execute(statement, params![asset.as_str(), date.to_string()])?;
        }
        Ok(removed)
    }
}

fn is_filled_or_waived(
    tx: &Transaction<'_>,
    asset: &AssetId,
    source: &str,
    date: NaiveDate,
) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date = ?2 AND source = ?3)
             OR EXISTS (SELECT 1 FROM waiver WHERE asset_id = ?1 AND date = ?2)",
    )?
    .query_row(params![asset.as_str(), date.to_string(), source], |r| r.get(0))
}
