//! Yahoo symbols that match a text: `v1/finance/search`.

use serde::Deserialize;

use super::super::body::{AnswerError, Complaint, Object, json_error};
use crate::domain::asset::SourceKind;
use crate::domain::listing::{Listing, plain_code, plain_name};

#[derive(Deserialize)]
struct Envelope<'a> {
    quotes: Option<Vec<Object<Quote>>>,
    #[serde(borrow)]
    finance: Option<Object<Refused<'a>>>,
}

#[derive(Deserialize)]
struct Refused<'a> {
    #[serde(borrow)]
    error: Option<Object<Complaint<'a>>>,
}

/// A hit. Hits that are not Yahoo symbols (such as unlisted companies) have none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    symbol: Option<String>,
    quote_type: Option<String>,
    exchange: Option<String>,
    exch_disp: Option<String>,
    longname: Option<String>,
    shortname: Option<String>,
    is_yahoo_finance: Option<bool>,
}

pub(super) fn read(body: &[u8]) -> Result<Vec<Listing>, AnswerError> {
    let Object(envelope) =
        serde_json::from_slice::<Object<Envelope>>(body).map_err(|e| json_error(body, &e))?;
    let error = envelope.finance.and_then(|Object(finance)| finance.error);
    if let Some(Object(complaint)) = error {
        return Err(AnswerError::Refused(complaint.words()));
    }
    let quotes = envelope
        .quotes
        .ok_or_else(|| AnswerError::OtherShape("it has no quotes".to_owned()))?;
    let is_strange =
        |Object(q): &Object<Quote>| q.symbol.is_none() && q.is_yahoo_finance != Some(false);
    if quotes.iter().any(is_strange) {
        return Err(AnswerError::OtherShape(
            "a quote without a symbol".to_owned(),
        ));
    }
    Ok(quotes
        .into_iter()
        .filter_map(|Object(q)| q.listing())
        .collect())
}

impl Quote {
    fn listing(self) -> Option<Listing> {
        let code = |text: &Option<String>| text.as_deref().and_then(plain_code);
        let name = |text: &Option<String>| text.as_deref().and_then(plain_name);
        Some(Listing {
            name: name(&self.longname).or_else(|| name(&self.shortname)),
            kind: code(&self.quote_type),
            exchange: code(&self.exchange),
            exchange_name: code(&self.exch_disp),
            ..Listing::new(SourceKind::Yahoo, &code(&self.symbol)?)
        })
    }
}
