//! Tables, rights and servers of every shape: `doctor` says before what `sync` meets.
//!
//! Where `sync` succeeds, `doctor` fails nothing; where it fails, `doctor` fails something; where rows or assets are refused,
//! `doctor` warns. Made by nobody here: Citus, TimescaleDB, Aurora and other servers of a like kind; what a CHECK constraint
//! refuses, which only rows show.

use std::thread;

use postgres::{Client, NoTls};
use serde_json::Value;

use crate::support::own_server::OwnServer;
use crate::support::program::TestEnv;
use crate::support::stock::stocked;
use crate::support::warehouse::TestWarehouse;

/// The table of the bars without its end, for one with partitions.
const BARS: &str = "CREATE TABLE price_daily (asset_id varchar(20), date date, source varchar(20), open float8 NOT NULL,
    high float8 NOT NULL, low float8 NOT NULL, close float8 NOT NULL, volume bigint NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (asset_id, date, source))";

/// A file with two assets and four bars, one of an asset whose name is longer.
fn staged(url: &str) -> TestEnv {
    let env = stocked(url, 3);
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             VALUES ('KRW-BTC', '2020-01-01', 'upbit', 1, 1, 1, 1, 9, '2026-11-20T09:00:00.123456Z');
             INSERT INTO asset_master (asset_id, name, category, calendar, currency, source_priority, is_active)
             VALUES ('000000', '삼성전자', 'stock', 'XKRX', 'KRW', '[]', 1), ('KRW-BTC', 'BTC', 'crypto', '24/7', 'KRW', '[]', 1)",
        )
        .unwrap();
    env
}

/// The worst that `doctor` says of the warehouse, and all of it.
fn doctor(env: &TestEnv) -> (&'static str, String) {
    let ran = env.run(&["doctor", "--offline", "--format", "json"]);
    let rows = ran.rows().into_iter();
    let is_warehouse = |row: &Value| row["check"].as_str().unwrap().starts_with("warehouse");
    let rows: Vec<Value> = rows.filter(is_warehouse).collect();
    for row in &rows {
        let needs_remedy = row["status"] == "FAIL" && row["remedy"] == "";
        assert!(!needs_remedy, "{row}");
    }
    let worst = ["FAIL", "WARN", "OK"];
    let has = |word: &&&str| rows.iter().any(|row| row["status"] == **word);
    let said = rows.iter().map(|r| {
        format!(
            "{} {} {} → {}",
            r["status"], r["check"], r["detail"], r["remedy"]
        )
    });
    (
        worst.iter().find(has).unwrap(),
        said.collect::<Vec<_>>().join("\n"),
    )
}

/// `doctor` and `sync` at a warehouse; what is wrong with them, or differs from what is expected (`3 | WARN`; `?` is anything).
fn differs(warehouse: &TestWarehouse, env: &TestEnv, name: &str, expected: &str) -> Option<String> {
    let objects = "SELECT count(*) FROM pg_class";
    let before = warehouse.count(objects);
    let (worst, said) = doctor(env);
    assert_eq!(
        warehouse.count(objects),
        before,
        "{name}: doctor changed something"
    );
    let ran = env.run(&["sync"]);
    let agree = match ran.code {
        0 => worst != "FAIL",
        3 => worst == "WARN",
        _ => worst == "FAIL",
    };
    let found = format!("{} | {worst}", ran.code);
    let is_expected = agree && (found == expected || expected == "?");
    (!is_expected).then(|| format!("{name}: {found}, not {expected}\n{said}\n{}", ran.stderr))
}

/// Name, whether the role connects, what is expected of both, and what is done before.
type Shape = (&'static str, bool, &'static str, &'static str);

fn shapes() -> Vec<Shape> {
    let blocks = include_str!("shapes.sql").split("\n\n").skip(1);
    let shape = |block: &'static str| {
        let (head, sql) = block.split_once('\n').unwrap_or((block, ""));
        let head = head.trim_start_matches("-- ");
        let head: Vec<&str> = head.splitn(3, " | ").collect();
        let [name, user, expected] = head[..] else {
            panic!("{head:?}");
        };
        (name, user == "role", expected.trim(), sql)
    };
    blocks.map(shape).collect()
}

