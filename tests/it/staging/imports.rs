//! `import`: bars of the user's own files, and assets whose prices come from nowhere else.

use std::fs;

use super::sample;
use crate::support::program::TestEnv;
use crate::support::{WEEK, asset, repository, route, shares, week};

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
fn an_export_comes_back_bit_for_bit_under_its_own_sources() {
    let env = sample();
    env.succeed(&["export", "--output", "bars.csv"]);
    let csv = fs::read_to_string(env.path("bars.csv")).unwrap();
    assert_eq!(csv.lines().count(), 2662);
    assert_eq!(
        csv.lines().next().unwrap(),
        "asset_id,date,source,open,high,low,close,volume,ingested_at,is_final,name,currency"
    );
    assert_eq!(env.succeed(&["export"]).stdout, csv);
    let total = |env: &TestEnv, arguments: &[&str], count: &str| -> u64 {
        let ran = env.succeed(&[&["import", "bars.csv", "--format", "json"], arguments].concat());
        ran.rows().iter().map(|r| r[count].as_u64().unwrap()).sum()
    };
    assert_eq!(total(&env, &[], "unchanged"), 2661);
    assert_eq!(
        env.succeed(&["export"]).stdout,
        csv,
        "an import of it changes nothing"
    );
    assert_eq!(total(&env, &["--source", "copy"], "new"), 2661);
    let different = "SELECT count(*) FROM price_daily a JOIN price_daily b
                     ON b.asset_id = a.asset_id AND b.date = a.date AND b.source = 'copy' AND a.source <> 'copy'
                     WHERE (a.open, a.high, a.low, a.close) IS NOT (b.open, b.high, b.low, b.close) OR a.volume IS NOT b.volume";
    assert_eq!(env.count(different), 0);
    assert_eq!(total(&env, &["--source", "copy"], "unchanged"), 2661);
    assert_eq!(env.runs().last().unwrap().0, "import");
    let empty = TestEnv::new();
    empty.write(
        "data/assets.toml",
        fs::read(repository("data/assets.toml")).unwrap(),
    );
    empty.write("bars.csv", &csv);
    assert_eq!(total(&empty, &[], "new"), 2661);
    assert_eq!(
        empty.succeed(&["export"]).stdout,
        csv,
        "times and sources came with it"
    );
}

#[test]
fn an_old_export_never_beats_a_newer_fetch() {
    let (server, env) = shares(&["A"]);
    let window = ["collect", "--start", WEEK[0], "--end", WEEK[3]];
    server.answer(&route("A"), week([100, 101, 102, 103]));
    env.succeed(&window);
    env.succeed(&["export", "--output", "old.csv"]);
    server.answer(&route("A"), week([100, 101, 102, 104]));
    env.run(&window);
    let newest = "SELECT count(*) FROM price_daily WHERE close = 104";
    assert_eq!(env.count(newest), 1);
    let row = env.json(&["import", "old.csv"]).row();
    assert_eq!((&row["source"], &row["kept"]), (&"naver".into(), &4.into()));
    assert_eq!(env.count(newest), 1);
    // A file of the same fetch with another value is not what was fetched.
    env.succeed(&["export", "--output", "edited.csv"]);
    let edited = fs::read_to_string(env.path("edited.csv"))
        .unwrap()
        .replace("104", "105");
    env.write("edited.csv", edited);
    assert_eq!(env.json(&["import", "edited.csv"]).row()["kept"], 1);
    assert_eq!(env.count(newest), 1);
    for (file, says) in [
        (
            "asset_id,date,source,close\nA,2024-01-02,naver,5\n",
            "ingested_at",
        ),
        (
            "asset_id,date,source,close,ingested_at\nA,2024-01-02,naver,5,2999-01-01T00:00:00Z\n",
            "future",
        ),
        (
            "asset_id,date,source,close,ingested_at\nA,2024-01-02,naver,5,soon\n",
            "a time like",
        ),
        (
            "asset_id,date,source,close,ingested_at\nA,2024-01-02,yahoo,5,2026-01-01T00:00:00Z\n",
            "no source",
        ),
        (
            "asset_id,date,source,close,ingested_at\nA,2024-01-02,,5,2026-01-01T00:00:00Z\n",
            "1 to 20 characters",
        ),
        (
            "asset_id,date,source,close,ingested_at,currency\nA,2024-01-02,naver,5,2026-01-01T00:00:00Z,USD\n",
            "in USD",
        ),
    ] {
        env.write("in.csv", file);
        let ran = env.run(&["import", "in.csv"]);
        assert!(
            ran.code > 0 && format!("{ran:?}").contains(says),
            "{file}: {ran:?}"
        );
    }
    assert_eq!(env.bars(), 4);
}

/// A spreadsheet of a Korean computer, in its code page.
const KOREAN: &[u8] = b"\xc0\xcf\xc0\xda,\xbd\xc3\xb0\xa1,\xb0\xed\xb0\xa1,\xc0\xfa\xb0\xa1,\xc1\xbe\xb0\xa1,\xb0\xc5\xb7\xa1\xb7\xae\r\n\
    2024-01-02,\"71,000\",\"72,000\",\"70,000\",\"71,500\",\"1,234,567\"\r\n";

