//! A row of `price_daily`, read in a single way everywhere: [`bar_sql`] lists the columns, [`BarRow`] knows their
//! positions.
//!
//! Other programs may have written the row: a date or a time may be invalid.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::{FromSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, ToSql};
use serde::ser::{Error, SerializeMap};
use serde::{Serialize, Serializer};

use crate::domain::bar_values::{COLUMNS, Cell, Values};
use crate::domain::text::brief;
use crate::domain::timestamp;

/// Includes an SQL file that contains the columns of a bar: `{bar}` stands for those that [`BarRow`] reads, `{p.bar}`
/// for the same of a table `p`, and `{values}` as [`crate::domain::bar_values::expand`] defines it.
macro_rules! bar_sql {
    ($file:literal) => {{
        static SQL: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| $crate::staging::bar_row::expand(include_str!($file)));
        SQL.as_str()
    }};
}
pub(super) use bar_sql;

/// The columns before the values, and those after them.
const KEY: [&str; 3] = ["asset_id", "date", "source"];
const STATE: [&str; 2] = ["ingested_at", "is_final"];
pub(super) const SOURCE_AT: usize = 2;
const VALUES_AT: usize = KEY.len();
const STATE_AT: usize = VALUES_AT + COLUMNS.len();
const IS_FINAL_AT: usize = STATE_AT + 1;
/// Position of the first column that a query has after those of the bar.
const FURTHER_AT: usize = STATE_AT + STATE.len();

/// Longest text of an exported row, in characters: another program may have written a megabyte, or colours.
const LONGEST_TEXT: usize = 500;

/// Fills in the columns of an SQL text.
pub(super) fn expand(sql: &str) -> String {
    let named = |prefix: &str| {
        let columns: Vec<String> = BarRow::columns().map(|c| format!("{prefix}{c}")).collect();
        columns.join(", ")
    };
    let sql = sql
        .replace("{bar}", &named(""))
        .replace("{p.bar}", &named("p."));
    crate::domain::bar_values::expand(&sql, 1)
}

/// The values whose columns start at a position of a row.
pub(super) fn values(row: &Row<'_>, first: usize) -> rusqlite::Result<Values> {
    Values::read(|at| row.get(first + at), |at| row.get(first + at))
}

/// A value as SQLite stores it.
impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match *self {
            Self::Price(price) => Value::Real(price),
            Self::Count(count) => count.map_or(Value::Null, Value::Integer),
        }))
    }
}

/// A text as another program may have written it: invalid UTF-8, or a BLOB. Ordered as SQLite orders them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RawText {
    /// A text.
    Text(Vec<u8>),
    /// A BLOB, which SQLite never considers equal to the text with the same bytes.
    Blob(Vec<u8>),
}

impl RawText {
    pub(super) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
            // A text column contains no numbers, and key columns are not null.
            _ => Self::Text(Vec::new()),
        }
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

impl fmt::Display for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))?;
                f.write_str("'")
            }
        }
    }
}

impl ToSql for RawText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn is_final(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Integer(number) if number != 0)
}

/// A printable text of any value.
pub(super) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(_) | ValueRef::Blob(_) => RawText::of(value).to_string(),
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
    }
}

/// A text column, whatever another program wrote: one row must not block others.
pub(super) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(shown(row.get_ref(at)?))
}

/// The same for a column that may be null.
pub(super) fn optional_text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    let value = row.get_ref(at)?;
    Ok((value != ValueRef::Null).then(|| shown(value)))
}

/// A row of a query that starts with the columns of a bar.
#[derive(Clone, Copy)]
pub(crate) struct BarRow<'a>(pub(super) &'a Row<'a>);

