//! JSON of a user-defined source: a list of objects or of lists, or an object by day.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::body::{AnswerError, first_words, json_error, json_start, json_text};
use super::complaint;
use super::fields::{day_of, named};
use crate::domain::answer::{RawBar, RawDay};
use crate::domain::column::Column;
use crate::domain::number_format::is_nothing;
use crate::domain::user_source::UserSource;

/// The column that stands for the key of a row in an object by day.
const ROW_KEY: &str = "*";

/// A key as written in the body.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

type Object<'a> = BTreeMap<Key<'a>, &'a RawValue>;

/// The rows of an answer.
///
/// # Errors
/// If it has no such list, or an error instead.
pub(super) fn rows<'a>(
    source: &UserSource,
    body: &'a [u8],
    symbol: &str,
    path: Option<&str>,
) -> Result<Vec<RawBar<'a>>, AnswerError> {
    let document: &'a RawValue = serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
    let path = path.unwrap_or_default().replace("{symbol}", symbol);
    let found = find(document, &path);
    let list = match found.map(|list| (list, json_start(list.get().as_bytes()))) {
        Some((list, Some(b'['))) => items(list)?,
        Some((list, Some(b'{'))) if is_row_key(&source.date) => {
            // An error can have the shape of a row.
            if let Some(error) = complaint::of_empty(document.get()) {
                return Err(error);
            }
            entries(list)?
        }
        Some((list, _)) if list.get() == "null" => Vec::new(),
        _ => return Err(no_list(source, document, &path)),
    };
    if list.is_empty()
        && let Some(error) = complaint::of_empty(document.get())
    {
        return Err(error);
    }
    let columns = Columns::of(source, symbol);
    let rows: Vec<Row<'a>> = list
        .into_iter()
        .map(|(key, value)| Row::of(key, value))
        .collect();
    columns.check(&rows)?;
    Ok(rows.iter().map(|row| columns.bar(source, row)).collect())
}

fn is_row_key(column: &Column) -> bool {
    matches!(column, Column::Name(name) if name == ROW_KEY)
}

/// The error if there is no list.
fn no_list(source: &UserSource, document: &RawValue, path: &str) -> AnswerError {
    if let Some(error) = complaint::of_json(document.get()) {
        return error;
    }
    let there = match object(document) {
        Some(object) => {
            let keys = object.keys().take(8).map(|key| &*key.0);
            format!("its keys are {}", keys.collect::<Vec<_>>().join(", "))
        }
        None => first_words(document.get().as_bytes()),
    };
    let advice = match is_row_key(&source.date) {
        true => "",
        false => "; for an object with a key for each day, date = \"*\"",
    };
    let place = match path {
        "" => "the answer is not a list".to_owned(),
        path => format!("no list at rows = {path:?}"),
    };
    AnswerError::OtherShape(first_words(format!("{place}; {there}{advice}").as_bytes()))
}

fn object<'a>(value: &'a RawValue) -> Option<Object<'a>> {
    (json_start(value.get().as_bytes()) == Some(b'{'))
        .then(|| serde_json::from_str(value.get()).ok())
        .flatten()
}

/// The value at a path of keys and of list positions starting at 1. A key may contain full stops.
fn find<'a>(value: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    if path.is_empty() {
        return Some(value);
    }
    if json_start(value.get().as_bytes()) == Some(b'[') {
        let (place, rest) = path.split_once('.').unwrap_or((path, ""));
        let list: Vec<&'a RawValue> = serde_json::from_str(value.get()).ok()?;
        let item = list.get(place.parse::<usize>().ok()?.checked_sub(1)?)?;
        return find(item, rest);
    }
    find_in(&object(value)?, path)
}

fn find_in<'a>(object: &Object<'a>, path: &str) -> Option<&'a RawValue> {
    let get = |name: &str| object.get(&Key(Cow::Borrowed(name))).copied();
    get(path).or_else(|| {
        let mut stops = path.match_indices('.').map(|(at, _)| path.split_at(at));
        stops.find_map(|(head, rest)| find(get(head)?, rest.get(1..)?))
    })
}

/// Rows with their keys, if they have any.
type Rows<'a> = Vec<(Option<&'a str>, &'a RawValue)>;

fn items<'a>(list: &'a RawValue) -> Result<Rows<'a>, AnswerError> {
    let items: Vec<&'a RawValue> = serde_json::from_str(list.get())
        .map_err(|e| AnswerError::OtherShape(first_words(e.to_string().as_bytes())))?;
    Ok(items.into_iter().map(|value| (None, value)).collect())
}

