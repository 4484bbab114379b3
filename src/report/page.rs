//! The page: facts through templates, into one file that needs nothing else.

use std::io::{self, Write};

use anyhow::{Context, Result};
use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};

use super::RUN_DAYS;
use super::embed::{csp_hash, json_in_script};
use super::facts::{self, AssetFacts, Facts, WarehouseFacts};
use super::phrase::Phrase;
use super::script_data::{asset_data, index_entry};
use super::strip::DayKind;
use super::tiles::{Tile, tiles};
use super::view::{AssetView, asset_view, number};
use super::view_corrections::{CorrectionsView, CountView, corrections, counts};
use super::view_runs::{JobView, RunView, SourceView, first_day, jobs, runs, sources, time};
use crate::output::numbers;

const STYLE: &str = include_str!("html/report.css");
/// One script of several files: words, numbers, charts, strips, and what starts them.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("html/words.js"),
    include_str!("html/unpack.js"),
    include_str!("html/scale.js"),
    include_str!("html/draw.js"),
    include_str!("html/slots.js"),
    include_str!("html/chart.js"),
    include_str!("html/strip.js"),
    include_str!("html/board.js"),
    include_str!("html/start.js"),
    "})();\n"
);

/// Of more assets than this the page has no charts before one is asked for, and so many rows of its board.
const MOST_AT_ONCE: usize = 200;
const FIRST_ROWS: usize = 100;
/// So many assets are listed with their rows before all of them are asked for.
const LISTED_COUNTS: usize = 200;

/// What is drawn of each asset while its bars are there: a report of all holds those of one at a time.
pub(crate) struct DrawnAssets {
    now: DateTime<Utc>,
    views: Vec<AssetView>,
    /// What the script draws from, as JSON that may stand in the page.
    data: Vec<String>,
    /// What the script finds an asset by, the same.
    index: Vec<String>,
    bars: usize,
}

impl DrawnAssets {
    /// None yet; `now`: when the report is made.
    #[must_use]
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            views: Vec::new(),
            data: Vec::new(),
            index: Vec::new(),
            bars: 0,
        }
    }

    /// Draws the next asset, with its bars.
    ///
    /// # Errors
    /// When JSON cannot be written, which would be a mistake of ours.
    pub(crate) fn add(&mut self, asset: &AssetFacts) -> Result<()> {
        let mut view = asset_view(self.views.len(), asset, self.now);
        let data = serde_json::to_string(&asset_data(asset, &view))?;
        self.data.push(json_in_script(&data));
        let entry = serde_json::to_string(&index_entry(asset, &view))?;
        self.index.push(json_in_script(&entry));
        // Nobody needs them any more.
        view.days.clear();
        self.views.push(view);
        self.bars += asset.series.iter().map(|s| s.bars.len()).sum::<usize>();
        Ok(())
    }
}

/// A page, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The file's content in its parts: most of it is what the script draws from.
    parts: Vec<String>,
    /// Assets in it.
    pub(crate) assets: usize,
    /// Bars in it, of every source.
    pub(crate) bars: usize,
}

impl Page {
    /// The file's length.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(String::len).sum()
    }

    /// The file's content.
    #[must_use]
    pub(crate) fn html(&self) -> String {
        self.parts.concat()
    }

    /// Writes the file's content.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(&self, file: &mut dyn Write) -> io::Result<()> {
        self.parts
            .iter()
            .try_for_each(|part| file.write_all(part.as_bytes()))
    }
}

/// Where the index stands, and behind it the data of each asset: an element of its own, which nobody reads before it is asked for.
const INDEX: &str = "<script type=\"application/json\" id=\"index\">";

/// Draws the facts, and puts what was drawn of the assets into its place.
///
/// # Errors
/// When a template cannot be written, which would be a mistake of ours.
pub(crate) fn page(facts: &Facts, drawn: DrawnAssets) -> Result<Page> {
    let assets = drawn.views;
    let (runs, more_runs) = runs(facts);
    let rows = if assets.len() > MOST_AT_ONCE {
        FIRST_ROWS
    } else {
        assets.len()
    };
    let (first_rows, more_rows) = assets.split_at(rows);
    let template = PageTemplate {
        policy: format!(
            "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
        ),
        style: STYLE,
        script: SCRIPT,
        made_at: time(facts.made_at),
        version: env!("CARGO_PKG_VERSION"),
        staging: &facts.staging,
        tiles: tiles(facts, &assets, !more_rows.is_empty()),
        legend: legend(&assets),
        jobs: jobs(facts),
        runs,
        more_runs,
        run_days: RUN_DAYS,
        since: first_day(facts.made_at),
        today: facts.made_at.date_naive(),
        sources: sources(facts),
        corrections: corrections(facts),
        sync: &facts.sync,
        pending: numbers::whole(facts.sync.pending),
        counts: counts(facts),
        unreachable: match &facts.sync.warehouse {
            WarehouseFacts::Unreachable(why) => Some(why),
            _ => None,
        },
        has_warehouse: matches!(facts.sync.warehouse, WarehouseFacts::Counts(_)),
        assets: &assets,
        first_rows,
        more_rows,
    };
    let html = template.render()?;
    // No text of the page can hold it: a template escapes what comes from elsewhere.
    let (before, after) = html.split_once(INDEX).context("the page has no index")?;
    let index = drawn.index.join(",");
    let mut parts = vec![format!("{before}{INDEX}[{index}]</script>")];
    for (at, data) in drawn.data.into_iter().enumerate() {
        let begin = format!("\n<script type=\"application/json\" id=\"data-{at}\">");
        parts.extend([begin, data, "</script>".to_owned()]);
    }
    let after = after.trim_start_matches("</script>");
    parts.push(format!("{after}\n"));
    Ok(Page {
        parts,
        assets: facts.assets.len(),
        bars: drawn.bars,
    })
}

#[derive(Template)]
#[template(path = "page.html", config = "src/report/askama.toml")]
struct PageTemplate<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    made_at: String,
    version: &'static str,
    staging: &'a str,
    tiles: Vec<Tile>,
    legend: Vec<&'static str>,
    assets: &'a [AssetView],
    first_rows: &'a [AssetView],
    more_rows: &'a [AssetView],
    jobs: Vec<JobView>,
    runs: Vec<RunView>,
    more_runs: usize,
    run_days: u32,
    since: NaiveDate,
    today: NaiveDate,
    sources: Vec<SourceView>,
    corrections: CorrectionsView,
    sync: &'a facts::SyncFacts,
    pending: String,
    counts: Vec<CountView>,
    unreachable: Option<&'a String>,
    has_warehouse: bool,
}

/// The kinds of days that occur, in a fixed order.
fn legend(assets: &[AssetView]) -> Vec<&'static str> {
    const ALWAYS: [DayKind; 5] = [
        DayKind::Bar,
        DayKind::Gap,
        DayKind::Provisional,
        DayKind::Waived,
        DayKind::Closed,
    ];
    let occurs = |day: &DayKind| {
        assets
            .iter()
            .flat_map(|a| &a.years)
            .any(|y| y.count(*day) > 0)
    };
    let rare = [DayKind::Late, DayKind::ProbablyClosed]
        .into_iter()
        .filter(occurs);
    ALWAYS.into_iter().chain(rare).map(DayKind::name).collect()
}
