//! Staging of one asset's bars in one transaction: the UPSERT, the history of changed prices, what is found about them.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, named_params, params};
use serde::Serialize;

use super::findings::{Judged, Notes};
use super::gaps::{self, Judgement};
use super::rebase::{
    Rebase, Scale, final_closes, find_older_scale, find_other_scale, find_rebase, rescaled,
};
use super::stored::{Decision, Stored, days, decide, stored_bars};
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::bar::Bar;
use crate::domain::gaps::{Attendance, are_same, price_jumps};
use crate::domain::timestamp;
use crate::domain::validate::{Checked, FetchedBar, Finding, Rule};
use crate::sources::Window;
use crate::staging::Staging;

/// What one run fetched of one series.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The asset.
    pub asset: &'a Asset,
    /// Which of its sources; its `stored_as` is the `source` column.
    pub entry: &'a SourceEntry,
    /// The days that were asked for.
    pub window: Window,
    /// The sessions of the window whose bar was due when it was fetched, in order.
    pub due: &'a [NaiveDate],
    /// The parts of the window that no answer came for.
    pub lost: &'a [LostPart],
    /// Bars, rejected rows, findings. Bars of days beyond the window only tell the scale.
    pub checked: &'a Checked,
    /// What to do when the series came in another scale.
    pub heal: Heal,
    /// The run.
    pub job_id: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A part of a window that no answer came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostPart {
    /// Its days.
    pub window: Window,
    /// Whether later runs ask for it again.
    pub is_asked_again: bool,
}

/// What to do when a series comes in another scale: a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heal {
    /// Nothing is staged.
    No,
    /// It is staged if it comes whole, so that two scales never stand side by side.
    IfWhole,
    /// It was read again as a whole because its closes changed by this factor. Stored days that the source has no longer
    /// are carried over into the new scale.
    Again(f64),
}

/// What staging a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
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
    /// It would mix what must not stand in one series, for the reason given: nothing was staged.
    Refused(String),
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
            source: &batch.entry.stored_as,
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
    source: &'a str,
    notes: Notes<'a>,
}

/// What writing the bars did, and the days about which the answer has the last word.
#[derive(Default)]
struct Written {
    tally: Tally,
    heard: BTreeSet<NaiveDate>,
    /// The days whose stored bar stayed, because it has the volume that the fetched one lacks.
    poorer: BTreeSet<NaiveDate>,
}

