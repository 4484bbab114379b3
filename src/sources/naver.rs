//! Naver's day API: a JSON array of days, oldest first, split-adjusted as of the day of the request.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::body::{
    AnswerError, Complaint, Object, compact_day, first_words, json_error, json_start, json_text,
    path_segment, refuse_minutes,
};
use super::upstream::Upstream;
use crate::config::Variable;
use crate::domain::answer::{Answer, RawBar};
use crate::domain::asset::Category;
use crate::domain::calendar::Calendar;
use crate::domain::window::Window;

/// `api.stock.naver.com/chart/domestic/…/day`.
///
/// `[]` is the answer both for an unknown code and for a range without sessions, so both count as an empty answer.
pub(super) struct DayApi;

impl Upstream for DayApi {
    fn name(&self) -> &'static str {
        "naver"
    }

    fn origin(&self) -> Variable {
        Variable::origin("NAVER_BASE_URL", "https://api.stock.naver.com")
    }

    fn url(&self, origin: &str, symbol: &str, category: Category, part: Window) -> String {
        let kind = if category == Category::Index {
            "index"
        } else {
            "item"
        };
        let (start, end) = (part.start.format("%Y%m%d"), part.end.format("%Y%m%d"));
        let symbol = path_segment(symbol);
        format!(
            "{origin}/chart/domestic/{kind}/{symbol}/day?startDateTime={start}0000&endDateTime={end}2359"
        )
    }

    /// The API belongs to the mobile site and expects its referrer (public clients all send it).
    fn headers(&self, _symbol: &str, _part: Window) -> Vec<(String, String)> {
        vec![(
            "Referer".to_owned(),
            "https://m.stock.naver.com/".to_owned(),
        )]
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("naver/{symbol}.json")
    }

    /// An object instead of the array is an error, with Naver's message if there is one. If no row at all has a field
    /// `closePrice`, the fields were renamed: that is another format, not a series of empty days.
    fn parse<'a>(
        &self,
        body: &'a [u8],
        _symbol: &str,
        _calendar: &Calendar,
    ) -> Result<Answer<'a>, AnswerError> {
        if json_start(body) == Some(b'{') {
            return Err(refusal(body));
        }
        let days: Vec<Object<DayRow>> =
            serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
        if !days.is_empty() && days.iter().all(|Object(day)| day.close_price.is_none()) {
            return Err(AnswerError::OtherShape(
                "no row has a closePrice".to_owned(),
            ));
        }
        let rows: Vec<RawBar<'a>> = days.iter().map(|Object(day)| day.bar()).collect();
        refuse_minutes(&rows)?;
        Ok(Answer {
            rows,
            ..Answer::default()
        })
    }
}

/// One element of the array; fields that we do not read come and go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DayRow<'a> {
    #[serde(borrow)]
    local_date: &'a RawValue,
    open_price: Option<&'a RawValue>,
    high_price: Option<&'a RawValue>,
    low_price: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    close_price: Option<&'a RawValue>,
    accumulated_trading_volume: Option<&'a RawValue>,
}

/// A field that is present, even if null: before the open, today's row has nulls.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

impl<'a> DayRow<'a> {
    fn bar(&self) -> RawBar<'a> {
        RawBar {
            day: compact_day(json_text(Some(self.local_date))),
            open: json_text(self.open_price),
            high: json_text(self.high_price),
            low: json_text(self.low_price),
            close: json_text(self.close_price),
            volume: json_text(self.accumulated_trading_volume),
            ..RawBar::default()
        }
    }
}

