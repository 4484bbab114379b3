//! Findings: facts about days of a series, rejected rows, and what the user waived.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::batch::Batch;
use super::stored::days;
use crate::config::ConfigError;
use crate::domain::alignment::{Alignment, Verdict};
use crate::domain::asset::{Asset, AssetId};
use crate::domain::finding::{ClosedBy, Finding, Rejected, Rule};
use crate::domain::timestamp;
use crate::domain::window::Window;
use crate::staging::Staging;

/// A comparison of the whole series on this day is overdue.
const LONG_AGO: &str = "0001-01-01";

/// Writes findings about one series in the caller's transaction.
pub(in crate::staging) struct Notes<'a> {
    connection: &'a Connection,
    /// The asset; the calendar if the finding is about all of its assets.
    asset: &'a str,
    source: &'a str,
    job_id: &'a str,
    now: DateTime<Utc>,
}

/// What a run has judged, so that open findings it did not see again are resolved.
#[derive(Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The days whose closes were checked for jumps: the last may lie after the requested window.
    pub(in crate::staging) closes: Window,
    /// The days whose row arrived and equals what is stored now.
    pub(super) heard: &'a BTreeSet<NaiveDate>,
    /// The days that were compared.
    pub(super) alignment: &'a Alignment,
    /// What they show about the scale.
    pub(super) verdict: &'a Verdict,
    /// The first day that was stored before.
    pub(super) first_stored: Option<NaiveDate>,
}

impl Judged<'_> {
    /// Whether the run would have seen this finding again. Missing sessions are judged elsewhere.
    fn has_judged(&self, rule: Rule, date: NaiveDate) -> bool {
        match rule.closed_by() {
            ClosedBy::ItsRow => self.heard.contains(&date),
            ClosedBy::AnyAnswer => !self.heard.is_empty(),
            ClosedBy::TheCloses => self.closes.contains(date),
            ClosedBy::TheSameScale => self.is_taken() && self.alignment.is_unmoved(),
            ClosedBy::AKnownScale => self.alignment.can_tell(),
            ClosedBy::ATakenAnswer => {
                let days = self.alignment.days();
                let ends = days.first().zip(days.last());
                self.is_taken() && ends.is_some_and(|(a, b)| a.date <= date && date <= b.date)
            }
            ClosedBy::ItsJoin => {
                let mut days = self.alignment.days().iter();
                let is_joined = self.first_stored == Some(date) || days.any(|d| d.date < date);
                self.is_taken() && is_joined && self.heard.contains(&date)
            }
            ClosedBy::TheSessions | ClosedBy::ItsActions => false,
        }
    }

    fn is_taken(&self) -> bool {
        matches!(self.verdict, Verdict::Same | Verdict::Restated(_))
    }
}

impl<'a> Notes<'a> {
    pub(in crate::staging) fn of(connection: &'a Connection, batch: &Batch<'a>) -> Self {
        let (asset, source) = (batch.asset.id.as_str(), batch.source);
        Self::about(connection, asset, source, batch.job_id, batch.now)
    }