impl Writer<'_> {
    fn write(&self) -> Result<Staged> {
        let stored = self.stored()?;
        if let Some(why) = self.find_other_series(&stored)? {
            return Ok(Staged::Refused(why));
        }
        let bars = &self.batch.checked.bars;
        if let Some(why) = find_older_scale(bars, &stored) {
            return Ok(Staged::Refused(why));
        }
        let scale = find_rebase(self.tx, self.batch, &stored)?;
        let rebase = match &scale {
            Scale::Changed(rebase) => Some(rebase),
            Scale::Same | Scale::Unknown => None,
        };
        if let Some(rebase) = rebase {
            self.notes.put_lasting(rebase.finding())?;
            if !rebase.can_be_staged(self.batch.heal) {
                return Ok(Staged::Rebased(rebase.clone()));
            }
        }
        let first = self.first_day()?;
        let mut written = self.write_bars(&stored, rebase.is_some())?;
        if let Some(rebase) = rebase {
            let mut days = written.poorer.clone();
            days.extend(&rebase.uncovered);
            written.tally.changed += self.carry_over(rebase, &days)?;
        }
        self.note_other_scales()?;
        for rejected in &self.batch.checked.rejected {
            written.tally.rejected += u64::from(self.notes.quarantine(rejected)?);
        }
        written.tally.findings = self.write_findings(&written.heard, &scale)?;
        self.remember_series()?;
        let attendance = self.judge_gaps(first)?;
        let tally = written.tally;
        Ok(Staged::Done { tally, attendance })
    }

    fn write_bars(&self, stored: &HashMap<NaiveDate, Stored>, rescaling: bool) -> Result<Written> {
        let mut written = Written::default();
        for fetched in &self.batch.checked.bars {
            let date = fetched.bar.date();
            if !self.batch.window.contains(date) && !rescaling {
                continue;
            }
            let old = stored.get(&date);
            let decision = decide(old, fetched, self.batch.now, rescaling);
            if !matches!(decision, Decision::Older) {
                written.heard.insert(date);
            }
            let tally = &mut written.tally;
            match decision {
                Decision::Insert => {
                    self.upsert(&fetched.bar, fetched, None)?;
                    tally.new += 1;
                }
                Decision::Replace {
                    bar,
                    changed,
                    clock,
                } => {
                    let same_as = old.filter(|_| !changed && !clock);
                    self.replace(old.filter(|_| changed), bar, fetched, same_as)?;
                    if clock {
                        self.notes.put(&clock_finding(date))?;
                    }
                    *(if changed {
                        &mut tally.changed
                    } else {
                        &mut tally.unchanged
                    }) += 1;
                }
                Decision::Same => tally.unchanged += 1,
                Decision::Older => tally.kept += 1,
                Decision::Poorer => {
                    tally.kept += 1;
                    written.poorer.insert(date);
                }
            }
        }
        Ok(written)
    }

    /// Writes a bar over a stored one. `changed` is what it was, if its values changed; `same_as` the stored row that has
    /// these values already.
    fn replace(
        &self,
        changed: Option<&Stored>,
        bar: Bar,
        fetched: &FetchedBar,
        same_as: Option<&Stored>,
    ) -> Result<()> {
        if let Some(old) = changed {
            self.keep_history(old, fetched)?;
        }
        Ok(self.upsert(&bar, fetched, same_as)?)
    }

    /// Carries stored days that the source says nothing better of over into the new scale; counts them.
    fn carry_over(&self, rebase: &Rebase, days: &BTreeSet<NaiveDate>) -> Result<u64> {
        let mut count = 0;
        for (old, fetched) in rescaled(self.tx, self.batch, rebase, days)? {
            let date = fetched.bar.date();
            let detail = format!(
                "its source has no bar with a volume any more, the close {} was carried over as {}",
                old.bar.close(),
                fetched.bar.close()
            );
            self.replace(Some(&old), fetched.bar, &fetched, None)?;
            self.notes.put(&Finding {
                date,
                rule: Rule::Rescaled,
                detail,
            })?;
            count += 1;
        }
        Ok(count)
    }

    /// Writes what the rules say about the days that were heard of, as they are stored now; counts it.
    fn write_findings(&self, heard: &BTreeSet<NaiveDate>, scale: &Scale) -> Result<u64> {
        let reports_volume = self.series_reports_volume()?;
        let (closes, last) = self.closes()?;
        let closes_judged = Window {
            start: self.batch.window.start,
            end: last,
        };
        let jumps = price_jumps(&closes, closes_judged.start, closes_judged.end);
        let about_rows = self
            .batch
            .checked
            .findings
            .iter()
            // An answer that is older than what is stored says nothing about what is stored.
            .filter(|f| heard.contains(&f.date) || f.rule == Rule::Incomplete)
            .filter(|f| f.rule != Rule::ZeroVolume || reports_volume);
        let mut count = 0;
        for finding in about_rows.chain(&jumps) {
            self.notes.put(finding)?;
            count += 1;
        }
        self.notes.resolve(Judged {
            closes: closes_judged,
            heard,
            scale,
        })?;
        Ok(count)
    }

    /// The first stored day of the series.
    fn first_day(&self) -> Result<Option<NaiveDate>> {
        let sql = "SELECT min(date) FROM price_daily WHERE asset_id = ?1 AND source = ?2";
        let mut statement = self.tx.prepare_cached(sql)?;
        let key = params![self.batch.asset.id.as_str(), self.source];
        Ok(days(statement.query(key)?)?.first().copied())
    }

    /// Notes when the asset's other sources are stored in another scale: this one stands in for a source that has not sent
    /// its prices after a split yet.
    fn note_other_scales(&self) -> Result<()> {
        let Batch { asset, checked, .. } = self.batch;
        let others = asset.own_sources().filter(|s| *s != self.source);
        let is_own = asset.own_sources().any(|s| s == self.source);
        let days = checked.bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last), true) = (days.clone().min(), days.max(), is_own) else {
            return Ok(());
        };
        for other in others {
            let stored = stored_bars(self.tx, asset.id.as_str(), other, first, last)?;
            if let Some(finding) = find_other_scale(&checked.bars, &stored, self.source) {
                let Batch { job_id, now, .. } = *self.batch;
                let notes = Notes::about(self.tx, asset.id.as_str(), other, job_id, now);
                notes.put_lasting(finding)?;
            }
        }
        Ok(())
    }

    /// Whether the source ever reported a volume for the asset: zero is news only then.
    fn series_reports_volume(&self) -> rusqlite::Result<bool> {
        self.tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND volume > 0)")?
            .query_row(params![self.batch.asset.id.as_str(), self.source], |r| r.get(0))
    }

    /// The closes of the window with the one before and the one after it, and the day of the last of them.
    fn closes(&self) -> Result<(Vec<(NaiveDate, f64)>, NaiveDate)> {
        let mut statement = self.tx.prepare_cached(include_str!("closes.sql"))?;
        let window = self.batch.window;
        let mut rows = statement.query(params![
            self.batch.asset.id.as_str(),
            self.source,
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

    /// Notes the due sessions without a bar at once, so that a run that dies has not forgotten them. Whether the exchange
    /// was closed is judged when the calendar's other assets are known.
    ///
    /// `first` is the first day that was stored before this batch.
    fn judge_gaps(&self, first: Option<NaiveDate>) -> Result<Attendance> {
        let attendance = gaps::attendance(self.tx, self.batch, first)?;
        gaps::remember_lost(self.tx, self.batch)?;
        let closed = gaps::open_closed_days(self.tx, &self.batch.asset.calendar)?;
        let missing: Vec<NaiveDate> = attendance
            .missing
            .iter()
            .filter(|d| !closed.contains(d))
            .copied()
            .collect();
        gaps::note(
            &self.notes,
            &Judgement {
                asset: self.batch.asset,
                source: self.source,
                due: &attendance.due,
                missing: &missing,
            },
        )?;
        Ok(attendance)
    }

    /// The stored bars of the days that were fetched.
    fn stored(&self) -> Result<HashMap<NaiveDate, Stored>> {
        let days = self.batch.checked.bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Ok(HashMap::new());
        };
        let asset = self.batch.asset.id.as_str();
        stored_bars(self.tx, asset, self.source, first, last)
    }

    /// Why these bars are of another series than the stored one, if they are: another currency, or another symbol whose
    /// closes are not the stored ones. A symbol that only got another name goes on in the same series.
    fn find_other_series(&self, stored: &HashMap<NaiveDate, Stored>) -> Result<Option<String>> {
        let entry = self.batch.entry;
        let asset = self.batch.asset.id.as_str();
        let Some((symbol, currency)) = self.series_origin(asset)? else {
            return Ok(None);
        };
        if currency != entry.currency {
            return Ok(Some(format!(
                "its stored prices are in {currency}, assets.toml says {}; give the asset another id",
                entry.currency
            )));
        }
        if symbol == entry.symbol || are_same(&final_closes(&self.batch.checked.bars, stored)) {
            return Ok(None);
        }
        Ok(Some(format!(
            "its stored prices are those of {symbol}, and {} has other closes or no common days; \
             put {symbol} back into its place in assets.toml, or give the asset another id",
            entry.symbol
        )))
    }

    /// The symbol and the currency that the stored bars of the series came from.
    fn series_origin(&self, asset: &str) -> Result<Option<(String, String)>> {
        let sql = "SELECT symbol, currency FROM series s WHERE asset_id = ?1 AND source = ?2
             AND EXISTS (SELECT 1 FROM price_daily p WHERE p.asset_id = s.asset_id AND p.source = s.source)";
        let mut statement = self.tx.prepare_cached(sql)?;
        let origin =
            statement.query_row(params![asset, self.source], |r| Ok((r.get(0)?, r.get(1)?)));
        Ok(origin.optional()?)
    }

    fn remember_series(&self) -> rusqlite::Result<()> {
        let sql = "INSERT INTO series (asset_id, source, symbol, currency) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (asset_id, source) DO UPDATE SET symbol = excluded.symbol, currency = excluded.currency
             WHERE (symbol, currency) IS NOT (excluded.symbol, excluded.currency)";
        let entry = self.batch.entry;
        let asset = self.batch.asset.id.as_str();
        self.tx.prepare_cached(sql)?.execute(params![
            asset,
            self.source,
            entry.symbol,
            entry.currency
        ])?;
        Ok(())
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
                ":asset_id": self.batch.asset.id.as_str(),
                ":date": bar.date().to_string(),
                ":source": self.source,
                ":open": open,
                ":high": high,
                ":low": low,
                ":close": close,
                ":volume": bar.volume(),
                ":ingested_at": ingested_at,
                ":known_since": same_as.map_or(ingested_at.as_str(), |s| s.known_since.as_str()),
                ":is_final": fetched.is_final,
                ":job_id": same_as.map_or(Some(self.batch.job_id), |s| s.job_id.as_deref()),
            })?;
        Ok(())
    }

    fn keep_history(&self, old: &Stored, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let [open, high, low, close] = old.bar.prices();
        let statement = "INSERT INTO price_revision
                 (asset_id, date, source, open, high, low, close, volume, ingested_at, is_final, known_since, brought_by, replaced_at, job_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        self.tx.prepare_cached(statement)?.execute(params![
            self.batch.asset.id.as_str(),
            old.bar.date().to_string(),
            self.source,
            open,
            high,
            low,
            close,
            old.bar.volume(),
            old.ingested_at.map(timestamp::to_text).unwrap_or_default(),
            old.is_final,
            old.known_since,
            old.job_id,
            timestamp::to_text(fetched.fetched_at),
            self.batch.job_id,
        ])?;
        Ok(())
    }
}

fn clock_finding(date: NaiveDate) -> Finding {
    Finding {
        date,
        rule: Rule::Clock,
        detail: "the stored ingest time was ahead of now".to_owned(),
    }
}
