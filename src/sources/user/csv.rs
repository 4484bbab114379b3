//! CSV of a user-defined source.
//!
//! Fields are split here and not by the CSV crate, because they borrow from the body.

use super::super::body::{AnswerError, first_words};
use super::complaint;
use super::fields::{day_of, named};
use crate::domain::answer::{RawBar, RawDay};
use crate::domain::column::Column;
use crate::domain::number_format::is_nothing;
use crate::domain::user_source::UserSource;

/// The rows of an answer.
///
/// # Errors
/// If it is not a table with the columns of the definition.
pub(super) fn rows<'a>(
    source: &UserSource,
    body: &'a [u8],
    symbol: &str,
    delimiter: char,
) -> Result<Vec<RawBar<'a>>, AnswerError> {
    let text = str::from_utf8(body)
        .map_err(|_| AnswerError::OtherShape("bytes that are not UTF-8 text".to_owned()))?;
    let mut records = Records {
        rest: text,
        delimiter,
        line: 1,
    };
    let Some(first) = records.next().transpose()? else {
        return Err(AnswerError::OtherShape(first_words(body)));
    };
    let places = Places::find(source, symbol, &first.fields)
        .map_err(|lacking| no_table(body, &first, lacking))?;
    let is_data = places.are_by_number && matches!(places.day(source, &first), RawDay::Date(_));
    let mut rows = Vec::new();
    if is_data {
        rows.push(places.bar(source, &first));
    }
    let count = first.fields.len();
    for record in records {
        let record = record?;
        match record.fields.len() {
            fields if fields == count => rows.push(places.bar(source, &record)),
            fields if fields < count && !record.is_ended => {
                return Err(AnswerError::CutShort(format!(
                    "line {}: {fields} fields of {count}",
                    record.line
                )));
            }
            fields => {
                return Err(AnswerError::OtherShape(format!(
                    "line {}: {fields} fields, the first line has {count}",
                    record.line
                )));
            }
        }
    }
    Ok(rows)
}

/// The error for a text without the columns: a message of the source, or another table.
fn no_table(body: &[u8], first: &Record<'_>, lacking: String) -> AnswerError {
    let [only] = first.fields[..] else {
        return AnswerError::OtherShape(lacking);
    };
    let is_header = !only.contains(char::is_whitespace);
    let delimiter = [";", "|", "\t", ","].into_iter().find(|d| only.contains(d));
    match delimiter.filter(|_| is_header) {
        Some(delimiter) => AnswerError::OtherShape(format!(
            "{lacking}; did you mean delimiter = {delimiter:?}?"
        )),
        None => complaint::of_text(body),
    }
}

/// A line of fields, and its number.
struct Record<'a> {
    fields: Vec<&'a str>,
    line: usize,
    /// Whether it ends with a line end.
    is_ended: bool,
}

/// Splits a text into records; skips empty lines.
struct Records<'a> {
    rest: &'a str,
    delimiter: char,
    line: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, AnswerError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let trimmed = self.rest.trim_start_matches(['\r', '\n']);
            let skipped = self.rest.get(..self.rest.len() - trimmed.len());
            self.line += skipped.unwrap_or_default().matches('\n').count();
            self.rest = trimmed;
            if trimmed.is_empty() {
                return None;
            }
            let line = self.line;
            let record = self.record(line);
            match record {
                Ok(record) if record.fields.iter().all(|field| field.is_empty()) => {}
                record => return Some(record),
            }
        }
    }
}

