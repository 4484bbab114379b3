//! What the page says is what SQLite and the recordings say.

use std::collections::BTreeMap;
use std::fs;

use chrono::{Datelike, NaiveDate};

use super::{open, show_chart, texts, two_assets};
use crate::support::browser::{Browser, browser};
use crate::support::program::TestEnv;
use crate::support::reading::{self, Days};
use crate::support::{asset, recorded, shares, week};

/// Walks over every bar of a chart by the arrow key, and gives what it tells of each, as texts.
fn walk(browser: &Browser, at: usize) -> Days {
    let told = browser.run(&format!(
        "const chart = document.querySelector('#asset-{at} .chart'), paper = chart.querySelector('.paper');
         const readout = chart.querySelector('.readout'), found = [];
         const press = (key) => paper.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
         chart.querySelector('[data-name=range-All]').click();
         press('End');
         for (let day = ''; day !== readout.dataset.day; press('ArrowLeft')) {{
             day = readout.dataset.day;
             const value = (name) => readout.querySelector(`[data-name=${{name}}]`).value;
             found.push([day, ...['open', 'high', 'low', 'close', 'volume'].map(value)]);
         }}
         return found;"
    ));
    let rows = told.as_array().unwrap().iter();
    rows.map(|row| {
        let text = |i: usize| row[i].as_str().unwrap();
        let bits = [1, 2, 3, 4].map(|i| text(i).parse::<f64>().unwrap().to_bits());
        (text(0).to_owned(), (bits, text(5).parse().unwrap()))
    })
    .collect()
}

