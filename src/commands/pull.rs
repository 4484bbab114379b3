//! `pull`: an empty staging file is filled from the warehouse.

use anyhow::{Result, bail};

use super::answer::Answer;
use super::context::{connect, located, now, read_assets, target};
use super::recorded_run::recorded_quietly;
use crate::config::Config;
use crate::domain::run::{Problem, Status};
use crate::jobs::pull::{Pulled, pull};
use crate::output::numbers::counted;
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
            bail!(
                "nothing was taken: {}",
                sentences(&pulled, &format!("the warehouse at {place}")).trim_end()
            );
        }
        Ok(pulled)
    };
    let pulled = recorded_quietly("pull", &staging, config, take, ended)?;
    let text = sentences(&pulled, &place) + "`pricestash collect` goes on from there.\n";
    let code = pulled.status().exit_code();
    Ok(Answer::row(pulled, text).ending(code))
}

fn ended(pulled: &Pulled) -> (Status, Vec<Problem>) {
    let problems = left(pulled).into_iter().map(Problem::of_run);
    (pulled.status(), problems.collect())
}

/// What was taken, and what was left.
fn sentences(pulled: &Pulled, place: &str) -> String {
    let bars = counted(pulled.bars, "bar", "bars");
    let series = counted(pulled.series, "series", "series");
    let actions = match pulled.actions {
        0 => String::new(),
        n => format!(
            " and {}",
            counted(n, "dividend or split", "dividends and splits")
        ),
    };
    let mut text = format!("{place}: {bars} of {series}{actions}; they count as sent.\n");
    for sentence in left(pulled) {
        text.push_str(&format!("{sentence}.\n"));
    }
    if !pulled.not_named.is_empty() {
        let sources = pulled.not_named.iter();
        let sources: Vec<String> = sources
            .map(|(name, rows)| format!("{name} ({rows})"))
            .collect();
        text.push_str(&format!(
            "Rows of sources that assets.toml does not name for these assets stay there: {}.\n",
            sources.join(", ")
        ));
    }
    text
}

/// What is configured and could not be taken.
fn left(pulled: &Pulled) -> Vec<String> {
    let mut left: Vec<String> = pulled.other_currency.clone();
    if let Some([asset_id, date, source]) = &pulled.first_no_bar {
        let rows = counted(pulled.no_bars, "row is no bar", "rows are no bars");
        left.push(format!(
            "{rows} and stay there, the first one is {asset_id} {date} from {source}"
        ));
    }
    left
}
