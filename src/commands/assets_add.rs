//! `assets add`: looks up what each word is and writes those that are certain.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::added::{AddedRow, FAILED, THERE, summary, table};
use super::answer::Answer;
use super::context::{assets_text, read_calendars};
use super::edited_assets::{check_assets, check_edited, write_assets};
use super::feeds::Source;
use super::signals::stop_on_signals;
use crate::cli::AddAssetArgs;
use crate::config::assets_edit::{self, NewAsset, NewSource};
use crate::config::assets_file::{AssetsFile, parse_assets_file, without_line};
use crate::config::{Config, ConfigError};
use crate::domain::asset::{Asset, SourceKind};
use crate::domain::calendar::Calendars;
use crate::domain::listing::{Doubt, Given};
use crate::jobs::lookup::{Found, Outcome, Wanted, find};
use crate::output::screen::Screen;
use crate::process::clock::Clock;
use crate::process::result_file;

/// Log progress after every N words of a long list.
const SAID_EVERY: usize = 25;
/// Exit codes if nothing, or only a part, was added.
const NOTHING: u8 = 1;
const PARTLY: u8 = 3;

pub(super) fn run(args: &AddAssetArgs, config: &Config) -> Result<Answer> {
    let path = &config.assets_file;
    let calendars = read_calendars()?;
    let text = assets_text(path)?;
    let file = parse_assets_file(&text, &calendars)
        .map_err(|why| ConfigError(format!("{}: {why}", path.display())))?;
    check_sources(&args.sources, &file)?;
    let mut wanted = wanted(args)?;
    let mut there = Vec::new();
    wanted.retain(|w| match place_of(w, &file.assets) {
        Some(id) => {
            there.push(there_row(&w.word, id, path));
            false
        }
        None => true,
    });
    // Facts given for an asset that exists would be ignored.
    if args.from.is_none()
        && args.gives_facts()
        && let Some(row) = there.first()
    {
        return Err(ConfigError(row.why.join("; ")).into());
    }
    let there_already = there.len();
    let mut found = look_up_all(args, &wanted, &calendars, config)?;
    refuse_twins(&mut found);
    // The file may have changed while the sources were asked.
    let text = assets_text(path)?;
    if args.from.is_some() {
        refuse_unfit(&mut found, &text);
    }
    let new: Vec<NewAsset> = found.iter().filter_map(certain).cloned().collect();
    let is_written = !new.is_empty() && (args.from.is_some() || new.len() == found.len());
    if is_written {
        let edited = assets_edit::add(&text, &new);
        match args.dry_run {
            true => check_assets(path, &text, edited).map(drop)?,
            false => write_assets(path, &text, edited)?,
        }
    }
    let mut rows: Vec<AddedRow> = found
        .iter()
        .map(|f| row(f, is_written, args.dry_run))
        .collect();
    if args.from.is_none() {
        rows.append(&mut there);
    }
    let exit_code = match new.len() {
        all if all == found.len() => 0,
        _ if is_written => PARTLY,
        _ => NOTHING,
    };
    let (dry_run, is_list) = (args.dry_run, args.from.is_some());
    let print = move |rows: &[AddedRow], screen: Screen<'_>| match is_list {
        true => Ok(summary(rows, there_already, dry_run, screen)),
        false => table(rows, is_written, dry_run, screen),
    };
    Ok(Answer::on_screen(rows, print).ending(exit_code))
}

/// The words from the command line or from the file.
fn wanted(args: &AddAssetArgs) -> Result<Vec<Wanted>> {
    let words = match &args.from {
        Some(file) => words_of(file)?,
        None => args.words.clone(),
    };
    let is_of_one = args.name.is_some() || !args.sources.is_empty();
    if is_of_one && words.len() != 1 {
        let why = "--name and --source work with a single word only";
        return Err(ConfigError(why.to_owned()).into());
    }
    let mut wanted: Vec<Wanted> = Vec::with_capacity(words.len());
    for word in words {
        if wanted.iter().any(|w| w.word.eq_ignore_ascii_case(&word)) {
            continue;
        }
        wanted.push(Wanted {
            word,
            given: Given {
                name: args.name.clone(),
                category: args.category.clone(),
                calendar: args.calendar.clone(),
                currency: args.currency.clone(),
            },
            sources: args.sources.clone(),
            active: !args.inactive,
        });
    }
    Ok(wanted)
}

/// Reads a file with one word per line.
fn words_of(file: &Path) -> Result<Vec<String>> {
    let unfit = |why: String| ConfigError(format!("--from {file:?}: {why}"));
    let bytes = result_file::read(file).map_err(|e| unfit(format!("cannot read it ({e})")))?;
    let text = String::from_utf8(bytes).map_err(|_| unfit("not UTF-8 text".to_owned()))?;
    let mut words = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        match line.split_whitespace().count() {
            0 => {}
            1 => words.push(line.to_owned()),
            _ => {
                let number = number + 1;
                let why = format!("line {number}: expected one word like AAPL, found {line:?}");
                return Err(unfit(why).into());
            }
        }
    }
    match words.is_empty() {
        true => Err(unfit("it contains no words".to_owned()).into()),
        false => Ok(words),
    }
}

