//! What a command answers, and the one place that prints it in the requested format.

use anyhow::{Context, Error, Result};
use serde::Serialize;

use crate::cli::Format;
use crate::config::ConfigError;
use crate::config::redact::Redaction;
use crate::domain::text::{brief, one_line};
use crate::output::print;
use crate::output::row::Row;
use crate::output::screen::{self, Column, Screen, fold};

/// The printed text and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// For stdout.
    pub text: String,
    /// 0 success, 1 failure, 3 partial failure.
    pub exit_code: u8,
}

/// A command's answer in any format: rows for programs, and a text for people that is built only when printed.
pub(super) struct Answer {
    content: Content,
    exit_code: u8,
    /// Columns to print even without rows, so that a reader of a CSV finds a header.
    columns: &'static [&'static str],
    /// Whether the text contains our own colours; text from others was cleaned when it was inserted.
    is_drawn: bool,
    /// Logs what the text says but the rows do not.
    beside_rows: Option<Box<dyn FnOnce()>>,
}

enum Content {
    Rows(Box<dyn Rows>),
    /// A text without rows.
    Text(String),
    /// A message about a result that is already written.
    Written(String),
}

/// Rows of any type, turned into fields or into a text.
trait Rows {
    fn rows(self: Box<Self>) -> Result<Vec<Row>>;
    fn text(self: Box<Self>, screen: Screen<'_>) -> Result<String>;
}

struct WithText<T, F> {
    rows: Vec<T>,
    text: F,
}

impl<T: Serialize, F: FnOnce(&[T], Screen<'_>) -> Result<String>> Rows for WithText<T, F> {
    fn rows(self: Box<Self>) -> Result<Vec<Row>> {
        // Converts and drops rows one by one: hundreds of thousands must not be in memory twice.
        let rows = self.rows.into_iter().map(|row| Row::of(&row));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn text(self: Box<Self>, screen: Screen<'_>) -> Result<String> {
        (self.text)(&self.rows, screen)
    }
}

impl Answer {
    /// Rows, and how to print them for people; that function runs only for people.
    pub(super) fn rows<T: Serialize + 'static>(
        rows: Vec<T>,
        text: impl FnOnce(&[T]) -> Result<String> + 'static,
    ) -> Self {
        Self::on_screen(rows, |rows, _| text(rows))
    }

    /// Rows, and how to print them for people on a screen of a given width.
    pub(super) fn on_screen<T: Serialize + 'static>(
        rows: Vec<T>,
        text: impl FnOnce(&[T], Screen<'_>) -> Result<String> + 'static,
    ) -> Self {
        Self::of(Content::Rows(Box::new(WithText { rows, text })))
    }

    /// Rows printed for people as a table of these columns.
    pub(super) fn table<T: Serialize + 'static>(rows: Vec<T>, columns: &'static [Column]) -> Self {
        Self::on_screen(rows, |rows, screen| screen::table(rows, columns, screen))
    }

