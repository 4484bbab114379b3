//! `pull`: fills an empty staging file from the warehouse.

use anyhow::{Result, bail};

use super::answer::Answer;
use super::context::{connect, located, now, read_assets, target};
use super::recorded_run::recorded_quietly;
use crate::config::Config;
use crate::domain::run::{Problem, Status};
use crate::jobs::pull::{Pulled, pull};
use crate::output::numbers::{counted, first_five};
use crate::staging::Staging;

pub(super) fn run(config: &Config) -> Result<Answer> {
    let assets = read_assets(&config.assets_file)?;
    let target = target(config)?;
    let mut warehouse = connect(&target, config)?;
    let staging = Staging::open(&config.staging_db)?;
    let place = target.place();
    let take = |_| {
        let pulled = pull(&staging, &mut warehouse, &assets, now());
        let pulled = pulled.map_err(|error| located(error, &target))?;
        if pulled.bars == 0 {
            let mut why = vec![format!(
                "nothing was pulled: the warehouse at {place} has no bars of the assets and sources in assets.toml"
            )];
            why.extend(left(&pulled).into_iter().chain(unnamed(&pulled)));
            bail!("{}", why.join("; "));
        }
        Ok(pulled)
    };
    let pulled = recorded_quietly("pull", &staging, config, take, ended)?;
    let text = sentences(&pulled, &place) + "`pricestash collect` continues from there.\n";
    let code = pulled.status().exit_code();
    Ok(Answer::row(pulled, text).ending(code))
}

fn ended(pulled: &Pulled) -> (Status, Vec<Problem>) {
    let problems = left(pulled).into_iter().map(Problem::of_run);
    (pulled.status(), problems.collect())
}

/// Reports what was pulled and what was left.
fn sentences(pulled: &Pulled, place: &str) -> String {
    let bars = counted(pulled.bars, "bar", "bars");
    let series = counted(pulled.series, "series", "series");
    let actions = counted(pulled.actions, "dividend or split", "dividends and splits");
    let mut text = match pulled.actions {
        0 => format!("{place}: {bars} of {series}; all count as already sent.\n"),
        _ => format!("{place}: {bars} of {series} and {actions}; all count as already sent.\n"),
    };
    for sentence in left(pulled).into_iter().chain(unnamed(pulled)) {
        text.push_str(&format!("{sentence}.\n"));
    }
    text
}

/// What PostgreSQL has beyond assets.toml.
fn unnamed(pulled: &Pulled) -> Vec<String> {
    let mut unnamed = Vec::new();
    if !pulled.not_named.is_empty() {
        let sources = pulled.not_named.iter();
        let sources: Vec<String> = sources
            .map(|(name, rows)| format!("{name} ({rows})"))
            .collect();
        unnamed.push(format!(
            "left in PostgreSQL because assets.toml does not list these sources for the assets: {}",
            sources.join(", ")
        ));
    }
    if !pulled.other_assets.is_empty() {
        let ids: Vec<&str> = pulled.other_assets.iter().map(String::as_str).collect();
        unnamed.push(format!(
            "left in PostgreSQL because assets.toml does not list these assets: {}",
            first_five(&ids)
        ));
    }
    unnamed
}

/// What is configured but could not be pulled.
fn left(pulled: &Pulled) -> Vec<String> {
    let mut left = Vec::new();
    if pulled.unknown_currency > 0 {
        left.push(format!(
            "{} left in PostgreSQL: the table asset_source lacks the currency of their series; run `pricestash sync` on a machine \
             that has them",
            counted(pulled.unknown_currency, "row was", "rows were")
        ));
    }
    if pulled.no_bars > 0 {
        let rows = counted(
            pulled.no_bars,
            "row left in PostgreSQL is not a valid bar",
            "rows left in PostgreSQL are not valid bars",
        );
        left.push(match &pulled.first_no_bar {
            None => rows,
            Some([asset_id, date, source]) => {
                format!("{rows}, such as {asset_id} {date} from {source}")
            }
        });
    }
    left
}
