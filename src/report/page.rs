//! The page: facts through templates, into one file that needs nothing else.

use anyhow::Result;
use askama::Template;
use chrono::NaiveDate;

use super::RUN_DAYS;
use super::embed::{csp_hash, json_in_script};
use super::facts::{self, Facts, WarehouseFacts};
use super::script_data::script_data;
use super::strip::DayKind;
use super::tiles::{Tile, tiles};
use super::view::{AssetView, asset_views};
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
    include_str!("html/chart.js"),
    include_str!("html/strip.js"),
    include_str!("html/start.js"),
    "})();\n"
);

/// A page, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The file's content.
    pub(crate) html: String,
    /// Assets in it.
    pub(crate) assets: usize,
    /// Bars in it, of every source.
    pub(crate) bars: usize,
}

/// Draws the facts.
///
/// # Errors
/// When a template or JSON cannot be written, which would be a mistake of ours.
pub(crate) fn page(facts: &Facts) -> Result<Page> {
    let assets = asset_views(facts);
    let data = json_in_script(&serde_json::to_string(&script_data(facts, &assets))?);
    let (runs, more_runs) = runs(facts);
    let template = PageTemplate {
        policy: format!(
            "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
        ),
        style: STYLE,
        script: SCRIPT,
        data,
        made_at: time(facts.made_at),
        version: env!("CARGO_PKG_VERSION"),
        staging: &facts.staging,
        tiles: tiles(facts, &assets),
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
    };
    Ok(Page {
        html: template.render()? + "\n",
        assets: facts.assets.len(),
        bars: facts
            .assets
            .iter()
            .flat_map(|a| &a.series)
            .map(|s| s.bars.len())
            .sum(),
    })
}

#[derive(Template)]
#[template(path = "page.html", config = "src/report/askama.toml")]
struct PageTemplate<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    data: String,
    made_at: String,
    version: &'static str,
    staging: &'a str,
    tiles: Vec<Tile>,
    legend: Vec<&'static str>,
    assets: &'a [AssetView],
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