/// The same out of the staging file.
fn best_prices(env: &TestEnv, asset: &str) -> Days {
    let staging = env.staging();
    let sql = "SELECT date, open, high, low, close, volume FROM best_price WHERE asset_id = ?1";
    let mut statement = staging.prepare(sql).unwrap();
    let rows = statement.query_map([asset], |r| {
        let mut bits = [0; 4];
        for (i, bits) in bits.iter_mut().enumerate() {
            *bits = r.get::<_, f64>(i + 1)?.to_bits();
        }
        Ok((r.get(0)?, (bits, r.get(5)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_number_of_every_bar_is_that_of_sqlite_and_of_the_recording() {
    let browser = browser!("en-US");
    let (env, share, fund) = two_assets();
    open(&env, &browser);
    for (at, id, recorded) in [(0, "005930", share), (1, "SOXL", fund)] {
        show_chart(&browser, at);
        let told = walk(&browser, at);
        assert!(told.len() > 700);
        assert!(
            told == best_prices(&env, id),
            "{id}: the page and SQLite differ"
        );
        let recorded: Days = recorded
            .into_iter()
            .filter(|(day, _)| told.contains_key(day))
            .collect();
        assert!(told == recorded, "{id}: the page and the recording differ");
    }
}

#[test]
fn a_second_source_is_a_line_with_its_differences_and_jumps_are_marked() {
    let browser = browser!("en-US");
    let (env, share, fund) = two_assets();
    // Another source of the share, half a percent higher on one day.
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT asset_id, date, 'yahoo', open, high, low, iif(date = '2026-01-22', close * 1.005, close), volume, ingested_at
             FROM price_daily WHERE asset_id = '005930' AND source = 'naver' AND date > '2025-12-01'",
        )
        .unwrap();
    open(&env, &browser);
    show_chart(&browser, 0);
    browser.run("document.querySelector('#asset-0 .paper').focus()");
    browser.press("End");
    browser.press("ArrowLeft");
    let second = browser.text("document.querySelector('#asset-0 [data-name=second]').value");
    let expected = f64::from_bits(share["2026-01-22"].0[3]) * 1.005;
    assert_eq!(second.parse::<f64>().unwrap().to_bits(), expected.to_bits());
    let told = texts(&browser, "#asset-0 .value.second");
    assert!(
        told[0].starts_with("yahoo ₩") && told[0].ends_with("(▲ +0.50 %)"),
        "{told:?}"
    );
    let sticks = || {
        browser.text(
            "document.querySelectorAll('#asset-0 .difference .sticks, #asset-0 .compare').length",
        )
    };
    assert_eq!(sticks(), "2");
    // One day differs, so that there is one stick.
    let drawn = browser.text("document.querySelector('#asset-0 .sticks').getAttribute('d')");
    assert_eq!(drawn.matches('M').count(), 1, "{drawn}");
    browser.run("const s = document.querySelector('#asset-0 select'); s.value = ''; s.dispatchEvent(new Event('change'))");
    assert_eq!(sticks(), "0");

    show_chart(&browser, 1);
    let closes: Vec<(&String, f64)> = fund
        .iter()
        .map(|(day, v)| (day, f64::from_bits(v.0[3])))
        .collect();
    let jumps = closes
        .windows(2)
        .filter(|w| (w[1].1 / w[0].1 - 1.0).abs() > 0.3);
    let jumps: Vec<&String> = jumps.map(|w| w[1].0).collect();
    assert_eq!(jumps.len(), 2);
    let marked = browser.run("document.querySelector('#asset-1 [data-name=range-All]').click(); return [...document.querySelectorAll('#asset-1 .plot .mark.jump')].map((m) => m.dataset.day)");
    assert_eq!(marked, serde_json::json!(jumps));
}

/// Four years of the KOSPI 200, one of them without the lines of these days.
fn kospi(without: &[&str]) -> (TestEnv, Days) {
    let env = TestEnv::new();
    let index = asset("KS200", "XKRX", "KRW", &[("krx", "ks200")]);
    env.write("data/assets.toml", index);
    let mut days = Days::new();
    for year in 2018..=2021 {
        let file = format!("krx_index/year_ks200_{year}.csv");
        days.extend(reading::krx(&file));
        let text = String::from_utf8(recorded(&file)).unwrap();
        let kept = text
            .lines()
            .filter(|line| !without.iter().any(|day| line.starts_with(day)));
        env.write(
            &format!("replay/krx/ks200_{year}.csv"),
            kept.collect::<Vec<_>>().join("\n"),
        );
    }
    (env, days)
}

const FOUR_YEARS: [&str; 9] = [
    "collect",
    "--replay",
    "replay",
    "--start",
    "2018-01-01",
    "--end",
    "2021-12-31",
    "--fetched-at",
    "2022-01-01T00:00:00Z",
];

/// Walks over every day of a strip, and gives its kind.
fn kinds(browser: &Browser) -> BTreeMap<String, String> {
    let told = browser.run(
        "const found = [];
         const grid = document.querySelector('.strips'), says = document.querySelector('.strip-says');
         const press = (key) => grid.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
         for (let year = 0; year < document.querySelectorAll('.strip').length; year++) {
             press('Home');
             for (let n = 0; n < 366; n++, press('ArrowRight')) found.push([says.dataset.day, says.dataset.kind]);
             press('ArrowDown');
         }
         return found;",
    );
    let rows = told.as_array().unwrap().iter();
    rows.map(|row| {
        (
            row[0].as_str().unwrap().to_owned(),
            row[1].as_str().unwrap().to_owned(),
        )
    })
    .collect()
}

#[test]
fn the_strip_tells_bars_gaps_waivers_and_closed_days_as_the_recordings_have_them() {
    let browser = browser!("en-US");
    let removed = ["2018-01-03", "2019-06-13", "2021-12-29"];
    let (env, days) = kospi(&removed);
    env.succeed(&FOUR_YEARS);
    env.succeed(&[
        "waive",
        "KS200",
        "2021-12-29",
        "--reason",
        "the archive lost it",
    ]);
    env.staging()
        .execute(
            "UPDATE price_daily SET is_final = 0 WHERE date = '2020-03-19'",
            [],
        )
        .unwrap();
    open(&env, &browser);
    show_chart(&browser, 0);
    let kinds = kinds(&browser);
    let mut looked_at = 0;
    let first = NaiveDate::from_ymd_opt(2018, 1, 2).unwrap();
    for date in first.iter_days().take_while(|d| d.year() < 2022) {
        let day = date.to_string();
        // The recordings are whole years, so that a day that they lack had no session.
        let expected = match day.as_str() {
            "2018-01-03" | "2019-06-13" => "gap",
            "2021-12-29" => "waived",
            "2020-03-19" => "provisional",
            day if days.contains_key(day) => "bar",
            _ => "closed",
        };
        assert_eq!(kinds.get(&day).map(String::as_str), Some(expected), "{day}");
        looked_at += 1;
    }
    assert_eq!(looked_at, 1460);
    assert_eq!(
        texts(&browser, ".coverage .days.bad time"),
        ["2019-06-13", "2018-01-03"]
    );
    let gaps = texts(&browser, ".board .gaps");
    assert_eq!(gaps, ["Gaps 2"]);
    let marked = browser.run("document.querySelector('[data-name=range-All]').click(); return [...document.querySelectorAll('.plot .mark.gap')].map((m) => m.dataset.day)");
    assert_eq!(marked, serde_json::json!(["2018-01-03", "2019-06-13"]));
}

#[test]
fn the_board_is_what_the_recordings_say() {
    let (env, share, fund) = two_assets();
    env.succeed(&["report"]);
    let html = fs::read_to_string(env.path("report.html")).unwrap();
    let board = between(&html, "<section id=\"board\"", "</section>");
    let rows: Vec<&str> = board.split("<tr role=\"row\" data-at").skip(1).collect();
    assert_eq!(rows.len(), 2);
    for (row, days) in rows.iter().zip([share, fund]) {
        let mut newest = days.iter().rev();
        let ((day, newest), (_, before)) = (newest.next().unwrap(), newest.next().unwrap());
        let close = |values: &([u64; 4], i64)| f64::from_bits(values.0[3]);
        let shown: f64 = between(row, "<data value=\"", "\"").parse().unwrap();
        assert_eq!(shown.to_bits(), newest.0[3]);
        assert_eq!(between(row, "<time datetime=\"", "\""), day);
        let change = close(newest) / close(before) - 1.0;
        let (arrow, sign) = if change < 0.0 {
            ("▼", "−")
        } else {
            ("▲", "+")
        };
        let text = format!("{sign}{:.2} %", change.abs() * 100.0);
        assert!(row.contains(arrow) && row.contains(&text), "{text}: {row}");
        // Long ago, as seen from today.
        assert!(row.contains("badge stale"), "{row}");
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before}"))
        .1;
    rest.split_once(after).unwrap().0
}

/// Walks from the newest day back to another one, and gives how many places the chart had meanwhile, on how many days
/// something was remarked, and what is on the last of them.
fn walk_back(browser: &Browser, day: &str) -> serde_json::Value {
    browser.run(&format!(
        "const chart = document.querySelector('#asset-0 .chart'), paper = chart.querySelector('.paper');
         const press = (key) => paper.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
         const places = new Set(), remarks = [];
         for (press('End'); ; press('ArrowLeft')) {{
             places.add(paper.getBoundingClientRect().top - chart.getBoundingClientRect().top);
             remarks.push(chart.querySelector('.remarks').textContent);
             if (chart.querySelector('.readout').dataset.day === '{day}') return [places.size, remarks.filter((r) => r).length, remarks.at(-1)];
         }}"
    ))
}

#[test]
fn corrections_tell_what_changed_by_how_much_when_and_by_which_run() {
    let browser = browser!("en-US");
    let (env, days) = kospi(&[]);
    env.succeed(&FOUR_YEARS);
    // The source changes its mind about two closes.
    let file = "krx_index/year_ks200_2020.csv";
    let mut text = String::from_utf8(recorded(file)).unwrap();
    let mut expected = Vec::new();
    for (day, factor) in [("2020-06-15", 1.01), ("2020-03-19", 0.98)] {
        let old = f64::from_bits(days[day].0[3]);
        let new = (old * factor * 100.0).round() / 100.0;
        let line = text
            .lines()
            .find(|line| line.starts_with(day))
            .unwrap()
            .to_owned();
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[1] = new.to_string();
        text = text.replace(&line, &fields.join(","));
        let change = (new / old - 1.0) * 100.0;
        let (arrow, sign) = if change < 0.0 {
            ("▼", "−")
        } else {
            ("▲", "+")
        };
        expected.push([
            day.to_owned(),
            "close".to_owned(),
            old.to_string(),
            new.to_string(),
            format!("{arrow} {sign}{:.2} %", change.abs()),
        ]);
    }
    env.write("replay/krx/ks200_2020.csv", text);
    let later = [&FOUR_YEARS[..8], &["2022-02-01T09:30:00Z"]].concat();
    env.succeed(&later);
    open(&env, &browser);
    expected.sort();
    let cells = browser.run("return [...document.querySelectorAll('.correction tbody tr')].map((r) => [...r.cells].map((c) => c.textContent.trim()))");
    let mut cells: Vec<[String; 5]> = serde_json::from_value(cells).unwrap();
    cells.sort();
    assert_eq!(cells, expected);
    let time = browser.text("document.querySelector('.correction .when time').dateTime");
    assert_eq!(time, "2022-02-01T09:30:00.000000Z");
    let run = texts(&browser, ".correction .kind code").remove(0);
    let second = env
        .pairs("SELECT job_id, status FROM job_run ORDER BY started_at DESC LIMIT 1")
        .remove(0);
    assert_eq!(run, second.0);
    show_chart(&browser, 0);
    let marked = browser.run("document.querySelector('[data-name=range-All]').click(); return [...document.querySelectorAll('.plot .mark.correction')].map((m) => m.dataset.day)");
    assert_eq!(marked, serde_json::json!(["2020-03-19", "2020-06-15"]));
    // The chart tells the same, below it: what is told of a day never moves the chart away from the pointer.
    let (day, [_, field, before, after, _]) = (&expected[0][0], &expected[0]);
    let walked = walk_back(&browser, day);
    assert_eq!(walked[0], 1, "{walked}");
    assert_eq!(walked[1], 2, "{walked}");
    let told = walked[2].as_str().unwrap();
    assert!(
        told.contains(&format!("{field} {before} → {after} (krx, 2022-02-0")),
        "{told}"
    );
}

#[test]
fn what_was_provisional_is_told_apart_and_hides_no_correction() {
    let (env, ..) = two_assets();
    // A correction, and later a year of provisional bars that became final, each by a run of its own.
    env.staging()
        .execute_batch(
            "INSERT INTO price_revision (asset_id, date, source, open, high, low, close, volume, ingested_at, replaced_at, is_final)
             SELECT asset_id, date, source, open, high, low, close - 100, volume, ingested_at, '2023-01-01T00:00:00.000000Z', 1
             FROM price_daily WHERE asset_id = '005930' AND date = '2025-06-02'
             UNION ALL
             SELECT asset_id, date, source, open, high, low, close - 1, volume, ingested_at, date || 'T11:00:00.000000Z', 0
             FROM price_daily WHERE asset_id = '005930' AND date >= '2024-07-01' AND date <> '2025-06-02'",
        )
        .unwrap();
    env.succeed(&["report"]);
    let html = fs::read_to_string(env.path("report.html")).unwrap();
    let section = between(&html, "<section id=\"corrections\"", "</section>");
    let (corrected, became_final) = section.split_once("became-final").unwrap();
    assert_eq!(
        corrected.matches("<details class=\"correction\"").count(),
        1
    );
    assert!(corrected.contains("2025-06-02"), "{corrected}");
    let revisions = env.count("SELECT count(*) FROM price_revision WHERE is_final = 0");
    assert!(revisions > 300, "{revisions}");
    assert!(became_final.contains(&format!(
        ">{revisions} provisional values that were replaced</span>"
    )));
    assert_eq!(became_final.matches("<details").count(), 200);
    assert!(became_final.contains(&format!(">+{} older ones", revisions - 200)));
}

#[test]
fn runs_sources_and_the_way_to_the_warehouse_are_told_with_their_words() {
    let (server, env) = shares(&["A", "B"]);
    server.answer(
        "/chart/domestic/item/B/day",
        crate::support::server::Answer::new(404, "no <such> share"),
    );
    server.answer(
        "/sise.nhn?symbol=B",
        crate::support::server::Answer::new(404, "none"),
    );
    assert_eq!(env.collect().code, 3);
    server.answer("/chart/domestic/item/B/day", week([10, 11, 12, 13]));
    env.collect();
    env.staging()
        .execute_batch(
            "INSERT INTO job_run (job_id, job_name, started_at, ended_at, status) VALUES
                 ('v', 'verify', '2026-11-01T09:00:00.000000Z', '2026-11-01T09:00:05.000000Z', 'success');
             INSERT INTO sync_reject (asset_id, date, source, revision, sqlstate, message, constraint_name, rejected_at) VALUES ('A', '2024-01-02', 'naver', 1, '23514', 'low > high', NULL, '2026-11-02T09:00:00.000000Z');
             UPDATE price_daily SET revision = 1 WHERE asset_id = 'A';
             UPDATE job_run SET error_message = '[{\"error\":\"no way to postgres://u:canary-secret@h\"}]' WHERE job_id = 'v';
             UPDATE job_run SET started_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-1 day') WHERE job_id = 'v';",
        )
        .unwrap();
    let env = env.with(
        "DATABASE_URL",
        "postgres://u:canary-secret@127.0.0.1:9/prices",
    );
    env.succeed(&["report", "--out", "out/r.html"]);
    let html = fs::read_to_string(env.path("out/r.html")).unwrap();
    let runs = between(&html, "<section id=\"runs\"", "</section>");
    assert!(runs.contains(">1/2 succeeded</span>"), "{runs}");
    assert!(
        runs.contains("run-partial_failure") && runs.contains("404"),
        "{runs}"
    );
    assert!(runs.contains("3/4") && runs.contains("75.0 %"), "{runs}");
    let sync = between(&html, "<section id=\"sync\"", "</section>");
    let pending = env.pending();
    assert!(
        sync.contains(&format!("<dd class=\"big\">{pending}</dd>")),
        "{sync}"
    );
    assert!(
        sync.contains("never synced") && sync.contains("2026-11-01T09:00:05.000000Z"),
        "{sync}"
    );
    assert!(
        sync.contains("23514") && sync.contains("low &#62; high"),
        "{sync}"
    );
    assert!(
        sync.contains("not reachable") && sync.contains("127.0.0.1"),
        "{sync}"
    );
    assert!(
        !html.contains("canary-secret") && runs.contains("no way to"),
        "{runs}"
    );
}
