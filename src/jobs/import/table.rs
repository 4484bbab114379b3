//! Reads a file as rows of text. The notation is inferred from all rows, and a file that can be read in two ways is
//! refused.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use csv::{ByteRecord, StringRecord};

use crate::domain::date_format::{DateFormat, DateHint, OddDate};
use crate::domain::number_format::{Decimal, Hint, is_nothing};
use crate::domain::table_columns::{Columns, Field, NamedColumn};

/// What the user said about a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableOptions {
    /// Columns with unusual names.
    pub(crate) columns: Vec<NamedColumn>,
    /// The notation of its numbers.
    pub(crate) decimal: Option<Decimal>,
    /// The notation of its dates.
    pub(crate) dates: Option<DateFormat>,
    /// Whether to take the close only.
    pub(crate) close_only: bool,
}

/// A row as text; empty where the file has no such column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) date: String,
    pub(super) open: String,
    pub(super) high: String,
    pub(super) low: String,
    pub(super) close: String,
    pub(super) volume: String,
    pub(super) source: String,
    pub(super) ingested_at: String,
    pub(super) currency: String,
}

/// A file, and where each asset's rows are in it. Rows are parsed asset by asset, so that only one asset is in memory.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    text: &'a str,
    delimiter: u8,
    columns: Columns,
    pub(super) decimal: Decimal,
    pub(super) dates: DateFormat,
    /// By asset, in the file's order; consecutive rows form one part. The name is empty if there is no asset column.
    parts: BTreeMap<String, Vec<Range<usize>>>,
}

impl<'a> Table<'a> {
    /// Scans a file; unknown columns are ignored.
    ///
    /// # Errors
    /// A sentence with the line and what is wrong with it, or with the option to give if the file can be read in two
    /// ways.
    pub(crate) fn read(text: &'a str, options: &TableOptions) -> Result<Self, String> {
        let (delimiter, columns, header) = find_columns(text, &options.columns)?;
        check_quotes(text, delimiter)?;
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let columns = match options.close_only {
            true => columns.close_only(),
            false => columns,
        };
        let has_header = !is_day(
            header.get(columns.of(Field::Date).unwrap_or(usize::MAX)),
            options,
        );
        columns.check(&header)?;
        let mut table = Self {
            text,
            delimiter,
            columns,
            decimal: Decimal::default(),
            dates: DateFormat::default(),
            parts: BTreeMap::new(),
        };
        let mut reader = reader(text, delimiter, has_header);
        let mut record = StringRecord::new();
        let mut hints = Hints::default();
        if has_header {
            reader.headers().map_err(|e| unreadable(&e))?;
        }
        loop {
            let start = at(reader.position());
            let line = reader.position().line();
            if !reader
                .read_record(&mut record)
                .map_err(|e| unreadable(&e))?
            {
                break;
            }
            table.add(&record, start..at(reader.position()));
            let columns = &table.columns;
            for field in [
                Field::Open,
                Field::High,
                Field::Low,
                Field::Close,
                Field::Volume,
            ] {
                hints.take_number(cell(&record, columns.of(field)), line);
            }
            hints.take_close(cell(&record, columns.of(Field::Close)), line);
            hints.take_day(cell(&record, columns.of(Field::Date)), line);
        }
        hints.check_closes()?;
        table.decimal = match options.decimal {
            Some(decimal) => decimal,
            None => hints.decimal(delimiter)?,
        };
        table.dates = match &options.dates {
            Some(dates) => dates.clone(),
            None => hints.dates()?,
        };
        Ok(table)
    }

    fn add(&mut self, record: &StringRecord, part: Range<usize>) {
        let asset = cell(record, self.columns.of(Field::Asset));
        match self.parts.get_mut(asset) {
            Some(parts) => match parts.last_mut() {
                Some(last) if last.end == part.start => last.end = part.end,
                _ => parts.push(part),
            },
            None => drop(self.parts.insert(asset.to_owned(), vec![part])),
        }
    }

    /// The assets in the file, as it calls them; an empty name if it has no asset column.
    pub(crate) fn assets(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// Whether it names the asset of each row.
    pub(crate) fn names_assets(&self) -> bool {
        self.columns.of(Field::Asset).is_some()
    }

    /// Whether it names the source of each bar.
    pub(crate) fn names_sources(&self) -> bool {
        self.columns.of(Field::Source).is_some()
    }

    /// Whether it tells when each bar was fetched.
    pub(crate) fn has_times(&self) -> bool {
        self.columns.of(Field::IngestedAt).is_some()
    }

    /// Whether it is an export of adjusted or converted prices, which are not a source's own.
    pub(crate) fn is_computed(&self) -> bool {
        self.has_times() && self.columns.of(Field::Computed).is_some()
    }

    /// The rows of an asset, by the file's name for it.
    pub(super) fn of(&self, asset: &str) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut record = StringRecord::new();
        for part in self.parts.get(asset).into_iter().flatten() {
            let text = self.text.get(part.clone()).unwrap_or_default();
            let mut reader = reader(text, self.delimiter, false);
            while reader.read_record(&mut record)? {
                rows.push(self.row(&record));
            }
        }
        Ok(rows)
    }