fn entries<'a>(list: &'a RawValue) -> Result<Rows<'a>, AnswerError> {
    let entries: Object<'a> = serde_json::from_str(list.get())
        .map_err(|e| AnswerError::OtherShape(first_words(e.to_string().as_bytes())))?;
    let key = |key: Key<'a>| match key.0 {
        Cow::Borrowed(text) => text,
        // Dates contain no escapes.
        Cow::Owned(_) => "",
    };
    Ok(entries
        .into_iter()
        .map(|(k, value)| (Some(key(k)), value))
        .collect())
}

/// One row, taken apart.
struct Row<'a> {
    key: Option<&'a str>,
    values: Values<'a>,
}

enum Values<'a> {
    Object(Object<'a>),
    List(Vec<&'a RawValue>),
    /// A single value, the first column of its row.
    One(&'a RawValue),
}

impl<'a> Row<'a> {
    fn of(key: Option<&'a str>, value: &'a RawValue) -> Self {
        let values = match json_start(value.get().as_bytes()) {
            Some(b'{') => object(value).map(Values::Object),
            Some(b'[') => serde_json::from_str(value.get()).ok().map(Values::List),
            _ => None,
        };
        Self {
            key,
            values: values.unwrap_or(Values::One(value)),
        }
    }

    fn value(&self, column: &Column) -> Option<&'a RawValue> {
        match (&self.values, column) {
            (Values::Object(object), Column::Name(name)) => find_in(object, name),
            (Values::List(list), Column::Number(number)) => {
                list.get(number.checked_sub(1)?).copied()
            }
            (Values::One(value), Column::Number(1)) => Some(value),
            _ => None,
        }
    }

    /// The text of a column; empty if the source marks it as missing.
    fn text(&self, column: &Column) -> &'a str {
        let text = json_text(self.value(column)).trim();
        if is_nothing(text) { "" } else { text }
    }

    fn shape(&self) -> String {
        match &self.values {
            Values::Object(object) => {
                let keys = object.keys().take(12).map(|key| &*key.0);
                format!("the first row has {}", keys.collect::<Vec<_>>().join(", "))
            }
            Values::List(list) => format!("the first row is a list of {}", list.len()),
            Values::One(value) => format!("the first row is {}", value.get()),
        }
    }
}

/// The columns of a definition, for one symbol.
struct Columns<'s> {
    date: Cow<'s, Column>,
    others: Option<[Cow<'s, Column>; 3]>,
    close: Cow<'s, Column>,
    volume: Option<Cow<'s, Column>>,
}

impl<'s> Columns<'s> {
    fn of(source: &'s UserSource, symbol: &str) -> Self {
        let named = |column: &'s Column| named(column, symbol);
        Self {
            date: named(&source.date),
            others: source
                .others
                .as_ref()
                .map(|others| others.each_ref().map(named)),
            close: named(&source.close),
            volume: source.volume.as_ref().map(named),
        }
    }

    /// Refuses rows if none of them has a certain column: they have another format. The volume may be missing.
    fn check(&self, rows: &[Row<'_>]) -> Result<(), AnswerError> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let date = Some(&self.date).filter(|date| !is_row_key(date));
        let all = self
            .others
            .iter()
            .flatten()
            .chain(date)
            .chain([&self.close]);
        for column in all {
            if rows.iter().all(|row| row.value(column).is_none()) {
                let words = format!("no row has the column {column}; {}", first.shape());
                return Err(AnswerError::OtherShape(first_words(words.as_bytes())));
            }
        }
        Ok(())
    }

    fn bar<'a>(&self, source: &UserSource, row: &Row<'a>) -> RawBar<'a> {
        let close = row.text(&self.close);
        let [open, high, low] = match &self.others {
            Some(others) => others.each_ref().map(|column| row.text(column)),
            None => [close; 3],
        };
        RawBar {
            day: self.day(source, row),
            open,
            high,
            low,
            close,
            volume: self.volume.as_ref().map_or("", |column| row.text(column)),
            ..RawBar::default()
        }
    }

    fn day<'a>(&self, source: &UserSource, row: &Row<'a>) -> RawDay<'a> {
        match row.key.filter(|_| is_row_key(&self.date)) {
            Some(key) => day_of(source, key),
            None => day_of(source, row.text(&self.date)),
        }
    }
}
