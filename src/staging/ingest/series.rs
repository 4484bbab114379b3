//! Facts about a series: its days, its origin, the last comparison in full, why it is suspect.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::batch::Batch;
use super::stored::days;
use crate::domain::alignment::SEGMENT_DAYS;
use crate::domain::finding::{Finding, Rule};
use crate::domain::steps::DayClose;
use crate::domain::timestamp::{self, CLOCK_TOLERANCE};
use crate::domain::window::Window;
use crate::staging::Staging;

/// Stored days read beside a window that has too few to determine the scale.
const WITNESSES: usize = 10;

/// One series of the file in the caller's transaction.
#[derive(Clone, Copy)]
pub(super) struct SeriesTable<'a> {
    connection: &'a Connection,
    asset: &'a str,
    source: &'a str,
}

impl<'a> SeriesTable<'a> {
    pub(super) fn of(connection: &'a Connection, batch: &Batch<'a>) -> Self {
        Self {
            connection,
            asset: batch.asset.id.as_str(),
            source: batch.source,
        }
    }

    /// From its first to its last day.
    pub(super) fn days(&self) -> Result<Option<Window>> {
        let sql = "SELECT min(date), max(date) FROM (
                 SELECT * FROM (SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 ORDER BY date LIMIT 1)
                 UNION ALL
                 SELECT * FROM (SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 ORDER BY date DESC LIMIT 1))";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row(params![self.asset, self.source], days_of)?;
        Ok(found.and_then(window))
    }

    /// The closes that reveal a step in a window, with the day before and the day after it.
    pub(super) fn closes(&self, window: Window) -> Result<Vec<DayClose>> {
        let mut statement = self.connection.prepare_cached(include_str!("closes.sql"))?;
        let mut rows = statement.query(params![
            self.asset,
            self.source,
            window.start.to_string(),
            window.end.to_string()
        ])?;
        let mut closes = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(date) = timestamp::day_from_text(row.get_ref(0)?.as_str()?) {
                closes.push(DayClose {
                    date,
                    high: row.get(1)?,
                    low: row.get(2)?,
                    close: row.get(3)?,
                });
            }
        }
        Ok(closes)
    }

    /// The nearest stored final bars beside these days.
    pub(super) fn beside(&self, days: Window) -> Result<Option<Window>> {
        let (start, end) = (days.start.to_string(), days.end.to_string());
        let mut statement = self
            .connection
            .prepare_cached(include_str!("witnesses.sql"))?;
        let key = params![self.asset, self.source, start, end, WITNESSES, SEGMENT_DAYS];
        let found = statement.query_row(key, days_of).optional()?;
        Ok(found.flatten().and_then(window))
    }

    /// Its last day before another one.
    pub(super) fn last_before(&self, day: NaiveDate) -> Result<Option<NaiveDate>> {
        let sql = "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date < ?3
             ORDER BY date DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let key = params![self.asset, self.source, day.to_string()];
        Ok(days(statement.query(key)?)?.first().copied())
    }

    /// The newest ingest time by a clock that was right.
    pub(super) fn newest_ingest(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let sql = "SELECT max(ingested_at) FROM price_daily
             WHERE asset_id = ?1 AND source = ?2 AND ingested_at <= ?3";
        let latest = timestamp::to_text(now + CLOCK_TOLERANCE);
        let mut statement = self.connection.prepare_cached(sql)?;
        let newest: Option<String> =
            statement.query_row(params![self.asset, self.source, latest], |r| r.get(0))?;
        Ok(newest.as_deref().and_then(timestamp::from_text))
    }

    /// The symbol and the currency that the stored bars came from.
    pub(super) fn origin(&self) -> Result<Option<(String, String)>> {
        let sql = "SELECT symbol, currency FROM series s WHERE asset_id = ?1 AND source = ?2
             AND EXISTS (SELECT 1 FROM price_daily p WHERE p.asset_id = s.asset_id AND p.source = s.source)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let origin = statement.query_row(params![self.asset, self.source], |r| {
            Ok((r.get(0)?, r.get(1)?))
        });
        Ok(origin.optional()?)
    }

    /// Records the origin of the series, and that it was compared in full. The interval of a series that never was
    /// starts today, so that the series of an older file are not all compared at once.
    pub(super) fn remember(&self, batch: &Batch<'_>) -> rusqlite::Result<()> {
        let sql = "INSERT INTO series (asset_id, source, symbol, currency, audited_on) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (asset_id, source) DO UPDATE
             SET symbol = excluded.symbol, currency = excluded.currency,
                 audited_on = CASE WHEN ?6 THEN excluded.audited_on ELSE coalesce(audited_on, excluded.audited_on) END
             WHERE ?6 OR audited_on IS NULL OR (symbol, currency) IS NOT (excluded.symbol, excluded.currency)";
        self.connection.prepare_cached(sql)?.execute(params![
            self.asset,
            self.source,
            batch.symbol,
            batch.currency,
            batch.today.to_string(),
            batch.is_audit
        ])?;
        Ok(())
    }

    /// Whether one of them was found since the last run that could detect it.
    pub(super) fn has_new_suspicion(&self) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (
                 SELECT 1 FROM finding
                 WHERE asset_id = ?1 AND source = ?2 AND resolved_at IS NULL
                   AND rule IN ('scale_step', 'scale_refused', 'scale_unknown')
                   AND first_seen > coalesce((
                       SELECT max(ended_at) FROM job_run
                       WHERE job_name = 'collect' AND status IN ('success', 'partial_failure')), ''))";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row(params![self.asset, self.source], |r| r.get(0))
    }

    /// The open findings that make the series suspect.
    pub(super) fn suspicions(&self) -> Result<Vec<Finding>> {
        let sql = "SELECT rule, date, detail FROM finding
             WHERE asset_id = ?1 AND source = ?2 AND resolved_at IS NULL
               AND rule IN ('scale_step', 'scale_refused', 'scale_unknown')
             ORDER BY date";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.asset, self.source])?;
        let mut open = Vec::new();
        while let Some(row) = rows.next()? {
            let (rule, date) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            if let (Ok(rule), Ok(date)) = (rule.parse::<Rule>(), date.parse()) {
                let detail = row.get(2)?;
                open.push(Finding { date, rule, detail });
            }
        }
        Ok(open)
    }
}

