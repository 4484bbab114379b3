//! Reads what is stored of a series, for the rules.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::domain::bar::{Bar, Sign};
use crate::domain::merge::Stored;
use crate::domain::scale::StoredBars;
use crate::domain::timestamp;
use crate::staging::bar_row::{BarRow, bar_sql};

/// The stored bars of a series between two days.
pub(super) fn stored_bars(
    connection: &Connection,
    asset: &str,
    source: &str,
    first: NaiveDate,
    last: NaiveDate,
    sign: Sign,
) -> Result<StoredBars> {
    let mut statement = connection.prepare_cached(bar_sql!("stored_bars.sql"))?;
    let mut rows = statement.query(params![asset, source, first.to_string(), last.to_string()])?;
    let mut stored = StoredBars::new();
    while let Some(row) = rows.next()? {
        let row = BarRow(row);
        // A row of another program that is not a bar is overwritten without a history.
        if let Some(date) = row.date()?
            && let Ok(bar) = Bar::new(date, row.values()?, sign)
        {
            let found = Stored {
                bar,
                ingested_at: row.ingested_at().ok().flatten(),
                is_final: row.is_final()?,
                known_since: row.further(0).unwrap_or_default(),
                job_id: row.further(1).unwrap_or_default(),
            };
            stored.insert(date, found);
        }
    }
    Ok(stored)
}

/// The days in a query's first column; invalid dates are skipped.
pub(in crate::staging) fn days(mut rows: rusqlite::Rows<'_>) -> Result<BTreeSet<NaiveDate>> {
    let mut days = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let day = row.get_ref(0)?.as_str_or_null()?;
        days.extend(day.and_then(timestamp::day_from_text));
    }
    Ok(days)
}

/// The days of a series from a day on.
pub(super) fn days_since(
    connection: &Connection,
    asset: &str,
    source: &str,
    since: NaiveDate,
) -> Result<BTreeSet<NaiveDate>> {
    let sql = "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date >= ?3";
    let mut statement = connection.prepare_cached(sql)?;
    days(statement.query(params![asset, source, since.to_string()])?)
}

/// The first day of a series.
pub(super) fn first_day(
    connection: &Connection,
    asset: &str,
    source: &str,
) -> Result<Option<NaiveDate>> {
    let sql =
        "SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 ORDER BY date LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(days(statement.query(params![asset, source])?)?
        .first()
        .copied())
}