    /// One row, printed for people as a sentence.
    pub(super) fn row<T: Serialize + 'static>(row: T, text: String) -> Self {
        Self::rows(vec![row], |_| Ok(text))
    }

    /// A text that is not a row; the same in every format.
    pub(super) fn text(text: String) -> Self {
        Self::of(Content::Text(text))
    }

    /// The same, from bytes that another library wrote.
    pub(super) fn utf_8(text: Vec<u8>) -> Result<Self> {
        String::from_utf8(text)
            .map(Self::text)
            .context("the text is not UTF-8")
    }

    /// A message, in every format, about a result that the command has written itself.
    pub(super) fn written(text: String) -> Self {
        Self::of(Content::Written(text))
    }

    fn of(content: Content) -> Self {
        Self {
            content,
            exit_code: 0,
            columns: &[],
            is_drawn: false,
            beside_rows: None,
        }
    }

    pub(super) fn ending(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    /// Marks the text as a drawing that may contain terminal escapes.
    pub(super) fn drawn(self) -> Self {
        Self {
            is_drawn: true,
            ..self
        }
    }

    /// The header of a CSV without rows.
    pub(super) fn with_columns(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }

    /// Logs what only the text says when rows are printed instead.
    pub(super) fn beside_rows(self, log: impl FnOnce() + 'static) -> Self {
        Self {
            beside_rows: Some(Box::new(log)),
            ..self
        }
    }

    /// Renders the answer: the one place that knows formats. Redacts secrets.
    pub(super) fn print(
        self,
        format: Format,
        screen: Screen<'_>,
        redaction: &Redaction,
    ) -> Result<Printed> {
        let taken = |rows: Box<dyn Rows>| -> Result<Vec<Row>> {
            if let Some(log) = self.beside_rows {
                log();
            }
            let rows = rows.rows()?.into_iter();
            Ok(rows.map(|row| row.redacted(redaction)).collect())
        };
        let text = match (self.content, format) {
            (Content::Rows(rows), Format::Table) => {
                let text = redaction.text(&rows.text(screen)?);
                if self.is_drawn {
                    text
                } else {
                    fold(&lines(&text, screen), screen)
                }
            }
            (Content::Rows(rows), Format::Json) => print::json(&taken(rows)?)?,
            (Content::Rows(rows), Format::Jsonl) => print::json_lines(&taken(rows)?)?,
            // The formats of `export` alone, which has written its rows by itself.
            (
                Content::Rows(rows),
                Format::Csv | Format::ExcelCsv | Format::Ledger | Format::Beancount,
            ) => print::csv(&taken(rows)?, self.columns)?,
            (Content::Text(_), Format::Jsonl) => return Err(rows_only("jsonl")),
            (Content::Text(_), Format::Csv) => return Err(rows_only("csv")),
            (Content::Text(text), _) => redaction.text(&text),
            (Content::Written(text), _) => fold(&lines(&redaction.text(&text), screen), screen),
        };
        let exit_code = self.exit_code;
        Ok(Printed { text, exit_code })
    }
}

