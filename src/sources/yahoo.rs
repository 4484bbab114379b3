//! Yahoo's v8 chart: JSON with one array of timestamps and one per price, errors inside it, and a live row at its end.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{
    AnswerError, Complaint, Object, first_words, json_error, json_text, path_segment,
};
use super::upstream::Upstream;
use super::yahoo_events::read_events;
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::Category;
use crate::domain::calendar::{Calendar, add_days, sub_days};
use crate::domain::window::Window;

/// `query2.finance.yahoo.com/v8/finance/chart`.
///
/// Decisions where the feed is ambiguous:
/// - A timestamp is dated in `exchangeTimezoneName`. If that is absent or unknown, `gmtoffset` is used (today's offset,
///   not the bar's, but close enough to date a session), else the calendar's zone; a finding says so.
/// - Bars whose `dataGranularity` is not `1d` are refused; an answer without bars is empty whatever it says there, and
///   one without it must look like days.
/// - `adjclose` is ignored: it is restated after every dividend, weeks late. Dividends and splits are read
///   (`yahoo_events`).
/// - Volume may be absent (unknown); a price array may not.
pub(super) struct Chart;

impl Upstream for Chart {
    fn name(&self) -> &'static str {
        "yahoo"
    }

    fn origin(&self) -> Variable {
        Variable::origin("YAHOO_BASE_URL", "https://query2.finance.yahoo.com")
    }

    /// A day extra on each side: UTC midnight cuts the first session east of Greenwich, and for exchanges `period2` is
    /// exclusive.
    fn url(&self, origin: &str, symbol: &str, _category: Category, part: Window) -> String {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp();
        let (from, to) = (
            midnight(sub_days(part.start, 1)),
            midnight(add_days(part.end, 2)),
        );
        let symbol = path_segment(symbol);
        format!(
            "{origin}/v8/finance/chart/{symbol}?period1={from}&period2={to}&interval=1d&includePrePost=false&events=div%7Csplit%7CcapitalGain"
        )
    }

    fn tells_actions(&self) -> bool {
        true
    }

    fn asks_for_actions(&self, url: &str) -> bool {
        let events = url.split_once("events=").map_or("", |(_, rest)| rest);
        let events = events.split('&').next().unwrap_or_default();
        ["div", "split"].iter().all(|kind| events.contains(kind))
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("yahoo/{symbol}.json")
    }

    fn parse<'a>(
        &self,
        body: &'a [u8],
        _symbol: &str,
        calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        let Object(envelope) =
            serde_json::from_slice::<Object<Envelope>>(body).map_err(|e| json_error(body, &e))?;
        let Object(chart) = envelope.chart;
        if let Some(error) = chart.error {
            return read_error(error);
        }
        let mut results = chart.result.unwrap_or_default().into_iter();
        match (results.next(), results.next()) {
            (Some(Object(series)), None) => series.answer(calendar),
            (None, _) => Err(AnswerError::OtherShape(
                "neither a result nor an error".to_owned(),
            )),
            (Some(_), Some(_)) => Err(AnswerError::OtherShape("more than one result".to_owned())),
        }
    }

    /// Yahoo gives the reason inside a 400, 404 or 422: "no data for the days" is an empty answer, and an unknown
    /// symbol is one. The other statuses (401, 403, 429, 5xx) have their usual meaning, with Yahoo's message if the
    /// body is not plain text.
    fn explain<'a>(&self, status: u16, body: &'a [u8]) -> Option<Result<Answer<'a>, AnswerError>> {
        let Ok(Object(envelope)) = serde_json::from_slice::<Object<Envelope>>(body) else {
            return None;
        };
        let error = envelope.chart.0.error?;
        Some(match (status, read_error(error)) {
            (400 | 404 | 422, said) => said,
            (_, Err(AnswerError::Refused(words) | AnswerError::UnknownSymbol(words))) => {
                Err(AnswerError::Status { status, words })
            }
            _ => return None,
        })
    }
}

