//! `import`: stages the bars of a file under the same rules as fetched ones: under their own source, or under the
//! sources that the file names if it also tells when each bar was fetched.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::{Asset, AssetId, SourceKind};
use crate::domain::currency::is_same_currency;
use crate::domain::finding::Rejected;
use crate::domain::scale::in_words;
use crate::domain::timestamp::{self, CLOCK_TOLERANCE};
use crate::domain::user_source::UserSource;
use crate::domain::validate::{Checked, Context, check};
use crate::domain::window::Window;
use crate::output::numbers::counted;
use crate::staging::{Batch, OtherScale, Reading, Staged, Staging, Tally};

mod encoding;
mod table;

pub(crate) use encoding::decode;
use table::Row;
pub(crate) use table::{Table, TableOptions};

/// The result of one asset's rows. The fields are the columns of the result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Imported {
    pub(crate) asset_id: String,
    /// The source they are stored under.
    pub(crate) source: String,
    /// The counts; every row that cannot be a bar counts as rejected, even one already in quarantine.
    #[serde(flatten)]
    pub(crate) tally: Tally,
    /// Why nothing was stored, or what is wrong with the first rejected rows.
    pub(crate) message: Option<String>,
}

impl Imported {
    fn refused(asset: &Asset, source: &str, why: String) -> Self {
        Self {
            asset_id: asset.id.to_string(),
            source: source.to_owned(),
            tally: Tally::default(),
            message: Some(format!("nothing was stored: {why}")),
        }
    }

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

/// Options and stores of an import.
#[derive(Clone, Copy)]
pub(crate) struct Import<'a> {
    /// Store of bars.
    pub(crate) staging: &'a Staging,
    /// The source of all bars; `None` if the file names the source of each.
    pub(crate) source: Option<&'a str>,
    pub(crate) job_id: &'a str,
    pub(crate) now: DateTime<Utc>,
    /// Whether to write anything.
    pub(crate) commit: bool,
}

/// The rows of one series by fetch time, oldest first.
type ByTime = BTreeMap<DateTime<Utc>, Vec<Row>>;

/// What the bars of a file are stored as.
struct Target<'a> {
    source: &'a str,
    symbol: &'a str,
    currency: &'a str,
}

impl Import<'_> {
    /// Checks and stages the rows of an asset, those of each source in one transaction. `called`: what the file calls it.
    ///
    /// # Errors
    /// What SQLite says.
    pub(crate) fn asset(
        &self,
        asset: &Asset,
        called: &str,
        table: &Table<'_>,
    ) -> Result<Vec<Imported>> {
        let mut imported = Vec::new();
        for (source, rows) in self.by_source(table.of(called)?) {
            let refused = |why: String| Imported::refused(asset, &source, why);
            let series = match self.target(asset, &source, &rows) {
                Ok(target) => self.by_time(rows).map(|rows| (target, rows)),
                Err(why) => Err(why),
            };
            imported.push(match series {
                Ok((target, rows)) => self.series(asset, &target, &rows, table)?,
                Err(why) => refused(why),
            });
        }
        Ok(imported)
    }

    /// Groups the rows by source.
    fn by_source(&self, rows: Vec<Row>) -> BTreeMap<String, Vec<Row>> {
        let mut sources: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows {
            let source = self.source.unwrap_or(&row.source).to_owned();
            sources.entry(source).or_default().push(row);
        }
        sources
    }

    /// What the rows are stored as. Bars of a source that the asset does not have would have an unknown symbol and
    /// currency.
    fn target<'t>(
        &self,
        asset: &'t Asset,
        source: &'t str,
        rows: &[Row],
    ) -> Result<Target<'t>, String> {
        // A file can contain anything there.
        check_source_name(source)?;
        let entry = asset.sources.iter().find(|s| s.stored_as == source);
        let target = match entry {
            Some(entry) => Target {
                source,
                symbol: &entry.symbol,
                currency: &entry.currency,
            },
            None if is_free(source) => Target {
                source,
                // Nobody asks for it.
                symbol: source,
                currency: &asset.currency,
            },
            None => {
                return Err(format!(
                    "{} has no source {source:?} in the assets file; add it there, or store the bars under a name of your own \
                     with --source",
                    asset.id
                ));
            }
        };
        let is_other = |row: &&Row| {
            !row.currency.is_empty() && !is_same_currency(&row.currency, target.currency)
        };
        match rows.iter().find(is_other) {
            Some(row) => Err(format!(
                "its prices are in {}, those of {} in {}",
                row.currency, asset.id, target.currency
            )),
            None => Ok(target),
        }
    }

    /// Groups the rows by fetch time: now if the file does not tell it.
    fn by_time(&self, rows: Vec<Row>) -> Result<ByTime, String> {
        let mut times = ByTime::new();
        for row in rows {
            let time = match &*row.ingested_at {
                "" if self.source.is_some() => self.now,
                text => timestamp::from_text(text).ok_or_else(|| {
                    format!(
                        "the ingested_at of {} is {text:?}, expected a time like 2026-01-31T09:00:00Z",
                        row.date
                    )
                })?,
            };
            // It would beat every later fetch until then.
            if time > self.now + CLOCK_TOLERANCE {
                return Err(format!(
                    "the ingested_at of {} is in the future ({})",
                    row.date, row.ingested_at
                ));
            }
            times.entry(time).or_default().push(row);
        }
        Ok(times)
    }

    fn series(
        &self,
        asset: &Asset,
        target: &Target<'_>,
        rows: &ByTime,
        table: &Table<'_>,
    ) -> Result<Imported> {
        let mut checked = Checked::default();
        // Newest first: of two rows for one day the newest wins.
        let mut days = HashSet::new();
        for (time, rows) in rows.iter().rev() {
            let mut part = check_rows(asset, table, rows, *time);
            part.bars.retain(|b| days.insert(b.bar.date()));
            checked.append(part);
        }
        checked.bars.sort_by_key(|b| b.bar.date());
        let mut imported = Imported {
            asset_id: asset.id.to_string(),
            source: target.source.to_owned(),
            tally: Tally {
                rejected: checked.rejected.len() as u64,
                ..Tally::default()
            },
            message: complaint(&checked),
        };
        let window = days_of(&checked, self.now);
        self.stage(asset, target, window, &checked, &mut imported)?;
        Ok(imported)
    }

    fn stage(
        &self,
        asset: &Asset,
        target: &Target<'_>,
        window: Window,
        checked: &Checked,
        imported: &mut Imported,
    ) -> Result<()> {
        let batch = Batch {
            asset,
            source: target.source,
            symbol: target.symbol,
            currency: target.currency,
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
                    "nothing was stored: its scale differs from the stored {} series ({}); import the whole series",
                    target.source,
                    in_words(&change)
                ));
            }
            // Nobody can ask for more of a file, so it is staged as it is.
            Staged::TooFew { .. } => {}
            Staged::Refused(why) => imported.message = Some(format!("nothing was stored: {why}")),
        }
        Ok(())
    }
}

