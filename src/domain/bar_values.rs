//! The values of a bar, and the only list of their columns, used by SQL texts, readers and writers of both databases. A
//! new column of a bar starts here.

use std::fmt;

use serde::Serialize;

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A price: a double, never null.
    Price,
    /// A count: a whole number, null if unknown. The warehouse stores 0 then.
    Count,
}

impl ColumnKind {
    /// PostgreSQL's name of the only type that keeps every value unchanged.
    #[must_use]
    pub(crate) const fn warehouse_type(self) -> &'static str {
        match self {
            Self::Price => "float8",
            Self::Count => "int8",
        }
    }
}

/// A column of a bar's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name, the same in both databases and in every result.
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
}

/// The columns in the order of every query and every result.
pub(crate) const COLUMNS: [Column; 5] = [
    column("open", ColumnKind::Price),
    column("high", ColumnKind::Price),
    column("low", ColumnKind::Price),
    column("close", ColumnKind::Price),
    column("volume", ColumnKind::Count),
];

/// The values of a bar as sent or as stored: any program may have stored them, so they need not be valid prices
/// ([`super::bar::Bar`] is the trusted form).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Values {
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    /// The traded volume in the source's own unit; `None` if unknown.
    pub(crate) volume: Option<i64>,
}

/// The value of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    /// In a column of prices.
    Price(f64),
    /// In a column of counts.
    Count(Option<i64>),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Price(price) => price.fmt(f),
            Self::Count(Some(count)) => count.fmt(f),
            Self::Count(None) => f.write_str("unknown"),
        }
    }
}

impl Cell {
    /// Whether both are equal bit for bit.
    #[must_use]
    pub(crate) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Price(a), Self::Price(b)) => a.to_bits() == b.to_bits(),
            (Self::Count(a), Self::Count(b)) => a == b,
            _ => false,
        }
    }
}

impl Values {
    /// The values from `[open, high, low, close]` and a volume.
    #[must_use]
    pub(crate) fn of([open, high, low, close]: [f64; 4], volume: Option<i64>) -> Self {
        Self {
            open,
            high,
            low,
            close,
            volume,
        }
    }

    /// Reads the values by the positions of their columns in [`COLUMNS`].
    ///
    /// # Errors
    /// The first error of a column.
    pub(crate) fn read<E>(
        price: impl Fn(usize) -> Result<f64, E>,
        count: impl Fn(usize) -> Result<Option<i64>, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            open: price(0)?,
            high: price(1)?,
            low: price(2)?,
            close: price(3)?,
            volume: count(4)?,
        })
    }

    /// The values in the order of [`COLUMNS`].
    #[must_use]
    pub(crate) fn cells(&self) -> [Cell; COLUMNS.len()] {
        [
            Cell::Price(self.open),
            Cell::Price(self.high),
            Cell::Price(self.low),
            Cell::Price(self.close),
            Cell::Count(self.volume),
        ]
    }

    /// The same with 0 for every unknown count, as in the warehouse.
    #[must_use]
    pub(crate) fn with_known_counts(self) -> Self {
        Self {
            volume: self.volume.or(Some(0)),
            ..self
        }
    }

    /// The same with other prices: open, high, low and close.
    #[must_use]
    pub(crate) fn with_prices(self, [open, high, low, close]: [f64; 4]) -> Self {
        Self {
            open,
            high,
            low,
            close,
            ..self
        }
    }

    /// The same with prices times a factor.
    #[must_use]
    pub(crate) fn times(self, factor: f64) -> Self {
        Self::of(self.prices().map(|price| price * factor), self.volume)
    }

    #[must_use]
    pub(crate) fn prices(&self) -> [f64; 4] {
        [self.open, self.high, self.low, self.close]
    }

    /// Whether both are equal bit for bit.
    #[must_use]
    pub(crate) fn are(&self, other: &Self) -> bool {
        self.cells()
            .into_iter()
            .zip(other.cells())
            .all(|(a, b)| a.is(b))
    }
}

/// One column of many bars, in the form for the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ValueColumn {
    Prices(Vec<f64>),
    /// Counts, 0 if unknown.
    Counts(Vec<i64>),
}

/// Many bars by column, in the order of [`COLUMNS`].
#[must_use]
pub(crate) fn by_column<'a>(
    bars: impl Iterator<Item = &'a Values> + Clone,
) -> [ValueColumn; COLUMNS.len()] {
    let prices = |field: fn(&Values) -> f64| ValueColumn::Prices(bars.clone().map(field).collect());
    let counts = |field: fn(&Values) -> Option<i64>| {
        ValueColumn::Counts(bars.clone().map(|v| field(v).unwrap_or(0)).collect())
    };
    [
        prices(|v| v.open),
        prices(|v| v.high),
        prices(|v| v.low),
        prices(|v| v.close),
        counts(|v| v.volume),
    ]
}

const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind }
}

/// Repeats a text for every column, with the column's name for `COLUMN`, its type in the warehouse for `TYPE`, and its
/// position, counted from `first`, for `PLACE`.
#[must_use]
pub(crate) fn each(text: &str, separator: &str, first: usize) -> String {
    let texts: Vec<String> = COLUMNS
        .iter()
        .enumerate()
        .map(|(at, column)| {
            text.replace("COLUMN", column.name)
                .replace("TYPE", column.kind.warehouse_type())
                .replace("PLACE", &(first + at).to_string())
        })
        .collect();
    texts.join(separator)
}

/// Fills in the columns in an SQL text, for `{values}` or `{values SEPARATOR: TEXT}` with a text for [`each`]; the
/// default separator is a comma. Positions count from `first`.
#[must_use]
pub(crate) fn expand(sql: &str, first: usize) -> String {
    const START: &str = "{values";
    let mut expanded = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, from)) = rest.split_once(START) {
        expanded.push_str(before);
        let (inside, after) = from.split_once('}').unwrap_or((from, ""));
        let (separator, text) = inside.split_once(':').unwrap_or(("", "COLUMN"));
        let separator = match separator.trim() {
            "" => ", ".to_owned(),
            word => format!(" {word} "),
        };
        expanded.push_str(&each(text.trim(), &separator, first));
        rest = after;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_stand_wherever_a_text_wants_them() {
        for (sql, expanded) in [
            ("SELECT 1", "SELECT 1"),
            (
                "SELECT date, {values}, is_final",
                "SELECT date, open, high, low, close, volume, is_final",
            ),
            (
                "({values: :COLUMN})",
                "(:open, :high, :low, :close, :volume)",
            ),
            (
                "{values AND: a.COLUMN = b.COLUMN} x",
                "a.open = b.open AND a.high = b.high AND a.low = b.low AND a.close = b.close AND a.volume = b.volume x",
            ),
            (
                "{values: $PLACE::TYPE[]}",
                "$7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::int8[]",
            ),
        ] {
            assert_eq!(expand(sql, 7), expanded);
        }
    }
}