    fn row(&self, record: &StringRecord) -> Row {
        let text = |field| cell(record, self.columns.of(field)).to_owned();
        let number = |field| match text(field) {
            nothing if is_nothing(&nothing) => String::new(),
            number => number,
        };
        let close = number(Field::Close);
        let price = |field| match self.columns.is_close_only() {
            true => close.clone(),
            false => number(field),
        };
        Row {
            date: text(Field::Date),
            open: price(Field::Open),
            high: price(Field::High),
            low: price(Field::Low),
            volume: number(Field::Volume),
            source: text(Field::Source),
            ingested_at: text(Field::IngestedAt),
            currency: text(Field::Currency),
            close,
        }
    }
}

fn reader(text: &str, delimiter: u8, has_headers: bool) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(has_headers)
        .buffer_capacity(text.len().clamp(1, 8192))
        .from_reader(text.as_bytes())
}

/// Refuses a file that swallows its last rows in one field.
fn check_quotes(text: &str, delimiter: u8) -> Result<(), String> {
    match open_quote(text, delimiter) {
        None => Ok(()),
        Some(line) => Err(format!(
            "line {line}: a quote is opened and never closed, so that the lines below would be part of one field"
        )),
    }
}

/// The line in which a quoted field begins that the file never ends.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let (mut line, mut opened) = (1, None);
    let mut is_start = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, opened) {
            (b'"', None) if is_start => opened = Some(line),
            // Two of them are one that belongs to the text.
            (b'"', Some(_)) if bytes.peek() == Some(&b'"') => drop(bytes.next()),
            (b'"', Some(_)) => opened = None,
            _ => {}
        }
        line += usize::from(byte == b'\n');
        is_start = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r');
    }
    opened
}

/// A file split by one separator.
struct Found {
    delimiter: u8,
    columns: Result<Columns, String>,
    header: Vec<String>,
}

impl Found {
    fn by(text: &str, delimiter: u8, named: &[NamedColumn]) -> Result<Self, String> {
        let mut record = ByteRecord::new();
        let found = reader(text, delimiter, false).read_byte_record(&mut record);
        if !found.map_err(|e| unreadable(&e))? {
            return Err("it contains no bars".to_owned());
        }
        let words = record.iter().map(|word| String::from_utf8_lossy(word));
        let header: Vec<String> = words.map(|word| word.trim().to_owned()).collect();
        let words: Vec<&str> = header.iter().map(String::as_str).collect();
        Ok(Self {
            delimiter,
            columns: Columns::find(&words, named),
            header,
        })
    }

    /// How many columns are known, and how many there are.
    fn rank(&self) -> (usize, usize) {
        let known = self.columns.as_ref().map_or(0, Columns::count);
        (known, self.header.len())
    }
}

/// The separator and the columns: the separator that yields the most known columns.
fn find_columns(text: &str, named: &[NamedColumn]) -> Result<(u8, Columns, Vec<String>), String> {
    if let Some(line) = text.lines().next().filter(|line| line.starts_with("sep=")) {
        return Err(format!(
            "its first line is {line:?}, which only spreadsheets understand; remove that line"
        ));
    }
    let mut best = Found::by(text, b',', named)?;
    for delimiter in [b';', b'\t', b'|'] {
        let found = Found::by(text, delimiter, named)?;
        if found.rank() > best.rank() {
            best = found;
        }
    }
    Ok((best.delimiter, best.columns?, best.header))
}

/// Whether the first line starts with a date, so that it is not a header.
fn is_day(text: Option<&&str>, options: &TableOptions) -> bool {
    let Some(text) = text else {
        return false;
    };
    match &options.dates {
        Some(dates) => dates.day(text, None).is_some(),
        None => DateFormat::hint(text) != DateHint::Nothing,
    }
}

/// The byte offset of a position.
fn at(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// The text of a column; empty if the file lacks it. Spreadsheets mark text as `="005930"`.
fn cell(record: &StringRecord, place: Option<usize>) -> &str {
    let text = place
        .and_then(|at| record.get(at))
        .unwrap_or_default()
        .trim();
    let told = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"'));
    told.unwrap_or(text)
}

/// What is wrong with a file that is not a table, in plain words.
fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos: Some(position),
            expected_len,
            len,
        } => format!(
            "line {} has {len} fields, but the lines above have {expected_len}; a field that contains the separator needs quotes",
            position.line()
        ),
        _ => format!("it is not a table of text: {error}"),
    }
}