/// Refuses `--source` with a source that does not exist.
fn check_sources(sources: &[NewSource], file: &AssetsFile) -> Result<(), ConfigError> {
    let built_in = SourceKind::BUILT_IN.map(SourceKind::name).into_iter();
    let own = file.sources.iter().map(|source| source.name.as_str());
    let known: Vec<&str> = built_in.chain(own).collect();
    let is_known = |name: &str| known.contains(&name) || SourceKind::named(name).is_some();
    match sources.iter().find(|s| !is_known(&s.source)) {
        Some(source) => Err(ConfigError(format!(
            "--source: there is no source {:?}; use one of {}",
            source.source,
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

/// The row of a word whose asset already exists.
fn there_row(word: &str, id: String, path: &Path) -> AddedRow {
    let name = match word == id {
        true => id.clone(),
        false => format!("{word} ({id})"),
    };
    AddedRow {
        result: THERE,
        why: vec![format!(
            "{name} is already in {}; nothing changed",
            path.display()
        )],
        ..AddedRow::of(id)
    }
}

/// Finds the asset that already has this word as its id or as a source's symbol.
fn place_of(wanted: &Wanted, there: &[Asset]) -> Option<String> {
    let is_it = |asset: &&Asset| {
        let has_symbol = |symbol: &str| symbol.eq_ignore_ascii_case(&wanted.word);
        asset.id.as_str() == wanted.word
            || (wanted.sources.is_empty() && asset.sources.iter().any(|s| has_symbol(&s.symbol)))
    };
    there.iter().find(is_it).map(|asset| asset.id.to_string())
}

fn look_up_all(
    args: &AddAssetArgs,
    wanted: &[Wanted],
    calendars: &Calendars,
    config: &Config,
) -> Result<Vec<Found>> {
    let stop = stop_on_signals("nothing will be written")?;
    let clock = Arc::new(Clock::real(&stop));
    let source = Source::for_look_ups(&args.look_up, config, &clock, &stop)?;
    let look_ups = source.look_ups(config, &clock);
    let mut found = Vec::with_capacity(wanted.len());
    for (at, wanted) in wanted.iter().enumerate() {
        if at > 0 && at % SAID_EVERY == 0 {
            log::info!("looked up {at} words");
        }
        found.push(find(&look_ups, calendars, wanted)?);
    }
    // A user who stops the command does not want a partial result.
    anyhow::ensure!(!stop.is_set(), "stopped; nothing was written");
    source.problem();
    Ok(found)
}

/// Refuses a second word for the same asset (`aapl` and `AAPL`; `KRW=X` and `USDKRW=X` are different assets).
fn refuse_twins(found: &mut [Found]) {
    let mut ids: Vec<String> = Vec::new();
    for one in found {
        if ids.contains(&one.id) {
            let why = format!("{} appears twice", one.id);
            one.outcome = Outcome::Refused(why);
        } else {
            ids.push(one.id.clone());
        }
    }
}

/// Refuses what the assets file would refuse, such as an id that is too long or a wrong value from an option.
fn refuse_unfit(found: &mut [Found], text: &str) {
    let new: Vec<NewAsset> = found.iter().filter_map(certain).cloned().collect();
    let fits = |new: &[NewAsset]| {
        assets_edit::add(text, new).and_then(|edited| check_edited(text, &edited))
    };
    // Checks one by one only if the whole fails.
    if new.is_empty() || fits(&new).is_ok() {
        return;
    }
    for one in found {
        let fit = certain(one).map_or(Ok(()), |asset| fits(std::slice::from_ref(asset)));
        if let Err(why) = fit {
            one.outcome = Outcome::Refused(without_line(&why).to_owned());
        }
    }
}

fn certain(found: &Found) -> Option<&NewAsset> {
    match &found.outcome {
        Outcome::Asset(asset) => Some(asset),
        _ => None,
    }
}

fn row(found: &Found, is_written: bool, dry_run: bool) -> AddedRow {
    let listing = found.listing.as_ref();
    let mut row = AddedRow {
        name: listing.and_then(|l| l.name.clone()),
        kind: listing.and_then(|l| l.kind.clone()),
        exchange: listing.and_then(|l| l.exchange_name.clone().or_else(|| l.exchange.clone())),
        first_day: listing.and_then(|l| l.first_day),
        newest_day: listing.and_then(|l| l.newest_day),
        newest_price: listing.and_then(|l| l.newest_price.clone()),
        remarks: found.remarks.clone(),
        ..AddedRow::of(found.id.clone())
    };
    match &found.outcome {
        Outcome::Asset(asset) => {
            row.result = match (is_written, dry_run) {
                (true, false) => "added",
                (true, true) => "would be added",
                (false, _) => "not added",
            };
            row.name = Some(asset.name.clone());
            row.category = Some(asset.category.clone());
            row.calendar = Some(asset.calendar.clone());
            row.currency = Some(asset.currency.clone());
            let source = |s: &assets_edit::NewSource| format!("{}:{}", s.source, s.symbol);
            row.sources = asset.sources.iter().map(source).collect();
        }
        Outcome::Doubtful(proposal) => {
            row.result = "doubtful";
            row.name = Some(proposal.name.clone()).filter(|name| !name.is_empty());
            row.category.clone_from(&proposal.category);
            row.calendar.clone_from(&proposal.calendar);
            row.currency.clone_from(&proposal.currency);
            let asked = |Doubt { option, why }: &Doubt| format!("please give {option}: {why}");
            row.why = proposal.doubts.iter().map(asked).collect();
        }
        Outcome::Unknown(why) => {
            row.result = "unknown";
            row.why = vec![why.clone()];
        }
        Outcome::Refused(why) => {
            row.result = "refused";
            row.why = vec![why.clone()];
        }
        Outcome::Failed(why) => {
            row.result = FAILED;
            row.why = vec![why.clone()];
        }
    }
    row
}