impl<'a> BarRow<'a> {
    /// The names of the columns in order.
    pub(crate) fn columns() -> impl Iterator<Item = &'static str> {
        let values = COLUMNS.iter().map(|column| column.name);
        KEY.into_iter().chain(values).chain(STATE)
    }

    fn text(self, at: usize) -> rusqlite::Result<&'a str> {
        Ok(self.0.get_ref(at)?.as_str()?)
    }

    /// Asset, day and source, even if invalid.
    pub(super) fn raw_key(self) -> rusqlite::Result<[RawText; KEY.len()]> {
        let part = |at: usize| self.0.get_ref(at).map(RawText::of);
        Ok([part(0)?, part(1)?, part(2)?])
    }

    pub(crate) fn asset_id(self) -> rusqlite::Result<&'a str> {
        self.text(0)
    }

    /// The day as stored.
    pub(super) fn day(self) -> rusqlite::Result<&'a str> {
        self.text(1)
    }

    /// The day, if valid.
    pub(super) fn date(self) -> rusqlite::Result<Option<NaiveDate>> {
        Ok(timestamp::day_from_text(self.day()?))
    }

    pub(crate) fn source(self) -> rusqlite::Result<&'a str> {
        self.text(SOURCE_AT)
    }

    pub(super) fn values(self) -> rusqlite::Result<Values> {
        values(self.0, VALUES_AT)
    }

    /// The fetch time as stored.
    pub(super) fn ingest_text(self) -> rusqlite::Result<&'a str> {
        self.text(STATE_AT)
    }

    /// The fetch time, if valid.
    pub(super) fn ingested_at(self) -> rusqlite::Result<Option<DateTime<Utc>>> {
        Ok(timestamp::from_text(self.ingest_text()?))
    }

    /// A value that is not a number counts as not final: such a bar is fetched again like a provisional one.
    pub(super) fn is_final(self) -> rusqlite::Result<bool> {
        Ok(is_final(self.0.get_ref(IS_FINAL_AT)?))
    }

    /// Whether it can be shown as a bar.
    fn is_readable(self) -> bool {
        self.has_texts() && self.values().is_ok()
    }

    /// Whether its text columns contain text.
    pub(super) fn has_texts(self) -> bool {
        self.asset_id().is_ok() && self.source().is_ok() && self.ingest_text().is_ok()
    }

    /// Whether it can be shown as a bar; if not, logs its key.
    pub(super) fn is_shown(self) -> rusqlite::Result<bool> {
        let is_readable = self.is_readable();
        if !is_readable {
            let [asset_id, date, source] = self.raw_key()?;
            log::warn!(
                "the row {asset_id} {date} {source} is left out: one of its values has the wrong type"
            );
        }
        Ok(is_readable)
    }

    /// A column that the query has after those of the bar.
    pub(super) fn further<T: FromSql>(self, at: usize) -> rusqlite::Result<T> {
        self.0.get(FURTHER_AT + at)
    }
}

/// The row as an object with column names.
impl Serialize for BarRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, name) in BarRow::columns().enumerate() {
            map.serialize_entry(name, &Field(self.0, at))?;
        }
        map.end()
    }
}

/// The row as values only, for a format that has the names elsewhere.
pub(crate) struct Record<'a>(pub(crate) BarRow<'a>);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = BarRow::columns().enumerate();
        serializer.collect_seq(columns.map(|(at, _)| Field(self.0.0, at)))
    }
}

/// One value of a row.
struct Field<'a>(&'a Row<'a>, usize);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(row, at) = *self;
        let value = row.get_ref(at).map_err(S::Error::custom)?;
        if at == IS_FINAL_AT {
            return serializer.serialize_bool(is_final(value));
        }
        match value {
            ValueRef::Null => serializer.serialize_none(),
            ValueRef::Integer(count) => serializer.serialize_i64(count),
            ValueRef::Real(price) => serializer.serialize_f64(price),
            text => {
                let text = text.as_str().map_err(S::Error::custom)?;
                serializer.serialize_str(&brief(text, LONGEST_TEXT))
            }
        }
    }
}

/// A stored bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredBar {
    pub(crate) date: NaiveDate,
    pub(crate) values: Values,
    /// The fetch time as stored.
    pub(crate) ingested_at: String,
    /// Whether it was fetched after its session was final.
    pub(crate) is_final: bool,
}

impl StoredBar {
    /// `None` if the row is not a bar, which is logged.
    pub(super) fn of(row: BarRow<'_>) -> rusqlite::Result<Option<Self>> {
        if !row.is_shown()? {
            return Ok(None);
        }
        let Some(date) = row.date()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            date,
            values: row.values()?,
            ingested_at: row.ingest_text()?.to_owned(),
            is_final: row.is_final()?,
        }))
    }
}
