//! A chart's prices as staged and adjusted, and what happened to an asset as marks: dividends, splits, stretches in doubt.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{open, show_chart, texts, two_assets};
use crate::support::browser::{Browser, browser};
use crate::support::program::TestEnv;

/// Both assets; of the fund, a source tells what happened since 2024-06-03: a split that was not adjusted for, two dividends of
/// which one is in doubt, gains, and a dividend that it has withdrawn.
fn with_actions() -> TestEnv {
    let (env, ..) = two_assets();
    env.staging()
        .execute_batch(
            "UPDATE price_daily SET open = open * 4, high = high * 4, low = low * 4, close = close * 4 WHERE asset_id = 'SOXL' AND date < '2025-03-03';
             DELETE FROM corporate_action;
             INSERT OR REPLACE INTO corporate_action_coverage (asset_id, source, first_date, last_date, told_at)
             VALUES ('SOXL', 'yahoo', '2024-06-03', '2026-07-02', '2026-07-03T00:00:00.000000Z');
             INSERT INTO corporate_action (asset_id, source, date, kind, amount, currency, numerator, denominator, left_out, ingested_at) VALUES
                 ('SOXL', 'yahoo', '2025-03-03', 'split', NULL, NULL, 4.0, 1.0, NULL, '2026-07-03T00:00:00.000000Z'),
                 ('SOXL', 'yahoo', '2025-06-25', 'dividend', 0.25, 'USD', NULL, NULL, NULL, '2026-07-03T00:00:00.000000Z'),
                 ('SOXL', 'yahoo', '2025-09-24', 'dividend', 99.0, 'USD', NULL, NULL, 'odd', '2026-07-03T00:00:00.000000Z'),
                 ('SOXL', 'yahoo', '2025-12-27', 'capital_gain', 0.5, 'USD', NULL, NULL, NULL, '2026-07-03T00:00:00.000000Z'),
                 ('SOXL', 'yahoo', '2026-03-25', 'dividend', 0.3, 'USD', NULL, NULL, 'withdrawn', '2026-07-03T00:00:00.000000Z');
             DELETE FROM finding;
             INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen)
             VALUES ('SOXL', 'yahoo', '2026-05-01', 'scale_step', 'a step', '2026-07-03T00:00:00.000000Z', '2026-07-03T00:00:00.000000Z');",
        )
        .unwrap();
    env
}

fn click(browser: &Browser, name: &str) {
    browser.run(&format!(
        "document.querySelector('#asset-1 [data-name={name}]').click()"
    ));
}

/// The close that the chart tells of each day; nothing of a day that is left out.
fn closes(browser: &Browser) -> BTreeMap<String, Option<f64>> {
    let told = browser.run(
        "const chart = document.querySelector('#asset-1 .chart'), paper = chart.querySelector('.paper'), found = [];
         const press = (key) => paper.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
         let last = null;
         for (press('Home'); ; press('ArrowRight')) {
             const readout = chart.querySelector('.readout');
             if (readout.dataset.day === last) return found;
             last = readout.dataset.day;
             found.push([last, readout.querySelector('[data-name=close]')?.value ?? (readout.querySelector('.left-out') ? 'left out' : 'none')]);
         }",
    );
    let days = told.as_array().unwrap().iter();
    days.map(|day| {
        let close = match day[1].as_str().unwrap() {
            "left out" => None,
            number => Some(number.parse().unwrap()),
        };
        (day[0].as_str().unwrap().to_owned(), close)
    })
    .collect()
}

