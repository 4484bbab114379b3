//! Upbit markets: the list of all, with their names, and the newest candle of one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::body::{AnswerError, Object, iso_day, json_error, json_start, json_text};
use super::super::upbit::refusal;
use crate::domain::answer::RawDay;
use crate::domain::asset::SourceKind;
use crate::domain::listing::{Listing, plain_code, plain_name, plain_price};

/// A market of the list, or a candle.
#[derive(Deserialize)]
struct Item<'a> {
    market: Option<String>,
    korean_name: Option<String>,
    english_name: Option<String>,
    candle_date_time_utc: Option<String>,
    #[serde(borrow)]
    trade_price: Option<&'a RawValue>,
}

/// The markets in an answer, or the only one for `word`, newest candle first. An empty list of candles belongs to a
/// known market: an unknown one is a 404.
pub(super) fn read(body: &[u8], word: Option<&str>) -> Result<Vec<Listing>, AnswerError> {
    if json_start(body) == Some(b'{') {
        return Err(refusal(body));
    }
    let items: Vec<Object<Item>> =
        serde_json::from_slice(body).map_err(|e| json_error(body, &e))?;
    if items.iter().any(|Object(item)| item.market.is_none()) {
        return Err(AnswerError::OtherShape(
            "an entry without a market".to_owned(),
        ));
    }
    let mut listings = items.into_iter().filter_map(|Object(item)| item.listing());
    let Some(word) = word else {
        return Ok(listings.collect());
    };
    let Some(first) = listings.next() else {
        return Ok(vec![Listing::new(SourceKind::Upbit, word)]);
    };
    let found = Some(first)
        .into_iter()
        .chain(listings)
        .find(|l| l.symbol == word);
    found
        .map(|listing| vec![listing])
        .ok_or_else(|| AnswerError::OtherShape(format!("markets, but not {word}")))
}

impl Item<'_> {
    fn listing(self) -> Option<Listing> {
        let name = |text: &Option<String>| text.as_deref().and_then(plain_name);
        let day = self
            .candle_date_time_utc
            .as_deref()
            .and_then(|t| t.get(..10));
        let newest_day = day.and_then(|day| match iso_day(day) {
            RawDay::Date(day) => Some(day),
            RawDay::Impossible(_) => None,
        });
        Some(Listing {
            name: name(&self.korean_name).or_else(|| name(&self.english_name)),
            english_name: name(&self.english_name),
            newest_day,
            newest_price: self
                .trade_price
                .and_then(|p| plain_price(json_text(Some(p)))),
            ..Listing::new(SourceKind::Upbit, &plain_code(&self.market?)?)
        })
    }
}
