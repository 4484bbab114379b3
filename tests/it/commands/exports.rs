//! What `export` writes for other programs: Excel, tables of one value, ledgers; and whether those programs read it, and the file
//! itself by the recipes of `schema/README.md`.
//!
//! The other programs are run where `TEST_READERS` names a folder that has them, as `scripts/test.sh` makes it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{Ran, TestEnv};
use crate::support::repository;

const WINDOW: [&str; 6] = [
    "--assets",
    "005930,SOXL",
    "--start",
    "2026-01-19",
    "--end",
    "2026-01-21",
];

/// The sample, collected.
pub(super) fn sample() -> TestEnv {
    let env = TestEnv::new();
    let assets = fs::read(repository("data/assets.toml")).unwrap();
    env.write("data/assets.toml", assets);
    let replay = repository("data/sample");
    let replay = replay.to_str().unwrap();
    let assets = "KS200,005930,000660,SOXL,BTC,GC=F";
    env.succeed(&["collect", "--assets", assets, "--replay", replay]);
    env
}

/// The folder of the programs that read exports. `None`, said loudly, where there is none.
pub(super) fn readers(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TEST_READERS").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        let line = format!("left out: {test} needs TEST_READERS\n");
        // Not by a macro: what a macro prints in a test that passes is kept back.
        io::stderr().write_all(line.as_bytes()).unwrap();
    }
    folder.map(|folder| repository("").join(folder))
}

/// A program that must be content.
pub(super) fn succeed(env: &TestEnv, program: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments);
    let ran = env.command(command);
    assert_eq!(ran.code, 0, "{program:?} {arguments:?}: {ran:?}");
    ran
}

#[test]
fn every_format_writes_what_its_golden_file_has() {
    let env = sample();
    for (file, options) in [
        ("bars.csv", &["--format", "excel-csv"][..]),
        (
            "bars_comma.csv",
            &["--format", "excel-csv", "--decimal", ","],
        ),
        ("closes.csv", &["--pivot", "close"]),
        (
            "closes_excel.csv",
            &["--pivot", "close", "--format", "excel-csv"],
        ),
        ("closes.jsonl", &["--pivot", "close", "--format", "jsonl"]),
        ("volumes.csv", &["--pivot", "volume"]),
        ("prices.ledger", &["--format", "ledger"]),
        ("prices.beancount", &["--format", "beancount"]),
    ] {
        env.succeed(&[&["export", "--output", file][..], options, &WINDOW].concat());
        let golden = fs::read_to_string(repository("tests/fixtures/exports").join(file)).unwrap();
        let written = fs::read_to_string(env.path(file)).unwrap();
        assert_eq!(written, golden, "{file}");
        let printed = env.succeed(&[&["export"][..], options, &WINDOW].concat());
        assert_eq!(printed.stdout, golden, "{file}");
    }
}

#[test]
fn what_excel_was_given_comes_back() {
    let env = sample();
    for options in [&[][..], &["--decimal", ","]] {
        let export = ["export", "--format", "excel-csv", "--output", "bars.csv"];
        env.succeed(&[&export[..], options].concat());
        let imported = env.json(&["import", "bars.csv"]);
        let unchanged: u64 = imported
            .rows()
            .iter()
            .map(|r| r["unchanged"].as_u64().unwrap() + r["kept"].as_u64().unwrap())
            .sum();
        assert_eq!((imported.code, unchanged), (0, 2661), "{imported:?}");
    }
}

#[test]
fn a_cell_never_hides_that_its_price_may_change() {
    let env = sample();
    let staging = env.staging();
    staging
        .execute_batch(
            "UPDATE price_daily SET is_final = 0 WHERE asset_id = '005930' AND date = '2026-01-21';
             INSERT INTO finding (asset_id, source, date, rule, first_seen, last_seen)
             VALUES ('SOXL', 'yahoo', '2026-01-20', 'scale_refused', '2026-01-20T00:00:00Z', '2026-01-20T00:00:00Z')",
        )
        .unwrap();
    let pivot = env.succeed(&[&["export", "--pivot", "close"][..], &WINDOW].concat());
    assert!(pivot.stdout.contains("2026-01-21,,63."), "{pivot:?}");
    assert!(
        pivot
            .stderr
            .contains("1 provisional bar: 005930 2026-01-21"),
        "{pivot:?}"
    );
    assert!(pivot.stderr.contains("suspect"), "{pivot:?}");
    let ledger = env.succeed(&[&["export", "--format", "beancount"][..], &WINDOW].concat());
    let provisional = "; the next price is provisional\n2026-01-21 price SAMSUNG 149500 KRW\n";
    assert!(ledger.stdout.contains(provisional), "{ledger:?}");
    assert!(ledger.stdout.contains("; SOXL is suspect"), "{ledger:?}");
    let plain = env.succeed(&[&["export"][..], &WINDOW].concat());
    assert!(
        plain.stderr.contains("suspect") && plain.stderr.contains("SOXL"),
        "{plain:?}"
    );
    assert!(
        pivot.stderr.contains("several currencies: KRW, USD"),
        "{pivot:?}"
    );
    let rows = env.json(&[&["export"][..], &WINDOW].concat()).rows();
    assert_eq!(
        (&rows[2]["is_final"], &rows[2]["name"], &rows[2]["currency"]),
        (&false.into(), &"삼성전자".into(), &"KRW".into())
    );
}

