//! The words of the user's own files.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{Kind, Place};
use crate::commands::context::{assets_text, read_calendars};
use crate::config::Config;
use crate::config::assets_file::{AssetsFile, parse_assets_file};
use crate::domain::asset::SourceKind;
use crate::domain::calendar::Calendar;

/// A word, and what is said of it.
type Word = (String, String);

/// The words that fit, a line each, with what is said of one behind a tab.
pub(super) fn lines(place: &Place, config: &Config) -> String {
    let typed = place.typed.to_lowercase();
    let fits = |word: &str| word.to_lowercase().starts_with(&typed);
    let others: BTreeSet<&str> = place.kept.split([',', '=']).collect();
    let words = words(place.kind, config).unwrap_or_default().into_iter();
    let fitting = words.filter(|(word, _)| fits(word) && !others.contains(word.as_str()));
    let line = |(word, says): Word| format!("{}{word}\t{says}\n", place.kept);
    fitting.map(line).collect()
}

/// `None` where a file cannot be read.
fn words(kind: Kind, config: &Config) -> Option<Vec<Word>> {
    if kind == Kind::Calendar {
        let calendars = read_calendars().ok()?;
        let word = |c: Calendar| (c.name().to_owned(), c.title().to_owned());
        return Some(calendars.all().map(word).collect());
    }
    let file = read_file(config)?;
    let own = file.sources.iter().map(|source| source.name.clone());
    let plain = |name: String| (name, String::new());
    Some(match kind {
        Kind::Asset | Kind::Assets => {
            let assets = file.assets.into_iter();
            assets.map(|a| (a.id.to_string(), a.name)).collect()
        }
        Kind::OwnSource => own.map(plain).collect(),
        Kind::NewSource => {
            let built_in = SourceKind::BUILT_IN.map(|s| s.name().to_owned());
            let all = built_in.into_iter().chain(own);
            all.map(|name| plain(name + ":")).collect()
        }
        Kind::Source | Kind::Calendar => {
            let mut stored = BTreeMap::new();
            for source in file.assets.iter().flat_map(|a| &a.sources) {
                stored
                    .entry(source.stored_as.clone())
                    .or_insert(String::new());
            }
            stored.into_iter().collect()
        }
    })
}

fn read_file(config: &Config) -> Option<AssetsFile> {
    let text = assets_text(&config.assets_file).ok()?;
    parse_assets_file(&text, &read_calendars().ok()?).ok()
}
