//! Questions of `show`, `report` and the lines of `status` that draw: series as they are staged, and what was said about
//! their days. Nothing is written.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::{Row, params};

use crate::staging::Staging;

/// A staged bar.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBar {
    /// The session's day.
    pub date: NaiveDate,
    /// Opening price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Closing price.
    pub close: f64,
    /// Volume; `None` where it is unknown.
    pub volume: Option<i64>,
    /// When the bar was fetched.
    pub ingested_at: String,
    /// Whether it was fetched after its session's final time.
    pub is_final: bool,
}

/// An asset as the staging file knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredAsset {
    /// Asset.
    pub asset_id: String,
    /// Its name; its id where no name is known.
    pub name: String,
    /// What it is.
    pub category: String,
    /// The name of its calendar.
    pub calendar: String,
    /// The currency of its own series.
    pub currency: String,
    /// Its sources in their order.
    pub sources: Vec<StoredSource>,
}

/// A source of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSource {
    /// The `source` column of its bars.
    pub source: String,
    /// The currency of its prices.
    pub currency: String,
    /// Whether that is the asset's own.
    pub own_currency: bool,
}

/// An open finding about a day of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    /// Source; empty where it is about a calendar.
    pub source: String,
    /// The day, as it stands there.
    pub date: String,
    /// What was found.
    pub rule: String,
    /// The values behind it.
    pub detail: String,
}

/// The bars of one asset, by source.
pub type StoredSeries = BTreeMap<String, Vec<StoredBar>>;

impl Staging {
    /// Every asset of the file: those configured at the last collect, and those that only have bars.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stored_assets(&self) -> Result<Vec<StoredAsset>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(include_str!("stored_assets.sql"))?;
        let mut rows = statement.query([])?;
        let mut assets: Vec<StoredAsset> = Vec::new();
        while let Some(row) = rows.next()? {
            let asset_id: String = row.get(0)?;
            if assets.last().is_none_or(|a| a.asset_id != asset_id) {
                assets.push(stored_asset(row, asset_id)?);
            }
            if let (Some(asset), Some(source)) = (assets.last_mut(), row.get(5)?) {
                asset.sources.push(StoredSource {
                    source,
                    currency: row.get(6)?,
                    own_currency: row.get(7)?,
                });
            }
        }
        Ok(assets)
    }

    /// The bars of an asset from a day on, by source, oldest first. A row whose date is no day is left out.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stored_series(&self, asset_id: &str, since: Option<NaiveDate>) -> Result<StoredSeries> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT source, date, open, high, low, close, volume, ingested_at, is_final FROM price_daily
             WHERE asset_id = ?1 AND (?2 IS NULL OR date >= ?2) ORDER BY date",
        )?;
        let mut rows = statement.query(params![asset_id, since.map(|d| d.to_string())])?;
        let mut series = StoredSeries::new();
        while let Some(row) = rows.next()? {
            let Ok(date) = row.get::<_, String>(1)?.parse() else {
                continue;
            };
            series.entry(row.get(0)?).or_default().push(bar(row, date)?);
        }
        Ok(series)
    }

    /// The open findings about an asset (or about a calendar, whose name stands in the same place), oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn stored_findings(&self, asset_id: &str) -> Result<Vec<StoredFinding>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(
            "SELECT source, date, rule, detail FROM open_findings WHERE asset_id = ?1 ORDER BY date, source, rule",
        )?;
        let rows = statement.query_map([asset_id], |r| {
            Ok(StoredFinding {
                source: r.get(0)?,
                date: r.get(1)?,
                rule: r.get(2)?,
                detail: r.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
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

fn bar(row: &Row<'_>, date: NaiveDate) -> rusqlite::Result<StoredBar> {
    Ok(StoredBar {
        date,
        open: row.get(2)?,
        high: row.get(3)?,
        low: row.get(4)?,
        close: row.get(5)?,
        volume: row.get(6)?,
        ingested_at: row.get(7)?,
        is_final: row.get(8)?,
    })
}

impl StoredAsset {
    /// The sources whose bars may stand for the asset's price, best first. Without a configured source every series may.
    pub fn own_sources<'a>(&'a self, series: &'a StoredSeries) -> Vec<&'a str> {
        if self.sources.is_empty() {
            return series.keys().map(String::as_str).collect();
        }
        let own = self.sources.iter().filter(|s| s.own_currency);
        own.map(|s| s.source.as_str()).collect()
    }
}

/// One bar a day, oldest first: that of the first of these sources which has one. The same as the view `best_price`.
pub fn best_bars<'a>(
    series: &'a StoredSeries,
    sources: &[&'a str],
) -> Vec<(&'a str, &'a StoredBar)> {
    let mut best = BTreeMap::new();
    for source in sources {
        for bar in series.get(*source).into_iter().flatten() {
            best.entry(bar.date).or_insert((*source, bar));
        }
    }
    best.into_values().collect()
}
