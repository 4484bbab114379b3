//! Texts with places for values: `{path}` is the value of that name, `{#rows}` only the number that it begins with, `{~why}` the value
//! in the reader's language. Any other brace is one.

use super::particle::with_particles;

/// A value by its name.
pub(super) type Value<'a> = (&'a str, &'a str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Place { name: &'a str, mark: Mark },
}

/// How a value is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    AsItIs,
    Number,
    Translated,
}

/// A text and its places.
pub(super) struct Template<'a>(Vec<Piece<'a>>);

impl<'a> Template<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, place, after)) = next_place(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            pieces.push(place);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Self(pieces)
    }

    /// Whether a value is put in in the reader's language.
    pub(super) fn translates(&self, name: &str) -> bool {
        let mark = Mark::Translated;
        self.0.contains(&Piece::Place { name, mark })
    }

    /// The names of its places.
    #[cfg(test)]
    pub(super) fn names(&self) -> Vec<&'a str> {
        let names = self.0.iter().filter_map(|piece| match piece {
            Piece::Place { name, .. } => Some(*name),
            Piece::Text(_) => None,
        });
        names.collect()
    }

    /// Whether no text stands between two of its places, so that nothing says where one value ends.
    #[cfg(test)]
    pub(super) fn is_ambiguous(&self) -> bool {
        let is_place = |piece: &Piece<'_>| matches!(piece, Piece::Place { .. });
        self.0.windows(2).any(|pair| pair.iter().all(is_place))
    }

    /// So many bytes are its own words.
    pub(super) fn length(&self) -> usize {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Place { .. } => 0,
        });
        texts.sum()
    }

    /// The values of a sentence that was made of this; `None` where it was not.
    pub(super) fn read<'s>(&self, sentence: &'s str) -> Option<Vec<(&'a str, &'s str)>> {
        let mut values = Vec::new();
        let mut open: Option<&'a str> = None;
        let mut rest = sentence;
        let last = self.0.len().checked_sub(1)?;
        for (at, piece) in self.0.iter().enumerate() {
            match (piece, open.take()) {
                (Piece::Place { name, .. }, _) => open = Some(name),
                (Piece::Text(text), None) => rest = rest.strip_prefix(text)?,
                (Piece::Text(text), Some(name)) => {
                    // The last words are those at the very end; the others the first ones behind a value.
                    let end = match at == last {
                        true => rest.strip_suffix(text).map(str::len),
                        false => rest.find(text),
                    }?;
                    values.push((name, rest.get(..end)?));
                    rest = rest.get(end + text.len()..)?;
                }
            }
        }
        match open {
            Some(name) => values.push((name, rest)),
            None if rest.is_empty() => {}
            _ => return None,
        }
        Some(values)
    }

    /// The text with its values; `translate` is for those in the reader's language. A place without a value stays as it is written.
    pub(super) fn fill(&self, values: &[Value<'_>], translate: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => with_particles(&mut filled, text),
                Piece::Place { name, mark } => {
                    let value = values.iter().find(|(of, _)| of == name);
                    let Some((_, value)) = value else {
                        filled.push_str(&format!("{{{name}}}"));
                        continue;
                    };
                    match mark {
                        Mark::AsItIs => filled.push_str(value),
                        Mark::Number => filled.push_str(number(value)),
                        Mark::Translated => filled.push_str(&translate(value)),
                    }
                }
            }
        }
        filled
    }
}

/// What stands before the first place, that place, and what stands behind it.
fn next_place(text: &str) -> Option<(&str, Piece<'_>, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        let (inside, after) = from.strip_prefix('{')?.split_once('}')?;
        let (mark, name) = match (inside.strip_prefix('#'), inside.strip_prefix('~')) {
            (Some(name), _) => (Mark::Number, name),
            (_, Some(name)) => (Mark::Translated, name),
            _ => (Mark::AsItIs, inside),
        };
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        is_name.then_some((before, Piece::Place { name, mark }, after))
    })
}

/// `12` of `12 rows wait`, where Korean has its own word behind the number; the whole where it begins with none.
fn number(value: &str) -> &str {
    match value.split_once(' ') {
        Some((number, _)) if number.starts_with(|c: char| c.is_ascii_digit()) => number,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(template: &'a str, sentence: &'a str) -> Option<Vec<Value<'a>>> {
        Template::of(template).read(sentence)
    }

    #[test]
    fn a_sentence_gives_back_what_was_put_into_it() {
        assert_eq!(read("all is well", "all is well"), Some(vec![]));
        assert_eq!(read("all is well", "all is well now"), None);
        assert_eq!(
            read("{path} cannot be read: {why}", "a b cannot be read: x: y"),
            Some(vec![("path", "a b"), ("why", "x: y")])
        );
        assert_eq!(
            read("in {path}.", "in data/staging.db."),
            Some(vec![("path", "data/staging.db")])
        );
        assert_eq!(
            read("{a}, {b} and {c}", "1, 2, 3 and 4 and 5"),
            Some(vec![("a", "1"), ("b", "2, 3"), ("c", "4 and 5")])
        );
        assert_eq!(read("set{a}; b", "set; b"), Some(vec![("a", "")]));
        assert_eq!(read("x: {a}", "x:"), None);
        assert_eq!(
            read("{a} 가 {b}", "나 가 다"),
            Some(vec![("a", "나"), ("b", "다")])
        );
    }

    #[test]
    fn places_are_filled_as_they_are_marked() {
        let fill = |text, values: &[Value<'_>]| {
            Template::of(text).fill(values, |part| part.to_uppercase())
        };
        let values = [("rows", "3 rows wait"), ("why", "down")];
        assert_eq!(
            fill("{#rows}건, {~why}, {rows}", &values),
            "3건, DOWN, 3 rows wait"
        );
        // Other braces are text, and a value is not read as a template.
        assert_eq!(
            fill("{ a = 1 } {B} {why}", &[("why", "{rows}")]),
            "{ a = 1 } {B} {rows}"
        );
    }

    #[test]
    fn the_particle_is_that_of_the_value() {
        let fill =
            |value| Template::of("{x}을/를 \"{x}\"으로/로").fill(&[("x", value)], str::to_owned);
        assert_eq!(fill("삼성"), "삼성을 \"삼성\"으로");
        assert_eq!(fill("KRX"), "KRX를 \"KRX\"로");
    }
}
