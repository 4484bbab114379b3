//! What the tests of the program stand on.
//!
//! - `browser`: a headless Chromium for one test
//! - `program`: runs the built binary in a folder and an environment of its own
//! - `install`: the program with its scripts, as on a user's disk
//! - `own_server`: a PostgreSQL server that a test may restart
//! - `proxy`: a network that fails
//! - `server`: answers as the price sources do, from recordings, and fails as they do (`answer`)
//! - `stock`: staged rows in any number
//! - `warehouse`: a PostgreSQL database for one test
//! - `reading`: reads the recordings in another way than the program does
//! - `window`: windows cut out of recordings

mod answer;
pub(crate) mod browser;
pub(crate) mod install;
pub(crate) mod own_server;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod reading;
pub(crate) mod server;
pub(crate) mod stock;
pub(crate) mod warehouse;
pub(crate) mod window;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use pricestash::sources::{SOURCES, Upstream};
use program::TestEnv;
use server::{Answer, Server};

/// Says what is not tested here, and what it needs. Not by a macro: what a macro prints in a test that passes is kept back.
pub(crate) fn left_out(what: &str) {
    let line = format!("left out: {what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The text of an `[[asset]]`; sources are pairs of source and symbol.
pub(crate) fn asset(id: &str, calendar: &str, currency: &str, sources: &[(&str, &str)]) -> String {
    let category = match calendar {
        "24/7" => "crypto",
        _ if id.starts_with("KS") => "index",
        _ => "stock",
    };
    let sources: Vec<String> = sources
        .iter()
        .map(|(source, symbol)| format!("{{ source = \"{source}\", symbol = \"{symbol}\" }}"))
        .collect();
    format!(
        "[[asset]]\nid = \"{id}\"\nname = \"The {id}\"\ncategory = \"{category}\"\ncalendar = \"{calendar}\"\n\
         currency = \"{currency}\"\nsources = [{}]\n\n",
        sources.join(", ")
    )
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The bytes of a recorded answer.
pub(crate) fn recorded(file: &str) -> Vec<u8> {
    let path = repository("tests/fixtures").join(file);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The way of this name to a source.
pub(crate) fn way(name: &str) -> &'static dyn Upstream {
    let mut all = SOURCES.iter().flat_map(|(_, ways)| ways.iter().copied());
    all.find(|way| way.name() == name).unwrap()
}

/// Four sessions in Seoul.
pub(crate) const WEEK: [&str; 4] = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"];

/// The route of the day API for an asset of [`shares`].
pub(crate) fn route(id: &str) -> String {
    format!("/chart/domestic/item/{id}/day")
}

/// An answer of the day API with these closes for [`WEEK`].
pub(crate) fn week(closes: [u32; 4]) -> Answer {
    let days = WEEK.iter().zip(closes).map(|(day, close)| {
        format!(
            "{{\"localDate\":\"{}\",\"closePrice\":{close}.0,\"openPrice\":{close}.0,\"highPrice\":{close}.0,\
             \"lowPrice\":{close}.0,\"accumulatedTradingVolume\":1000}}",
            day.replace('-', "")
        )
    });
    Answer::ok(format!("[{}]", days.collect::<Vec<_>>().join(",")))
}

/// Shares in Seoul with closes for [`WEEK`], each at its route.
pub(crate) fn shares(ids: &[&str]) -> (Server, TestEnv) {
    let server = Server::new();
    for id in ids {
        server.answer(&route(id), week([100, 101, 102, 103]));
    }
    let assets: Vec<String> = ids
        .iter()
        .map(|id| asset(id, "XKRX", "KRW", &[("naver", id)]))
        .collect();
    let env = TestEnv::at(&server, &assets);
    (server, env)
}

/// Shares from Yahoo, each with the recorded answer of AAPL under its own name.
pub(crate) fn yahoo_shares(ids: &[&str]) -> (Server, TestEnv) {
    let server = Server::new();
    let body = String::from_utf8(recorded("yahoo/AAPL_10d_2024-10.json")).unwrap();
    for id in ids {
        let own = body.replace("\"symbol\":\"AAPL\"", &format!("\"symbol\":\"{id}\""));
        server.answer(&yahoo_route(id), Answer::ok(own));
    }
    let assets: Vec<String> = ids
        .iter()
        .map(|id| asset(id, "XNYS", "USD", &[("yahoo", id)]))
        .collect();
    let env = TestEnv::at(&server, &assets);
    (server, env)
}

pub(crate) fn yahoo_route(id: &str) -> String {
    format!("/v8/finance/chart/{id}")
}

/// Makes the tables of alerts of a staging file what they were when there was one channel, up to version 14.
pub(crate) const WITHOUT_CHANNELS: &str = "
    DROP TABLE alert_channel;
    DROP TABLE alert_case;
    DROP TABLE alert_outbox;
    CREATE TABLE alert_case (topic TEXT NOT NULL, asset_id TEXT NOT NULL, cause TEXT NOT NULL, since TEXT NOT NULL,
        told TEXT NOT NULL, named INTEGER NOT NULL, PRIMARY KEY (topic, asset_id)) WITHOUT ROWID;
    CREATE TABLE alert_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT, created_at TEXT NOT NULL,
        content TEXT NOT NULL, claimed_at TEXT, refused INTEGER NOT NULL DEFAULT 0);";
