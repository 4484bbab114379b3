//! Prints the results of `assets add`: a table for a few words, a summary for many.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::text::brief;
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};

/// Result of a word whose source did not answer.
pub(super) const FAILED: &str = "failed";
/// Result of a word whose asset already exists.
pub(super) const THERE: &str = "already there";
/// How many words that were not added, and how many remarks, fit on a screen of 24 lines.
const NAMED: usize = 12;
const REMARKED: usize = 4;
/// Line length if the screen's width is unknown, and the room that a note on the cut needs.
const WIDE: usize = 170;
const CUT: usize = 20;

/// A word and its result.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AddedRow {
    pub(super) asset_id: String,
    pub(super) result: &'static str,
    pub(super) name: Option<String>,
    /// The kind of asset, in the source's words.
    pub(super) kind: Option<String>,
    pub(super) exchange: Option<String>,
    pub(super) category: Option<String>,
    pub(super) calendar: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) first_day: Option<NaiveDate>,
    pub(super) newest_day: Option<NaiveDate>,
    pub(super) newest_price: Option<String>,
    pub(super) sources: Vec<String>,
    /// Which options are needed, or why the word was not added.
    pub(super) why: Vec<String>,
    pub(super) remarks: Vec<String>,
}

impl AddedRow {
    /// A row of which only the id is known.
    pub(super) fn of(asset_id: String) -> Self {
        Self {
            asset_id,
            result: "",
            name: None,
            kind: None,
            exchange: None,
            category: None,
            calendar: None,
            currency: None,
            first_day: None,
            newest_day: None,
            newest_price: None,
            sources: Vec::new(),
            why: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// A table of a few words, with remarks and reasons below it.
pub(super) fn table(
    rows: &[AddedRow],
    is_written: bool,
    dry_run: bool,
    screen: Screen<'_>,
) -> Result<String> {
    const SHOWN: &[Column] = &[
        always("asset_id"),
        shortened("name", 10),
        if_room("category"),
        if_room("exchange"),
        always("calendar"),
        always("currency"),
        always("first_day"),
        if_room("newest_day"),
        always("newest_price").titled("newest").number(),
        always("result"),
    ];
    if let [row] = rows
        && row.kind.is_none()
        && row.newest_price.is_none()
        && row.result == "added"
    {
        return Ok(format!("{} added.\n", row.asset_id));
    }
    let is_there = |row: &AddedRow| row.result == THERE;
    if rows.iter().all(is_there) {
        let lines = rows.iter().flat_map(|row| &row.why);
        return Ok(lines.map(|line| format!("{line}.\n")).collect());
    }
    let mut text = screen::table(rows, SHOWN, screen)?;
    for row in rows {
        for said in row.why.iter().chain(&row.remarks) {
            text.push_str(&format!("{}: {said}\n", row.asset_id));
        }
    }
    if rows.iter().any(|row| row.result == FAILED) {
        text.push_str(
            "With --name, --category, --calendar, --currency and --source no source is asked.\n",
        );
    }
    text.push_str(match (is_written, dry_run) {
        (true, false) => "",
        (true, true) => "This was a dry run: nothing was written.\n",
        (false, _) if rows.len() == 1 => "Nothing was written.\n",
        (false, _) => "Nothing was written: the words of a command line are added all together or not at all.\n",
    });
    Ok(text)
}

/// A one-screen summary of the words of a file.
pub(super) fn summary(
    rows: &[AddedRow],
    there_already: usize,
    dry_run: bool,
    screen: Screen<'_>,
) -> String {
    // Each row is one line even on a narrow screen; a cut text ends with its full length.
    let longest = screen.room(WIDE).saturating_sub(CUT);
    let is_good = |row: &&AddedRow| matches!(row.result, "added" | "would be added");
    let good = rows.iter().filter(is_good);
    let mut calendars: BTreeMap<&str, usize> = BTreeMap::new();
    for row in good.clone() {
        let calendar = row.calendar.as_deref().unwrap_or_default();
        *calendars.entry(calendar).or_default() += 1;
    }
    let mut results: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *results.entry(row.result).or_default() += 1;
    }
    let mut counts: Vec<String> = results.iter().map(|(r, n)| format!("{n} {r}")).collect();
    if there_already > 0 {
        counts.push(format!("{there_already} already there"));
    }
    let mut text = format!("{}.\n", counts.join(", "));
    if !calendars.is_empty() {
        let by: Vec<String> = calendars
            .iter()
            .map(|(c, n)| format!("{n} of {c}"))
            .collect();
        text.push_str(&format!("{}\n", brief(&by.join(", "), longest)));
    }
    let bad: Vec<&AddedRow> = rows.iter().filter(|row| !is_good(row)).collect();
    let reason = |row: &&AddedRow| {
        let why = row.why.join("; ");
        format!("{} {}: {why}", row.asset_id, row.result)
    };
    text.push_str(&some(&bad, NAMED, longest, reason, |row| {
        row.asset_id.clone()
    }));
    let remarked: Vec<&AddedRow> = good.filter(|row| !row.remarks.is_empty()).collect();
    let remark = |row: &&AddedRow| format!("{}: {}", row.asset_id, row.remarks.join("; "));
    text.push_str(&some(&remarked, REMARKED, longest, remark, |row| {
        row.asset_id.clone()
    }));
    if dry_run {
        text.push_str("This was a dry run: nothing was written.\n");
    }
    text
}

/// One line for each of the first rows, and the names of the rest.
fn some<'a>(
    rows: &[&'a AddedRow],
    most: usize,
    longest: usize,
    line: impl Fn(&&'a AddedRow) -> String,
    name: impl Fn(&&'a AddedRow) -> String,
) -> String {
    let (shown, rest) = rows.split_at(rows.len().min(most));
    let mut text: String = shown
        .iter()
        .map(|row| format!("{}\n", brief(&line(row), longest)))
        .collect();
    if !rest.is_empty() {
        let names: Vec<String> = rest.iter().map(name).collect();
        let line = format!("and {} more: {}", rest.len(), names.join(", "));
        text.push_str(&format!("{}\n", brief(&line, longest)));
        text.push_str("--format json shows all of them.\n");
    }
    text
}
