//! How the page behaves: no request, no error; hover, ranges and keys; dark, phone, print, Korean.

use serde_json::json;

use super::{open, recorded_day, show_chart, told, two_assets};
use crate::support::asset;
use crate::support::browser::browser;
use crate::support::program::TestEnv;
use crate::support::server::Server;

#[test]
fn it_opens_from_disk_without_a_request_or_a_word_in_the_console() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    open(&env, &browser);
    for at in 0..2 {
        show_chart(&browser, at);
    }
    assert_eq!(browser.console(), Vec::<String>::new());
    let requests = browser.requests();
    assert!(
        requests.iter().all(|url| url.ends_with("/report.html")),
        "{requests:?}"
    );
    // And none could be made: the page's own policy forbids it.
    let server = Server::new();
    let refused = browser.run(&format!(
        "new Image().src = '{0}/x.png'; return fetch('{0}/y').then(() => 'sent', () => 'refused')",
        server.origin()
    ));
    assert_eq!(refused, "refused");
    let console = browser.console().join("\n");
    assert!(console.contains("Content Security Policy"), "{console}");
    assert_eq!(server.count("/"), 0);
}

#[test]
fn hovering_and_arrow_keys_tell_the_bars_exact_numbers() {
    let browser = browser!("en-US");
    let (env, share, fund) = two_assets();
    open(&env, &browser);
    for (at, days) in [(0, &share), (1, &fund)] {
        show_chart(&browser, at);
        let mut seen = std::collections::BTreeSet::new();
        for x in [0.02, 0.31, 0.5, 0.77, 0.93] {
            browser.hover(&format!("#asset-{at} .paper"), x, 0.4);
            let (day, values) = told(&browser, at);
            assert_eq!(values, recorded_day(days, &day), "{day}");
            seen.insert(day);
        }
        assert_eq!(seen.len(), 5, "{seen:?}");
        browser.run(&format!(
            "document.querySelector('#asset-{at} .paper').focus()"
        ));
        browser.press("End");
        let newest: Vec<&String> = days.keys().rev().take(3).collect();
        assert_eq!(&told(&browser, at).0, newest[0]);
        for day in &newest[1..] {
            browser.press("ArrowLeft");
            assert_eq!(
                told(&browser, at),
                ((*day).clone(), recorded_day(days, day))
            );
        }
        let readout = format!("document.querySelector('#asset-{at} .readout')");
        assert_eq!(
            browser.text(&format!("{readout}.getAttribute('aria-live')")),
            "polite"
        );
    }
    // In the currency's own format: no decimals for won, two for dollars. The share's chart has lost the focus and tells
    // its newest day again.
    let close = |at| {
        browser.text(&format!(
            "document.querySelector('#asset-{at} [data-name=close]').textContent"
        ))
    };
    assert_eq!(close(0), "₩152,100");
    let third = f64::from_bits(fund.values().rev().nth(2).unwrap().0[3]);
    assert_eq!(close(1), format!("${third:.2}"));
}

#[test]
fn ranges_modes_and_keys_change_the_chart() {
    let browser = browser!("en-US");
    let (env, _, fund) = two_assets();
    open(&env, &browser);
    show_chart(&browser, 1);
    let drawn = || {
        browser.run("const c = document.querySelector('#asset-1 .chart'); return [c.dataset.from, c.dataset.to, c.querySelector('.plot').innerHTML]")
    };
    let click = |name: &str| {
        browser.run(&format!(
            "document.querySelector('#asset-1 [data-name={name}]').click()"
        ))
    };
    let days: Vec<&String> = fund.keys().collect();
    let newest = days[days.len() - 1].as_str();
    assert_eq!(newest, "2026-07-02");
    let mut before = drawn();
    for (range, since) in [
        ("3M", "2026-04-02"),
        ("6M", "2026-01-02"),
        ("1Y", "2025-07-02"),
        ("All", "2023-01-01"),
    ] {
        click(&format!("range-{range}"));
        let first = days
            .iter()
            .find(|day| day.as_str() > since)
            .unwrap()
            .as_str();
        let now = drawn();
        assert_eq!(
            (now[0].as_str(), now[1].as_str()),
            (Some(first), Some(newest)),
            "{range}"
        );
        assert_ne!(now[2], before[2], "{range}");
        let pressed = browser
            .text("document.querySelector('#asset-1 .group [aria-pressed=true]').dataset.name");
        assert_eq!(pressed, format!("range-{range}"));
        before = now;
    }
    for change in ["mode-line", "log", "mode-candles", "log"] {
        click(change);
        let now = drawn();
        assert_ne!(now[2], before[2], "{change}");
        before = now;
    }
    browser.run("document.querySelector('#asset-1 .paper').focus()");
    browser.press("+");
    let nearer = drawn();
    assert!(
        nearer[0].as_str() > before[0].as_str() && nearer[1].as_str() < before[1].as_str(),
        "{nearer}"
    );
    // Five years would show no more than three do.
    assert_eq!(
        browser.text("document.querySelector('#asset-1 [data-name=range-5Y]').disabled"),
        "true"
    );
}

