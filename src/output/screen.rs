//! Fits tables and sentences to the screen: leaves out columns that do not fit, shortens or folds long texts.

use anyhow::Result;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::print::{self, TextCell};
use super::row::Row;
use super::terminal::Terminal;
use crate::config::redact::Redaction;
use crate::domain::language::Language;

/// Where a result is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen<'a> {
    /// Width in characters; `None` to show every column of a table.
    width: Option<usize>,
    /// Whether to fold sentences: not for programs and files.
    folds: bool,
    /// Whether to use only ASCII.
    ascii: bool,
    /// In which sentences are read; tables have the names of fields in every one.
    language: Language,
    /// What of a text must not be shown: looked for before it is shortened, so that no part of it stays.
    redaction: &'a Redaction,
}

impl<'a> Screen<'a> {
    /// Stdout; with `wide`, as wide as needed.
    #[must_use]
    pub(crate) fn of_stdout(wide: bool, redaction: &'a Redaction) -> Self {
        let terminal = Terminal::of_stdout();
        Self {
            width: (!wide).then_some(terminal.width),
            folds: !wide && terminal.has_width,
            ascii: terminal.style.ascii,
            language: Language::English,
            redaction,
        }
    }

    /// The same for who reads this language.
    #[must_use]
    pub(crate) fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// A sentence in the reader's language.
    #[must_use]
    pub(crate) fn sentence(self, english: &str) -> String {
        self.language.sentence(english)
    }

    /// What a text may show.
    #[must_use]
    pub(crate) fn redacted(self, text: &str) -> String {
        self.redaction.text(text)
    }

    /// Width available for a drawing.
    #[must_use]
    pub(crate) fn room(self, wide: usize) -> usize {
        self.width.unwrap_or(wide)
    }

    /// The same, with only ASCII if `ascii` is set.
    #[must_use]
    pub(crate) fn or_ascii(self, ascii: bool) -> Self {
        Self {
            ascii: self.ascii || ascii,
            ..self
        }
    }

    /// Whether to use only ASCII.
    #[must_use]
    pub(crate) fn is_ascii(self) -> bool {
        self.ascii
    }
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Always,
    /// If there is room; earlier columns come first.
    IfAny,
    /// Always, but shortened down to this many characters.
    Shortened(usize),
}

/// A column of a table for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// The field of the row.
    name: &'static str,
    /// Its title, if not the name.
    title: Option<&'static str>,
    room: Room,
    /// Whether its texts are numbers, which are right-aligned.
    is_number: bool,
}

/// A column that is always shown.
pub(crate) const fn always(name: &'static str) -> Column {
    Column {
        name,
        title: None,
        room: Room::Always,
        is_number: false,
    }
}

/// A column that is shown if there is room, or with `--wide`.
pub(crate) const fn if_room(name: &'static str) -> Column {
    Column {
        room: Room::IfAny,
        ..always(name)
    }
}

/// A text column that is shortened if there is no room, down to `least` characters.
pub(crate) const fn shortened(name: &'static str, least: usize) -> Column {
    Column {
        room: Room::Shortened(least),
        ..always(name)
    }
}

impl Column {
    /// The same with another title.
    pub(crate) const fn titled(self, title: &'static str) -> Self {
        Self {
            title: Some(title),
            ..self
        }
    }

    /// The same, with right-aligned numbers.
    pub(crate) const fn number(self) -> Self {
        Self {
            is_number: true,
            ..self
        }
    }

    fn title(&self) -> String {
        self.title
            .map_or_else(|| self.name.replace('_', " "), str::to_owned)
    }
}

/// Blanks around a cell.
const AROUND: usize = 2;

/// A column with its cells, title first.
struct Filled {
    column: Column,
    cells: Vec<TextCell>,
    /// Width of the widest cell.
    widest: usize,
    /// Width as shown; `None` if there is no room.
    shown: Option<usize>,
}

