//! The KRX data cache: one CSV file for each index and year, `Close` before `Open`, a half-formed bar of today at its end.

use chrono::{Datelike, NaiveDate};

use super::{Answer, AnswerError, Origins, Upstream, Window, first_words, iso_day, path_segment};
use crate::asset::Category;
use crate::calendar::Calendar;
use crate::price::RawBar;

/// `fdr_krx_data_cache`, as GitHub serves it raw.
///
/// Lines are split here and not by a CSV crate: no field of this feed is quoted, and rows are lent from the body.
/// Rows of 1990–94 have a close and no open, high or low; they come out as they are.
pub(super) struct IndexCache;

/// A closed day's file: the text of a table that has neither header nor rows.
const EMPTY: &str = "\"\"";

impl Upstream for IndexCache {
    fn name(&self) -> &'static str {
        "krx"
    }

    /// One file a year.
    fn parts(&self, window: Window) -> Vec<Window> {
        let first_day = |year| {
            NaiveDate::from_ymd_opt(year, 1, 1).map_or(window.start, |d| d.max(window.start))
        };
        let last_day =
            |year| NaiveDate::from_ymd_opt(year, 12, 31).map_or(window.end, |d| d.min(window.end));
        let years = window.start.year()..=window.end.year();
        years
            .map(|year| Window {
                start: first_day(year),
                end: last_day(year),
            })
            .collect()
    }

    fn url(&self, origins: &Origins, symbol: &str, _category: Category, part: Window) -> String {
        format!(
            "{}/data/index/year_{}/{}.csv",
            origins.krx_cache,
            path_segment(symbol),
            part.start.year()
        )
    }

    fn recording(&self, symbol: &str, part: Window) -> String {
        format!("krx/{symbol}_{}.csv", part.start.year())
    }

    /// A body that ends inside a row is cut short; one that ends after all of a row's fields, without a line end, is taken:
    /// the last column (`MarCap`) is none of ours.
    fn parse<'a>(&self, body: &'a [u8], _calendar: Calendar) -> Result<Answer<'a>, AnswerError> {
        let text = str::from_utf8(body).map_err(|_| AnswerError::OtherShape(first_words(body)))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_end() == EMPTY {
            return Ok(Answer::default());
        }
        let mut lines = text.split_inclusive('\n');
        let header = lines.next().unwrap_or_default();
        let columns = Columns::find(header)?;
        let mut rows = Vec::new();
        for (number, line) in (2_usize..).zip(lines) {
            let content = line.trim_end();
            if !content.is_empty() {
                let is_cut = !line.ends_with('\n');
                rows.push(
                    columns
                        .bar(content)
                        .map_err(|why| broken_line(number, &why, is_cut))?,
                );
            }
        }
        Ok(Answer {
            rows,
            ..Answer::default()
        })
    }
}

/// Why a line is no row.
enum LineFault {
    TooFew(String),
    Other(String),
}

fn broken_line(number: usize, fault: &LineFault, is_cut: bool) -> AnswerError {
    match fault {
        LineFault::TooFew(why) if is_cut => AnswerError::CutShort(format!("line {number}: {why}")),
        LineFault::TooFew(why) | LineFault::Other(why) => {
            AnswerError::OtherShape(format!("line {number}: {why}"))
        }
    }
}

/// Where the header says our columns are, and how many there are.
struct Columns {
    day: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: usize,
    count: usize,
}

impl Columns {
    fn find(header: &str) -> Result<Self, AnswerError> {
        let names: Vec<&str> = header.trim_end().split(',').collect();
        let at = |name: &str| {
            names
                .iter()
                .position(|n| *n == name)
                .ok_or_else(|| no_header(header))
        };
        Ok(Self {
            day: at("Date")?,
            open: at("Open")?,
            high: at("High")?,
            low: at("Low")?,
            close: at("Close")?,
            volume: at("Volume")?,
            count: names.len(),
        })
    }

    fn bar<'a>(&self, line: &'a str) -> Result<RawBar<'a>, LineFault> {
        let fields: Vec<&'a str> = line.split(',').collect();
        if line.contains('"') {
            return Err(LineFault::Other(
                "a quoted field, which this feed does not have".to_owned(),
            ));
        }
        match fields.len() {
            n if n < self.count => {
                return Err(LineFault::TooFew(format!("{n} fields of {}", self.count)));
            }
            n if n > self.count => {
                return Err(LineFault::Other(format!(
                    "{n} fields, the header has {}",
                    self.count
                )));
            }
            _ => {}
        }
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        Ok(RawBar {
            day: iso_day(field(self.day)),
            open: field(self.open),
            high: field(self.high),
            low: field(self.low),
            close: field(self.close),
            volume: field(self.volume),
            may_be_live: false,
        })
    }
}

/// A first line that lacks a column: a cut header, an empty body, or something else altogether.
fn no_header(header: &str) -> AnswerError {
    let is_cut = !header.ends_with('\n') && (header.is_empty() || header.starts_with("Date,"));
    let words = first_words(header.as_bytes());
    if is_cut {
        AnswerError::CutShort(words)
    } else {
        AnswerError::OtherShape(words)
    }
}