impl Staging {
    /// The first stored day of a series, and the day of its last comparison in full; `None` if an older program staged
    /// it.
    pub(crate) fn audited_on(
        &self,
        asset: &str,
        source: &str,
    ) -> Result<Option<(NaiveDate, Option<NaiveDate>)>> {
        let sql = "SELECT (SELECT date FROM price_daily p WHERE p.asset_id = s.asset_id AND p.source = s.source ORDER BY date LIMIT 1),
                 audited_on
             FROM series s WHERE asset_id = ?1 AND source = ?2";
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params![asset, source], |r| {
            let both: (Option<String>, Option<String>) = (r.get(0)?, r.get(1)?);
            Ok(both)
        });
        let day = |text: String| text.parse::<NaiveDate>().ok();
        Ok(found
            .optional()?
            .and_then(|(first, audited)| Some((first.and_then(day)?, audited.and_then(day)))))
    }

    /// Records that a planned comparison of the whole series was not possible: its turn comes again with the others.
    pub(crate) fn put_off_audit(&self, asset: &str, source: &str, today: NaiveDate) -> Result<()> {
        let sql = "UPDATE series SET audited_on = ?3 WHERE asset_id = ?1 AND source = ?2";
        let connection = self.connection()?;
        connection.execute(sql, params![asset, source, today.to_string()])?;
        Ok(())
    }
}

fn days_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<(String, String)>> {
    let both: (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
    Ok(both.0.zip(both.1))
}

fn window((first, last): (String, String)) -> Option<Window> {
    Some(Window {
        start: first.parse().ok()?,
        end: last.parse().ok()?,
    })
}
