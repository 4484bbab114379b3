//! Naver's older chart feed: XML declared as EUC-KR, one item per day, oldest first. The second endpoint for the same
//! data.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::body::{AnswerError, compact_day, first_words, query_value, refuse_minutes};
use super::upstream::Upstream;
use super::xml::{attribute, lent, unreadable};
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar};
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// Always requested: Naver counts back from today and caps at about 3000 days, so a larger count means "all".
const COUNT: u32 = 6000;
/// The feed is three elements deep.
const MAX_DEPTH: usize = 8;

/// `fchart.stock.naver.com/sise.nhn`.
///
/// A `<protocol>` without items is the answer both for an unknown or delisted code and for a code without days, so both
/// count as an empty answer.
pub(super) struct Fchart;

impl Upstream for Fchart {
    fn name(&self) -> &'static str {
        "naver fchart"
    }

    fn origin(&self) -> Variable {
        Variable::origin("NAVER_FCHART_BASE_URL", "https://fchart.stock.naver.com")
    }

    fn url(&self, origin: &str, symbol: &str, _category: Category, _part: Window) -> String {
        let symbol = query_value(symbol);
        format!("{origin}/sise.nhn?symbol={symbol}&timeframe=day&count={COUNT}&requestType=0")
    }

    fn reach(&self) -> Option<&'static str> {
        Some("it gives the last 3000 days or so")
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("naver_fchart/{symbol}.xml")
    }

    fn parse<'a>(
        &self,
        body: &'a [u8],
        _symbol: &str,
        _calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        // The XML reader accepts UTF-8 only. The only non-ASCII text is the name of the stock, which we do not need:
        // the reader gets a copy of the same length without it, and values are cut from the original body.
        let ascii: String = body
            .iter()
            .map(|b| if b.is_ascii() { char::from(*b) } else { '?' })
            .collect();
        let mut reader = Reader::from_str(&ascii);
        let mut feed = ChartReader {
            body,
            ..ChartReader::default()
        };
        loop {
            let event = reader.read_event().map_err(|e| unreadable(&e))?;
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            if feed.take(event, end)? {
                return feed.finish();
            }
        }
    }
}

/// State of reading the document.
#[derive(Default)]
struct ChartReader<'a> {
    body: &'a [u8],
    depth: usize,
    has_chartdata: bool,
    symbol: Option<&'a str>,
    /// The first thing that does not belong in the feed.
    stranger: Option<String>,
    rows: Vec<RawBar<'a>>,
}

impl<'a> ChartReader<'a> {
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
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => Ok(false),
            Event::Text(text) if text.trim().is_empty() => Ok(false),
            Event::Eof => Err(AnswerError::CutShort(
                "</protocol> is missing at its end".to_owned(),
            )),
            Event::DocType(_) | Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                self.strange("text")?;
                Ok(false)
            }
        }
    }

    /// Handles an opening tag whose attributes end at byte `end` of the body.
    fn element(&mut self, tag: &BytesStart<'_>, end: usize) -> Result<(), AnswerError> {
        match (self.depth, tag.name().as_ref()) {
            (0, "protocol") => Ok(()),
            (1, "chartdata") => {
                self.has_chartdata = true;
                // Other attributes may not be text (the stock's name is EUC-KR).
                self.symbol = lent(self.body, tag, end, "symbol");
                only_days(tag)
            }
            (2, "item") if self.has_chartdata => {
                let row = self.item(end.saturating_sub(tag.attributes_raw().len()), end)?;
                self.rows.push(row);
                Ok(())
            }
            (_, name) => self.strange(name),
        }
    }

    /// Something unexpected. Before the root it makes this another document; inside, it is remembered.
    fn strange(&mut self, what: &str) -> Result<(), AnswerError> {
        if self.depth == 0 {
            return Err(AnswerError::OtherShape(first_words(self.body)));
        }
        self.stranger
            .get_or_insert_with(|| first_words(what.as_bytes()));
        Ok(())
    }

    /// Reads an item with attributes at these positions of the body:
    /// `data="20260904|254000|259000|252500|255500|14031862"`.
    fn item(&self, start: usize, end: usize) -> Result<RawBar<'a>, AnswerError> {
        let wrong =
            |what: &str| AnswerError::OtherShape(format!("item {}: {what}", self.rows.len() + 1));
        let bytes = self.body.get(start..end).unwrap_or_default();
        let attributes = str::from_utf8(bytes).map_err(|_| wrong("bytes that are not text"))?;
        let data = attribute(attributes, "data")
            .map_err(|e| wrong(&e))?
            .ok_or_else(|| wrong("no data"))?;
        let mut fields = data.split('|');
        let mut next = || fields.next().ok_or_else(|| wrong("fewer than 6 fields"));
        let (day, open, high, low, close, volume) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        if fields.next().is_some() {
            return Err(wrong("more than 6 fields"));
        }
        Ok(RawBar {
            day: compact_day(day),
            open,
            high,
            low,
            close,
            volume,
            ..RawBar::default()
        })
    }

    fn finish(self) -> Result<Answer<'a>, AnswerError> {
        match self.stranger {
            Some(what) if !self.has_chartdata => Err(AnswerError::OtherShape(format!(
                "{what} instead of chartdata"
            ))),
            _ => {
                refuse_minutes(&self.rows)?;
                Ok(Answer {
                    rows: self.rows,
                    symbol: self.symbol,
                    ..Answer::default()
                })
            }
        }
    }
}