/// The document. Yahoo's gateway answers under the name `finance` (`Invalid Crumb`), with the same fields.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, alias = "finance")]
    chart: Object<Body<'a>>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    result: Option<Vec<Object<ChartSeries<'a>>>>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChartSeries<'a> {
    #[serde(borrow)]
    meta: Option<Object<Meta<'a>>>,
    timestamp: Option<Vec<&'a RawValue>>,
    indicators: Option<Object<Indicators<'a>>>,
    events: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
    symbol: Option<&'a RawValue>,
    exchange_name: Option<&'a RawValue>,
    exchange_timezone_name: Option<String>,
    gmtoffset: Option<&'a RawValue>,
    first_trade_date: Option<&'a RawValue>,
    data_granularity: Option<String>,
}

#[derive(Deserialize)]
struct Indicators<'a> {
    #[serde(borrow)]
    quote: Option<Vec<Option<Object<Quote<'a>>>>>,
}

#[derive(Deserialize, Default)]
struct Quote<'a> {
    #[serde(borrow)]
    open: Option<Vec<&'a RawValue>>,
    high: Option<Vec<&'a RawValue>>,
    low: Option<Vec<&'a RawValue>>,
    close: Option<Vec<&'a RawValue>>,
    volume: Option<Vec<&'a RawValue>>,
}

/// Interprets an error object.
pub(super) fn read_error<'a>(error: &RawValue) -> Result<Answer<'a>, AnswerError> {
    let Ok(Object(complaint)) = serde_json::from_str::<Object<Complaint>>(error.get()) else {
        return Err(AnswerError::Refused(first_words(error.get().as_bytes())));
    };
    let (code, words) = (complaint.code(), complaint.words());
    if words.starts_with("Data doesn't exist") {
        return Ok(Answer::default());
    }
    if code == "Not Found" || words.starts_with("No data found") {
        return Err(AnswerError::UnknownSymbol(words));
    }
    Err(AnswerError::Refused(first_words(
        format!("{code}: {words}").as_bytes(),
    )))
}

impl<'a> ChartSeries<'a> {
    fn answer(self, calendar: &Calendar) -> Result<Answer<'a>, AnswerError> {
        let meta = self.meta.map(|Object(meta)| meta).unwrap_or_default();
        let stamps = self.timestamp.unwrap_or_default();
        let quotes = self
            .indicators
            .and_then(|Object(i)| i.quote)
            .unwrap_or_default();
        let quote = only_quote(quotes)?;
        let said = meta.zone();
        let zone = said.or_else(|| meta.zone_of_offset());
        let dated_in = zone.unwrap_or_else(|| calendar.zone());
        let day_of = |stamp: &RawValue| moment(stamp).map(|m| calendar.trading_day(m, dated_in));
        let mut answer = Answer {
            symbol: text(meta.symbol),
            currency: text(meta.currency),
            exchange: text(meta.exchange_name),
            zone,
            first_trade: meta.first_trade_date.and_then(day_of),
            actions: self.events.and_then(|e| read_events(e, day_of)),
            ..Answer::default()
        };
        if stamps.is_empty() && quote.longest() == 0 {
            return Ok(answer);
        }
        if stamps.is_empty() {
            return Err(AnswerError::OtherShape(format!(
                "{} quotes without timestamps",
                quote.longest()
            )));
        }
        match &meta.data_granularity {
            Some(granularity) if granularity != "1d" => {
                return Err(AnswerError::Granularity(first_words(
                    granularity.as_bytes(),
                )));
            }
            _ => {}
        }
        answer.zone_doubt = match said {
            None => Some(meta.unknown_zone(dated_in, calendar)),
            Some(zone) => other_days(&stamps, zone, calendar),
        };
        let zone = dated_in;
        answer.rows = quote.rows(&stamps, |moment| calendar.trading_day(moment, zone))?;
        if meta.data_granularity.is_none() {
            only_days(&answer.rows)?;
        }
        mark_live(&mut answer.rows, &stamps, zone);
        Ok(answer)
    }
}

/// The message if an answer's zone gives other days than the calendar's.
fn other_days(stamps: &[&RawValue], zone: Tz, calendar: &Calendar) -> Option<String> {
    let own = calendar.zone();
    let is_other = |m| calendar.trading_day(m, zone) != calendar.trading_day(m, own);
    let mut moments = stamps.iter().filter_map(|s| moment(s));
    moments.any(is_other).then(|| {
        format!(
            "the answer uses {zone}, but {} uses {own}: bars are dated in the answer's zone; another calendar may fit the asset",
            calendar.name()
        )
    })
}

