//! The ECB's reference rates: XML, newest day first, one rate per currency and day, as units per euro.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::body::{AnswerError, first_words, iso_day};
use super::upstream::Upstream;
use super::xml::{lent, unreadable};
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar};
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// The file is four elements deep.
const MAX_DEPTH: usize = 8;

/// `www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.xml`: all rates since 1999. A symbol is a currency; its price is
/// the cost of one euro in it. We do not use the file of the last 90 days: it has the same rates, and the days before
/// it would look like gaps.
pub(super) struct ReferenceRates;

impl Upstream for ReferenceRates {
    fn name(&self) -> &'static str {
        "ecb"
    }

    fn origin(&self) -> Variable {
        Variable::origin("ECB_BASE_URL", "https://www.ecb.europa.eu")
    }

    fn url(&self, origin: &str, _symbol: &str, _category: Category, _part: Window) -> String {
        format!("{origin}/stats/eurofxref/eurofxref-hist.xml")
    }

    fn currency_of<'a>(&self, symbol: &'a str) -> Option<&'a str> {
        Some(symbol)
    }

    fn serves_whole_files(&self) -> bool {
        true
    }

    /// One file for all currencies.
    fn recording(&self, _symbol: &str, _part: Window) -> String {
        "ecb/eurofxref-hist.xml".to_owned()
    }

    fn parse<'a>(
        &self,
        body: &'a [u8],
        symbol: &str,
        _calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        let text = str::from_utf8(body)
            .map_err(|_| AnswerError::OtherShape("bytes that are not text".to_owned()))?;
        let mut reader = Reader::from_str(text);
        let mut rates = RateReader {
            body,
            symbol,
            depth: 0,
            has_days: None,
            day: "",
            found: None,
            rows: Vec::new(),
        };
        loop {
            let event = reader.read_event().map_err(|e| unreadable(&e))?;
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            if rates.take(event, end)? {
                return rates.finish();
            }
        }
    }
}

/// State of reading the document.
struct RateReader<'a, 's> {
    body: &'a [u8],
    symbol: &'s str,
    depth: usize,
    /// Whether there are days; `None` before the element that contains them.
    has_days: Option<bool>,
    day: &'a str,
    /// The currency as written in the file.
    found: Option<&'a str>,
    rows: Vec<RawBar<'a>>,
}

