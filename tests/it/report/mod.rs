//! The report: what it says against recordings that are read in another way, and how it behaves in a real Chromium.
//!
//! - `adjusted`: the switch between prices as staged and adjusted, dividends, splits and stretches in doubt as marks
//! - `command`: what it writes where, and what it says
//! - `facts`: the board, the charts' values, the strip and the corrections; no browser where none is needed
//! - `page`: no request, no error; ranges, keys, dark, phone, print
//! - `paper`: no empty page, whole charts, the board's head on each page, white
//! - `hostile`: names and messages that would like to be markup

mod adjusted;
mod command;
mod facts;
mod hostile;
mod page;
mod paper;

use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::program::TestEnv;
use crate::support::reading::{self, Days};
use crate::support::{asset, recorded};

const SHARE: &str = "naver/api_item_005930_day_2023-01..2026-01_rewrapped.json";
const FUND: &str = "yahoo_rewrapped/SOXL_2023-07..2026-07.json";

/// Three years of a share by Naver and of a fund by Yahoo, replayed; and the days of both as the recordings have them.
fn two_assets() -> (TestEnv, Days, Days) {
    let env = TestEnv::new();
    let assets = [
        asset(
            "005930",
            "XKRX",
            "KRW",
            &[("naver", "005930"), ("yahoo", "005930.KS")],
        ),
        asset("SOXL", "XNYS", "USD", &[("yahoo", "SOXL")]),
    ];
    env.write("data/assets.toml", assets.concat());
    env.write("replay/naver/005930.json", recorded(SHARE));
    env.write("replay/yahoo/SOXL.json", recorded(FUND));
    env.succeed(&[
        "collect",
        "--replay",
        "replay",
        "--start",
        "2023-01-01",
        "--end",
        "2026-07-02",
    ]);
    (env, reading::naver(SHARE), reading::yahoo(FUND, 0))
}

/// Writes the report and opens it.
fn open(env: &TestEnv, browser: &Browser) {
    env.succeed(&["report"]);
    browser.open(&env.path("report.html"));
    assert_eq!(
        browser.text("document.documentElement.dataset.ready"),
        "yes"
    );
}

/// Waits until the chart of an asset is drawn, which it is when it comes into view.
fn show_chart(browser: &Browser, at: usize) {
    browser.run(&format!(
        "document.querySelector('#asset-{at}').scrollIntoView({{behavior: 'instant'}})"
    ));
    crate::support::program::until("a chart", || {
        browser.run(&format!(
            "return document.querySelector('#asset-{at} .plot') !== null"
        )) == true
    });
}

/// The day and the exact values that a chart tells below its buttons: open, high, low, close, volume. As texts, so that no
/// reader of JSON can change a digit.
fn told(browser: &Browser, at: usize) -> (String, Vec<f64>) {
    let told = browser.run(&format!(
        "const r = document.querySelector('#asset-{at} .readout');
         const value = (name) => r.querySelector(`[data-name=${{name}}]`).value;
         return [r.dataset.day, ...['open', 'high', 'low', 'close', 'volume'].map(value)];"
    ));
    let told = told.as_array().unwrap();
    let day = told[0].as_str().unwrap().to_owned();
    (
        day,
        told[1..]
            .iter()
            .map(|v| v.as_str().unwrap().parse().unwrap())
            .collect(),
    )
}

/// The same out of a recording.
fn recorded_day(days: &Days, day: &str) -> Vec<f64> {
    let (bits, volume) = days[day];
    let prices = bits.map(f64::from_bits);
    [&prices[..], &[volume.to_string().parse().unwrap()]].concat()
}

/// Every text of a part of the page.
fn texts(browser: &Browser, selector: &str) -> Vec<String> {
    let script = format!(
        "return [...document.querySelectorAll({})].map((e) => e.textContent.trim())",
        Value::from(selector)
    );
    let found = browser.run(&script);
    let found = found.as_array().unwrap().iter();
    found.map(|t| t.as_str().unwrap().to_owned()).collect()
}
