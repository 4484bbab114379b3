//! Sends bars by COPY: half the work of the statement, for chunks whose rows are probably new. Nothing depends on that
//! guess: the table's key refuses existing rows, and then, as in any other doubt, the statement takes the chunk.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use postgres::Client;
use postgres::types::Type;

use super::copying::Copying;
use super::error::{Class, WarehouseError};
use super::identity::Witnesses;
use super::prices::{Receipt, WriteCounts};
use super::{Parameter, Warehouse, parameter, values_sql};
use crate::domain::acknowledgement::{Acknowledged, TableIdentity};
use crate::domain::bar_values::{COLUMNS, Cell};
use crate::domain::outgoing::PendingRow;

/// Fewer rows than this are sent by the statement, which takes one round trip.
const LEAST: usize = 200;

/// COPY takes six round trips: a server that answers within this time is close enough.
const NEAR: Duration = Duration::from_millis(2);

/// A server that has not accepted a connection within this time is far away.
const NEAR_TO_CONNECT: Duration = Duration::from_millis(100);

/// How long answers are timed: on a busy machine the first ones may be late.
const TIMED: Duration = Duration::from_millis(8);

impl Warehouse {
    /// Writes a chunk of new rows by COPY to the expected table, or to any. A returned receipt means that the rows are
    /// committed. `None` means that nothing was written, and the statement must be used.
    ///
    /// # Errors
    /// A transient failure; then it is unknown whether the rows were written.
    pub(crate) fn copy_prices(
        &mut self,
        rows: &Arc<[PendingRow]>,
        expected: Option<&Acknowledged>,
    ) -> Result<Option<Receipt>, WarehouseError> {
        if rows.len() < LEAST || !self.may_copy()? {
            return Ok(None);
        }
        let copied = self.look_and_copy(rows, expected);
        match copied {
            Ok(Some(table)) => {
                log::debug!(rows = rows.len(); "chunk copied");
                self.copying.succeeded();
                self.prices_fit = true;
                Ok(Some(self.receipt_of_new(rows.len(), table)))
            }
            Ok(None) => {
                self.copying.failed();
                Ok(None)
            }
            Err(failure) if failure.is_transient() => Err(failure),
            Err(failure) => {
                // The statement finds the rows that are refused, and creates missing tables.
                if failure.class() == Class::Data {
                    self.copying.failed();
                } else if !self.ask_otherwise(&failure) && !failure.is_missing_table() {
                    log::debug!("rows were not copied: {failure}");
                    self.copying = Copying::Never;
                }
                Ok(None)
            }
        }
    }

    fn receipt_of_new(&self, rows: usize, table: TableIdentity) -> Receipt {
        Receipt {
            written: WriteCounts {
                inserted: rows as u64,
                ..WriteCounts::default()
            },
            behind_future: Default::default(),
            dropped: Default::default(),
            table,
            place: self.place.clone(),
        }
    }

    fn may_copy(&mut self) -> Result<bool, WarehouseError> {
        if self.copying == Copying::Unknown {
            self.copying = match self.is_near()? {
                true => Copying::NEAR,
                false => Copying::Never,
            };
        }
        Ok(self.copying.is_turn())
    }

    fn is_near(&mut self) -> Result<bool, WarehouseError> {
        if self.connected_in > NEAR_TO_CONNECT {
            return Ok(false);
        }
        let mut timed = Duration::ZERO;
        while timed < TIMED {
            let started = Instant::now();
            self.execute(String::new())?;
            let answered_in = started.elapsed();
            if answered_in < NEAR {
                return Ok(true);
            }
            timed += answered_in;
        }
        Ok(false)
    }

    fn look_and_copy(
        &mut self,
        rows: &Arc<[PendingRow]>,
        expected: Option<&Acknowledged>,
    ) -> Result<Option<TableIdentity>, WarehouseError> {
        if self.copying.fit().is_none() && !self.fits_copy()? {
            return Ok(None);
        }
        let database = expected.map(|known| known.database.as_str());
        let sql = self.identified(include_str!("copy_look.sql"), database);
        let found = self.query(sql, self.look_parameters(rows, expected))?;
        let Some(row) = found.first() else {
            return Ok(None);
        };
        let table = TableIdentity {
            database: row.try_get(0)?,
            relation: row.try_get(1)?,
        };
        if self.copying.fit() != Some(&table.relation) {
            // The table was recreated: check the new one next time.
            self.copying = Copying::NEAR;
            return Ok(None);
        }
        if !row.try_get::<_, bool>(2)? {
            return Ok(None);
        }
        // BEGIN, COPY and COMMIT.
        self.round_trips += 3;
        let sent = Arc::clone(rows);
        let is_copied = self.connection.ask(move |client| copy(client, &sent))?;
        Ok(is_copied.then_some(table))
    }