#[test]
fn months_are_counted_back_to_the_end_of_a_shorter_one() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    env.staging()
        .execute(
            "DELETE FROM price_daily WHERE asset_id = 'SOXL' AND date > '2026-03-31'",
            [],
        )
        .unwrap();
    open(&env, &browser);
    show_chart(&browser, 1);
    // There is no 31 September.
    let from = browser.run("document.querySelector('#asset-1 [data-name=range-6M]').click(); return document.querySelector('#asset-1 .chart').dataset.from");
    assert_eq!(from, "2025-10-01");
}

#[test]
fn dragging_zooms_to_what_was_marked() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    open(&env, &browser);
    show_chart(&browser, 1);
    browser.hover("#asset-1 .paper", 0.3, 0.3);
    let from = told(&browser, 1).0;
    let mouse = |kind: &str, x: f64| {
        let place = browser.run(&format!("const b = document.querySelector('#asset-1 .paper').getBoundingClientRect(); return [b.left + b.width * {x}, b.top + 60]"));
        let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": 1, "clickCount": 1});
        browser.devtools("Input.dispatchMouseEvent", event);
    };
    mouse("mousePressed", 0.3);
    mouse("mouseMoved", 0.45);
    mouse("mouseMoved", 0.6);
    let to = told(&browser, 1).0;
    mouse("mouseReleased", 0.6);
    let shown = browser
        .run("const c = document.querySelector('#asset-1 .chart').dataset; return [c.from, c.to]");
    assert_eq!(shown, json!([from, to]));
}

#[test]
fn dark_is_dark_and_light_is_light() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    open(&env, &browser);
    let lightness = |element: &str, property: &str| -> f64 {
        let script = format!(
            "return getComputedStyle(document.querySelector('{element}')).{property}.match(/[0-9.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)"
        );
        browser.run(&script).as_f64().unwrap()
    };
    browser.colours("light");
    assert!(lightness("body", "backgroundColor") > 650.0 && lightness("body", "color") < 200.0);
    browser.colours("dark");
    assert!(lightness("body", "backgroundColor") < 150.0 && lightness("body", "color") > 600.0);
    assert!(lightness(".card", "backgroundColor") < 200.0);
}

#[test]
fn a_phone_shows_everything_in_its_width() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    browser.size(360, 780, true);
    open(&env, &browser);
    show_chart(&browser, 1);
    let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth, document.querySelector('#asset-1 .plot').getBoundingClientRect().width]");
    assert_eq!((&widths[0], &widths[1]), (&json!(360), &json!(360)));
    assert!(widths[2].as_f64().unwrap() <= 340.0, "{widths}");
    let columns =
        browser.text("getComputedStyle(document.querySelector('.board tbody tr')).display");
    assert_eq!(columns, "grid");
}

