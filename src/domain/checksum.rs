//! Reduces a month of a series to one number, computed in the same way from the staging file and by PostgreSQL.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::bar_values::{Cell, Values};

/// A month of a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Month {
    pub(crate) asset_id: String,
    pub(crate) source: String,
    /// Months since the year 0: year × 12 + month − 1.
    pub(crate) number: i32,
}

impl Month {
    /// Its first day.
    #[must_use]
    pub(crate) fn first_day(&self) -> NaiveDate {
        let month = u32::try_from(self.number.rem_euclid(12) + 1).unwrap_or(1);
        NaiveDate::from_ymd_opt(self.number.div_euclid(12), month, 1).unwrap_or_default()
    }
}

/// The month of a day, as [`Month::number`].
#[must_use]
pub(crate) fn month_of(date: NaiveDate) -> i32 {
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0)
}

/// The compared values of a bar: everything except its key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowValues {
    /// The bar's values. The warehouse stores 0 for an unknown count; the two count as equal.
    pub(crate) values: Values,
    pub(crate) ingested_at: DateTime<Utc>,
}

/// The checksum of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// Number of rows.
    pub(crate) rows: u64,
    /// The first half of the SHA-256 over the rows by day.
    pub(crate) digest: [u8; 16],
}

/// A checksum being computed.
#[derive(Default, Clone)]
pub(crate) struct Summing {
    rows: u64,
    hash: Sha256,
}

impl Summing {
    /// Adds the next day's row, with the bytes of PostgreSQL's `date_send`, `float8send`, `int8send` and
    /// `timestamptz_send`: exact values, not digits.
    pub(crate) fn add(&mut self, date: NaiveDate, row: &RowValues) {
        self.rows += 1;
        let days = date.num_days_from_ce() - DAYS_TO_2000;
        self.hash.update(days.to_be_bytes());
        for cell in row.values.cells() {
            self.hash.update(match cell {
                Cell::Price(price) => price.to_be_bytes(),
                Cell::Count(count) => count.unwrap_or(0).to_be_bytes(),
            });
        }
        let micros = row.ingested_at.timestamp_micros() - MICROS_TO_2000;
        self.hash.update(micros.to_be_bytes());
    }

    /// The checksum of the added rows.
    #[must_use]
    pub(crate) fn finish(self) -> Checksum {
        let mut digest = [0; 16];
        digest
            .iter_mut()
            .zip(self.hash.finalize())
            .for_each(|(to, from)| *to = from);
        Checksum {
            rows: self.rows,
            digest,
        }
    }
}

/// PostgreSQL counts from 2000-01-01: days from the year 1, and microseconds from 1970.
const DAYS_TO_2000: i32 = 730_120;
const MICROS_TO_2000: i64 = 946_684_800_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_that_of_postgres() {
        let date = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        assert_eq!(date.num_days_from_ce(), DAYS_TO_2000);
        let start = date.and_time(chrono::NaiveTime::MIN).and_utc();
        assert_eq!(start.timestamp_micros(), MICROS_TO_2000);
        let month = Month {
            asset_id: String::new(),
            source: String::new(),
            number: month_of(date),
        };
        assert_eq!((month.number, month.first_day()), (24_000, date));
    }

    #[test]
    fn every_value_counts() {
        let date = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let values = RowValues {
            values: Values::of([1.0, 2.0, 0.5, 1.5], Some(3)),
            ingested_at: DateTime::UNIX_EPOCH,
        };
        let sum = |date, values: &RowValues| {
            let mut sum = Summing::default();
            sum.add(date, values);
            sum.finish().digest
        };
        let whole = sum(date, &values);
        assert_eq!(whole, sum(date, &values));
        let mut others = vec![sum(date.succ_opt().unwrap(), &values)];
        for at in 0..4 {
            let mut other = values.clone();
            let mut prices = values.values.prices();
            prices[at] = f64::from_bits(prices[at].to_bits() + 1);
            other.values = values.values.with_prices(prices);
            others.push(sum(date, &other));
        }
        others.push(sum(
            date,
            &RowValues {
                values: Values::of(values.values.prices(), Some(4)),
                ..values.clone()
            },
        ));
        let later = values.ingested_at + chrono::TimeDelta::microseconds(1);
        others.push(sum(
            date,
            &RowValues {
                ingested_at: later,
                ..values
            },
        ));
        assert!(others.iter().all(|other| *other != whole));
    }
}
