//! What is stored of a series, and whether a fetched bar replaces it.

use std::collections::BTreeSet;
use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, params};

use crate::domain::bar::Bar;
use crate::domain::timestamp;
use crate::domain::timestamp::CLOCK_TOLERANCE;
use crate::domain::validate::FetchedBar;

/// A bar as it is stored.
#[derive(Debug, Clone)]
pub(in crate::staging) struct Stored {
    pub(in crate::staging) bar: Bar,
    /// `None` where another program wrote what is no time.
    pub(in crate::staging) ingested_at: Option<DateTime<Utc>>,
    pub(in crate::staging) is_final: bool,
    /// When these values were fetched first; empty where another program wrote the row.
    pub(in crate::staging) known_since: String,
    /// The run that brought these values.
    pub(in crate::staging) job_id: Option<String>,
}

impl Stored {
    pub(in crate::staging) fn is_newer_than(&self, fetched: &FetchedBar) -> bool {
        self.ingested_at.is_some_and(|t| fetched.fetched_at < t)
    }

    fn is_ahead_of(&self, now: DateTime<Utc>) -> bool {
        self.ingested_at.is_some_and(|t| t > now + CLOCK_TOLERANCE)
    }

    fn had_volume(&self) -> bool {
        self.bar.volume().is_some_and(|v| v > 0)
    }
}

/// What to do with a fetched bar.
#[derive(Debug, Clone, Copy)]
pub(in crate::staging) enum Decision {
    Insert,
    /// Write this bar over the stored one.
    Replace {
        bar: Bar,
        changed: bool,
        clock: bool,
    },
    /// It is stored already, with this ingest time and these values.
    Same,
    /// The stored one is newer.
    Older,
    /// The stored one has the volume that this one lacks.
    Poorer,
}

/// Latest ingest wins, but a row without a volume (suspended, unknown or zero) never replaces a stored bar that had one.
///
/// The prices of a provisional bar and those in another scale must move all the same; the volume stays. A suspended row has
/// no prices of its own.
pub(in crate::staging) fn decide(
    stored: Option<&Stored>,
    fetched: &FetchedBar,
    now: DateTime<Utc>,
    rescaling: bool,
) -> Decision {
    let Some(stored) = stored else {
        return Decision::Insert;
    };
    let clock = stored.is_ahead_of(now);
    if stored.is_newer_than(fetched) && !clock {
        return Decision::Older;
    }
    let mut bar = fetched.bar;
    if stored.had_volume() && bar.volume().is_none_or(|v| v == 0) {
        if fetched.suspended || (stored.is_final && !rescaling) {
            return Decision::Poorer;
        }
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

/// The stored bars of a series between two days.
pub(in crate::staging) fn stored_bars(
    connection: &Connection,
    asset: &str,
    source: &str,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<HashMap<NaiveDate, Stored>> {
    let mut statement = connection.prepare_cached(
        "SELECT date, open, high, low, close, volume, ingested_at, is_final, known_since, job_id FROM price_daily
         WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4",
    )?;
    let mut rows = statement.query(params![asset, source, first.to_string(), last.to_string()])?;
    let mut stored = HashMap::new();
    while let Some(row) = rows.next()? {
        let date: String = row.get(0)?;
        let prices = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        let ingested_at = timestamp::from_text(&row.get::<_, String>(6)?);
        // What another program stored and is no bar is overwritten without a history.
        if let Ok(date) = date.parse()
            && let Ok(bar) = Bar::new(date, prices, row.get(5)?)
        {
            let found = Stored {
                bar,
                ingested_at,
                is_final: row.get(7)?,
                known_since: row.get(8)?,
                job_id: row.get(9)?,
            };
            stored.insert(date, found);
        }
    }
    Ok(stored)
}

/// Days out of a query's first column; what is no day is left out.
pub(in crate::staging) fn days(mut rows: rusqlite::Rows<'_>) -> Result<BTreeSet<NaiveDate>> {
    let mut days = BTreeSet::new();
    while let Some(row) = rows.next()? {
        days.extend(
            row.get::<_, Option<String>>(0)?
                .and_then(|d| d.parse::<NaiveDate>().ok()),
        );
    }
    Ok(days)
}

/// All days of a series.
pub(in crate::staging) fn stored_days(
    connection: &Connection,
    asset: &str,
    source: &str,
) -> Result<BTreeSet<NaiveDate>> {
    let mut statement = connection
        .prepare_cached("SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2")?;
    days(statement.query(params![asset, source])?)
}
