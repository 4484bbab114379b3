//! The `events` of Yahoo's chart: dividends, splits and capital gains, each below a key.
//!
//! Invalid events are passed on as they are, to be rejected individually: they never cost the bars of the answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Object, json_text};
use crate::domain::answer::{ActionKind, RawAction, RawDay};

/// The kinds by their names in the answer.
const KINDS: [(&str, ActionKind); 3] = [
    ("dividends", ActionKind::Dividend),
    ("splits", ActionKind::Split),
    ("capitalGains", ActionKind::CapitalGain),
];

/// Texts may contain escapes, so they may differ from the body.
type Named<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    date: Option<&'a RawValue>,
    amount: Option<&'a RawValue>,
    numerator: Option<&'a RawValue>,
    denominator: Option<&'a RawValue>,
    currency: Option<&'a RawValue>,
}

/// The events listed in an answer, with a function that dates timestamps; `None` if it says nothing about them
/// (`null`).
pub(super) fn read_events(
    events: &RawValue,
    day_of: impl Fn(&RawValue) -> Option<NaiveDate>,
) -> Option<Vec<RawAction<'_>>> {
    let text = events.get();
    if text == "null" {
        return None;
    }
    let Ok(by_kind) = serde_json::from_str::<Named<'_>>(text) else {
        return Some(vec![refused(ActionKind::Dividend, text)]);
    };
    let mut read = Vec::new();
    for (name, kind) in KINDS {
        let Some(of_kind) = by_kind.get(name).map(|v| v.get()).filter(|t| *t != "null") else {
            continue;
        };
        match serde_json::from_str::<Named<'_>>(of_kind) {
            // Its key is not its date: at longer intervals it is the date of the bar (UPSTREAMS-NEWS, C 8).
            Ok(events) => read.extend(events.values().map(|e| read_event(kind, e.get(), &day_of))),
            Err(_) => read.push(refused(kind, of_kind)),
        }
    }
    Some(read)
}

fn read_event<'a>(
    kind: ActionKind,
    text: &'a str,
    day_of: impl Fn(&RawValue) -> Option<NaiveDate>,
) -> RawAction<'a> {
    let Ok(Object(event)) = serde_json::from_str::<Object<Event<'a>>>(text) else {
        return refused(kind, text);
    };
    let date = json_text(event.date);
    let day = event.date.and_then(day_of);
    RawAction {
        kind,
        day: day.map_or(RawDay::Impossible(date), RawDay::Date),
        amount: json_text(event.amount),
        numerator: json_text(event.numerator),
        denominator: json_text(event.denominator),
        currency: Some(json_text(event.currency)).filter(|c| !c.is_empty()),
        raw: text,
    }
}

/// An invalid event.
fn refused(kind: ActionKind, raw: &str) -> RawAction<'_> {
    RawAction {
        kind,
        day: RawDay::Impossible(""),
        amount: "",
        numerator: "",
        denominator: "",
        currency: None,
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<RawAction<'_>>> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        read_events(raw, |stamp| {
            let time = chrono::DateTime::from_timestamp(stamp.get().parse().ok()?, 0)?;
            Some(
                time.with_timezone(&chrono_tz::America::New_York)
                    .date_naive(),
            )
        })
    }

    /// Day, and amount or ratio.
    fn short(text: &str) -> Vec<String> {
        let events = read(text).unwrap();
        let words = |a: &RawAction<'_>| {
            let day = match a.day {
                RawDay::Date(day) => day.to_string(),
                RawDay::Impossible(text) => format!("? {text}"),
            };
            let ratio = format!("{}:{}", a.numerator, a.denominator);
            let terms = if a.amount.is_empty() {
                &ratio
            } else {
                a.amount
            };
            format!("{} {day} {terms}", a.kind.name())
        };
        events.iter().map(words).collect()
    }

    /// Recorded by others: Amazon 2022, Coca-Cola 2024, Vanguard's fund of 1980 and 1987, a share in Hanoi.
    #[test]
    fn an_event_is_dated_by_its_date_and_not_by_its_key() {
        let split = r#"{"splits":{"1654056000":{"date":1654522200,"numerator":20.0,"denominator":1.0,"splitRatio":"20:1"}}}"#;
        assert_eq!(short(split), ["split 2022-06-06 20.0:1.0"]);
        let unordered = r#"{"dividends":{"1717214400":{"amount":0.485,"date":1718371800},"1709269200":{"amount":0.485,"date":1710423000}}}"#;
        let days = ["dividend 2024-03-14 0.485", "dividend 2024-06-14 0.485"];
        assert_eq!(short(unordered), days);
        let fund = r#"{"dividends":{"473403600":{"amount":0.16,"date":330960600}},"capitalGains":{"567752400":{"amount":0.17,"date":567786600}}}"#;
        let both = ["dividend 1980-06-27 0.16", "capital_gain 1987-12-29 0.17"];
        assert_eq!(short(fund), both);
        let own = r#"{"dividends":{"1":{"amount":1,"date":1718371800,"currency":"VND"}}}"#;
        assert_eq!(read(own).unwrap()[0].currency, Some("VND"));
    }

    #[test]
    fn what_is_no_event_is_handed_on_to_be_refused() {
        assert_eq!(read("null"), None);
        assert_eq!(read("{}"), Some(Vec::new()));
        assert_eq!(short(r#"{"dividends":null,"earnings":{"1":{}}}"#).len(), 0);
        for (text, raw) in [
            ("[]", "[]"),
            ("7", "7"),
            (r#"{"splits":[1]}"#, "[1]"),
            (r#"{"splits":{"1":[2,3]}}"#, "[2,3]"),
            (r#"{"splits":{"1":null}}"#, "null"),
            (r#"{"dividends":{"1":{"amount":1}}}"#, r#"{"amount":1}"#),
        ] {
            let events = read(text).unwrap();
            assert_eq!((events.len(), events[0].raw), (1, raw), "{text}");
            assert_eq!(events[0].day, RawDay::Impossible(""), "{text}");
        }
        let odd = r#"{"dividends":{"a\n":{"amount":"x","date":"soon"}},"dividends":{"2":{"date":99999999999999999}}}"#;
        assert_eq!(short(odd), ["dividend ? 99999999999999999 :"]);
    }
}
