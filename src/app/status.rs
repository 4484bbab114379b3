//! `status`.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::Printed;
use crate::calendar::sub_days;
use crate::cli::Format;
use crate::config::Config;
use crate::plot::sparkline;
use crate::render;
use crate::staging::{AssetSummary, Staging};
use crate::terminal::Terminal;

/// A series with the closes of its last year as a line.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    summary: &'a AssetSummary,
    last_year: String,
}

fn with_sparklines<'a>(staging: &Staging, assets: &'a [AssetSummary]) -> Result<Vec<Line<'a>>> {
    /// A mark for about a fortnight.
    const WIDTH: usize = 26;
    let ascii = Terminal::of_stdout().style.ascii;
    let line = |summary: &'a AssetSummary| {
        let last: Option<NaiveDate> = summary.last_date.parse().ok();
        let series = staging.stored_series(&summary.asset_id, last.map(|d| sub_days(d, 365)))?;
        let bars = series.get(&summary.source).into_iter().flatten();
        let closes: Vec<f64> = bars.map(|b| b.close).collect();
        Ok(Line {
            summary,
            last_year: sparkline(&closes, WIDTH, ascii),
        })
    };
    assets.iter().map(line).collect()
}

pub(super) fn run(format: Format, config: &Config) -> Result<Printed> {
    const RUNS: u32 = 10;
    const FINDINGS: u32 = 20;
    let Some(staging) = Staging::open_existing(&config.staging_db)? else {
        let path = config.staging_db.display();
        return Ok(Printed::success(match format {
            Format::Json => "[]\n".to_owned(),
            Format::Table => format!(
                "Nothing is staged yet: there is no {path}. `pricestash collect` makes it.\n"
            ),
        }));
    };
    let assets = staging.asset_summaries()?;
    if format == Format::Json {
        return Ok(Printed::success(render::json(&assets)?));
    }
    let columns = &[
        "asset_id",
        "source",
        "staged",
        "first_date",
        "last_date",
        "provisional",
        "pending",
        "open_findings",
        "last_year",
    ];
    let lines = with_sparklines(&staging, &assets)?;
    let mut text = format!(
        "Staged in {}\n{}",
        config.staging_db.display(),
        render::table(&lines, columns)?
    );
    text.push_str("\nLast runs\n");
    text.push_str(&render::table(
        &staging.last_runs(RUNS)?,
        &[
            "started_at",
            "ended_at",
            "job_name",
            "status",
            "error_message",
        ],
    )?);
    for job_name in ["collect", "sync"] {
        let (succeeded, ended) = staging.success_rate(job_name, 30)?;
        if ended > 0 {
            text.push_str(&format!(
                "{job_name}: {succeeded} of the last {ended} runs succeeded\n"
            ));
        }
    }
    let findings = staging.open_findings(FINDINGS)?;
    if !findings.is_empty() {
        text.push_str(&format!("\nOpen findings, newest first (at most {FINDINGS}; all of them: select * from open_findings)\n"));
        text.push_str(&render::table(
            &findings,
            &["asset_id", "source", "date", "rule", "detail"],
        )?);
    }
    Ok(Printed::success(text))
}
