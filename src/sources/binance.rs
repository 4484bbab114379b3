//! Binance's klines: a JSON array of arrays, oldest first, each of a UTC day; prices and volumes are strings.

use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{
    AnswerError, Object, first_words, json_error, json_start, json_text, query_value,
};
use super::upstream::Upstream;
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::Category;
use crate::domain::calendar::{Calendar, add_days};
use crate::domain::window::Window;

/// Most klines per answer.
const MAX_COUNT: u64 = 1000;
/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// Binance's code for an unknown symbol.
const INVALID_SYMBOL: i64 = -1121;
/// The currency of prices by the end of a symbol, which has no separator. Coins pegged to the dollar count as dollars.
const QUOTES: &[(&str, &str)] = &[
    ("FDUSD", "USD"),
    ("USDT", "USD"),
    ("USDC", "USD"),
    ("BUSD", "USD"),
    ("TUSD", "USD"),
    ("BTC", "BTC"),
    ("ETH", "ETH"),
    ("BNB", "BNB"),
    ("EUR", "EUR"),
    ("GBP", "GBP"),
    ("TRY", "TRY"),
    ("BRL", "BRL"),
    ("JPY", "JPY"),
];

/// `api.binance.com/api/v3/klines`. Success is an array, an error is an object, an empty range is `[]`.
pub(super) struct Klines;

impl Upstream for Klines {
    fn name(&self) -> &'static str {
        "binance"
    }

    fn origin(&self) -> Variable {
        Variable::origin("BINANCE_BASE_URL", "https://api.binance.com")
    }

    fn parts(&self, window: Window) -> Vec<Window> {
        window.split(MAX_COUNT)
    }

    /// Both ends are inclusive; the end is the last millisecond of the last day.
    fn url(&self, origin: &str, symbol: &str, _category: Category, part: Window) -> String {
        let midnight = |day: chrono::NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let start = midnight(part.start).timestamp_millis();
        let end = midnight(add_days(part.end, 1)).timestamp_millis() - 1;
        let symbol = query_value(symbol);
        format!(
            "{origin}/api/v3/klines?symbol={symbol}&interval=1d&startTime={start}&endTime={end}&limit={MAX_COUNT}"
        )
    }

    fn currency_of<'a>(&self, symbol: &'a str) -> Option<&'a str> {
        let quote = QUOTES.iter().find(|(quote, _)| {
            let base = symbol.strip_suffix(quote);
            base.is_some_and(|base| !base.is_empty())
        });
        quote.map(|(_, currency)| *currency)
    }

    /// All parts share one file.
    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("binance/{symbol}.json")
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
        let klines: Vec<Vec<&RawValue>> =
            serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
        let rows = klines.iter().map(|kline| bar(kline));
        Ok(Answer {
            rows: rows.collect::<Result<_, _>>()?,
            zone: Some(Tz::UTC),
            fractional_volume: true,
            ..Answer::default()
        })
    }

    /// An unknown symbol is a 400 with the reason in JSON. Every other status has its usual meaning, with Binance's
    /// message.
    fn explain<'a>(&self, status: u16, body: &'a [u8]) -> Option<Result<Answer<'a>, AnswerError>> {
        match refusal(body) {
            unknown @ AnswerError::UnknownSymbol(_) if status == 400 => Some(Err(unknown)),
            AnswerError::UnknownSymbol(words) | AnswerError::Refused(words) => {
                Some(Err(AnswerError::Status { status, words }))
            }
            _ => None,
        }
    }
}

/// One kline: open time, open, high, low, close, volume, close time, and fields we ignore. Times are in milliseconds.
fn bar<'a>(kline: &[&'a RawValue]) -> Result<RawBar<'a>, AnswerError> {
    let [opened, open, high, low, close, volume, closed, ..] = kline else {
        let fields = format!("a kline of {} fields", kline.len());
        return Err(AnswerError::OtherShape(fields));
    };
    let opened = json_text(Some(opened));
    Ok(RawBar {
        day: day_of(opened, json_text(Some(closed)))?,
        open: json_text(Some(open)),
        high: json_text(Some(high)),
        low: json_text(Some(low)),
        close: json_text(Some(close)),
        volume: json_text(Some(volume)),
        ..RawBar::default()
    })
}

/// The UTC day of a kline that lasts from midnight to the last millisecond before the next midnight. Any other length
/// is not a day.
fn day_of<'a>(opened: &'a str, closed: &str) -> Result<RawDay<'a>, AnswerError> {
    let (Ok(start), Ok(end)) = (opened.parse::<i64>(), closed.parse::<i64>()) else {
        return Ok(RawDay::Impossible(opened));
    };
    let length = end
        .checked_sub(start)
        .and_then(|length| length.checked_add(1));
    if length != Some(DAY) || start % DAY != 0 {
        let said = first_words(format!("klines from {opened} to {closed}").as_bytes());
        return Err(AnswerError::Granularity(said));
    }
    let day = chrono::DateTime::from_timestamp_millis(start);
    Ok(day.map_or(RawDay::Impossible(opened), |day| {
        RawDay::Date(day.date_naive())
    }))
}

