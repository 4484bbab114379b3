//! Recognises the columns of a user's table by their usual headers.

use super::column::Column;

/// The content of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Asset,
    Date,
    Open,
    High,
    Low,
    Close,
    Volume,
    Source,
    IngestedAt,
    Currency,
    /// Marks an export with computed prices.
    Computed,
}

impl Field {
    const ALL: [Self; 11] = [
        Self::Asset,
        Self::Date,
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::Volume,
        Self::Source,
        Self::IngestedAt,
        Self::Currency,
        Self::Computed,
    ];

    /// The lower-case headers of such a column, ours first. Adjusted closes do not count as closes.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Asset => &[
                "asset_id",
                "asset",
                "symbol",
                "ticker",
                "code",
                "종목코드",
                "단축코드",
                "코드",
            ],
            Self::Date => &[
                "date",
                "day",
                "datum",
                "trade date",
                "trade_date",
                "datetime",
                "timestamp",
                "time",
                "날짜",
                "일자",
                "거래일자",
                "거래일",
                "기준일자",
                "기준일",
                "영업일",
            ],
            Self::Open => &["open", "opening price", "시가"],
            Self::High => &["high", "고가"],
            Self::Low => &["low", "저가"],
            Self::Close => &[
                "close",
                "closing price",
                "close/last",
                "종가",
                "price",
                "last",
                "nav",
                "기준가",
                "기준가격",
                "현재가",
            ],
            Self::Volume => &["volume", "vol", "vol.", "거래량"],
            Self::Source => &["source"],
            Self::IngestedAt => &["ingested_at"],
            Self::Currency => &["currency"],
            Self::Computed => &["adjusted", "rate"],
        }
    }

    fn name(self) -> &'static str {
        self.words().first().copied().unwrap_or_default()
    }
}

/// A column mapped by the user: `close=NAV`, `date=3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedColumn {
    pub(crate) field: Field,
    pub(crate) column: Column,
}

impl NamedColumn {
    /// Reads `FIELD=COLUMN`.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            let names: Vec<&str> = Field::ALL.iter().map(|f| f.name()).collect();
            format!(
                "expected FIELD=COLUMN like close=NAV or date=3, with FIELD one of {}",
                names.join(", ")
            )
        };
        let (field, column) = text.split_once('=').ok_or_else(wrong)?;
        let mut fields = Field::ALL.into_iter();
        let field = fields
            .find(|f| f.name() == field.trim())
            .ok_or_else(wrong)?;
        let column = Column::parse(column)?;
        Ok(Self { field, column })
    }
}

/// The positions of the columns in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns(Vec<(Field, usize)>);

impl Columns {
    /// Finds the columns by the first line and by the user's mappings.
    pub(crate) fn find(header: &[&str], named: &[NamedColumn]) -> Result<Self, String> {
        let mut columns = Self::default();
        for field in Field::ALL {
            let by_user = named.iter().find(|n| n.field == field);
            let place = match by_user {
                Some(NamedColumn { column, .. }) => Some(place_of(header, column)?),
                None => place_by_words(header, field)?,
            };
            columns.0.extend(place.map(|place| (field, place)));
        }
        Ok(columns)
    }

