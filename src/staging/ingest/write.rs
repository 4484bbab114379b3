//! Staging of one asset's bars in one transaction: the UPSERT, the history of changed prices, what is found about them.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, Statement, ToSql, Transaction, TransactionBehavior, params};

use super::batch::{Batch, Staged, Tally};
use super::findings::{Judged, Notes};
use super::gaps::{self, Judgement};
use super::stored::{days, stored_bars, stored_days};
use crate::domain::bar::{Bar, FetchedBar};
use crate::domain::bar_values::Values;
use crate::domain::finding::{Finding, Rule};
use crate::domain::gaps::{SessionCoverage, price_jumps};
use crate::domain::merge::{Decision, Stored, decide};
use crate::domain::scale::{
    Overlap, Rebase, StoredBars, are_same, final_closes, find_older_scale, find_other_scale,
    rescaled,
};
use crate::domain::timestamp;
use crate::domain::window::Window;
use crate::staging::Staging;
use crate::staging::bar_row::bar_sql;

impl Staging {
    /// Stages a batch in one transaction: all of it, or nothing.
    ///
    /// With `commit` false it only says what it would have done.
    pub(crate) fn stage(&self, batch: &Batch<'_>, commit: bool) -> Result<Staged> {
        let mut connection = self.connection()?;
        // IMMEDIATE: what is read here decides what is written, so nobody may write in between.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let staged = Writer {
            tx: &tx,
            batch,
            source: batch.source,
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
struct WrittenBars {
    tally: Tally,
    heard: BTreeSet<NaiveDate>,
    /// The days whose stored bar stayed, because it has the volume that the fetched one lacks.
    lacking_volume: BTreeSet<NaiveDate>,
}

impl Writer<'_> {
    fn write(&self) -> Result<Staged> {
        let stored = self.stored()?;
        if let Some(why) = self.find_other_series(&stored)? {
            return Ok(Staged::Refused(why));
        }
        let bars = &self.batch.checked.bars;
        if let Some(why) = find_older_scale(bars, &stored, self.batch.now) {
            return Ok(Staged::Refused(why));
        }
        let overlap = Overlap::of(bars, &stored, self.batch.rescale, self.batch.now);
        let rebase = self.rebase(&overlap)?;
        if let Some(rebase) = &rebase {
            self.notes.put_lasting(rebase.finding())?;
            if !rebase.can_be_staged(self.batch.rescale) {
                return Ok(Staged::Rebased(rebase.clone()));
            }
        }
        let first = self.first_day()?;
        let mut written = self.write_bars(&stored, rebase.is_some())?;
        if let Some(rebase) = &rebase {
            let mut days = written.lacking_volume.clone();
            days.extend(&rebase.uncovered);
            written.tally.changed += self.carry_over(rebase, &days)?;
        }
        self.note_other_scales()?;
        for rejected in &self.batch.checked.rejected {
            written.tally.rejected += u64::from(self.notes.quarantine(rejected)?);
        }
        written.tally.findings = self.write_findings(&written.heard, overlap)?;
        self.remember_series()?;
        let coverage = self.judge_gaps(first)?;
        let tally = written.tally;
        Ok(Staged::Done { tally, coverage })
    }

    /// The change of scale of the whole series, if the overlap tells of one.
    fn rebase(&self, overlap: &Overlap) -> Result<Option<Rebase>> {
        if !matches!(overlap, Overlap::MovedBy { .. }) {
            return Ok(None);
        }
        let series = stored_days(self.tx, self.batch.asset.id.as_str(), self.source)?;
        Ok(overlap.rebase(&self.batch.checked.bars, &series))
    }

    fn write_bars(&self, stored: &StoredBars, rescaling: bool) -> Result<WrittenBars> {
        let mut written = WrittenBars::default();
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
                Decision::LacksVolume => {
                    tally.kept += 1;
                    written.lacking_volume.insert(date);
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
        let asset = self.batch.asset.id.as_str();
        let stored = stored_bars(self.tx, asset, self.source, rebase.first, rebase.last)?;
        for (old, fetched) in rescaled(stored, &self.batch.checked.bars, rebase.factor, days) {
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
    fn write_findings(&self, heard: &BTreeSet<NaiveDate>, overlap: Overlap) -> Result<u64> {
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
            overlap,
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
    fn judge_gaps(&self, first: Option<NaiveDate>) -> Result<SessionCoverage> {
        let coverage = gaps::session_coverage(self.tx, self.batch, first)?;
        gaps::remember_lost(self.tx, self.batch)?;
        let closed = gaps::open_closed_days(self.tx, &self.batch.asset.calendar)?;
        let missing: Vec<NaiveDate> = coverage
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
                due: &coverage.due,
                missing: &missing,
            },
        )?;
        Ok(coverage)
    }

    /// The stored bars of the days that were fetched.
    fn stored(&self) -> Result<StoredBars> {
        let days = self.batch.checked.bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Ok(StoredBars::new());
        };
        let asset = self.batch.asset.id.as_str();
        stored_bars(self.tx, asset, self.source, first, last)
    }

    /// Why these bars are of another series than the stored one, if they are: another currency, or another symbol whose
    /// closes are not the stored ones. A symbol that only got another name goes on in the same series.
    fn find_other_series(&self, stored: &StoredBars) -> Result<Option<String>> {
        let Batch {
            asset,
            currency: own_currency,
            symbol: own_symbol,
            ..
        } = *self.batch;
        let Some((symbol, currency)) = self.series_origin(asset.id.as_str())? else {
            return Ok(None);
        };
        if currency != own_currency {
            return Ok(Some(format!(
                "its stored prices are in {currency}, assets.toml says {own_currency}; give the asset another id"
            )));
        }
        if symbol == own_symbol || are_same(&final_closes(&self.batch.checked.bars, stored)) {
            return Ok(None);
        }
        Ok(Some(format!(
            "its stored prices are those of {symbol}, and {own_symbol} has other closes or no common days; \
             put {symbol} back into its place in assets.toml, or give the asset another id"
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
        let Batch {
            asset,
            symbol,
            currency,
            ..
        } = *self.batch;
        let id = asset.id.as_str();
        self.tx
            .prepare_cached(sql)?
            .execute(params![id, self.source, symbol, currency])?;
        Ok(())
    }
    /// Writes a bar; `same_as` is the stored row that has these values already.
    fn upsert(
        &self,
        bar: &Bar,
        fetched: &FetchedBar,
        same_as: Option<&Stored>,
    ) -> rusqlite::Result<()> {
        let ingested_at = timestamp::to_text(fetched.fetched_at);
        let known_since = same_as.map_or(ingested_at.as_str(), |s| s.known_since.as_str());
        let job_id = same_as.map_or(Some(self.batch.job_id), |s| s.job_id.as_deref());
        let mut statement = self.tx.prepare_cached(bar_sql!("upsert.sql"))?;
        let state = params![
            self.batch.asset.id.as_str(),
            bar.date().to_string(),
            self.source,
            ingested_at,
            known_since,
            fetched.is_final,
            job_id,
        ];
        execute(&mut statement, state, bar.values())
    }

    fn keep_history(&self, old: &Stored, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let mut statement = self.tx.prepare_cached(bar_sql!("keep_history.sql"))?;
        let state = params![
            self.batch.asset.id.as_str(),
            old.bar.date().to_string(),
            self.source,
            old.ingested_at.map(timestamp::to_text).unwrap_or_default(),
            old.is_final,
            old.known_since,
            old.job_id,
            timestamp::to_text(fetched.fetched_at),
            self.batch.job_id,
        ];
        execute(&mut statement, state, old.bar.values())
    }
}

/// Runs a statement whose parameters end with the values of a bar.
fn execute(
    statement: &mut Statement<'_>,
    parameters: &[&dyn ToSql],
    values: Values,
) -> rusqlite::Result<()> {
    let cells = values.cells();
    let values = cells.iter().map(|cell| cell as &dyn ToSql);
    let parameters = parameters.iter().copied().chain(values);
    statement.execute(rusqlite::params_from_iter(parameters))?;
    Ok(())
}

fn clock_finding(date: NaiveDate) -> Finding {
    Finding {
        date,
        rule: Rule::Clock,
        detail: "the stored ingest time was ahead of now".to_owned(),
    }
}
