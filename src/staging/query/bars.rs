//! Staged bars and series with findings about their days, for `show`, `report`, `export`, `verify`, `healthcheck` and
//! `reconcile`. Read only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use chrono::{DateTime, NaiveDate};
use rusqlite::{Row, params};

use crate::domain::adjustment::Adjust;
use crate::domain::asset::{Asset, AssetId};
use crate::domain::calendar::sub_days;
use crate::domain::checksum::{Checksum, Month, RowValues, Summing, month_of};
use crate::domain::finding::Rule;
use crate::domain::stand_in::{WITHIN_DAYS, best_sources};
use crate::staging::Staging;
use crate::staging::bar_row::{BarRow, SOURCE_AT, StoredBar, bar_sql, text};

/// An asset in the staging file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredAsset {
    pub(crate) asset_id: String,
    /// Its name; its id if the name is unknown.
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) calendar: String,
    /// Currency of its own series.
    pub(crate) currency: String,
    /// Its sources in order.
    pub(crate) sources: Vec<StoredSource>,
}

/// A source of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSource {
    /// The `source` column of its bars.
    pub(crate) source: String,
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
    /// Currency of its prices.
    pub(crate) currency: String,
    /// Whether that is the asset's own currency, so that its bars can serve as the asset's price.
    pub(crate) own_currency: bool,
}

/// An open finding about a day of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredFinding {
    /// Source; empty for a finding about a calendar.
    pub(crate) source: String,
    /// The day as stored.
    pub(crate) date: String,
    /// The rule.
    pub(crate) rule: String,
    /// The values behind it.
    pub(crate) detail: String,
}

impl StoredFinding {
    /// Whether its series may mix two scales.
    #[must_use]
    pub(crate) fn is_suspect(&self) -> bool {
        self.rule.parse().is_ok_and(Rule::is_suspect)
    }
}

/// The bars of one asset by source.
pub(crate) type StoredSeries = BTreeMap<String, Vec<StoredBar>>;

/// Selects bars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Only these assets; all if empty.
    pub(crate) assets: Vec<String>,
    /// Only this source.
    pub(crate) source: Option<String>,
    /// From this day on.
    pub(crate) start: Option<NaiveDate>,
    /// Up to this day.
    pub(crate) end: Option<NaiveDate>,
    /// What to adjust prices for; if anything, only the best bar of each day is selected.
    pub(crate) adjust: Adjust,
}

impl Selection {
    /// Whether it selects the bars of a source and a day.
    pub(crate) fn has(&self, source: &str, date: NaiveDate) -> bool {
        self.source.as_deref().is_none_or(|wanted| wanted == source)
            && self.start.is_none_or(|start| start <= date)
            && self.end.is_none_or(|end| date <= end)
    }
}

/// A staged bar of a month, as the warehouse should have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StagedBar {
    pub(crate) date: NaiveDate,
    pub(crate) values: RowValues,
    /// Whether it is pending.
    pub(crate) is_pending: bool,
}

