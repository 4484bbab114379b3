//! No statement of the daily commands reads `price_daily` from end to end: they take as long in a file of ten million rows as in one of
//! a million.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;
use crate::config::assets_file::parse_assets;
use crate::domain::acknowledgement::TableIdentity;
use crate::domain::answer::{ActionKind, Answer, RawAction, RawBar, RawDay};
use crate::domain::asset::Asset;
use crate::domain::calendar::Calendars;
use crate::domain::validate::{Context, check};
use crate::domain::window::Window;

thread_local! {
    /// What was run on this thread.
    static SEEN: RefCell<BTreeSet<String>> = RefCell::default();
}

/// Notes every statement that is run on a connection.
pub(super) fn follow(connection: &Connection) {
    let note = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            SEEN.with_borrow_mut(|seen| seen.insert(statement.sql().into_owned()));
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
}

/// Statements that may look at row after row, each with why that is bounded.
const BOUNDED: &[(&str, &str)] = &[
    ("LIMIT ?1 + 1", "it stops at its limit"),
    ("FROM coverage", "it is run where there are few rows"),
];

fn assets() -> Vec<Asset> {
    let text = "[[asset]]\nid = \"005930\"\nname = \"A share\"\ncategory = \"stock\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\n\
         sources = [{ source = \"naver\", symbol = \"005930\" }, { source = \"yahoo\", symbol = \"005930.KS\" }]";
    parse_assets(text, &Calendars::built_in().unwrap()).unwrap()
}

const NOW: &str = "2026-02-01T00:00:00.000000Z";

fn bar(day: u32, close: &str) -> RawBar<'_> {
    RawBar {
        day: RawDay::Date(format!("2026-01-0{day}").parse().unwrap()),
        open: close,
        high: close,
        low: close,
        close,
        volume: "100",
        ..RawBar::default()
    }
}

/// One that can be right, and one that cannot.
fn dividends() -> Vec<RawAction<'static>> {
    let dividend = |(day, amount): (&str, &'static str)| RawAction {
        kind: ActionKind::Dividend,
        day: RawDay::Date(day.parse().unwrap()),
        amount,
        numerator: "",
        denominator: "",
        currency: None,
        raw: "",
    };
    [("2026-01-07", "1"), ("2026-01-08", "90")]
        .map(dividend)
        .into()
}

/// What `collect` does with an asset.
fn collect(staging: &Staging, close: &str, days: std::ops::RangeInclusive<u32>, reading: Reading) {
    let (assets, now) = (assets(), NOW.parse().unwrap());
    let asset = &assets[0];
    staging.put_assets(&assets).unwrap();
    let window = Window {
        start: "2026-01-05".parse().unwrap(),
        end: "2026-01-09".parse().unwrap(),
    };
    let due = [window.start, window.end];
    for source in asset.own_sources() {
        let lookback = Lookback {
            overlap: 3,
            recent: &due,
            since: window.start,
            now,
        };
        staging.reach_back(asset, source, &lookback).unwrap();
        staging.audited_on(asset.id.as_str(), source).unwrap();
        let settled = staging.is_settled(&asset.id, source, &due, window.end, 3);
        settled.unwrap();
    }
    let answer = Answer {
        rows: days.map(|day| bar(day, close)).collect(),
        actions: Some(dividends()),
        ..Answer::default()
    };
    let context = Context {
        window,
        calendar: &asset.calendar,
        sign: asset.sign,
        fetched_at: now,
    };
    let checked = check(&answer, context);
    for entry in &asset.sources {
        let batch = Batch {
            asset,
            source: &entry.stored_as,
            symbol: &entry.symbol,
            currency: &entry.currency,
            window,
            due: &due,
            lost: &[],
            checked: &checked,
            reading,
            heal: true,
            settled: None,
            is_audit: false,
            today: window.end,
            job_id: "j",
            now,
        };
        staging.stage(&batch, true).unwrap();
    }
}

