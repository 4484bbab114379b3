//! Facts as a table for people or as JSON for programs.

use std::fmt;

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Rows as a JSON array of objects, and a line end.
///
/// # Errors
/// When a row is no JSON object, which would be a mistake of ours.
pub fn json<T: Serialize>(rows: &[T]) -> Result<String> {
    Ok(serde_json::to_string_pretty(rows)? + "\n")
}

/// JSON rows, as [`json`] makes them, as CSV with a header, which is `columns` where there are no rows. A list or an object in a
/// cell stays JSON.
///
/// # Errors
/// When the text is no JSON array of objects.
pub fn csv(json: &str, columns: &[&str]) -> Result<String> {
    let rows: Vec<Fields> = serde_json::from_str(json)?;
    let mut header: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.0) {
        if !header.contains(&name.as_str()) {
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
    for row in &rows {
        let cell = |name: &&str| row.0.iter().find(|f| f.0 == **name).map(|f| csv_cell(&f.1));
        writer.write_record(header.iter().map(|name| cell(name).unwrap_or_default()))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// JSON rows, as [`json`] makes them, one object a line.
///
/// # Errors
/// When the text is no JSON array of objects.
pub fn json_lines(json: &str) -> Result<String> {
    let rows: Vec<Fields> = serde_json::from_str(json)?;
    let mut lines = String::new();
    for row in &rows {
        let field = |(name, value): &(String, Box<RawValue>)| {
            let value = match value.get() {
                // Printed over several lines.
                list if list.starts_with(['[', '{']) => {
                    serde_json::from_str::<Value>(list)?.to_string()
                }
                scalar => scalar.to_owned(),
            };
            Ok(format!("{}:{value}", Value::from(name.as_str())))
        };
        let fields: Vec<String> = row.0.iter().map(field).collect::<Result<_>>()?;
        lines.push_str(&format!("{{{}}}\n", fields.join(",")));
    }
    Ok(lines)
}

fn csv_cell(value: &RawValue) -> String {
    match serde_json::from_str(value.get()) {
        Ok(Value::Null) => String::new(),
        Ok(Value::String(text)) => text,
        // A list of words as people write one.
        Ok(Value::Array(list)) if list.iter().all(Value::is_string) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            words.join(", ")
        }
        Ok(list @ (Value::Array(_) | Value::Object(_))) => list.to_string(),
        // A number's own digits.
        _ => value.get().to_owned(),
    }
}

/// The fields of a JSON object in their order, each value as it is written.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Rows as a table of some of their fields; `None` leaves an empty cell.
///
/// # Errors
/// As [`json`].
pub fn table<T: Serialize>(rows: &[T], columns: &[&str]) -> Result<String> {
    table_aligned(rows, columns, &[])
}

/// A table with some columns of texts that are numbers, which stand at the right like numbers.
///
/// # Errors
/// As [`json`].
pub fn table_aligned<T: Serialize>(
    rows: &[T],
    columns: &[&str],
    numbers: &[&str],
) -> Result<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|c| c.replace('_', " ")));
    for (at, _) in columns
        .iter()
        .enumerate()
        .filter(|(_, c)| numbers.contains(c))
    {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for row in rows {
        let row = serde_json::to_value(row)?;
        table.add_row(
            columns
                .iter()
                .map(|c| cell(row.get(*c).unwrap_or(&Value::Null))),
        );
    }
    let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
    Ok(lines.join("\n") + "\n")
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::new(""),
        Value::String(text) => Cell::new(one_line(text)),
        Value::Bool(yes) => Cell::new(if *yes { "yes" } else { "no" }),
        Value::Array(values) => Cell::new(
            values
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        other => Cell::new(other).set_alignment(CellAlignment::Right),
    }
}

/// A text in one line: a source's words may hold line ends and control characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        asset_id: &'static str,
        rows: u64,
        message: Option<&'static str>,
    }

    const ROWS: [Row; 2] = [
        Row {
            asset_id: "005930",
            rows: 747,
            message: None,
        },
        Row {
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

    #[test]
    fn csv_keeps_the_order_the_digits_and_every_character() {
        let json = "[{\"z\":1.10,\"a\":\"x, \\\"y\\\"\",\"n\":null},{\"z\":-0.000001,\"b\":[1,2],\"c\":[\"d\",\"e\"],\"f\":[]}]";
        assert_eq!(
            csv(json, &["y"]).unwrap(),
            "z,a,n,b,c,f\n1.10,\"x, \"\"y\"\"\",,,,\n-0.000001,,,\"[1,2]\",\"d, e\",\n"
        );
        assert_eq!(csv("[]\n", &[]).unwrap(), "");
        assert_eq!(csv("[]\n", &["y", "z"]).unwrap(), "y,z\n");
        assert!(csv("CREATE TABLE x", &[]).is_err());
    }

    #[test]
    fn json_lines_keep_the_order_of_fields_and_each_number() {
        let json = "[\n {\"b\": 1.50,\n \"a\": [\n 1,\n \"x\\ny\"\n]}, {\"b\": null}]";
        assert_eq!(
            json_lines(json).unwrap(),
            "{\"b\":1.50,\"a\":[1,\"x\\ny\"]}\n{\"b\":null}\n"
        );
        assert_eq!(json_lines("[]").unwrap(), "");
        assert!(json_lines("not rows").is_err());
    }

    #[test]
    fn json_is_an_array_of_objects_with_the_columns_names() {
        let parsed: Value = serde_json::from_str(&json(&ROWS).unwrap()).unwrap();
        assert_eq!(parsed[0]["asset_id"], "005930");
        assert_eq!(parsed[0]["message"], Value::Null);
        assert_eq!(json::<Row>(&[]).unwrap(), "[]\n");
    }
}
