//! Stages one asset's bars in one transaction: the UPSERT, the history of changed prices, the findings.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{CachedStatement, Statement, ToSql, Transaction, TransactionBehavior, params};

use super::actions::{ActionWriter, splits};
use super::batch::{Batch, Done, Reading, Staged, Suspicion, Tally};
use super::findings::{Judged, Notes};
use super::gaps::{self, Judgement};
use super::scale_check::{Came, ScaleCheck, Taken};
use super::series::SeriesTable;
use super::stored::stored_bars;
use super::{retraction, said};
use crate::domain::alignment::Verdict;
use crate::domain::bar::{Bar, FetchedBar, Sign};
use crate::domain::bar_values::Values;
use crate::domain::calendar::sub_days;
use crate::domain::digits::shortest;
use crate::domain::finding::{Finding, Rule};
use crate::domain::gaps::SessionCoverage;
use crate::domain::jumps::{self, find_jumps};
use crate::domain::merge::{Decision, Stored, decide};
use crate::domain::scale::{self, StoredBars, find_older_scale, find_other_scale};
use crate::domain::steps::{DayClose, find_steps};
use crate::domain::timestamp;
use crate::domain::window::Window;
use crate::staging::Staging;
use crate::staging::bar_row::bar_sql;

impl Staging {
    /// Stages a batch in one transaction: all of it or nothing.
    ///
    /// With `commit` false it only reports what it would have done.
    pub(crate) fn stage(&self, batch: &Batch<'_>, commit: bool) -> Result<Staged> {
        let mut connection = self.connection()?;
        // IMMEDIATE: what is read here decides what is written, so nobody may write in between.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let staged = match retraction::leave_out(&tx, batch)? {
            None => Writer::of(&tx, batch).write()?,
            Some((checked, left_out)) => {
                let rest = Batch {
                    checked: &checked,
                    ..*batch
                };
                let mut staged = Writer::of(&tx, &rest).write()?;
                if let Staged::Done(done) = &mut staged {
                    done.tally.kept += left_out;
                }
                staged
            }
        };
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
    series: SeriesTable<'a>,
}

/// The result of writing the bars, and the days for which the answer is authoritative.
#[derive(Default)]
struct WrittenBars {
    tally: Tally,
    heard: BTreeSet<NaiveDate>,
    /// Days that were not stored before.
    new: BTreeSet<NaiveDate>,
    /// Days whose stored values changed.
    changed: BTreeSet<NaiveDate>,
    /// Days whose stored bar stayed because it has the volume that the fetched one lacks.
    lacking_volume: BTreeSet<NaiveDate>,
    /// Days whose bar was held back: from a source those without a stored bar, from a file all.
    held_back: Vec<NaiveDate>,
}

impl WrittenBars {
    /// Records a bar that was held back. Whoever imports a file wants its values; for a source, the stored ones may be
    /// better.
    fn hold_back(&mut self, date: NaiveDate, is_new: bool, reading: Reading) {
        let is_wanted = is_new || reading == Reading::File;
        self.held_back.extend(is_wanted.then_some(date));
    }
}

impl<'a> Writer<'a> {
    fn of(tx: &'a Transaction<'a>, batch: &'a Batch<'a>) -> Self {
        Self {
            tx,
            batch,
            source: batch.source,
            notes: Notes::of(tx, batch),
            series: SeriesTable::of(tx, batch),
        }
    }

    /// The sign of the asset's prices. If they may be negative, no factor shows a scale.
    fn sign(&self) -> Sign {
        self.batch.asset.sign
    }

