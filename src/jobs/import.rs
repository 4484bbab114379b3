//! `import`: bars of a CSV file, through the same rules as fetched ones, under a source of their own.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
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

/// A file's rows as text, each with the columns in their order.
#[derive(Debug, Default)]
pub(crate) struct Rows(BTreeMap<String, Vec<[String; COLUMNS.len()]>>);

impl Rows {
    /// Reads a CSV file with a header; other columns are left alone.
    ///
    /// # Errors
    /// One sentence with the line and what is wrong with it.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
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
        let mut rows = Self::default();
        for record in reader.records() {
            let record = record.map_err(|e| e.to_string())?;
            let mut row = <[String; COLUMNS.len()]>::default();
            for (cell, place) in row.iter_mut().zip(&places) {
                let text = place.and_then(|p| record.get(p)).unwrap_or_default();
                text.trim().clone_into(cell);
            }
            let [asset_id, ..] = &row;
            rows.0.entry(asset_id.clone()).or_default().push(row);
        }
        Ok(rows)
    }

    /// The assets that the file has bars of.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
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
    pub(crate) fn asset(&self, asset: &Asset, rows: &Rows) -> Result<Imported> {
        let rows = rows.0.get(asset.id.as_str()).map_or(&[][..], Vec::as_slice);
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

fn raw_bar(row: &[String; COLUMNS.len()]) -> RawBar<'_> {
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
