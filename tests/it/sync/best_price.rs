//! The views `best_price` and `latest_price` of PostgreSQL show what those of the staging file show, and `export --in` the same.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::ownership::ORIGINAL;
use crate::support::asset;
use crate::support::program::TestEnv;
use crate::support::warehouse::warehouse;

const VIEW: &str = "SELECT string_agg(concat_ws(' ', asset_id, date, source), E'\\n' ORDER BY asset_id, date) FROM best_price";

/// Three sources with holes, in scales that differ now and then, and one that begins late.
#[test]
fn both_views_show_the_same_bars() {
    let warehouse = warehouse!();
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    let sources = [("naver", "A"), ("krx", "ks200"), ("yahoo", "A.KS")];
    let assets = ["A", "B", "C"].map(|id| asset(id, "XKRX", "KRW", &sources));
    env.write("data/assets.toml", assets.concat());
    // Nothing is recorded: the assets are taken over all the same.
    env.write("replay/.keep", "");
    env.run(&["collect", "--replay", "replay"]);
    let mut random = StdRng::seed_from_u64(20_261_129);
    let staging = env.staging();
    let first: chrono::NaiveDate = "2025-01-01".parse().unwrap();
    for (place, id) in ["A", "B", "C"].iter().enumerate() {
        for (source, begins) in [("naver", 70 * place), ("krx", 30), ("yahoo", 0)] {
            let mut scale = 1.0;
            for day in begins..240 {
                if random.random_ratio(1, 25) {
                    scale = [1.0, 1.01, 1.03, 10.0][random.random_range(0..4)];
                }
                if random.random_ratio(1, 4) {
                    continue;
                }
                let date = first + chrono::Days::new(day as u64);
                let close = 100.0 * scale;
                staging
                    .execute(
                        "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, ingested_at)
                         VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?4, '2026-01-01T00:00:00.000000Z')",
                        (id, date.to_string(), source, close),
                    )
                    .unwrap();
            }
        }
    }
    let (code, sent) = env.sync(&[]);
    assert_eq!(code, 0, "{sent}");
    env.succeed(&["schema", "best-price", "--apply"]);
    let here =
        env.pairs("SELECT asset_id || ' ' || date, source FROM best_price ORDER BY asset_id, date");
    let lines: Vec<String> = here
        .iter()
        .map(|(key, source)| format!("{key} {source}"))
        .collect();
    assert_eq!(warehouse.text(VIEW), lines.join("\n"));
    let latest =
        env.pairs("SELECT asset_id || ' ' || date, source FROM latest_price ORDER BY asset_id");
    let latest: Vec<String> = latest
        .iter()
        .map(|(key, source)| format!("{key} {source} KRW"))
        .collect();
    let there = "SELECT string_agg(concat_ws(' ', asset_id, date, source, currency), E'\\n' ORDER BY asset_id) FROM latest_price";
    assert_eq!(warehouse.text(there), latest.join("\n"));
    // The program's own rule, which is the same in Rust.
    let exported = env.succeed(&["export", "--in", "KRW"]).stdout;
    let exported = exported.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split(',').take(3).collect();
        columns.join(" ")
    });
    assert_eq!(exported.collect::<Vec<_>>(), lines);
    let refused = env.count("SELECT count(DISTINCT asset_id || date) FROM price_daily")
        - i64::try_from(here.len()).unwrap();
    assert!(refused > 20 && here.len() > 300, "{refused} {}", here.len());
}

/// What the view was before there was `asset_source`.
const BEFORE: &str = "CREATE VIEW best_price AS
    SELECT p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at
    FROM asset_master m
    CROSS JOIN LATERAL json_array_elements_text(m.source_priority::json) WITH ORDINALITY AS s (source, priority)
    JOIN price_daily p ON p.asset_id = m.asset_id AND p.source = s.source";

/// An owner's lists count for the assets that nobody configures here, and one that is no list breaks nothing.
#[test]
fn the_views_follow_asset_source_and_an_owners_lists_where_it_has_nothing() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    warehouse.execute(BEFORE);
    warehouse.execute("UPDATE asset_master SET source_priority = '[\"x\", null, 1, \"fdr\", \"fdr\"]' WHERE asset_id = '005930'");
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    let says_older = || {
        let doctor = env.run(&["doctor", "--offline"]);
        doctor
            .stdout
            .contains("best_price is of an older pricestash")
    };
    assert!(says_older());
    for (jit, says) in [("on", true), ("off", false)] {
        warehouse.execute(&format!(
            "ALTER DATABASE {} SET jit = {jit}",
            warehouse.name()
        ));
        let ran = env.succeed(&["schema", "adjusted-price", "--apply"]);
        assert_eq!(
            ran.stderr.contains("jit is on in PostgreSQL"),
            says,
            "{ran:?}"
        );
    }
    assert!(!says_older());
    let all = |view: &str| {
        warehouse.text(&format!(
            "SELECT coalesce(string_agg(concat_ws(' ', asset_id, date, source, currency, time AT TIME ZONE 'UTC'), E'\\n' ORDER BY date), '') FROM {view}"
        ))
    };
    let theirs = "005930 2026-01-22 fdr KRW 2026-01-22 00:00:00\n005930 2026-01-23 fdr KRW 2026-01-23 00:00:00";
    assert_eq!(all("best_price"), theirs);
    assert_eq!(all("adjusted_price"), theirs);
    assert!(theirs.ends_with(&all("latest_price")));
    // Two machines that order them otherwise; what is in another currency does not count.
    warehouse.execute(
        "INSERT INTO price_daily
         SELECT p.asset_id, p.date, s.source, p.open, p.high, p.low, p.close, p.volume
         FROM price_daily p CROSS JOIN (VALUES ('naver'), ('krx'), ('usd')) AS s (source) WHERE p.source = 'fdr'
         ON CONFLICT DO NOTHING;
         INSERT INTO asset_source VALUES
             ('005930', 'naver', 0, 'KRW', 'x', false), ('005930', 'krx', 0, 'KRW', 'x', false), ('005930', 'usd', NULL, 'USD', 'x', false)",
    );
    assert_eq!(all("best_price"), theirs.replace("fdr", "krx"));
}

#[test]
fn what_is_no_price_is_in_no_view() {
    let warehouse = warehouse!();
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    env.write(
        "data/assets.toml",
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
    );
    env.write("replay/.keep", "");
    env.run(&["collect", "--replay", "replay"]);
    env.sync(&[]);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute(
        "INSERT INTO price_daily VALUES ('A', '2024-01-02', 'naver', 1, 1, 1, 1, 1, now()), ('A', '2024-01-03', 'naver', 1, 1, 1, 'NaN', 1, now()),
             ('A', '2024-01-04', 'old', 'NaN', 1, 1, 1, 1, now()), ('A', '2024-01-05', 'old', 1, 'Infinity', 1, 1, 1, now())",
    );
    warehouse.execute("CREATE SCHEMA readers");
    for view in [&["best-price"][..], &["one-price", "--schema", "readers"]] {
        env.succeed(&[&["schema"], view, &["--apply"]].concat());
    }
    for view in ["best_price", "readers.price_daily"] {
        let days = warehouse.text(&format!("SELECT string_agg(date::text, ' ') FROM {view}"));
        assert_eq!(days, "2024-01-02", "{view}");
    }
}