fn stored(env: &TestEnv, column: &str) -> BTreeMap<String, Option<f64>> {
    let sql = format!("SELECT date, {column} FROM adjusted_price WHERE asset_id = 'SOXL'");
    let connection = env.staging();
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_switch_shows_the_prices_of_the_view_and_leaves_out_what_has_no_factor() {
    let browser = browser!("en-US");
    let env = with_actions();
    open(&env, &browser);
    show_chart(&browser, 1);
    click(&browser, "range-All");
    for (adjust, column) in [
        ("none", "close"),
        ("splits", "close_split"),
        ("all", "close_all"),
    ] {
        click(&browser, &format!("adjust-{adjust}"));
        let expected = stored(&env, column);
        assert_eq!(closes(&browser), expected, "{adjust}");
        let left_out = expected.values().filter(|close| close.is_none()).count();
        assert_eq!(left_out > 0, adjust != "none");
        let note = texts(&browser, "#asset-1 .note").remove(0);
        assert_eq!(
            note.contains(&format!("{left_out} days")),
            left_out > 0,
            "{note}"
        );
        let legend = texts(&browser, "#asset-1 .mark-key li");
        assert_eq!(
            legend.contains(&"left out: no known factor".to_owned()),
            left_out > 0
        );
    }
    // A corrected price before is not adjusted, and an asset without factors has no switch.
    show_chart(&browser, 0);
    let switches = "return ['#asset-0', '#asset-1'].map((s) => document.querySelector(`${s} [data-name=adjust-all]`) !== null)";
    assert_eq!(browser.run(switches), json!([false, true]));
    // The option decides what is shown first.
    env.succeed(&["report", "--adjust", "all"]);
    browser.open(&env.path("report.html"));
    show_chart(&browser, 1);
    let pressed = "document.querySelector('#asset-1 .adjust [aria-pressed=true]').dataset.name";
    assert_eq!(browser.text(pressed), "adjust-all");
    show_chart_place(&browser);
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// An asset without any factor says so, where it is to be shown adjusted; as stored, it is drawn.
fn show_chart_place(browser: &Browser) {
    browser.run("document.querySelector('#asset-0').scrollIntoView({behavior: 'instant'})");
    crate::support::program::until("a chart's place", || {
        browser.run("return document.querySelector('#asset-0 .paper') !== null") == true
    });
    assert_eq!(
        texts(browser, "#asset-0 .paper"),
        ["No day of this range has a known factor."]
    );
    browser.hover("#asset-0 .paper", 0.5, 0.5);
    browser.run("document.querySelector('#asset-0 [data-name=adjust-none]').click()");
    assert_eq!(
        browser.run("return document.querySelector('#asset-0 .plot') !== null"),
        true
    );
}

/// What is marked on each day, as its title says it.
fn marks(browser: &Browser) -> Value {
    browser.run("document.querySelector('#asset-1 [data-name=range-All]').click(); return [...document.querySelectorAll('#asset-1 .plot .mark')].map((m) => m.textContent)")
}

/// Walks to a day and gives what is told of it.
fn told(browser: &Browser, day: &str) -> String {
    browser.text(&format!(
        "(() => {{ const chart = document.querySelector('#asset-1 .chart'), paper = chart.querySelector('.paper');
         const press = (key) => paper.dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
         for (press('End'); chart.querySelector('.readout').dataset.day > '{day}';) press('ArrowLeft');
         return chart.querySelector('.readout').textContent + ' / ' + chart.querySelector('.remarks').textContent; }})()"
    ))
}

#[test]
fn dividends_splits_and_stretches_in_doubt_are_marked_in_both_languages() {
    let browser = browser!("en-US");
    let env = with_actions();
    open(&env, &browser);
    show_chart(&browser, 1);
    // 27 December 2025 was a Saturday. What is withdrawn is not marked.
    let english = [
        "2025-03-03 split",
        "2025-06-25 dividend",
        "2025-09-24 dividend",
        "2025-12-29 capital gain",
        "2026-05-01 suspect",
    ];
    assert_eq!(marks(&browser), json!(english));
    let legend = [
        "suspect",
        "split",
        "capital gain",
        "dividend",
        "prices that may be in another scale",
    ];
    assert_eq!(texts(&browser, "#asset-1 .mark-key li"), legend);
    for (day, says) in [
        ("2025-03-03", "split 4 new shares for 1 (yahoo)"),
        ("2025-06-25", "dividend 0.25 USD (yahoo)"),
        ("2025-09-24", "dividend 99 USD (yahoo, counts in no factor)"),
        ("2025-12-29", "capital gain 0.5 USD (2025-12-27, yahoo)"),
        ("2026-05-01", "suspect scale_step (yahoo): a step"),
    ] {
        let told = told(&browser, day);
        assert!(told.ends_with(says), "{told}");
        assert_eq!(
            told.contains("may be in another scale"),
            day == "2026-05-01",
            "{told}"
        );
    }
    // Every day from the step on.
    assert!(told(&browser, "2026-06-30").contains("may be in another scale"));
    assert!(!told(&browser, "2026-04-30").contains("may be in another scale"));
    browser.run("document.querySelector('#language').click()");
    let korean = [
        "의심 구간",
        "분할·병합",
        "자본이득 분배",
        "배당",
        "가격 기준이 다를 수 있는 구간",
    ];
    assert_eq!(texts(&browser, "#asset-1 .mark-key li"), korean);
    assert_eq!(marks(&browser)[0], "2025-03-03 분할·병합");
    assert!(told(&browser, "2025-03-03").ends_with("분할·병합 1주를 4주로 (yahoo)"));
    assert!(
        told(&browser, "2025-09-24").ends_with("배당 99 USD (yahoo, 수정 계수에 반영하지 않음)")
    );
    assert!(told(&browser, "2026-06-30").contains("가격 기준이 다를 수 있음"));
    click(&browser, "adjust-all");
    let note = texts(&browser, "#asset-1 .note").remove(0);
    assert!(
        note.starts_with("액면분할과 병합, 배당을 반영한 수정주가입니다. 수정 계수를 알 수 없는 "),
        "{note}"
    );
}