impl<'a> Records<'a> {
    fn record(&mut self, line: usize) -> Result<Record<'a>, AnswerError> {
        let mut fields = Vec::new();
        loop {
            let (field, after) = self.field()?;
            fields.push(field.trim());
            let mut behind = after.chars();
            let separator = behind.next();
            self.rest = behind.as_str();
            if separator != Some(self.delimiter) {
                // The line end itself stays, for counting lines.
                self.rest = after;
                return Ok(Record {
                    fields,
                    line,
                    is_ended: separator.is_some(),
                });
            }
        }
    }

    /// The next field and what follows it: a separator, a line end or nothing.
    fn field(&self) -> Result<(&'a str, &'a str), AnswerError> {
        let is_end = |c: char| c == self.delimiter || c == '\n' || c == '\r';
        let Some(quoted) = self.rest.strip_prefix('"') else {
            return Ok(split_at(self.rest, self.rest.find(is_end)));
        };
        let mut from = 0;
        loop {
            let cut = || AnswerError::CutShort("a quote is not closed".to_owned());
            let rest = quoted.get(from..).unwrap_or_default();
            let end = from + rest.find('"').ok_or_else(cut)?;
            let (inside, after) = split_at(quoted, Some(end));
            let after = after.get(1..).unwrap_or_default();
            if after.starts_with('"') {
                from = end + 2;
                continue;
            }
            // Text between the quote and the separator is not part of the field.
            let (_, after) = split_at(after, after.find(is_end));
            return Ok((inside, after));
        }
    }
}

fn split_at(text: &str, at: Option<usize>) -> (&str, &str) {
    text.split_at_checked(at.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// The positions of the columns.
struct Places {
    date: usize,
    others: Option<[usize; 3]>,
    close: usize,
    /// Some symbols of a source have no volume.
    volume: Option<usize>,
    /// Whether the columns need no header line.
    are_by_number: bool,
}

impl Places {
    fn find(source: &UserSource, symbol: &str, header: &[&str]) -> Result<Self, String> {
        let place = |column: &Column| {
            let column = named(column, symbol);
            let place = match &*column {
                Column::Number(number) => number.checked_sub(1).filter(|at| *at < header.len()),
                Column::Name(name) => {
                    let mut places = (0..).zip(header).filter(|(_, word)| *word == name);
                    let place = places.next().map(|(at, _)| at);
                    if let (Some(first), Some((second, _))) = (place, places.next()) {
                        return Err(format!(
                            "two columns are called {name}; use the number of the right one, {} or {}",
                            first + 1,
                            second + 1
                        ));
                    }
                    place
                }
            };
            place.ok_or_else(|| {
                let there: Vec<&str> = header.iter().copied().take(12).collect();
                format!(
                    "no column {column}; its first line is {}",
                    first_words(there.join(", ").as_bytes())
                )
            })
        };
        let others = match &source.others {
            Some([open, high, low]) => Some([place(open)?, place(high)?, place(low)?]),
            None => None,
        };
        let all = [
            Some(&source.date),
            Some(&source.close),
            source.volume.as_ref(),
        ];
        let others_by_number = source.others.iter().flatten().all(is_number);
        Ok(Self {
            date: place(&source.date)?,
            others,
            close: place(&source.close)?,
            volume: source.volume.as_ref().and_then(|column| place(column).ok()),
            are_by_number: others_by_number && all.into_iter().flatten().all(is_number),
        })
    }

    fn day<'a>(&self, source: &UserSource, record: &Record<'a>) -> RawDay<'a> {
        day_of(source, field(record, self.date))
    }

    fn bar<'a>(&self, source: &UserSource, record: &Record<'a>) -> RawBar<'a> {
        let close = field(record, self.close);
        let [open, high, low] = match self.others {
            Some(places) => places.map(|at| field(record, at)),
            None => [close; 3],
        };
        RawBar {
            day: self.day(source, record),
            open,
            high,
            low,
            close,
            volume: self.volume.map_or("", |at| field(record, at)),
            ..RawBar::default()
        }
    }
}

fn is_number(column: &Column) -> bool {
    matches!(column, Column::Number(_))
}

/// A field; empty if the source marks it as missing.
fn field<'a>(record: &Record<'a>, at: usize) -> &'a str {
    let text = record.fields.get(at).copied().unwrap_or_default();
    if is_nothing(text) { "" } else { text }
}
