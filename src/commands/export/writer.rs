//! Writes bars one after the other.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

use crate::domain::number_format::Decimal;
use crate::domain::text::brief;
use crate::output::row::Row;
use crate::output::{excel, print};

/// The longest text of a cell, in characters: another program may have written a megabyte, or colours.
const LONGEST_TEXT: usize = 500;

/// A text of the file as it is written.
pub(super) fn shown(text: &str) -> String {
    brief(text, LONGEST_TEXT)
}

/// How bars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    Csv,
    /// CSV as Excel keeps it.
    Excel(Decimal),
    Lines,
    /// One array.
    Array,
}

/// Writes bars as they are read.
pub(super) enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Excel(Box<csv::Writer<W>>, Vec<String>, Decimal),
    Lines(W),
    /// A JSON array; the number counts the elements written.
    Array(W, u64),
}

impl<W: Write> Writer<W> {
    pub(super) fn new(
        format: RowFormat,
        columns: impl Iterator<Item = String>,
        mut to: W,
    ) -> Result<Self> {
        let mut builder = csv::WriterBuilder::new();
        // Written by hand so that an export without bars has a header too.
        builder.has_headers(false);
        Ok(match format {
            RowFormat::Csv => {
                let mut csv = builder.from_writer(to);
                csv.write_record(columns)?;
                Self::Csv(Box::new(csv))
            }
            RowFormat::Excel(decimal) => {
                to.write_all(excel::BYTE_ORDER_MARK.as_bytes())?;
                builder.delimiter(excel::delimiter(decimal));
                let mut csv = builder.from_writer(to);
                let columns: Vec<String> = columns.collect();
                csv.write_record(columns.iter().map(|column| excel::text(column)))?;
                Self::Excel(Box::new(csv), columns, decimal)
            }
            RowFormat::Lines => Self::Lines(to),
            RowFormat::Array => Self::Array(to, 0),
        })
    }

    /// Writes one bar as a CSV record or a JSON object.
    pub(super) fn bar(&mut self, record: impl Serialize, object: impl Serialize) -> Result<()> {
        match self {
            Self::Csv(csv) => csv.serialize(record)?,
            Self::Excel(csv, columns, decimal) => {
                let row = Row::of(&object)?;
                let cells = columns.iter().map(|name| {
                    let value = row.get(name);
                    value.map_or_else(String::new, |value| excel::cell(name, value, *decimal))
                });
                csv.write_record(cells)?;
            }
            Self::Lines(to) => writeln!(to, "{}", print::json_line(&object)?)?,
            Self::Array(to, count) => {
                let start = if *count == 0 { "[" } else { "," };
                write!(to, "{start}\n  {}", print::json_line(&object)?)?;
                *count += 1;
            }
        }
        Ok(())
    }

    /// Flushes and returns the underlying writer.
    pub(super) fn finish(self) -> Result<W> {
        match self {
            Self::Csv(csv) | Self::Excel(csv, ..) => {
                Ok(csv.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
            Self::Lines(to) => Ok(to),
            Self::Array(mut to, count) => {
                to.write_all(if count == 0 { b"[]\n" } else { b"\n]\n" })?;
                Ok(to)
            }
        }
    }
}

/// The system's reason why something could not be written.
pub(super) fn system_error(error: &anyhow::Error) -> Option<io::ErrorKind> {
    let by_system = |e: &(dyn std::error::Error + 'static)| {
        let in_csv = e.downcast_ref::<csv::Error>().map(csv::Error::kind);
        match in_csv {
            Some(csv::ErrorKind::Io(e)) => Some(e.kind()),
            _ => e.downcast_ref::<io::Error>().map(io::Error::kind),
        }
    };
    error.chain().find_map(by_system)
}
