//! `import`: bars of the user's own files, and assets whose prices come from nowhere else.

use std::fs;

use crate::support::program::TestEnv;
use crate::support::{WEEK, asset, repository, route, shares, week};

/// The sample, collected.
fn sample() -> TestEnv {
    let env = TestEnv::new();
    let assets = fs::read(repository("data/assets.toml")).unwrap();
    env.write("data/assets.toml", assets);
    let sample = repository("data/sample");
    let assets = "KS200,005930,000660,SOXL,BTC,GC=F";
    let replay = [
        "collect",
        "--assets",
        assets,
        "--replay",
        sample.to_str().unwrap(),
    ];
    assert_eq!(env.run(&replay).code, 0);
    env
}

/// A fund of which nobody is asked, and a share that is collected.
const OWN_FUND: &str = "[[asset]]
id = \"FUND\"
name = \"Pension fund\"
category = \"fund\"
calendar = \"XKRX\"
currency = \"KRW\"
sources = [{ source = \"manual\" }]
";

/// A row of `import` for each day of a week, flat at 100 and up.
fn fund_rows() -> String {
    let rows = WEEK.iter().zip(100..);
    let rows = rows.map(|(day, close)| format!("FUND,{day},{close},{close},{close},{close},\n"));
    "asset_id,date,open,high,low,close,volume\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn prices_that_only_import_brings_are_shown_and_judged_like_others() {
    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), week([100, 101, 102, 103]));
    let assets = asset("A", "XKRX", "KRW", &[("naver", "A")]);
    env.write("data/assets.toml", format!("{assets}{OWN_FUND}"));
    env.write("in.csv", fund_rows());
    env.succeed(&["import", "in.csv"]);
    let window = ["--start", WEEK[0], "--end", WEEK[3]];
    let ran = env.json(&[&["collect"][..], &window].concat());
    assert_eq!((ran.code, ran.rows().len()), (0, 1), "{ran:?}");
    let health = |as_of: &str| {
        let ran = env.json(&["healthcheck", "--as-of", as_of]);
        ran.of("FUND")["status"].clone()
    };
    assert_eq!(health("2024-01-06"), "OK");
    assert_eq!(health("2024-01-10"), "STALE");
    let shown = env.json(&["show", "FUND"]).rows();
    assert_eq!(
        (shown.len(), &shown[3]["close"]),
        (4, &103.0.into()),
        "{shown:?}"
    );
    for view in ["best_price", "latest_price"] {
        let sql =
            format!("SELECT count(*) FROM {view} WHERE asset_id = 'FUND' AND source = 'manual'");
        assert!(env.count(&sql) > 0, "{view}");
    }
    let named = env.run(&["collect", "--assets", "FUND"]);
    assert_eq!(named.code, 2);
    assert!(named.error().contains("pricestash import"), "{named:?}");
    env.write("data/assets.toml", OWN_FUND);
    assert_eq!(env.json(&["collect"]).rows().len(), 0);
}

#[test]
fn an_export_comes_back_bit_for_bit_under_its_own_source() {
    let env = sample();
    env.succeed(&["export", "--output", "bars.csv"]);
    let csv = fs::read_to_string(env.path("bars.csv")).unwrap();
    assert_eq!(csv.lines().count(), 2662);
    assert_eq!(
        csv.lines().next().unwrap(),
        "asset_id,date,source,open,high,low,close,volume,ingested_at,is_final"
    );
    assert_eq!(env.succeed(&["export"]).stdout, csv);
    let rows = env
        .succeed(&["import", "bars.csv", "--format", "json"])
        .rows();
    let new: u64 = rows.iter().map(|r| r["new"].as_u64().unwrap()).sum();
    assert_eq!((rows.len(), new), (6, 2661));
    let different = "SELECT count(*) FROM price_daily a JOIN price_daily b
                     ON b.asset_id = a.asset_id AND b.date = a.date AND b.source = 'manual' AND a.source <> 'manual'
                     WHERE (a.open, a.high, a.low, a.close) IS NOT (b.open, b.high, b.low, b.close) OR a.volume IS NOT b.volume";
    assert_eq!(env.count(different), 0);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'manual'"),
        2661
    );
    let again = env
        .succeed(&["import", "bars.csv", "--format", "json"])
        .rows();
    let unchanged: u64 = again.iter().map(|r| r["unchanged"].as_u64().unwrap()).sum();
    assert_eq!(unchanged, 2661);
    assert_eq!(env.runs().last().unwrap().0, "import");
}

#[test]
fn an_import_goes_through_the_rules() {
    let (_server, env) = shares(&["005930"]);
    let header = "asset_id,date,open,high,low,close,volume\n";
    let import = |rows: &str, more: &[&str]| {
        env.write("in.csv", format!("\u{feff}{header}{rows}"));
        env.run(&[&["import", "in.csv", "--format", "json"], more].concat())
    };
    let mixed = "005930,2024-01-02,1,2,1,2,5\n005930,2024-01-03,1,1,2,1,5\n005930,2024-02-30,1,2,1,2,5\n005930,0000-01-03,1,2,1,2,5\n\
                 005930,2999-01-03,1,2,1,2,5\n005930,2024-01-04,-1,2,1,2,\n005930,2024-01-05,1,2,1,2,\n";
    assert_eq!(import(mixed, &["--dry-run"]).code, 3);
    assert!(!env.path("data/staging.db").exists());
    let ran = import(mixed, &[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let row = ran.row();
    assert_eq!((&row["new"], &row["rejected"]), (&2.into(), &5.into()));
    assert_eq!(
        env.count("SELECT count(*) FROM quarantine WHERE source = 'manual'"),
        5
    );
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'manual' AND volume IS NULL"),
        1
    );
    assert_eq!(
        import("005930,2024-01-03,1,1,2,1,5\n", &["--source", "old"]).code,
        1
    );
    for (rows, more, says) in [
        ("NOPE,2024-01-02,1,2,1,2,5\n", &[][..], "NOPE"),
        ("", &[], "no bar"),
        (mixed, &["--source", "naver"], "naver"),
        (mixed, &["--source", "yahoo:X"], "yahoo:X"),
        (mixed, &["--source", ""], "--source"),
    ] {
        let ran = import(rows, more);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.error().contains(says), "{ran:?}");
    }
    env.write("in.csv", "date,close\n2024-01-02,1\n");
    assert!(env.run(&["import", "in.csv"]).error().contains("asset_id"));
}
