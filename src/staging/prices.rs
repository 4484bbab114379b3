//! Staging of one asset's bars in one transaction: the UPSERT, the history of changed prices, what is found about them.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rusqlite::{Transaction, TransactionBehavior, named_params, params};

use super::Staging;
use super::findings::{Judged, Notes};
use crate::asset::AssetId;
use crate::price::Bar;
use crate::series::{Attendance, constant_factor, missing, price_jumps};
use crate::timestamp;
use crate::upstream::Window;
use crate::validate::{Checked, FetchedBar, Finding, Rule};

/// A stored ingest time further ahead of now than this came from a clock that was wrong.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What one run fetched of one series.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The asset.
    pub asset: &'a AssetId,
    /// The `source` column.
    pub source: &'a str,
    /// The days that were asked for.
    pub window: Window,
    /// The sessions of the window whose bar was due when it was fetched, in order.
    pub due: &'a [NaiveDate],
    /// Bars, rejected rows, findings.
    pub checked: &'a Checked,
    /// Whether a series may be staged in another scale, when it comes whole.
    pub heal: bool,
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
    /// Findings about the asked days.
    pub findings: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Staged {
    /// It was staged.
    Done {
        /// What that did.
        tally: Tally,
        /// Which due sessions have no bar.
        attendance: Attendance,
    },
    /// The series has another scale now, and the batch does not hold all of its stored days: nothing was staged.
    Rebased(Rebase),
}

/// A change of scale of a whole series: a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebase {
    /// What the stored closes must be multiplied with, in words with an example.
    pub detail: String,
    /// The first stored day.
    pub first: NaiveDate,
    /// The last stored day.
    pub last: NaiveDate,
    /// Stored days that the batch does not hold.
    pub uncovered: usize,
}

/// A bar as it is stored.
#[derive(Debug, Clone)]
struct Stored {
    bar: Bar,
    /// `None` where another program wrote what is no time.
    ingested_at: Option<DateTime<Utc>>,
    is_final: bool,
    /// When these values were fetched first; empty where another program wrote the row.
    known_since: String,
}

impl Stored {
    fn is_newer_than(&self, fetched: &FetchedBar) -> bool {
        self.ingested_at.is_some_and(|t| fetched.fetched_at < t)
    }
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
    /// With `commit` false it only says what it would have done.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stage(&self, batch: &Batch<'_>, commit: bool) -> Result<Staged> {
        let mut connection = self.connection()?;
        // IMMEDIATE: what is read here decides what is written, so nobody may write in between.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let staged = Writer {
            tx: &tx,
            batch,
            notes: Notes::of(&tx, batch),
        }
        .write()?;
        if commit {
            tx.commit()?;
        }
        Ok(staged)
    }
}

struct Writer<'a> {
    tx: &'a Transaction<'a>,
    batch: &'a Batch<'a>,
    notes: Notes<'a>,
}

