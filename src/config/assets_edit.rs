//! Edits the text of `assets.toml` and keeps everything else in it: comments, order, blanks, line ends.

use super::assets_file::syntax_error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

/// The byte order mark that Windows editors write first.
const MARK: char = '\u{feff}';

/// An asset to add. Its values are checked when the new text is parsed.
#[derive(Debug, Clone)]
pub(crate) struct NewAsset {
    /// Its key.
    pub(crate) id: String,
    /// Name for people.
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) calendar: String,
    /// Currency of its own series.
    pub(crate) currency: String,
    /// Whether it is collected by default.
    pub(crate) active: bool,
    pub(crate) sources: Vec<NewSource>,
}

/// A source of an asset to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewSource {
    /// Name of the source.
    pub(crate) source: String,
    /// The source's symbol for the asset.
    pub(crate) symbol: String,
    /// Currency of its prices, if it is not the asset's.
    pub(crate) currency: Option<String>,
}

impl NewSource {
    /// Reads `yahoo:SOXL` or `yahoo:BTC-USD:USD`.
    ///
    /// # Errors
    /// The expected form.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (source, symbol, currency) = match parts[..] {
            [source, symbol] => (source, symbol, None),
            [source, symbol, currency] => (source, symbol, Some(currency.to_owned())),
            _ => {
                return Err(
                    "expected SOURCE:SYMBOL or SOURCE:SYMBOL:CURRENCY, like yahoo:SOXL".to_owned(),
                );
            }
        };
        Ok(Self {
            source: source.to_owned(),
            symbol: symbol.to_owned(),
            currency,
        })
    }
}

/// Appends assets to the text.
///
/// # Errors
/// If the text is not TOML or already has one of the assets.
pub(crate) fn add(text: &str, new: &[NewAsset]) -> Result<String, String> {
    edit(text, |assets| {
        for asset in new {
            if find(assets, &asset.id).is_some() {
                return Err(format!("asset {:?} already exists", asset.id));
            }
            assets.push(block(asset));
        }
        Ok(String::new())
    })
}

fn block(asset: &NewAsset) -> Table {
    let mut table = Table::new();
    for (key, text) in [
        ("id", &asset.id),
        ("name", &asset.name),
        ("category", &asset.category),
        ("calendar", &asset.calendar),
        ("currency", &asset.currency),
    ] {
        table.insert(key, value(text));
    }
    if !asset.active {
        table.insert("active", value(false));
    }
    let sources: Array = asset.sources.iter().map(inline).collect();
    table.insert("sources", value(sources));
    table.decor_mut().set_prefix("\n");
    table
}

fn inline(source: &NewSource) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("source", source.source.as_str().into());
    table.insert("symbol", source.symbol.as_str().into());
    if let Some(currency) = &source.currency {
        table.insert("currency", currency.as_str().into());
    }
    table
}

/// Removes an asset and the comment directly above it; comments separated by a blank line stay.
///
/// # Errors
/// If the text is not TOML or lacks the asset.
pub(crate) fn remove(text: &str, id: &str) -> Result<String, String> {
    edit(text, |assets| {
        let index = find(assets, id).ok_or_else(|| missing(assets, id))?;
        let above = assets.get(index).map(prefix).unwrap_or_default();
        // A comment at the top of the file is about the whole file.
        let kept = match (index, above.rfind("\n\n")) {
            (0, _) => above.clone(),
            (_, Some(blank)) => above[..=blank].to_owned(),
            (_, None) => String::new(),
        };
        assets.remove(index);
        match assets.get_mut(index) {
            Some(next) => {
                let below = prefix(next);
                let below = if index == 0 {
                    below.trim_start_matches('\n')
                } else {
                    &below
                };
                next.decor_mut().set_prefix(format!("{kept}{below}"));
                Ok(String::new())
            }
            None => Ok(kept),
        }
    })
}

/// Makes an asset collected by default, or not.
///
/// # Errors
/// If the text is not TOML or lacks the asset.
pub(crate) fn set_active(text: &str, id: &str, active: bool) -> Result<String, String> {
    edit(text, |assets| {
        let index = find(assets, id).ok_or_else(|| missing(assets, id))?;
        let Some(table) = assets.get_mut(index) else {
            return Ok(String::new());
        };
        match table.get_mut("active").and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = active.into();
                *old.decor_mut() = decor;
            }
            // Active is the default.
            None if active => {}
            None => {
                table.insert("active", value(false));
            }
        }
        Ok(String::new())
    })
}

