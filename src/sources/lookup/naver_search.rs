//! Naver codes that match a text: `ac.stock.naver.com/ac`.

use serde::Deserialize;

use super::super::body::{AnswerError, Object, json_error};
use crate::domain::asset::SourceKind;
use crate::domain::listing::{Listing, plain_code, plain_name};

/// The hits; another path of Naver nests them one level deeper.
#[derive(Deserialize)]
struct Envelope {
    items: Option<Vec<Object<Item>>>,
    result: Option<Object<Items>>,
}

#[derive(Deserialize)]
struct Items {
    items: Option<Vec<Object<Item>>>,
}

/// A hit. Nothing in it distinguishes a fund from a share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    code: Option<String>,
    name: Option<String>,
    type_code: Option<String>,
    type_name: Option<String>,
    category: Option<String>,
}

pub(super) fn read(body: &[u8]) -> Result<Vec<Listing>, AnswerError> {
    let Object(envelope) =
        serde_json::from_slice::<Object<Envelope>>(body).map_err(|e| json_error(body, &e))?;
    let inner = || envelope.result.and_then(|Object(result)| result.items);
    let items = envelope.items.or_else(inner);
    let items = items.ok_or_else(|| AnswerError::OtherShape("it has no items".to_owned()))?;
    if items.iter().any(|Object(item)| item.code.is_none()) {
        return Err(AnswerError::OtherShape("an item without a code".to_owned()));
    }
    Ok(items
        .into_iter()
        .filter_map(|Object(item)| item.listing())
        .collect())
}

impl Item {
    fn listing(self) -> Option<Listing> {
        let code = |text: &Option<String>| text.as_deref().and_then(plain_code);
        Some(Listing {
            name: self.name.as_deref().and_then(plain_name),
            kind: code(&self.category),
            exchange: code(&self.type_code),
            exchange_name: code(&self.type_name),
            ..Listing::new(SourceKind::Naver, &code(&self.code)?)
        })
    }
}
