//! Stages corporate actions in the transaction of the bars: writes what a source lists, leaves out of the factors what
//! it no longer lists, and reports what cannot be right.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::findings::Notes;
use crate::domain::answer::ActionKind;
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::corporate_action::{CorporateAction, Terms, ToldActions, WITHDRAWN, stands};
use crate::domain::currency::is_same_currency;
use crate::domain::finding::{Finding, Rule};
use crate::domain::odd_action::{Around, Payment, has_gain_in_it, median, why_odd};
use crate::domain::steps::Split;
use crate::domain::timestamp::{self, CLOCK_TOLERANCE};
use crate::domain::window::Window;
use crate::staging::Staging;

/// Its size cannot be right.
const ODD: &str = "odd";
/// It is already contained in the dividend of the day.
const IN_DIVIDEND: &str = "in_dividend";
/// A dividend may be a repetition of one within this many days before it.
const NEIGHBOURS: Days = Days::new(3);

/// An answer that lists none of at least this many known actions has lost them: Yahoo did for three days
/// (UPSTREAMS-NEWS, C 13).
const SOME: usize = 2;

type Key = (NaiveDate, ActionKind);

/// Stored actions that an answer no longer lists.
struct Gone {
    keys: Vec<Key>,
    /// Whether the source may mean it.
    is_credible: bool,
}

/// A stored action.
struct StoredAction {
    terms: Terms,
    currency: Option<String>,
    left_out: Option<String>,
    ingested_at: Option<DateTime<Utc>>,
}

impl StoredAction {
    fn is_withdrawn(&self) -> bool {
        self.left_out.as_deref() == Some(WITHDRAWN)
    }

    /// Whether its currency differs from that of these prices.
    fn is_foreign(&self, currency: &str) -> bool {
        let own = self.currency.as_deref();
        own.is_some_and(|own| !is_same_currency(own, currency))
    }

    /// Whether it was reported later than this, by a clock that was right.
    fn is_newer_than(&self, told_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.ingested_at
            .is_some_and(|t| t > told_at && t <= now + CLOCK_TOLERANCE)
    }
}

/// Writes the actions of one series in the caller's transaction.
pub(super) struct ActionWriter<'a> {
    pub(super) notes: &'a Notes<'a>,
    pub(super) asset: &'a Asset,
    pub(super) source: &'a str,
    /// Currency of the source's prices.
    pub(super) currency: &'a str,
    pub(super) job_id: &'a str,
    pub(super) now: DateTime<Utc>,
}

impl Staging {
    /// Stages the actions that a source lists for an asset with prices from another source. Returns the number of
    /// findings.
    pub(crate) fn stage_actions(
        &self,
        asset: &Asset,
        entry: &SourceEntry,
        told: &ToldActions,
        job_id: &str,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut connection = self.connection()?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = ActionWriter {
            notes: &Notes::about(&tx, asset.id.as_str(), &entry.stored_as, job_id, now),
            asset,
            source: &entry.stored_as,
            currency: &entry.currency,
            job_id,
            now,
        }
        .write(told)?;
        tx.commit()?;
        Ok(found)
    }
}