/// `{"code": -1121, "msg": "Invalid symbol."}`.
fn refusal(body: &[u8]) -> AnswerError {
    #[derive(Deserialize)]
    struct Complaint {
        code: i64,
        msg: String,
    }
    match serde_json::from_slice::<Object<Complaint>>(body) {
        Ok(Object(complaint)) => {
            let words = first_words(complaint.msg.as_bytes());
            match complaint.code {
                INVALID_SYMBOL => AnswerError::UnknownSymbol(words),
                _ => AnswerError::Refused(words),
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

    /// 2026-09-26T00:00:00Z.
    const OPENED: i64 = 1_790_380_800_000;

    fn parse(body: &str) -> Result<Answer<'_>, AnswerError> {
        Klines.parse(body.as_bytes(), "", built_in("24/7"))
    }

    fn kline(opened: &str, closed: i64) -> String {
        format!(
            r#"[[{opened},"84132.40000000","84132.41000000","0.00000001","84132.21000000","3.46100000",{closed},"291182.10",443,"0.3","27832.6","0"]]"#
        )
    }

    #[test]
    fn a_page_has_a_thousand_days_and_both_ends() {
        let parts = Klines.parts(window("2022-01-01", "2026-01-05"));
        assert_eq!(parts[0], window("2022-01-01", "2024-09-26"));
        assert_eq!(parts[1], window("2024-09-27", "2026-01-05"));
        assert_eq!(
            Klines.url(
                "https://b.test",
                "BTCUSDT",
                Category::Crypto,
                window("2026-09-26", "2026-09-26")
            ),
            "https://b.test/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=1790380800000&endTime=1790467199999&limit=1000"
        );
        assert_eq!(
            Klines.recording("BTCUSDT", parts[0]),
            "binance/BTCUSDT.json"
        );
    }

    #[test]
    fn a_kline_is_a_utc_day_with_its_digits() {
        let body = kline(&OPENED.to_string(), OPENED + DAY - 1);
        let answer = parse(&body).unwrap();
        assert_eq!(answer.rows[0].day, RawDay::Date(date("2026-09-26")));
        assert_eq!(
            values(&answer.rows[0]),
            [
                "84132.40000000",
                "84132.41000000",
                "0.00000001",
                "84132.21000000",
                "3.46100000"
            ]
        );
        assert!(answer.fractional_volume && answer.zone == Some(Tz::UTC));
        let body = kline("\"soon\"", OPENED);
        assert_eq!(
            parse(&body).unwrap().rows[0].day,
            RawDay::Impossible("soon")
        );
        assert!(parse("[]").unwrap().rows.is_empty());
    }

    #[test]
    fn other_klines_than_days_are_refused() {
        for closed in [
            OPENED + 59_999,
            OPENED + 7 * DAY - 1,
            OPENED + DAY,
            i64::MIN,
        ] {
            let body = kline(&OPENED.to_string(), closed);
            assert!(
                matches!(parse(&body), Err(AnswerError::Granularity(_))),
                "{closed}"
            );
        }
        let in_seoul = OPENED - 9 * 3_600_000;
        let body = kline(&in_seoul.to_string(), in_seoul + DAY - 1);
        assert!(matches!(parse(&body), Err(AnswerError::Granularity(_))));
    }

    #[test]
    fn the_end_of_a_symbol_tells_the_currency() {
        for (symbol, currency) in [
            ("BTCUSDT", Some("USD")),
            ("ETHBTC", Some("BTC")),
            ("BTCFDUSD", Some("USD")),
            ("USDTTRY", Some("TRY")),
            ("BTC", None),
            ("BTCXYZ", None),
        ] {
            assert_eq!(Klines.currency_of(symbol), currency, "{symbol}");
        }
    }

    #[test]
    fn only_a_400_says_that_a_symbol_is_unknown() {
        let unknown = br#"{"code":-1121,"msg":"Invalid symbol."}"#;
        let words = || "Invalid symbol.".to_owned();
        let read = |status, body| Klines.read(status, body, "", built_in("24/7"));
        assert_eq!(read(400, unknown), Err(AnswerError::UnknownSymbol(words())));
        assert_eq!(read(200, unknown), Err(AnswerError::UnknownSymbol(words())));
        for status in [403, 418, 429, 503] {
            let words = words();
            assert_eq!(
                read(status, unknown),
                Err(AnswerError::Status { status, words })
            );
        }
        let other = br#"{"code":-1003,"msg":"Too many requests."}"#;
        let words = "Too many requests.".to_owned();
        assert_eq!(read(200, other), Err(AnswerError::Refused(words)));
        let body = kline(&OPENED.to_string(), OPENED + DAY - 1);
        for at in 0..body.len() {
            assert!(
                matches!(parse(&body[..at]), Err(AnswerError::CutShort(_))),
                "cut at {at}"
            );
        }
        for stranger in ["[[1,2]]", "[1]", "{}", "<html>"] {
            assert!(parse(stranger).is_err(), "{stranger}");
        }
    }
}
