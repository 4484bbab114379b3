//! Upbit's day candles: a JSON array, newest first, each of a UTC day (09:00 to 09:00 in Seoul).

use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{
    AnswerError, Complaint, Object, first_words, iso_day, json_error, json_start, json_text,
    query_value,
};
use super::upstream::Upstream;
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::Category;
use crate::domain::calendar::{Calendar, add_days};
use crate::domain::window::Window;

/// Most candles per answer; a larger count silently returns this many.
const MAX_COUNT: u64 = 200;
/// Time of every day candle.
const MIDNIGHT: &str = "T00:00:00";

/// `api.upbit.com/v1/candles/days`. Success is an array, an error is an object, an empty range is `[]`.
pub(super) struct DayCandles;

impl Upstream for DayCandles {
    fn name(&self) -> &'static str {
        "upbit"
    }

    fn origin(&self) -> Variable {
        Variable::origin("UPBIT_BASE_URL", "https://api.upbit.com")
    }

    fn parts(&self, window: Window) -> Vec<Window> {
        window.split(MAX_COUNT)
    }

    /// `to` is exclusive: the midnight after the last day.
    fn url(&self, origin: &str, symbol: &str, _category: Category, part: Window) -> String {
        let to = add_days(part.end, 1)
            .format("%Y-%m-%dT00:00:00Z")
            .to_string();
        let count = (part.end - part.start).num_days() + 1;
        let (market, to) = (query_value(symbol), query_value(&to));
        format!("{origin}/v1/candles/days?market={market}&to={to}&count={count}")
    }

    /// All parts share one file.
    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("upbit/{symbol}.json")
    }

    fn parse<'a>(
        &self,
        body: &'a [u8],
        _symbol: &str,
        _calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        if json_start(body) == Some(b'{') {
            return Err(refusal(body));
        }
        let candles: Vec<Object<Candle>> =
            serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
        let rows = candles
            .iter()
            .map(|Object(candle)| candle.bar())
            .collect::<Result<_, _>>()?;
        let market = only_market(&candles)?;
        Ok(Answer {
            rows,
            symbol: market,
            currency: market.and_then(currency_of),
            zone: Some(Tz::UTC),
            fractional_volume: true,
            ..Answer::default()
        })
    }

    /// An unknown market is a 404 with the reason in JSON. Every other status has its usual meaning, with Upbit's
    /// message.
    fn explain<'a>(&self, status: u16, body: &'a [u8]) -> Option<Result<Answer<'a>, AnswerError>> {
        match refusal(body) {
            said @ (AnswerError::UnknownSymbol(_) | AnswerError::Refused(_)) if status == 404 => {
                Some(Err(said))
            }
            AnswerError::UnknownSymbol(words) | AnswerError::Refused(words) => {
                Some(Err(AnswerError::Status { status, words }))
            }
            _ => None,
        }
    }
}

/// One candle. Upbit always sends these fields; an array without one of them is another list.
#[derive(Deserialize)]
struct Candle<'a> {
    #[serde(borrow)]
    market: Option<&'a RawValue>,
    candle_date_time_utc: &'a RawValue,
    opening_price: &'a RawValue,
    high_price: &'a RawValue,
    low_price: &'a RawValue,
    trade_price: &'a RawValue,
    candle_acc_trade_volume: &'a RawValue,
    /// Present in candles of weeks, months and years, but not of days.
    first_day_of_period: Option<&'a RawValue>,
}

impl<'a> Candle<'a> {
    fn bar(&self) -> Result<RawBar<'a>, AnswerError> {
        if self.first_day_of_period.is_some() {
            return Err(AnswerError::Granularity("weeks or longer".to_owned()));
        }
        Ok(RawBar {
            day: midnight_day(json_text(Some(self.candle_date_time_utc)))?,
            open: json_text(Some(self.opening_price)),
            high: json_text(Some(self.high_price)),
            low: json_text(Some(self.low_price)),
            close: json_text(Some(self.trade_price)),
            volume: json_text(Some(self.candle_acc_trade_volume)),
            ..RawBar::default()
        })
    }
}