#[test]
fn doctor_says_what_sync_meets() {
    let Some(first) = TestWarehouse::of("sync::shapes") else {
        return;
    };
    drop(first);
    let tables = TestEnv::new().succeed(&["schema", "warehouse"]).stdout;
    let shapes = shapes();
    let found: Vec<String> = thread::scope(|scope| {
        let try_all = |part: &[Shape]| -> Vec<String> {
            part.iter().filter_map(|s| try_shape(s, &tables)).collect()
        };
        let parts = shapes.chunks(shapes.len().div_ceil(4));
        let running: Vec<_> = parts
            .map(|part| scope.spawn(move || try_all(part)))
            .collect();
        running
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    let (count, found) = (found.len(), found.join("\n"));
    assert!(found.is_empty(), "{count} of {}:\n{found}", shapes.len());
}

fn try_shape((name, is_of_role, expected, sql): &Shape, tables: &str) -> Option<String> {
    let mut warehouse = TestWarehouse::of(name).unwrap();
    let (role, of_role) = warehouse.role();
    let grants =
        format!("GRANT SELECT, INSERT, UPDATE ON price_daily, asset_master, job_run TO {role};");
    warehouse.execute(
        &sql.replace("{tables}", tables)
            .replace("{bars}", BARS)
            .replace("{grants}", &grants)
            .replace("{role}", &role)
            .replace("{database}", warehouse.name()),
    );
    let url = if *is_of_role {
        of_role
    } else {
        warehouse.url()
    };
    differs(&warehouse, &staged(&url), name, expected)
}

#[test]
fn an_encoding_without_a_character_is_seen_before() {
    for (encoding, expected) in [
        ("LATIN1", "3 | WARN"),
        ("EUC_KR", "0 | OK"),
        ("SQL_ASCII", "0 | OK"),
    ] {
        let Some(warehouse) = TestWarehouse::encoded("sync::shapes", encoding) else {
            return;
        };
        let found = differs(&warehouse, &staged(&warehouse.url()), encoding, expected);
        assert!(found.is_none(), "{}", found.unwrap());
    }
}

#[test]
fn parameters_of_other_programs_pass_or_are_named() {
    let Some(warehouse) = TestWarehouse::of("sync::shapes") else {
        return;
    };
    let url = format!(
        "{}?sslmode=disable",
        warehouse.url().replace("?sslmode=disable", "")
    );
    for (parameter, expected) in [
        ("pgbouncer=true&connection_limit=1", "0 | OK"),
        ("supa=base-pooler.x", "0 | OK"),
        ("gssencmode=disable&sslsni=1", "0 | OK"),
        ("target_session_attrs=primary", "0 | OK"),
        ("target_session_attrs=prefer-standby", "0 | OK"),
        ("target_session_attrs=standby", "2 | FAIL"),
        ("keepalives=1&keepalives_count=3", "0 | OK"),
        ("client_encoding=utf8&prepareThreshold=0", "0 | OK"),
        ("schema=public", "0 | OK"),
        ("currentSchema=nowhere", "1 | FAIL"),
        ("options=-c%20search_path%3Dpublic", "0 | OK"),
        ("channel_binding=require", "1 | FAIL"),
        ("sslcert=a.pem", "2 | FAIL"),
        ("passfile=x", "2 | FAIL"),
        ("sslrootcert=system", "2 | FAIL"),
        ("aplication_name=x", "2 | FAIL"),
    ] {
        let env = staged(&format!("{url}&{parameter}"));
        let found = differs(&warehouse, &env, parameter, expected);
        assert!(found.is_none(), "{}", found.unwrap());
        let name = parameter.split('=').next().unwrap();
        if expected.starts_with('2') {
            let (_, said) = doctor(&env);
            assert!(
                said.contains(name) && env.run(&["sync"]).error().contains(name),
                "{said}"
            );
        }
        warehouse.execute("DROP TABLE IF EXISTS price_daily, asset_master, job_run");
    }
}

/// A server that reads what others wrote, and has nobody to read from.
#[test]
fn a_standby_is_said_to_be_one() {
    let is_on = std::env::var_os("INTEGRATION_TEST").is_some_and(|v| v == "1");
    let Some(mut server) = is_on.then(|| OwnServer::start(&[])).flatten() else {
        return;
    };
    let env = staged(server.url());
    env.succeed(&["schema", "warehouse", "--apply"]);
    Client::connect(server.url(), NoTls)
        .unwrap()
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('COPY (SELECT WHERE false) TO %L',
                 current_setting('data_directory') || '/standby.signal'); END $$",
        )
        .unwrap();
    server.restart("fast");
    let (worst, said) = doctor(&env);
    let ran = env.run(&["sync"]);
    assert_eq!((worst, ran.code), ("FAIL", 1), "{said} {ran:?}");
    assert!(said.contains("this server is a standby"), "{said}");
    assert!(ran.error().contains("if this is a standby"), "{ran:?}");
}
