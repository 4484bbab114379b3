//! Prints rows: as a table for people, or as JSON, JSON lines or CSV for programs.

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use super::row::Row;
use crate::domain::text::{bounded, brief, is_steering, one_line};

/// Longest text in a table cell, in characters.
const LONGEST_CELL: usize = 500;

/// Rows as a JSON array of objects, with a line end.
///
/// # Errors
/// If a row cannot be written as JSON, which would be our bug.
pub(crate) fn json<T: Serialize>(rows: &[T]) -> Result<String> {
    Ok(escaped(serde_json::to_string_pretty(rows)?) + "\n")
}

/// Rows as JSON objects, one per line.
///
/// # Errors
/// As [`json`].
pub(crate) fn json_lines<T: Serialize>(rows: &[T]) -> Result<String> {
    let mut lines = String::new();
    for row in rows {
        lines.push_str(&json_line(row)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Rows as CSV with a header, which is `columns` if there are no rows. Lists and objects in a cell are JSON.
///
/// # Errors
/// If CSV cannot contain a row, which would be our bug.
pub(crate) fn csv(rows: &[Row], columns: &[&str]) -> Result<String> {
    let mut header: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(Row::names) {
        if !header.contains(&name) {
            header.push(name);
        }
    }
    if rows.is_empty() {
        header.extend(columns);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    if !header.is_empty() {
        writer.write_record(&header)?;
    }
    for row in rows {
        writer.write_record(header.iter().map(|name| csv_cell(row.get(name))))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn csv_cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        // Line ends are quoted in CSV.
        Some(Value::String(text)) => text
            .split('\n')
            .map(one_line)
            .collect::<Vec<_>>()
            .join("\n"),
        // A list of words, separated as people write it.
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => words(list),
        Some(other) => escaped(other.to_string()),
    }
}

fn words(list: &[Value]) -> String {
    let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    one_line(&words.join(", "))
}

/// A table cell for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextCell {
    pub(crate) text: String,
    /// Whether it is right-aligned, as numbers are.
    pub(crate) is_right: bool,
}

impl TextCell {
    /// The text of a field; empty for null.
    pub(crate) fn of(value: Option<&Value>) -> Self {
        let text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => brief(text, LONGEST_CELL),
            Some(Value::Bool(yes)) => (if *yes { "yes" } else { "no" }).to_owned(),
            Some(Value::Array(list)) => bounded(&words(list), LONGEST_CELL),
            Some(other) => other.to_string(),
        };
        Self {
            text,
            is_right: matches!(value, Some(Value::Number(_))),
        }
    }
}

/// Rows as a table of some of their fields; `None` becomes an empty cell.
///
/// # Errors
/// If a row is not a struct, which would be our bug.
pub(crate) fn table<T: Serialize>(rows: &[T], columns: &[&str]) -> Result<String> {
    let rows: Vec<Row> = rows.iter().map(Row::of).collect::<Result<_, _>>()?;
    let filled = columns.iter().map(|column| {
        let title = TextCell {
            text: column.replace('_', " "),
            is_right: false,
        };
        let cells = rows.iter().map(|row| TextCell::of(row.get(column)));
        std::iter::once(title).chain(cells).collect()
    });
    Ok(self::columns(&filled.collect::<Vec<Vec<TextCell>>>()))
}

/// Columns side by side, each starting with its title.
pub(crate) fn columns(columns: &[Vec<TextCell>]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let line = |at: usize| {
        let cells = columns.iter().filter_map(move |column| column.get(at));
        cells.map(|cell| match cell.is_right {
            true => Cell::new(&cell.text).set_alignment(CellAlignment::Right),
            false => Cell::new(&cell.text),
        })
    };
    table.set_header(line(0));
    for at in 1..columns.first().map_or(0, Vec::len) {
        table.add_row(line(at));
    }
    let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// JSON without characters that steer a terminal: they can occur only in strings, where they may be written by number.
/// Control characters below U+0020 are already escaped.
fn escaped(json: String) -> String {
    if !json.contains(|c| c != '\n' && is_steering(c)) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => escaped.push(c),
            c if is_steering(c) => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A value as one line of JSON, without characters that steer a terminal.
///
/// # Errors
/// As [`json`].
pub(crate) fn json_line<T: Serialize>(value: &T) -> Result<String> {
    Ok(escaped(serde_json::to_string(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Stored {
        asset_id: &'static str,
        rows: u64,
        message: Option<&'static str>,
    }

    const ROWS: [Stored; 2] = [
        Stored {
            asset_id: "005930",
            rows: 747,
            message: None,
        },
        Stored {
            asset_id: "삼성",
            rows: 1,
            message: Some("a\n\u{1b}[31mb"),
        },
    ];

    #[test]
    fn a_table_lines_up_and_holds_no_control_characters() {
        let text = table(&ROWS, &["asset_id", "rows", "message"]).unwrap();
        assert!(
            text.lines()
                .any(|l| l.contains("005930") && l.contains("747")),
            "{text}"
        );
        assert!(
            text.contains("a  [31mb") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[derive(Serialize)]
    struct Mixed {
        z: f64,
        a: &'static str,
        n: Option<u8>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        b: Vec<f64>,
        c: Vec<&'static str>,
        o: Option<Row>,
    }

    fn mixed() -> Vec<Mixed> {
        let first = Mixed {
            z: 1.10,
            a: "x, \"y\"\n",
            n: None,
            b: vec![],
            c: vec![],
            o: None,
        };
        let second = Mixed {
            z: -0.000_001,
            a: "",
            n: Some(7),
            b: vec![1.0, 163_157_984.25],
            c: vec!["d", "e"],
            o: Row::of(&ROWS[0]).ok(),
        };
        vec![first, second]
    }

    fn rows<T: Serialize>(of: &[T]) -> Vec<Row> {
        of.iter().map(|row| Row::of(row).unwrap()).collect()
    }

    #[test]
    fn csv_keeps_the_order_the_digits_and_every_character() {
        assert_eq!(
            csv(&rows(&mixed()), &["y"]).unwrap(),
            "z,a,n,c,o,b\n1.1,\"x, \"\"y\"\"\n\",,,,\n-1e-6,,7,\"d, e\",\"{\"\"asset_id\"\":\"\"005930\"\",\"\"message\"\":null,\"\"rows\"\":747}\",\"[1.0,163157984.25]\"\n"
        );
    }

    #[test]
    fn csv_without_rows_has_the_header_that_is_known() {
        assert_eq!(csv(&[], &[]).unwrap(), "");
        assert_eq!(csv(&[], &["y", "z"]).unwrap(), "y,z\n");
    }

    #[test]
    fn json_lines_keep_the_order_of_fields_and_each_number() {
        assert_eq!(
            json_lines(&rows(&mixed())).unwrap(),
            concat!(
                r#"{"z":1.1,"a":"x, \"y\"\n","n":null,"c":[],"o":null}"#,
                "\n",
                r#"{"z":-1e-6,"a":"","n":7,"b":[1.0,163157984.25],"c":["d","e"],"o":{"asset_id":"005930","message":null,"rows":747}}"#,
                "\n"
            )
        );
        assert_eq!(json_lines::<Row>(&[]).unwrap(), "");
    }

    #[test]
    fn rows_print_the_json_of_what_they_were_made_of() {
        assert_eq!(json(&rows(&ROWS)).unwrap(), json(&ROWS).unwrap());
        let text = json(&rows(&mixed()[..1])).unwrap();
        assert_eq!(
            text,
            "[\n  {\n    \"z\": 1.1,\n    \"a\": \"x, \\\"y\\\"\\n\",\n    \"n\": null,\n    \"c\": [],\n    \"o\": null\n  }\n]\n"
        );
    }

    #[test]
    fn a_table_shows_lists_and_truths_as_words_and_numbers_at_the_right() {
        #[derive(Serialize)]
        struct Shown {
            active: bool,
            words: Vec<&'static str>,
            price: f64,
            text: &'static str,
        }
        let shown = |active, words: &[&'static str], price, text| Shown {
            active,
            words: words.to_vec(),
            price,
            text,
        };
        let all = [
            shown(true, &["a", "b"], 1.5, "7"),
            shown(false, &[], 1000.0, "10"),
        ];
        let columns = ["active", "words", "price", "text", "absent"];
        assert_eq!(
            table(&all, &columns).unwrap(),
            " active  words  price   text  absent\n yes     a, b      1.5  7\n no             1000.0  10\n"
        );
        assert_eq!(
            table::<Shown>(&[], &["some_day", "b"]).unwrap(),
            " some day  b\n"
        );
    }

    #[test]
    fn json_is_an_array_of_objects_with_the_columns_names() {
        let parsed: Value = serde_json::from_str(&json(&ROWS).unwrap()).unwrap();
        assert_eq!(parsed[0]["asset_id"], "005930");
        assert_eq!(parsed[0]["message"], Value::Null);
        assert_eq!(json::<Stored>(&[]).unwrap(), "[]\n");
    }
}