impl ActionWriter<'_> {
    /// Writes the actions of an answer; returns the number of findings about them.
    pub(super) fn write(&self, told: &ToldActions) -> Result<u64> {
        let (Some(told_at), Some(reach)) = (told.told_at, reach(told)) else {
            return Ok(0);
        };
        let stored = self.stored(reach)?;
        let mut fresh = BTreeSet::new();
        for action in &told.actions {
            let key = (action.date, action.terms.kind());
            if self.put(action, stored.get(&key))? {
                fresh.insert(key);
            }
        }
        if let Some(days) = told.days {
            let gone = self.find_gone(told, days, &stored, told_at);
            if gone.is_credible {
                self.withdraw(&gone.keys)?;
                self.cover(days, told_at)?;
            } else {
                log::warn!(asset = self.asset.id.as_str(), source = self.source; "it lists none of {} known dividends and splits; it may have lost them for a few days, so they still count", gone.keys.len());
            }
        }
        let mut found = self.judge(reach, &fresh)?;
        found.extend(self.refused(told)?);
        self.resolve_others(told.days.unwrap_or(reach), &found)?;
        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }

    /// Records that the asset's closes arrived in another scale: amounts reported before are in the old one and do not
    /// count until they are reported again.
    pub(super) fn doubt_scale(&self) -> Result<()> {
        let sql =
            "UPDATE corporate_action_coverage SET first_date = last_date, revision = revision + 1
             WHERE asset_id = ?1 AND first_date < last_date";
        let mut statement = self.connection().prepare_cached(sql)?;
        statement.execute([self.asset.id.as_str()])?;
        Ok(())
    }

    fn connection(&self) -> &Connection {
        self.notes.connection()
    }

    fn stored(&self, days: Window) -> Result<BTreeMap<Key, StoredAction>> {
        let sql = "SELECT date, kind, amount, numerator, denominator, currency, left_out, ingested_at FROM corporate_action
             WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4";
        let mut statement = self.connection().prepare_cached(sql)?;
        let (first, last) = (days.start.to_string(), days.end.to_string());
        let key = params![self.asset.id.as_str(), self.source, first, last];
        let mut rows = statement.query(key)?;
        let mut stored = BTreeMap::new();
        while let Some(row) = rows.next()? {
            if let (Ok(date), Some(terms)) = (row.get::<_, String>(0)?.parse(), terms(row)?) {
                let action = StoredAction {
                    terms,
                    currency: row.get(5)?,
                    left_out: row.get(6)?,
                    ingested_at: timestamp::from_text(&row.get::<_, String>(7)?),
                };
                stored.insert((date, terms.kind()), action);
            }
        }
        Ok(stored)
    }

    /// Writes an action, unless it is stored identically or from a later answer. Returns whether it did.
    fn put(&self, action: &CorporateAction, stored: Option<&StoredAction>) -> Result<bool> {
        let key = (action.date, action.terms.kind());
        if let Some(old) = stored {
            let is_same = old.terms == action.terms && old.currency == action.currency;
            if old.is_newer_than(action.told_at, self.now) || (is_same && !old.is_withdrawn()) {
                return Ok(false);
            }
            self.keep_history(key)?;
        }
        let split = action.terms.split();
        let mut statement = self
            .connection()
            .prepare_cached(include_str!("upsert_action.sql"))?;
        statement.execute(params![
            self.asset.id.as_str(),
            self.source,
            key.0.to_string(),
            key.1.name(),
            action.terms.amount(),
            split.map(|(numerator, _)| numerator),
            split.map(|(_, denominator)| denominator),
            action.currency,
            timestamp::to_text(action.told_at),
            self.job_id,
        ])?;
        Ok(true)
    }

    /// The stored actions of these days that the answer no longer lists.
    fn find_gone(
        &self,
        told: &ToldActions,
        days: Window,
        stored: &BTreeMap<Key, StoredAction>,
        told_at: DateTime<Utc>,
    ) -> Gone {
        let listed = told.actions.iter().map(|a| (a.date, a.terms.kind()));
        let listed: BTreeSet<Key> = listed.collect();
        let counting = stored
            .iter()
            .filter(|((date, _), old)| days.contains(*date) && !old.is_withdrawn());
        let gone = counting
            .clone()
            .filter(|(key, old)| !listed.contains(key) && !old.is_newer_than(told_at, self.now));
        let keys: Vec<Key> = gone.map(|(key, _)| *key).collect();
        Gone {
            is_credible: keys.len() < SOME || keys.len() < counting.count(),
            keys,
        }
    }

    /// Leaves out what is no longer listed. It stays stored: the source may have lost it for a few days only.
    fn withdraw(&self, gone: &[Key]) -> Result<()> {
        for key in gone {
            self.keep_history(*key)?;
            self.leave_out(*key, Some(WITHDRAWN))?;
            log::warn!(asset = self.asset.id.as_str(), source = self.source; "its {} of {} is no longer listed and no longer counts", key.1.name(), key.0);
        }
        Ok(())
    }

    /// Records the days for which all actions are known.
    fn cover(&self, days: Window, told_at: DateTime<Utc>) -> Result<()> {
        let sql = include_str!("cover_actions.sql");
        self.connection().prepare_cached(sql)?.execute(params![
            self.asset.id.as_str(),
            self.source,
            days.start.to_string(),
            days.end.to_string(),
            timestamp::to_text(told_at)
        ])?;
        Ok(())
    }

    /// Judges the stored payments of these days. `fresh`: actions written just now, which nobody has seen in another
    /// state.
    fn judge(&self, days: Window, fresh: &BTreeSet<Key>) -> Result<BTreeSet<(Rule, NaiveDate)>> {
        let neighbours = Window {
            start: days
                .start
                .checked_sub_days(NEIGHBOURS)
                .unwrap_or(days.start),
            ..days
        };
        let mut stored = self.stored(neighbours)?;
        stored.retain(|_, action| !action.is_withdrawn());
        if stored.is_empty() {
            return Ok(BTreeSet::new());
        }
        let waived = self.notes.waived(Rule::OddDividend)?;
        let mut found = BTreeSet::new();
        let mut others: Vec<Payment> = Vec::new();
        for ((date, kind), action) in &stored {
            let Some(amount) = action.terms.amount() else {
                continue;
            };
            let left_out = if *kind == ActionKind::Dividend {
                let paid = self.payment(*date, amount, action, &stored)?;
                let odd = why_odd(&paid, self.currency, &others)
                    .filter(|_| !waived.iter().any(|w| w.contains(*date)));
                others.push(paid);
                if let Some(detail) = odd.clone().filter(|_| days.contains(*date)) {
                    let rule = Rule::OddDividend;
                    let date = *date;
                    self.notes.put(&Finding { date, rule, detail })?;
                    found.insert((rule, date));
                }
                odd.map(|_| ODD)
            } else if action.is_foreign(self.currency) {
                Some(ODD)
            } else {
                self.is_in_dividend(*date, amount, &stored)?
                    .then_some(IN_DIVIDEND)
            };
            if days.contains(*date) && left_out != action.left_out.as_deref() {
                if !fresh.contains(&(*date, *kind)) {
                    self.keep_history((*date, *kind))?;
                }
                self.leave_out((*date, *kind), left_out)?;
            }
        }
        Ok(found)
    }

    /// Resolves open findings about these days that were not found again.
    fn resolve_others(&self, days: Window, found: &BTreeSet<(Rule, NaiveDate)>) -> Result<()> {
        let sql = "SELECT rule, date FROM finding
             WHERE asset_id = ?1 AND source = ?2 AND resolved_at IS NULL AND rule IN ('odd_dividend', 'bad_action')";
        let mut statement = self.connection().prepare_cached(sql)?;
        let key = params![self.asset.id.as_str(), self.source];
        let open = statement.query_map(key, |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))
        })?;
        for (rule, date) in open.collect::<rusqlite::Result<Vec<_>>>()? {
            if let (Ok(rule), Ok(date)) = (rule.parse(), date.parse())
                && days.contains(date)
                && !found.contains(&(rule, date))
            {
                self.notes.resolve_day(rule, date)?;
            }
        }
        Ok(())
    }

    /// A dividend in the scale after the splits of its day: a source divides past amounts by later splits, but not by
    /// one of the same day.
    fn payment(
        &self,
        date: NaiveDate,
        amount: f64,
        action: &StoredAction,
        stored: &BTreeMap<Key, StoredAction>,
    ) -> Result<Payment> {
        let split = stored
            .get(&(date, ActionKind::Split))
            .and_then(|a| a.terms.split());
        let ratio = split.map_or(1.0, |(numerator, denominator)| numerator / denominator);
        Ok(Payment {
            date,
            amount: amount / ratio,
            currency: action.currency.clone(),
            prices: self.around(date, ratio)?,
        })
    }

    /// The prices around an ex-date: the asset's if the source's are in its currency, else the source's.
    fn around(&self, date: NaiveDate, ratio: f64) -> Result<Option<Around>> {
        let is_own = self.currency == self.asset.currency;
        let sql = match is_own {
            true => include_str!("around_best.sql"),
            false => include_str!("around_source.sql"),
        };
        let mut statement = self.connection().prepare_cached(sql)?;
        let key = params![self.asset.id.as_str(), date.to_string(), self.source];
        let found = statement.query_row(key, |r| {
            let closes: (f64, f64) = (r.get(0)?, r.get(1)?);
            let bar: (f64, Option<i64>) = (r.get(2)?, r.get(3)?);
            Ok((closes, bar))
        });
        Ok(found.optional()?.map(|((before, close), (low, volume))| {
            let is_split_later = stands(ratio, before, close);
            Around {
                before: if is_split_later {
                    before / ratio
                } else {
                    before
                },
                low,
                is_traded: volume != Some(0),
            }
        }))
    }

    /// Whether the dividend of a day contains its capital gain, judging by the asset's other dividends.
    fn is_in_dividend(
        &self,
        date: NaiveDate,
        gain: f64,
        stored: &BTreeMap<Key, StoredAction>,
    ) -> Result<bool> {
        let dividend = stored.get(&(date, ActionKind::Dividend));
        let Some(dividend) = dividend.and_then(|a| a.terms.amount()) else {
            return Ok(false);
        };
        let sql = "SELECT amount FROM corporate_action d
             WHERE asset_id = ?1 AND source = ?2 AND kind = 'dividend' AND left_out IS NULL
               AND NOT EXISTS (SELECT 1 FROM corporate_action g
                               WHERE g.asset_id = d.asset_id AND g.source = d.source AND g.date = d.date AND g.kind = 'capital_gain')";
        let mut statement = self.connection().prepare_cached(sql)?;
        let amounts =
            statement.query_map(params![self.asset.id.as_str(), self.source], |r| r.get(0))?;
        let amounts = amounts.collect::<rusqlite::Result<Vec<f64>>>()?;
        Ok(has_gain_in_it(dividend, gain, median(amounts)))
    }

    /// Records what cannot be an action.
    fn refused(&self, told: &ToldActions) -> Result<BTreeSet<(Rule, NaiveDate)>> {
        let mut found = BTreeSet::new();
        for refused in &told.refused {
            let detail = format!(
                "{} refused, {}: {}",
                refused.kind.name(),
                refused.reason,
                refused.raw
            );
            match refused.date {
                Some(date) => {
                    let rule = Rule::BadAction;
                    self.notes.put(&Finding { date, rule, detail })?;
                    found.insert((rule, date));
                }
                None => {
                    log::warn!(asset = self.asset.id.as_str(), source = self.source; "{detail}")
                }
            }
        }
        Ok(found)
    }

    fn keep_history(&self, (date, kind): Key) -> Result<()> {
        let sql = include_str!("keep_action_history.sql");
        self.connection().prepare_cached(sql)?.execute(params![
            self.asset.id.as_str(),
            self.source,
            date.to_string(),
            kind.name(),
            timestamp::to_text(self.now),
            self.job_id
        ])?;
        Ok(())
    }

    fn leave_out(&self, (date, kind): Key, why: Option<&str>) -> Result<()> {
        let sql = "UPDATE corporate_action SET left_out = ?5, revision = revision + 1
             WHERE asset_id = ?1 AND source = ?2 AND date = ?3 AND kind = ?4";
        self.connection().prepare_cached(sql)?.execute(params![
            self.asset.id.as_str(),
            self.source,
            date.to_string(),
            kind.name(),
            why
        ])?;
        Ok(())
    }
}