#[test]
fn paper_gets_every_chart_and_no_buttons() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    open(&env, &browser);
    let plots = || {
        browser
            .run("return document.querySelectorAll('.plot').length")
            .as_u64()
            .unwrap()
    };
    let printed = browser.devtools("Page.printToPDF", json!({"printBackground": true}));
    // "%PDF" in base 64.
    assert!(printed["data"].as_str().unwrap().starts_with("JVBERi"));
    assert_eq!(plots(), 2);
    // Drawn for the width of paper, and afterwards for that of the window again.
    let widths = browser.run(
        "const widths = () => [...document.querySelectorAll('.plot')].map((p) => p.viewBox.baseVal.width);
         dispatchEvent(new Event('beforeprint'));
         const onPaper = widths();
         dispatchEvent(new Event('afterprint'));
         return [onPaper, widths().every((w) => w === document.querySelector('.paper').clientWidth)]",
    );
    assert_eq!(widths, json!([[720, 720], true]));
    browser.devtools("Emulation.setEmulatedMedia", json!({"media": "print"}));
    let shown = browser.run("return ['.tools', 'nav', '.filter'].map((s) => getComputedStyle(document.querySelector(s)).display)");
    assert_eq!(shown, json!(["none", "none", "none"]));
}

#[test]
fn a_korean_browser_reads_korean_with_rising_prices_in_red() {
    let (env, ..) = two_assets();
    let browser = browser!("ko-KR");
    open(&env, &browser);
    assert_eq!(browser.text("document.documentElement.lang"), "ko");
    let title = || browser.text("document.querySelector('#board-title').textContent");
    let up = || browser.text("getComputedStyle(document.documentElement).getPropertyValue('--up')");
    assert_eq!((title().as_str(), up().as_str()), ("현황판", "#c02b34"));
    // Every word of the page has its Korean one: only names, units and values stay.
    let left = browser.run(
        "return [...document.querySelectorAll('[data-t]')].filter((e) => e.textContent === e.dataset.english && e.dataset.t !== '{0}').map((e) => e.dataset.english)",
    );
    let left = left.as_array().unwrap();
    assert!(
        left.iter()
            .all(|w| ["XKRX", "XNYS", "KRW", "USD"].contains(&w.as_str().unwrap())),
        "{left:?}"
    );
    // A number stands before its counter, and behind what it counts.
    let late = || browser.text("document.querySelector('#asset-0 .days.late').textContent");
    let runs = || browser.text("document.querySelector('#runs-title').textContent");
    let says = |text: &str, before: &str, after: &str| {
        let number = text
            .strip_prefix(before)
            .and_then(|t| t.strip_suffix(after));
        number.is_some_and(|n| n.parse::<u32>().is_ok())
    };
    assert!(says(&late(), "최근 가격 이후 거래일 ", "일"), "{}", late());
    assert_eq!(runs(), "최근 90일 실행");
    let took = browser.text("document.querySelector('.run-strip title').textContent");
    assert!(
        took.contains(" · 성공 · 실행 1회 · ") && !took.contains("rows"),
        "{took}"
    );
    browser.run("document.querySelector('#language').click()");
    assert_eq!((title().as_str(), up().as_str()), ("Board", "#10794a"));
    assert!(
        says(&late(), "", " sessions since the newest bar"),
        "{}",
        late()
    );
    assert_eq!(runs(), "Runs of the last 90 days");
}

/// A report of so many assets, each with three bars.
pub(super) fn many(count: usize) -> TestEnv {
    let env = TestEnv::new();
    let one = |n: usize| {
        let symbol = format!("SYM{n}");
        let text = asset(&format!("A{n}"), "XNYS", "USD", &[("yahoo", &symbol)]);
        text.replace("The A", "Number ")
    };
    let assets: Vec<String> = (0..count).map(one).collect();
    env.write("data/assets.toml", assets.concat());
    env.write("empty/README", "");
    env.run(&["collect", "--replay", "empty", "--days", "1"]);
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             SELECT asset_id, date, 'yahoo', 10.0, 12.0, 9.0, 11.0, 5, '2026-01-07T00:00:00.000000Z'
             FROM asset_master, (SELECT '2026-01-05' AS date UNION SELECT '2026-01-06' UNION SELECT '2026-01-07')",
        )
        .unwrap();
    env
}

