//! `verify`: the staging file is compared with the warehouse, row by row where a month differs.

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

/// Rows that a table shows at most: more are for a program.
const SHOWN: usize = 1000;

/// The columns of the result.
const COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "source",
    "difference",
    "pending",
    "detail",
];

/// Ids that are taken for what they are.
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
    // It is recorded so that `report` can say when that was last.
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
        // No row says it.
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
            "{} there in the future, which was set back.\n",
            counted(
                set_back,
                "row had a time of ingest",
                "rows had a time of ingest"
            )
        ));
    }
    if retracted > 0 {
        words.push_str(&format!(
            "{} here and is there again: the next sync takes it out.\n",
            counted(retracted, "bar was taken back", "bars were taken back")
        ));
    }
    let pending = counted(pending, "row is pending", "rows are pending");
    words + &format!("{pending} again; `pricestash sync` sends what is pending.\n")
}

/// How a comparison ended.
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

/// What was not compared.
fn foreign(verified: &Verified) -> Option<String> {
    let sources = verified.foreign.iter().map(|(source, foreign)| {
        let rows = counted(foreign.rows, "row", "rows");
        let assets = counted(foreign.assets.len(), "asset", "assets");
        format!("{source} ({rows} of {assets})")
    });
    let sources: Vec<String> = sources.collect();
    (!sources.is_empty()).then(|| {
        format!(
            "The warehouse also has rows of other programs, which were not compared: {}.",
            sources.join(", ")
        )
    })
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
