//! Staging of one asset's bars: the UPSERT, the history of changed prices, findings and quarantine, in one transaction.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, named_params, params};

use super::Staging;
use crate::asset::AssetId;
use crate::price::Bar;
use crate::timestamp;
use crate::upstream::Window;
use crate::validate::{Checked, FetchedBar, Finding, Rejected, Rule};

/// A stored ingest time further ahead of now than this came from a clock that was wrong.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What one run fetched of one series.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The asset.
    pub asset: &'a AssetId,
    /// The `source` column.
    pub source: &'a str,
    /// The days that were asked for.
    pub window: Window,
    /// Bars, rejected rows, findings.
    pub checked: &'a Checked,
    /// The run.
    pub job_id: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What staging a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Bars of days that were not stored.
    pub new: u64,
    /// Bars whose stored values changed.
    pub changed: u64,
    /// Bars whose stored values are the same; their ingest time moved, unless it was the same too.
    pub unchanged: u64,
    /// Bars that were not stored because the stored one is newer or has the volume that this one lacks.
    pub kept: u64,
    /// Rejected rows that were not in quarantine yet.
    pub rejected: u64,
}

/// A bar as it is stored.
#[derive(Debug, Clone, Copy)]
struct Stored {
    bar: Bar,
    /// `None` where another program wrote what is no time.
    ingested_at: Option<DateTime<Utc>>,
    is_final: bool,
}

/// What to do with a fetched bar.
#[derive(Debug, Clone, Copy)]
enum Decision {
    Insert,
    /// Write this bar over the stored one.
    Replace {
        bar: Bar,
        changed: bool,
        clock: bool,
    },
    /// It is stored already, with this ingest time and these values.
    Same,
    Keep,
}

impl Staging {
    /// Stages a batch in one transaction: all of it, or nothing.
    ///
    /// With `commit` false it only counts what it would have done.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stage(&self, batch: &Batch<'_>, commit: bool) -> Result<Tally> {
        let mut connection = self.connection()?;
        // IMMEDIATE: what is read here decides what is written, so nobody may write in between.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tally = Writer { tx: &tx, batch }.write()?;
        if commit {
            tx.commit()?;
        }
        Ok(tally)
    }
}

struct Writer<'a> {
    tx: &'a Transaction<'a>,
    batch: &'a Batch<'a>,
}