/// A telling text of the file, and its line.
type Witness = (String, u64);

/// What the rows reveal about the file's notation.
#[derive(Default)]
struct Hints {
    numbers: Vec<(Decimal, Witness)>,
    either_number: Option<Witness>,
    days: Vec<(DateFormat, Witness)>,
    either_day: Option<Witness>,
    /// The first date that is unreadable for a common reason.
    odd_day: Option<(OddDate, Witness)>,
    has_plain_close: bool,
    /// The first close with a currency sign.
    signed_close: Option<Witness>,
}

impl Hints {
    fn take_close(&mut self, text: &str, line: u64) {
        let is_currency = |c: char| "$€£¥₩￦₹¢원円元".contains(c);
        match text.contains(is_currency) {
            true if self.signed_close.is_none() => {
                self.signed_close = Some((text.to_owned(), line));
            }
            true => {}
            false => self.has_plain_close |= !is_nothing(text),
        }
    }

    /// Refuses a file whose closes all have a currency sign; a few of them go to quarantine like any other bad row.
    fn check_closes(&self) -> Result<(), String> {
        match &self.signed_close {
            Some((text, line)) if !self.has_plain_close => Err(format!(
                "line {line}: {text:?} has a currency sign; format the column as a plain number in the spreadsheet and save it \
                 again"
            )),
            _ => Ok(()),
        }
    }

    fn take_number(&mut self, text: &str, line: u64) {
        match Decimal::hint(text) {
            Hint::Nothing => {}
            Hint::Is(decimal) => note(&mut self.numbers, decimal, text, line),
            Hint::Either if self.either_number.is_none() => {
                self.either_number = Some((text.to_owned(), line));
            }
            Hint::Either => {}
        }
    }

    fn take_day(&mut self, text: &str, line: u64) {
        match DateFormat::hint(text) {
            DateHint::Nothing if self.odd_day.is_none() => {
                let why = OddDate::of(text);
                self.odd_day = why.map(|why| (why, (text.to_owned(), line)));
            }
            DateHint::Nothing => {}
            DateHint::Is(format) => note(&mut self.days, format, text, line),
            DateHint::Either if self.either_day.is_none() => {
                self.either_day = Some((text.to_owned(), line));
            }
            DateHint::Either => {}
        }
    }

    fn decimal(&self, delimiter: u8) -> Result<Decimal, String> {
        match (&self.numbers[..], &self.either_number) {
            ([], None) => Ok(Decimal::Point),
            // If commas separate columns, a point is not another country's thousands separator.
            ([], Some((text, _))) if delimiter == b',' && text.contains('.') => Ok(Decimal::Point),
            ([], Some((text, line))) => Err(format!(
                "line {line}: {text:?} may be thousands or have a fraction, and no other row shows which; use --decimal . if \
                 fractions follow a point, --decimal , if they follow a comma"
            )),
            ([(decimal, _)], _) => Ok(*decimal),
            ([(_, a), (_, b), ..], _) => Err(format!(
                "its numbers use two notations, {} and {}; choose one with --decimal . or --decimal ,",
                shown(a),
                shown(b)
            )),
        }
    }

    fn dates(&self) -> Result<DateFormat, String> {
        match (&self.days[..], &self.either_day) {
            ([], None) => match &self.odd_day {
                None => Ok(DateFormat::YearFirst),
                Some((OddDate::Serial, (text, line))) => Err(format!(
                    "line {line}: the date {text:?} is a spreadsheet's serial number; format the column as dates like 2026-01-31 \
                     and save it again"
                )),
                Some((OddDate::ShortYear, (text, line))) => Err(format!(
                    "line {line}: the year of {text:?} has two digits; give the order with --date-format, like %d/%m/%y"
                )),
            },
            ([], Some((text, line))) => Err(format!(
                "line {line}: {text:?} may be day and month or month and day, and no other row shows which; use --date-format \
                 {} or {}",
                pattern(text, "%d", "%m"),
                pattern(text, "%m", "%d")
            )),
            ([(format, _)], None) => Ok(format.clone()),
            ([(format @ (DateFormat::DayFirst | DateFormat::MonthFirst), _)], Some(_)) => {
                Ok(format.clone())
            }
            ([(_, a), ..], Some(b)) | ([(_, a), (_, b), ..], _) => Err(format!(
                "its dates use two notations, {} and {}; choose one with --date-format, like %Y-%m-%d",
                shown(a),
                shown(b)
            )),
        }
    }
}

/// Keeps the first witness of each kind.
fn note<T: PartialEq>(seen: &mut Vec<(T, Witness)>, what: T, text: &str, line: u64) {
    if !seen.iter().any(|(known, _)| *known == what) {
        seen.push((what, (text.to_owned(), line)));
    }
}

fn shown((text, line): &Witness) -> String {
    format!("{text:?} in line {line}")
}

