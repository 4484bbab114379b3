//! What a code of the Korean exchange is: `m.stock.naver.com/api/stock/{code}/basic`.
//!
//! It distinguishes an unknown code (409) from one without prices, which the day API does not. Its prices combine two
//! exchanges, so they are shown but never stored.

use serde::Deserialize;

use super::super::body::{AnswerError, Complaint, Object, first_words, iso_day, json_error};
use crate::domain::answer::RawDay;
use crate::domain::asset::SourceKind;
use crate::domain::listing::{Listing, plain_code, plain_name, plain_price};

/// Naver's code for something it does not have.
const UNKNOWN: &str = "StockConflict";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Basic {
    stock_name: Option<String>,
    stock_name_eng: Option<String>,
    item_code: Option<String>,
    stock_end_type: Option<String>,
    close_price: Option<String>,
    local_traded_at: Option<String>,
    stock_exchange_type: Option<Object<Exchange>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exchange {
    code: Option<String>,
    name_eng: Option<String>,
    zone_id: Option<String>,
}

pub(super) fn read(body: &[u8], word: &str) -> Result<Listing, AnswerError> {
    let Object(basic) =
        serde_json::from_slice::<Object<Basic>>(body).map_err(|e| json_error(body, &e))?;
    let name = |text: &Option<String>| text.as_deref().and_then(plain_name);
    let code = |text: &Option<String>| text.as_deref().and_then(plain_code);
    if name(&basic.stock_name).is_none() {
        return match refusal(body) {
            said @ (AnswerError::UnknownSymbol(_) | AnswerError::Refused(_)) => Err(said),
            _ => Err(AnswerError::OtherShape("it has no stockName".to_owned())),
        };
    }
    let exchange = basic.stock_exchange_type.map(|Object(exchange)| exchange);
    let of_exchange = |part: fn(&Exchange) -> &Option<String>| code(part(exchange.as_ref()?));
    let traded_at = basic.local_traded_at.as_deref().and_then(|t| t.get(..10));
    let newest_day = traded_at.and_then(|day| match iso_day(day) {
        RawDay::Date(day) => Some(day),
        RawDay::Impossible(_) => None,
    });
    let symbol = code(&basic.item_code).unwrap_or_else(|| word.to_owned());
    Ok(Listing {
        name: name(&basic.stock_name),
        english_name: name(&basic.stock_name_eng),
        kind: code(&basic.stock_end_type),
        exchange: of_exchange(|e| &e.code),
        exchange_name: of_exchange(|e| &e.name_eng),
        zone: of_exchange(|e| &e.zone_id),
        newest_day,
        newest_price: basic.close_price.as_deref().and_then(plain_price),
        ..Listing::new(SourceKind::Naver, &symbol)
    })
}

/// Interprets an error of Naver. A code is unknown only with this message: a bare 409 may mean too many requests.
pub(super) fn refusal(body: &[u8]) -> AnswerError {
    match serde_json::from_slice::<Object<Complaint>>(body) {
        Ok(Object(complaint)) if complaint.code() == UNKNOWN => {
            AnswerError::UnknownSymbol(format!("Naver has no such code ({})", complaint.words()))
        }
        Ok(Object(complaint)) if !complaint.words().is_empty() && !complaint.code().is_empty() => {
            AnswerError::Refused(complaint.words())
        }
        Ok(_) => AnswerError::OtherShape(first_words(body)),
        Err(e) => json_error(body, &e),
    }
}