#[test]
fn files_are_taken_as_people_have_them() {
    let wide: Vec<u8> = "\u{feff}Date\tClose\n2024-01-02\t71500\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let files: [(&[u8], &[&str]); 8] = [
        ("Date;Close\n02.01.2024;71.500,00\n".as_bytes(), &[]),
        ("\u{feff}close,date\n71500,2024-01-02\n".as_bytes(), &[]),
        (KOREAN, &[]),
        (&wide, &[]),
        (b"Date;Close\n2024-01-02;71.500\n", &["--decimal", ","]),
        (
            b"Date,Price\n01/02/2024,71500\n",
            &["--date-format", "%m/%d/%Y"],
        ),
        (
            b"Tag|Kurs|Open\n2024-01-02|71500|1\n",
            &[
                "--column",
                "date=Tag",
                "--column",
                "close=2",
                "--close-only",
            ],
        ),
        (b"code,date,close\n5930.KS,2024-01-02,71500\n", &[]),
    ];
    for (file, more) in files {
        let (_server, env) = shares(&["005930"]);
        env.write("in.csv", file);
        let ran = env.run(&[&["import", "in.csv", "--asset", "005930"], more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let bar = "SELECT count(*) FROM price_daily WHERE asset_id = '005930' AND date = '2024-01-02' AND source = 'manual'
                   AND close = 71500 AND (volume IS NULL AND open = close OR volume = 1234567 AND open = 71000)";
        assert_eq!(env.count(bar), 1, "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn what_can_be_meant_in_two_ways_is_asked_and_never_staged() {
    let (_server, env) = shares(&["005930", "A"]);
    for (file, more, says) in [
        (
            "asset_id,date,close\n5930,2024-01-02,71500\n",
            &[][..],
            "--leading-zeros",
        ),
        (
            "asset_id,date,close\n005930.KS,2024-01-02,71500\n",
            &[],
            "no asset",
        ),
        (
            "Date;Close\n2024-01-02;71.500\n",
            &["--asset", "A"],
            "--decimal",
        ),
        (
            "Date,Close\n01/02/2024,71500\n",
            &["--asset", "A"],
            "--date-format",
        ),
        ("Date,Close\n2024-01-02,71500\n", &[], "--asset"),
        (
            "Date,Kurs\n2024-01-02,71500\n",
            &["--asset", "A"],
            "--column close=",
        ),
        (
            "asset_id,date,close\nA,2024-01-02,5\n005930,2024-01-02,5\n",
            &["--asset", "A"],
            "2 assets",
        ),
    ] {
        env.write("in.csv", file);
        let ran = env.run(&[&["import", "in.csv"], more].concat());
        assert_eq!(ran.code, 2, "{file}: {ran:?}");
        assert!(ran.error().contains(says), "{file}: {ran:?}");
    }
    assert!(!env.path("data/staging.db").exists());
    env.write("in.csv", "asset_id,date,close\n5930,2024-01-02,71500\n");
    env.succeed(&["import", "in.csv", "--leading-zeros"]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE asset_id = '005930'"),
        1
    );
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
}

/// A single price out of a file cannot be told from one in another scale. It is not taken in silence, and not left out in silence.
#[test]
fn a_correction_that_cannot_be_told_from_a_split_is_said_and_taken_when_the_owner_says_so() {
    let env = TestEnv::new();
    env.write("data/assets.toml", OWN_FUND);
    env.write("in.csv", fund_rows());
    env.succeed(&["import", "in.csv"]);
    env.write("fix.csv", format!("Date;Close\n{};105\n", WEEK[1]));
    let fix = ["import", "fix.csv", "--asset", "FUND"];
    let ran = env.run(&fix);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stdout.contains("suspect: scale_unknown 2024-01-03"),
        "{ran:?}"
    );
    let closes = "SELECT date, CAST(CAST(close AS INTEGER) AS TEXT) FROM price_daily ORDER BY date";
    assert_eq!(env.pairs(closes)[1].1, "101");
    env.succeed(&[
        "waive",
        "FUND",
        WEEK[1],
        "--rule",
        "scale_unknown",
        "--reason",
        "a misprint",
    ]);
    env.succeed(&fix);
    assert_eq!(env.pairs(closes)[1].1, "105");
}

#[test]
fn what_a_file_says_in_vain_or_twice_is_said() {
    let env = TestEnv::new();
    env.write("data/assets.toml", OWN_FUND);
    let import = |text: &str| {
        env.write("in.csv", text);
        env.run(&["import", "in.csv", "--asset", "FUND", "--dry-run"])
    };
    let volumes =
        import("Date,Close,Volume\n2024-01-02,100,1.2M\n2024-01-03,101,abc\n2024-01-04,102,5\n");
    let says = "2 volumes are not a count, such as 1.2M on 2024-01-02, and stored as unknown";
    assert!(
        volumes.code == 3 && volumes.stdout.contains(says),
        "{volumes:?}"
    );
    let gaps = import(
        "Date,Open,High,Low,Close\n2024-01-02,1,1,1,1\n2024-01-03,,,,1.1\n2024-01-04,N/A,,,\n",
    );
    let says = "2 rows were left out because a price is missing, such as 2024-01-03";
    assert!(gaps.code == 3 && gaps.stdout.contains(says), "{gaps:?}");
    let twice = import("Date,Close,Price\n2024-01-02,100,200\n");
    let says =
        "it has two columns for close, close and price; choose one, such as --column close=2";
    assert!(twice.code == 2 && twice.error().contains(says), "{twice:?}");
    let open =
        import("Date;Close;Note\n2024-01-02;12.5;\"bad\n2024-01-03;12.6;x\n2024-01-04;12.7;y\n");
    let says = "line 2: a quote is opened and never closed";
    assert!(open.code == 2 && open.error().contains(says), "{open:?}");
    let closed =
        import("Date;Close;Note\n2024-01-02;12.5;\"a \"\"b\"\" \nc\"\n2024-01-03;12.6;6\"\n");
    assert_eq!(closed.code, 0, "{closed:?}");
    let with_time = import("Date,Time,Close\n2024-01-02,09:00,100\n");
    assert_eq!(with_time.code, 0, "{with_time:?}");
}
