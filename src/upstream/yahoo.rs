//! Yahoo's v8 chart: JSON with one array for the stamps and one for each price, errors inside it, and a live row at its end.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Answer, AnswerError, Complaint, Object, Origins, Upstream, Window};
use super::{first_words, json_error, json_text, path_segment};
use crate::asset::Category;
use crate::calendar::{Calendar, add_days, sub_days};
use crate::price::{RawBar, RawDay};

/// `query2.finance.yahoo.com/v8/finance/chart`.
///
/// Decided where the feed leaves doubt:
/// - A stamp is dated in `exchangeTimezoneName`; where that is absent or unknown, in the calendar's zone. `gmtoffset` is the
///   offset of today, not of the bar, and is never used.
/// - Bars whose `dataGranularity` is not `1d` are refused; an answer without bars is empty whatever it says there, and one
///   that says nothing is taken for what was asked.
/// - `adjclose` is ignored: it is restated after every dividend.
/// - Volume may be absent (unknown); a price array may not.
pub(super) struct Chart;

impl Upstream for Chart {
    fn name(&self) -> &'static str {
        "yahoo"
    }

    /// A day over on each side: UTC midnight cuts the first session east of Greenwich, and `period2` is exclusive for
    /// exchanges.
    fn url(&self, origins: &Origins, symbol: &str, _category: Category, part: Window) -> String {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp();
        let (from, to) = (
            midnight(sub_days(part.start, 1)),
            midnight(add_days(part.end, 2)),
        );
        let symbol = path_segment(symbol);
        let origin = &origins.yahoo;
        format!(
            "{origin}/v8/finance/chart/{symbol}?period1={from}&period2={to}&interval=1d&includePrePost=false"
        )
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("yahoo/{symbol}.json")
    }

    fn parse<'a>(&self, body: &'a [u8], calendar: Calendar) -> Result<Answer<'a>, AnswerError> {
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

    /// Yahoo says why inside a 400, 404 or 422: no data for the days is an empty answer, an unknown symbol is one. The other
    /// statuses (401, 403, 429, 5xx) are as good as they stand; their bodies may be plain text.
    fn read<'a>(
        &self,
        status: u16,
        body: &'a [u8],
        calendar: Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        if (200..300).contains(&status) {
            return self.parse(body, calendar);
        }
        if let (400 | 404 | 422, Ok(Object(envelope))) =
            (status, serde_json::from_slice::<Object<Envelope>>(body))
            && let Some(error) = envelope.chart.0.error
        {
            return read_error(error);
        }
        Err(AnswerError::Status {
            status,
            words: first_words(body),
        })
    }
}

/// The document. Yahoo's gate answers under the name `finance` (`Invalid Crumb`), with the same fields.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, alias = "finance")]
    chart: Object<Body<'a>>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    result: Option<Vec<Object<Series<'a>>>>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow)]
    meta: Option<Object<Meta<'a>>>,
    timestamp: Option<Vec<&'a RawValue>>,
    indicators: Option<Object<Indicators<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
    exchange_timezone_name: Option<String>,
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

/// What an error object means.
fn read_error<'a>(error: &RawValue) -> Result<Answer<'a>, AnswerError> {
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

impl<'a> Series<'a> {
    fn answer(self, calendar: Calendar) -> Result<Answer<'a>, AnswerError> {
        let meta = self.meta.map(|Object(meta)| meta).unwrap_or_default();
        let stamps = self.timestamp.unwrap_or_default();
        let quotes = self
            .indicators
            .and_then(|Object(i)| i.quote)
            .unwrap_or_default();
        let quote = only_quote(quotes)?;
        let zone = meta.zone();
        let mut answer = Answer {
            currency: meta.currency(),
            zone,
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
        match meta.data_granularity {
            Some(granularity) if granularity != "1d" => {
                return Err(AnswerError::Granularity(first_words(
                    granularity.as_bytes(),
                )));
            }
            _ => {}
        }
        let zone = zone.unwrap_or_else(|| calendar.zone());
        answer.rows = quote.rows(&stamps, |moment| calendar.trading_day(moment, zone))?;
        mark_live(&mut answer.rows, &stamps, zone);
        Ok(answer)
    }
}

impl<'a> Meta<'a> {
    /// The currency, where it is a text (a delisted fund's is null).
    fn currency(&self) -> Option<&'a str> {
        let is_text = self.currency.is_some_and(|c| c.get().starts_with('"'));
        Some(json_text(self.currency)).filter(|c| is_text && !c.is_empty())
    }

    /// The exchange's zone, where the time zone database knows it.
    fn zone(&self) -> Option<Tz> {
        let Ok(zone) = self.exchange_timezone_name.as_deref()?.parse() else {
            return None;
        };
        Some(zone)
    }
}

/// The one element of `indicators.quote`; nothing (`[]`, `[{}]`, `[null]`) is a quote without arrays.
fn only_quote(mut quotes: Vec<Option<Object<Quote<'_>>>>) -> Result<Quote<'_>, AnswerError> {
    match (quotes.pop(), quotes.len()) {
        (None | Some(None), 0) => Ok(Quote::default()),
        (Some(Some(Object(quote))), 0) => Ok(quote),
        (_, more) => Err(AnswerError::OtherShape(format!(
            "{} quotes in place of one",
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

    /// One row for each stamp.
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
            may_be_live: false,
        };
        Ok(stamps.iter().map(row).collect())
    }
}

/// The cells of an array that has as many as there are stamps.
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

/// The moment of a stamp (seconds, below zero before 1970), if it lies in the years 1 to 9999.
fn moment(stamp: &RawValue) -> Option<DateTime<Utc>> {
    let Ok(seconds) = json_text(Some(stamp)).parse() else {
        return None;
    };
    DateTime::from_timestamp(seconds, 0).filter(|moment| (1..=9999).contains(&moment.year()))
}

/// Says of the last row whether it may be the live one: while a market is open, and until Yahoo settles, the last row is
/// stamped at the last trade and not at the open, and can stand beside the day's own row.
///
/// So the last row may be live when its day is an earlier row's too, or when its local time of day differs from that of the
/// row before (local, since the open moves in UTC with summer time). A late open does that too (Seoul's exam day, 10:00):
/// the mark says "may", and counts only beside another row of that day.
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
