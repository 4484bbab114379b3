//! Common parts of XML answers: attributes as written in a body, and where it was cut.

use std::borrow::Cow;

use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::BytesStart;
use quick_xml::events::attributes::Attributes;

use super::body::{AnswerError, first_words};

/// The value of an attribute, as written.
pub(super) fn attribute<'a>(attributes: &'a str, name: &str) -> Result<Option<&'a str>, String> {
    for attribute in Attributes::new(attributes, 0) {
        let attribute = attribute.map_err(|e| e.to_string())?;
        if let (true, Cow::Borrowed(value)) = (attribute.key.as_ref() == name, attribute.value) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// An attribute of a tag whose attributes end at byte `end` of the body, cut from the body itself; `None` if it is
/// missing, empty or not text. The tag may be from a copy of the same length.
pub(super) fn lent<'a>(
    body: &'a [u8],
    tag: &BytesStart<'_>,
    end: usize,
    name: &str,
) -> Option<&'a str> {
    let attributes = tag.attributes_raw();
    let Ok(Some(value)) = attribute(attributes, name) else {
        return None;
    };
    let at = value.as_ptr().addr() - attributes.as_ptr().addr();
    let start = end.checked_sub(attributes.len())?.checked_add(at)?;
    let bytes = body.get(start..start.checked_add(value.len())?)?;
    str::from_utf8(bytes).map_or(None, |text| Some(text).filter(|t| !t.is_empty()))
}

/// An unclosed tag means that the body was cut; any other error means that it is not the feed.
pub(super) fn unreadable(error: &Error) -> AnswerError {
    match error {
        Error::Syntax(SyntaxError::InvalidBangMarkup) => AnswerError::OtherShape(error.to_string()),
        Error::Syntax(_) => AnswerError::CutShort(error.to_string()),
        _ => AnswerError::OtherShape(first_words(error.to_string().as_bytes())),
    }
}