impl Writer<'_> {
    fn write(&self) -> Result<Tally> {
        let mut tally = Tally::default();
        let stored = self.stored()?;
        for fetched in &self.batch.checked.bars {
            let date = fetched.bar.date();
            let stored = stored.get(&date);
            match decide(stored, fetched, self.batch.now) {
                Decision::Insert => {
                    self.upsert(&fetched.bar, fetched)?;
                    tally.new += 1;
                }
                Decision::Replace {
                    bar,
                    changed,
                    clock,
                } => {
                    if let (true, Some(old)) = (changed, stored) {
                        self.keep_history(old)?;
                    }
                    self.upsert(&bar, fetched)?;
                    if clock {
                        let detail = "the stored ingest time was ahead of now".to_owned();
                        self.find(&Finding {
                            date,
                            rule: Rule::Clock,
                            detail,
                        })?;
                    }
                    *(if changed {
                        &mut tally.changed
                    } else {
                        &mut tally.unchanged
                    }) += 1;
                }
                Decision::Same => tally.unchanged += 1,
                Decision::Keep => tally.kept += 1,
            }
        }
        for finding in &self.batch.checked.findings {
            self.find(finding)?;
        }
        self.resolve_findings()?;
        for rejected in &self.batch.checked.rejected {
            tally.rejected += u64::from(self.quarantine(rejected)?);
        }
        Ok(tally)
    }

    /// The stored bars of the days that were fetched.
    fn stored(&self) -> Result<HashMap<NaiveDate, Stored>> {
        let bars = &self.batch.checked.bars;
        let days = bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Ok(HashMap::new());
        };
        let mut statement = self.tx.prepare_cached(
            "SELECT date, open, high, low, close, volume, ingested_at, is_final FROM price_daily
             WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4",
        )?;
        let mut rows = statement.query(params![
            self.batch.asset.as_str(),
            self.batch.source,
            first.to_string(),
            last.to_string()
        ])?;
        let mut stored = HashMap::with_capacity(bars.len());
        while let Some(row) = rows.next()? {
            let date: String = row.get(0)?;
            let prices = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            let ingested_at = timestamp::from_text(&row.get::<_, String>(6)?);
            // What another program stored and is no bar is overwritten without a history.
            if let Ok(date) = date.parse()
                && let Ok(bar) = Bar::new(date, prices, row.get(5)?)
            {
                stored.insert(
                    date,
                    Stored {
                        bar,
                        ingested_at,
                        is_final: row.get(7)?,
                    },
                );
            }
        }
        Ok(stored)
    }

    fn upsert(&self, bar: &Bar, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let [open, high, low, close] = bar.prices();
        self.tx
            .prepare_cached(include_str!("upsert.sql"))?
            .execute(named_params! {
                ":asset_id": self.batch.asset.as_str(),
                ":date": bar.date().to_string(),
                ":source": self.batch.source,
                ":open": open,
                ":high": high,
                ":low": low,
                ":close": close,
                ":volume": bar.volume(),
                ":ingested_at": timestamp::to_text(fetched.fetched_at),
                ":is_final": fetched.is_final,
                ":job_id": self.batch.job_id,
            })?;
        Ok(())
    }

    fn keep_history(&self, old: &Stored) -> rusqlite::Result<()> {
        let [open, high, low, close] = old.bar.prices();
        self.tx
            .prepare_cached(
                "INSERT INTO price_revision
                     (asset_id, date, source, open, high, low, close, volume, ingested_at, is_final, replaced_at, job_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                self.batch.asset.as_str(),
                old.bar.date().to_string(),
                self.batch.source,
                open,
                high,
                low,
                close,
                old.bar.volume(),
                old.ingested_at.map(timestamp::to_text).unwrap_or_default(),
                old.is_final,
                timestamp::to_text(self.batch.now),
                self.batch.job_id,
            ])?;
        Ok(())
    }

    fn find(&self, finding: &Finding) -> rusqlite::Result<()> {
        self.tx
            .prepare_cached(
                "INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen, job_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
                 ON CONFLICT (asset_id, source, date, rule) DO UPDATE
                 SET detail = excluded.detail, last_seen = excluded.last_seen, job_id = excluded.job_id, resolved_at = NULL",
            )?
            .execute(params![
                self.batch.asset.as_str(),
                self.batch.source,
                finding.date.to_string(),
                finding.rule.to_string(),
                finding.detail,
                timestamp::to_text(self.batch.now),
                self.batch.job_id,
            ])?;
        Ok(())
    }

    /// Closes the findings of the asked days that this run did not see again.
    fn resolve_findings(&self) -> rusqlite::Result<()> {
        self.tx
            .prepare_cached(
                "UPDATE finding SET resolved_at = ?1
                 WHERE asset_id = ?2 AND source = ?3 AND date BETWEEN ?4 AND ?5 AND resolved_at IS NULL AND job_id IS NOT ?6",
            )?
            .execute(params![
                timestamp::to_text(self.batch.now),
                self.batch.asset.as_str(),
                self.batch.source,
                self.batch.window.start.to_string(),
                self.batch.window.end.to_string(),
                self.batch.job_id,
            ])?;
        Ok(())
    }

    /// Keeps a rejected row; says whether it is new there.
    fn quarantine(&self, rejected: &Rejected) -> rusqlite::Result<bool> {
        let new: Option<bool> = self
            .tx
            .prepare_cached(
                "INSERT INTO quarantine (asset_id, source, date, reason, raw, first_seen, last_seen, job_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
                 ON CONFLICT (asset_id, source, date, reason, raw) DO UPDATE SET last_seen = excluded.last_seen
                 RETURNING job_id = ?7",
            )?
            .query_row(
                params![
                    self.batch.asset.as_str(),
                    self.batch.source,
                    rejected.date,
                    rejected.reason.to_string(),
                    rejected.raw,
                    timestamp::to_text(self.batch.now),
                    self.batch.job_id,
                ],
                |r| r.get(0),
            )
            .optional()?;
        Ok(new == Some(true))
    }
}

/// Latest ingest wins; an unknown volume or a suspended row never replaces a stored bar that had volume.
fn decide(stored: Option<&Stored>, fetched: &FetchedBar, now: DateTime<Utc>) -> Decision {
    let Some(stored) = stored else {
        return Decision::Insert;
    };
    let clock = stored
        .ingested_at
        .is_some_and(|t| t > now + CLOCK_TOLERANCE);
    let is_older = stored.ingested_at.is_some_and(|t| fetched.fetched_at < t);
    let had_volume = stored.bar.volume().is_some_and(|v| v > 0);
    if (is_older && !clock) || (fetched.suspended && had_volume) {
        return Decision::Keep;
    }
    let mut bar = fetched.bar;
    if bar.volume().is_none() {
        bar = Bar::new(bar.date(), bar.prices(), stored.bar.volume()).unwrap_or(bar);
    }
    let changed = !stored.bar.same_values(&bar);
    if !changed
        && stored.ingested_at == Some(fetched.fetched_at)
        && stored.is_final == fetched.is_final
    {
        return Decision::Same;
    }
    Decision::Replace {
        bar,
        changed,
        clock,
    }
}