#[test]
fn of_many_assets_rows_and_charts_are_made_when_they_are_asked_for() {
    let browser = browser!("ko-KR");
    let env = many(330);
    open(&env, &browser);
    let there = || {
        browser.run("return [document.querySelectorAll('.board tbody tr').length, document.querySelectorAll('.asset').length, document.querySelector('#found').textContent]")
    };
    assert_eq!(there(), json!([100, 0, "330개 종목 중 100개"]));
    browser.run("document.querySelector('#show-more').click()");
    assert_eq!(there(), json!([300, 0, "330개 종목 중 300개"]));
    browser.run("document.querySelector('#show-more').click()");
    assert_eq!(there(), json!([330, 0, "330개 종목 중 330개"]));
    // An asset is found by its id, its name, its symbols and its category, in either language.
    browser.press("/");
    assert_eq!(browser.text("document.activeElement.id"), "find");
    let found = |text: &str| {
        browser.run(&format!("const f = document.querySelector('#find'); f.value = {}; f.dispatchEvent(new Event('input')); return [...document.querySelectorAll('.board .who small')].map((e) => e.textContent)", json!(text)))
    };
    for text in ["a317", "sym317", "number 317", "주식 317", "stock 317"] {
        assert_eq!(found(text), json!(["A317"]), "{text}");
    }
    assert_eq!(found("a317 nobody"), json!([]));
    assert_eq!(
        found("A32"),
        json!([
            "A32", "A320", "A321", "A322", "A323", "A324", "A325", "A326", "A327", "A328", "A329"
        ])
    );
    // In the language of the page, though the row was a text until now.
    let badge = "document.querySelector('.board .badge span[data-t]').textContent";
    assert_eq!(browser.text(badge), "지연");
    for key in ["ArrowDown", "ArrowDown"] {
        browser.press(key);
    }
    assert_eq!(
        browser.text("document.activeElement.textContent"),
        "Number 320"
    );
    browser.run("document.activeElement.click()");
    show_chart(&browser, 320);
    assert_eq!(
        browser.text("document.querySelectorAll('.asset').length"),
        "1"
    );
    // By Enter the first one, in the order of the board.
    found("sym7");
    browser.run("document.querySelector('#find').focus()");
    browser.press("Enter");
    show_chart(&browser, 7);
    let sections = browser.run("return [...document.querySelectorAll('.asset')].map((s) => s.id)");
    assert_eq!(sections, json!(["asset-7", "asset-320"]));
    assert_eq!(
        told(&browser, 7),
        ("2026-01-07".to_owned(), vec![10.0, 12.0, 9.0, 11.0, 5.0])
    );
    assert_eq!(browser.console(), Vec::<String>::new());
    // A link of the page leads to one that is not there yet, and a file with its place behind # begins there.
    browser.run("location.hash = '#asset-200'");
    show_chart(&browser, 200);
}

#[test]
fn without_a_script_all_of_many_assets_are_there() {
    let env = many(201);
    env.succeed(&["report"]);
    let html = std::fs::read_to_string(env.path("report.html")).unwrap();
    let scripts = html.split("<script").next().unwrap();
    for n in [0, 100, 200] {
        let row = format!("<a href=\"#asset-{n}\">Number {n}</a>");
        let section = format!("<h3 id=\"name-{n}\">Number {n}</h3>");
        assert_eq!(scripts.matches(&row).count(), 1, "{n}");
        assert_eq!(scripts.matches(&section).count(), 1, "{n}");
    }
    assert_eq!(
        scripts.matches("<noscript").count(),
        scripts.matches("</noscript>").count()
    );
}

#[test]
fn the_board_is_filtered_by_name_and_by_need() {
    let browser = browser!("en-US");
    let (env, ..) = two_assets();
    open(&env, &browser);
    let shown = || {
        browser.run("return [...document.querySelectorAll('.board tbody tr:not([hidden])')].map((r) => r.dataset.at)")
    };
    let find = |text: &str| {
        browser.run(&format!("const f = document.querySelector('#find'); f.value = {}; f.dispatchEvent(new Event('input'))", json!(text)));
    };
    find("sox");
    assert_eq!(shown(), json!(["1"]));
    find("nobody");
    assert_eq!(shown(), json!([]));
    assert_eq!(
        browser.text("document.querySelector('#no-match').hidden"),
        "false"
    );
    find("");
    assert_eq!(shown(), json!(["0", "1"]));
}
