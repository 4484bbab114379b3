//! `reconcile`: compares the closes of an asset's sources; changes nothing.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::answer::Answer;
use super::context::{choose, read_assets, read_staging};
use crate::cli::ReconcileArgs;
use crate::config::Config;
use crate::domain::digits::shortest;
use crate::jobs::reconcile::{Closes, Comparison, Difference, compare};
use crate::output::numbers::counted;
use crate::output::screen::{self, Column, Screen, always};

const COLUMNS: &[&str] = &[
    "asset_id",
    "date",
    "source",
    "close",
    "other_source",
    "other_close",
    "difference",
];

pub(super) fn run(args: &ReconcileArgs, config: &Config) -> Result<Answer> {
    let assets = read_assets(&config.assets_file)?;
    let chosen = choose(&assets, &args.assets)?;
    let staging = read_staging(config)?;
    let mut compared: Vec<Comparison> = Vec::new();
    for asset in chosen {
        let mut closes = staging.closes(&asset.id)?;
        let own = staging.own_sources(asset)?.into_iter();
        let series: Vec<(String, Closes)> = own.filter_map(|s| closes.remove_entry(s)).collect();
        compared.extend(compare(asset, &series, args.tolerance));
    }
    let differences: Vec<_> = compared
        .iter()
        .flat_map(|c| c.differences.iter().cloned())
        .collect();
    let exit_code = u8::from(!differences.is_empty());
    let text = move |differences: &[_], screen: Screen<'_>| {
        comparison_table(&compared, differences, screen)
    };
    let answer = Answer::on_screen(differences, text).with_columns(COLUMNS);
    Ok(answer.ending(exit_code))
}

fn comparison_table(
    compared: &[Comparison],
    differences: &[Difference],
    screen: Screen<'_>,
) -> Result<String> {
    if compared.is_empty() {
        return Ok("No asset has bars from two sources in its own currency; `pricestash collect --all-sources` fetches from all of them.\n".to_owned());
    }
    let mut text = String::new();
    if !differences.is_empty() {
        let shown: Vec<ShownDifference<'_>> = differences.iter().map(ShownDifference::of).collect();
        const SHOWN: &[Column] = &[
            always("asset_id"),
            always("date"),
            always("source"),
            always("close").number(),
            always("other_source"),
            always("other_close").number(),
            always("difference"),
        ];
        text = screen::table(&shown, SHOWN, screen)?;
    }
    for c in compared {
        text.push_str(&format!(
            "{}: {} common days, {} differ\n",
            c.what,
            c.common,
            c.differences.len()
        ));
        if c.both_right > 0 {
            let right = format!(
                "{}: since 2026-09-14 naver closes with the after-market at 20:00, so up to 1.5 % from the regular close both \
                 are right",
                counted(
                    c.both_right as u64,
                    "more day differs slightly",
                    "more days differ slightly"
                )
            );
            text.push_str(&format!("  {}\n", screen.sentence(&right)));
        }
    }
    Ok(text)
}

/// A difference as people read it.
#[derive(Serialize)]
struct ShownDifference<'a> {
    asset_id: &'a str,
    date: NaiveDate,
    source: &'a str,
    close: String,
    other_source: &'a str,
    other_close: String,
    difference: String,
}

impl<'a> ShownDifference<'a> {
    fn of(difference: &'a Difference) -> Self {
        Self {
            asset_id: &difference.asset_id,
            date: difference.date,
            source: &difference.source,
            close: shortest(difference.close),
            other_source: &difference.other_source,
            other_close: shortest(difference.other_close),
            difference: format!("{:+.3} %", difference.difference * 100.0),
        }
    }
}
