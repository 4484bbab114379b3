//! What every target does: reads bytes as an answer, and holds it to the rules.

use std::sync::LazyLock;

use pricestash::config::read_sources;
use pricestash::domain::asset::SourceKind;
use pricestash::domain::calendar::Calendars;
use pricestash::sources::lookup::LookUp;
use pricestash::sources::{Upstream, endpoints};

#[path = "../../it/sources/rules.rs"]
mod rules;

#[path = "../../it/sources/lookup_rules.rs"]
mod lookup_rules;

/// What is asked for; only the ECB's file is of many symbols.
const SYMBOL: &str = "USD";

static CALENDARS: LazyLock<Calendars> =
    LazyLock::new(|| Calendars::built_in().expect("the calendars are compiled in"));

/// Reads a body by one way to a source. Any status may come with it: the first byte says which.
pub fn read(kind: SourceKind, way: &str, calendar: &str, body: &[u8]) {
    let ways = endpoints(kind);
    let way = ways.iter().find(|w| w.name() == way);
    read_by(*way.expect("a way of this name"), calendar, body);
}

/// Reads a body as a source of the user's own would be read; the definition is without its name and URL.
pub fn read_user(definition: &str, calendar: &str, body: &[u8]) {
    let text = format!("[[source]]\nname = \"mine\"\nurl = \"https://h/{{symbol}}\"\n{definition}");
    let kinds = read_sources(&text).expect("a right definition");
    let ways = kinds.into_iter().flat_map(endpoints);
    ways.for_each(|way| read_by(way, calendar, body));
}

fn read_by(way: &dyn Upstream, calendar: &str, body: &[u8]) {
    let calendar = CALENDARS.get(calendar).expect("a calendar of this name");
    let status = status(body);
    if let Ok(answer) = way.read(status, body, SYMBOL, &calendar) {
        rules::assert_kept(&answer, body, &calendar);
    }
}

/// Reads a body as the answer to a look-up, with any status as well.
pub fn look_up(look_up: LookUp, body: &[u8]) {
    lookup_rules::assert_kept(look_up, status(body), body, "KRW-BTC");
}

fn status(body: &[u8]) -> u16 {
    match body.first() {
        Some(b'4') => 404,
        Some(b'5') => 503,
        _ => 200,
    }
}
