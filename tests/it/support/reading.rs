//! Reads the recordings in another way than the program does: no JSON, XML or CSV reader, no time zone database. Texts are
//! cut out of the body where they stand, so that a mistake would have to be made twice, in two ways.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::recorded;

/// The bits of open, high, low, close; the volume.
pub(crate) type Values = ([u64; 4], i64);
/// Values by day.
pub(crate) type Days = BTreeMap<String, Values>;

/// Prices and a volume in their digits; `None` for a row that says nothing.
fn values([open, high, low, close, volume]: [&str; 5]) -> Option<Values> {
    let prices = [open, high, low, close];
    if prices.iter().all(|p| matches!(*p, "" | "null")) {
        return None;
    }
    let bits = prices.map(|p| p.parse::<f64>().unwrap().to_bits());
    let volume = volume.split('.').next().unwrap();
    Some((bits, volume.parse().unwrap()))
}

fn text(file: &str) -> String {
    String::from_utf8_lossy(&recorded(file)).into_owned()
}

/// What stands between two texts, the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text
        .find(before)
        .unwrap_or_else(|| panic!("no {before} in {text:.200}"));
    let rest = &text[start + before.len()..];
    &rest[..rest.find(after).unwrap()]
}

/// A KRX file: Date,Close,UpDown,Comp,Change,Open,High,Low,Volume,…
pub(crate) fn krx(file: &str) -> Days {
    let text = text(file);
    let lines = text.lines().skip(1).map(|line| line.split(',').collect());
    lines
        .filter_map(|f: Vec<&str>| Some((f[0].to_owned(), values([f[5], f[6], f[7], f[1], f[8]])?)))
        .collect()
}

/// `20240131` as `2024-01-31`.
fn dashed(day: &str) -> String {
    format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])
}

/// An answer of Naver's day API.
pub(crate) fn naver(file: &str) -> Days {
    let text = text(file);
    let objects = text.split('}').filter(|o| o.contains("localDate"));
    objects
        .filter_map(|o| {
            let field = |name: &str| between(o, &format!("\"{name}Price\":"), ",");
            let volume = between(o, "\"accumulatedTradingVolume\":", ",");
            let values = values([
                field("open"),
                field("high"),
                field("low"),
                field("close"),
                volume,
            ]);
            Some((dashed(between(o, "\"localDate\":\"", "\"")), values?))
        })
        .collect()
}

/// An answer of fchart.
pub(crate) fn fchart(file: &str) -> Days {
    let text = text(file);
    let items = text.split("<item data=\"").skip(1);
    items
        .filter_map(|item| {
            let f: Vec<&str> = item.split('"').next().unwrap().split('|').collect();
            Some((dashed(f[0]), values([f[1], f[2], f[3], f[4], f[5]])?))
        })
        .collect()
}

/// An answer of Yahoo. The exchange's day begins so many hours before UTC's; sessions in New York lie within one UTC day.
pub(crate) fn yahoo(file: &str, hours_ahead: i64) -> Days {
    let text = text(file);
    let array = |name: &str| -> Vec<&str> {
        let cells = between(&text, &format!("\"{name}\":["), "]").split(',');
        cells.map(str::trim).collect()
    };
    let [open, high, low, close, volume] = ["open", "high", "low", "close", "volume"].map(array);
    let days = array("timestamp").into_iter().map(|stamp| {
        let seconds = stamp.parse::<i64>().unwrap() + hours_ahead * 3600;
        let moment = DateTime::from_timestamp(seconds, 0).unwrap();
        moment.date_naive().to_string()
    });
    days.enumerate()
        .filter_map(|(i, day)| {
            Some((
                day,
                values([open[i], high[i], low[i], close[i], volume[i]])?,
            ))
        })
        .collect()
}
