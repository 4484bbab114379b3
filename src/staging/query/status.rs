//! Queries of `status`: what is staged, what is pending, what was found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::staging::Staging;
use crate::staging::bar_row::{optional_text, text};

/// Most rows that are read to count them. For a larger file, facts that need every row are left out.
const MOST_COUNTED: i64 = 250_000;

/// Rows of an asset read from each end if not all rows are read.
const MOST_AT_AN_END: usize = 100;
/// And at least this many, to find sources that another program has written.
const LEAST_AT_AN_END: usize = 10;

/// The staged bars of one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SeriesSummary {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// The oldest day; `None` if it lies too far after the asset's own.
    pub(crate) first_date: Option<String>,
    /// The newest day; `None` if it lies too far before the asset's own.
    pub(crate) last_date: Option<String>,
    /// Staged rows; `None` if there are too many to count.
    pub(crate) staged: Option<u64>,
    /// Rows that are not final yet; likewise.
    pub(crate) provisional: Option<u64>,
    /// Rows that the warehouse does not have.
    pub(crate) pending: u64,
    /// Open findings.
    pub(crate) open_findings: u64,
}

/// An open finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FindingRow {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    pub(crate) date: String,
    /// The rule.
    pub(crate) rule: String,
    /// The values behind it.
    pub(crate) detail: String,
}

const STAGED_SERIES: &str = "SELECT asset_id, source, 0 FROM series";
const PENDING_BY_SERIES: &str =
    "SELECT asset_id, source, count(*) FROM pending GROUP BY asset_id, source";
const FINDINGS_BY_SERIES: &str =
    "SELECT asset_id, source, count(*) FROM open_findings GROUP BY asset_id, source";

