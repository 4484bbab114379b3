//! The KRX data cache: one CSV file per index and year, `Close` before `Open`, and an incomplete bar of today at the
//! end.

use chrono::{Datelike, NaiveDate};

use super::body::{AnswerError, first_words, iso_day, path_segment};
use super::upstream::Upstream;
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar};
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// `fdr_krx_data_cache`, served raw by GitHub.
///
/// Lines are split here and not by the CSV crate: no field of this feed is quoted, and rows borrow from the body. Rows
/// of 1990–94 have a close but no open, high or low; they are returned as they are.
pub(super) struct IndexCache;

/// The file of a closed day: the text of a table without header and rows.
const EMPTY: &str = "\"\"";

impl Upstream for IndexCache {
    fn name(&self) -> &'static str {
        "krx"
    }

    fn origin(&self) -> Variable {
        Variable::origin(
            "KRX_CACHE_BASE_URL",
            "https://raw.githubusercontent.com/FinanceData/fdr_krx_data_cache/refs/heads/master",
        )
    }

    /// One file per year.
    fn parts(&self, window: Window) -> Vec<Window> {
        let first_day = |year| {
            NaiveDate::from_ymd_opt(year, 1, 1).map_or(window.start, |d| d.max(window.start))
        };
        let last_day =
            |year| NaiveDate::from_ymd_opt(year, 12, 31).map_or(window.end, |d| d.min(window.end));
        let years = window.start.year()..=window.end.year();
        years
            .map(|year| Window {
                start: first_day(year),
                end: last_day(year),
            })
            .collect()
    }

    fn url(&self, origin: &str, symbol: &str, _category: Category, part: Window) -> String {
        format!(
            "{origin}/data/index/year_{}/{}.csv",
            path_segment(symbol),
            part.start.year()
        )
    }

    fn serves_whole_files(&self) -> bool {
        true
    }

    fn recording(&self, symbol: &str, part: Window) -> String {
        format!("krx/{symbol}_{}.csv", part.start.year())
    }

    /// A body that ends inside a row is cut short. One that ends after all needed fields of a row, without a line end,
    /// is accepted: we do not use the last column (`MarCap`).
    fn parse<'a>(
        &self,
        body: &'a [u8],
        _symbol: &str,
        _calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        let text = str::from_utf8(body).map_err(|_| AnswerError::OtherShape(first_words(body)))?;
        if text.trim_end() == EMPTY {
            return Ok(Answer::default());
        }
        let mut lines = text.split_inclusive('\n');
        let header = lines.next().unwrap_or_default();
        let columns = Columns::find(header)?;
        let mut rows = Vec::new();
        for (number, line) in (2_usize..).zip(lines) {
            let content = line.trim_end();
            if !content.is_empty() {
                let is_cut = !line.ends_with('\n');
                rows.push(
                    columns
                        .bar(content)
                        .map_err(|why| broken_line(number, &why, is_cut))?,
                );
            }
        }
        Ok(Answer {
            rows,
            ..Answer::default()
        })
    }
}

/// Why a line is not a row.
enum LineFault {
    TooFew(String),
    Other(String),
}

fn broken_line(number: usize, fault: &LineFault, is_cut: bool) -> AnswerError {
    match fault {
        LineFault::TooFew(why) if is_cut => AnswerError::CutShort(format!("line {number}: {why}")),
        LineFault::TooFew(why) | LineFault::Other(why) => {
            AnswerError::OtherShape(format!("line {number}: {why}"))
        }
    }
}

/// The positions of our columns in the header, and the number of columns.
struct Columns {
    day: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: usize,
    count: usize,
}

impl Columns {
    fn find(header: &str) -> Result<Self, AnswerError> {
        let names: Vec<&str> = header.trim_end().split(',').collect();
        let at = |name: &str| {
            names
                .iter()
                .position(|n| *n == name)
                .ok_or_else(|| no_header(header))
        };
        Ok(Self {
            day: at("Date")?,
            open: at("Open")?,
            high: at("High")?,
            low: at("Low")?,
            close: at("Close")?,
            volume: at("Volume")?,
            count: names.len(),
        })
    }

    fn bar<'a>(&self, line: &'a str) -> Result<RawBar<'a>, LineFault> {
        let fields: Vec<&'a str> = line.split(',').collect();
        if line.contains('"') {
            return Err(LineFault::Other(
                "a quoted field, which this feed does not have".to_owned(),
            ));
        }
        match fields.len() {
            n if n < self.count => {
                return Err(LineFault::TooFew(format!("{n} fields of {}", self.count)));
            }
            n if n > self.count => {
                return Err(LineFault::Other(format!(
                    "{n} fields, the header has {}",
                    self.count
                )));
            }
            _ => {}
        }
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        Ok(RawBar {
            day: iso_day(field(self.day)),
            open: field(self.open),
            high: field(self.high),
            low: field(self.low),
            close: field(self.close),
            volume: field(self.volume),
            ..RawBar::default()
        })
    }
}

