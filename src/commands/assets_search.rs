//! `assets search`: shows what Naver and Yahoo find for a text.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::answer::Answer;
use super::feeds::Source;
use super::signals::stop_on_signals;
use crate::cli::SearchAssetsArgs;
use crate::config::{Config, ConfigError};
use crate::domain::listing::{Listing, SearchText, is_exact, word_to_add};
use crate::jobs::lookup::{Searched, search};
use crate::output::screen::{self, Column, Screen, always, if_room, shortened};
use crate::process::clock::Clock;

const COLUMNS: &[&str] = &[
    "add", "name", "symbol", "source", "kind", "exchange", "exact",
];
/// Exit codes if neither source, or only one, answered.
const NEITHER: u8 = 1;
const PARTLY: u8 = 3;

#[derive(Debug, Serialize)]
struct HitRow {
    /// The word to give to `assets add`.
    add: Option<String>,
    name: Option<String>,
    symbol: String,
    source: &'static str,
    kind: Option<String>,
    exchange: Option<String>,
    /// Whether the name, symbol or ISIN matches the text exactly.
    exact: bool,
}

pub(super) fn run(args: &SearchAssetsArgs, config: &Config) -> Result<Answer> {
    let text = SearchText::read(&args.text.join(" "))
        .map_err(|why| ConfigError(format!("search text: {why}")))?;
    let stop = stop_on_signals("no further source will be asked")?;
    let clock = Arc::new(Clock::real(&stop));
    let source = Source::for_look_ups(&args.look_up, config, &clock, &stop)?;
    let look_ups = source.look_ups(config, &clock);
    let Searched { hits, failures } = search(&look_ups, &text)?;
    source.problem();
    let exit_code = match failures.len() {
        0 => 0,
        1 => PARTLY,
        _ => NEITHER,
    };
    let rows: Vec<HitRow> = hits.iter().map(|hit| row(&text, hit)).collect();
    for (source, why) in &failures {
        log::error!("{source} could not be asked: {why}");
    }
    let print =
        move |rows: &[HitRow], screen: Screen<'_>| told(rows, &text, exit_code == NEITHER, screen);
    Ok(Answer::on_screen(rows, print)
        .ending(exit_code)
        .with_columns(COLUMNS))
}

fn row(text: &SearchText, hit: &Listing) -> HitRow {
    HitRow {
        add: word_to_add(hit),
        name: hit.name.clone(),
        symbol: hit.symbol.clone(),
        source: hit.source.name(),
        kind: hit.kind.clone(),
        exchange: hit.exchange_name.clone().or_else(|| hit.exchange.clone()),
        exact: is_exact(text, hit),
    }
}

fn told(
    rows: &[HitRow],
    text: &SearchText,
    is_unasked: bool,
    screen: Screen<'_>,
) -> Result<String> {
    const SHOWN: &[Column] = &[
        always("add"),
        shortened("name", 20),
        if_room("symbol"),
        always("source"),
        if_room("kind"),
        always("exchange"),
        always("exact"),
    ];
    let name = text.as_str();
    if rows.is_empty() {
        return Ok(match is_unasked {
            true => String::new(),
            false => format!("Nothing found for {name:?}.\n"),
        });
    }
    let mut told = screen::table(rows, SHOWN, screen)?;
    if text.is_isin() {
        told.push_str(
            "The answers do not contain the ISIN: compare the name before you add one.\n",
        );
    } else if !rows.iter().any(|row| row.exact) {
        told.push_str(&format!("No exact match for {name:?}.\n"));
    }
    Ok(told)
}