/// A value if it is text (the currency of a delisted fund is null).
fn text(value: Option<&RawValue>) -> Option<&str> {
    let is_text = value.is_some_and(|v| v.get().starts_with('"'));
    Some(json_text(value)).filter(|t| is_text && !t.is_empty())
}

impl Meta<'_> {
    /// The exchange's time zone, if the time zone database knows it.
    fn zone(&self) -> Option<Tz> {
        let Ok(zone) = self.exchange_timezone_name.as_deref()?.parse() else {
            return None;
        };
        Some(zone)
    }

    /// A zone with the answer's offset in whole hours: close enough to date a session if the zone's name is unknown. It
    /// is today's offset, not the bar's.
    fn zone_of_offset(&self) -> Option<Tz> {
        let seconds: i32 = json_text(self.gmtoffset).parse().ok()?;
        let hours = seconds.div_euclid(3600);
        // In these names the sign counts westwards.
        format!("Etc/GMT{:+}", -hours).parse().ok()
    }

    /// The message if the zone's name is unknown.
    fn unknown_zone(&self, dated_in: Tz, calendar: &Calendar) -> String {
        let by = match self.zone_of_offset() {
            Some(_) => format!("its offset of {} seconds", json_text(self.gmtoffset)),
            None => format!("the zone of {}, {dated_in}", calendar.name()),
        };
        match self.exchange_timezone_name.as_deref() {
            None | Some("") => format!("the answer has no time zone: bars are dated by {by}"),
            Some(name) => {
                let name = first_words(name.as_bytes());
                format!("the answer's time zone {name:?} is unknown: bars are dated by {by}")
            }
        }
    }
}

/// The only element of `indicators.quote`; an empty one (`[]`, `[{}]`, `[null]`) is a quote without arrays.
fn only_quote(mut quotes: Vec<Option<Object<Quote<'_>>>>) -> Result<Quote<'_>, AnswerError> {
    match (quotes.pop(), quotes.len()) {
        (None | Some(None), 0) => Ok(Quote::default()),
        (Some(Some(Object(quote))), 0) => Ok(quote),
        (_, more) => Err(AnswerError::OtherShape(format!(
            "{} quotes instead of one",
            more + 1
        ))),
    }
}

impl<'a> Quote<'a> {
    fn longest(&self) -> usize {
        let arrays = [&self.open, &self.high, &self.low, &self.close, &self.volume];
        arrays
            .into_iter()
            .flatten()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    }

    /// One row per timestamp.
    fn rows(
        self,
        stamps: &[&'a RawValue],
        day_of: impl Fn(DateTime<Utc>) -> NaiveDate,
    ) -> Result<Vec<RawBar<'a>>, AnswerError> {
        let count = stamps.len();
        let mut open = cells("open", self.open, count)?;
        let mut high = cells("high", self.high, count)?;
        let mut low = cells("low", self.low, count)?;
        let mut close = cells("close", self.close, count)?;
        let mut volume = match self.volume {
            None => None,
            volume => Some(cells("volume", volume, count)?),
        };
        let row = |stamp: &&'a RawValue| RawBar {
            day: moment(stamp).map_or_else(
                || RawDay::Impossible(json_text(Some(*stamp))),
                |m| RawDay::Date(day_of(m)),
            ),
            open: json_text(open.next()),
            high: json_text(high.next()),
            low: json_text(low.next()),
            close: json_text(close.next()),
            volume: json_text(volume.as_mut().and_then(Iterator::next)),
            ..RawBar::default()
        };
        Ok(stamps.iter().map(row).collect())
    }
}

/// The cells of an array, which must have as many as there are timestamps.
fn cells<'a>(
    name: &str,
    array: Option<Vec<&'a RawValue>>,
    count: usize,
) -> Result<impl Iterator<Item = &'a RawValue>, AnswerError> {
    match array {
        Some(array) if array.len() == count => Ok(array.into_iter()),
        Some(array) => Err(AnswerError::OtherShape(format!(
            "{name} has {} values for {count} timestamps",
            array.len()
        ))),
        None => Err(AnswerError::OtherShape(format!(
            "no {name} values for {count} timestamps"
        ))),
    }
}

