//! What staging is measured against: the same rows by rusqlite into the same table, one cached statement and one transaction an
//! asset, and nothing else. Generated as main.py generates the answers. Prints the seconds of the transactions.
//!
//! `plain_upsert FILE ASSETS DAYS INGESTED_AT`: the file has its tables, DAYS is a file of the sessions, one a line.

use std::error::Error;
use std::fs;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

const UPSERT: &str = "
    INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at, job_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (asset_id, date, source) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
        ingested_at = excluded.ingested_at, revision = price_daily.revision + 1";
const RUN: &str = "019ac000-0000-7000-8000-000000000000";

/// Day, close and volume.
type Row<'d> = (&'d str, f64, i64);

fn rows<'d>(asset: i32, days: impl Iterator<Item = &'d str>) -> Vec<Row<'d>> {
    let row = |(n, day): (i32, &'d str)| {
        let noise = f64::from((n * 7919 + asset) % 101) / 50.0;
        let close = 100.0 + f64::from(asset) + 0.01 * f64::from(n) + noise;
        (day, close, i64::from(1000 + (n * 31 + asset) % 9000))
    };
    (0..).zip(days).map(row).collect()
}

fn write(
    database: &mut Connection,
    asset: &str,
    rows: &[Row<'_>],
    ingested_at: &str,
) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    let mut upsert = transaction.prepare_cached(UPSERT)?;
    for (day, close, volume) in rows {
        let (open, high, low) = (close - 0.3, close + 0.9, close - 0.8);
        upsert.execute(params![
            asset,
            day,
            "yahoo",
            open,
            high,
            low,
            close,
            volume,
            ingested_at,
            RUN
        ])?;
    }
    drop(upsert);
    transaction.commit()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("plain_upsert FILE ASSETS DAYS INGESTED_AT")
    };
    let (file, assets) = (next()?, next()?.parse()?);
    let (days, ingested_at) = (fs::read_to_string(next()?)?, next()?);
    let mut database = Connection::open(file)?;
    database.pragma_update(None, "synchronous", "FULL")?;
    let mut spent = Duration::ZERO;
    for asset in 0..assets {
        let (id, rows) = (format!("S{asset}"), rows(asset, days.lines()));
        let started = Instant::now();
        write(&mut database, &id, &rows, &ingested_at)?;
        spent += started.elapsed();
    }
    writeln!(stdout(), "{}", spent.as_secs_f64())?;
    Ok(())
}