    fn write(&self) -> Result<Staged> {
        let stored = self.stored()?;
        if let Some(why) = self.find_other_series(&stored)? {
            return Ok(Staged::Refused(why));
        }
        let checked = self.batch.checked;
        if let Some(why) = self.find_older_scale(&stored)? {
            return Ok(Staged::Refused(why));
        }
        if let Some(why) = self.find_other_listing(&stored)? {
            return Ok(Staged::Refused(why));
        }
        let scale = ScaleCheck::of(self.batch, self.series, &self.notes, &stored)?;
        if let Some(more) = scale.must_read_more()? {
            return Ok(more);
        }
        let mut written = self.write_bars(&stored, &scale)?;
        let came = Came {
            new: &written.new,
            changed: &written.changed,
            held_back: &written.held_back,
        };
        scale.note(came)?;
        let lacking = scale.lacking(&written.lacking_volume)?;
        written.tally.changed += self.carry_over(lacking)?;
        self.note_other_scales()?;
        for rejected in &checked.rejected {
            written.tally.rejected += u64::from(self.notes.quarantine(rejected)?);
        }
        let closes = self.closes(scale.first_stored())?;
        // After the bars, which show whether a dividend can be right, and before the steps, which a split explains.
        let about_actions = self.write_actions(&scale)?;
        let about_bars = self.write_findings(&closes, &written.heard, &scale)?;
        written.tally.findings = about_actions + about_bars;
        self.series.remember(self.batch)?;
        let asset = self.batch.asset.id.as_str();
        said::remember(self.tx, asset, self.source, &checked.said, self.batch.now)?;
        let coverage = self.judge_gaps(&closes, scale.first_stored())?;
        Ok(Staged::Done(Done {
            tally: written.tally,
            coverage,
            suspicion: self.suspicion(written.held_back)?,
        }))
    }

    /// Writes the actions of the answer. If its prices are refused, its actions are not trusted either: it may belong
    /// to another company.
    fn write_actions(&self, scale: &ScaleCheck<'_>) -> Result<u64> {
        let actions = self.actions();
        let start = self.batch.window.start;
        let is_whole = scale.first_stored().is_none_or(|first| start <= first);
        match scale.verdict {
            Verdict::Refused(_) => return Ok(0),
            // The whole series has moved, not a block that is repaired.
            Verdict::Restated(_) if is_whole => actions.doubt_scale()?,
            _ => {}
        }
        actions.write(&self.batch.checked.actions)
    }