    /// Notes about a series, or about a calendar, which has no source.
    pub(in crate::staging) fn about(
        connection: &'a Connection,
        asset: &'a str,
        source: &'a str,
        job_id: &'a str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            connection,
            asset,
            source,
            job_id,
            now,
        }
    }

    pub(in crate::staging) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Keeps a finding: one row per fact, however often it is seen. What the owner has waived is not a finding.
    pub(in crate::staging) fn put(&self, finding: &Finding) -> Result<()> {
        if self.is_waived(finding.rule, finding.date)? {
            return Ok(());
        }
        let statement = "INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen, job_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
             ON CONFLICT (asset_id, source, date, rule) DO UPDATE
             SET detail = excluded.detail, last_seen = excluded.last_seen, job_id = excluded.job_id, resolved_at = NULL,
                 first_seen = CASE WHEN resolved_at IS NULL THEN first_seen ELSE excluded.first_seen END";
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

    /// Keeps a finding that remains the same fact while it is open, whatever the day it is seen on next.
    pub(super) fn put_lasting(&self, finding: Finding) -> Result<()> {
        let open = self.open_days(finding.rule)?;
        let date = open.last().copied().unwrap_or(finding.date);
        self.put(&Finding { date, ..finding })
    }

    /// The days on which the owner has waived a rule.
    pub(super) fn waived(&self, rule: Rule) -> Result<Vec<Window>> {
        let sql = "SELECT start_date, end_date FROM rule_waiver WHERE asset_id = ?1 AND rule = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.asset, rule.to_string()])?;
        let mut waived = Vec::new();
        while let Some(row) = rows.next()? {
            let (start, end) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            if let (Ok(start), Ok(end)) = (start.parse(), end.parse()) {
                waived.push(Window { start, end });
            }
        }
        Ok(waived)
    }

    fn is_waived(&self, rule: Rule, date: NaiveDate) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM rule_waiver
             WHERE asset_id = ?1 AND rule = ?2 AND ?3 BETWEEN start_date AND end_date)";
        let key = params![self.asset, rule.to_string(), date.to_string()];
        self.connection
            .prepare_cached(sql)?
            .query_row(key, |r| r.get(0))
    }

    /// Closes the open findings that were judged but not seen again (one that this run saw has its job_id). Findings of
    /// rules unknown to this program are not judged.
    pub(super) fn resolve(&self, judged: Judged<'_>) -> Result<()> {
        let sql = "SELECT rule, date FROM finding
             WHERE asset_id = ?1 AND source = ?2 AND resolved_at IS NULL AND job_id IS NOT ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let open = statement.query_map(params![self.asset, self.source, self.job_id], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))
        })?;
        for finding in open.collect::<rusqlite::Result<Vec<_>>>()? {
            if let (Ok(rule), Ok(date)) = (finding.0.parse(), finding.1.parse())
                && judged.has_judged(rule, date)
            {
                self.resolve_day(rule, date)?;
            }
        }
        Ok(())
    }

    /// Keeps a rejected row; returns whether it is new there.
    pub(in crate::staging) fn quarantine(&self, rejected: &Rejected) -> rusqlite::Result<bool> {
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

    /// The days of a rule's open findings.
    pub(super) fn open_days(&self, rule: Rule) -> Result<BTreeSet<NaiveDate>> {
        let sql =
            "SELECT date FROM open_findings WHERE asset_id = ?1 AND source = ?2 AND rule = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        days(statement.query(params![self.asset, self.source, rule.to_string()])?)
    }

    pub(super) fn resolve_day(&self, rule: Rule, date: NaiveDate) -> rusqlite::Result<()> {
        let sql = "UPDATE finding SET resolved_at = ?5
             WHERE asset_id = ?1 AND source = ?2 AND rule = ?3 AND date = ?4 AND resolved_at IS NULL";
        let (date, time) = (date.to_string(), timestamp::to_text(self.now));
        self.connection.prepare_cached(sql)?.execute(params![
            self.asset,
            self.source,
            rule.to_string(),
            date,
            time
        ])?;
        Ok(())
    }

    /// Withdraws a finding: one that only this run has seen is deleted, an older one is resolved.
    pub(super) fn withdraw(&self, rule: Rule, date: NaiveDate) -> rusqlite::Result<()> {
        let sql = "DELETE FROM finding
             WHERE asset_id = ?1 AND source = ?2 AND rule = ?3 AND date = ?4 AND job_id = ?5 AND first_seen = last_seen";
        let (rule_name, day) = (rule.to_string(), date.to_string());
        self.connection.prepare_cached(sql)?.execute(params![
            self.asset,
            self.source,
            rule_name,
            day,
            self.job_id
        ])?;
        self.resolve_day(rule, date)
    }
}