    /// Checks the table once per connection: it takes as long as two hundred rows.
    fn fits_copy(&mut self) -> Result<bool, WarehouseError> {
        let found = self.query(values_sql!("copy_fits.sql"), Vec::new())?;
        // The statement creates a missing table.
        let Some(row) = found.first() else {
            return Ok(false);
        };
        let fits = row.try_get(1)?;
        match fits {
            true => self.copying.fits(row.try_get(0)?),
            false => self.copying = Copying::Never,
        }
        Ok(fits)
    }

    fn look_parameters(
        &self,
        rows: &[PendingRow],
        expected: Option<&Acknowledged>,
    ) -> Vec<Parameter> {
        let (mut assets, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
        // In key order an asset's rows are consecutive, oldest first.
        for part in rows.chunk_by(|a, b| a.asset_id == b.asset_id) {
            if let [from, .., to] | [from @ to] = part {
                assets.push(from.asset_id.to_string());
                first.push(from.date);
                last.push(to.date);
            }
        }
        let witnesses = match expected {
            Some(known) if !self.prices_fit => Witnesses::of(&known.witnesses),
            _ => Witnesses::default(),
        };
        let mut parameters = vec![
            parameter(expected.map(|known| known.database.clone()), Type::TEXT),
            parameter(assets, Type::TEXT_ARRAY),
            parameter(first, Type::DATE_ARRAY),
            parameter(last, Type::DATE_ARRAY),
            parameter(
                expected.and_then(|known| known.relation.clone()),
                Type::TEXT,
            ),
        ];
        parameters.extend(witnesses.parameters());
        parameters
    }
}

/// `false` if the table accepted fewer rows than were sent: then none stays.
///
/// In its own transaction: COPY alone is answered before it is committed.
fn copy(client: &mut Client, rows: &[PendingRow]) -> Result<bool, postgres::Error> {
    static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let sql = "COPY price_daily (asset_id, date, source, {values}, ingested_at) FROM STDIN (FORMAT binary)";
        crate::domain::bar_values::expand(sql, 1)
    });
    let mut transaction = client.transaction()?;
    let mut writer = transaction.copy_in(SQL.as_str())?;
    // A write error is the connection's, which `finish` reports better.
    let _ = writer.write_all(&encoded(rows));
    let taken = writer.finish()?;
    if taken != rows.len() as u64 {
        transaction.rollback()?;
        return Ok(false);
    }
    transaction.commit()?;
    Ok(true)
}

/// The rows in the binary format of COPY (<https://www.postgresql.org/docs/current/sql-copy.html>).
fn encoded(rows: &[PendingRow]) -> Vec<u8> {
    const FIELDS: usize = 4 + COLUMNS.len();
    /// A row without its texts, and room for them.
    const ROW: usize = 2 + 4 * FIELDS + 4 + 8 * (1 + COLUMNS.len()) + 24;
    let mut bytes = Vec::with_capacity(rows.len() * ROW);
    // The signature, no flags, no extension.
    bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
    bytes.extend_from_slice(&[0; 8]);
    let fields = i16::try_from(FIELDS).unwrap_or(i16::MAX).to_be_bytes();
    let field = |bytes: &mut Vec<u8>, value: &[u8]| {
        bytes.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        bytes.extend_from_slice(value);
    };
    for row in rows {
        bytes.extend_from_slice(&fields);
        field(&mut bytes, row.asset_id.as_bytes());
        field(&mut bytes, &days(row.date).to_be_bytes());
        field(&mut bytes, row.source.as_bytes());
        for cell in row.values.cells() {
            match cell {
                Cell::Price(price) => field(&mut bytes, &price.to_bits().to_be_bytes()),
                // Unknown is stored as 0 there.
                Cell::Count(count) => field(&mut bytes, &count.unwrap_or(0).to_be_bytes()),
            }
        }
        field(&mut bytes, &micros(row.ingested_at).to_be_bytes());
    }
    bytes.extend_from_slice(&(-1i16).to_be_bytes());
    bytes
}

/// PostgreSQL counts from 2000-01-01: its day since 0000-12-31, and its microseconds since 1970.
const EPOCH_DAY: i32 = 730_120;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_DAY
}

fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros() - EPOCH_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_counted_from_the_year_2000() {
        let day = |text: &str| days(text.parse().unwrap());
        assert_eq!(
            (day("2000-01-01"), day("1999-12-31"), day("2026-11-28")),
            (0, -1, 9828)
        );
        let time = "2000-01-01T00:00:01.000002Z".parse().unwrap();
        assert_eq!(micros(time), 1_000_002);
    }
}
