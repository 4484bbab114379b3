//! What every target does: reads bytes as an answer, checks the rows, and holds the bars to their rules.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use pricestash::asset::SourceKind;
use pricestash::calendar::Calendars;
use pricestash::upstream::{Window, ways};
use pricestash::validate::{self, Context};

static CALENDARS: LazyLock<Calendars> =
    LazyLock::new(|| Calendars::built_in().expect("the calendars are compiled in"));

/// Reads a body by one way to a source. Any status may come with it: the first byte says which.
pub fn read(kind: SourceKind, way: &str, calendar: &str, body: &[u8]) {
    let way = ways(kind).iter().find(|w| w.name() == way).expect("a way of this name");
    let calendar = CALENDARS.get(calendar).expect("a calendar of this name");
    let status = match body.first() {
        Some(b'4') => 404,
        Some(b'5') => 503,
        _ => 200,
    };
    let Ok(answer) = way.read(status, body, calendar) else {
        return;
    };
    assert!(answer.rows.len() <= body.len());
    let context = Context {
        window: Window {
            start: NaiveDate::MIN,
            end: NaiveDate::MAX,
        },
        calendar,
        fetched_at: DateTime::<Utc>::from_timestamp(1_795_000_000, 0).expect("a time"),
    };
    for bar in validate::check(&answer, context).bars {
        let [open, high, low, close] = bar.bar.prices();
        assert!([open, high, low, close].iter().all(|p| p.is_finite() && *p > 0.0));
        assert!(high >= low && bar.bar.volume().is_none_or(|v| v >= 0));
    }
}