/// Rows as a table of these columns, as many as fit the screen.
///
/// # Errors
/// If a row is not a struct, which would be our bug.
pub(crate) fn table<T: Serialize>(
    rows: &[T],
    columns: &[Column],
    screen: Screen<'_>,
) -> Result<String> {
    let rows: Vec<Row> = rows.iter().map(Row::of).collect::<Result<_, _>>()?;
    let filled = columns.iter().map(|column| fill(*column, &rows, screen));
    let mut filled: Vec<Filled> = filled.collect();
    fit(&mut filled, screen.width);
    let shown = filled.iter().filter_map(|f| Some((f, f.shown?)));
    let shown = shown.map(|(f, width)| {
        let cells = f.cells.iter().map(|cell| TextCell {
            text: shorten(&cell.text, width, screen.ascii),
            ..*cell
        });
        cells.collect::<Vec<_>>()
    });
    Ok(print::columns(&shown.collect::<Vec<_>>()))
}

fn fill(column: Column, rows: &[Row], screen: Screen<'_>) -> Filled {
    let title = TextCell {
        text: column.title(),
        is_right: column.is_number,
    };
    let cells = rows.iter().map(|row| {
        let cell = TextCell::of(row.get(column.name));
        TextCell {
            text: screen.redacted(&cell.text),
            is_right: cell.is_right || column.is_number,
        }
    });
    let cells: Vec<TextCell> = std::iter::once(title).chain(cells).collect();
    let widest = cells.iter().map(|c| c.text.width()).max().unwrap_or(0);
    Filled {
        column,
        cells,
        widest,
        shown: None,
    }
}

/// Decides which columns are shown, and how wide.
fn fit(columns: &mut [Filled], width: Option<usize>) {
    let mut left = width.unwrap_or(usize::MAX);
    for column in columns.iter_mut() {
        let least = match column.column.room {
            Room::IfAny => continue,
            Room::Always => column.widest,
            Room::Shortened(least) => column.widest.min(least.max(column.column.title().width())),
        };
        column.shown = Some(least);
        left = left.saturating_sub(least + AROUND);
    }
    // Lengthening a shortened text is worth more than another column, and the last text most: the first is a name.
    for column in columns.iter_mut().rev() {
        if let (Room::Shortened(_), Some(shown)) = (column.column.room, column.shown) {
            let more = (column.widest - shown).min(left);
            column.shown = Some(shown + more);
            left -= more;
        }
    }
    for column in columns {
        if column.column.room == Room::IfAny && column.widest + AROUND <= left {
            column.shown = Some(column.widest);
            left -= column.widest + AROUND;
        }
    }
}

/// The start of a text wider than `width`, with a mark that something is left out.
fn shorten(text: &str, width: usize, ascii: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mark = if ascii { "..." } else { "…" };
    let mut left = width.saturating_sub(mark.width());
    let fits = |c: &char| {
        let width = c.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(if fits { width } else { left });
        fits
    };
    let begin: String = text.chars().take_while(fits).collect();
    format!("{}{mark}", begin.trim_end())
}

/// Folds lines at blanks, so that words stay whole, and indents the continuation. Table lines, which start with a
/// blank, are kept.
#[must_use]
pub(crate) fn fold(text: &str, screen: Screen<'_>) -> String {
    let Some(width) = screen.width.filter(|_| screen.folds) else {
        return text.to_owned();
    };
    let lines = text.split('\n').map(|line| fold_line(line, width));
    lines.collect::<Vec<_>>().join("\n")
}

/// Indentation of a continued sentence.
const FURTHER_IN: usize = 2;

