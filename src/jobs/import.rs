//! `import`: bars of a CSV file, through the same rules as fetched ones, under a source of their own.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use csv::StringRecord;
use serde::Serialize;

use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::Asset;
use crate::domain::scale::in_words;
use crate::domain::validate::{Checked, Context, check};
use crate::domain::window::Window;
use crate::output::numbers::counted;
use crate::staging::{Batch, OtherScale, Reading, Staged, Staging, Tally};

/// The columns that a file must have, and the one that it may have.
const COLUMNS: [&str; 7] = ["asset_id", "date", "open", "high", "low", "close", "volume"];

/// A row as text, with the columns in their order.
type Row = [String; COLUMNS.len()];

/// A file, and where in it each asset's rows stand: they are read when their turn comes, so that those of one asset are in memory.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    text: &'a str,
    /// The places of the columns.
    places: Vec<Option<usize>>,
    /// By asset, in the file's order; rows that follow one another are one part.
    parts: BTreeMap<String, Vec<Range<usize>>>,
}

impl<'a> Rows<'a> {
    /// Looks through a CSV file with a header; other columns are left alone.
    ///
    /// # Errors
    /// One sentence with the line and what is wrong with it.
    pub(crate) fn read(text: &'a [u8]) -> Result<Self, String> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let text = str::from_utf8(text).map_err(|_| "it is no text in UTF-8".to_owned())?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| e.to_string())?.clone();
        let place = |name: &&str| header.iter().position(|h| h.trim() == *name);
        let places: Vec<Option<usize>> = COLUMNS.iter().map(place).collect();
        for (name, place) in COLUMNS.iter().zip(&places) {
            if place.is_none() && *name != "volume" {
                return Err(format!("its header has no column {name}"));
            }
        }
        let mut rows = Self {
            text,
            places,
            parts: BTreeMap::new(),
        };
        let mut record = StringRecord::new();
        loop {
            let start = at(reader.position());
            if !reader.read_record(&mut record).map_err(|e| e.to_string())? {
                return Ok(rows);
            }
            rows.add(&record, start..at(reader.position()));
        }
    }

    fn add(&mut self, record: &StringRecord, part: Range<usize>) {
        let asset_id = cell(record, self.places.first());
        match self.parts.get_mut(asset_id) {
            Some(parts) => match parts.last_mut() {
                Some(last) if last.end == part.start => last.end = part.end,
                _ => parts.push(part),
            },
            None => drop(self.parts.insert(asset_id.to_owned(), vec![part])),
        }
    }

    /// The assets that the file has bars of.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    fn of(&self, asset_id: &str) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut record = StringRecord::new();
        for part in self.parts.get(asset_id).into_iter().flatten() {
            let text = self.text.get(part.clone()).unwrap_or_default();
            let mut reader = csv::ReaderBuilder::new();
            let reader = reader
                .has_headers(false)
                .buffer_capacity(text.len().min(8192));
            let mut reader = reader.from_reader(text.as_bytes());
            while reader.read_record(&mut record)? {
                let mut row = Row::default();
                for (text, place) in row.iter_mut().zip(&self.places) {
                    cell(&record, Some(place)).clone_into(text);
                }
                rows.push(row);
            }
        }
        Ok(rows)
    }
}

/// How far a file is read.
fn at(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// The text in a column; empty where the file does not have it.
fn cell<'a>(record: &'a StringRecord, place: Option<&Option<usize>>) -> &'a str {
    let text = place.copied().flatten().and_then(|at| record.get(at));
    text.unwrap_or_default().trim()
}

/// What became of one asset's rows. The fields are the columns of the result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Imported {
    pub(crate) asset_id: String,
    /// The source that they are stored under.
    pub(crate) source: String,
    /// What staging them did; every row that can be no bar counts as rejected, also one that was in quarantine.
    #[serde(flatten)]
    pub(crate) tally: Tally,
    /// Why nothing was stored, and what is wrong with the first rows that can be no bar.
    pub(crate) message: Option<String>,
}

impl Imported {
    /// Whether any row is stored.
    #[must_use]
    pub(crate) fn has_bars(&self) -> bool {
        let tally = &self.tally;
        tally.new + tally.changed + tally.unchanged + tally.kept > 0
    }

    /// Whether every row was stored.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        self.message.is_none()
    }
}

/// How to import.
#[derive(Clone, Copy)]
pub(crate) struct Import<'a> {
    /// Where bars go.
    pub(crate) staging: &'a Staging,
    /// The source that they are stored under.
    pub(crate) source: &'a str,
    pub(crate) job_id: &'a str,
    pub(crate) now: DateTime<Utc>,
    /// Whether anything is written.
    pub(crate) commit: bool,
}