/// The currency of a market's prices, by its prefix: `KRW-BTC` is in won. `USDT` counts as dollars.
fn currency_of(market: &str) -> Option<&str> {
    match market.split_once('-')?.0 {
        "USDT" => Some("USD"),
        currency => Some(currency),
    }
}

/// The market of all candles.
fn only_market<'a>(candles: &[Object<Candle<'a>>]) -> Result<Option<&'a str>, AnswerError> {
    let mut markets = candles
        .iter()
        .map(|Object(candle)| json_text(candle.market));
    let first = markets.next().unwrap_or_default();
    match markets.find(|other| *other != first) {
        Some(other) => Err(AnswerError::OtherShape(first_words(
            format!("candles of {first} and of {other}").as_bytes(),
        ))),
        None => Ok(Some(first).filter(|market| !market.is_empty())),
    }
}

/// The day of `2025-07-29T00:00:00`. Another time of day belongs to a candle of minutes or hours.
fn midnight_day(text: &str) -> Result<RawDay<'_>, AnswerError> {
    match text
        .split_at_checked(10)
        .map(|(day, time)| (iso_day(day), time))
    {
        Some((RawDay::Date(day), MIDNIGHT)) => Ok(RawDay::Date(day)),
        Some((RawDay::Date(_), time)) if time.starts_with('T') => Err(AnswerError::Granularity(
            format!("minutes or hours ({})", first_words(text.as_bytes())),
        )),
        _ => Ok(RawDay::Impossible(text)),
    }
}