    fn actions(&self) -> ActionWriter<'_> {
        let Batch {
            asset,
            currency,
            job_id,
            now,
            ..
        } = *self.batch;
        ActionWriter {
            notes: &self.notes,
            asset,
            source: self.source,
            currency,
            job_id,
            now,
        }
    }

    /// Why the bars cannot fill days beside newer ones, if they cannot.
    fn find_older_scale(&self, stored: &StoredBars) -> Result<Option<String>> {
        let Batch { checked, now, .. } = *self.batch;
        let bars = &checked.bars;
        if let (Some(why), Sign::Positive) = (find_older_scale(bars, stored, now), self.sign()) {
            return Ok(Some(why));
        }
        let is_compared = scale::has_compared_day(bars, stored);
        let is_new = |b: &FetchedBar| !stored.contains_key(&b.bar.date());
        let (Some(bar), false) = (bars.iter().find(|b| is_new(b)), is_compared) else {
            return Ok(None);
        };
        let newest = self.series.newest_ingest(now)?;
        Ok(newest.is_some_and(|newest| bar.fetched_at < newest).then(|| {
            "it is older than what is stored and shares no final day with it, so its scale is unknown".to_owned()
        }))
    }

    /// Why the symbol belongs to another listing than the stored one, if it does: it started trading later, and no
    /// shared close is equal. The owner may say that it is the same after all.
    fn find_other_listing(&self, stored: &StoredBars) -> Result<Option<String>> {
        let Batch { asset, checked, .. } = *self.batch;
        let (Some(listed), Some(days)) = (checked.first_trade, self.series.days()?) else {
            return Ok(None);
        };
        let is_later = listed > days.start;
        if !is_later || scale::has_equal_close(&checked.bars, stored) {
            return Ok(None);
        }
        let waived = self.notes.waived(Rule::OtherListing)?;
        if waived.iter().any(|days| days.contains(listed)) {
            return Ok(None);
        }
        let id = &asset.id;
        let why = format!(
            "its symbol has traded since {listed}, the stored series since {}, and they share no close: the source may have \
             given the symbol to another company; `pricestash waive {id} {listed} --rule other_listing --reason …` accepts it anyway",
            days.start
        );
        self.notes.put(&Finding {
            date: listed,
            rule: Rule::OtherListing,
            detail: why.clone(),
        })?;
        Ok(Some(why))
    }

    /// Writes stored days for which the source has nothing better in the new scale; counts them.
    fn carry_over(&self, lacking: Vec<(Stored, FetchedBar)>) -> Result<u64> {
        let mut rows = RowWriter::of(self)?;
        let mut count = 0;
        for (old, fetched) in lacking {
            let detail = format!(
                "its source no longer has a bar with a volume; the close {} was converted to {}",
                shortest(old.bar.close()),
                shortest(fetched.bar.close())
            );
            self.replace(Some(&old), &fetched.bar, &fetched, &mut rows)?;
            self.notes.put(&Finding {
                date: fetched.bar.date(),
                rule: Rule::Rescaled,
                detail,
            })?;
            count += 1;
        }
        Ok(count)
    }

    /// Why the series is suspect after this batch.
    fn suspicion(&self, held_back: Vec<NaiveDate>) -> Result<Suspicion> {
        let open = self.series.suspicions()?;
        Ok(Suspicion {
            is_new: self.series.has_new_suspicion()?,
            is_confirmed: self.batch.is_audit && !open.is_empty(),
            open,
            held_back,
        })
    }

    fn write_bars(&self, stored: &StoredBars, scale: &ScaleCheck<'_>) -> Result<WrittenBars> {
        let mut written = WrittenBars::default();
        // In order like the bars, so that each set is built at once.
        let (mut heard, mut new) = (Vec::new(), Vec::new());
        let mut rows = RowWriter::of(self)?;
        let taken = scale.taken()?;
        // Bars beside the window that were read for the scale are written if they show it.
        let is_restated = matches!(scale.verdict, Verdict::Restated(_));
        for fetched in &self.batch.checked.bars {
            let date = fetched.bar.date();
            if !self.batch.window.contains(date) && !is_restated {
                continue;
            }
            let rescaling = scale.moves(date);
            let old = stored.get(&date);
            if let Taken::OnlyWhatJoins(joining) = &taken
                && !joining.contains(&date)
                && old.is_none_or(|old| !old.bar.same_values(&fetched.bar))
            {
                written.tally.kept += 1;
                written.hold_back(date, old.is_none(), self.batch.reading);
                continue;
            }
            let decision = self.decide(old, fetched, rescaling);
            if !matches!(decision, Decision::Older) {
                heard.push(date);
            }
            let tally = &mut written.tally;
            match decision {
                Decision::Insert => {
                    rows.write(&fetched.bar, fetched)?;
                    new.push(date);
                    tally.new += 1;
                }
                Decision::Replace {
                    bar,
                    changed,
                    clock,
                } => {
                    match old.filter(|_| !changed && !clock) {
                        Some(same) => rows.renew(same, fetched)?,
                        None => self.replace(old.filter(|_| changed), &bar, fetched, &mut rows)?,
                    }
                    if clock {
                        self.notes.put(&clock_finding(date))?;
                    }
                    written.changed.extend(changed.then_some(date));
                    match changed {
                        true => tally.changed += 1,
                        false => tally.unchanged += 1,
                    }
                }
                Decision::Same | Decision::Settled => tally.unchanged += 1,
                Decision::Older => tally.kept += 1,
                Decision::LacksVolume => {
                    tally.kept += 1;
                    written.lacking_volume.insert(date);
                }
            }
        }
        written.heard = heard.into_iter().collect();
        written.new = new.into_iter().collect();
        Ok(written)
    }

    /// Decides about a bar. A file whose values differ from those fetched at the same time is not what was fetched.
    fn decide(&self, old: Option<&Stored>, fetched: &FetchedBar, rescaling: bool) -> Decision {
        let Batch {
            reading,
            now,
            settled,
            ..
        } = *self.batch;
        let is_other = |old: &Stored| {
            old.ingested_at == Some(fetched.fetched_at) && !old.bar.same_values(&fetched.bar)
        };
        match reading == Reading::File && old.is_some_and(is_other) {
            true => Decision::Older,
            false => decide(old, fetched, now, rescaling, settled),
        }
    }

    /// Overwrites a stored bar; `changed` is its old content if its values changed.
    fn replace(
        &self,
        changed: Option<&Stored>,
        bar: &Bar,
        fetched: &FetchedBar,
        rows: &mut RowWriter<'_>,
    ) -> rusqlite::Result<()> {
        if let Some(old) = changed {
            self.keep_history(old, fetched)?;
        }
        rows.write(bar, fetched)
    }

    /// The closes that reveal a step in the window as stored now; for a new series, those that arrived.
    fn closes(&self, first_stored: Option<NaiveDate>) -> Result<Vec<DayClose>> {
        let Batch {
            window, checked, ..
        } = *self.batch;
        if first_stored.is_some() {
            return self.series.closes(window);
        }
        let bars = checked.bars.iter().map(|fetched| &fetched.bar);
        let asked = bars.filter(|bar| window.contains(bar.date()));
        Ok(asked.map(DayClose::of).collect())
    }

    /// Writes the findings about the days that arrived, as they are stored now; counts them.
    fn write_findings(
        &self,
        closes: &[DayClose],
        heard: &BTreeSet<NaiveDate>,
        scale: &ScaleCheck<'_>,
    ) -> Result<u64> {
        let reports_volume = self.series_reports_volume()?;
        let window = self.batch.window;
        let last = closes.last().map_or(window.end, |d| window.end.max(d.date));
        let closes_judged = Window {
            start: window.start,
            end: last,
        };
        let splits = match (closes.first(), closes.last()) {
            (Some(first), Some(last)) => {
                splits(self.tx, self.batch.asset.id.as_str(), first.date, last.date)?
            }
            _ => Vec::new(),
        };
        let jumps = match self.sign() {
            Sign::Positive => find_steps(closes, &splits, closes_judged),
            Sign::Any => {
                let from = sub_days(window.start, jumps::LOOKBACK_DAYS);
                let before = Window {
                    start: from,
                    ..window
                };
                find_jumps(&self.series.closes(before)?, closes_judged)
            }
        };
        let about_rows = self
            .batch
            .checked
            .findings
            .iter()
            // An answer older than what is stored says nothing about what is stored.
            .filter(|f| heard.contains(&f.date) || f.rule == Rule::Incomplete)
            .filter(|f| !f.rule.is_of_volume() || reports_volume);
        let mut count = 0;
        for finding in about_rows.chain(&jumps) {
            match finding.rule {
                // About the whole answer: one fact, whatever the day it is seen on next.
                Rule::ZoneDiffers => self.notes.put_lasting(finding.clone())?,
                _ => self.notes.put(finding)?,
            }
            count += 1;
        }
        self.notes.resolve(Judged {
            closes: closes_judged,
            heard,
            alignment: &scale.alignment,
            verdict: &scale.verdict,
            first_stored: scale.first_stored(),
        })?;
        Ok(count)
    }

    /// Reports if the asset's other sources are stored in another scale: this one stands in for a source that has not
    /// sent its prices after a split yet.
    fn note_other_scales(&self) -> Result<()> {
        let Batch { asset, checked, .. } = self.batch;
        if self.sign() == Sign::Any {
            return Ok(());
        }
        let others = asset.own_sources().filter(|s| *s != self.source);
        let is_own = asset.own_sources().any(|s| s == self.source);
        let days = checked.bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last), true) = (days.clone().min(), days.max(), is_own) else {
            return Ok(());
        };
        for other in others {
            let stored = stored_bars(self.tx, asset.id.as_str(), other, first, last, asset.sign)?;
            if let Some(finding) = find_other_scale(&checked.bars, &stored, self.source) {
                let Batch { job_id, now, .. } = *self.batch;
                let notes = Notes::about(self.tx, asset.id.as_str(), other, job_id, now);
                notes.put_lasting(finding)?;
            }
        }
        Ok(())
    }

    /// Whether the source ever reported a volume for the asset: only then is zero news.
    fn series_reports_volume(&self) -> rusqlite::Result<bool> {
        self.tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND volume > 0)")?
            .query_row(params![self.batch.asset.id.as_str(), self.source], |r| r.get(0))
    }

    /// Records the due sessions without a bar at once, so that they survive if the run dies. Whether the exchange was
    /// closed is judged when the calendar's other assets are known.
    ///
    /// `first` is the first day that was stored before this batch.
    fn judge_gaps(&self, closes: &[DayClose], first: Option<NaiveDate>) -> Result<SessionCoverage> {
        let bars = closes.iter().map(|day| day.date).collect();
        let coverage = gaps::session_coverage(self.tx, self.batch, &bars, first)?;
        gaps::remember_lost(self.tx, self.batch)?;
        let calendar = &self.batch.asset.calendar;
        let closed = gaps::open_closed_days(self.tx, calendar)?;
        let known = match calendar.has_unknown_holidays() {
            true => Some(self.notes.open_days(Rule::DateGap)?),
            false => None,
        };
        let is_gap = |day: &&NaiveDate| {
            !closed.contains(day) && known.as_ref().is_none_or(|known| known.contains(day))
        };
        let missing: Vec<NaiveDate> = coverage.missing.iter().filter(is_gap).copied().collect();
        gaps::note(
            &self.notes,
            &Judgement {
                asset: self.batch.asset,
                source: self.source,
                coverage: &coverage,
                missing: &missing,
            },
        )?;
        Ok(coverage)
    }

    /// The stored bars of the fetched days.
    fn stored(&self) -> Result<StoredBars> {
        let days = self.batch.checked.bars.iter().map(|b| b.bar.date());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Ok(StoredBars::new());
        };
        let asset = self.batch.asset;
        let id = asset.id.as_str();
        stored_bars(self.tx, id, self.source, first, last, asset.sign)
    }

    /// Why these bars belong to another series than the stored one, if they do: another currency, or another symbol
    /// with other closes. A symbol that was only renamed continues the same series.
    fn find_other_series(&self, stored: &StoredBars) -> Result<Option<String>> {
        let Batch {
            currency: own_currency,
            symbol: own_symbol,
            ..
        } = *self.batch;
        let Some((symbol, currency)) = self.series.origin()? else {
            return Ok(None);
        };
        if currency != own_currency {
            return Ok(Some(format!(
                "its stored prices are in {currency}, but assets.toml says {own_currency}; give the asset another id"
            )));
        }
        let bars = &self.batch.checked.bars;
        let goes_on = match self.sign() {
            Sign::Positive => scale::goes_on(bars, stored),
            Sign::Any => scale::has_equal_close(bars, stored),
        };
        if symbol == own_symbol || goes_on {
            return Ok(None);
        }
        Ok(Some(format!(
            "its stored prices are those of {symbol}, but {own_symbol} has other closes or no common days; \
             change the symbol back to {symbol} in assets.toml, or give the asset another id"
        )))
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

/// Writes the bars of one batch; prepares what is the same for all of them once.
struct RowWriter<'a> {
    batch: &'a Batch<'a>,
    upsert: CachedStatement<'a>,
    renew: CachedStatement<'a>,
    /// The ingest time of the previous bar, and its text.
    ingested: Option<(DateTime<Utc>, String)>,
}