/// Checks that the bars are daily, if the feed says so.
fn only_days(chartdata: &BytesStart<'_>) -> Result<(), AnswerError> {
    match attribute(chartdata.attributes_raw(), "timeframe").map_err(AnswerError::OtherShape)? {
        None | Some("day") => Ok(()),
        Some(other) => Err(AnswerError::Granularity(first_words(other.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::RawDay;
    use crate::domain::calendar::built_in;
    use crate::sources::tests::{date, values, window};

    fn parse(body: &[u8]) -> Result<Answer<'_>, AnswerError> {
        Fchart.parse(body, "", built_in("XKRX"))
    }

    /// A feed with these elements inside `chartdata`; the name is EUC-KR.
    fn feed(items: &str) -> Vec<u8> {
        let head = b"<?xml version=\"1.0\" encoding=\"EUC-KR\" ?>\n\n<protocol>\t<chartdata symbol=\"005930\" name=\"";
        let name = b"\xbb\xef\xbc\xba\xc0\xfc\xc0\xda\" timeframe=\"day\" >\r\n";
        let tail = b"\n</chartdata>\n</protocol>\n";
        [&head[..], name, items.as_bytes(), tail].concat()
    }

    fn other(body: &[u8]) -> String {
        match parse(body) {
            Err(AnswerError::OtherShape(words)) => words,
            answer => panic!("{answer:?}"),
        }
    }

    #[test]
    fn the_count_always_says_all() {
        let url = Fchart.url(
            "https://fchart.test",
            "005930",
            Category::Stock,
            window("2026-01-05", "2026-01-12"),
        );
        assert_eq!(
            url,
            "https://fchart.test/sise.nhn?symbol=005930&timeframe=day&count=6000&requestType=0"
        );
    }

    #[test]
    fn one_window_is_one_recording() {
        let all = window("1990-01-01", "2026-01-12");
        assert_eq!(Fchart.parts(all), [all]);
        assert_eq!(Fchart.recording("000660", all), "naver_fchart/000660.xml");
    }

    #[test]
    fn items_are_lent_from_the_body() {
        let body = feed(
            "<item data=\"20260105|1|2|0.5|1.5|7\" /><item data='20260106|||||'></item><item  data = \"202601061530|null|2|3|4|5\"/>",
        );
        let rows = parse(&body).unwrap().rows;
        assert_eq!(rows[0].day, RawDay::Date(date("2026-01-05")));
        assert_eq!(values(&rows[0]), ["1", "2", "0.5", "1.5", "7"]);
        assert_eq!(values(&rows[1]), [""; 5]);
        assert_eq!(rows[2].day, RawDay::Impossible("202601061530"));
        assert!(
            rows.iter()
                .flat_map(values)
                .all(|v| body.as_ptr_range().contains(&v.as_ptr()))
        );
    }

    #[test]
    fn entities_are_not_resolved() {
        let body = feed("<item data=\"20260105|&#49;|2|1|2|7\" />");
        assert_eq!(parse(&body).unwrap().rows[0].open, "&#49;");
    }

    #[test]
    fn no_items_is_an_empty_answer() {
        for body in [
            "<protocol/>",
            "<protocol></protocol>",
            "<protocol><chartdata/></protocol>",
        ] {
            assert_eq!(parse(body.as_bytes()), Ok(Answer::default()), "{body}");
        }
        let body = feed("");
        let answer = parse(&body).unwrap();
        assert_eq!((answer.rows, answer.symbol), (Vec::new(), Some("005930")));
    }

    #[test]
    fn what_is_not_the_feed_is_said() {
        assert_eq!(other(b"<!DOCTYPE html><html>"), "<!DOCTYPE html><html>");
        assert_eq!(other(b"Too many requests"), "Too many requests");
        assert_eq!(other(b"<chartdata/>"), "<chartdata/>");
        for (inside, words) in [
            ("<error>no</error>", "error instead of chartdata"),
            ("closed today", "text instead of chartdata"),
        ] {
            let body = format!("<protocol>{inside}</protocol>");
            assert_eq!(other(body.as_bytes()), words);
        }
    }

    #[test]
    fn an_item_has_six_fields() {
        for (item, words) in [
            ("data=\"20260105|1|1|1|1\"", "item 1: fewer than 6 fields"),
            (
                "data=\"20260105|1|1|1|1|1|1\"",
                "item 1: more than 6 fields",
            ),
            ("day=\"20260105|1|1|1|1|1\"", "item 1: no data"),
        ] {
            assert_eq!(other(&feed(&format!("<item {item} />"))), words);
        }
        let mut bytes = feed("<item data=\"20260105|?|1|1|1|1\" />");
        let at = bytes.windows(3).position(|w| w == b"|?|").unwrap() + 1;
        bytes[at] = 0xbb;
        assert_eq!(other(&bytes), "item 1: bytes that are not text");
    }

    #[test]
    fn other_bars_than_days_are_refused() {
        let body = "<protocol><chartdata timeframe=\"minute\"></chartdata></protocol>";
        assert_eq!(
            parse(body.as_bytes()),
            Err(AnswerError::Granularity("minute".to_owned()))
        );
    }

    #[test]
    fn every_cut_is_seen() {
        let body = feed("<item data=\"20260105|1|2|0.5|1.5|7\" />");
        let end = body.windows(11).position(|w| w == b"</protocol>").unwrap() + 10;
        for at in 0..=end {
            assert!(
                matches!(parse(&body[..at]), Err(AnswerError::CutShort(_))),
                "cut at {at}: {:?}",
                parse(&body[..at])
            );
        }
        assert!(parse(&body[..=end]).is_ok());
    }

    #[test]
    fn depth_is_an_error() {
        let deep = "<a>".repeat(200_000);
        assert_eq!(
            other(format!("<protocol>{deep}").as_bytes()),
            "elements nested deeper than 8"
        );
    }
}