/// Checks the name of a source.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_source_name(name: &str) -> Result<(), String> {
    // The same rules as for asset ids: both are keys of 1 to 20 characters.
    AssetId::new(name)
        .map(drop)
        .map_err(|_| format!("source {name:?} should have 1 to 20 characters"))
}

/// Whether a name is not used by fetched bars.
pub(crate) fn is_free(source: &str) -> bool {
    let kind = source.split(':').next().unwrap_or_default();
    SourceKind::named(kind).is_none_or(|kind| kind == SourceKind::Manual)
        && !UserSource::is_known(kind)
}

/// Applies the rules to rows that were fetched at the same time.
fn check_rows(
    asset: &Asset,
    table: &Table<'_>,
    rows: &[Row],
    fetched_at: DateTime<Utc>,
) -> Checked {
    let bars = rows.iter().map(|row| raw_bar(row, asset, table));
    let answer = Answer {
        rows: bars.collect(),
        decimal: table.decimal,
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
        fetched_at,
    };
    check(&answer, context)
}

fn raw_bar<'r>(row: &'r Row, asset: &Asset, table: &Table<'_>) -> RawBar<'r> {
    let zone = table.dates.is_of_moments().then(|| asset.calendar.zone());
    let day = table.dates.day(&row.date, zone);
    RawBar {
        day: day.map_or(RawDay::Impossible(&row.date), RawDay::Date),
        open: &row.open,
        high: &row.high,
        low: &row.low,
        close: &row.close,
        volume: &row.volume,
        ..RawBar::default()
    }
}

/// From the first to the last day; today if there are no bars.
fn days_of(checked: &Checked, now: DateTime<Utc>) -> Window {
    let dates = || checked.bars.iter().map(|b| b.bar.date());
    let today = now.date_naive();
    Window {
        start: dates().min().unwrap_or(today),
        end: dates().max().unwrap_or(today),
    }
}

/// What is wrong with the first rejected rows.
fn complaint(checked: &Checked) -> Option<String> {
    const SHOWN: usize = 3;
    let rejected = &checked.rejected;
    let shown: Vec<String> = rejected
        .iter()
        .take(SHOWN)
        .map(Rejected::in_words)
        .collect();
    let more = if rejected.len() > SHOWN { " …" } else { "" };
    let quarantine = (!rejected.is_empty()).then(|| {
        format!(
            "{} went to quarantine: {}{more}",
            counted(rejected.len(), "row", "rows"),
            shown.join("; ")
        )
    });
    let unread = checked.unread_volumes.first_key_value();
    let unread = unread.map(|(date, text)| {
        format!(
            "{} not a count, such as {text} on {date}, and stored as unknown",
            counted(checked.unread_volumes.len(), "volume is", "volumes are")
        )
    });
    let without = checked.without_bar.first().map(|date| {
        format!(
            "{} because a price is missing, such as {date}",
            counted(
                checked.without_bar.len(),
                "row was left out",
                "rows were left out"
            )
        )
    });
    let said: Vec<String> = quarantine
        .into_iter()
        .chain(unread)
        .chain(without)
        .collect();
    (!said.is_empty()).then(|| said.join(" · "))
}
