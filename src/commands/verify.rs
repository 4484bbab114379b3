//! `verify`: the staging file is compared with the warehouse, row by row where a month differs.

use anyhow::Result;

use super::context::{connect, located, now, open_staging, refuse_unknown, target};
use super::printed::Printed;
use crate::cli::{Format, VerifyArgs};
use crate::config::{Config, ConfigError};
use crate::domain::asset::AssetId;
use crate::domain::run::{Problem, Status};
use crate::jobs::verify::{self, MismatchKind, Verified};
use crate::output::numbers::counted;
use crate::output::table;
use crate::staging::{RunEnd, Staging};

/// Rows that a table shows at most: more are for a program.
const SHOWN: usize = 1000;

/// The columns of the result.
pub(super) const COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "source",
    "difference",
    "pending",
    "detail",
];

pub(super) fn run(args: &VerifyArgs, format: Format, config: &Config) -> Result<Printed> {
    let assets = args
        .assets
        .iter()
        .map(|id| AssetId::new(id).map_err(|why| ConfigError(format!("--assets: {why}"))))
        .collect::<Result<Vec<_>, _>>()?;
    let staging = open_staging(config)?;
    let target = target(config)?;
    let mut warehouse = connect(&target, config)?;
    let verified = recorded(&staging, config, || {
        let verified = verify::verify(&staging, &mut warehouse, &assets);
        verified.map_err(|error| located(error, &target))
    })?;
    if verified.rows == 0 && verified.differences.is_empty() {
        refuse_unknown(&args.assets, &staging, config)?;
    }
    let repaired = if args.repair {
        Some(verify::repair(&staging, &verified)?)
    } else {
        None
    };
    Ok(Printed {
        text: match format {
            Format::Json => table::json(&verified.differences)?,
            Format::Table => table(&verified, repaired)?,
        },
        exit_code: u8::from(!verified.differences.is_empty()),
    })
}

/// Records the comparison as a run, so that `report` can say when it was made last. Nobody is alerted.
fn recorded(
    staging: &Staging,
    config: &Config,
    compare: impl FnOnce() -> Result<Verified>,
) -> Result<Verified> {
    let (job_id, lock) = staging.begin_run("verify", false, now())?;
    let verified = compare();
    let (status, message) = match &verified {
        Ok(verified) if verified.differences.is_empty() => (Status::Success, None),
        Ok(verified) => {
            let rows = verified.differences.len();
            (
                Status::PartialFailure,
                Some(counted(rows, "row differs", "rows differ")),
            )
        }
        Err(error) => (Status::Failure, Some(format!("{error:#}"))),
    };
    let problem = |error: String| Problem::of_run(config.redaction.text(&error));
    let end = RunEnd {
        status,
        problems: &message.map(problem).into_iter().collect::<Vec<_>>(),
        summary: "",
        alert: None,
    };
    staging.end_run(job_id, &end, now())?;
    drop(lock);
    verified
}

fn table(verified: &Verified, repaired: Option<usize>) -> Result<String> {
    let mut text = String::new();
    let differences = &verified.differences;
    if !differences.is_empty() {
        let shown: Vec<_> = differences.iter().take(SHOWN).collect();
        text = table::table(&shown, COLUMNS)?;
        if differences.len() > SHOWN {
            text.push_str(&format!(
                "… and {} more; --format csv shows all of them\n",
                differences.len() - SHOWN
            ));
        }
    }
    text.push_str(&summary(verified));
    if let Some(rows) = repaired {
        let pending = counted(rows, "row is pending", "rows are pending");
        text.push_str(&format!(
            "{pending} again; `pricestash sync` sends what is pending.\n"
        ));
    }
    Ok(text)
}

fn summary(verified: &Verified) -> String {
    let rows = counted(verified.rows, "row", "rows");
    let months = counted(verified.months, "month", "months");
    if verified.differences.is_empty() {
        return format!("Staging and the warehouse are equal: {rows} in {months}.\n");
    }
    let count = |kind: MismatchKind| {
        let of_kind = verified.differences.iter().filter(|d| d.difference == kind);
        of_kind.count()
    };
    format!(
        "Staging and the warehouse, {rows}, differ in {} of {months}: {} missing there, {} extra, {} different, {} newer there.\n",
        verified.months_that_differ,
        count(MismatchKind::Missing),
        count(MismatchKind::Extra),
        count(MismatchKind::Different),
        count(MismatchKind::NewerThere)
    )
}