/// What `sync` does with the staging file.
fn sync(staging: &Staging) {
    let now = NOW.parse().unwrap();
    let table = TableIdentity {
        database: "1/prices".to_owned(),
        relation: "public.5".to_owned(),
    };
    staging.acknowledged().unwrap();
    staging.pending_assets().unwrap();
    let actions = staging.pending_actions().unwrap();
    staging.acknowledge_actions(&actions).unwrap();
    let coverage = staging.pending_coverage().unwrap();
    staging.acknowledge_coverage(&coverage).unwrap();
    staging.recognise_database(&table.database, now).unwrap();
    staging
        .recognise_table(&table, "nas:5432/prices", now)
        .unwrap();
    staging.acknowledged().unwrap();
    let scope = Scope::default();
    staging.count_pending_up_to(4000, &scope).unwrap();
    let (rows, _) = staging.pending(&scope).unwrap().next_chunk(1000).unwrap();
    let mut acknowledger = staging.acknowledger().unwrap();
    let (front, back) = rows.split_at(rows.len() / 2);
    acknowledger.acknowledge(front).unwrap();
    let refused = Reject {
        key: back[0].key().map(|part| part.as_str().into()),
        revision: back[0].revision,
        sent: back[0].as_sent(),
        sqlstate: "23514".to_owned(),
        message: "too dear".to_owned(),
        constraint: None,
    };
    staging.reject(&[refused], now).unwrap();
    staging.pending(&scope).unwrap().next_chunk(1000).unwrap();
    acknowledger.acknowledge(&back[1..2]).unwrap();
    staging.count_sync_rejects().unwrap();
    staging.rejected_series().unwrap();
    staging.refused_assets().unwrap();
    staging.count_pending(&scope).unwrap();
    staging.asset_names().unwrap();
    staging.acknowledged().unwrap();
}

/// What `healthcheck`, `status`, `show` and a report of one asset ask.
fn look(staging: &Staging) {
    let id = &assets()[0].id;
    let since = "2026-01-07".parse().unwrap();
    let day = Some(since);
    for until in [None, day] {
        staging.newest_bar(id, &["naver", "yahoo"], until).unwrap();
    }
    let own = ["naver", "yahoo"];
    staging.days_since(id, &own, since, None).unwrap();
    staging.has_bar_before(id, &own, since).unwrap();
    staging.series_summaries().unwrap();
    staging.series_by_their_ends().unwrap();
    staging.start_of_newest(id.as_str(), &["naver"], 3).unwrap();
    staging.stored_series(id.as_str(), None).unwrap();
    staging.stored_series(id.as_str(), day).unwrap();
    staging.stored_assets().unwrap();
    staging.stored_findings(id.as_str()).unwrap();
    staging.waivers(id.as_str()).unwrap();
    staging.corrections(id.as_str()).unwrap();
    staging.rejects().unwrap();
    staging.pending_by_asset().unwrap();
    staging.open_findings(5).unwrap();
    staging.suspects().unwrap();
    staging.last_runs(5).unwrap();
}

/// The names by which a statement may call the table.
fn names_of_table(sql: &str) -> Vec<String> {
    let words: Vec<&str> = sql
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut names = vec!["price_daily".to_owned()];
    for (at, _) in words
        .iter()
        .enumerate()
        .filter(|(_, w)| **w == "price_daily")
    {
        names.extend(
            words[at + 1..]
                .iter()
                .find(|w| **w != "AS")
                .map(|w| (*w).to_owned()),
        );
    }
    names
}

/// The steps of a plan that read the table from end to end. The index of the pending rows has what waits only.
fn scans(connection: &Connection, sql: &str) -> Vec<String> {
    let names = names_of_table(sql);
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let steps = statement.query_map([], |r| r.get::<_, String>(3));
    let Ok(steps) = steps else { return Vec::new() };
    let is_scan = |step: &String| {
        let mut words = step.split(' ');
        words.next() == Some("SCAN")
            && words
                .next()
                .is_some_and(|table| names.iter().any(|n| n == table))
            && !step.ends_with("INDEX price_daily_pending")
    };
    steps.map(Result::unwrap).filter(is_scan).collect()
}

#[test]
fn no_daily_statement_reads_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let staging = Staging::open(&path).unwrap();
    SEEN.take();
    collect(&staging, "100", 5..=9, Reading::Window);
    // Too few days to tell, another scale, and what there is all the same.
    collect(&staging, "100", 9..=9, Reading::Window);
    collect(&staging, "50", 6..=9, Reading::Window);
    collect(&staging, "50", 6..=9, Reading::All);
    sync(&staging);
    look(&staging);
    let connection = Connection::open(&path).unwrap();
    let seen = SEEN.take();
    let of_bars = |sql: &&String| {
        ["price_daily", "pending", "coverage"]
            .iter()
            .any(|t| sql.contains(t))
    };
    let daily: Vec<&String> = seen.iter().filter(of_bars).collect();
    assert!(daily.len() > 30, "{daily:#?}");
    for sql in daily {
        let is_bounded = BOUNDED.iter().any(|(part, _)| sql.contains(part));
        let scans = scans(&connection, sql);
        assert!(is_bounded || scans.is_empty(), "{scans:?} in {sql}");
    }
    let whole = "SELECT p.close FROM price_daily p WHERE p.source = 'x'";
    assert_eq!(scans(&connection, whole), ["SCAN p"], "it would be seen");
}