/// Series, each with a number.
fn series_counts(connection: &Connection, sql: &str) -> Result<Vec<(String, String, u64)>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |r| Ok((text(r, 0)?, text(r, 1)?, r.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The day on which each source first appears, starting from one end of an asset's rows. Stops when all known sources
/// have appeared.
fn end_of_asset(
    connection: &Connection,
    sql: &str,
    asset_id: &str,
    known: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![asset_id, None::<String>])?;
    let mut met = BTreeMap::new();
    for number in 0..MOST_AT_AN_END {
        let is_enough = number >= LEAST_AT_AN_END && known.iter().all(|s| met.contains_key(s));
        let Some(row) = rows.next()?.filter(|_| !is_enough) else {
            break;
        };
        met.entry(text(row, 0)?).or_insert(text(row, 1)?);
    }
    Ok(met)
}

/// A series of which nothing is known yet.
fn unseen(asset_id: &str, source: &str) -> SeriesSummary {
    SeriesSummary {
        asset_id: asset_id.to_owned(),
        source: source.to_owned(),
        first_date: None,
        last_date: None,
        staged: None,
        provisional: None,
        pending: 0,
        open_findings: 0,
    }
}

impl Staging {
    /// What is staged, by asset and source. For a large file this is derived from the ends of each asset's rows: a
    /// series between them that this program did not stage is not seen.
    pub(crate) fn series_summaries(&self) -> Result<Vec<SeriesSummary>> {
        let connection = self.connection()?;
        let is_large: bool =
            connection.query_row(include_str!("more_rows_than.sql"), [MOST_COUNTED], |r| {
                r.get(0)
            })?;
        if is_large {
            // A read-only file has a single connection.
            drop(connection);
            return self.series_by_their_ends();
        }
        let mut statement = connection.prepare_cached(
            "SELECT c.asset_id, c.source, c.first_date, c.last_date, c.bars, c.provisional, c.pending,
                    (SELECT count(*) FROM open_findings f WHERE f.asset_id = c.asset_id AND f.source = c.source)
             FROM coverage c ORDER BY c.asset_id, c.source",
        )?;
        let rows = statement.query_map([], |r| {
            Ok(SeriesSummary {
                asset_id: text(r, 0)?,
                source: text(r, 1)?,
                first_date: optional_text(r, 2)?,
                last_date: optional_text(r, 3)?,
                staged: r.get(4)?,
                provisional: r.get(5)?,
                pending: r.get(6)?,
                open_findings: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(in crate::staging) fn series_by_their_ends(&self) -> Result<Vec<SeriesSummary>> {
        let assets = self.asset_ids()?;
        let connection = self.connection()?;
        let mut known: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (asset_id, source, _) in series_counts(&connection, STAGED_SERIES)? {
            known.entry(asset_id).or_default().insert(source);
        }
        let mut all = BTreeMap::new();
        for asset_id in assets {
            let known = known.remove(&asset_id).unwrap_or_default();
            let first = end_of_asset(
                &connection,
                include_str!("oldest_days.sql"),
                &asset_id,
                &known,
            )?;
            let last = end_of_asset(
                &connection,
                include_str!("newest_days.sql"),
                &asset_id,
                &known,
            )?;
            let sources = known.iter().chain(first.keys()).chain(last.keys());
            for source in sources.collect::<BTreeSet<_>>() {
                let mut series = unseen(&asset_id, source);
                series.first_date = first.get(source).cloned();
                series.last_date = last.get(source).cloned();
                all.insert((asset_id.clone(), source.clone()), series);
            }
        }
        for (asset_id, source, pending) in series_counts(&connection, PENDING_BY_SERIES)? {
            let series = unseen(&asset_id, &source);
            all.entry((asset_id, source)).or_insert(series).pending = pending;
        }
        for (asset_id, source, open) in series_counts(&connection, FINDINGS_BY_SERIES)? {
            if let Some(series) = all.get_mut(&(asset_id, source)) {
                series.open_findings = open;
            }
        }
        Ok(all.into_values().collect())
    }

    /// How many alerts wait to be sent, by channel.
    pub(crate) fn count_alerts(&self) -> Result<BTreeMap<String, u64>> {
        let connection = self.connection()?;
        let sql = "SELECT channel, count(*) FROM alert_outbox GROUP BY channel";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The open findings, newest first.
    pub(crate) fn open_findings(&self, limit: u32) -> Result<Vec<FindingRow>> {
        let connection = self.connection()?;
        let mut statement = connection
            .prepare("SELECT asset_id, source, date, rule, detail FROM open_findings ORDER BY date DESC, asset_id, rule LIMIT ?1")?;
        let rows = statement.query_map([limit], FindingRow::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The open findings that make a series suspect, by asset, source and day.
    pub(crate) fn suspects(&self) -> Result<Vec<FindingRow>> {
        let connection = self.connection()?;
        let mut statement = connection.prepare(
            "SELECT asset_id, source, date, rule, detail FROM finding
             WHERE resolved_at IS NULL AND rule IN ('scale_step', 'scale_refused', 'scale_unknown')
             ORDER BY asset_id, source, date",
        )?;
        let rows = statement.query_map([], FindingRow::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl FindingRow {
    /// Reads the columns in the order of the fields.
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            asset_id: text(row, 0)?,
            source: text(row, 1)?,
            date: text(row, 2)?,
            rule: text(row, 3)?,
            detail: text(row, 4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staging(rows: &[(&str, &str, &str)]) -> Staging {
        let staging = Staging::in_memory().unwrap();
        let connection = staging.connection().unwrap();
        for row in rows {
            let (asset, date, source) = row;
            connection
                .execute(
                    "INSERT INTO price_daily (asset_id, date, source, open, high, low, close) VALUES (?1, ?2, ?3, 1.0, 1.0, 1.0, 1.0)",
                    params![asset, date, source],
                )
                .unwrap();
        }
        connection
            .execute("INSERT INTO series (asset_id, source, symbol, currency) VALUES ('A', 'yahoo', 'A', 'KRW')", [])
            .unwrap();
        drop(connection);
        staging
    }

    #[test]
    fn the_ends_of_an_asset_tell_of_its_series_what_all_rows_tell() {
        let staging = staging(&[
            ("A", "2026-01-05", "naver"),
            ("A", "2026-01-06", "naver"),
            ("A", "2026-01-06", "yahoo"),
            ("A", "2026-01-07", "naver"),
            ("B", "2026-01-05", "mine"),
        ]);
        let all = staging.series_summaries().unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].staged, all[0].provisional), (Some(3), Some(0)));
        let uncounted = all.into_iter().map(|s| SeriesSummary {
            staged: None,
            provisional: None,
            ..s
        });
        let by_their_ends = staging.series_by_their_ends().unwrap();
        assert_eq!(by_their_ends, uncounted.collect::<Vec<_>>());
    }

    #[test]
    fn what_lies_too_far_from_the_ends_is_not_said() {
        let dates: Vec<String> = (0..3 * MOST_AT_AN_END)
            .map(|n| format!("{}-01-05", 1000 + n))
            .collect();
        let mut rows: Vec<(&str, &str, &str)> =
            dates.iter().map(|d| ("A", d.as_str(), "naver")).collect();
        rows.push(("A", &dates[MOST_AT_AN_END + 10], "yahoo"));
        let by_their_ends = staging(&rows).series_by_their_ends().unwrap();
        let dates: Vec<_> = by_their_ends
            .iter()
            .map(|s| {
                (
                    s.source.as_str(),
                    s.first_date.as_deref(),
                    s.last_date.as_deref(),
                )
            })
            .collect();
        let naver = ("naver", Some("1000-01-05"), Some("1299-01-05"));
        assert_eq!(dates, [naver, ("yahoo", None, None)]);
        assert_eq!(by_their_ends[1].pending, 1, "it waits all the same");
    }
}