impl Staging {
    /// Whether a session of an asset has a bar and nothing is left to waive: no better source lacks it, the exchange
    /// was not probably closed for all assets on that day, and it was not waived before.
    pub(crate) fn has_nothing_to_waive(&self, asset: &Asset, date: NaiveDate) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date = ?2)
               AND NOT EXISTS (SELECT 1 FROM waiver WHERE asset_id = ?1 AND date = ?2)
               AND NOT EXISTS (
                   SELECT 1 FROM finding
                   WHERE date = ?2 AND resolved_at IS NULL
                     AND (asset_id = ?1 AND rule = ?4 OR asset_id = ?3 AND rule = ?5))";
        let (id, calendar) = (asset.id.as_str(), asset.calendar.name());
        let values = params![
            id,
            date.to_string(),
            calendar,
            Rule::DateGap.to_string(),
            Rule::ProbablyClosed.to_string(),
        ];
        Ok(self.connection()?.query_row(sql, values, |r| r.get(0))?)
    }

    /// Waives a session: its missing bar is no longer reported or fetched. Returns whether it was not waived before.
    pub(crate) fn waive(
        &self,
        asset: &AssetId,
        date: NaiveDate,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (date, time) = (date.to_string(), timestamp::to_text(now));
        let is_new = tx.execute(
            "INSERT INTO waiver (asset_id, date, reason, waived_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![asset.as_str(), date, reason, time],
        )? > 0;
        tx.execute(
            "UPDATE finding SET resolved_at = ?3
             WHERE asset_id = ?1 AND date = ?2 AND rule = ?4 AND resolved_at IS NULL",
            params![asset.as_str(), date, time, Rule::DateGap.to_string()],
        )?;
        tx.execute(
            include_str!("resolve_waived_close.sql"),
            params![asset.as_str(), date, time, Rule::ProbablyClosed.to_string()],
        )?;
        tx.commit()?;
        Ok(is_new)
    }

    /// Withdraws a waiver; the next run checks the day again. Returns whether there was one.
    pub(crate) fn unwaive(&self, asset: &AssetId, date: NaiveDate) -> Result<bool> {
        let connection = self.connection()?;
        let statement = "DELETE FROM waiver WHERE asset_id = ?1 AND date = ?2";
        let removed = connection.execute(statement, params![asset.as_str(), date.to_string()])? > 0;
        let statement = "UPDATE finding SET resolved_at = NULL WHERE asset_id = ?1 AND date = ?2 AND rule = ?3
             AND NOT EXISTS (SELECT 1 FROM price_daily p
                             WHERE p.asset_id = finding.asset_id AND p.date = finding.date AND p.source = finding.source)";
        if removed {
            let rule = Rule::DateGap.to_string();
            connection.execute(statement, params![asset.as_str(), date.to_string(), rule])?;
        }
        Ok(removed)
    }

    /// Waives a rule on some days: its open findings of an asset are resolved, and no run finds them there again. Fails
    /// without changes if there are none.
    pub(crate) fn waive_rule(
        &self,
        asset: &AssetId,
        rule: Rule,
        days: Window,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (asset, rule, time) = (asset.as_str(), rule.to_string(), timestamp::to_text(now));
        let (start, end) = (days.start.to_string(), days.end.to_string());
        let is_new = tx.execute(
            "INSERT INTO rule_waiver (asset_id, rule, start_date, end_date, reason, waived_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![asset, rule, start, end, reason, time],
        )? > 0;
        let resolved = tx.execute(
            "UPDATE finding SET resolved_at = ?5
             WHERE asset_id = ?1 AND rule = ?2 AND date BETWEEN ?3 AND ?4 AND resolved_at IS NULL",
            params![asset, rule, start, end, time],
        )?;
        // The next run reads the whole answer.
        tx.execute(
            "UPDATE series SET audited_on = ?2 WHERE asset_id = ?1 AND ?3 = 'scale_refused'",
            params![asset, LONG_AGO, rule],
        )?;
        if is_new && resolved == 0 {
            let sql = "SELECT coalesce(group_concat(date, ', '), 'none')
                 FROM (SELECT DISTINCT date FROM open_findings WHERE asset_id = ?1 AND rule = ?2 ORDER BY date LIMIT 5)";
            let open: String = tx.query_row(sql, params![asset, rule], |r| r.get(0))?;
            return Err(ConfigError(format!(
                "{asset} has no open finding {rule} on these days; open: {open}"
            ))
            .into());
        }
        tx.commit()?;
        Ok(is_new)
    }

    /// Withdraws the waiver of a rule: what it resolved is open again. Returns whether there was one.
    pub(crate) fn unwaive_rule(&self, asset: &AssetId, rule: Rule, days: Window) -> Result<bool> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (start, end) = (days.start.to_string(), days.end.to_string());
        let key = params![asset.as_str(), rule.to_string(), start, end];
        tx.execute(
            "UPDATE finding SET resolved_at = NULL
             WHERE asset_id = ?1 AND rule = ?2
               AND EXISTS (
                   SELECT 1 FROM rule_waiver w
                   WHERE w.asset_id = finding.asset_id AND w.rule = finding.rule
                     AND w.start_date >= ?3 AND w.end_date <= ?4 AND w.waived_at = finding.resolved_at
                     AND finding.date BETWEEN w.start_date AND w.end_date)",
            key,
        )?;
        let removed = tx.execute(
            "DELETE FROM rule_waiver WHERE asset_id = ?1 AND rule = ?2 AND start_date >= ?3 AND end_date <= ?4",
            key,
        )?;
        tx.commit()?;
        Ok(removed > 0)
    }
}
