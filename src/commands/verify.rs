//! `verify`: compares the staging file with the warehouse, row by row where a month differs.

use anyhow::Result;

use super::answer::Answer;
use super::context::{connect, find_assets, located, open_staging, target};
use super::recorded_run::recorded_quietly;
use crate::cli::VerifyArgs;
use crate::config::{Config, ConfigError};
use crate::domain::asset::AssetId;
use crate::domain::asset_names::items;
use crate::domain::run::{Problem, Status};
use crate::jobs::verify::{self, Mismatch, MismatchKind, Repaired, Verified};
use crate::output::numbers::counted;
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};

/// Most rows in a table: more are for a program.
const SHOWN: usize = 1000;

const COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "source",
    "difference",
    "pending",
    "detail",
];

/// Takes words as ids without looking them up.
fn as_typed(list: &[String]) -> Result<Vec<AssetId>, ConfigError> {
    let items = items(list).map_err(ConfigError)?.into_iter();
    items
        .map(|id| AssetId::new(id).map_err(ConfigError))
        .collect()
}

pub(super) fn run(args: &VerifyArgs, config: &Config) -> Result<Answer> {
    let staging = open_staging(config)?;
    let known = find_assets(&args.assets, &staging, config);
    // The warehouse may have rows of an asset that is known nowhere else.
    let (assets, unknown) = match known {
        Ok(assets) => (assets, None),
        Err(error) => (as_typed(&args.assets)?, Some(error)),
    };
    let target = target(config)?;
    let mut warehouse = connect(&target, config)?;
    // Recorded so that `report` can tell when the last comparison was.
    let compare = |_| {
        let verified = verify::verify(&staging, &mut warehouse, &assets);
        verified.map_err(|error| located(error, &target))
    };
    let verified = recorded_quietly("verify", &staging, config, compare, ended)?;
    if let Some(error) = unknown
        && verified.rows == 0
        && verified.differences.is_empty()
        && verified.foreign.is_empty()
    {
        return Err(error);
    }
    let mut said = summary(&verified);
    if args.repair {
        let repaired = verify::repair(&staging, &mut warehouse, &verified)
            .map_err(|error| located(error, &target))?;
        said.push_str(&repair_words(repaired));
    }
    let exit_code = u8::from(!verified.differences.is_empty());
    let foreign = foreign(&verified);
    if let Some(foreign) = &foreign {
        said.push_str(&format!("{foreign}\n"));
    }
    let text =
        move |differences: &[Mismatch], screen: Screen<'_>| Ok(said + &table(differences, screen)?);
    let answer = Answer::on_screen(verified.differences, text).with_columns(COLUMNS);
    let answer = answer.beside_rows(move || {
        // No row contains it.
        if let Some(foreign) = foreign {
            log::info!("{foreign}");
        }
    });
    Ok(answer.ending(exit_code))
}

fn repair_words(repaired: Repaired) -> String {
    let Repaired {
        pending,
        set_back,
        retracted,
    } = repaired;
    let mut words = String::new();
    if set_back > 0 {
        words.push_str(&format!(
            "{} in the future there; it was set back.\n",
            counted(
                set_back,
                "row had an ingest time",
                "rows had an ingest time"
            )
        ));
    }
    if retracted > 0 {
        words.push_str(&format!(
            "{} here but present there again: the next sync removes it.\n",
            counted(retracted, "bar was retracted", "bars were retracted")
        ));
    }
    let pending = counted(pending, "row is", "rows are");
    words + &format!("{pending} pending again; `pricestash sync` sends them.\n")
}

/// The status of the comparison.
fn ended(verified: &Verified) -> (Status, Vec<Problem>) {
    if verified.differences.is_empty() {
        return (Status::Success, Vec::new());
    }
    let rows = verified.differences.len();
    let problem = Problem::of_run(counted(rows, "row differs", "rows differ"));
    (Status::PartialFailure, vec![problem])
}

fn table(differences: &[Mismatch], screen: Screen<'_>) -> Result<String> {
    if differences.is_empty() {
        return Ok(String::new());
    }
    let shown: Vec<_> = differences.iter().take(SHOWN).collect();
    const SHOWN_COLUMNS: &[Column] = &[
        always("asset_id"),
        always("date"),
        always("source"),
        always("difference"),
        if_room("pending"),
        shortened("detail", 20),
    ];
    let mut text = screen::table(&shown, SHOWN_COLUMNS, screen)?;
    if differences.len() > SHOWN {
        text.push_str(&format!(
            "… and {} more; --format csv shows all of them\n",
            differences.len() - SHOWN
        ));
    }
    Ok(text)
}

/// Rows that were not compared.
fn foreign(verified: &Verified) -> Option<String> {
    let sources = verified.foreign.iter().map(|(source, foreign)| {
        let rows = counted(foreign.rows, "row", "rows");
        let assets = counted(foreign.assets.len(), "asset", "assets");
        format!("{source} ({rows} of {assets})")
    });
    let sources: Vec<String> = sources.collect();
    (!sources.is_empty()).then(|| {
        format!(
            "Not compared, because they belong to other programs: {}.",
            sources.join(", ")
        )
    })
}

fn summary(verified: &Verified) -> String {
    let rows = counted(verified.rows, "row", "rows");
    let months = counted(verified.months, "month", "months");
    if verified.differences.is_empty() {
        return format!("Staging and the warehouse are identical: {rows} in {months}.\n");
    }
    let count = |kind: MismatchKind| {
        let of_kind = verified.differences.iter().filter(|d| d.difference == kind);
        of_kind.count()
    };
    format!(
        "Staging and the warehouse ({rows}) differ in {} of {months}: {} missing there, {} extra there, {} different, {} newer there.\n",
        verified.months_that_differ,
        count(MismatchKind::Missing),
        count(MismatchKind::Extra),
        count(MismatchKind::Different),
        count(MismatchKind::NewerThere)
    )
}
