//! Naver's day API: a JSON array of days, oldest first, split-adjusted as of the day of the request.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Answer, AnswerError, Complaint, Object, Origins, Upstream, Window};
use super::{compact_day, first_words, json_error, json_start, json_text, path_segment};
use crate::asset::Category;
use crate::calendar::Calendar;
use crate::price::RawBar;

/// `api.stock.naver.com/chart/domestic/…/day`.
///
/// `[]` is the answer for an unknown code and for a range without sessions; the two look alike, so both are an empty answer.
pub(super) struct DayApi;

impl Upstream for DayApi {
    fn name(&self) -> &'static str {
        "naver"
    }

    fn url(&self, origins: &Origins, symbol: &str, category: Category, part: Window) -> String {
        let kind = if category == Category::Index {
            "index"
        } else {
            "item"
        };
        let (start, end) = (part.start.format("%Y%m%d"), part.end.format("%Y%m%d"));
        let symbol = path_segment(symbol);
        format!(
            "{}/chart/domestic/{kind}/{symbol}/day?startDateTime={start}0000&endDateTime={end}2359",
            origins.naver
        )
    }

    /// The API is the mobile site's own and is asked as from there (public clients all send it).
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("Referer", "https://m.stock.naver.com/")]
    }

    fn recording(&self, symbol: &str, _part: Window) -> String {
        format!("naver/{symbol}.json")
    }

    /// An object in place of the array is an error in Naver's words, if it has any. Not one field `closePrice` in
    /// all of the answer means that the fields are called otherwise by now: that is another shape, no series of empty days.
    fn parse<'a>(&self, body: &'a [u8], _calendar: Calendar) -> Result<Answer<'a>, AnswerError> {
        if json_start(body) == Some(b'{') {
            return Err(refusal(body));
        }
        let days: Vec<Object<Day>> =
            serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
        if !days.is_empty() && days.iter().all(|Object(day)| day.close_price.is_none()) {
            return Err(AnswerError::OtherShape(
                "no row has a closePrice".to_owned(),
            ));
        }
        Ok(Answer {
            rows: days.iter().map(|Object(day)| day.bar()).collect(),
            ..Answer::default()
        })
    }
}

/// One element of the array; the fields that are not asked for come and go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day<'a> {
    #[serde(borrow)]
    local_date: &'a RawValue,
    open_price: Option<&'a RawValue>,
    high_price: Option<&'a RawValue>,
    low_price: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    close_price: Option<&'a RawValue>,
    accumulated_trading_volume: Option<&'a RawValue>,
}

/// A field that is there, be it null: before the open today's row has nulls.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

impl<'a> Day<'a> {
    fn bar(&self) -> RawBar<'a> {
        RawBar {
            day: compact_day(json_text(Some(self.local_date))),
            open: json_text(self.open_price),
            high: json_text(self.high_price),
            low: json_text(self.low_price),
            close: json_text(self.close_price),
            volume: json_text(self.accumulated_trading_volume),
            may_be_live: false,
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