/// The date pattern of a text like this one.
fn pattern(text: &str, first: &str, second: &str) -> String {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).unwrap_or('/');
    format!("{first}{separator}{second}{separator}%Y")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<'a>(text: &'a str) -> Result<Table<'a>, String> {
        Table::read(text, &TableOptions::default())
    }

    #[test]
    fn rows_are_found_again_wherever_they_stand() {
        let file = "volume,date, asset_id ,open,high,low,close,note\r\n\
             1,2026-01-05,A,1,1,1,1,\"two\r\nlines\"\r\n2,2026-01-06, A ,1,1,1,2,\r\n\r\n\
             3,2026-01-05,B,1,1,1,3,x\r\n4,2026-01-07,A,1,1,1,4,\"a \"\"quote\"\"\"";
        let table = table(file).unwrap();
        assert_eq!(table.assets().collect::<Vec<_>>(), ["A", "B"]);
        let closes = |asset| -> Vec<String> {
            let rows = table.of(asset).unwrap().into_iter();
            rows.map(|r| format!("{} {} {}", r.date, r.close, r.volume))
                .collect()
        };
        assert_eq!(
            closes("A"),
            ["2026-01-05 1 1", "2026-01-06 2 2", "2026-01-07 4 4"]
        );
        assert_eq!(closes("B"), ["2026-01-05 3 3"]);
        assert!(closes("C").is_empty());
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        for (file, decimal, dates, close) in [
            (
                "Date;Close\n31.12.2025;12,5\n",
                Decimal::Comma,
                DateFormat::DayFirst,
                "12,5",
            ),
            (
                "Datum\tClose\n2025-12-31\t1.234,5\n",
                Decimal::Comma,
                DateFormat::YearFirst,
                "1.234,5",
            ),
            (
                "date,close\n12/31/2025,\"1,234.5\"\n",
                Decimal::Point,
                DateFormat::MonthFirst,
                "1,234.5",
            ),
            (
                "일자,종가,거래량\n20251231,\"71,000\",\"1,234,567\"\n",
                Decimal::Point,
                DateFormat::YearFirst,
                "71,000",
            ),
            (
                "date,close\n2025-12-31,1.234\n",
                Decimal::Point,
                DateFormat::YearFirst,
                "1.234",
            ),
            (
                "date|close\n01/02/2025|1\n13/02/2025|1\n",
                Decimal::Point,
                DateFormat::DayFirst,
                "1",
            ),
            (
                "date,close\n2025-12-31,null\n",
                Decimal::Point,
                DateFormat::YearFirst,
                "",
            ),
            (
                "code,날짜,종가\n=\"005930\",2025. 12. 31.,5\n",
                Decimal::Point,
                DateFormat::YearFirst,
                "5",
            ),
        ] {
            let table = table(file).unwrap();
            assert_eq!((table.decimal, &table.dates), (decimal, &dates), "{file}");
            let asset = table.assets().next().unwrap();
            let rows = table.of(asset).unwrap();
            assert_eq!((&*rows[0].close, &*rows[0].open), (close, close), "{file}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_asked_about() {
        for (file, says) in [
            ("Date;Close\n2025-12-31;1.234\n", "--decimal"),
            ("Date,Close\n2025-12-31,\"71,000\"\n", "--decimal"),
            (
                "Date;Close\n2025-12-31;1.5\n2025-12-30;1,5\n",
                "two notations",
            ),
            (
                "Date,Close\n01/02/2025,5\n",
                "--date-format %d/%m/%Y or %m/%d/%Y",
            ),
            ("Date,Close\n13/02/2025,5\n02/13/2025,5\n", "two notations"),
            ("Date,Close\n2025-02-13,5\n02/03/2025,5\n", "two notations"),
            ("", "no bar"),
            (
                "Date,Close\n2025-02-13,5,6\n",
                "line 2 has 3 fields, but the lines above have 2",
            ),
            ("sep=;\nDate;Close\n2025-02-13;5\n", "remove that line"),
            ("Date,Close\n45701,5\n45702,6\n", "serial number"),
            ("Date,Close\n31/01/26,5\n", "like %d/%m/%y"),
            (
                "Date,Close\n2025-02-13,$5\n2025-02-14,$6\n",
                "a currency sign",
            ),
        ] {
            let why = table(file).unwrap_err();
            assert!(why.contains(says), "{file}: {why}");
        }
    }

    #[test]
    fn a_file_without_a_header_has_its_columns_named_by_number() {
        let options = TableOptions {
            columns: ["date=1", "close=2"]
                .map(|c| NamedColumn::parse(c).unwrap())
                .to_vec(),
            ..TableOptions::default()
        };
        let table = Table::read("2025-12-30;5\n2025-12-31;6\n", &options).unwrap();
        assert_eq!(table.of("").unwrap().len(), 2);
    }
}
