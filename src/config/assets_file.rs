//! Parses the assets file: TOML into assets, with every value checked.

use std::collections::HashSet;
use std::ops::Range;

use serde::Deserialize;

use super::source_file::SourceTable;
use crate::domain::asset::{Asset, AssetId, Category, MAX_KEY_CHARS, SourceEntry, SourceKind};
use crate::domain::bar::Sign;
use crate::domain::calendar::{Calendar, Calendars};
use crate::domain::currency::read_currency;
use crate::domain::price_list::is_commodity;
use crate::domain::user_source::UserSource;

/// Longest asset name, in characters: `varchar(100)` in the warehouse.
const MAX_NAME_CHARS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    source: Vec<toml::Spanned<SourceTable>>,
    #[serde(default)]
    asset: Vec<toml::Spanned<AssetLine>>,
}

/// The content of the assets file.
#[derive(Debug, Default)]
pub(crate) struct AssetsFile {
    /// In the order of the file.
    pub(crate) assets: Vec<Asset>,
    /// User-defined sources, even those that no asset uses.
    pub(crate) sources: Vec<&'static UserSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetLine {
    id: String,
    name: String,
    category: Category,
    calendar: toml::Spanned<String>,
    currency: String,
    #[serde(default)]
    nonpositive: bool,
    commodity: Option<String>,
    #[serde(default = "active_by_default")]
    active: bool,
    sources: Vec<SourceLine>,
}