/// `{"error": {"name": 404, "message": "Code not found"}}`; the name may be a number or a word.
pub(super) fn refusal(body: &[u8]) -> AnswerError {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        error: Object<Complaint<'a>>,
    }
    match serde_json::from_slice::<Object<Envelope>>(body) {
        Ok(Object(Envelope {
            error: Object(complaint),
        })) => {
            let words = complaint.words();
            let unknown =
                complaint.code() == "404" || words.to_ascii_lowercase().contains("not found");
            if unknown {
                AnswerError::UnknownSymbol(words)
            } else {
                AnswerError::Refused(words)
            }
        }
        Err(e) => json_error(body, &e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::built_in;
    use crate::sources::tests::{date, values, window};

    fn parse(body: &str) -> Result<Answer<'_>, AnswerError> {
        DayCandles.parse(body.as_bytes(), "", built_in("24/7"))
    }

    fn candle(time: &str, more: &str) -> String {
        format!(
            r#"[{{"market":"KRW-BTC","candle_date_time_utc":{time},"opening_price":1.00000000,"high_price":2,
            "low_price":"0.5","trade_price":1e0,"candle_acc_trade_volume":1487.53432374{more}}}]"#
        )
    }

    #[test]
    fn parts_have_at_most_two_hundred_days() {
        let parts = DayCandles.parts(window("2025-01-01", "2026-01-05"));
        let expected = [("2025-01-01", "2025-07-19"), ("2025-07-20", "2026-01-05")];
        assert_eq!(parts, expected.map(|(start, end)| window(start, end)));
        let full = window("2025-01-01", "2025-07-19");
        assert_eq!(DayCandles.parts(full), [full]);
        assert_eq!(DayCandles.parts(window("2025-01-02", "2025-01-01")), []);
    }

    #[test]
    fn a_market_tells_the_currency() {
        for (market, currency) in [
            ("KRW-BTC", Some("KRW")),
            ("BTC-ETH", Some("BTC")),
            ("USDT-BTC", Some("USD")),
            ("BTC", None),
        ] {
            assert_eq!(currency_of(market), currency, "{market}");
        }
    }

    #[test]
    fn the_end_is_exclusive() {
        let url = |part| DayCandles.url("https://upbit.test", "KRW-BTC", Category::Crypto, part);
        let path = "https://upbit.test/v1/candles/days?market=KRW-BTC";
        assert_eq!(
            url(window("2025-12-31", "2025-12-31")),
            format!("{path}&to=2026-01-01T00%3A00%3A00Z&count=1")
        );
        assert_eq!(
            url(window("2025-01-01", "2025-07-19")),
            format!("{path}&to=2025-07-20T00%3A00%3A00Z&count=200")
        );
        assert_eq!(
            DayCandles.recording("KRW-BTC", window("2025-01-01", "2025-07-19")),
            "upbit/KRW-BTC.json"
        );
    }

    #[test]
    fn a_candle_is_a_utc_day() {
        let body = candle("\"2025-07-29T00:00:00\"", "");
        let answer = parse(&body).unwrap();
        assert!(answer.fractional_volume);
        assert_eq!(answer.rows[0].day, RawDay::Date(date("2025-07-29")));
        assert_eq!(
            values(&answer.rows[0]),
            ["1.00000000", "2", "0.5", "1e0", "1487.53432374"]
        );
        for impossible in [
            "2025-02-31T00:00:00",
            "2025-07-29",
            "",
            "2025-07-2９T00:00:00",
        ] {
            let body = candle(&format!("\"{impossible}\""), "");
            assert_eq!(
                parse(&body).unwrap().rows[0].day,
                RawDay::Impossible(impossible)
            );
        }
    }

    #[test]
    fn other_candles_than_days_are_refused() {
        let minutes = candle("\"2025-07-29T00:01:00\"", ",\"unit\":1");
        let words = "minutes or hours (2025-07-29T00:01:00)".to_owned();
        assert_eq!(parse(&minutes), Err(AnswerError::Granularity(words)));
        let weeks = candle(
            "\"2025-07-28T00:00:00\"",
            ",\"first_day_of_period\":\"2025-07-28\"",
        );
        assert_eq!(
            parse(&weeks),
            Err(AnswerError::Granularity("weeks or longer".to_owned()))
        );
    }

    #[test]
    fn an_error_keeps_upbits_words() {
        let unknown = r#"{"error":{"name":404,"message":"Code not found"}}"#;
        assert_eq!(
            parse(unknown),
            Err(AnswerError::UnknownSymbol("Code not found".to_owned()))
        );
        let refused = r#"{"error":{"name":"validation_error","message":"count is invalid"}}"#;
        assert_eq!(
            parse(refused),
            Err(AnswerError::Refused("count is invalid".to_owned()))
        );
        let wordless = r#"{"error":{"name":"too_many_requests"}}"#;
        assert_eq!(
            parse(wordless),
            Err(AnswerError::Refused("too_many_requests".to_owned()))
        );
        assert!(matches!(
            parse(r#"{"message":"x"}"#),
            Err(AnswerError::OtherShape(_))
        ));
    }

    #[test]
    fn only_a_404_says_that_a_market_is_unknown() {
        let unknown = br#"{"error":{"name":404,"message":"Code not found"}}"#;
        let read = |status, body| DayCandles.read(status, body, "", built_in("24/7"));
        assert_eq!(
            read(404, unknown),
            Err(AnswerError::UnknownSymbol("Code not found".to_owned()))
        );
        for status in [400, 418, 429, 500, 503] {
            let words = "Code not found".to_owned();
            assert_eq!(
                read(status, unknown),
                Err(AnswerError::Status { status, words })
            );
        }
        let page = AnswerError::Status {
            status: 404,
            words: "<html>".to_owned(),
        };
        assert_eq!(read(404, b"<html>"), Err(page));
        assert!(read(200, b"[]").unwrap().rows.is_empty());
    }

    #[test]
    fn what_is_no_list_of_candles_is_said() {
        assert!(matches!(parse("<html>"), Err(AnswerError::OtherShape(w)) if w == "<html>"));
        assert!(
            matches!(parse(r#"[{"market":"KRW-BTC"}]"#), Err(AnswerError::OtherShape(w)) if w.contains("candle_date_time_utc"))
        );
        let body = candle("\"2025-07-29T00:00:00\"", "");
        for at in 0..body.len() {
            assert!(
                matches!(parse(&body[..at]), Err(AnswerError::CutShort(_))),
                "cut at {at}"
            );
        }
        assert!(parse(&"[".repeat(200_000)).is_err());
    }
}
