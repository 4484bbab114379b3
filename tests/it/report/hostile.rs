//! Names, findings and messages that would like to be markup do nothing.

use super::{open, show_chart, texts};
use crate::support::browser::browser;
use crate::support::program::TestEnv;
use crate::support::{asset, recorded};

/// Each would set `window.caught` where it is taken for markup or script.
const HOSTILE: [&str; 5] = [
    "<script>caught=1</script>",
    "\"><img src=x onerror=caught=1>",
    "'\u{2028}\u{2029};caught=1//",
    "</script><script>caught=1</script><!--",
    "${caught=1} {{caught}} &lt;b&gt; \\u003c",
];

/// Ids as long as an id may be.
const IDS: [&str; 5] = [
    "<script>",
    "\"'><b>",
    "&amp;</b>",
    "a\u{2028}b",
    "{{x}}${y}",
];

/// Assets with hostile ids and names.
fn assets() -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let one = |(id, name): (&str, &str)| {
        asset("ID", "XKRX", "KRW", &[("naver", "005930")])
            .replace("\"ID\"", &quoted(id))
            .replace("\"The ID\"", &quoted(name))
    };
    let long = "x".repeat(100);
    let all = IDS.into_iter().zip(HOSTILE).chain([("LONG", &*long)]);
    all.map(one).collect()
}

/// The same with bars, and hostile words wherever the staging file has words.
fn hostile() -> TestEnv {
    let env = TestEnv::new();
    env.write("data/assets.toml", assets());
    let recording = recorded("naver/api_item_005930_day_2023-01..2026-01_rewrapped.json");
    env.write("replay/naver/005930.json", recording);
    let window = ["--start", "2025-01-01", "--end", "2026-01-31"];
    env.succeed(&[&["collect", "--replay", "replay"], &window[..]].concat());
    let sessions = [
        "2025-12-02",
        "2025-12-03",
        "2025-12-04",
        "2025-12-05",
        "2025-12-08",
    ];
    for (words, session) in HOSTILE.into_iter().zip(sessions) {
        let time = "2026-11-20T09:00:00.000000Z";
        let staging = env.staging();
        let problem =
            serde_json::json!([{"asset_id": words, "source": words, "error": words}]).to_string();
        let insert = [
            "INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen)
             SELECT asset_id, 'naver', '2025-12-01', ?1, ?1, ?2, ?2 FROM asset_master WHERE ?3 <> ''",
            "INSERT INTO waiver SELECT asset_id, '2025-12-25', ?1, ?2 FROM asset_master WHERE ?3 <> '' ON CONFLICT DO NOTHING",
            "INSERT OR REPLACE INTO sync_reject (asset_id, date, source, revision, sqlstate, message, rejected_at)
             SELECT asset_id, date, source, revision, ?1, ?1, ?2 FROM price_daily WHERE date = ?3",
            "INSERT INTO price_revision (asset_id, date, source, open, high, low, close, volume, ingested_at, replaced_at, job_id)
             SELECT asset_id, date, source, 1.0, 2.0, 1.0, 1.5, 9, ?2, ?2, ?1 FROM price_daily WHERE date = ?3",
        ];
        for sql in insert {
            staging.execute(sql, [words, time, session]).unwrap();
        }
        let sql = "INSERT INTO job_run (job_id, job_name, started_at, ended_at, status, error_message)
                   VALUES (?1, ?1, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-1 hour'), strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), ?1, ?2)";
        staging.execute(sql, [words, problem.as_str()]).unwrap();
    }
    env
}

#[test]
fn hostile_names_of_many_assets_are_text_when_their_rows_are_asked_for() {
    let browser = browser!("en-US");
    let env = hostile();
    let more: Vec<String> = (0..200)
        .map(|n| asset(&format!("A{n}"), "XKRX", "KRW", &[("naver", "005930")]))
        .collect();
    env.write("data/assets.toml", more.concat() + &assets());
    open(&env, &browser);
    browser.run("document.querySelector('#show-more').click()");
    for at in 200..206 {
        browser.run(&format!("location.hash = '#asset-{at}'"));
        show_chart(&browser, at);
    }
    browser.run("document.querySelectorAll('details').forEach((d) => (d.open = true))");
    assert_eq!(browser.run("return 'caught' in window"), false);
    assert_eq!(browser.console(), Vec::<String>::new());
    let names = texts(&browser, ".board .who a");
    assert_eq!(names[200..205], HOSTILE.map(str::trim));
    assert_eq!(texts(&browser, ".asset h3")[..5], HOSTILE.map(str::trim));
    let counted = texts(&browser, "#sync details tbody th");
    assert_eq!(counted[200..205], HOSTILE.map(str::trim));
}

#[test]
fn hostile_names_and_messages_are_text() {
    let browser = browser!("en-US");
    let env = hostile();
    open(&env, &browser);
    for at in 0..6 {
        show_chart(&browser, at);
        browser.hover(&format!("#asset-{at} .paper"), 0.5, 0.5);
    }
    browser.run("document.querySelectorAll('details').forEach((d) => (d.open = true))");
    assert_eq!(browser.run("return 'caught' in window"), false);
    assert_eq!(browser.console(), Vec::<String>::new());
    let requests = browser.requests();
    assert!(
        requests.iter().all(|url| url.ends_with("/report.html")),
        "{requests:?}"
    );
    // One script, our own, beside data. No image, no link but those to the page itself.
    assert_eq!(
        browser.run("return [[...document.scripts].filter((s) => s.type !== 'application/json').length, document.images.length]"),
        serde_json::json!([1, 0])
    );
    assert_eq!(
        browser
            .run("return [...document.links].every((a) => a.getAttribute('href').startsWith('#'))"),
        true
    );
    // And all of it can be read.
    let names = texts(&browser, ".board .who a");
    assert_eq!(names[..5], HOSTILE.map(str::trim));
    for selector in [
        ".found .words",
        ".runs .words",
        "#sync td.words",
        ".correction .kind code",
    ] {
        // What would break a line is a blank there.
        let in_a_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = in_a_line(&texts(&browser, selector).join("\n"));
        for words in HOSTILE {
            assert!(shown.contains(&in_a_line(words)), "{selector}: {words}");
        }
    }
    // The longest name that is permitted makes no line wider than the page.
    browser.size(360, 780, true);
    let wide = browser.run(
        "return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest('.scroll'))
             .map((e) => `${e.tagName}.${e.className?.baseVal ?? e.className}`)",
    );
    assert_eq!(wide, serde_json::json!([]));
}
