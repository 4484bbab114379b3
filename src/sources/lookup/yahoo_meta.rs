//! What a Yahoo symbol is: the `meta` of its chart. An empty chart also belongs to a known symbol.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::body::{AnswerError, Object, json_error, json_text};
use super::super::yahoo::{moment, read_error};
use crate::domain::asset::SourceKind;
use crate::domain::listing::{Listing, plain_code, plain_name, plain_price};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, alias = "finance")]
    chart: Object<Chart<'a>>,
}

#[derive(Deserialize)]
struct Chart<'a> {
    #[serde(borrow)]
    result: Option<Vec<Object<Series<'a>>>>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow)]
    meta: Option<Object<Meta<'a>>>,
    timestamp: Option<Vec<&'a RawValue>>,
}

/// Older answers have no names; the currency of a delisted fund is null.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    currency: Option<String>,
    symbol: Option<String>,
    exchange_name: Option<String>,
    full_exchange_name: Option<String>,
    instrument_type: Option<String>,
    exchange_timezone_name: Option<String>,
    long_name: Option<String>,
    short_name: Option<String>,
    #[serde(borrow)]
    first_trade_date: Option<&'a RawValue>,
    regular_market_time: Option<&'a RawValue>,
    regular_market_price: Option<&'a RawValue>,
}

pub(super) fn read(body: &[u8], word: &str) -> Result<Listing, AnswerError> {
    let Object(envelope) =
        serde_json::from_slice::<Object<Envelope>>(body).map_err(|e| json_error(body, &e))?;
    let Object(chart) = envelope.chart;
    if let Some(error) = chart.error {
        // "No data for these days" is said only of known symbols.
        return read_error(error).map(|_| Listing::new(SourceKind::Yahoo, word));
    }
    let mut results = chart.result.unwrap_or_default().into_iter();
    let series = match (results.next(), results.next()) {
        (Some(Object(series)), None) => series,
        _ => return Err(AnswerError::OtherShape("not one result".to_owned())),
    };
    let Some(Object(meta)) = series.meta else {
        return Err(AnswerError::OtherShape("a chart without meta".to_owned()));
    };
    Ok(Listing {
        has_bars: Some(series.timestamp.is_some_and(|stamps| !stamps.is_empty())),
        ..meta.listing(word)
    })
}

impl Meta<'_> {
    fn listing(self, word: &str) -> Listing {
        let code = |text: &Option<String>| text.as_deref().and_then(plain_code);
        let zone: Option<Tz> = code(&self.exchange_timezone_name).and_then(|z| z.parse().ok());
        let day = |stamp: Option<&RawValue>| local_day(moment(stamp?)?, zone?);
        let long_name = self.long_name.as_deref().and_then(plain_name);
        let short_name = || self.short_name.as_deref().and_then(plain_name);
        Listing {
            name: long_name.or_else(short_name),
            kind: code(&self.instrument_type),
            exchange: code(&self.exchange_name),
            exchange_name: code(&self.full_exchange_name),
            zone: code(&self.exchange_timezone_name),
            currency: code(&self.currency),
            first_day: day(self.first_trade_date),
            newest_day: day(self.regular_market_time),
            newest_price: self.regular_market_price.and_then(price),
            ..Listing::new(
                SourceKind::Yahoo,
                &code(&self.symbol).unwrap_or(word.to_owned()),
            )
        }
    }
}

fn local_day(moment: DateTime<Utc>, zone: Tz) -> Option<NaiveDate> {
    Some(moment.with_timezone(&zone).date_naive())
}

/// The digits of a price; `None` for what is not a number (`"NaN"`).
fn price(value: &RawValue) -> Option<String> {
    plain_price(json_text(Some(value)))
}