/// How far back a series must be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The asset has no bar of any source yet.
    NothingStaged,
    /// To the oldest provisional bar of the source, and to as many of its stored sessions as were asked about; `None`
    /// when the source has no bar.
    To(Option<NaiveDate>),
}

impl Staging {
    /// How far back a series must be asked for again, to overlap with at least `sessions` stored ones.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reach_back(&self, asset: &AssetId, source: &str, sessions: u32) -> Result<Reach> {
        let connection = self.connection()?;
        let any: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1)")?
            .query_row(params![asset.as_str()], |r| r.get(0))?;
        if !any {
            return Ok(Reach::NothingStaged);
        }
        let oldest: Option<String> = connection
            .prepare_cached(
                "SELECT min(date) FROM (
                     SELECT min(date) AS date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND is_final = 0
                     UNION ALL
                     SELECT date FROM (SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 ORDER BY date DESC LIMIT ?3)
                 )",
            )?
            .query_row(params![asset.as_str(), source, sessions], |r| r.get(0))?;
        Ok(Reach::To(oldest.and_then(|d| d.parse().ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::built_in;
    use crate::price::{RawBar, RawDay};
    use crate::upstream::Answer;
    use crate::validate::{Context, check};

    const NOW: &str = "2026-02-01T00:00:00.000000Z";

    struct Bench {
        staging: Staging,
        asset: AssetId,
        window: Window,
    }

    impl Bench {
        fn new() -> Self {
            let window = Window {
                start: "2026-01-01".parse().unwrap(),
                end: "2026-01-31".parse().unwrap(),
            };
            Self {
                staging: Staging::in_memory().unwrap(),
                asset: AssetId::new("005930").unwrap(),
                window,
            }
        }

        /// Stages rows of `day open high low close volume` as fetched at a time by a run.
        fn stage(&self, job_id: &str, fetched_at: &str, rows: &[&str]) -> Tally {
            let rows: Vec<RawBar<'_>> = rows.iter().map(|r| raw(r)).collect();
            let fetched_at = fetched_at.parse().unwrap();
            let context = Context {
                window: self.window,
                calendar: built_in("XKRX"),
                fetched_at,
            };
            let checked = check(
                &Answer {
                    rows,
                    ..Answer::default()
                },
                context,
            );
            let now = NOW.parse().unwrap();
            let batch = Batch {
                asset: &self.asset,
                source: "naver",
                window: self.window,
                checked: &checked,
                job_id,
                now,
            };
            self.staging.stage(&batch, true).unwrap()
        }

        fn text(&self, sql: &str) -> Vec<String> {
            let c = self.staging.connection().unwrap();
            let mut statement = c.prepare(sql).unwrap();
            let columns = statement.column_count();
            let line = |r: &rusqlite::Row<'_>| {
                let values: Vec<String> = (0..columns)
                    .map(|i| match r.get_ref(i).unwrap() {
                        rusqlite::types::ValueRef::Null => "null".to_owned(),
                        rusqlite::types::ValueRef::Integer(v) => v.to_string(),
                        rusqlite::types::ValueRef::Real(v) => v.to_string(),
                        rusqlite::types::ValueRef::Text(t) => {
                            String::from_utf8_lossy(t).into_owned()
                        }
                        rusqlite::types::ValueRef::Blob(_) => "blob".to_owned(),
                    })
                    .collect();
                Ok(values.join(" "))
            };
            statement
                .query_map([], line)
                .unwrap()
                .map(Result::unwrap)
                .collect()
        }

        fn rows(&self) -> Vec<String> {
            self.text("SELECT date, close, volume, substr(ingested_at, 1, 13), is_final, revision FROM price_daily ORDER BY date")
        }
    }

    fn raw(row: &str) -> RawBar<'_> {
        let mut fields = row.split(' ').map(|f| if f == "-" { "" } else { f });
        let mut next = || fields.next().unwrap();
        let day = RawDay::Date(next().parse().unwrap());
        RawBar {
            day,
            open: next(),
            high: next(),
            low: next(),
            close: next(),
            volume: next(),
            may_be_live: false,
        }
    }

    fn tally(new: u64, changed: u64, unchanged: u64, kept: u64, rejected: u64) -> Tally {
        Tally {
            new,
            changed,
            unchanged,
            kept,
            rejected,
        }
    }

    #[test]
    fn the_same_rows_twice_stay_the_same_rows_and_their_ingest_time_moves() {
        let bench = Bench::new();
        let rows = ["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11.5 6"];
        assert_eq!(
            bench.stage("a", "2026-01-06T10:00:00Z", &rows),
            tally(2, 0, 0, 0, 0)
        );
        assert_eq!(
            bench.stage("b", "2026-01-07T10:00:00Z", &rows),
            tally(0, 0, 2, 0, 0)
        );
        assert_eq!(
            bench.rows(),
            [
                "2026-01-05 11 5 2026-01-07T10 1 2",
                "2026-01-06 11.5 6 2026-01-07T10 1 2"
            ]
        );
        assert!(bench.text("SELECT * FROM price_revision").is_empty());
        // The very same fetch once more writes nothing.
        assert_eq!(
            bench.stage("c", "2026-01-07T10:00:00Z", &rows),
            tally(0, 0, 2, 0, 0)
        );
        assert_eq!(
            bench.text("SELECT DISTINCT revision FROM price_daily"),
            ["2"]
        );
    }

    #[test]
    fn a_changed_price_keeps_its_history() {
        let bench = Bench::new();
        bench.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        assert_eq!(
            bench.stage("b", "2026-01-06T05:00:00Z", &["2026-01-05 10 12 9 11.25 7"]),
            tally(0, 1, 0, 0, 0)
        );
        assert_eq!(bench.rows(), ["2026-01-05 11.25 7 2026-01-06T05 1 2"]);
        assert_eq!(
            bench.text("SELECT date, close, volume, ingested_at, is_final, replaced_at, job_id FROM price_revision"),
            [format!("2026-01-05 11 5 2026-01-05T05:00:00.000000Z 0 {NOW} b")]
        );
    }

    #[test]
    fn an_older_ingest_never_wins_but_a_wrong_clock_does_not_last() {
        let bench = Bench::new();
        bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        assert_eq!(
            bench.stage("b", "2026-01-06T10:00:00Z", &["2026-01-05 10 12 9 9.5 5"]),
            tally(0, 0, 0, 1, 0)
        );
        assert_eq!(bench.rows(), ["2026-01-05 11 5 2026-01-07T10 1 1"]);
        // A clock that was a year ahead wrote this; now is 2026-02-01.
        bench.stage("c", "2027-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        assert_eq!(
            bench.stage("d", "2026-01-31T10:00:00Z", &["2026-01-05 10 12 9 11.5 5"]),
            tally(0, 1, 0, 0, 0)
        );
        assert_eq!(bench.rows(), ["2026-01-05 11.5 5 2026-01-31T10 1 3"]);
        assert_eq!(
            bench.text("SELECT rule, date FROM finding"),
            ["clock 2026-01-05"]
        );
    }

    #[test]
    fn an_equal_ingest_time_does_not_lose_a_correction() {
        let bench = Bench::new();
        bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        assert_eq!(
            bench.stage("b", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11.5 5"]),
            tally(0, 1, 0, 0, 0)
        );
    }

    #[test]
    fn unknown_volume_and_suspended_rows_never_replace_volume() {
        let bench = Bench::new();
        bench.stage(
            "a",
            "2026-01-07T10:00:00Z",
            &["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11 5"],
        );
        let later = bench.stage(
            "b",
            "2026-01-08T10:00:00Z",
            &["2026-01-05 10 12 9 11.5 -", "2026-01-06 0 0 0 11 0"],
        );
        assert_eq!(later, tally(0, 1, 0, 1, 0));
        assert_eq!(
            bench.rows(),
            [
                "2026-01-05 11.5 5 2026-01-08T10 1 2",
                "2026-01-06 11 5 2026-01-07T10 1 1"
            ]
        );
        // A null or a zero is no bar at all, so that it cannot overwrite one.
        bench.stage(
            "c",
            "2026-01-09T10:00:00Z",
            &["2026-01-05 - - - - -", "2026-01-06 0 0 0 0 0"],
        );
        assert_eq!(bench.rows().len(), 2);
        assert!(bench.rows()[1].starts_with("2026-01-06 11 5"));
    }

    #[test]
    fn a_vanished_row_stays() {
        let bench = Bench::new();
        bench.stage(
            "a",
            "2026-01-07T10:00:00Z",
            &["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11 5"],
        );
        bench.stage("b", "2026-01-08T10:00:00Z", &["2026-01-06 10 12 9 11 5"]);
        assert_eq!(bench.rows().len(), 2);
    }

    #[test]
    fn a_rejected_row_is_quarantined_once_and_counts_once() {
        let bench = Bench::new();
        let bad = "2026-01-06 10 8 9 9 5";
        assert_eq!(
            bench.stage(
                "a",
                "2026-01-07T10:00:00Z",
                &["2026-01-05 10 12 9 11 5", bad]
            ),
            tally(1, 0, 0, 0, 1)
        );
        assert_eq!(
            bench.stage("b", "2026-01-08T10:00:00Z", &[bad]),
            tally(0, 0, 0, 0, 0)
        );
        assert_eq!(
            bench.stage("c", "2026-01-09T10:00:00Z", &["2026-01-06 10 7 9 9 5"]),
            tally(0, 0, 0, 0, 1)
        );
        assert_eq!(
            bench.text("SELECT date, reason, raw FROM quarantine WHERE job_id = 'a'"),
            [
                r#"2026-01-06 high_below_low {"open":"10","high":"8","low":"9","close":"9","volume":"5"}"#
            ]
        );
    }

    #[test]
    fn a_finding_closes_when_it_is_no_longer_seen() {
        let bench = Bench::new();
        bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 -"]);
        assert_eq!(
            bench.text("SELECT rule, date FROM open_findings"),
            ["volume_unknown 2026-01-05"]
        );
        bench.stage("b", "2026-01-08T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        assert!(bench.text("SELECT * FROM open_findings").is_empty());
        assert_eq!(
            bench.text("SELECT resolved_at IS NOT NULL FROM finding"),
            ["1"]
        );
    }

    #[test]
    fn a_dry_run_counts_and_writes_nothing() {
        let bench = Bench::new();
        let checked = Checked {
            bars: vec![FetchedBar {
                bar: Bar::new(bench.window.start, [1.0; 4], None).unwrap(),
                is_final: true,
                fetched_at: NOW.parse().unwrap(),
                suspended: false,
            }],
            ..Checked::default()
        };
        let now = NOW.parse().unwrap();
        let batch = Batch {
            asset: &bench.asset,
            source: "naver",
            window: bench.window,
            checked: &checked,
            job_id: "a",
            now,
        };
        assert_eq!(bench.staging.stage(&batch, false).unwrap().new, 1);
        assert!(bench.rows().is_empty());
    }

    #[test]
    fn the_window_reaches_back_to_what_is_provisional_and_to_three_sessions() {
        let bench = Bench::new();
        let reach = |source: &str| bench.staging.reach_back(&bench.asset, source, 3).unwrap();
        assert_eq!(reach("naver"), Reach::NothingStaged);
        let rows: Vec<String> = (5..10)
            .map(|d| format!("2026-01-{d:02} 10 12 9 11 5"))
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        bench.stage("a", "2026-01-30T10:00:00Z", &rows);
        assert_eq!(reach("naver"), Reach::To("2026-01-07".parse().ok()));
        assert_eq!(reach("yahoo"), Reach::To(None));
        let other = Bench::new();
        other.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 12 9 11 5"]);
        other.stage("b", "2026-01-30T10:00:00Z", &rows[1..]);
        assert_eq!(
            other.staging.reach_back(&other.asset, "naver", 3).unwrap(),
            Reach::To("2026-01-05".parse().ok())
        );
    }

    #[test]
    fn doubles_come_back_bit_for_bit() {
        let bench = Bench::new();
        let mut x: u64 = 0x9E37_79B9_7F4A_7C15;
        let texts: Vec<String> = (1..28)
            .map(|day| {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let price = f64::from_bits((x >> 12) | 0x3FF0_0000_0000_0000)
                    * f64::from(day * day * day)
                    * 1e3;
                format!("2026-01-{day:02} {price} {price} {price} {price} 5")
            })
            .collect();
        bench.stage(
            "a",
            "2026-01-30T10:00:00Z",
            &texts.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let c = bench.staging.connection().unwrap();
        let mut statement = c
            .prepare("SELECT close FROM price_daily ORDER BY date")
            .unwrap();
        let stored: Vec<f64> = statement
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let sent: Vec<f64> = texts
            .iter()
            .map(|t| t.split(' ').nth(4).unwrap().parse().unwrap())
            .collect();
        assert_eq!(
            stored.iter().map(|p| p.to_bits()).collect::<Vec<_>>(),
            sent.iter().map(|p| p.to_bits()).collect::<Vec<_>>()
        );
    }
}