/// From the first to the last day with an action.
fn reach(told: &ToldActions) -> Option<Window> {
    let actions = told.actions.iter().map(|a| a.date);
    let refused = told.refused.iter().filter_map(|r| r.date);
    let days = told.days.into_iter().flat_map(|d| [d.start, d.end]);
    let dates: BTreeSet<NaiveDate> = actions.chain(refused).chain(days).collect();
    Some(Window {
        start: *dates.first()?,
        end: *dates.last()?,
    })
}

fn terms(row: &Row<'_>) -> rusqlite::Result<Option<Terms>> {
    let amount: Option<f64> = row.get(2)?;
    let split: (Option<f64>, Option<f64>) = (row.get(3)?, row.get(4)?);
    let kind: String = row.get(1)?;
    Ok(match (kind.as_str(), amount, split) {
        ("dividend", Some(amount), _) => Some(Terms::Dividend(amount)),
        ("capital_gain", Some(amount), _) => Some(Terms::CapitalGain(amount)),
        ("split", _, (Some(numerator), Some(denominator))) => Some(Terms::Split {
            numerator,
            denominator,
        }),
        _ => None,
    })
}

/// The splits of an asset after one day and up to another, from any of its sources.
pub(super) fn splits(
    connection: &Connection,
    asset: &str,
    behind: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<Split>> {
    let sql = "SELECT date, numerator, denominator FROM corporate_action
         WHERE asset_id = ?1 AND kind = 'split' AND left_out IS NULL AND date > ?2 AND date <= ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![asset, behind.to_string(), last.to_string()])?;
    let mut splits = Vec::new();
    while let Some(row) = rows.next()? {
        let both: (Option<f64>, Option<f64>) = (row.get(1)?, row.get(2)?);
        if let (Ok(date), (Some(numerator), Some(denominator))) =
            (row.get::<_, String>(0)?.parse(), both)
        {
            splits.push(Split {
                date,
                numerator,
                denominator,
            });
        }
    }
    Ok(splits)
}