impl Writer<'_> {
    fn write(&self) -> Result<Staged> {
        let stored = self.stored()?;
        let rebase = self.find_rebase(&stored)?;
        if let Some(rebase) = &rebase {
            self.notes.put(&self.rebased(rebase))?;
            if rebase.uncovered > 0 || !self.batch.heal {
                return Ok(Staged::Rebased(rebase.clone()));
            }
        }
        let mut tally = self.write_bars(&stored, rebase.is_some())?;
        for rejected in &self.batch.checked.rejected {
            tally.rejected += u64::from(self.notes.quarantine(rejected)?);
        }
        // A recording that is older than all that is stored says nothing about what is stored.
        let was_heard = tally.kept == 0 || tally.new + tally.changed + tally.unchanged > 0;
        if was_heard {
            tally.findings = self.write_findings(rebase.is_some())?;
        }
        Ok(Staged::Done {
            tally,
            attendance: self.attendance()?,
        })
    }

    fn write_bars(&self, stored: &HashMap<NaiveDate, Stored>, rebasing: bool) -> Result<Tally> {
        let mut tally = Tally::default();
        for fetched in &self.batch.checked.bars {
            let old = stored.get(&fetched.bar.date());
            match decide(old, fetched, self.batch.now, rebasing) {
                Decision::Insert => {
                    self.upsert(&fetched.bar, fetched, None)?;
                    tally.new += 1;
                }
                Decision::Replace {
                    bar,
                    changed,
                    clock,
                } => {
                    self.replace(old, bar, fetched, changed)?;
                    if clock {
                        let detail = "the stored ingest time was ahead of now".to_owned();
                        self.notes.put(&Finding {
                            date: bar.date(),
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
        Ok(tally)
    }

    fn replace(
        &self,
        old: Option<&Stored>,
        bar: Bar,
        fetched: &FetchedBar,
        changed: bool,
    ) -> Result<()> {
        match old {
            Some(old) if changed => {
                self.keep_history(old, fetched)?;
                self.upsert(&bar, fetched, None)?;
            }
            old => self.upsert(&bar, fetched, old)?,
        }
        Ok(())
    }

    /// Writes what the rules say about the days of the window as they are stored now; counts it.
    fn write_findings(&self, rebased: bool) -> Result<u64> {
        let reports_volume = self.series_reports_volume()?;
        let about_rows = self
            .batch
            .checked
            .findings
            .iter()
            .filter(|f| f.rule != Rule::ZeroVolume || reports_volume);
        let (closes, last) = self.closes()?;
        let jumps = price_jumps(&closes, self.batch.window.start, last);
        let mut count = 0;
        for finding in about_rows.chain(&jumps) {
            self.notes.put(finding)?;
            count += 1;
        }
        self.notes.resolve(Judged {
            window: self.batch.window,
            last_jump: last,
            rebased,
        })?;
        Ok(count)
    }

    /// Whether the source ever reported a volume for the asset: zero is news only then.
    fn series_reports_volume(&self) -> rusqlite::Result<bool> {
        self.tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND volume > 0)")?
            .query_row(params![self.batch.asset.as_str(), self.batch.source], |r| r.get(0))
    }

    /// The closes of the window with the one before and the one after it, and the day of the last of them.
    fn closes(&self) -> Result<(Vec<(NaiveDate, f64)>, NaiveDate)> {
        let mut statement = self.tx.prepare_cached(include_str!("closes.sql"))?;
        let window = self.batch.window;
        let mut rows = statement.query(params![
            self.batch.asset.as_str(),
            self.batch.source,
            window.start.to_string(),
            window.end.to_string()
        ])?;
        let mut closes = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(date) = row.get::<_, String>(0)?.parse() {
                closes.push((date, row.get(1)?));
            }
        }
        let last = closes
            .last()
            .map_or(window.end, |(date, _)| window.end.max(*date));
        Ok((closes, last))
    }

    /// Which of the due sessions have no bar, also after this batch. Waived ones are not looked at.
    fn attendance(&self) -> Result<Attendance> {
        let (Some(first), Some(last)) = (self.batch.due.first(), self.batch.due.last()) else {
            return Ok(Attendance::default());
        };
        let mut statement = self.tx.prepare_cached(
            "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4
             UNION SELECT min(date) FROM price_daily WHERE asset_id = ?1 AND source = ?2",
        )?;
        let key = params![
            self.batch.asset.as_str(),
            self.batch.source,
            first.to_string(),
            last.to_string()
        ];
        let days = days(statement.query(key)?)?;
        let mut statement = self
            .tx
            .prepare_cached("SELECT date FROM waiver WHERE asset_id = ?1")?;
        let waived = self::days(statement.query(params![self.batch.asset.as_str()])?)?;
        let due: Vec<NaiveDate> = self
            .batch
            .due
            .iter()
            .filter(|d| !waived.contains(d))
            .copied()
            .collect();
        let missing = missing(&due, &days);
        Ok(Attendance { due, missing })
    }

    /// Whether the fetched closes of the overlap differ from the stored ones by one factor.
    fn find_rebase(&self, stored: &HashMap<NaiveDate, Stored>) -> Result<Option<Rebase>> {
        let mut overlap: Vec<(NaiveDate, f64, f64)> = Vec::new();
        for fetched in &self.batch.checked.bars {
            // A provisional close changes by itself.
            if let Some(old) = stored
                .get(&fetched.bar.date())
                .filter(|s| s.is_final && !s.is_newer_than(fetched))
            {
                overlap.push((fetched.bar.date(), old.bar.close(), fetched.bar.close()));
            }
        }
        let pairs: Vec<(f64, f64)> = overlap.iter().map(|(_, old, new)| (*old, *new)).collect();
        let (Some(factor), Some((date, old, new))) = (constant_factor(&pairs), overlap.last())
        else {
            return Ok(None);
        };
        let series = self.stored_days()?;
        let fetched: BTreeSet<NaiveDate> = self
            .batch
            .checked
            .bars
            .iter()
            .map(|b| b.bar.date())
            .collect();
        let detail = format!(
            "factor {} (the close of {date} was {old}, is {new})",
            significant(factor)
        );
        let first = series.first().copied().unwrap_or(*date);
        Ok(Some(Rebase {
            detail,
            first,
            last: series.last().copied().unwrap_or(*date),
            uncovered: series.difference(&fetched).count(),
        }))
    }

    fn rebased(&self, rebase: &Rebase) -> Finding {
        Finding {
            date: rebase.first,
            rule: Rule::Rebased,
            detail: rebase.detail.clone(),
        }
    }

    /// All days of the series.
    fn stored_days(&self) -> Result<BTreeSet<NaiveDate>> {
        let mut statement = self
            .tx
            .prepare_cached("SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2")?;
        days(statement.query(params![self.batch.asset.as_str(), self.batch.source])?)
    }

    /// The stored bars of the days that were fetched.
    fn stored(&self) -> Result<HashMap<NaiveDate, Stored>> {
        let bars = &self.batch.checked.bars;
        let days = bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Ok(HashMap::new());
        };
        let mut statement = self.tx.prepare_cached(
            "SELECT date, open, high, low, close, volume, ingested_at, is_final, known_since FROM price_daily
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
                        known_since: row.get(8)?,
                    },
                );
            }
        }
        Ok(stored)
    }

    /// Writes a bar; `same_as` is the stored row that has these values already.
    fn upsert(
        &self,
        bar: &Bar,
        fetched: &FetchedBar,
        same_as: Option<&Stored>,
    ) -> rusqlite::Result<()> {
        let [open, high, low, close] = bar.prices();
        let ingested_at = timestamp::to_text(fetched.fetched_at);
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
                ":ingested_at": ingested_at,
                ":known_since": same_as.map_or(ingested_at.as_str(), |s| s.known_since.as_str()),
                ":is_final": fetched.is_final,
                ":job_id": self.batch.job_id,
            })?;
        Ok(())
    }

    fn keep_history(&self, old: &Stored, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let [open, high, low, close] = old.bar.prices();
        let statement = "INSERT INTO price_revision
                 (asset_id, date, source, open, high, low, close, volume, ingested_at, is_final, known_since, replaced_at, job_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.tx.prepare_cached(statement)?.execute(params![
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
            old.known_since,
            timestamp::to_text(fetched.fetched_at),
            self.batch.job_id,
        ])?;
        Ok(())
    }
}