fn refusal(body: &[u8]) -> AnswerError {
    match serde_json::from_slice::<Object<Complaint>>(body) {
        Ok(Object(complaint)) if complaint.message.is_some() => {
            AnswerError::Refused(complaint.words())
        }
        Ok(_) => AnswerError::OtherShape(first_words(body)),
        Err(e) => json_error(body, &e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::RawDay;
    use crate::domain::calendar::built_in;
    use crate::sources::tests::{date, values, window};

    fn parse(body: &str) -> Result<Answer<'_>, AnswerError> {
        DayApi.parse(body.as_bytes(), "", built_in("XKRX"))
    }

    #[test]
    fn an_index_has_a_path_of_its_own() {
        let url = |symbol, category| {
            DayApi.url(
                "https://naver.test",
                symbol,
                category,
                window("2026-01-05", "2026-01-12"),
            )
        };
        let query = "startDateTime=202601050000&endDateTime=202601122359";
        let stock = format!("https://naver.test/chart/domestic/item/005930/day?{query}");
        assert_eq!(url("005930", Category::Stock), stock);
        assert_eq!(url("005930", Category::Etf), stock);
        let index = format!("https://naver.test/chart/domestic/index/KPI200/day?{query}");
        assert_eq!(url("KPI200", Category::Index), index);
    }

    #[test]
    fn one_window_is_one_recording() {
        let all = window("1990-01-01", "2026-01-12");
        assert_eq!(DayApi.parts(all), [all]);
        assert_eq!(DayApi.recording("005930", all), "naver/005930.json");
    }

    #[test]
    fn numbers_are_taken_as_they_were_sent() {
        let body = r#"[{"localDate":"20260105","openPrice":"1,234.50","highPrice":1300.0,"lowPrice":null,
            "closePrice":true,"accumulatedTradingVolume":12,"foreignRetentionRate":{"a":[1]}},
            {"localDate":"202601061530","closePrice":1},{"localDate":20260107,"closePrice":1}]"#;
        let rows = parse(body).unwrap().rows;
        assert_eq!(values(&rows[0]), ["1,234.50", "1300.0", "", "true", "12"]);
        assert_eq!(rows[1].day, RawDay::Impossible("202601061530"));
        assert_eq!(rows[2].day, RawDay::Date(date("2026-01-07")));
    }

    #[test]
    fn nothing_is_an_empty_answer() {
        assert_eq!(parse(" []\r\n"), Ok(Answer::default()));
        // Before the open, today's row has no values.
        let row = parse(r#"[{"localDate":"20260907","closePrice":null}]"#)
            .unwrap()
            .rows[0];
        assert_eq!(values(&row), [""; 5]);
    }

    #[test]
    fn an_error_keeps_navers_words() {
        let error = parse(r#"{"code":"StockConflict","message":"없는 종목입니다"}"#);
        assert_eq!(
            error,
            Err(AnswerError::Refused("없는 종목입니다".to_owned()))
        );
        let other = parse(r#"{"priceInfos":[]}"#);
        assert_eq!(
            other,
            Err(AnswerError::OtherShape(r#"{"priceInfos":[]}"#.to_owned()))
        );
    }

    #[test]
    fn what_is_no_list_of_days_is_another_shape() {
        let other = |body| match parse(body) {
            Err(AnswerError::OtherShape(words)) => words,
            answer => panic!("{answer:?}"),
        };
        assert_eq!(other("<!DOCTYPE html>\n<html>"), "<!DOCTYPE html>");
        assert_eq!(other("null"), "null");
        assert!(
            other(r#"[["20100104",16060,16180,16000,16180,239271]]"#)
                .contains("expected an object")
        );
        assert!(
            other(r#"[{"localDateTime":"20260105153000"}]"#).contains("missing field `localDate`")
        );
        assert_eq!(
            other(r#"[{"localDate":"20260105","close":1}]"#),
            "no row has a closePrice"
        );
        assert!(other(r#"[{"localDate":"20260105","closePrice":1}] x"#).contains("trailing"));
        assert!(
            other(r#"[{"localDate":"20260105","closePrice":1,"closePrice":2}]"#)
                .contains("duplicate")
        );
    }

    #[test]
    fn a_cut_body_is_cut_short() {
        for body in [
            "",
            "[",
            r#"[{"localDate":"2026"#,
            r#"[{"localDate":"20260105"},"#,
            r#"{"code":"#,
        ] {
            assert!(
                matches!(parse(body), Err(AnswerError::CutShort(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = "[".repeat(200_000);
        assert!(parse(&deep).is_err());
        assert!(parse(&format!("[{{\"localDate\":\"20260105\",\"x\":{deep}")).is_err());
        assert!(parse(&"{\"a\":".repeat(200_000)).is_err());
    }
}