/// Edits the list of assets; what `change` returns is appended to the text.
fn edit(
    text: &str,
    with: impl FnOnce(&mut ArrayOfTables) -> Result<String, String>,
) -> Result<String, String> {
    let has_mark = text.starts_with(MARK);
    let is_windows = text.contains("\r\n");
    let plain = text.trim_start_matches(MARK).replace("\r\n", "\n");
    let mut document: DocumentMut = plain
        .parse()
        .map_err(|e: toml_edit::TomlError| syntax_error(&plain, e.span(), e.message()))?;
    // toml_edit treats the content of a file without tables as its end.
    let head = match document.is_empty() {
        true => document.trailing().as_str().unwrap_or_default().to_owned(),
        false => String::new(),
    };
    if document.is_empty() {
        document.set_trailing("");
    }
    let assets = document
        .entry("asset")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or("asset is not a list of [[asset]] tables")?;
    let tail = with(assets)?;
    let mut edited = format!("{head}{document}{tail}");
    if is_windows {
        edited = edited.replace('\n', "\r\n");
    }
    Ok(if has_mark {
        format!("{MARK}{edited}")
    } else {
        edited
    })
}

fn find(assets: &ArrayOfTables, id: &str) -> Option<usize> {
    let is_it = |table: &Table| table.get("id").and_then(Item::as_str) == Some(id);
    assets.iter().position(is_it)
}

fn missing(assets: &ArrayOfTables, id: &str) -> String {
    let ids = assets.iter().filter_map(|t| t.get("id")?.as_str());
    let ids: Vec<&str> = ids.collect();
    format!(
        "there is no asset {id:?}; the assets file has {}",
        ids.join(", ")
    )
}

/// The text above a table.
fn prefix(table: &Table) -> String {
    let prefix = table.decor().prefix().and_then(|p| p.as_str());
    prefix.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# My assets.\n\n# The exchange in Seoul\n[[asset]]\nid = \"005930\"   # Samsung\nname = \"삼성전자\"\nactive = true # for now\nsources = [\n  { source = \"naver\", symbol = \"005930\" }, # first\n]\n\n\
                        # Somebody's note about everything below.\n\n# ETF\n[[asset]]\nid = \"SOXL\"\n\n[[asset]]\nid = \"BTC\"\n# the end\n";

    #[test]
    fn active_is_changed_in_its_place() {
        let off = set_active(FILE, "005930", false).unwrap();
        assert_eq!(
            off,
            FILE.replace("active = true # for now", "active = false # for now")
        );
        assert_eq!(set_active(&off, "005930", true).unwrap(), FILE);
        assert_eq!(set_active(FILE, "SOXL", true).unwrap(), FILE);
        let off = set_active(FILE, "SOXL", false).unwrap();
        assert_eq!(
            off,
            FILE.replace("id = \"SOXL\"\n", "id = \"SOXL\"\nactive = false\n")
        );
    }

    #[test]
    fn an_asset_goes_with_the_comment_above_it_and_no_other() {
        let without = remove(FILE, "SOXL").unwrap();
        assert_eq!(
            without,
            FILE.replace("\n# ETF\n[[asset]]\nid = \"SOXL\"\n", "")
        );
        let without = remove(FILE, "005930").unwrap();
        assert!(
            without.starts_with("# My assets.\n\n# The exchange in Seoul\n# Somebody's note"),
            "{without}"
        );
        let without = remove(FILE, "BTC").unwrap();
        assert!(
            without.contains("# Somebody's note") && !without.contains("BTC"),
            "{without}"
        );
    }

    #[test]
    fn an_asset_is_added_at_the_end() {
        let asset = NewAsset {
            id: "GC=F".to_owned(),
            name: "Gold \"futures\"".to_owned(),
            category: "commodity".to_owned(),
            calendar: "CMES".to_owned(),
            currency: "USD".to_owned(),
            active: false,
            sources: vec![
                NewSource::parse("yahoo:GC=F").unwrap(),
                NewSource::parse("upbit:X:KRW").unwrap(),
            ],
        };
        let new = [asset];
        let added = add("[[asset]]\nid = \"A\"\n", &new).unwrap();
        assert_eq!(
            added,
            "[[asset]]\nid = \"A\"\n\n[[asset]]\nid = \"GC=F\"\nname = 'Gold \"futures\"'\ncategory = \"commodity\"\ncalendar = \"CMES\"\n\
             currency = \"USD\"\nactive = false\nsources = [{ source = \"yahoo\", symbol = \"GC=F\" }, { source = \"upbit\", symbol = \"X\", currency = \"KRW\" }]\n"
        );
        assert!(add(&added, &new).unwrap_err().contains("already"));
        assert!(add("", &new).unwrap().contains("[[asset]]"));
        let below = add("# mine\n", &new).unwrap();
        assert!(below.starts_with("# mine\n\n[[asset]]\n"), "{below}");
    }

    #[test]
    fn windows_line_ends_and_marks_stay_and_strangers_are_named() {
        let windows = format!("{MARK}{}", FILE.replace('\n', "\r\n"));
        let off = set_active(&windows, "005930", false).unwrap();
        assert_eq!(off, windows.replace("active = true", "active = false"));
        assert!(remove(FILE, "X").unwrap_err().contains("005930, SOXL, BTC"));
        assert!(remove("[[asset]\n", "X").is_err());
        assert!(NewSource::parse("yahoo").is_err() && NewSource::parse("a:b:c:d").is_err());
    }
}
