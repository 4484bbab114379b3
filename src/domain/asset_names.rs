//! Finds the asset that a person means, by its id, its name or a source's symbol, ignoring case; suggests similar ones.

use super::asset::Asset;

/// The names of an asset.
#[derive(Debug)]
struct Entry {
    id: String,
    /// Its name, and the symbols of its sources.
    others: Vec<String>,
}

/// The names of all assets.
#[derive(Debug, Default)]
pub(crate) struct AssetNames(Vec<Entry>);

/// How many ids are listed, and how many names are suggested.
const LISTED: usize = 10;
const SUGGESTED: usize = 3;

impl AssetNames {
    /// The assets of the assets file.
    pub(crate) fn of<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Self {
        let entry = |asset: &Asset| {
            let symbols = asset.sources.iter().map(|s| s.symbol.clone());
            Entry {
                id: asset.id.to_string(),
                others: symbols.chain([asset.name.clone()]).collect(),
            }
        };
        Self(assets.into_iter().map(entry).collect())
    }

    /// Adds an asset that only has bars, or that was configured once.
    pub(crate) fn add(&mut self, id: String, name: String) {
        if !self.0.iter().any(|entry| entry.id == id) {
            let others = vec![name];
            self.0.push(Entry { id, others });
        }
    }

    /// The id of the asset with this name.
    ///
    /// # Errors
    /// If there is none, with suggestions; or if several have this name.
    pub(crate) fn find(&self, text: &str) -> Result<&str, String> {
        let text = text.trim();
        let is_same = |name: &str| name.to_lowercase() == text.to_lowercase();
        let has_other = |entry: &Entry| entry.others.iter().any(|name| is_same(name));
        let levels: [&dyn Fn(&Entry) -> bool; 3] =
            [&|e| e.id == text, &|e| is_same(&e.id), &has_other];
        for is_it in levels {
            let found: Vec<&str> = self.0.iter().filter(|e| is_it(e)).map(|e| &*e.id).collect();
            match found[..] {
                [] => {}
                [id] => return Ok(id),
                _ => {
                    return Err(format!(
                        "{text:?} matches the assets {}; use the id of one of them",
                        first(&found)
                    ));
                }
            }
        }
        Err(self.unknown(text))
    }

    /// The ids of a comma-separated list as typed by a person: with blanks after the commas, or instead of them.
    ///
    /// # Errors
    /// As [`AssetNames::find`], and for two commas in a row.
    pub(crate) fn find_all(&self, list: &[String]) -> Result<Vec<&str>, String> {
        let mut ids = Vec::new();
        for item in items(list)? {
            match self.find(item) {
                Ok(id) => ids.push(id),
                Err(why) => {
                    let words = item.split_whitespace().map(|word| self.find(word));
                    let words: Vec<&str> = words.collect::<Result<_, _>>().map_err(|_| why)?;
                    ids.extend(words);
                }
            }
        }
        Ok(ids)
    }

    fn unknown(&self, text: &str) -> String {
        let nearest = self.nearest(text);
        if !nearest.is_empty() {
            return format!(
                "there is no asset {text:?}; did you mean {}?",
                nearest.join(" or ")
            );
        }
        if self.0.len() > LISTED {
            let count = self.0.len();
            return format!(
                "there is no asset {text:?}; `pricestash assets` lists all {count}, `pricestash assets add` adds one"
            );
        }
        let ids: Vec<&str> = self.0.iter().map(|e| &*e.id).collect();
        format!(
            "there is no asset {text:?}; the assets are {}; `pricestash assets add` adds one",
            ids.join(", ")
        )
    }

    /// The assets with similar names, most similar first.
    fn nearest(&self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let mut near: Vec<(usize, String)> = Vec::new();
        for Entry { id, others } in &self.0 {
            let name = others.last().filter(|name| *name != id);
            let near_id_or_name = name.into_iter().chain([id]).filter_map(|name| {
                let name = name.to_lowercase();
                distance(&text, &name, true)
            });
            // A part of a symbol (`.KS`) matches many.
            let near_symbol = others
                .iter()
                .filter_map(|symbol| distance(&text, &symbol.to_lowercase(), false));
            if let Some(distance) = near_id_or_name.chain(near_symbol).min() {
                let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
                near.push((distance, format!("{id}{name}")));
            }
        }
        near.sort();
        near.into_iter().take(SUGGESTED).map(|(_, id)| id).collect()
    }
}

