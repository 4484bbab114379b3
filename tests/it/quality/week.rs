//! A file as its source served it through several days, asked for twice a day: the last values are the final ones, and every
//! correction is kept. (`finality` replays every version with the time it was served at.)

use std::collections::BTreeMap;
use std::fs;

use crate::support::program::TestEnv;
use crate::support::reading::{self, Days, Values};
use crate::support::server::{Answer, Server};
use crate::support::{asset, recorded, repository};

const FOLDER: &str = "krx_index_intraday";
const ROUTE: &str = "/data/index/year_ks200/2026.csv";
/// As it was served once the last day had settled.
const SETTLED: &str = "krx_index/year_ks200_2026.csv";
const COLLECT: [&str; 5] = ["collect", "--start", "2026-03-09", "--end", "2026-03-20"];

/// The first and the last version of each day, in their order.
fn twice_a_day() -> Vec<String> {
    let entries = fs::read_dir(repository("tests/fixtures").join(FOLDER)).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".csv"))
        .collect();
    names.sort();
    let mut by_day = BTreeMap::<String, Vec<String>>::new();
    for name in names {
        // year_ks200_2026@2026-03-12T0947KST.csv
        let day = name.split(['@', 'T']).nth(1).unwrap().to_owned();
        by_day.entry(day).or_default().push(name);
    }
    let ends = by_day
        .into_values()
        .map(|day| [day[0].clone(), day[day.len() - 1].clone()]);
    ends.flatten()
        .map(|name| format!("{FOLDER}/{name}"))
        .collect()
}

/// The rows of a version that were asked for.
fn asked(file: &str) -> Days {
    let mut days = reading::krx(file);
    days.retain(|day, _| (COLLECT[2]..=COLLECT[4]).contains(&day.as_str()));
    days
}

fn bars(env: &TestEnv, from: &str) -> Vec<(String, Values)> {
    let connection = env.staging();
    let mut statement = connection
        .prepare(&format!(
            "SELECT date, open, high, low, close, volume FROM {from}"
        ))
        .unwrap();
    let rows = statement.query_map([], |r| {
        let prices: [f64; 4] = [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?];
        Ok((r.get(0)?, (prices.map(f64::to_bits), r.get(5)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_week_of_collects_ends_with_the_final_values_and_every_correction() {
    let server = Server::new();
    let env = TestEnv::at(
        &server,
        &[asset("KS200", "XKRX", "KRW", &[("krx", "ks200")])],
    );
    let mut versions = twice_a_day();
    assert_eq!(versions.len(), 8, "{versions:?}");
    versions.push(SETTLED.to_owned());
    let mut known = Days::new();
    let mut replaced = Vec::new();
    for file in &versions {
        server.answer(ROUTE, Answer::ok(recorded(file)));
        let ran = env.json(&COLLECT);
        assert_eq!(ran.code, 0, "{file}: {ran:?}");
        let before = replaced.len();
        for (day, values) in asked(file) {
            if let Some(old) = known
                .insert(day.clone(), values)
                .filter(|old| *old != values)
            {
                replaced.push((day, old));
            }
        }
        let row = ran.row();
        assert_eq!(row["changed"], replaced.len() - before, "{file}: {row}");
    }
    assert_eq!(server.count(ROUTE), versions.len());
    let stored: Days = bars(&env, "price_daily").into_iter().collect();
    assert_eq!(stored, asked(SETTLED));
    assert_eq!(
        bars(&env, "price_revision ORDER BY replaced_at, date"),
        replaced
    );
    // Each day's half-formed bar, and the volume that came later.
    assert!(replaced.len() >= 6, "{replaced:?}");
    assert_eq!(env.count("SELECT count(*) FROM open_findings"), 0);
}