/// A text of several lines, each of which may hold words of others. Sentences are said in the reader's language.
fn lines(text: &str, screen: Screen<'_>) -> String {
    const LONGEST_LINE: usize = 10_000;
    let lines = text.split('\n').map(|line| {
        let line = brief(line, LONGEST_LINE);
        match (line.starts_with(' '), line.strip_prefix("- ")) {
            // Of a table: fields have one name in every language.
            (true, _) => line,
            (_, Some(item)) => format!("- {}", screen.sentence(item)),
            _ => screen.sentence(&line),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn rows_only(format: &str) -> Error {
    ConfigError(format!(
        "--format {format} works only with commands that print rows"
    ))
    .into()
}

/// Appends the messages about single assets to a table.
pub(super) fn with_remarks<'a>(
    mut table: String,
    remarks: impl Iterator<Item = (&'a str, &'a str)>,
    dry_run: bool,
) -> String {
    for (asset, remark) in remarks {
        table.push_str(&format!("{}\n", one_line(&format!("{asset}: {remark}"))));
    }
    if dry_run {
        table.push_str("This was a dry run: nothing was written.\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::config::redact::SecretKind;
    use crate::output::screen::always;

    const FORMATS: [Format; 4] = [Format::Table, Format::Json, Format::Csv, Format::Jsonl];

    #[derive(Serialize)]
    struct Point {
        y: f64,
        what: String,
        marks: Vec<&'static str>,
    }

    fn point() -> Point {
        Point {
            y: 0.1,
            what: "\"password=pw\", c4n4ry".to_owned(),
            marks: vec!["a", "c4n4ry"],
        }
    }

    fn print_in(answer: Answer, format: Format, redaction: &Redaction) -> Result<Printed> {
        answer.print(format, Screen::of_stdout(false, redaction), redaction)
    }

    /// What is printed in each format; of an error what it says.
    fn printed(answer: impl Fn() -> Answer) -> [String; 4] {
        let redaction = Redaction::new([(SecretKind::Whole, "c4n4ry")]);
        FORMATS.map(|format| match print_in(answer(), format, &redaction) {
            Ok(printed) => printed.text,
            Err(error) => format!("error: {error:#}"),
        })
    }

    #[test]
    fn rows_are_printed_in_every_format_without_a_secret() {
        const COLUMNS: &[Column] = &[always("what"), always("y")];
        let table = || Answer::table(vec![point()], COLUMNS);
        assert_eq!(
            printed(table),
            [
                " what                 y\n \"password=***\", ***  0.1\n",
                "[\n  {\n    \"y\": 0.1,\n    \"what\": \"\\\"password=***\\\", ***\",\n    \"marks\": [\n      \"a\",\n      \"***\"\n    ]\n  }\n]\n",
                "y,what,marks\n0.1,\"\"\"password=***\"\", ***\",\"a, ***\"\n",
                "{\"y\":0.1,\"what\":\"\\\"password=***\\\", ***\",\"marks\":[\"a\",\"***\"]}\n",
            ]
        );
        let row = || Answer::row(point(), "It is c4n4ry.\n".to_owned());
        let [text, rest @ ..] = printed(row);
        assert_eq!((&*text, &rest[..]), ("It is ***.\n", &printed(table)[1..]));
    }

    #[test]
    fn without_rows_a_csv_has_the_header_that_is_known() {
        let none = || Answer::rows(Vec::<Point>::new(), |_| Ok("None.\n".to_owned()));
        assert_eq!(printed(none), ["None.\n", "[]\n", "", ""]);
        assert_eq!(
            printed(|| none().with_columns(&["y", "what"])),
            ["None.\n", "[]\n", "y,what\n", ""]
        );
        let one = || Answer::table(vec![point()], &[]).with_columns(&["other"]);
        assert!(printed(one)[2].starts_with("y,what,marks\n"));
    }

    #[test]
    fn a_text_has_no_rows_and_what_is_written_needs_none() {
        let text = || Answer::utf_8(b"say c4n4ry\n".to_vec()).unwrap();
        assert_eq!(
            printed(text),
            [
                "say ***\n",
                "say ***\n",
                "error: --format csv works only with commands that print rows",
                "error: --format jsonl works only with commands that print rows",
            ]
        );
        let wrong = print_in(text(), Format::Csv, &Redaction::default());
        assert!(wrong.unwrap_err().is::<ConfigError>());
        assert!(Answer::utf_8(vec![0xff]).is_err());
        let written = || Answer::written("Wrote it.\n".to_owned());
        assert_eq!(printed(written), ["Wrote it.\n"; 4]);
    }

    #[test]
    fn a_text_is_made_for_people_only_and_the_log_is_for_the_others() {
        for format in FORMATS {
            let [asked, logged] = [(); 2].map(|()| Rc::new(Cell::new(0)));
            let (a, l) = (Rc::clone(&asked), Rc::clone(&logged));
            let text = move |rows: &[Point]| {
                a.set(a.get() + rows.len());
                Ok(String::new())
            };
            let answer = Answer::rows(vec![point()], text).beside_rows(move || l.set(1));
            let printed = print_in(answer.ending(3), format, &Redaction::default());
            assert_eq!(printed.unwrap().exit_code, 3);
            let for_people = usize::from(format == Format::Table);
            assert_eq!((asked.get(), logged.get()), (for_people, 1 - for_people));
        }
    }

    #[test]
    fn what_is_no_row_is_an_error_and_no_text() {
        let answer = Answer::rows(vec![1], |_| Ok(String::new()));
        assert!(print_in(answer, Format::Json, &Redaction::default()).is_err());
    }
}