/// The distance between two names; `None` if they have little in common. Half of a name is closer than none.
fn distance(text: &str, name: &str, may_be_part: bool) -> Option<usize> {
    const SHORTEST_PART: usize = 2;
    let length = text.chars().count();
    let distance = strsim::damerau_levenshtein(text, name);
    let is_part = may_be_part && length >= SHORTEST_PART && name.contains(text);
    (is_part || distance <= length.div_ceil(4).min(3)).then_some(distance)
}

/// The items of a list that may be spread over several words.
///
/// # Errors
/// If an item is empty.
pub(crate) fn items(list: &[String]) -> Result<Vec<&str>, String> {
    let mut items = Vec::new();
    for (at, words) in list.iter().enumerate() {
        // `A, B` arrives as `A,` and `B`.
        let is_last = at + 1 == list.len();
        let words = match words.strip_suffix(',') {
            Some(before) if !is_last => before,
            _ => words,
        };
        items.extend(words.split(',').map(str::trim));
    }
    if items.iter().any(|item| item.is_empty()) {
        return Err("assets should be separated by single commas, like 005930,BTC".to_owned());
    }
    Ok(items)
}

fn first(ids: &[&str]) -> String {
    let more = if ids.len() > LISTED { ", …" } else { "" };
    let listed: Vec<&str> = ids.iter().copied().take(LISTED).collect();
    listed.join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> AssetNames {
        let mut names = AssetNames::default();
        for (id, others) in [
            ("005930", &["005930.KS", "삼성전자"][..]),
            ("005935", &["005935.KS", "삼성전자"]),
            ("BTC", &["KRW-BTC", "Bitcoin"]),
            ("GC=F", &["GC=F", "Gold futures"]),
            ("btc", &["other"]),
            ("SOXL", &["SOXL", "Semiconductor Bull 3X"]),
        ] {
            names.0.push(Entry {
                id: id.to_owned(),
                others: others.iter().map(|o| (*o).to_owned()).collect(),
            });
        }
        names
    }

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn an_asset_is_found_by_what_people_call_it() {
        let names = names();
        for (text, id) in [
            ("BTC", "BTC"),
            ("btc", "btc"),
            ("gc=f", "GC=F"),
            (" soxl ", "SOXL"),
            ("bitcoin", "BTC"),
            ("krw-btc", "BTC"),
            ("GOLD FUTURES", "GC=F"),
            ("005930.ks", "005930"),
        ] {
            assert_eq!(names.find(text), Ok(id), "{text}");
        }
        for text in ["Btc", "삼성전자"] {
            let why = names.find(text).unwrap_err();
            assert!(why.contains("matches the assets"), "{why}");
        }
    }

    #[test]
    fn an_unknown_one_gets_what_may_be_meant_and_no_long_list() {
        let names = names();
        for (text, says) in [
            ("SOXLL", "did you mean SOXL (Semiconductor Bull 3X)?"),
            ("bitcon", "did you mean BTC (Bitcoin)?"),
            (
                "삼성",
                "did you mean 005930 (삼성전자) or 005935 (삼성전자)?",
            ),
            ("00593", "005930"),
            (".ks", "the assets are"),
            ("nothing like it", "the assets are 005930, 005935, BTC"),
        ] {
            let why = names.find(text).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        let mut many = AssetNames::default();
        (0..67).for_each(|n| many.add(format!("A{n:03}"), "x".to_owned()));
        let why = many.find("ZZZZZZ").unwrap_err();
        assert!(
            why.contains("lists all 67") && !why.contains("A001"),
            "{why}"
        );
        assert!(many.find("").is_err());
    }

    #[test]
    fn a_list_may_have_blanks() {
        let names = names();
        for texts in [
            &["SOXL,BTC"][..],
            &["soxl, BTC"],
            &["SOXL,", "BTC"],
            &["SOXL", "BTC"],
            &["SOXL BTC"],
            &[" SOXL ,Bitcoin "],
        ] {
            assert_eq!(
                names.find_all(&list(texts)),
                Ok(vec!["SOXL", "BTC"]),
                "{texts:?}"
            );
        }
        assert_eq!(
            names.find_all(&list(&["gold futures,btc"])),
            Ok(vec!["GC=F", "btc"])
        );
        for texts in [&["SOXL,,"][..], &["SOXL,,BTC"], &[""], &[","], &["SOXL,"]] {
            assert!(names.find_all(&list(texts)).is_err(), "{texts:?}");
        }
        let why = names.find_all(&list(&["SOXL NONE"])).unwrap_err();
        assert!(why.contains("\"SOXL NONE\""), "{why}");
    }
}
