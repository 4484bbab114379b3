//! The command: what it writes where, and what it says.

use std::fs;

use super::two_assets;
use crate::support::program::TestEnv;
use crate::support::warehouse::warehouse;
use crate::support::{asset, shares};

#[test]
fn it_writes_where_it_is_told_and_says_what() {
    let (_server, env) = shares(&["A", "B"]);
    env.collect();
    let ran = env.succeed(&["report"]);
    assert!(
        ran.stdout.starts_with("report.html: 2 assets, 8 bars, "),
        "{ran:?}"
    );
    let row = env
        .succeed(&[
            "report",
            "--out",
            "deep/er/r.html",
            "--assets",
            "B",
            "--format",
            "json",
        ])
        .row();
    let html = fs::read_to_string(env.path("deep/er/r.html")).unwrap();
    assert_eq!(row["bytes"], html.len());
    assert_eq!((&row["assets"], &row["bars"]), (&1.into(), &4.into()));
    assert!(html.contains("The B") && !html.contains("The A"));
    let names: Vec<_> = fs::read_dir(env.path("deep/er")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing else is left there");
    let printed = env
        .succeed(&["report", "--out", "-", "--assets", "B"])
        .stdout;
    assert!(
        printed.starts_with("<!doctype html>") && printed.ends_with("</html>\n"),
        "{printed:.100}"
    );
}

#[test]
fn what_cannot_be_is_said() {
    let env = TestEnv::new();
    let ran = env.run(&["report"]);
    assert!(
        ran.code == 1 && ran.error().contains("pricestash collect"),
        "{ran:?}"
    );
    let (_server, env) = shares(&["A"]);
    env.collect();
    let ran = env.run(&["report", "--assets", "A,NOPE"]);
    assert!(
        ran.code == 2 && ran.error().contains("NOPE") && ran.error().contains('A'),
        "{ran:?}"
    );
    assert_eq!(env.run(&["report", "--years", "0"]).code, 2);
    let ran = env.run(&["report", "--out", "-", "--open"]);
    assert!(ran.code == 2 && ran.error().contains("--open"), "{ran:?}");
    env.write("a-file", "x");
    let ran = env.run(&["report", "--out", "a-file/r.html"]);
    assert!(ran.code == 1 && ran.error().contains("a-file"), "{ran:?}");
}

#[test]
fn years_are_counted_back_from_the_newest_bar_of_each_asset() {
    let (env, share, fund) = two_assets();
    let row = env
        .succeed(&["report", "--years", "1", "--format", "json"])
        .row();
    // 2026-01-23 and 2026-07-02 are the newest days.
    let last_year = share
        .keys()
        .filter(|day| day.as_str() >= "2025-01-23")
        .count()
        + fund
            .keys()
            .filter(|day| day.as_str() >= "2025-07-02")
            .count();
    assert_eq!(row["bars"], last_year);
}

#[cfg(target_os = "linux")]
#[test]
fn open_starts_the_desktops_browser_with_the_file() {
    use std::os::unix::fs::PermissionsExt;

    use crate::support::program::until;

    let (_server, env) = shares(&["A"]);
    env.collect();
    env.write("bin/xdg-open", "#!/bin/sh\necho \"$1\" > opened\n");
    fs::set_permissions(env.path("bin/xdg-open"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", env.path("bin").display());
    let env = env.with("PATH", &path);
    env.succeed(&["report", "--out", "r.html", "--open"]);
    until("the browser", || {
        fs::read_to_string(env.path("opened")).is_ok_and(|opened| opened == "r.html\n")
    });
}

#[test]
fn ten_years_of_seven_assets_are_less_than_two_megabytes() {
    let env = TestEnv::new();
    let ids = ["A1", "A2", "A3", "A4", "A5", "A6", "A7"];
    let assets: String = ids
        .iter()
        .map(|id| asset(id, "24/7", "USD", &[("yahoo", id)]))
        .collect();
    env.write("data/assets.toml", &assets);
    // Nothing comes of it but the file with its assets.
    env.write("empty/README", "");
    env.run(&["collect", "--replay", "empty", "--days", "1"]);
    // Prices with two decimals that move like prices; every day of ten years.
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             WITH RECURSIVE day (n, close) AS (
                 SELECT 0, 10000 UNION ALL SELECT n + 1, max(1000, close + (n * 7919 + 13) % 601 - 299) FROM day WHERE n < 3649
             )
             SELECT asset_id, date('2016-01-01', n || ' days'), 'yahoo', (close + n % 97) / 100.0, (close + 250 + n % 50) / 100.0,
                    (close - 220 - n % 31) / 100.0, close / 100.0, 20000000 + (n * 104729) % 60000000, '2026-01-01T00:00:00.000000Z'
             FROM asset_master, day;",
        )
        .unwrap();
    let row = env.succeed(&["report", "--format", "json"]).row();
    assert_eq!((&row["assets"], &row["bars"]), (&7.into(), &25_550.into()));
    assert!(row["bytes"].as_u64().unwrap() < 2_000_000, "{row}");
}

#[test]
fn the_warehouses_counts_stand_beside_stagings() {
    let warehouse = warehouse!();
    let (_server, env) = shares(&["A", "B"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    env.collect();
    env.succeed(&["sync"]);
    warehouse
        .client()
        .batch_execute("DELETE FROM price_daily WHERE asset_id = 'B' AND date = '2024-01-03'")
        .unwrap();
    env.succeed(&["report"]);
    let html = fs::read_to_string(env.path("report.html")).unwrap();
    assert!(html.contains("<span data-t>reachable</span>"));
    let row = |name: &str, there: &str| {
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"num\">4</td><td class=\"num\">0</td>{there}</tr>"
        )
    };
    assert!(
        html.contains(&row("The A", "<td class=\"num\">4</td>")),
        "{html}"
    );
    assert!(html.contains("<span data-t>never verified</span>"));
    // Fewer than were acknowledged.
    assert!(
        html.contains(&row("The B", "<td class=\"num bad\">3 ✕</td>")),
        "{html}"
    );
    // And what a comparison finds is told with its time.
    let since = chrono::Utc::now()
        .format("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string();
    assert_eq!(env.run(&["verify"]).code, 1);
    env.succeed(&["report"]);
    let html = fs::read_to_string(env.path("report.html")).unwrap();
    let verified = html.split("<dt data-t>Last verified</dt>").nth(1).unwrap();
    assert!(
        verified.starts_with("<dd><span class=\"badge run-partial_failure\">"),
        "{verified:.200}"
    );
    let time = verified
        .split("datetime=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(time >= since.as_str(), "{time} {since}");
    assert!(html.contains("1 row differs"));
}