impl Staging {
    /// The sources whose bars can serve as the price of a configured asset, best first: those in its own currency,
    /// according to the currency in which the stored bars were fetched.
    pub(crate) fn own_sources<'a>(&self, asset: &'a Asset) -> Result<Vec<&'a str>> {
        let stored = self.series_currencies(&asset.id)?;
        let is_own = |source: &&str| stored.get(*source).is_none_or(|c| *c == asset.currency);
        Ok(asset.own_sources().filter(is_own).collect())
    }

    /// The currencies of an asset's stored bars by source.
    pub(crate) fn series_currencies(&self, asset: &AssetId) -> Result<HashMap<String, String>> {
        let sql = "SELECT source, currency FROM series WHERE asset_id = ?1";
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([asset.as_str()], |r| Ok((text(r, 0)?, text(r, 1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The currency of each series, by asset and source: that of its bars, else that of the source. Unknown ones are left out.
    pub(crate) fn currencies(&self) -> Result<HashMap<(String, String), String>> {
        let sql = "SELECT asset_id, source, currency FROM asset_source
                   UNION ALL
                   SELECT asset_id, source, currency FROM series";
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql)?;
        // A later row takes the place of an earlier one.
        let rows = statement.query_map([], |r| Ok(((text(r, 0)?, text(r, 1)?), text(r, 2)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every asset of the file: those configured at the last collect, and those that only have bars.
    pub(crate) fn stored_assets(&self) -> Result<Vec<StoredAsset>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(include_str!("stored_assets.sql"))?;
        let mut rows = statement.query([])?;
        let mut assets: Vec<StoredAsset> = Vec::new();
        while let Some(row) = rows.next()? {
            let asset_id = text(row, 0)?;
            if assets.last().is_none_or(|a| a.asset_id != asset_id) {
                assets.push(stored_asset(row, asset_id)?);
            }
            if let (Some(asset), Some(source)) = (assets.last_mut(), row.get(5)?) {
                asset.sources.push(StoredSource {
                    source,
                    currency: row.get(6)?,
                    own_currency: row.get(7)?,
                    symbol: text(row, 8)?,
                });
            }
        }
        Ok(assets)
    }

    /// The bars of an asset from a day on by source, oldest first. Rows with an invalid date are skipped.
    pub(crate) fn stored_series(
        &self,
        asset_id: &str,
        since: Option<NaiveDate>,
    ) -> Result<StoredSeries> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(bar_sql!("stored_series.sql"))?;
        let mut rows = statement.query(params![asset_id, since.map(|d| d.to_string())])?;
        let mut series = StoredSeries::new();
        while let Some(row) = rows.next()? {
            let row = BarRow(row);
            let Some(bar) = StoredBar::of(row)? else {
                continue;
            };
            match series.get_mut(row.source()?) {
                Some(bars) => bars.push(bar),
                None => drop(series.insert(row.source()?.to_owned(), vec![bar])),
            }
        }
        Ok(series)
    }

    /// The open findings about an asset (or a calendar, whose name is in the same column), oldest first.
    pub(crate) fn stored_findings(&self, asset_id: &str) -> Result<Vec<StoredFinding>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT source, date, rule, detail FROM open_findings WHERE asset_id = ?1 ORDER BY date, source, rule",
        )?;
        let rows = statement.query_map([asset_id], |r| {
            Ok(StoredFinding {
                source: text(r, 0)?,
                date: text(r, 1)?,
                rule: text(r, 2)?,
                detail: text(r, 3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest bar of an asset among these sources, up to `until` if given: its day, and whether it is final. Of one
    /// day the first source's bar counts. Reads from the newest day back, so that the length of the series does not
    /// matter.
    pub(crate) fn newest_bar(
        &self,
        asset: &AssetId,
        sources: &[&str],
        until: Option<NaiveDate>,
    ) -> Result<Option<(NaiveDate, bool)>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(include_str!("newest_days.sql"))?;
        let mut rows = statement.query(params![asset.as_str(), until.map(|d| d.to_string())])?;
        let mut newest: Option<(NaiveDate, usize, bool)> = None;
        while let Some(row) = rows.next()? {
            let Ok(date) = text(row, 1)?.parse() else {
                continue;
            };
            if newest.is_some_and(|(newest, ..)| date < newest) {
                break;
            }
            let source = text(row, 0)?;
            let Some(place) = sources.iter().position(|s| *s == source) else {
                continue;
            };
            if newest.is_none_or(|(_, best, _)| place < best) {
                newest = Some((date, place, row.get(2).unwrap_or_default()));
            }
        }
        Ok(newest.map(|(date, _, is_final)| (date, is_final)))
    }

    /// The days with a price of these sources, from a day on and up to `until` if given, each with whether it is final.
    /// A later source's bar counts if it may stand in, as in the view `best_price`.
    pub(crate) fn days_since(
        &self,
        asset: &AssetId,
        sources: &[&str],
        since: NaiveDate,
        until: Option<NaiveDate>,
    ) -> Result<BTreeMap<NaiveDate, bool>> {
        let sql = "SELECT source, date, is_final, close FROM price_daily
             WHERE asset_id = ?1 AND date BETWEEN ?2 AND coalesce(?3, '~')";
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        let compared_from = sub_days(since, WITHIN_DAYS).to_string();
        let until = until.map(|d| d.to_string());
        let mut rows = statement.query(params![asset.as_str(), compared_from, until])?;
        let mut closes = vec![BTreeMap::new(); sources.len()];
        let mut finals: HashMap<(NaiveDate, usize), bool> = HashMap::new();
        while let Some(row) = rows.next()? {
            let source = text(row, 0)?;
            let place = sources.iter().position(|s| *s == source);
            if let (Some(place), Ok(date), Ok(close)) = (place, text(row, 1)?.parse(), row.get(3)) {
                if let Some(closes) = closes.get_mut(place) {
                    closes.insert(date, close);
                }
                finals.insert((date, place), row.get(2).unwrap_or_default());
            }
        }
        let best = best_sources(&closes).into_iter();
        let recent = best.filter(|(date, _)| *date >= since);
        let is_final = |key| finals.get(&key).copied().unwrap_or_default();
        Ok(recent
            .map(|(date, place)| (date, is_final((date, place))))
            .collect())
    }

    /// Whether an asset has a bar of these sources before a day.
    pub(crate) fn has_bar_before(
        &self,
        asset: &AssetId,
        sources: &[&str],
        day: NaiveDate,
    ) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND date < ?2 AND source = ?3)";
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(sql)?;
        for source in sources {
            let key = params![asset.as_str(), day.to_string(), source];
            if statement.query_row(key, |r| r.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The day from which on an asset has rows of these sources (of any, if none is named) on the given number of days;
    /// `None` if there are fewer.
    pub(crate) fn start_of_newest(
        &self,
        asset_id: &str,
        sources: &[&str],
        days: usize,
    ) -> Result<Option<NaiveDate>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(include_str!("newest_days.sql"))?;
        let mut rows = statement.query(params![asset_id, None::<String>])?;
        let (mut last, mut found) = (None, 0);
        while found < days {
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let (source, date) = (text(row, 0)?, text(row, 1)?.parse().ok());
            let is_wanted = sources.is_empty() || sources.contains(&source.as_str());
            if is_wanted && date.is_some() && date != last {
                last = date;
                found += 1;
            }
        }
        Ok(last)
    }

    /// The closes of an asset by source and day.
    pub(crate) fn closes(
        &self,
        asset: &AssetId,
    ) -> Result<HashMap<String, BTreeMap<NaiveDate, f64>>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT source, date, close FROM price_daily WHERE asset_id = ?1")?;
        let mut rows = statement.query(params![asset.as_str()])?;
        let mut closes: HashMap<String, BTreeMap<NaiveDate, f64>> = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Ok(date) = text(row, 1)?.parse() {
                closes
                    .entry(text(row, 0)?)
                    .or_default()
                    .insert(date, row.get(2)?);
            }
        }
        Ok(closes)
    }

    /// Passes every selected bar to `take`, by asset, day and source; returns their number.
    ///
    /// # Errors
    /// Errors of SQLite or `take`.
    pub(crate) fn export(
        &self,
        selection: &Selection,
        mut take: impl FnMut(BarRow<'_>) -> Result<()>,
    ) -> Result<u64> {
        let connection = self.connection()?;
        let is_adjusted = selection.adjust != Adjust::None;
        let mut statement = connection.prepare(match is_adjusted {
            false => bar_sql!("export.sql"),
            true => include_str!("export_adjusted.sql"),
        })?;
        let assets = serde_json::Value::from(selection.assets.clone()).to_string();
        let day = |date: Option<NaiveDate>| date.map(|d| d.to_string());
        let (start, end) = (day(selection.start), day(selection.end));
        let all = if selection.adjust == Adjust::All {
            "all"
        } else {
            "splits"
        };
        let mut rows = match is_adjusted {
            false => statement.query(params![assets, selection.source, start, end])?,
            true => statement.query(params![assets, selection.source, start, end, all])?,
        };
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let row = BarRow(row);
            // A bar without a factor has no prices.
            if (is_adjusted && row.has_texts()) || row.is_shown()? {
                take(row)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// The sources that have bars, and those that are configured.
    pub(crate) fn known_sources(&self) -> Result<BTreeSet<String>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT source FROM asset_source UNION SELECT source FROM price_daily")?;
        let sources = statement.query_map([], |r| text(r, 0))?;
        Ok(sources.collect::<rusqlite::Result<_>>()?)
    }

    /// Every asset with bars that a warehouse can store, in order: PostgreSQL has no text with a zero byte.
    pub(crate) fn asset_ids(&self) -> Result<Vec<String>> {
        // Jumps from one asset to the next by the key, without reading the bars.
        let sql = "WITH RECURSIVE asset (id) AS (
                SELECT min(asset_id) FROM price_daily
                UNION ALL
                SELECT (SELECT min(asset_id) FROM price_daily WHERE asset_id > id) FROM asset WHERE id IS NOT NULL
            )
            SELECT id FROM asset WHERE id IS NOT NULL";
        let connection = self.connection()?;
        let mut statement = connection.prepare(sql)?;
        let ids = statement.query_map([], |r| text(r, 0))?;
        let mut ids = ids.collect::<rusqlite::Result<Vec<String>>>()?;
        ids.retain(|id| !id.contains('\0'));
        Ok(ids)
    }

    /// The checksums of every month of an asset, by source and [`Month::number`].
    pub(crate) fn checksums(&self, asset_id: &str) -> Result<HashMap<(String, i32), Checksum>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(bar_sql!("bars_of_asset.sql"))?;
        let mut rows = statement.query([asset_id])?;
        let mut sums: HashMap<i32, Vec<(String, Summing)>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let source = text(row, SOURCE_AT)?;
            let bar = staged_bar(row)?;
            let of_month = sums.entry(month_of(bar.date)).or_default();
            let at = match of_month.iter().position(|(s, _)| *s == source) {
                Some(at) => at,
                None => {
                    of_month.push((source, Summing::default()));
                    of_month.len() - 1
                }
            };
            if let Some((_, sum)) = of_month.get_mut(at) {
                sum.add(bar.date, &bar.values);
            }
        }
        let months = sums.into_iter();
        Ok(months
            .flat_map(|(month, sums)| {
                sums.into_iter()
                    .map(move |(s, sum)| ((s, month), sum.finish()))
            })
            .collect())
    }

    /// The bars of a month by day.
    pub(crate) fn bars_of_month(&self, month: &Month) -> Result<Vec<StagedBar>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(bar_sql!("bars_of_month.sql"))?;
        let (year, number) = (month.number.div_euclid(12), month.number.rem_euclid(12) + 1);
        let [first, last] = ["01", "31"].map(|day| format!("{year:04}-{number:02}-{day}"));
        let bars = statement.query_map(
            params![month.asset_id, month.source, first, last],
            staged_bar,
        )?;
        Ok(bars.collect::<rusqlite::Result<_>>()?)
    }
}

fn stored_asset(row: &Row<'_>, asset_id: String) -> rusqlite::Result<StoredAsset> {
    Ok(StoredAsset {
        name: row
            .get::<_, Option<String>>(1)?
            .unwrap_or_else(|| asset_id.clone()),
        category: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        calendar: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        currency: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        asset_id,
        sources: Vec::new(),
    })
}

/// A row with an invalid day or time is not a bar, and as such never equal.
fn staged_bar(row: &Row<'_>) -> rusqlite::Result<StagedBar> {
    let row = BarRow(row);
    let date = row.date().ok().flatten();
    let ingested_at = row.ingested_at().ok().flatten();
    Ok(StagedBar {
        date: date.unwrap_or(NaiveDate::MIN),
        values: RowValues {
            values: row.values()?.with_known_counts(),
            ingested_at: ingested_at.unwrap_or(DateTime::UNIX_EPOCH),
        },
        is_pending: row.further(0)?,
    })
}

impl StoredAsset {
    /// The sources whose bars can serve as the asset's price, best first. Without a configured source every series can.
    pub(crate) fn own_sources<'a>(&'a self, series: &'a StoredSeries) -> Vec<&'a str> {
        if self.sources.is_empty() {
            return series.keys().map(String::as_str).collect();
        }
        let own = self.sources.iter().filter(|s| s.own_currency);
        own.map(|s| s.source.as_str()).collect()
    }
}

/// One bar per day, oldest first: that of the first of these sources that has one; a later source stands in only if it
/// agrees with the better ones. The same as the view `best_price`.
pub(crate) fn best_bars<'a>(
    series: &'a StoredSeries,
    sources: &[&'a str],
) -> Vec<(&'a str, &'a StoredBar)> {
    let found: Vec<(&str, &Vec<StoredBar>)> = sources
        .iter()
        .filter_map(|source| Some((*source, series.get(*source)?)))
        .collect();
    let closes = found.iter().map(|(_, bars)| {
        let closes = bars.iter().map(|b| (b.date, b.values.close));
        closes.collect()
    });
    let closes: Vec<BTreeMap<NaiveDate, f64>> = closes.collect();
    let best = best_sources(&closes);
    let mut taken = BTreeMap::new();
    for (place, (source, bars)) in found.iter().enumerate() {
        let own = bars.iter().filter(|b| best.get(&b.date) == Some(&place));
        taken.extend(own.map(|bar| (bar.date, (*source, bar))));
    }
    taken.into_values().collect()
}
