//! A row of a result: its fields by name, in the order of its type.

use std::borrow::Cow;

use serde::ser::{Error as _, Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::{Error, Value};

use crate::config::redact::Redaction;
use crate::domain::text::bounded;

/// Longest text in a row, in characters: longer than any of ours, but not a megabyte from a file.
const LONGEST_TEXT: usize = 100_000;

/// The fields of a row in order. It serializes as the object it was made from.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row(Vec<(Cow<'static, str>, Value)>);

impl Row {
    /// The fields of a struct, even with flattened fields, or of a map with text keys.
    ///
    /// # Errors
    /// If the value is something else, or a field cannot be written as JSON; either would be our bug.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        value.serialize(Fields::default()).map(Self)
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The value of a field.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let field = self.0.iter().find(|field| field.0 == name);
        field.map(|(_, value)| value)
    }

    /// The row with secrets in its texts redacted.
    #[must_use]
    pub(crate) fn redacted(mut self, redaction: &Redaction) -> Self {
        for (_, value) in &mut self.0 {
            redact(value, redaction);
        }
        self
    }
}

fn redact(value: &mut Value, redaction: &Redaction) {
    match value {
        Value::String(text) => *text = bounded(&redaction.text(text), LONGEST_TEXT),
        Value::Array(values) => values.iter_mut().for_each(|v| redact(v, redaction)),
        Value::Object(fields) => fields.values_mut().for_each(|v| redact(v, redaction)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Collects the fields of a value while it is serialized.
#[derive(Default)]
struct Fields(Vec<(Cow<'static, str>, Value)>);

type Taken = Vec<(Cow<'static, str>, Value)>;
type Never = Impossible<Taken, Error>;

impl SerializeStruct for Fields {
    type Ok = Taken;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.0
            .push((Cow::Borrowed(name), serde_json::to_value(value)?));
        Ok(())
    }

    fn end(self) -> Result<Taken, Error> {
        Ok(self.0)
    }
}

/// A struct with flattened fields is serialized as a map.
impl SerializeMap for Fields {
    type Ok = Taken;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let Value::String(name) = serde_json::to_value(key)? else {
            return Err(no_row());
        };
        self.0.push((Cow::Owned(name), Value::Null));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let (_, last) = self.0.last_mut().ok_or_else(no_row)?;
        *last = serde_json::to_value(value)?;
        Ok(())
    }

    fn end(self) -> Result<Taken, Error> {
        Ok(self.0)
    }
}

fn no_row() -> Error {
    Error::custom("a row of a result is a struct, or a map with texts as keys")
}

/// The methods for values without named fields.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, Error> { Err(no_row()) })*
    };
}

impl Serializer for Fields {
    type Ok = Taken;
    type Error = Error;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Never;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Taken, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Taken, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Taken, Error> {
        Err(no_row())
    }

    refuse! {
        serialize_bool(bool) -> Taken;
        serialize_i8(i8) -> Taken;
        serialize_i16(i16) -> Taken;
        serialize_i32(i32) -> Taken;
        serialize_i64(i64) -> Taken;
        serialize_u8(u8) -> Taken;
        serialize_u16(u16) -> Taken;
        serialize_u32(u32) -> Taken;
        serialize_u64(u64) -> Taken;
        serialize_f32(f32) -> Taken;
        serialize_f64(f64) -> Taken;
        serialize_char(char) -> Taken;
        serialize_str(&str) -> Taken;
        serialize_bytes(&[u8]) -> Taken;
        serialize_none() -> Taken;
        serialize_unit() -> Taken;
        serialize_unit_struct(&'static str) -> Taken;
        serialize_unit_variant(&'static str, u32, &'static str) -> Taken;
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::redact::SecretKind;

    #[derive(Serialize)]
    struct Inner {
        z: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        a: Vec<&'static str>,
    }

    #[derive(Serialize)]
    struct Outer {
        y: &'static str,
        #[serde(flatten)]
        inner: Inner,
        #[serde(skip)]
        _hidden: u8,
        b: Option<i64>,
    }

    const OUTER: Outer = Outer {
        y: "no \"password=pw\" of me:c4n4ry\n",
        inner: Inner {
            z: 0.1,
            absent: None,
            a: vec![],
        },
        _hidden: 1,
        b: None,
    };

    #[test]
    fn fields_keep_their_order_also_flattened_ones() {
        let row = Row::of(&OUTER).unwrap();
        assert_eq!(row.names().collect::<Vec<_>>(), ["y", "z", "a", "b"]);
        assert_eq!(
            (row.get("z"), row.get("b"), row.get("absent")),
            (Some(&Value::from(0.1)), Some(&Value::Null), None)
        );
        let same = |row: &Row, value: &dyn Fn() -> String| {
            assert_eq!(serde_json::to_string_pretty(row).unwrap(), value());
        };
        same(&row, &|| serde_json::to_string_pretty(&OUTER).unwrap());
        let map = BTreeMap::from([("k", 1)]);
        same(&Row::of(&Some(&map)).unwrap(), &|| {
            serde_json::to_string_pretty(&map).unwrap()
        });
    }

    #[test]
    fn what_has_no_names_is_no_row() {
        assert!(Row::of("text").is_err() && Row::of(&1).is_err() && Row::of(&()).is_err());
        assert!(Row::of(&[1, 2][..]).is_err() && Row::of(&(1, 2)).is_err());
        assert!(Row::of(&None::<Inner>).is_err());
        assert!(Row::of(&BTreeMap::from([(1.5_f64.to_bits(), 1)])).is_err());
    }

    #[test]
    fn texts_are_redacted_as_they_are_and_not_as_json_writes_them() {
        let redaction = Redaction::new([(SecretKind::Whole, "c4n4ry")]);
        let row = Row::of(&Outer {
            inner: Inner {
                a: vec!["c4n4ry", "b"],
                ..OUTER.inner
            },
            ..OUTER
        });
        let row = row.unwrap().redacted(&redaction);
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"y":"no \"password=***\" of me:***\n","z":0.1,"a":["***","b"],"b":null}"#
        );
    }
}