/// The moment of a timestamp (seconds, negative before 1970), if it is in the years 1 to 9999.
pub(super) fn moment(stamp: &RawValue) -> Option<DateTime<Utc>> {
    let Ok(seconds) = json_text(Some(stamp)).parse() else {
        return None;
    };
    DateTime::from_timestamp(seconds, 0).filter(|moment| (1..=9999).contains(&moment.year()))
}

/// Refuses rows that cannot be daily: three on one day (a day's own row and a live one can coexist), or none within
/// five days of the previous one (no exchange pauses so long again and again).
fn only_days(rows: &[RawBar<'_>]) -> Result<(), AnswerError> {
    let days: Vec<NaiveDate> = rows
        .iter()
        .filter_map(|row| match row.day {
            RawDay::Date(day) => Some(day),
            RawDay::Impossible(_) => None,
        })
        .collect();
    let finer = days
        .windows(3)
        .any(|w| w.iter().all(|day| Some(day) == w.first()));
    let steps = days.iter().zip(days.iter().skip(1));
    let coarser = days.len() > 3
        && steps
            .clone()
            .take(days.len() - 2)
            .all(|(a, b)| (*b - *a).num_days() >= 5);
    match (finer, coarser) {
        (true, _) => Err(AnswerError::Granularity("less than a day".to_owned())),
        (_, true) => Err(AnswerError::Granularity("weeks or longer".to_owned())),
        _ => Ok(()),
    }
}

/// Marks the last row if it may be the live one: while a market is open, and until Yahoo settles, the last row has the
/// time of the last trade instead of the open, and can coexist with the day's own row.
///
/// The last row may be live if an earlier row has the same day, or if its local time of day differs from that of the
/// row before (local, because the open moves in UTC with summer time). A late open differs too (Seoul's exam day,
/// 10:00), so the mark says "may" and counts only beside another row of that day.
fn mark_live(rows: &mut [RawBar<'_>], stamps: &[&RawValue], zone: Tz) {
    let Some((last, earlier)) = rows.split_last_mut() else {
        return;
    };
    let mut times = stamps
        .iter()
        .rev()
        .map(|stamp| moment(stamp).map(|m| m.with_timezone(&zone).time()));
    let Some(time) = times.next().flatten() else {
        return;
    };
    let before = times.flatten().next();
    last.may_be_live =
        before.is_some_and(|b| b != time) || earlier.iter().any(|row| row.day == last.day);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::built_in;
    use crate::sources::tests::{date, values, window};

    fn parse(body: &str) -> Result<Answer<'_>, AnswerError> {
        Chart.parse(body.as_bytes(), "", built_in("XNYS"))
    }

    fn other(body: &str) -> String {
        match parse(body) {
            Err(AnswerError::OtherShape(words)) => words,
            answer => panic!("{answer:?}"),
        }
    }

    /// A document with this `meta`, these stamps and one price for each of them.
    fn chart(meta: &str, stamps: &str) -> String {
        let ones = stamps.split(',').map(|_| "1").collect::<Vec<_>>().join(",");
        let quote = format!(
            r#"{{"open":[{ones}],"high":[{ones}],"low":[{ones}],"close":[{ones}],"volume":[{ones}]}}"#
        );
        document(meta, &format!(r#""timestamp":[{stamps}],"#), &quote)
    }

    fn document(meta: &str, timestamp: &str, quote: &str) -> String {
        format!(
            r#"{{"chart":{{"result":[{{"meta":{{{meta}}},{timestamp}"indicators":{{"quote":[{quote}]}}}}],"error":null}}}}"#
        )
    }

    const NEW_YORK: &str =
        r#""currency":"USD","exchangeTimezoneName":"America/New_York","dataGranularity":"1d""#;

    #[test]
    fn the_url_has_a_day_over_on_each_side() {
        let url = |symbol, part| Chart.url("https://yahoo.test", symbol, Category::Etf, part);
        let tail = "interval=1d&includePrePost=false&events=div%7Csplit%7CcapitalGain";
        assert_eq!(
            url("GC=F", window("2026-01-05", "2026-01-12")),
            format!(
                "https://yahoo.test/v8/finance/chart/GC=F?period1=1767484800&period2=1768348800&{tail}"
            )
        );
        assert_eq!(
            url("^KS200", window("1962-01-02", "1969-12-29")),
            format!(
                "https://yahoo.test/v8/finance/chart/%5EKS200?period1=-252460800&period2=-86400&{tail}"
            )
        );
    }

    #[test]
    fn one_window_is_one_recording() {
        let all = window("1962-01-02", "2026-01-12");
        assert_eq!(Chart.parts(all), [all]);
        assert_eq!(Chart.recording("GC=F", all), "yahoo/GC=F.json");
    }

    #[test]
    fn the_answers_zone_dates_the_bars() {
        // 23:00 UTC on 5 January is the morning of the 6th in Sydney.
        let days = |meta: &str| {
            let body = chart(meta, "1767654000");
            let answer = parse(&body).unwrap();
            match answer.rows[0].day {
                RawDay::Date(day) => (answer.zone, day),
                RawDay::Impossible(text) => panic!("{text}"),
            }
        };
        let sydney = days(r#""exchangeTimezoneName":"Australia\/Sydney","gmtoffset":0"#);
        assert_eq!(sydney, (Some(Tz::Australia__Sydney), date("2026-01-06")));
        for meta in [
            "",
            r#""exchangeTimezoneName":null"#,
            r#""exchangeTimezoneName":"","gmtoffset":"soon""#,
        ] {
            assert_eq!(days(meta), (None, date("2026-01-05")), "{meta}");
        }
        // Where the zone's name is not known its offset is near enough, in whole hours (Kolkata, Newfoundland).
        for (offset, zone, day) in [
            (39_600, Tz::Etc__GMTMinus11, "2026-01-06"),
            (19_800, Tz::Etc__GMTMinus5, "2026-01-06"),
            (0, Tz::Etc__GMTPlus0, "2026-01-05"),
            (-12_600, Tz::Etc__GMTPlus4, "2026-01-05"),
        ] {
            let meta = format!(r#""exchangeTimezoneName":"Mars/Olympus","gmtoffset":{offset}"#);
            assert_eq!(days(&meta), (Some(zone), date(day)), "{offset}");
        }
    }

    #[test]
    fn a_zone_that_is_not_known_or_gives_other_days_is_said() {
        let doubt = |meta: &str, stamp: &str| {
            let body = chart(meta, stamp);
            parse(&body).unwrap().zone_doubt
        };
        // 09:30 in New York, and in Sydney on the day before there.
        let (new_york, sydney) = ("1767623400", "1767654000");
        assert_eq!(doubt(NEW_YORK, new_york), None);
        let other = doubt(r#""exchangeTimezoneName":"Australia/Sydney""#, sydney).unwrap();
        assert!(
            other.contains("uses Australia/Sydney, but XNYS uses America/New_York"),
            "{other}"
        );
        // Another zone with the same days is none of anybody's business.
        assert_eq!(
            doubt(r#""exchangeTimezoneName":"America/Chicago""#, new_york),
            None
        );
        for (meta, said) in [
            ("", "has no time zone: bars are dated by the zone of XNYS"),
            (
                r#""exchangeTimezoneName":"Asia/Tokio","gmtoffset":32400"#,
                "\"Asia/Tokio\" is unknown: bars are dated by its offset of 32400 s",
            ),
        ] {
            let words = doubt(meta, new_york).unwrap();
            assert!(words.contains(said), "{words}");
        }
    }

    #[test]
    fn the_first_trade_is_dated_as_bars_are() {
        let body = chart(
            r#""exchangeTimezoneName":"America/New_York","firstTradeDate":1783944000"#,
            "1767623400",
        );
        let first = parse(&body).unwrap().first_trade;
        assert_eq!(first, Some(date("2026-07-13")));
    }

    #[test]
    fn stamps_that_are_no_moments_are_impossible_days() {
        let body = chart(
            NEW_YORK,
            r#"-252322200,null,1.5,"soon",99999999999999999,9223372036854775808,253402300800,true"#,
        );
        let rows = parse(&body).unwrap().rows;
        assert_eq!(rows[0].day, RawDay::Date(date("1962-01-02")));
        let impossible = [
            "",
            "1.5",
            "soon",
            "99999999999999999",
            "9223372036854775808",
            "253402300800",
            "true",
        ];
        assert_eq!(
            rows[1..].iter().map(|r| r.day).collect::<Vec<_>>(),
            impossible.map(RawDay::Impossible)
        );
    }

    #[test]
    fn values_are_the_text_that_was_sent() {
        let quote = r#"{"open":[129.0399932861328],"high":["Infinity"],"low":[null],"close":[1e2],"volume":[4294967296]}"#;
        let body = document(NEW_YORK, r#""timestamp":[1767623400],"#, quote);
        let answer = parse(&body).unwrap();
        assert_eq!(
            values(&answer.rows[0]),
            ["129.0399932861328", "Infinity", "", "1e2", "4294967296"]
        );
        assert_eq!(answer.currency, Some("USD"));
        assert_eq!(
            parse(&document(r#""currency":null"#, "", "{}"))
                .unwrap()
                .currency,
            None
        );
    }

    #[test]
    fn volume_may_be_absent_and_a_price_may_not() {
        let stamps = r#""timestamp":[1767623400,1767709800],"#;
        let quote = r#""open":[1,2],"high":[1,2],"low":[1,2],"close":[1,2]"#;
        let body = document(NEW_YORK, stamps, &format!("{{{quote}}}"));
        assert_eq!(
            values(&parse(&body).unwrap().rows[1]),
            ["2", "2", "2", "2", ""]
        );
        let ragged = |quote: &str| other(&document(NEW_YORK, stamps, quote));
        assert_eq!(
            ragged(&format!(r#"{{{quote},"volume":[1]}}"#)),
            "volume has 1 values for 2 timestamps"
        );
        assert_eq!(
            ragged(&format!(
                "{{{}}}",
                quote.replace(r#""low":[1,2]"#, r#""low":[1,2,3]"#)
            )),
            "low has 3 values for 2 timestamps"
        );
        assert_eq!(
            ragged(&format!("{{{}}}", quote.replace("high", "hi"))),
            "no high values for 2 timestamps"
        );
        assert_eq!(ragged("{}"), "no open values for 2 timestamps");
        assert_eq!(ragged(""), "no open values for 2 timestamps");
        assert_eq!(ragged("{},{}"), "2 quotes instead of one");
    }

    #[test]
    fn no_stamps_and_no_quotes_are_an_empty_answer() {
        for quote in ["", "{}", "null", r#"{"open":[],"close":null}"#] {
            for stamps in ["", r#""timestamp":[],"#, r#""timestamp":null,"#] {
                let body = document(NEW_YORK, stamps, quote);
                let answer = parse(&body).unwrap();
                assert!(answer.rows.is_empty() && answer.zone.is_some(), "{body}");
            }
        }
        assert!(
            parse(r#"{"chart":{"result":[{}],"error":null}}"#)
                .unwrap()
                .rows
                .is_empty()
        );
        assert_eq!(
            other(&document(NEW_YORK, "", r#"{"close":[1,2]}"#)),
            "2 quotes without timestamps"
        );
    }

    #[test]
    fn other_bars_than_days_are_refused() {
        let month = chart(&NEW_YORK.replace("1d", "1mo"), "1767623400");
        assert_eq!(
            parse(&month),
            Err(AnswerError::Granularity("1mo".to_owned()))
        );
        assert!(
            parse(&document(&NEW_YORK.replace("1d", "1mo"), "", "{}"))
                .unwrap()
                .rows
                .is_empty()
        );
        assert_eq!(parse(&chart("", "1767623400")).unwrap().rows.len(), 1);
    }

    fn error(code: &str, description: &str) -> String {
        format!(
            r#"{{"chart":{{"result":null,"error":{{"code":"{code}","description":"{description}"}}}}}}"#
        )
    }

    #[test]
    fn errors_inside_json_say_what_they_mean_whatever_the_status() {
        let empty = error(
            "Bad Request",
            "Data doesn\\u0027t exist for startDate = 1, endDate = 2",
        );
        let unknown = error("Not Found", "No data found, symbol may be delisted");
        let refused = error("Unprocessable Entity", "5m data not available");
        for status in [200, 400, 404, 422] {
            let read = |body: &str| {
                Chart
                    .read(status, body.as_bytes(), "", built_in("XNYS"))
                    .map(|a| a.rows.len())
            };
            assert_eq!(read(&empty), Ok(0));
            let words = "No data found, symbol may be delisted".to_owned();
            assert_eq!(read(&unknown), Err(AnswerError::UnknownSymbol(words)));
            let words = "Unprocessable Entity: 5m data not available".to_owned();
            assert_eq!(read(&refused), Err(AnswerError::Refused(words)));
        }
        let crumb = error("Unauthorized", "Invalid Crumb").replace("chart", "finance");
        assert_eq!(
            parse(&crumb),
            Err(AnswerError::Refused(
                "Unauthorized: Invalid Crumb".to_owned()
            ))
        );
        let text = r#"{"chart":{"result":null,"error":"closed"}}"#;
        assert_eq!(
            parse(text),
            Err(AnswerError::Refused("\"closed\"".to_owned()))
        );
    }

    #[test]
    fn other_statuses_stay_statuses() {
        let body = error("Not Found", "No data found");
        for status in [401, 403, 429, 500, 503] {
            let answer = Chart.read(status, body.as_bytes(), "", built_in("XNYS"));
            assert_eq!(
                answer,
                Err(AnswerError::Status {
                    status,
                    words: "No data found".to_owned()
                })
            );
        }
        let crumb = error("Unauthorized", "Invalid Crumb").replace("chart", "finance");
        let answer = Chart.read(401, crumb.as_bytes(), "", built_in("XNYS"));
        assert_eq!(
            answer.unwrap_err().to_string(),
            "HTTP 401: Unauthorized: Invalid Crumb"
        );
        let page = Chart.read(404, b"<html>", "", built_in("XNYS"));
        assert_eq!(
            page,
            Err(AnswerError::Status {
                status: 404,
                words: "<html>".to_owned()
            })
        );
    }

    #[test]
    fn what_is_no_chart_is_said() {
        assert_eq!(other("<!DOCTYPE html>"), "<!DOCTYPE html>");
        assert!(other("{}").contains("missing field `chart`"));
        assert_eq!(
            other(r#"{"chart":{"result":null,"error":null}}"#),
            "neither a result nor an error"
        );
        assert_eq!(
            other(r#"{"chart":{"result":[],"error":null}}"#),
            "neither a result nor an error"
        );
        assert_eq!(
            other(r#"{"chart":{"result":[{},{}]}}"#),
            "more than one result"
        );
        let body = chart(NEW_YORK, "1767623400,1767709800");
        for at in 0..body.len() {
            assert!(
                matches!(parse(&body[..at]), Err(AnswerError::CutShort(_))),
                "cut at {at}"
            );
        }
        for deep in ["[", "{\"chart\":", "{\"chart\":{\"result\":["] {
            assert!(parse(&deep.repeat(200_000)).is_err());
        }
    }

    #[test]
    fn only_a_last_row_that_stands_out_may_be_live() {
        // 09:30 in New York is 14:30Z in winter and 13:30Z in summer.
        let live = |zone: &str, stamps: &str| {
            let meta = format!(r#""exchangeTimezoneName":"{zone}""#);
            parse(&chart(&meta, stamps))
                .unwrap()
                .rows
                .iter()
                .map(|r| r.may_be_live)
                .collect::<Vec<_>>()
        };
        let (friday, monday) = ("1772807400", "1773063000");
        assert_eq!(
            live("America/New_York", &format!("{friday},{monday}")),
            [false, false]
        );
        assert_eq!(live("UTC", &format!("{friday},{monday}")), [false, true]);
        assert_eq!(
            live("America/New_York", &format!("{friday},{monday},1773086401")),
            [false, false, true]
        );
        // The day's own row twice, and a single row.
        assert_eq!(
            live("America/New_York", &format!("{friday},{monday},{monday}")),
            [false, false, true]
        );
        assert_eq!(live("America/New_York", monday), [false]);
        // Rows without a day are passed over.
        assert_eq!(
            live("America/New_York", &format!("{friday},null,{monday}")),
            [false; 3]
        );
        assert_eq!(
            live("America/New_York", &format!("{friday},{monday},null")),
            [false; 3]
        );
    }
}
