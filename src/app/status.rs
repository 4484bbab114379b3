//! `status`.

use anyhow::Result;

use super::Printed;
use crate::cli::Format;
use crate::config::Config;
use crate::render;
use crate::staging::Staging;

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
    ];
    let mut text = format!(
        "Staged in {}\n{}",
        config.staging_db.display(),
        render::table(&assets, columns)?
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