/// Days out of a query's first column; what is no day is left out.
fn days(mut rows: rusqlite::Rows<'_>) -> Result<BTreeSet<NaiveDate>> {
    let mut days = BTreeSet::new();
    while let Some(row) = rows.next()? {
        days.extend(
            row.get::<_, Option<String>>(0)?
                .and_then(|d| d.parse::<NaiveDate>().ok()),
        );
    }
    Ok(days)
}

/// A factor as people write it: six significant digits, no zeros at the end.
fn significant(factor: f64) -> String {
    let text = format!("{factor:.5e}");
    text.parse::<f64>()
        .map_or(text, |rounded| rounded.to_string())
}

/// Latest ingest wins; an unknown volume or a suspended row never replaces a stored bar that had volume.
///
/// In a change of scale a suspended row does, since no row may stay in the old scale.
fn decide(
    stored: Option<&Stored>,
    fetched: &FetchedBar,
    now: DateTime<Utc>,
    rebasing: bool,
) -> Decision {
    let Some(stored) = stored else {
        return Decision::Insert;
    };
    let clock = stored
        .ingested_at
        .is_some_and(|t| t > now + CLOCK_TOLERANCE);
    let had_volume = stored.bar.volume().is_some_and(|v| v > 0);
    if (stored.is_newer_than(fetched) && !clock) || (fetched.suspended && had_volume && !rebasing) {
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
    /// To the oldest provisional bar of the source, to as many of its stored sessions as were asked about, and to the
    /// oldest recent session that it lacks; `None` when the source has no bar.
    To(Option<NaiveDate>),
}

impl Staging {
    /// How far back a series must be asked for again: to overlap with at least `overlap` stored sessions, and to fill what
    /// is missing of the `recent` sessions (in order), unless it is waived.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reach_back(
        &self,
        asset: &AssetId,
        source: &str,
        overlap: u32,
        recent: &[NaiveDate],
    ) -> Result<Reach> {
        let connection = self.connection()?;
        let any: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1)")?
            .query_row(params![asset.as_str()], |r| r.get(0))?;
        if !any {
            return Ok(Reach::NothingStaged);
        }
        let oldest: Option<String> = connection
            .prepare_cached(include_str!("reach_back.sql"))?
            .query_row(params![asset.as_str(), source, overlap], |r| r.get(0))?;
        let Some(oldest) = oldest.and_then(|d| d.parse::<NaiveDate>().ok()) else {
            return Ok(Reach::To(None));
        };
        let mut statement = connection.prepare_cached(
            "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2
             UNION SELECT date FROM waiver WHERE asset_id = ?1",
        )?;
        let known = days(statement.query(params![asset.as_str(), source])?)?;
        let first_missing = recent
            .iter()
            .find(|d| known.first().is_some_and(|f| f < *d) && !known.contains(d));
        Ok(Reach::To(Some(
            first_missing.map_or(oldest, |d| oldest.min(*d)),
        )))
    }
}
