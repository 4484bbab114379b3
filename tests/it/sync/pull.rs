//! `pull`: an empty file is filled from the warehouse, and everything goes on from there.

use std::fs;

use serde_json::{Value, json};

use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{WEEK, asset, recorded, route, shares, week};

/// What is staged, without what only this file knows.
const STAGED: &str = "SELECT asset_id || ' ' || date || ' ' || source || ' ' || is_final,
           close || ' ' || coalesce(volume, 'unknown') || ' ' || ingested_at
     FROM price_daily ORDER BY asset_id, date, source";
const THERE: &str =
    "SELECT string_agg(concat_ws(' ', asset_id, date, source, open, close, volume), E'\\n' ORDER BY asset_id, date, source)
     FROM price_daily";

fn collected(warehouse: &TestWarehouse, ids: &[&str]) -> (Server, TestEnv) {
    let (server, env) = shares(ids);
    let env = env.with("DATABASE_URL", &warehouse.url());
    assert_eq!(env.collect().code, 0);
    assert_eq!(env.sync(&[]).0, 0);
    (server, env)
}

fn lose_the_file(env: &TestEnv) {
    for name in ["staging.db", "staging.db-wal", "staging.db-shm"] {
        drop(fs::remove_file(env.path(&format!("data/{name}"))));
    }
    assert!(!env.path("data/staging.db").exists());
}

#[test]
fn a_lost_file_is_filled_and_the_warehouse_stays_as_it_is_but_for_new_days() {
    let warehouse = warehouse!();
    let (server, env) = collected(&warehouse, &["A", "B"]);
    let staged = env.pairs(STAGED);
    let there = warehouse.text(THERE);
    lose_the_file(&env);
    let ran = env.json(&["pull"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = ran.row();
    assert_eq!((&row["bars"], &row["series"]), (&8.into(), &2.into()));
    assert_eq!(env.pairs(STAGED), staged);
    assert_eq!(env.pending(), 0);
    env.succeed(&["verify"]);
    let (code, outcome) = env.sync(&[]);
    assert_eq!((code, &outcome["sent"]), (0, &0.into()), "{outcome}");
    // The next collect overlaps with what was pulled.
    let days = WEEK.into_iter().chain(["2024-01-08"]).zip(100..);
    let next = days.map(|(day, close)| {
        json!({"localDate": day.replace('-', ""), "openPrice": close, "highPrice": close, "lowPrice": close,
               "closePrice": close, "accumulatedTradingVolume": 1000})
    });
    let next = Value::from_iter(next).to_string();
    server.answer(&route("A"), Answer::ok(next));
    env.succeed(&[
        "collect",
        "--assets",
        "A",
        "--start",
        WEEK[0],
        "--end",
        "2024-01-08",
    ]);
    let (code, outcome) = env.sync(&[]);
    assert_eq!(
        (code, &outcome["inserted"], &outcome["unchanged"]),
        (0, &1.into(), &4.into())
    );
    let now = warehouse.text(THERE);
    assert_eq!(now.replace("A 2024-01-08 naver 104 104 1000\n", ""), there);
    assert_eq!(env.count("SELECT count(*) FROM price_revision"), 0);
}

#[test]
fn a_file_with_prices_is_not_touched() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["A"]);
    warehouse.execute("UPDATE price_daily SET close = 1");
    let staged = env.pairs(STAGED);
    let ran = env.run(&["pull"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.error().contains("only an empty file can be filled"),
        "{ran:?}"
    );
    assert_eq!(env.pairs(STAGED), staged);
}

#[test]
fn what_the_warehouse_cannot_tell_is_unknown() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["A"]);
    let unknown_here =
        "UPDATE price_daily SET volume = NULL, revision = revision + 1 WHERE date = '2024-01-03'";
    env.staging().execute_batch(unknown_here).unwrap();
    env.sync(&[]);
    warehouse.execute(
        "UPDATE price_daily SET ingested_at = '2024-01-05 05:00:00+00' WHERE date = '2024-01-05';
         UPDATE price_daily SET close = 'NaN' WHERE date = '2024-01-02';
         INSERT INTO price_daily SELECT asset_id, date, 'fdr', open, high, low, close, volume, ingested_at FROM price_daily;
         INSERT INTO price_daily VALUES ('A', 'infinity', 'naver', 1, 1, 1, 1, 1, now())",
    );
    lose_the_file(&env);
    let ran = env.run(&["pull"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for says in [
        "2 rows left in PostgreSQL are not valid bars, such as A 2024-01-02 from naver",
        "fdr (4)",
    ] {
        assert!(ran.stdout.contains(says), "{says}: {}", ran.stdout);
    }
    let known = env.pairs("SELECT date || ' ' || is_final, coalesce(volume, 'unknown') || '' FROM price_daily ORDER BY date");
    let expected = [
        ("2024-01-03 1", "unknown"),
        ("2024-01-04 1", "1000"),
        ("2024-01-05 0", "1000"),
    ];
    let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(known, expected);
}

#[test]
fn a_series_of_something_else_is_not_taken_for_what_the_assets_file_says() {
    for (change, says) in [
        ("currency = 'USD'", "A from naver is A in USD in PostgreSQL"),
        (
            "symbol = '000660'",
            "A from naver is 000660 in KRW in PostgreSQL",
        ),
    ] {
        let warehouse = warehouse!();
        let (_server, env) = collected(&warehouse, &["A", "B"]);
        warehouse.execute(&format!(
            "UPDATE asset_source SET {change} WHERE asset_id = 'A'"
        ));
        let said = "SELECT string_agg(concat_ws(' ', asset_id, symbol, currency), ',' ORDER BY asset_id) FROM asset_source";
        let before = warehouse.text(said);
        lose_the_file(&env);
        let ran = env.run(&["pull"]);
        assert!(ran.code == 2 && ran.error().contains(says), "{ran:?}");
        assert_eq!(env.bars(), 0);
        assert_eq!(env.sync(&[]).0, 0);
        assert_eq!(warehouse.text(said), before, "nothing is said of it there");
    }
}

#[test]
fn a_series_of_which_nobody_says_the_currency_stays_there() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["A", "B"]);
    warehouse.execute("DELETE FROM asset_source WHERE asset_id = 'A'");
    lose_the_file(&env);
    let ran = env.run(&["pull"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stdout
            .contains("4 rows were left in PostgreSQL: the table asset_source lacks"),
        "{ran:?}"
    );
    assert_eq!(env.bars(), 4);
}