impl AssetLine {
    fn check(self, calendar: Calendar, own: &[&'static UserSource]) -> Result<Asset, String> {
        let id = AssetId::new(&self.id)?;
        check_text("name", &self.name, MAX_NAME_CHARS)
            .map_err(|why| format!("asset {id}: {why}"))?;
        let currency = read_currency(&self.currency).map_err(|why| format!("asset {id}: {why}"))?;
        if let Some(commodity) = self.commodity.as_deref().filter(|c| !is_commodity(c)) {
            return Err(format!(
                "asset {id}: the commodity {commodity:?} should have 2 to 24 capital letters, digits and ' . _ -, with a letter \
                 first and a letter or digit last, like \"SAMSUNG\""
            ));
        }
        let sources = name_sources(self.sources, own, &id, &currency)
            .map_err(|why| format!("asset {id}: {why}"))?;
        let AssetLine {
            name,
            category,
            nonpositive,
            commodity,
            active,
            ..
        } = self;
        Ok(Asset {
            id,
            name,
            category,
            calendar,
            currency,
            sign: match nonpositive {
                true => Sign::Any,
                false => Sign::Positive,
            },
            active,
            sources,
            commodity,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceLine {
    source: toml::Spanned<String>,
    /// The source's symbol for the asset. Imported prices are not fetched, so they need none.
    symbol: Option<String>,
    currency: Option<String>,
}

impl SourceLine {
    fn kind(&self, own: &[&'static UserSource]) -> Result<SourceKind, String> {
        let named = own
            .iter()
            .find(|source| source.name == *self.source.get_ref());
        let kind = SourceKind::named(self.source.get_ref())
            .or(named.map(|source| SourceKind::User(source)));
        kind.ok_or_else(|| {
            let built_in = SourceKind::BUILT_IN.map(SourceKind::name).into_iter();
            let known: Vec<&str> = built_in.chain(own.iter().map(|s| s.name.as_str())).collect();
            format!(
                "source {:?} should be one of {}, manual for imported prices, or defined by a [[source]]",
                self.source.get_ref(),
                known.join(", ")
            )
        })
    }
}

fn active_by_default() -> bool {
    true
}

/// Parses the text of `assets.toml`; accepts a byte order mark and Windows line ends.
///
/// # Errors
/// A sentence with the line, the value, and what would be right.
pub(crate) fn parse_assets(text: &str, calendars: &Calendars) -> Result<Vec<Asset>, String> {
    let AssetsFile { assets, .. } = parse_assets_file(text, calendars)?;
    if assets.is_empty() {
        return Err("it contains no [[asset]]".to_owned());
    }
    Ok(assets)
}

/// The same with the user-defined sources; the file may have no assets yet.
///
/// # Errors
/// As [`parse_assets`].
pub(crate) fn parse_assets_file(text: &str, calendars: &Calendars) -> Result<AssetsFile, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line_of = |offset: usize| text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
    let file: FileText =
        toml::from_str(text).map_err(|e| syntax_error(text, e.span(), e.message()))?;
    let mut sources: Vec<&'static UserSource> = Vec::new();
    for entry in file.source {
        let line = line_of(entry.span().start);
        let source = entry
            .into_inner()
            .check()
            .map_err(|why| format!("line {line}: {why}"))?;
        if sources.iter().any(|s| s.name == source.name) {
            return Err(format!(
                "line {line}: source {:?} appears twice",
                source.name
            ));
        }
        sources.push(source.kept());
    }
    let mut seen = HashSet::new();
    let mut assets = Vec::with_capacity(file.asset.len());
    for entry in file.asset {
        // Lines are counted only for an error: for each asset of a long file it would take longer than all the rest.
        let at_its_line = {
            let start = entry.span().start;
            move |why: String| format!("line {}: {why}", line_of(start))
        };
        let entry = entry.into_inner();
        let named = entry.calendar.get_ref();
        let calendar = calendars.get(named).ok_or_else(|| {
            let line = line_of(entry.calendar.span().start);
            format!(
                "line {line}: calendar {named:?} should be one of {}",
                calendars.names()
            )
        })?;
        let calendar = calendar.clone();
        for source in &entry.sources {
            let line = || line_of(source.source.span().start);
            source
                .kind(&sources)
                .map_err(|why| format!("line {}: {why}", line()))?;
        }
        let asset = entry.check(calendar, &sources).map_err(&at_its_line)?;
        if !seen.insert(asset.id.clone()) {
            return Err(at_its_line(format!(
                "id {:?} appears twice; each asset needs its own",
                asset.id.as_str()
            )));
        }
        assets.push(asset);
    }
    Ok(AssetsFile { assets, sources })
}

/// The user-defined sources in a text like `assets.toml`.
///
/// # Errors
/// A sentence with the line, the value, and what would be right.
pub fn read_sources(text: &str) -> Result<Vec<SourceKind>, String> {
    let file = parse_assets_file(text, &Calendars::built_in()?)?;
    Ok(file.sources.into_iter().map(SourceKind::User).collect())
}

/// The message for a text that is not TOML or has a wrong type: the line and the reason. A code without quotes is the
/// most common mistake, and TOML's own message about it (leading zeros) does not help.
pub(super) fn syntax_error(text: &str, place: Option<Range<usize>>, why: &str) -> String {
    let why = why.replace('\n', " ");
    let Some(place) = place else {
        return why;
    };
    let before = text.get(..place.start).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    match unquoted(line) {
        Some((key, code)) => format!(
            "line {number}: {key} = {code} is not text; put it in quotes: {key} = \"{code}\""
        ),
        None => format!("line {number}: {why}"),
    }
}

/// A key that needs text, and the unquoted word starting with a digit that was given (`id = 005930`).
fn unquoted(line: &str) -> Option<(&'static str, &str)> {
    let line = line.split('#').next().unwrap_or_default();
    ["id", "symbol"].into_iter().find_map(|key| {
        let mut behind_keys = line.match_indices(key).filter_map(|(at, _)| {
            let before = line.get(..at)?.chars().next_back();
            let is_key = before.is_none_or(|c| c.is_whitespace() || matches!(c, '{' | ','));
            let value = line.get(at + key.len()..)?.trim_start().strip_prefix('=')?;
            is_key.then(|| value.trim_start())
        });
        let value = behind_keys.find(|value| value.starts_with(|c: char| c.is_ascii_digit()))?;
        let end = value.find(|c: char| !c.is_ascii_alphanumeric());
        Some((key, value.get(..end.unwrap_or(value.len()))?))
    })
}

/// The message without the line, for a text that is not a file.
pub(crate) fn without_line(why: &str) -> &str {
    let behind = why
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "));
    match behind {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => why,
    }
}

/// Assigns each entry the name under which its bars are stored, so that series are never mixed:
/// an entry in another currency, and every later entry of a kind that the asset already has, gets `kind:symbol`.
fn name_sources(
    entries: Vec<SourceLine>,
    own: &[&'static UserSource],
    id: &AssetId,
    own_currency: &str,
) -> Result<Vec<SourceEntry>, String> {
    if entries.is_empty() {
        return Err("sources is empty; it needs at least one, like { source = \"yahoo\", symbol = \"SOXL\" }".to_owned());
    }
    let mut sources: Vec<SourceEntry> = Vec::with_capacity(entries.len());
    for entry in entries {
        let kind = entry.kind(own)?;
        let symbol = symbol_of(&entry, kind, id)?;
        let currency = read_currency(entry.currency.as_deref().unwrap_or(own_currency))?;
        let repeated = sources.iter().any(|s| s.kind == kind);
        let stored_as = if repeated || currency != own_currency {
            format!("{}:{symbol}", kind.name())
        } else {
            kind.name().to_owned()
        };
        if stored_as.chars().count() > MAX_KEY_CHARS {
            return Err(format!(
                "its bars from {} would be stored under {stored_as:?}, which has more than {MAX_KEY_CHARS} characters",
                kind.name()
            ));
        }
        if sources.iter().any(|s| s.kind == kind && s.symbol == symbol) {
            return Err(format!(
                "source {} with symbol {symbol:?} appears twice",
                kind.name()
            ));
        }
        sources.push(SourceEntry {
            kind,
            symbol,
            currency,
            stored_as,
        });
    }
    Ok(sources)
}

/// The source's symbol for the asset; the asset's id for imported prices.
fn symbol_of(entry: &SourceLine, kind: SourceKind, id: &AssetId) -> Result<String, String> {
    match (&entry.symbol, kind) {
        (Some(symbol), _) => check_symbol(symbol).map(|()| symbol.clone()),
        (None, SourceKind::Manual) => Ok(id.to_string()),
        (None, _) => {
            let name = kind.name();
            let example = format!("{{ source = \"{name}\", symbol = \"…\" }}");
            Err(format!(
                "its source {name} has no symbol; add the symbol that {name} uses, like {example}"
            ))
        }
    }
}

fn check_text(field: &str, value: &str, max: usize) -> Result<(), String> {
    let chars = value.chars().count();
    if !(1..=max).contains(&chars) || value.chars().any(char::is_control) {
        return Err(format!(
            "{field} {value:?} should have 1 to {max} characters and no control characters"
        ));
    }
    Ok(())
}

/// A symbol becomes part of a URL's path and of a file name, so only characters that every source accepts are allowed.
pub(crate) fn check_symbol(symbol: &str) -> Result<(), String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b".^=_-&".contains(&b);
    if symbol.is_empty()
        || symbol.len() > 40
        || symbol.starts_with('.')
        || !symbol.bytes().all(fine)
    {
        return Err(format!(
            "symbol {symbol:?} should be 1 to 40 letters, digits or any of . ^ = _ - &"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[asset]]
id = "BTC"
name = "Bitcoin"
category = "crypto"
calendar = "24/7"
currency = "KRW"
sources = [{ source = "upbit", symbol = "KRW-BTC" }, { source = "yahoo", symbol = "BTC-KRW" }, { source = "yahoo", symbol = "BTC-USD", currency = "USD" }]
"#;

    fn parse(text: &str) -> Result<Vec<Asset>, String> {
        parse_assets(text, &Calendars::built_in().unwrap())
    }

    fn refused(text: &str) -> String {
        parse(text).expect_err("should be refused")
    }

    #[test]
    fn a_second_series_of_a_source_gets_a_name_of_its_own() {
        let assets = parse(ONE).unwrap();
        let names: Vec<_> = assets[0]
            .sources
            .iter()
            .map(|s| s.stored_as.as_str())
            .collect();
        assert_eq!(names, ["upbit", "yahoo", "yahoo:BTC-USD"]);
        assert_eq!(
            assets[0].own_sources().collect::<Vec<_>>(),
            ["upbit", "yahoo"]
        );
        assert!(assets[0].active);
    }

    #[test]
    fn an_only_entry_in_another_currency_is_never_the_plain_source() {
        let text = ONE.replace("{ source = \"yahoo\", symbol = \"BTC-KRW\" }, ", "");
        let assets = parse(&text).unwrap();
        assert_eq!(assets[0].sources[1].stored_as, "yahoo:BTC-USD");
    }

    #[test]
    fn a_long_file_takes_as_long_as_its_length() {
        let of = |assets: usize| -> String {
            let one = |n| ONE.replace("\"BTC\"", &format!("\"BTC{n}\""));
            (0..assets).map(one).collect()
        };
        let time = |text: &str, times: u32| {
            let started = std::time::Instant::now();
            (0..times).for_each(|_| drop(parse(text).unwrap()));
            started.elapsed()
        };
        let (short, long) = (of(400), of(4000));
        // Counting the lines before each asset makes it thirty times as long.
        assert!(time(&long, 1) < 4 * time(&short, 10));
    }

    #[test]
    fn byte_order_mark_and_windows_lines_are_fine() {
        let text = format!("\u{feff}{}", ONE.replace('\n', "\r\n"));
        assert_eq!(parse(&text).unwrap(), parse(ONE).unwrap());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let twice = format!("{ONE}{ONE}");
        assert_eq!(
            refused(&twice),
            "line 10: id \"BTC\" appears twice; each asset needs its own"
        );
        let long = refused(&ONE.replace("\"BTC\"", "\"123456789012345678901\""));
        assert_eq!(
            long,
            "line 2: id \"123456789012345678901\" has 21 characters; an id has 1 to 20"
        );
        let unknown = refused(&ONE.replace("upbit", "bloomberg"));
        assert!(
            unknown.contains("line 8")
                && unknown.contains("bloomberg")
                && unknown.contains("upbit"),
            "{unknown}"
        );
        let calendar = refused(&ONE.replace("24/7", "XXXX"));
        assert!(
            calendar.contains("line 6") && calendar.contains("XKRX"),
            "{calendar}"
        );
        for currency in ["WON1", "krw", "USDT", ""] {
            for place in ["KRW", "USD"] {
                let wrong = ONE.replace(
                    &format!("currency = \"{place}\""),
                    &format!("currency = \"{currency}\""),
                );
                let said = refused(&wrong);
                assert!(
                    said.contains(&format!("currency {currency:?} should be")),
                    "{said}"
                );
            }
        }
        let symbol = refused(&ONE.replace("BTC-KRW", "../etc"));
        assert!(symbol.contains("../etc"), "{symbol}");
        let name = refused(&ONE.replace("BTC-USD", "AVERYLONGSYMBOL-USD"));
        assert!(name.contains("more than 20 characters"), "{name}");
        assert_eq!(refused(""), "it contains no [[asset]]");
        assert_eq!(
            parse_assets_file("", &Calendars::built_in().unwrap()).map(|f| f.assets),
            Ok(Vec::new())
        );
    }

    #[test]
    fn a_code_without_quotes_has_a_sentence_of_its_own() {
        for code in ["005930", "5930", "0193T0"] {
            let text = ONE.replace("\"BTC\"", code);
            let said = refused(&text);
            let expected =
                format!("line 3: id = {code} is not text; put it in quotes: id = \"{code}\"");
            assert_eq!(said, expected);
        }
        let said = refused(&ONE.replace("\"KRW-BTC\"", "005930"));
        assert!(said.contains("symbol = \"005930\""), "{said}");
        // Quoted values, and text in a comment, are not meant.
        let other = refused(&ONE.replace("= \"BTC\"", "= \"5930\" \"BTC\" # id = 5"));
        assert!(!other.contains("in quotes"), "{other}");
    }

    #[test]
    fn a_line_is_left_out_where_there_is_no_file() {
        assert_eq!(
            without_line("line 12: the id is wrong: x"),
            "the id is wrong: x"
        );
        for other in ["there is none", "line of: x", "lines"] {
            assert_eq!(without_line(other), other);
        }
    }
}
