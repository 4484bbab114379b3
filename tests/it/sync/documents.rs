//! `schema/README.md` and the dashboard: every step, every query is run as it stands there.

use std::fs;

use chrono::{Datelike, Days, NaiveDate, Utc, Weekday};
use postgres::{Client, SimpleQueryMessage};
use serde_json::Value;

use super::ownership::ORIGINAL;
use crate::support::program::TestEnv;
use crate::support::server::{Answer, Server};
use crate::support::warehouse::warehouse;
use crate::support::{asset, repository, route};

/// The fenced blocks of a chapter, each with its language, without the indent of its list.
fn blocks(chapter: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(repository("schema/README.md")).unwrap();
    let (_, rest) = text.split_once(&format!("\n## {chapter}\n")).unwrap();
    let chapter = rest.split("\n## ").next().unwrap();
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in chapter.lines() {
        let line = line.trim_start();
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(language) => {
                is_open = true;
                blocks.push((language.to_owned(), String::new()));
            }
            None if is_open => {
                let (_, text) = blocks.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    blocks
}

/// How many rows a query has, and how many of their cells are empty.
fn rows(client: &mut Client, sql: &str) -> (usize, usize) {
    let told = client.simple_query(sql);
    let told = told.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let rows: Vec<_> = told
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    let empty = rows
        .iter()
        .map(|row| (0..row.len()).filter(|at| row.get(*at).is_none()).count());
    (rows.len(), empty.sum())
}

/// The day API's answer with so many weekdays until today.
fn recent(count: usize) -> (Answer, NaiveDate) {
    let today = Utc::now().date_naive();
    let days = (0..).map(|ago| today - Days::new(ago));
    let weekdays = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    let mut days: Vec<NaiveDate> = weekdays.take(count).collect();
    days.sort_unstable();
    let bars = days.iter().enumerate().map(|(at, day)| {
        let close = 90000 + at;
        format!(
            "{{\"localDate\":\"{}\",\"closePrice\":{close}.0,\"openPrice\":{close}.0,\"highPrice\":{close}.0,\"lowPrice\":{close}.0,\
             \"accumulatedTradingVolume\":1000}}",
            day.format("%Y%m%d")
        )
    });
    let body = format!("[{}]", bars.collect::<Vec<_>>().join(","));
    (Answer::ok(body), *days.last().unwrap())
}

fn run(env: &TestEnv, lines: &str) {
    for line in lines.lines() {
        let arguments: Vec<&str> = line
            .strip_prefix("pricestash ")
            .unwrap()
            .split(' ')
            .collect();
        let ran = env.run(&arguments);
        // What is fresh depends on the day of the test.
        let is_told = ran.code == 0 || (arguments[0] == "healthcheck" && ran.code == 1);
        assert!(is_told, "{line}: {ran:?}");
    }
}

#[test]
fn the_steps_from_the_python_collector_end_with_its_readers_on_new_prices() {
    let warehouse = warehouse!();
    warehouse.execute(ORIGINAL);
    let server = Server::new();
    let (answer, newest) = recent(5);
    server.answer(&route("005930"), answer);
    let assets = asset("005930", "XKRX", "KRW", &[("naver", "005930")]);
    let env = TestEnv::at(&server, &[assets]);
    let master = "SELECT string_agg(m::text, E'\\n' ORDER BY asset_id) FROM asset_master AS m";
    let bars = "SELECT string_agg(replace(p::text, 'old:fdr', 'fdr'), E'\\n' ORDER BY date) FROM price_daily AS p WHERE source IN ('fdr', 'old:fdr')";
    let before = [master, bars].map(|sql| warehouse.text(sql));
    let mut client = warehouse.client();
    let mut blocks = blocks("For those who come from the Python collector");
    let (_, undo) = blocks.pop().unwrap();
    let mut done = Vec::new();
    for (language, text) in &blocks {
        match language.as_str() {
            "ini" => env.write(
                ".env",
                text.replace(
                    "postgres://user:password@host:5432/prices",
                    &warehouse.url(),
                ),
            ),
            "sql" => drop(rows(&mut client, text)),
            "sh" => run(&env, text),
            // A task of Windows.
            "bat" => {}
            other => panic!("{other}"),
        }
        done.push(language.as_str());
    }
    assert_eq!(
        done,
        [
            "ini", "sql", "sh", "bat", "sql", "sql", "sh", "sql", "sql", "sql"
        ]
    );
    assert_eq!([master, bars].map(|sql| warehouse.text(sql)), before);
    let reader = "SELECT concat_ws(' ', max(date), count(*), count(DISTINCT date)) FROM price_daily WHERE asset_id = '005930'";
    assert_eq!(warehouse.text(reader), format!("{newest} 7 7"));
    // What was forgotten goes on, too: the next sync brings nothing that would be seen twice.
    env.succeed(&["sync", "--full"]);
    assert_eq!(warehouse.text(reader), format!("{newest} 7 7"));
    assert_eq!([master, bars].map(|sql| warehouse.text(sql)), before);
    rows(&mut client, &undo);
    assert_eq!([master, bars].map(|sql| warehouse.text(sql)), before);
    assert_eq!(warehouse.text(reader), "2026-01-23 2 2");
}

/// The sample and a rate, with all views.
fn sample(url: &str) -> TestEnv {
    let path = repository("data/assets.toml");
    let assets = fs::read_to_string(path).unwrap();
    let env = TestEnv::new().with("DATABASE_URL", url);
    env.write(
        "data/assets.toml",
        assets + &asset("USDKRW", "24/5", "KRW", &[("yahoo", "KRW=X")]),
    );
    let sample = repository("data/sample");
    env.run(&["collect", "--replay", sample.to_str().unwrap()]);
    env.staging()
        .execute(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume)
             SELECT 'USDKRW', date, source, 1400.0, 1400.0, 1400.0, 1400.0, NULL FROM price_daily WHERE asset_id = 'SOXL'",
            [],
        )
        .unwrap();
    env.succeed(&["schema", "adjusted-price", "--apply"]);
    assert_eq!(env.sync(&[]).0, 0);
    env
}

#[test]
fn every_recipe_has_an_answer() {
    let warehouse = warehouse!();
    let _env = sample(&warehouse.url());
    let mut client = warehouse.client();
    // The sample's recordings tell of no dividend.
    warehouse.execute(
        "INSERT INTO corporate_action_coverage
         SELECT asset_id, source, min(date), max(date), now() FROM price_daily WHERE asset_id = 'SOXL' GROUP BY asset_id, source",
    );
    let recipes = blocks("Recipes");
    assert!(recipes.len() >= 6, "{recipes:?}");
    for (language, sql) in recipes {
        assert_eq!(language, "sql");
        let (count, empty) = rows(&mut client, &sql);
        assert!(
            count > 0 && empty == 0,
            "{count} rows, {empty} empty: {sql}"
        );
    }
}

/// A query as Grafana sends it.
fn interpolated(sql: &str) -> String {
    let sql = sql.replace(
        "$__timeFilter(time)",
        "time BETWEEN '2020-01-01T00:00:00Z' AND '2030-01-01T00:00:00Z'",
    );
    let sql = sql.replace("${asset:sqlstring}", "'005930','SOXL'");
    assert!(!sql.contains('$'), "{sql}");
    sql
}

#[test]
fn every_query_of_the_dashboard_has_an_answer() {
    let warehouse = warehouse!();
    let _env = sample(&warehouse.url());
    let mut client = warehouse.client();
    let text = fs::read_to_string(repository("schema/grafana/prices.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let mut queries: Vec<String> = panels
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["rawSql"].as_str().unwrap().to_owned())
        .collect();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let asked = variables.filter(|variable| variable["type"] == "query");
    queries.extend(asked.map(|variable| variable["query"].as_str().unwrap().to_owned()));
    assert!(queries.len() >= 7, "{queries:?}");
    for sql in queries {
        let (count, _) = rows(&mut client, &interpolated(&sql));
        assert!(count > 0, "{sql}");
    }
}