#[test]
fn what_is_to_come_stays_there_and_makes_nothing_fresh() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["A"]);
    warehouse.execute(
        "INSERT INTO price_daily SELECT asset_id, '2099-01-05', source, 1, 1, 1, 1, 1, ingested_at FROM price_daily WHERE date = '2024-01-05';
         UPDATE price_daily SET ingested_at = now() + interval '1 year' WHERE date = '2024-01-04'",
    );
    let health = env.json(&["healthcheck", "--warehouse"]);
    assert_eq!(health.row()["status"], "STALE", "{health:?}");
    lose_the_file(&env);
    let ran = env.run(&["pull"]);
    assert!(
        ran.code == 3
            && ran
                .stdout
                .contains("2 rows left in PostgreSQL are not valid bars"),
        "{ran:?}"
    );
    let days = env.pairs("SELECT date, source FROM price_daily ORDER BY date");
    let days: Vec<&str> = days.iter().map(|(day, _)| day.as_str()).collect();
    assert_eq!(days, [WEEK[0], WEEK[1], WEEK[3]]);
}

#[test]
fn prices_out_of_files_come_too_and_other_assets_are_named() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse, &["A", "B"]);
    env.write("own.csv", "Date;Close\n2023-12-28;99\n");
    env.succeed(&["import", "own.csv", "--asset", "A"]);
    assert_eq!(env.sync(&[]).0, 0);
    lose_the_file(&env);
    env.write(
        "data/assets.toml",
        asset("A", "XKRX", "KRW", &[("naver", "A")]),
    );
    let ran = env.run(&["pull"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("because assets.toml does not list these assets: B"),
        "{ran:?}"
    );
    assert_eq!(
        env.count("SELECT count(*) FROM price_daily WHERE source = 'manual'"),
        1
    );
    assert_eq!(env.bars(), 5);
}

#[test]
fn dividends_and_splits_come_with_the_prices() {
    let warehouse = warehouse!();
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    env.write(
        "data/assets.toml",
        asset("AAPL", "XNYS", "USD", &[("yahoo", "AAPL")]),
    );
    env.write(
        "replay/yahoo/AAPL.json",
        recorded("yahoo/historicalv8-AAPL-2020-01-01-to-2021-01-04.2021-11-12.json"),
    );
    env.succeed(&[
        "collect",
        "--replay",
        "replay",
        "--start",
        "2020-01-01",
        "--fetched-at",
        "2021-11-12T12:00:00Z",
    ]);
    env.sync(&[]);
    let adjusted =
        "SELECT date, printf('%.9f %s', close_all, known_until) FROM adjusted_price ORDER BY date";
    let before = env.pairs(adjusted);
    lose_the_file(&env);
    assert_eq!(env.json(&["pull"]).row()["actions"], 5);
    assert_eq!(env.pairs(adjusted), before);
    let pending = "SELECT count(*) FROM corporate_action WHERE revision <> synced_revision";
    assert_eq!(env.count(pending), 0);
}

#[test]
fn nothing_is_no_success() {
    let warehouse = warehouse!();
    let (_server, env) = shares(&["A"]);
    let ran = env.run(&["pull"]);
    assert!(
        ran.code == 2 && ran.error().contains("DATABASE_URL"),
        "{ran:?}"
    );
    let env = env.with("DATABASE_URL", &warehouse.url());
    let ran = env.run(&["pull"]);
    assert!(
        ran.code == 1 && ran.error().contains("price_daily"),
        "{ran:?}"
    );
    env.succeed(&["schema", "warehouse", "--apply"]);
    let ran = env.run(&["pull"]);
    assert!(
        ran.code == 1 && ran.error().contains("nothing was pulled"),
        "{ran:?}"
    );
    assert_eq!(env.bars(), 0);
}

#[test]
fn two_machines_with_overlapping_assets_end_equal_in_any_order() {
    for order in 0..6 {
        let warehouse = warehouse!();
        let (one_server, one) = shares(&["A", "B"]);
        let (other_server, other) = shares(&["B", "C"]);
        let [one, other] = [one, other].map(|env| env.with("DATABASE_URL", &warehouse.url()));
        one_server.answer(&route("B"), week([100, 101, 102, 109]));
        other_server.answer(&route("B"), week([100, 101, 102, 108]));
        // B is collected here and there, the later one wins, whoever sends first.
        let (first, second) = if order % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        first.collect();
        second.collect();
        let machines = match order / 2 {
            0 => [first, second],
            _ => [second, first],
        };
        for machine in machines {
            machine.sync(&[]);
        }
        if order / 2 == 2 {
            lose_the_file(first);
            first.succeed(&["pull"]);
            first.sync(&["--full"]);
        }
        let newest = warehouse.text(
            "SELECT close::text FROM price_daily WHERE asset_id = 'B' AND date = '2024-01-05'",
        );
        assert_eq!(
            newest,
            if order % 2 == 0 { "108" } else { "109" },
            "order {order}"
        );
        assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 12);
    }
}