fn fold_line(line: &str, width: usize) -> String {
    let begin = line.len() - line.trim_start_matches(' ').len();
    let gap = line.trim_start_matches(' ').find("  ");
    // A table, or a list whose texts start after a gap.
    let further_in = match (begin, gap) {
        (1, _) => return line.to_owned(),
        _ => begin + FURTHER_IN,
    };
    if line.width() <= width || gap.is_some() {
        return line.to_owned();
    }
    let mut folded = " ".repeat(begin);
    let mut used = begin;
    let mut is_first = true;
    for word in line.split_whitespace() {
        let needed = word.width() + usize::from(!is_first);
        if !is_first && used + needed > width {
            folded.push('\n');
            folded.push_str(&" ".repeat(further_in));
            folded.push_str(word);
            used = further_in + word.width();
        } else {
            if !is_first {
                folded.push(' ');
            }
            folded.push_str(word);
            used += needed;
        }
        is_first = false;
    }
    folded
}

/// A text that starts at a column and continues there.
#[must_use]
pub(crate) fn hang(text: &str, at: usize, screen: Screen<'_>) -> String {
    let Some(width) = screen.width.filter(|_| screen.folds) else {
        return text.to_owned();
    };
    let folded = fold_line(text, width.saturating_sub(at).max(FURTHER_IN + 1));
    let mut lines = folded.lines().map(str::trim_start);
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| {
        format!("{text}\n{}{line}", " ".repeat(at))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::config::redact::SecretKind;

    #[derive(Clone, Copy, Serialize)]
    struct Asset {
        id: &'static str,
        name: &'static str,
        rows: u64,
        note: &'static str,
    }

    const ROWS: [Asset; 2] = [
        Asset {
            id: "005930",
            name: "삼성전자우선주",
            rows: 747,
            note: "first",
        },
        Asset {
            id: "SOXL",
            name: "Direxion Daily Semiconductor Bull 3X",
            rows: 1,
            note: "second",
        },
    ];
    const COLUMNS: [Column; 4] = [
        always("id"),
        shortened("name", 8),
        always("rows"),
        if_room("note"),
    ];

    fn screen(width: usize) -> Screen<'static> {
        static SECRET: LazyLock<Redaction> =
            LazyLock::new(|| Redaction::new([(SecretKind::Whole, "c4n4ry-of-this-test")]));
        Screen {
            width: Some(width),
            folds: true,
            ascii: false,
            language: Language::English,
            redaction: &SECRET,
        }
    }

    #[test]
    fn a_table_is_never_wider_than_its_screen_and_says_all_where_there_is_room() {
        let wide = Screen {
            width: None,
            ..screen(0)
        };
        let all = table(&ROWS, &COLUMNS, wide).unwrap();
        assert!(
            all.contains("Semiconductor Bull 3X") && all.contains("second"),
            "{all}"
        );
        assert_eq!(table(&ROWS, &COLUMNS, screen(200)).unwrap(), all);
        for width in 28..100 {
            let text = table(&ROWS, &COLUMNS, screen(width)).unwrap();
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
            assert!(text.contains("747"), "{text}");
        }
        let narrow = table(&ROWS, &COLUMNS, screen(28)).unwrap();
        assert!(
            narrow.contains("Direxion Da…") && narrow.contains("삼성전자우…"),
            "{narrow}"
        );
        assert!(!narrow.contains("note"), "{narrow}");
    }

    #[test]
    fn nothing_of_a_secret_stays_where_a_text_is_shortened() {
        let rows = [Asset {
            name: "by c4n4ry-of-this-test",
            ..ROWS[0]
        }];
        for width in 24..60 {
            let text = table(&rows, &COLUMNS, screen(width)).unwrap();
            assert!(!text.contains("c4"), "{width}: {text}");
        }
    }

    #[test]
    fn a_sentence_is_folded_between_words_and_a_table_is_not() {
        let text = " a table  stays as it is\nKS200: one two three four\n- five six seven";
        let folded = " a table  stays as it is\nKS200: one two\n  three four\n- five six seven";
        assert_eq!(fold(text, screen(16)), folded);
        let wide = Screen {
            folds: false,
            ..screen(16)
        };
        assert_eq!(fold(text, wide), text);
        assert_eq!(hang("one two three", 6, screen(14)), "one two\n      three");
        // A word has no place to break.
        assert_eq!(fold(&"x".repeat(20), screen(16)), "x".repeat(20));
    }
}