    pub(crate) fn of(&self, field: Field) -> Option<usize> {
        let found = self.0.iter().find(|(f, _)| *f == field);
        found.map(|(_, place)| *place)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// With the close as the only price.
    pub(crate) fn close_only(mut self) -> Self {
        let is_left_out = |field| {
            matches!(
                field,
                Field::Open | Field::High | Field::Low | Field::Volume
            )
        };
        self.0.retain(|(field, _)| !is_left_out(*field));
        self
    }

    /// Whether the close is the only price.
    pub(crate) fn is_close_only(&self) -> bool {
        [Field::Open, Field::High, Field::Low]
            .into_iter()
            .all(|field| self.of(field).is_none())
    }

    /// Checks that no required column is missing.
    pub(crate) fn check(&self, header: &[&str]) -> Result<(), String> {
        let there = header.join(", ");
        for field in [Field::Date, Field::Close] {
            if self.of(field).is_none() {
                let name = field.name();
                return Err(format!(
                    "its first line has no column {name}, only {there}; map the right one with --column {name}=NAME"
                ));
            }
        }
        let lacks = |field: &Field| self.of(*field).is_none();
        let lacking = [Field::Open, Field::High, Field::Low]
            .into_iter()
            .find(lacks);
        match lacking {
            Some(field) if !self.is_close_only() => Err(format!(
                "its first line has no column {0}, only {there}; map the right one with --column {0}=NAME, or use only \
                 the close with --close-only",
                field.name()
            )),
            _ => Ok(()),
        }
    }
}

fn place_of(header: &[&str], column: &Column) -> Result<usize, String> {
    let place = match column {
        Column::Number(number) => number.checked_sub(1).filter(|at| *at < header.len()),
        Column::Name(name) => header.iter().position(|word| word == name),
    };
    place.ok_or_else(|| format!("it has no column {column}, only {}", header.join(", ")))
}

fn place_by_words(header: &[&str], field: Field) -> Result<Option<usize>, String> {
    let header: Vec<String> = header.iter().map(|word| word.to_lowercase()).collect();
    let words = field.words();
    let places = (0..).zip(&header);
    let places = places.filter(|(_, h)| words.contains(&h.as_str()));
    let mut places: Vec<(usize, &String)> = places.collect();
    if places.len() > 1 {
        // Beside a date it is the time of that day.
        places.retain(|(_, h)| *h != "time");
    }
    match places[..] {
        [] => Ok(None),
        [(place, _)] => Ok(Some(place)),
        [(first, one), (_, other), ..] => Err(format!(
            "it has two columns for {field}, {one} and {other}; choose one, such as --column {field}={}",
            first + 1,
            field = field.name(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_what_people_write_above_them() {
        let places = |header: &[&str]| {
            let columns = Columns::find(header, &[]).unwrap();
            columns.check(header).unwrap();
            let fields = [
                Field::Date,
                Field::Open,
                Field::High,
                Field::Low,
                Field::Close,
                Field::Volume,
            ];
            fields.map(|f| columns.of(f))
        };
        let all = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];
        assert_eq!(
            places(&["날짜", "시가", "고가", "저가", "종가", "거래량"]),
            all
        );
        assert_eq!(
            places(&[
                "Date",
                "Open",
                "High",
                "Low",
                "Close",
                "Volume",
                "Adj Close"
            ]),
            all
        );
        assert_eq!(
            places(&["Date", "Price", "Open", "High", "Low", "Vol.", "Change %"]),
            [Some(0), Some(2), Some(3), Some(4), Some(1), Some(5)]
        );
        assert_eq!(
            places(&["종가", "일자"]),
            [Some(1), None, None, None, Some(0), None]
        );
    }

    #[test]
    fn what_is_not_there_is_said_with_the_option_that_names_it() {
        for (header, says) in [
            (&["Datum", "Kurs"][..], "--column close=NAME"),
            (&["when", "close"], "--column date=NAME"),
            (&["date", "open", "close"], "--close-only"),
            (&["date", "adj close"], "--column close=NAME"),
        ] {
            let why = Columns::find(header, &[])
                .and_then(|c| c.check(header))
                .unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        let twice = Columns::find(&["date", "close", "Close"], &[]).unwrap_err();
        assert!(twice.contains("two columns"), "{twice}");
        let named = [
            NamedColumn::parse("close=Kurs").unwrap(),
            NamedColumn::parse("date=1").unwrap(),
        ];
        let columns = Columns::find(&["Tag", "Kurs"], &named).unwrap();
        assert_eq!(
            (columns.of(Field::Date), columns.of(Field::Close)),
            (Some(0), Some(1))
        );
        for wrong in ["close", "kurs=1", "close=0", "close="] {
            assert!(NamedColumn::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Columns::find(&["a"], &[NamedColumn::parse("close=2").unwrap()]).is_err());
    }
}
