//! What is thought of the prices that came, on recorded real ones.
//!
//! - `actions`, `adjusted`: dividends and splits, and prices adjusted by them
//! - `calendars`: the trading days, against the sessions that recorded series had
//! - `exchanges`: prices of exchanges all over the world, against their calendars
//! - `gaps`, `jumps`, `splits`: what is found in a series
//! - `finality`, `week`: a file as its source served it through several days, each version or twice a day
//! - `freshness`: `healthcheck`
//! - `reconcile`: two sources of one asset
//! - `retracted`: wrong bars that the owner takes back
//! - `scale`: series that may mix two scales
//! - `stand_in`: which source stands for a price, and when a second one is asked

mod actions;
mod adjusted;
mod calendars;
mod exchanges;
mod finality;
mod freshness;
mod gaps;
mod jumps;
mod reconcile;
mod retracted;
mod scale;
mod splits;
mod stand_in;
mod week;

use serde_json::{Value, json};

use crate::support::program::TestEnv;
use crate::support::server::Answer;
use crate::support::{asset, recorded};

const GAPS: &str =
    "SELECT date, asset_id FROM open_findings WHERE rule = 'date_gap' ORDER BY date, asset_id";

fn days(rows: Vec<(String, String)>) -> Vec<String> {
    rows.into_iter().map(|(day, _)| day).collect()
}

/// The KOSPI 200 by the KRX cache, replayed from a folder of this environment.
fn kospi(files: &[(&str, Vec<u8>)]) -> TestEnv {
    let env = TestEnv::new();
    let assets = asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]);
    env.write("data/assets.toml", assets);
    for (year, bytes) in files {
        env.write(&format!("replay/krx/ks200_{year}.csv"), bytes);
    }
    env
}

fn year(year: &str) -> Vec<u8> {
    recorded(&format!("krx_index/year_ks200_{year}.csv"))
}

/// An answer of the day API with a flat bar for each of these days.
fn bars(days: &[&str], close: f64) -> Answer {
    Answer::ok(flat_bars(days, close))
}

/// Its body.
fn flat_bars(days: &[&str], close: f64) -> String {
    let bar = |day: &&str| {
        json!({"localDate": day.replace('-', ""), "openPrice": close, "highPrice": close, "lowPrice": close,
               "closePrice": close, "accumulatedTradingVolume": 5})
    };
    Value::from_iter(days.iter().map(bar)).to_string()
}

/// Rows of day, open, high, low, close and volume as Yahoo would send them.
fn yahoo_answer(symbol: &str, currency: &str, zone: &str, rows: &[Vec<&str>]) -> Vec<u8> {
    let column =
        |at: usize| -> Vec<f64> { rows.iter().map(|r| r[at].parse::<f64>().unwrap()).collect() };
    let tz: chrono_tz::Tz = zone.parse().unwrap();
    let stamp = |row: &Vec<&str>| {
        let day: chrono::NaiveDate = row[0].parse().unwrap();
        let open = day.and_hms_opt(9, 30, 0).unwrap();
        open.and_local_timezone(tz).unwrap().timestamp()
    };
    let quote = json!({"open": column(1), "high": column(2), "low": column(3), "close": column(4),
                       "volume": column(5).iter().map(|v| v.round()).collect::<Vec<_>>()});
    let meta = json!({"currency": currency, "symbol": symbol, "exchangeTimezoneName": zone,
                      "gmtoffset": 0, "dataGranularity": "1d"});
    let stamps: Vec<i64> = rows.iter().map(stamp).collect();
    let result = json!([{"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}]);
    serde_json::to_vec(&json!({"chart": {"result": result, "error": null}})).unwrap()
}