/// The error for a first line without our columns: a cut header, an empty body, or something else.
fn no_header(header: &str) -> AnswerError {
    let is_cut = !header.ends_with('\n') && (header.is_empty() || header.starts_with("Date,"));
    let words = first_words(header.as_bytes());
    if is_cut {
        AnswerError::CutShort(words)
    } else {
        AnswerError::OtherShape(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::RawDay;
    use crate::domain::calendar::built_in;
    use crate::sources::body::without_mark;
    use crate::sources::tests::{date, values, window};

    const HEADER: &str =
        "\u{feff}Date,Close,UpDown,Comp,Change,Open,High,Low,Volume,Amount,MarCap\n";
    const ROW: &str = "2026-03-05,831.22,1,74.43,0.0983,775.83,855.65,775.26,310627105,1,2";

    fn parse(body: &str) -> Result<Answer<'_>, AnswerError> {
        IndexCache.parse(without_mark(body.as_bytes()), "", built_in("XKRX"))
    }

    #[test]
    fn each_year_is_a_part() {
        let parts = IndexCache.parts(window("2024-12-27", "2026-01-05"));
        let years = [
            ("2024-12-27", "2024-12-31"),
            ("2025-01-01", "2025-12-31"),
            ("2026-01-01", "2026-01-05"),
        ];
        assert_eq!(parts, years.map(|(start, end)| window(start, end)));
        let one = window("2026-01-05", "2026-01-05");
        assert_eq!(IndexCache.parts(one), [one]);
        assert_eq!(
            IndexCache.parts(window("2026-01-05", "2026-01-04")).len(),
            1
        );
        assert_eq!(IndexCache.parts(window("2026-01-05", "2025-01-04")), []);
    }

    #[test]
    fn url_and_recording_name_the_year() {
        let part = window("2024-12-27", "2024-12-31");
        let url = IndexCache.url("https://krx.test", "ks200", Category::Index, part);
        assert_eq!(url, "https://krx.test/data/index/year_ks200/2024.csv");
        assert_eq!(IndexCache.recording("ks200", part), "krx/ks200_2024.csv");
    }

    #[test]
    fn the_header_says_where_the_columns_are() {
        let body = format!("{HEADER}{ROW}\r\n\r\n");
        let rows = parse(&body).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].day, RawDay::Date(date("2026-03-05")));
        assert_eq!(
            values(&rows[0]),
            ["775.83", "855.65", "775.26", "831.22", "310627105"]
        );
        let body = "Volume,Low,High,Open,Close,Date\r\n5,4,3,2,1,2026-02-31\r\n";
        let row = parse(body).unwrap().rows[0];
        assert_eq!(
            (row.day, values(&row)),
            (RawDay::Impossible("2026-02-31"), ["2", "3", "4", "1", "5"])
        );
    }

    #[test]
    fn a_closed_days_file_and_a_bare_header_are_empty() {
        for body in ["\u{feff}\"\"\n", "\u{feff}\"\"", HEADER] {
            assert_eq!(parse(body), Ok(Answer::default()), "{body:?}");
        }
    }

    #[test]
    fn what_is_not_the_feed_is_said() {
        let other = |body: &str| match parse(body) {
            Err(AnswerError::OtherShape(words)) => words,
            answer => panic!("{answer:?}"),
        };
        assert_eq!(other("<!DOCTYPE html>\n<html>"), "<!DOCTYPE html>");
        assert_eq!(other("404: Not Found"), "404: Not Found");
        assert_eq!(other("Date,Close\n2026-03-05,1\n"), "Date,Close");
        assert_eq!(
            other(&format!("{HEADER}{ROW}\n2026-03-06,1\n{ROW}\n")),
            "line 3: 2 fields of 11"
        );
        assert_eq!(
            other(&format!("{HEADER}{ROW},1\n")),
            "line 2: 12 fields, the header has 11"
        );
        assert!(
            other(&format!("{HEADER}\"2026-03-05\",831.22\n"))
                .starts_with("line 2: a quoted field")
        );
        let not_utf8 = IndexCache.parse(b"\xff\xfe", "", built_in("XKRX"));
        assert!(
            matches!(not_utf8, Err(AnswerError::OtherShape(_))),
            "{not_utf8:?}"
        );
    }

    #[test]
    fn a_cut_inside_our_columns_is_seen() {
        let body = format!("{HEADER}{ROW}\n");
        let start = HEADER.len();
        let last_comma = start + ROW.rfind(',').unwrap();
        for at in (start + 1)..=last_comma {
            assert!(
                matches!(parse(&body[..at]), Err(AnswerError::CutShort(_))),
                "cut at {at}"
            );
        }
        for cut in ["", "\u{feff}", "\u{feff}Date,Close,UpD"] {
            assert!(matches!(parse(cut), Err(AnswerError::CutShort(_))), "{cut}");
        }
        assert_eq!(parse(&body[..body.len() - 1]).unwrap().rows.len(), 1);
    }
}
