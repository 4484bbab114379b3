//! Facts as a table for people or as JSON for programs.

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

/// Rows as a JSON array of objects, and a line end.
///
/// # Errors
/// When a row is no JSON object, which would be a mistake of ours.
pub fn json<T: Serialize>(rows: &[T]) -> Result<String> {
    Ok(serde_json::to_string_pretty(rows)? + "\n")
}

/// Rows as a table of some of their fields; `None` leaves an empty cell.
///
/// # Errors
/// As [`json`].
pub fn table<T: Serialize>(rows: &[T], columns: &[&str]) -> Result<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|c| c.replace('_', " ")));
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
fn one_line(text: &str) -> String {
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
    fn json_is_an_array_of_objects_with_the_columns_names() {
        let parsed: Value = serde_json::from_str(&json(&ROWS).unwrap()).unwrap();
        assert_eq!(parsed[0]["asset_id"], "005930");
        assert_eq!(parsed[0]["message"], Value::Null);
        assert_eq!(json::<Row>(&[]).unwrap(), "[]\n");
    }
}