impl Import<'_> {
    /// Checks and stages the rows of an asset, all in one transaction.
    pub(crate) fn asset(&self, asset: &Asset, rows: &Rows<'_>) -> Result<Imported> {
        let rows = rows.of(asset.id.as_str())?;
        let answer = Answer {
            rows: rows.iter().map(raw_bar).collect(),
            ..Answer::default()
        };
        let ever = Window {
            start: NaiveDate::MIN,
            end: NaiveDate::MAX,
        };
        let context = Context {
            window: ever,
            calendar: &asset.calendar,
            sign: asset.sign,
            fetched_at: self.now,
        };
        let checked = check(&answer, context);
        let mut imported = Imported {
            asset_id: asset.id.to_string(),
            source: self.source.to_owned(),
            tally: Tally {
                rejected: checked.rejected.len() as u64,
                ..Tally::default()
            },
            message: complaint(&checked),
        };
        self.stage(asset, days(&checked, self.now), &checked, &mut imported)?;
        Ok(imported)
    }

    fn stage(
        &self,
        asset: &Asset,
        window: Window,
        checked: &Checked,
        imported: &mut Imported,
    ) -> Result<()> {
        let batch = Batch {
            asset,
            source: self.source,
            // Nobody is asked for it.
            symbol: self.source,
            currency: &asset.currency,
            window,
            due: &[],
            lost: &[],
            checked,
            reading: Reading::File,
            heal: true,
            settled: None,
            is_audit: false,
            today: self.now.date_naive(),
            job_id: self.job_id,
            now: self.now,
        };
        match self.staging.stage(&batch, self.commit)? {
            Staged::Done(done) => {
                let rejected = imported.tally.rejected;
                imported.tally = Tally {
                    rejected,
                    ..done.tally
                };
                let before = imported.message.take();
                let said: Vec<String> = before
                    .into_iter()
                    .chain(done.suspicion.in_words())
                    .collect();
                imported.message = (!said.is_empty()).then(|| said.join(" · "));
            }
            Staged::OtherScale(OtherScale { change, .. }) => {
                imported.message = Some(format!(
                    "nothing was stored: it has another scale than what stands under {} ({}); import all of it",
                    self.source,
                    in_words(&change)
                ));
            }
            // A file of which nobody can ask for more is staged as it is.
            Staged::TooFew { .. } => {}
            Staged::Refused(why) => imported.message = Some(format!("nothing was stored: {why}")),
        }
        Ok(())
    }
}

fn raw_bar(row: &Row) -> RawBar<'_> {
    let [_, date, open, high, low, close, volume] = row;
    RawBar {
        day: date.parse().map_or(RawDay::Impossible(date), RawDay::Date),
        open,
        high,
        low,
        close,
        volume,
        ..RawBar::default()
    }
}

/// From the first to the last day; today when there is no bar.
fn days(checked: &Checked, now: DateTime<Utc>) -> Window {
    let dates = || checked.bars.iter().map(|b| b.bar.date());
    let today = now.date_naive();
    Window {
        start: dates().min().unwrap_or(today),
        end: dates().max().unwrap_or(today),
    }
}

/// What is wrong with the first rows that can be no bar.
fn complaint(checked: &Checked) -> Option<String> {
    const SHOWN: usize = 3;
    let rejected = &checked.rejected;
    let shown: Vec<String> = rejected
        .iter()
        .take(SHOWN)
        .map(|r| format!("{} {} {}", r.date, r.reason, r.raw))
        .collect();
    let more = if rejected.len() > SHOWN { " …" } else { "" };
    (!rejected.is_empty()).then(|| {
        format!(
            "{} went to quarantine: {}{more}",
            counted(rejected.len(), "row", "rows"),
            shown.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_again_wherever_they_stand() {
        let file = "\u{feff}volume,date, asset_id ,open,high,low,close,note\r\n\
             1,2026-01-05,A,1,1,1,1,\"two\r\nlines\"\r\n2,2026-01-06, A ,1,1,1,2,\r\n\r\n\
             3,2026-01-05,B,1,1,1,3,x\r\n4,2026-01-07,A,1,1,1,4,\"a \"\"quote\"\"\"";
        let rows = Rows::read(file.as_bytes()).unwrap();
        assert_eq!(rows.assets().collect::<Vec<_>>(), ["A", "B"]);
        let closes = |asset| -> Vec<String> {
            let rows = rows.of(asset).unwrap().into_iter();
            rows.map(|[_, date, .., close, volume]| format!("{date} {close} {volume}"))
                .collect()
        };
        assert_eq!(
            closes("A"),
            ["2026-01-05 1 1", "2026-01-06 2 2", "2026-01-07 4 4"]
        );
        assert_eq!(closes("B"), ["2026-01-05 3 3"]);
        assert!(closes("C").is_empty());
    }
}