impl<'a> RateReader<'a, '_> {
    /// Handles an event that ends at byte `end` of the body; returns true once the root is closed.
    fn take(&mut self, event: Event<'_>, end: usize) -> Result<bool, AnswerError> {
        match event {
            Event::Start(tag) => {
                self.element(&tag, end.saturating_sub(1))?;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(AnswerError::OtherShape(format!(
                        "elements nested deeper than {MAX_DEPTH}"
                    )));
                }
                Ok(false)
            }
            Event::Empty(tag) => {
                self.element(&tag, end.saturating_sub(2))?;
                Ok(self.depth == 0)
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(self.depth == 0)
            }
            Event::Eof => Err(AnswerError::CutShort(
                "</gesmes:Envelope> is missing at its end".to_owned(),
            )),
            Event::Text(text) if self.depth == 0 && !text.trim().is_empty() => {
                Err(AnswerError::OtherShape(first_words(self.body)))
            }
            _ => Ok(false),
        }
    }

    /// Handles an opening tag whose attributes end at byte `end` of the body.
    fn element(&mut self, tag: &BytesStart<'_>, end: usize) -> Result<(), AnswerError> {
        let wrong = |what: &str| AnswerError::OtherShape(what.to_owned());
        match (self.depth, tag.name().as_ref()) {
            (0, "gesmes:Envelope") => {}
            (0, _) => return Err(AnswerError::OtherShape(first_words(self.body))),
            (1, "Cube") => self.has_days = self.has_days.or(Some(false)),
            (2, "Cube") if self.has_days.is_some() => {
                self.has_days = Some(true);
                let day = lent(self.body, tag, end, "time");
                self.day = day.ok_or_else(|| wrong("rates without a date"))?;
            }
            (3, "Cube") if self.has_days == Some(true) => {
                let currency = lent(self.body, tag, end, "currency");
                let currency = currency.ok_or_else(|| wrong("a rate without a currency"))?;
                if currency == self.symbol {
                    self.found = Some(currency);
                    self.rows.push(self.bar(lent(self.body, tag, end, "rate")));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A rate is the only price of its day.
    fn bar(&self, rate: Option<&'a str>) -> RawBar<'a> {
        let rate = rate.unwrap_or_default();
        RawBar {
            day: iso_day(self.day),
            open: rate,
            high: rate,
            low: rate,
            close: rate,
            ..RawBar::default()
        }
    }

    fn finish(self) -> Result<Answer<'a>, AnswerError> {
        match (self.has_days, self.found) {
            (None, _) => Err(AnswerError::OtherShape("no element Cube".to_owned())),
            (Some(true), None) => Err(AnswerError::UnknownSymbol(format!(
                "the ECB has no rate for {:?}; its symbols are currencies like USD",
                self.symbol
            ))),
            (_, found) => Ok(Answer {
                rows: self.rows,
                symbol: found,
                ..Answer::default()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::RawDay;
    use crate::domain::calendar::built_in;
    use crate::sources::tests::{date, values, window};

    const TWO_DAYS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"><gesmes:subject>Reference rates</gesmes:subject>
        <Cube><Cube time="2021-01-08"><Cube currency="USD" rate="1.225"/><Cube currency="KRW" rate="1337.90" /></Cube>
        <Cube time="2021-01-07"><Cube currency="USD" rate="1.2276"></Cube></Cube></Cube></gesmes:Envelope>"#;

    fn parse<'a>(body: &'a str, symbol: &str) -> Result<Answer<'a>, AnswerError> {
        ReferenceRates.parse(body.as_bytes(), symbol, built_in("24/7"))
    }

    #[test]
    fn a_rate_is_the_one_price_of_its_day_and_of_its_currency() {
        let answer = parse(TWO_DAYS, "KRW").unwrap();
        assert_eq!((answer.rows.len(), answer.symbol), (1, Some("KRW")));
        assert_eq!(answer.rows[0].day, RawDay::Date(date("2021-01-08")));
        assert_eq!(
            values(&answer.rows[0]),
            ["1337.90", "1337.90", "1337.90", "1337.90", ""]
        );
        let days: Vec<_> = parse(TWO_DAYS, "USD")
            .unwrap()
            .rows
            .iter()
            .map(|r| r.day)
            .collect();
        assert_eq!(
            days,
            ["2021-01-08", "2021-01-07"].map(|d| RawDay::Date(date(d)))
        );
        assert_eq!(ReferenceRates.currency_of("KRW"), Some("KRW"));
    }

    #[test]
    fn a_currency_that_is_not_there_is_unknown_and_no_days_are_an_empty_answer() {
        assert!(
            matches!(parse(TWO_DAYS, "XYZ"), Err(AnswerError::UnknownSymbol(w)) if w.contains("XYZ"))
        );
        let empty = "<gesmes:Envelope><Cube>\n</Cube></gesmes:Envelope>";
        assert!(parse(empty, "USD").unwrap().rows.is_empty());
    }

    #[test]
    fn one_file_serves_all_currencies_and_windows() {
        let part = window("2021-01-01", "2021-01-08");
        let url = ReferenceRates.url("https://ecb.test", "USD", Category::Index, part);
        assert_eq!(url, "https://ecb.test/stats/eurofxref/eurofxref-hist.xml");
        assert_eq!(
            ReferenceRates.recording("USD", part),
            ReferenceRates.recording("KRW", part)
        );
        assert!(ReferenceRates.serves_whole_files());
    }

    #[test]
    fn what_is_no_list_of_rates_is_said() {
        for at in TWO_DAYS.find("<gesmes").unwrap() + 1..TWO_DAYS.len() {
            assert!(
                matches!(parse(&TWO_DAYS[..at], "USD"), Err(AnswerError::CutShort(_))),
                "cut at {at}"
            );
        }
        for stranger in [
            "",
            "sorry",
            "<protocol/>",
            "<gesmes:Envelope><a/></gesmes:Envelope>",
            r#"<gesmes:Envelope><Cube><Cube><Cube currency="USD" rate="1"/></Cube></Cube></gesmes:Envelope>"#,
            r#"<gesmes:Envelope><Cube><Cube time="2021-01-08"><Cube rate="1"/></Cube></Cube></gesmes:Envelope>"#,
        ] {
            assert!(parse(stranger, "USD").is_err(), "{stranger}");
        }
        let wrong = parse(
            r#"<gesmes:Envelope><Cube><Cube time="8.1.21"><Cube currency="USD" rate="N/A"/></Cube></Cube></gesmes:Envelope>"#,
            "USD",
        );
        assert_eq!(wrong.unwrap().rows[0].day, RawDay::Impossible("8.1.21"));
        let deep = "<gesmes:Envelope>".repeat(9);
        assert!(matches!(
            parse(&deep, "USD"),
            Err(AnswerError::OtherShape(_))
        ));
    }
}
