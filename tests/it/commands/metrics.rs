//! `metrics`: numbers that a monitor reads, none where nothing is known.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::exports::{readers, sample, succeed};
use crate::support::program::TestEnv;

/// The numbers of a text, by name and labels.
fn numbers(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn they_are_what_status_says() {
    let env = sample();
    let numbers = numbers(&env.succeed(&["metrics"]).stdout);
    let status = env.json(&["status"]).rows();
    let of = |name: &str, asset: &str| {
        numbers
            .get(&format!("{name}{{asset=\"{asset}\"}}"))
            .copied()
    };
    for row in &status {
        let asset = row["asset_id"].as_str().unwrap();
        let fresh = f64::from(u8::from(row["freshness"] == "OK"));
        assert_eq!(of("pricestash_asset_fresh", asset), Some(fresh), "{row}");
        assert_eq!(of("pricestash_asset_suspect", asset), Some(0.0));
        // SI=F has no bar: no day, and nobody knows what is missing.
        let has_bars = !row["last_date"].is_null();
        for name in [
            "pricestash_asset_newest_bar_timestamp_seconds",
            "pricestash_asset_missing_sessions",
        ] {
            assert_eq!(of(name, asset).is_some(), has_bars, "{name} {row}");
        }
    }
    assert_eq!(status.len(), 7);
    // 2026-01-23
    let newest = of("pricestash_asset_newest_bar_timestamp_seconds", "005930");
    assert_eq!(newest, Some(1_769_126_400.0));
    for (name, value) in [
        ("pricestash_pending_rows", 2661.0),
        ("pricestash_rejected_rows", 0.0),
        ("pricestash_open_findings{rule=\"price_jump\"}", 2.0),
        ("pricestash_failures_in_a_row{command=\"collect\"}", 0.0),
        ("pricestash_runs_30d{command=\"collect\"}", 1.0),
    ] {
        assert_eq!(numbers.get(name), Some(&value), "{name}");
    }
    let commands: Vec<Value> = env.json(&["status", "--commands"]).rows();
    assert_eq!(commands.len(), 1);
    assert!(!numbers.keys().any(|name| name.contains("\"sync\"")));
}

#[test]
fn a_file_is_replaced_whole_and_stays_where_nothing_is_known() {
    let env = sample();
    env.succeed(&["metrics", "--output", "p.prom"]);
    let before = fs::read(env.path("p.prom")).unwrap();
    assert_eq!(before, env.succeed(&["metrics"]).stdout.into_bytes());
    env.write("data/assets.toml", "nonsense");
    assert_eq!(env.run(&["metrics", "--output", "p.prom"]).code, 2);
    assert_eq!(fs::read(env.path("p.prom")).unwrap(), before);
    assert_eq!(env.run(&["metrics", "--output", "p.html"]).code, 2);
    let nothing = TestEnv::new();
    assert_eq!(nothing.run(&["metrics", "--output", "p.prom"]).code, 1);
    assert!(!nothing.path("p.prom").exists());
}

/// What programs read has the lines that it has, however narrow a screen is.
#[test]
fn numbers_and_sql_are_not_folded() {
    let env = sample();
    let narrow = sample().with("COLUMNS", "40");
    let kinds = [
        "staging",
        "warehouse",
        "best-price",
        "adjusted-price",
        "one-price",
        "partitioned",
        "citus",
    ];
    for kind in kinds {
        let schema = ["schema", kind];
        assert_eq!(narrow.succeed(&schema).stdout, env.succeed(&schema).stdout);
    }
    let lines = |env: &TestEnv| env.succeed(&["metrics"]).stdout.lines().count();
    assert_eq!(lines(&narrow), lines(&env));
}

#[test]
fn the_parser_of_prometheus_reads_them() {
    let Some(readers) = readers("the_parser_of_prometheus_reads_them") else {
        return;
    };
    let env = sample();
    env.succeed(&["metrics", "--output", "p.prom"]);
    let script = "from prometheus_client.parser import text_string_to_metric_families as read\n\
                  families = list(read(open('p.prom', encoding='utf-8').read()))\n\
                  print(len(families), {f.type for f in families}, all(f.documentation and f.samples for f in families))";
    let said = succeed(&env, &readers.join("bin/python"), &["-c", script]).stdout;
    assert_eq!(said.trim(), "13 {'gauge'} True");
}