impl<'a> RowWriter<'a> {
    fn of(writer: &Writer<'a>) -> rusqlite::Result<Self> {
        Ok(Self {
            batch: writer.batch,
            upsert: writer.tx.prepare_cached(bar_sql!("upsert.sql"))?,
            renew: writer.tx.prepare_cached(include_str!("renew.sql"))?,
            ingested: None,
        })
    }

    /// Writes a bar whose values are new to the series.
    fn write(&mut self, bar: &Bar, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let ingested_at = text_of(&mut self.ingested, fetched.fetched_at);
        let state = params![
            self.batch.asset.id.as_str(),
            bar.date().to_string(),
            self.batch.source,
            ingested_at,
            fetched.is_final,
            self.batch.job_id,
        ];
        execute(&mut self.upsert, state, bar.values())
    }

    /// Records that a stored bar arrived again unchanged.
    fn renew(&mut self, stored: &Stored, fetched: &FetchedBar) -> rusqlite::Result<()> {
        let ingested_at = text_of(&mut self.ingested, fetched.fetched_at);
        let known_since = stored.known_since();
        self.renew.execute(params![
            self.batch.asset.id.as_str(),
            stored.bar.date().to_string(),
            self.batch.source,
            ingested_at,
            if known_since == *ingested_at {
                ""
            } else {
                &known_since
            },
            fetched.is_final,
        ])?;
        Ok(())
    }
}

/// The text of a time, formatted only if it differs from the previous one.
fn text_of(before: &mut Option<(DateTime<Utc>, String)>, time: DateTime<Utc>) -> &String {
    let kept = before.take().filter(|(before, _)| *before == time);
    &before
        .insert(kept.unwrap_or_else(|| (time, timestamp::to_text(time))))
        .1
}

/// Runs a statement whose parameters end with the values of a bar.
pub(super) fn execute(
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
        detail: "the stored ingest time was in the future".to_owned(),
    }
}