#[test]
fn a_ledger_has_no_asset_without_a_legal_and_single_name() {
    let env = sample();
    let export = ["export", "--format", "beancount", "--output", "p.beancount"];
    let assets = fs::read_to_string(env.path("data/assets.toml")).unwrap();
    env.write(
        "data/assets.toml",
        assets.replace("commodity = \"SAMSUNG\"\n", ""),
    );
    let refused = env.run(&export);
    assert_eq!(refused.code, 2);
    assert!(refused.error().contains("005930"), "{refused:?}");
    assert!(!env.path("p.beancount").exists());
    env.write("data/assets.toml", assets.replace("SKHYNIX", "SAMSUNG"));
    let refused = env.run(&export);
    assert!(
        refused.error().contains("both be the commodity SAMSUNG"),
        "{refused:?}"
    );
    env.write("data/assets.toml", assets.replace("SKHYNIX", "하이닉스"));
    let refused = env.run(&export);
    assert_eq!(refused.code, 2);
    assert!(refused.error().contains("capital letters"), "{refused:?}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let env = sample();
    for (arguments, says) in [
        (&["export", "--decimal", ","][..], "excel-csv"),
        (
            &["export", "--format", "ledger", "--pivot", "close"],
            "--pivot",
        ),
        (&["status", "--format", "excel-csv"], "pricestash export"),
        (
            &["export", "--format", "ledger", "--output", "x.csv"],
            ".csv",
        ),
    ] {
        let refused = env.run(arguments);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.error().contains(says), "{refused:?}");
    }
}

#[test]
fn the_ledgers_own_checkers_are_content() {
    let Some(readers) = readers("the_ledgers_own_checkers_are_content") else {
        return;
    };
    let env = sample();
    let export = |format: &str, file: &str| {
        env.succeed(&["export", "--format", format, "--output", file]);
    };
    export("beancount", "prices.beancount");
    succeed(&env, &readers.join("bin/bean-check"), &["prices.beancount"]);
    export("ledger", "prices.ledger");
    let journal = "include prices.ledger

2026-01-02 bought
    Assets  10 SAMSUNG
    Equity  -10 SAMSUNG
";
    env.write("journal.ledger", journal);
    for (program, day) in [("hledger", "--end"), ("ledger", "--now")] {
        let program = Path::new("/usr/bin").join(program);
        if program.exists() {
            let worth = [
                "-f",
                "journal.ledger",
                "bal",
                "Assets",
                "-V",
                day,
                "2026-02-01",
            ];
            let worth = succeed(&env, &program, &worth).stdout;
            assert!(worth.contains("1521000"), "{program:?}: {worth}");
        }
    }
}

/// The blocks of a language in the chapter of `schema/README.md` about other programs.
fn recipes(language: &str) -> Vec<String> {
    let document = fs::read_to_string(repository("schema/README.md")).unwrap();
    let (_, chapter) = document
        .split_once("\n## In pandas, Polars and DuckDB\n")
        .unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = chapter.split(&fence).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn pandas_polars_and_duckdb_read_the_file_as_the_recipes_say() {
    let Some(readers) = readers("pandas_polars_and_duckdb_read_the_file_as_the_recipes_say") else {
        return;
    };
    let env = sample();
    let python = readers.join("bin/python");
    let [pandas, polars] = <[String; 2]>::try_from(recipes("python")).unwrap();
    let ask = "print(len(prices), prices['close'].iloc[-1], closes.shape, closes['SOXL'].max())";
    let said = succeed(&env, &python, &["-c", &format!("{pandas}\n{ask}")]).stdout;
    assert_eq!(
        said.trim(),
        "753 181.47000122070312 (990, 6) 300.7699890136719"
    );
    let ask = "print(prices.schema, len(prices), prices['close'][-1])";
    let said = succeed(&env, &python, &["-c", &format!("{polars}\n{ask}")]).stdout;
    assert!(
        said.contains("('date', Date), ('close', Float64)"),
        "{said}"
    );
    assert!(said.ends_with("753 181.47000122070312\n"), "{said}");
    let [sql] = <[String; 1]>::try_from(recipes("sql")).unwrap();
    // The extension is on disk already, where the network may be missing.
    let (install, sql) = sql.split_once("LOAD sqlite;\n").unwrap();
    assert_eq!(install, "INSTALL sqlite;\n");
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let (_, from) = readme.split_once("`SELECT asset_id, date::DATE").unwrap();
    let line = format!(
        "SELECT asset_id, date::DATE{}",
        from.split('`').next().unwrap()
    );
    let script = format!(
        "import os\n\
         os.environ['HOME'] = '.'\n\
         import duckdb, duckdb_extensions\n\
         duckdb_extensions.import_extension('sqlite_scanner')\n\
         db = duckdb.connect()\n\
         db.execute('LOAD sqlite_scanner')\n\
         print(db.sql('''{sql}''').fetchall())\n\
         print(db.sql('''DESCRIBE SELECT * FROM 'prices.parquet' ''').fetchall())\n\
         print(len(db.sql('''{line}''').fetchall()))"
    );
    let said = succeed(&env, &python, &["-c", &script]).stdout;
    assert!(
        said.contains("('SOXL', datetime.date(2026, 7, 2), 753)"),
        "{said}"
    );
    assert!(said.contains("('close', 'DOUBLE'"), "{said}");
    assert!(said.contains("('volume', 'BIGINT'"), "{said}");
    assert!(said.ends_with("2661\n"), "{said}");
}
