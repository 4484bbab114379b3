//! Cells of a CSV file as Excel keeps them.
//!
//! Excel reads a cell as a number, a day or a formula where it can: `005930` loses its zeros, `MAR1` becomes a day, and a name that
//! begins with `=` is run. A formula that is nothing but a quoted text stays that text.

use serde_json::Value;

use crate::domain::digits::shortest;
use crate::domain::number_format::Decimal;

/// The mark of UTF-8, without which Excel takes a file for one in the code page of the system.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What separates cells, by the decimal mark of the person's Excel.
#[must_use]
pub(crate) fn delimiter(decimal: Decimal) -> u8 {
    match decimal {
        Decimal::Point => b',',
        Decimal::Comma => b';',
    }
}

/// A text that stays as it is, whatever it looks like.
#[must_use]
pub(crate) fn text(text: &str) -> String {
    let is_word = text.starts_with(char::is_alphabetic)
        && !text.contains(|c: char| c.is_ascii_digit() || c.is_control())
        && !["TRUE", "FALSE"].contains(&text.to_uppercase().as_str());
    match text.is_empty() || is_word {
        true => text.to_owned(),
        false => format!("=\"{}\"", text.replace('"', "\"\"")),
    }
}

/// A value of a column. Days and times are left to Excel, which reads days as such.
#[must_use]
pub(crate) fn cell(column: &str, value: &Value, decimal: Decimal) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => (if *yes { "TRUE" } else { "FALSE" }).to_owned(),
        Value::String(day) if matches!(column, "date" | "ingested_at") => day.clone(),
        Value::String(name) => text(name),
        Value::Number(number) => {
            let digits = match number.as_i64() {
                Some(count) => count.to_string(),
                None => number.as_f64().map_or_else(String::new, shortest),
            };
            match decimal {
                Decimal::Point => digits,
                Decimal::Comma => digits.replace('.', ","),
            }
        }
        other => text(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_excel_would_change_stays_a_text() {
        for (text_, kept) in [
            ("005930", "=\"005930\""),
            ("MAR1", "=\"MAR1\""),
            ("1E5", "=\"1E5\""),
            ("TRUE", "=\"TRUE\""),
            ("=cmd|' /C calc'!A0", "=\"=cmd|' /C calc'!A0\""),
            ("+1", "=\"+1\""),
            ("@SUM(A1)", "=\"@SUM(A1)\""),
            ("-", "=\"-\""),
            ("a\"1", "=\"a\"\"1\""),
            (" x", "=\" x\""),
            ("SOXL", "SOXL"),
            ("GC=F", "GC=F"),
            ("삼성전자", "삼성전자"),
            ("", ""),
        ] {
            assert_eq!(text(text_), kept);
        }
    }

    #[test]
    fn numbers_have_the_decimal_mark_of_the_reader_and_days_are_days() {
        let of = |column: &str, value: Value| {
            [Decimal::Point, Decimal::Comma].map(|d| cell(column, &value, d))
        };
        assert_eq!(
            of("close", json!(181.470_001_220_703_12)),
            ["181.47", "181,47"]
        );
        assert_eq!(of("close", json!(152_100.0)), ["152100", "152100"]);
        assert_eq!(of("close", json!(1e-9)), ["0.000000001", "0,000000001"]);
        assert_eq!(of("volume", json!(22_762_497)), ["22762497", "22762497"]);
        assert_eq!(of("volume", Value::Null), ["", ""]);
        assert_eq!(of("is_final", json!(true)), ["TRUE", "TRUE"]);
        assert_eq!(of("date", json!("2026-01-23")), ["2026-01-23"; 2]);
        assert_eq!(of("asset_id", json!("005930")), ["=\"005930\""; 2]);
    }
}
