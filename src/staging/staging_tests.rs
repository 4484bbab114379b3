//! What staging holds after batches: rows, history, findings, quarantine.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::*;
use crate::config::assets_file::parse_assets;
use crate::domain::answer::{Answer, RawBar, RawDay};
use crate::domain::asset::{Asset, SourceEntry};
use crate::domain::bar::{Bar, FetchedBar, Sign};
use crate::domain::bar_values::Values;
use crate::domain::calendar::{Calendars, built_in};
use crate::domain::gaps::SessionCoverage;
use crate::domain::scale::in_words;
use crate::domain::validate::{Checked, Context, check};
use crate::domain::window::Window;

const NOW: &str = "2026-02-01T00:00:00.000000Z";

/// When a run was: each has its own second.
fn time_of(job_id: &str) -> DateTime<Utc> {
    let second = job_id.bytes().next().map_or(0, i64::from);
    NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

struct Bench {
    staging: Staging,
    asset: Asset,
    window: Window,
}

/// A share in Seoul with one source.
fn share(source: &str, symbol: &str) -> Asset {
    let text = format!(
        "[[asset]]\nid = \"005930\"\nname = \"A share\"\ncategory = \"stock\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\n\
         sources = [{{ source = \"{source}\", symbol = \"{symbol}\" }}]"
    );
    parse_assets(&text, &Calendars::built_in().unwrap())
        .unwrap()
        .remove(0)
}

impl Bench {
    fn new() -> Self {
        let window = Window {
            start: "2026-01-01".parse().unwrap(),
            end: "2026-01-31".parse().unwrap(),
        };
        Self {
            staging: Staging::in_memory().unwrap(),
            asset: share("naver", "005930"),
            window,
        }
    }

    /// Stages rows of `day open high low close volume` as fetched at a time by a run.
    fn stage(&self, job_id: &str, fetched_at: &str, rows: &[&str]) -> Tally {
        match self.try_stage(job_id, fetched_at, rows, &[], Reading::File) {
            Staged::Done(done) => Tally {
                findings: 0,
                ..done.tally
            },
            other => panic!("{other:?}"),
        }
    }

    fn try_stage(
        &self,
        job_id: &str,
        fetched_at: &str,
        rows: &[&str],
        due: &[NaiveDate],
        reading: Reading,
    ) -> Staged {
        let asked = Asked {
            due,
            reading,
            ..Asked::default()
        };
        self.ask(&self.asset, job_id, fetched_at, rows, asked)
    }

    fn ask(
        &self,
        asset: &Asset,
        job_id: &str,
        fetched_at: &str,
        rows: &[&str],
        asked: Asked<'_>,
    ) -> Staged {
        self.ask_entry(asset, &asset.sources[0], job_id, fetched_at, rows, asked)
    }

    fn ask_entry(
        &self,
        asset: &Asset,
        entry: &SourceEntry,
        job_id: &str,
        fetched_at: &str,
        rows: &[&str],
        asked: Asked<'_>,
    ) -> Staged {
        let rows: Vec<RawBar<'_>> = rows.iter().map(|r| raw(r)).collect();
        let fetched_at = fetched_at.parse().unwrap();
        let context = Context {
            window: self.window,
            calendar: built_in("XKRX"),
            sign: Sign::Positive,
            fetched_at,
        };
        let checked = check(
            &Answer {
                rows,
                first_trade: asked.first_trade,
                ..Answer::default()
            },
            context,
        );
        let now = time_of(job_id);
        let batch = Batch {
            asset,
            source: &entry.stored_as,
            symbol: &entry.symbol,
            currency: &entry.currency,
            window: asked.window.unwrap_or(self.window),
            due: asked.due,
            lost: asked.lost,
            checked: &checked,
            reading: asked.reading,
            heal: true,
            settled: None,
            is_audit: asked.is_audit,
            today: now.date_naive(),
            job_id,
            now,
        };
        self.staging.stage(&batch, true).unwrap()
    }

    /// Stages rows that were asked for within another window than they were checked for.
    fn ask_with(&self, rows: &[String], asked: Asked<'_>) -> Staged {
        self.ask(
            &self.asset,
            "z",
            "2026-01-20T10:00:00Z",
            &texts(rows),
            asked,
        )
    }

    fn text(&self, sql: &str) -> Vec<String> {
        let c = self.staging.connection().unwrap();
        let mut statement = c.prepare(sql).unwrap();
        let columns = statement.column_count();
        let line = |r: &rusqlite::Row<'_>| {
            let values: Vec<String> = (0..columns)
                .map(|i| match r.get_ref(i).unwrap() {
                    rusqlite::types::ValueRef::Null => "null".to_owned(),
                    rusqlite::types::ValueRef::Integer(v) => v.to_string(),
                    rusqlite::types::ValueRef::Real(v) => v.to_string(),
                    rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                    rusqlite::types::ValueRef::Blob(_) => "blob".to_owned(),
                })
                .collect();
            Ok(values.join(" "))
        };
        statement
            .query_map([], line)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    fn rows(&self) -> Vec<String> {
        self.text("SELECT date, close, volume, substr(ingested_at, 1, 13), is_final, revision FROM price_daily ORDER BY date")
    }
}

/// How a batch was asked for, beside its rows.
#[derive(Clone, Copy)]
struct Asked<'a> {
    window: Option<Window>,
    due: &'a [NaiveDate],
    lost: &'a [LostPart],
    reading: Reading,
    is_audit: bool,
    first_trade: Option<NaiveDate>,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            window: None,
            due: &[],
            lost: &[],
            reading: Reading::File,
            is_audit: false,
            first_trade: None,
        }
    }
}

fn raw(row: &str) -> RawBar<'_> {
    let mut fields = row.split(' ').map(|f| if f == "-" { "" } else { f });
    let mut next = || fields.next().unwrap();
    let day = RawDay::Date(next().parse().unwrap());
    RawBar {
        day,
        open: next(),
        high: next(),
        low: next(),
        close: next(),
        volume: next(),
        may_be_live: false,
    }
}

fn tally(new: u64, changed: u64, unchanged: u64, kept: u64, rejected: u64) -> Tally {
    Tally {
        new,
        changed,
        unchanged,
        kept,
        rejected,
        findings: 0,
    }
}

#[test]
fn the_same_rows_twice_stay_the_same_rows_and_their_ingest_time_moves() {
    let bench = Bench::new();
    let rows = ["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11.5 6"];
    assert_eq!(
        bench.stage("a", "2026-01-06T10:00:00Z", &rows),
        tally(2, 0, 0, 0, 0)
    );
    assert_eq!(
        bench.stage("b", "2026-01-07T10:00:00Z", &rows),
        tally(0, 0, 2, 0, 0)
    );
    assert_eq!(
        bench.rows(),
        [
            "2026-01-05 11 5 2026-01-07T10 1 2",
            "2026-01-06 11.5 6 2026-01-07T10 1 2"
        ]
    );
    assert!(bench.text("SELECT * FROM price_revision").is_empty());
    // The very same fetch once more writes nothing.
    assert_eq!(
        bench.stage("c", "2026-01-07T10:00:00Z", &rows),
        tally(0, 0, 2, 0, 0)
    );
    assert_eq!(
        bench.text("SELECT DISTINCT revision FROM price_daily"),
        ["2"]
    );
}

#[test]
fn a_changed_price_keeps_its_history() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    assert_eq!(
        bench.stage("b", "2026-01-06T05:00:00Z", &["2026-01-05 10 12 9 11.25 7"]),
        tally(0, 1, 0, 0, 0)
    );
    assert_eq!(bench.rows(), ["2026-01-05 11.25 7 2026-01-06T05 1 2"]);
    assert_eq!(
        bench.text("SELECT date, close, volume, ingested_at, is_final, replaced_at, job_id FROM price_revision"),
        ["2026-01-05 11 5 2026-01-05T05:00:00.000000Z 0 2026-01-06T05:00:00.000000Z b"]
    );
}

#[test]
fn an_older_ingest_never_wins_but_a_wrong_clock_does_not_last() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    assert_eq!(
        bench.stage("b", "2026-01-06T10:00:00Z", &["2026-01-05 10 12 9 9.5 5"]),
        tally(0, 0, 0, 1, 0)
    );
    assert_eq!(bench.rows(), ["2026-01-05 11 5 2026-01-07T10 1 1"]);
    // A clock that was a year ahead wrote this; now is 2026-02-01.
    bench.stage("c", "2027-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    assert_eq!(
        bench.stage("d", "2026-01-31T10:00:00Z", &["2026-01-05 10 12 9 11.5 5"]),
        tally(0, 1, 0, 0, 0)
    );
    assert_eq!(bench.rows(), ["2026-01-05 11.5 5 2026-01-31T10 1 3"]);
    assert_eq!(
        bench.text("SELECT rule, date FROM finding"),
        ["clock 2026-01-05"]
    );
}

#[test]
fn an_equal_ingest_time_does_not_lose_a_correction() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    let again = |reading| {
        let rows = ["2026-01-05 10 12 9 11.5 5"];
        match bench.try_stage("b", "2026-01-07T10:00:00Z", &rows, &[], reading) {
            Staged::Done(done) => done.tally,
            other => panic!("{other:?}"),
        }
    };
    // A file that says so is not what was fetched.
    assert_eq!(again(Reading::File), tally(0, 0, 0, 1, 0));
    assert_eq!(again(Reading::All), tally(0, 1, 0, 0, 0));
}

#[test]
fn unknown_volume_and_suspended_rows_never_replace_volume() {
    let bench = Bench::new();
    bench.stage(
        "a",
        "2026-01-07T04:00:00Z",
        &["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11 5"],
    );
    let later = bench.stage(
        "b",
        "2026-01-08T10:00:00Z",
        &["2026-01-05 10 12 9 11.5 -", "2026-01-06 0 0 0 11 0"],
    );
    assert_eq!(later, tally(0, 0, 0, 2, 0));
    assert_eq!(
        bench.rows(),
        [
            "2026-01-05 11 5 2026-01-07T04 1 1",
            "2026-01-06 11 5 2026-01-07T04 1 1"
        ]
    );
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings ORDER BY date"),
        ["volume_unknown 2026-01-05", "suspended 2026-01-06"]
    );
    // A null or a zero is no bar at all, so that it cannot overwrite one.
    bench.stage(
        "c",
        "2026-01-09T10:00:00Z",
        &["2026-01-05 - - - - -", "2026-01-06 0 0 0 0 0"],
    );
    assert_eq!(bench.rows().len(), 2);
    assert!(bench.rows()[1].starts_with("2026-01-06 11 5"));
    // A provisional close must move all the same; what was traded stays known.
    bench.stage("d", "2026-01-07T05:00:00Z", &["2026-01-07 10 12 9 11 5"]);
    bench.stage("e", "2026-01-07T10:00:00Z", &["2026-01-07 10 12 9 11.5 -"]);
    assert!(bench.rows()[2].starts_with("2026-01-07 11.5 5 2026-01-07T10 1"));
}

#[test]
fn a_vanished_row_stays() {
    let bench = Bench::new();
    bench.stage(
        "a",
        "2026-01-07T10:00:00Z",
        &["2026-01-05 10 12 9 11 5", "2026-01-06 10 12 9 11 5"],
    );
    bench.stage("b", "2026-01-08T10:00:00Z", &["2026-01-06 10 12 9 11 5"]);
    assert_eq!(bench.rows().len(), 2);
}

#[test]
fn a_rejected_row_is_quarantined_once_and_counts_once() {
    let bench = Bench::new();
    let bad = "2026-01-06 10 8 9 9 5";
    assert_eq!(
        bench.stage(
            "a",
            "2026-01-07T10:00:00Z",
            &["2026-01-05 10 12 9 11 5", bad]
        ),
        tally(1, 0, 0, 0, 1)
    );
    assert_eq!(
        bench.stage("b", "2026-01-08T10:00:00Z", &[bad]),
        tally(0, 0, 0, 0, 0)
    );
    assert_eq!(
        bench.stage("c", "2026-01-09T10:00:00Z", &["2026-01-06 10 7 9 9 5"]),
        tally(0, 0, 0, 0, 1)
    );
    assert_eq!(
        bench.text("SELECT date, reason, raw FROM quarantine WHERE job_id = 'a'"),
        [
            r#"2026-01-06 high_below_low {"open":"10","high":"8","low":"9","close":"9","volume":"5"}"#
        ]
    );
}

#[test]
fn a_finding_closes_when_it_is_no_longer_seen() {
    let bench = Bench::new();
    bench.stage(
        "a",
        "2026-01-07T10:00:00Z",
        &["2026-01-05 10 12 9 11 -", "2026-01-06 10 12 9 11 5"],
    );
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings"),
        ["volume_unknown 2026-01-05"]
    );
    bench.stage("b", "2026-01-08T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    assert!(bench.text("SELECT * FROM open_findings").is_empty());
    assert_eq!(
        bench.text("SELECT resolved_at IS NOT NULL FROM finding"),
        ["1"]
    );
}

#[test]
fn a_finding_about_a_day_that_did_not_come_stays() {
    let bench = Bench::new();
    let (odd, good) = ("2026-01-05 13 12 9 11 5", "2026-01-06 10 12 9 11 5");
    let open = || bench.text("SELECT rule, date FROM open_findings");
    bench.stage("a", "2026-01-07T10:00:00Z", &[odd, good]);
    assert_eq!(open(), ["close_outside_range 2026-01-05"]);
    bench.stage("b", "2026-01-08T10:00:00Z", &[good]);
    assert_eq!(open(), ["close_outside_range 2026-01-05"]);
    // Nor does an answer that is older than what is stored say anything about it.
    bench.stage(
        "c",
        "2026-01-06T10:00:00Z",
        &["2026-01-05 10 12 9 11 5", "2026-01-06 13 12 9 11 5"],
    );
    assert_eq!(open(), ["close_outside_range 2026-01-05"]);
    bench.stage("d", "2026-01-09T10:00:00Z", &["2026-01-05 12 12 9 11 5"]);
    assert!(open().is_empty());
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let bench = Bench::new();
    let checked = Checked {
        bars: vec![FetchedBar {
            bar: Bar::new(
                bench.window.start,
                Values::of([1.0; 4], None),
                Sign::Positive,
            )
            .unwrap(),
            is_final: true,
            fetched_at: NOW.parse().unwrap(),
            suspended: false,
        }],
        ..Checked::default()
    };
    let now = NOW.parse().unwrap();
    let batch = Batch {
        asset: &bench.asset,
        source: "naver",
        symbol: "005930",
        currency: "KRW",
        window: bench.window,
        due: &[],
        checked: &checked,
        lost: &[],
        reading: Reading::File,
        heal: true,
        settled: None,
        is_audit: false,
        today: day(10),
        job_id: "a",
        now,
    };
    let Staged::Done(done) = bench.staging.stage(&batch, false).unwrap() else {
        panic!("rebased")
    };
    assert_eq!(done.tally.new, 1);
    assert!(bench.rows().is_empty());
}

#[test]
fn the_window_reaches_back_to_what_is_provisional_and_to_three_sessions() {
    let bench = Bench::new();
    assert_eq!(reach(&bench, 3, &[]), Reach::NothingStaged);
    let rows: Vec<String> = (5..10)
        .map(|d| format!("2026-01-{d:02} 10 12 9 11 5"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    bench.stage("a", "2026-01-30T10:00:00Z", &rows);
    assert_eq!(reach(&bench, 3, &[]), Reach::To(Some(day(7))));
    let other = share("yahoo", "005930.KS");
    let lookback = Lookback {
        overlap: 3,
        recent: &[],
        since: day(1),
        now: NOW.parse().unwrap(),
    };
    let of_other = bench.staging.reach_back(&other, "yahoo", &lookback);
    assert_eq!(
        of_other.unwrap(),
        Reach::NothingStaged,
        "a series of its own"
    );

    let bench = Bench::new();
    bench.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    bench.stage("b", "2026-01-30T10:00:00Z", &rows[1..]);
    assert_eq!(reach(&bench, 3, &[]), Reach::To(Some(day(5))));
    // A provisional bar that its source never sent again is asked for no longer than other days.
    let later = Lookback {
        since: day(6),
        ..lookback
    };
    let reach = bench.staging.reach_back(&bench.asset, "naver", &later);
    assert_eq!(reach.unwrap(), Reach::To(Some(day(7))));
}

#[test]
fn days_are_settled_when_all_are_final_and_newer_ones_tell_the_scale() {
    let bench = Bench::new();
    let rows = week(1.0);
    bench.stage("a", "2026-01-05T05:00:00Z", &texts(&rows)[..1]);
    bench.stage("b", "2026-01-30T10:00:00Z", &texts(&rows)[1..]);
    let is_settled = |days: &[u32], end: u32| {
        let days: Vec<NaiveDate> = days.iter().copied().map(day).collect();
        let settled = bench
            .staging
            .is_settled(&bench.asset.id, "naver", &days, day(end), 2);
        settled.unwrap()
    };
    assert!(is_settled(&[6, 7], 7));
    assert!(!is_settled(&[6, 7, 8], 8), "only the 9th is newer");
    assert!(!is_settled(&[5, 6], 6), "the 5th is provisional");
    assert!(!is_settled(&[4, 6], 6), "the 4th is missing");
    let waived = bench
        .staging
        .waive(&bench.asset.id, day(4), "closed", time_of("c"));
    assert!(waived.unwrap() && is_settled(&[4, 6], 6));
}

#[test]
fn what_was_lost_is_missing_and_asked_for_again_for_thirty_days() {
    let bench = Bench::new();
    let due: Vec<NaiveDate> = (5..10).map(day).collect();
    let lost = LostPart {
        window: Window {
            start: day(5),
            end: day(8),
        },
        is_asked_again: true,
    };
    let asked = Asked {
        due: &due,
        lost: &[lost],
        ..Asked::default()
    };
    let rows = week(1.0);
    let rows = texts(&rows);
    let staged = bench.ask(&bench.asset, "a", "2026-01-10T10:00:00Z", &rows[4..], asked);
    // Four sessions before the first bar would count as a listing, had they been answered.
    assert_eq!(coverage(staged).missing, [day(5), day(6), day(7), day(8)]);
    let reach_at = |time: &str| {
        let lookback = Lookback {
            overlap: 1,
            recent: &[],
            since: day(9),
            now: time.parse().unwrap(),
        };
        let reach = bench.staging.reach_back(&bench.asset, "naver", &lookback);
        reach.unwrap()
    };
    assert_eq!(reach_at("2026-03-02T00:00:00Z"), Reach::To(Some(day(5))));
    assert_eq!(reach_at("2026-03-04T00:00:00Z"), Reach::To(Some(day(9))));
    // Part of it comes.
    bench.try_stage(
        "b",
        "2026-01-11T10:00:00Z",
        &rows[..2],
        &due[..2],
        Reading::File,
    );
    assert_eq!(reach_at("2026-02-01T00:00:00Z"), Reach::To(Some(day(7))));
    bench.try_stage("c", "2026-01-11T10:00:00Z", &rows, &due, Reading::File);
    assert_eq!(
        reach_at("2026-02-01T00:00:00Z"),
        Reach::To(Some(day(9))),
        "nothing is missing"
    );
    assert!(bench.text("SELECT rule FROM open_findings").is_empty());
}

#[test]
fn doubles_come_back_bit_for_bit() {
    let bench = Bench::new();
    let mut x: u64 = 0x9E37_79B9_7F4A_7C15;
    let texts: Vec<String> = (1..28)
        .map(|day| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let price = f64::from_bits((x >> 12) | 0x3FF0_0000_0000_0000)
                * f64::from(day * day * day)
                * 1e3;
            format!("2026-01-{day:02} {price} {price} {price} {price} 5")
        })
        .collect();
    bench.stage(
        "a",
        "2026-01-30T10:00:00Z",
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let c = bench.staging.connection().unwrap();
    let mut statement = c
        .prepare("SELECT close FROM price_daily ORDER BY date")
        .unwrap();
    let stored: Vec<f64> = statement
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let sent: Vec<f64> = texts
        .iter()
        .map(|t| t.split(' ').nth(4).unwrap().parse().unwrap())
        .collect();
    assert_eq!(
        stored.iter().map(|p| p.to_bits()).collect::<Vec<_>>(),
        sent.iter().map(|p| p.to_bits()).collect::<Vec<_>>()
    );
}

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
}

/// Rows of the January days 5 to 9 with closes times a factor.
fn week(factor: f64) -> Vec<String> {
    (5..10)
        .map(|d| (d, f64::from(d * 10 + 40) * factor))
        .map(|(d, p)| format!("2026-01-{d:02} {p} {p} {p} {p} 5"))
        .collect()
}

fn texts(rows: &[String]) -> Vec<&str> {
    rows.iter().map(String::as_str).collect()
}

#[test]
fn a_split_is_staged_as_a_whole_or_not_at_all() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let split = week(20.0);
    // Four of the five stored days: two scales would stand side by side.
    let Staged::OtherScale(other) = bench.try_stage(
        "b",
        "2026-01-12T10:00:00Z",
        &texts(&split[1..]),
        &[],
        Reading::File,
    ) else {
        panic!("staged")
    };
    assert_eq!((other.whole.start, other.whole.end), (day(5), day(9)));
    let detail = in_words(&other.change);
    assert!(detail.starts_with("factor 0.02 "), "{detail}");
    assert!(
        bench.rows().iter().all(|r| r.ends_with(" 1")),
        "nothing was written"
    );
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings"),
        ["rebased 2026-01-09"]
    );
    assert_eq!(
        bench.stage("d", "2026-01-12T10:00:00Z", &texts(&split)),
        tally(0, 5, 0, 0, 0)
    );
    assert_eq!(
        bench.text("SELECT count(*), max(close) FROM price_daily"),
        ["5 2600"]
    );
    assert_eq!(
        bench.text("SELECT count(*), max(close) FROM price_revision WHERE job_id = 'd'"),
        ["5 130000"]
    );
    // The next run meets one scale.
    bench.stage("e", "2026-01-13T10:00:00Z", &texts(&split));
    assert!(bench.text("SELECT rule FROM open_findings").is_empty());
}

#[test]
fn days_that_their_source_has_no_longer_are_carried_over_into_the_new_scale() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let split = week(20.0);
    let again = |rows: &[String]| {
        bench.try_stage("b", "2026-01-12T10:00:00Z", &texts(rows), &[], Reading::All)
    };
    let mut without = split.clone();
    without.remove(2);
    let Staged::Done(done) = again(&without) else {
        panic!("refused")
    };
    assert_eq!(done.tally.changed, 5);
    assert_eq!(
        bench.text("SELECT date, close, volume, substr(ingested_at, 1, 10) FROM price_daily WHERE date = '2026-01-07'"),
        ["2026-01-07 2200 5 2026-01-12"]
    );
    assert_eq!(bench.text("SELECT count(*) FROM price_revision"), ["5"]);
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings ORDER BY rule"),
        ["rebased 2026-01-09", "rescaled 2026-01-07"]
    );
    // The source has the day again.
    bench.stage("c", "2026-01-13T10:00:00Z", &texts(&split));
    assert!(bench.text("SELECT rule FROM open_findings").is_empty());
}

#[test]
fn a_day_without_neighbours_on_both_sides_that_moved_stays_and_is_said() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let split = week(20.0);
    let staged = bench.try_stage(
        "b",
        "2026-01-12T10:00:00Z",
        &texts(&split[1..]),
        &[],
        Reading::All,
    );
    let Staged::Done(done) = staged else {
        panic!("refused")
    };
    assert!(done.suspicion.is_new, "{:?}", done.suspicion);
    assert_eq!(
        bench.text("SELECT date, close FROM price_daily LIMIT 2"),
        ["2026-01-05 90000", "2026-01-06 2000"]
    );
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings ORDER BY rule"),
        [
            "rebased 2026-01-09",
            "scale_step 2026-01-06",
            "scale_unknown 2026-01-05"
        ]
    );
    // The source has the day again.
    bench.stage("c", "2026-01-13T10:00:00Z", &texts(&split));
    assert_eq!(bench.text("SELECT rule FROM open_findings"), ["correction"]);
}

#[test]
fn a_day_that_was_rejected_stays_as_it_is_where_its_neighbours_have_not_moved() {
    let bench = Bench::new();
    let mut rows = week(1.0);
    rows.extend((12..17).map(|d| format!("2026-01-{d} {d} {d} {d} {d} 5")));
    bench.stage("a", "2026-01-18T10:00:00Z", &texts(&rows));
    // The older days move, a newer one is lost.
    let mut later = week(0.02);
    later.extend(rows.split_off(5));
    later.remove(7);
    bench.try_stage(
        "b",
        "2026-01-19T10:00:00Z",
        &texts(&later),
        &[],
        Reading::All,
    );
    assert_eq!(
        bench.text("SELECT close FROM price_daily WHERE date = '2026-01-14'"),
        ["14"]
    );
}

#[test]
fn in_a_split_a_suspended_row_leaves_the_volume_and_the_bar_is_carried_over() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let mut split = week(20.0);
    split[2] = "2026-01-07 0 0 0 2150 0".to_owned();
    split[3] = "2026-01-08 2400 2400 2400 2400 -".to_owned();
    let staged = bench.try_stage(
        "b",
        "2026-01-12T10:00:00Z",
        &texts(&split),
        &[],
        Reading::File,
    );
    assert!(matches!(staged, Staged::Done(_)), "{staged:?}");
    assert_eq!(
        bench.text("SELECT date, close, volume FROM price_daily WHERE date BETWEEN '2026-01-07' AND '2026-01-08'"),
        ["2026-01-07 2200 5", "2026-01-08 2400 5"]
    );
}

#[test]
fn every_split_is_a_fact_of_its_own() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    bench.stage("b", "2026-01-12T10:00:00Z", &texts(&week(20.0)));
    let next = |factor: f64| {
        let mut rows = week(factor);
        rows.push(format!("2026-01-12 {0} {0} {0} {0} 5", 150.0 * factor));
        rows
    };
    bench.stage("c", "2026-01-13T10:00:00Z", &texts(&next(20.0)));
    bench.stage("d", "2026-01-14T10:00:00Z", &texts(&next(40.0)));
    assert_eq!(
        bench.text("SELECT date, substr(detail, 1, 11), resolved_at IS NULL FROM finding WHERE rule = 'rebased'"),
        ["2026-01-09 factor 0.02 0", "2026-01-12 factor 2 (t 1"]
    );
}

#[test]
fn a_source_that_stands_in_tells_of_a_split_that_the_better_one_has_not_sent_yet() {
    let bench = Bench::new();
    let mut asset = share("naver", "005930");
    asset.sources.extend(share("yahoo", "005930.KS").sources);
    let stand_in = |job: &str, factor: f64| {
        let (entry, rows) = (&asset.sources[1], week(factor));
        bench.ask_entry(
            &asset,
            entry,
            job,
            "2026-01-12T10:00:00Z",
            &texts(&rows),
            Asked::default(),
        );
    };
    let open = || bench.text("SELECT source, rule FROM open_findings");
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    stand_in("b", 1000.0);
    assert!(open().is_empty());
    stand_in("c", 20.0);
    assert_eq!(open(), ["naver scale_differs", "yahoo rebased"]);
    // The better source sends it too.
    bench.stage("d", "2026-01-14T10:00:00Z", &texts(&week(20.0)));
    assert_eq!(open(), ["naver rebased", "yahoo rebased"]);
}

#[test]
fn a_day_that_a_better_source_has_is_no_gap_of_one_that_stands_in() {
    let bench = Bench::new();
    let mut asset = share("naver", "005930");
    asset.sources.extend(share("yahoo", "005930.KS").sources);
    let due: Vec<NaiveDate> = (5..10).map(day).collect();
    let asked = Asked {
        due: &due,
        ..Asked::default()
    };
    let rows = week(1.0);
    let rows = texts(&rows);
    let ask = |entry: usize, rows: &[&str]| {
        let entry = &asset.sources[entry];
        coverage(bench.ask_entry(&asset, entry, "a", "2026-01-12T10:00:00Z", rows, asked)).missing
    };
    assert_eq!(ask(0, &rows[..3]), [day(8), day(9)]);
    assert_eq!(ask(1, &[rows[0], rows[4]]), [day(8)]);
    let lacks = |sessions: &[u32]| {
        let sessions: Vec<NaiveDate> = sessions.iter().copied().map(day).collect();
        bench.staging.lacks_one_of(&asset, &sessions).unwrap()
    };
    assert!(lacks(&[6, 8]) && !lacks(&[6, 9]), "both lack the 8th");
    assert!(!lacks(&[2]), "before the first bar");
}

#[test]
fn days_before_a_listing_are_no_gaps_in_any_run() {
    let bench = Bench::new();
    let due: Vec<NaiveDate> = (2..10).filter(|d| ![3, 4].contains(d)).map(day).collect();
    let rows = week(1.0);
    let rows = texts(&rows);
    let run = |job: &str, from: usize| {
        let staged = bench.try_stage(
            job,
            "2026-01-12T10:00:00Z",
            &rows[2..],
            &due[from..],
            Reading::File,
        );
        coverage(staged).missing
    };
    // It begins on the 7th.
    assert_eq!(
        run("a", 0),
        [day(2), day(5), day(6)],
        "few days may be a gap"
    );
    let bench = Bench::new();
    let run = |job: &str, rows: &[&str], due: &[NaiveDate]| {
        coverage(bench.try_stage(job, "2026-01-12T10:00:00Z", rows, due, Reading::File)).missing
    };
    let long: Vec<NaiveDate> = (1..10).map(day).collect();
    assert!(run("a", &rows[2..], &long).is_empty());
    assert!(run("b", &rows[2..], &due[1..]).is_empty());
    // When it reaches further back, what lies between is judged.
    assert_eq!(run("c", &[rows[0]], &due[1..]), [day(6)]);
}

#[test]
fn a_wrong_clock_does_not_hide_a_bar_from_the_past() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-07T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    bench.text("UPDATE price_daily SET ingested_at = '2030-01-01T00:00:00.000000Z', known_since = '2030-01-01T00:00:00.000000Z' RETURNING 1");
    bench.stage("b", "2026-01-08T10:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    let known = bench.staging.as_of(
        &bench.asset.id,
        None,
        "2026-01-09T00:00:00Z".parse().unwrap(),
    );
    assert_eq!(known.unwrap().len(), 1);
}

#[test]
fn an_older_recording_in_the_scale_of_then_fills_no_day() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-12T10:00:00Z", &texts(&week(20.0)[1..]));
    let old = week(1000.0);
    let Staged::Refused(why) = bench.try_stage(
        "b",
        "2026-01-10T10:00:00Z",
        &texts(&old),
        &[],
        Reading::File,
    ) else {
        panic!("staged")
    };
    assert!(
        why.contains("factor 0.02 ") && why.contains("1 days"),
        "{why}"
    );
    assert_eq!(bench.text("SELECT count(*) FROM price_daily"), ["4"]);
    // What it holds is stored newer already: nothing to refuse.
    assert_eq!(
        bench.stage("c", "2026-01-10T10:00:00Z", &texts(&old[1..])),
        tally(0, 0, 0, 4, 0)
    );
}

#[test]
fn a_change_of_scale_is_open_until_the_overlap_says_otherwise() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    bench.try_stage(
        "b",
        "2026-01-12T10:00:00Z",
        &texts(&week(20.0)[1..]),
        &[],
        Reading::Window,
    );
    let open = || bench.text("SELECT rule FROM open_findings WHERE rule = 'rebased'");
    bench.stage("c", "2026-01-13T10:00:00Z", &["2026-01-12 10 12 9 11 5"]);
    assert_eq!(open(), ["rebased"], "nothing overlaps");
    bench.stage("d", "2026-01-13T10:00:00Z", &texts(&week(1000.0)));
    assert!(open().is_empty());
}

#[test]
fn another_symbol_takes_over_a_series_only_where_its_closes_go_on() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let renamed = share("naver", "005930X");
    let ask = |rows: &[String]| {
        bench.ask(
            &renamed,
            "b",
            "2026-01-12T10:00:00Z",
            &texts(rows),
            Asked::default(),
        )
    };
    let Staged::Refused(why) = ask(&week(7.0)) else {
        panic!("staged")
    };
    assert!(why.contains("those of 005930,"), "{why}");
    assert!(
        matches!(ask(&week(1000.0)[..2]), Staged::Refused(_)),
        "two days may be chance"
    );
    assert!(matches!(ask(&week(1000.0)), Staged::Done(_)));
    assert_eq!(bench.text("SELECT symbol FROM series"), ["005930X"]);

    let text = |staged: Staged| format!("{staged:?}");
    let mut dollars = share("naver", "005930X");
    dollars.sources[0].currency = "USD".to_owned();
    let staged = bench.ask(
        &dollars,
        "c",
        "2026-01-13T10:00:00Z",
        &texts(&week(1000.0)),
        Asked::default(),
    );
    assert!(text(staged).contains("in KRW, but assets.toml says USD"));
}

#[test]
fn bars_beyond_the_window_only_tell_the_scale() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let asked = Asked {
        window: Some(Window {
            start: day(1),
            end: day(2),
        }),
        ..Asked::default()
    };
    let rows = |factor: f64| {
        let mut rows = vec![format!("2026-01-02 {0} {0} {0} {0} 5", 80.0 * factor)];
        rows.extend(week(factor).split_off(1));
        rows
    };
    let ask = |factor: f64| bench.ask_with(&rows(factor), asked);
    assert!(matches!(ask(20.0), Staged::OtherScale(_)));
    let staged = ask(1000.0);
    assert!(
        matches!(&staged, Staged::Done(done) if done.tally.new == 1 && done.tally.unchanged == 0),
        "{staged:?}"
    );
}

#[test]
fn a_provisional_newest_bar_does_not_shorten_the_overlap() {
    let bench = Bench::new();
    // The bar of the 9th was fetched before its final time.
    bench.stage("a", "2026-01-09T06:00:00Z", &texts(&week(1000.0)));
    assert_eq!(
        reach(&bench, 3, &[]),
        Reach::To(Some(day(6))),
        "three final sessions: the 6th, 7th and 8th"
    );
    let later = bench.try_stage(
        "b",
        "2026-01-20T10:00:00Z",
        &texts(&week(20.0)[1..]),
        &[],
        Reading::File,
    );
    assert!(matches!(later, Staged::OtherScale(_)), "the split is seen");
}

#[test]
fn a_provisional_close_that_moved_is_no_split() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 10 10 10 5"]);
    bench.stage("b", "2026-01-06T05:00:00Z", &["2026-01-06 10 10 10 10 5"]);
    assert_eq!(
        bench.stage(
            "c",
            "2026-01-07T10:00:00Z",
            &["2026-01-05 9 9 9 9 5", "2026-01-06 9 9 9 9 5"]
        ),
        tally(0, 2, 0, 0, 0)
    );
}

#[test]
fn a_jump_is_seen_where_two_runs_meet() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-06T10:00:00Z", &["2026-01-05 10 10 10 10 5"]);
    bench.stage("b", "2026-01-07T10:00:00Z", &["2026-01-06 15 15 15 15 5"]);
    assert_eq!(
        bench.text("SELECT rule, date, detail FROM open_findings"),
        ["price_jump 2026-01-06 close 15 after 10, +50.0 %"]
    );
    // A correction of the bar before ends it.
    bench.stage(
        "c",
        "2026-01-08T10:00:00Z",
        &["2026-01-05 14 14 14 14 5", "2026-01-06 15 15 15 15 5"],
    );
    assert_eq!(bench.text("SELECT rule FROM open_findings"), ["correction"]);
}

#[test]
fn no_volume_is_said_of_a_single_day_when_the_series_has_volume() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-06T10:00:00Z", &["2026-01-05 10 10 10 10 0"]);
    assert!(
        bench.text("SELECT rule FROM open_findings").is_empty(),
        "it may be a series without volume"
    );
    bench.stage("b", "2026-01-07T10:00:00Z", &["2026-01-06 10 10 10 10 5"]);
    bench.stage("c", "2026-01-08T10:00:00Z", &["2026-01-07 10 10 10 10 0"]);
    assert_eq!(
        bench.text("SELECT rule, date FROM open_findings"),
        ["zero_volume 2026-01-07"]
    );
}

#[test]
fn a_day_that_comes_again_closes_what_is_about_its_row_and_its_close_only() {
    let bench = Bench::new();
    let row = ["2026-01-07 10 12 9 11 5"];
    bench.stage("a", "2026-01-08T10:00:00Z", &row);
    let connection = bench.staging.connection().unwrap();
    connection
        .execute_batch(
            "INSERT INTO finding (asset_id, source, date, rule, detail, first_seen, last_seen)
             SELECT '005930', 'naver', '2026-01-07', value, '', '', ''
             FROM json_each('[\"incomplete\", \"live_duplicate\", \"suspended\", \"close_outside_range\", \"zero_volume\",
                 \"volume_unknown\", \"unexpected_session\", \"clock\", \"price_jump\", \"rebased\", \"rescaled\",
                 \"scale_differs\", \"made by a newer program\"]')",
        )
        .unwrap();
    drop(connection);
    bench.stage("b", "2026-01-09T10:00:00Z", &row);
    // One close tells no scale, and a rule that is not known may say anything.
    assert_eq!(
        bench.text("SELECT rule FROM open_findings ORDER BY rule"),
        ["made by a newer program", "rebased", "scale_differs"]
    );
}

/// Judges the closed days of a run as `collect` does at its end.
fn judge(bench: &Bench, job_id: &str, series: &[(&Asset, SessionCoverage)]) {
    let attended: Vec<StagedSeries<'_>> = series
        .iter()
        .map(|(asset, coverage)| StagedSeries {
            asset,
            source: &asset.sources[0].stored_as,
            is_elsewhere: false,
            coverage: coverage.clone(),
        })
        .collect();
    let together: Vec<&StagedSeries<'_>> = attended.iter().collect();
    let now = time_of(job_id);
    bench
        .staging
        .judge_closed_days(built_in("XKRX"), &together, job_id, now)
        .unwrap();
}

/// What the default window is told to look back to in January 2026.
fn reach(bench: &Bench, overlap: u32, recent: &[NaiveDate]) -> Reach {
    let lookback = Lookback {
        overlap,
        recent,
        since: bench.window.start,
        now: NOW.parse().unwrap(),
    };
    bench
        .staging
        .reach_back(&bench.asset, "naver", &lookback)
        .unwrap()
}

fn coverage(staged: Staged) -> SessionCoverage {
    match staged {
        Staged::Done(done) => done.coverage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gap_is_one_finding_until_it_is_filled_or_waived() {
    let bench = Bench::new();
    let due: Vec<NaiveDate> = (5..10).map(day).collect();
    let rows = week(1.0);
    let without_two = [rows[0].as_str(), &rows[2], &rows[4]];
    let open =
        || bench.text("SELECT date FROM open_findings WHERE rule = 'date_gap' ORDER BY date");
    for job in ["a", "b"] {
        let staged = bench.try_stage(
            job,
            "2026-01-10T10:00:00Z",
            &without_two,
            &due,
            Reading::File,
        );
        // Known at once: the run may die before it ends.
        assert_eq!(open(), ["2026-01-06", "2026-01-08"]);
        let coverage = coverage(staged);
        assert_eq!(
            (coverage.due.len(), &coverage.missing),
            (5, &vec![day(6), day(8)])
        );
        judge(&bench, job, &[(&bench.asset, coverage)]);
        assert_eq!(open(), ["2026-01-06", "2026-01-08"]);
    }
    assert_eq!(bench.text("SELECT count(*) FROM finding"), ["2"]);
    // The default window reaches back to the oldest of them.
    let reach = |recent: &[NaiveDate]| reach(&bench, 1, recent);
    assert_eq!(reach(&due), Reach::To(Some(day(6))));

    assert!(
        bench
            .staging
            .waive(&bench.asset.id, day(6), "no trade", NOW.parse().unwrap())
            .unwrap()
    );
    assert!(
        !bench
            .staging
            .waive(&bench.asset.id, day(6), "no trade", NOW.parse().unwrap())
            .unwrap()
    );
    assert_eq!(open(), ["2026-01-08"]);
    assert_eq!(reach(&due), Reach::To(Some(day(8))));
    let staged = bench.try_stage(
        "c",
        "2026-01-11T10:00:00Z",
        &texts(&rows[3..]),
        &due,
        Reading::File,
    );
    assert!(coverage(staged).missing.is_empty(), "filled, and waived");
    assert!(open().is_empty());

    assert!(bench.staging.unwaive(&bench.asset.id, day(6)).unwrap());
    assert_eq!(open(), ["2026-01-06"]);
    assert!(!bench.staging.unwaive(&bench.asset.id, day(6)).unwrap());
}

#[test]
fn a_day_that_all_lack_is_closed_until_one_has_a_bar_whoever_is_asked_later() {
    let bench = Bench::new();
    let due: Vec<NaiveDate> = (5..10).map(day).collect();
    let other = share("naver", "000660");
    let other = Asset {
        id: crate::domain::asset::AssetId::new("000660").unwrap(),
        ..other
    };
    let rows = week(1.0);
    let without = [rows[0].as_str(), &rows[1], &rows[3], &rows[4]];
    let asked = Asked {
        due: &due,
        ..Asked::default()
    };
    let run = |job: &str, assets: &[(&Asset, &[&str])]| {
        let series: Vec<(&Asset, SessionCoverage)> = assets
            .iter()
            .map(|(asset, rows)| {
                let staged = bench.ask(asset, job, "2026-01-12T10:00:00Z", rows, asked);
                (*asset, coverage(staged))
            })
            .collect();
        judge(&bench, job, &series);
        bench.text("SELECT rule, asset_id FROM open_findings ORDER BY rule, asset_id")
    };
    let share = &bench.asset;
    assert_eq!(run("a", &[(share, &without)]), ["date_gap 005930"]);
    let closed = ["probably_closed XKRX"];
    assert_eq!(run("b", &[(share, &without), (&other, &without)]), closed);
    assert_eq!(
        bench.text("SELECT count(*) FROM finding"),
        ["2"],
        "none of the other's own"
    );
    // Asked alone it has no gap of its own.
    assert_eq!(run("c", &[(share, &without)]), closed);
    // The other one has a bar after all: now it is a gap.
    let whole = texts(&rows);
    assert_eq!(
        run("d", &[(share, &without), (&other, &whole)]),
        ["date_gap 005930"]
    );
}

#[test]
fn what_was_known_at_a_time_is_told() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-05T05:00:00Z", &["2026-01-05 10 12 9 11 5"]);
    bench.stage("b", "2026-01-05T10:00:00Z", &["2026-01-05 10 12 9 11.5 6"]);
    bench.stage(
        "c",
        "2026-01-06T10:00:00Z",
        &["2026-01-05 10 12 9 11.5 6", "2026-01-06 10 12 9 12 6"],
    );
    bench.stage(
        "d",
        "2026-01-07T10:00:00Z",
        &["2026-01-05 10 12 9 11.75 6", "2026-01-06 10 12 9 12 6"],
    );
    let known = |time: &str| {
        let versions = bench
            .staging
            .as_of(&bench.asset.id, None, time.parse().unwrap())
            .unwrap();
        versions
            .iter()
            .map(|v| format!("{} {}", v.date, v.values.close))
            .collect::<Vec<_>>()
    };
    assert!(known("2026-01-05T04:59:59Z").is_empty());
    assert_eq!(known("2026-01-05T05:00:00Z"), ["2026-01-05 11"]);
    assert_eq!(known("2026-01-06T09:00:00Z"), ["2026-01-05 11.5"]);
    // Fetched again unchanged: known since the first time, not only since the last.
    assert_eq!(
        known("2026-01-06T12:00:00Z"),
        ["2026-01-05 11.5", "2026-01-06 12"]
    );
    assert_eq!(
        known("2026-01-08T00:00:00Z"),
        ["2026-01-05 11.75", "2026-01-06 12"]
    );
    let history = bench.staging.history(&bench.asset.id, None).unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|v| {
            format!(
                "{} {} {}",
                v.date,
                v.values.close,
                v.job_id.as_deref().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        told,
        ["2026-01-05 11 a", "2026-01-05 11.5 b", "2026-01-05 11.75 d"]
    );
    assert_eq!(
        bench
            .staging
            .history(&bench.asset.id, Some(day(6)))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_older_runs_did_for_their_assets_is_carried_over_and_what_is_none_of_ours_is_no_obstacle() {
    let file = Connection::open_in_memory().unwrap();
    let is_it = |sql: &&str| sql.contains("CREATE TABLE asset_run");
    let at = MIGRATIONS.iter().position(is_it).unwrap();
    for migration in &MIGRATIONS[..at] {
        file.execute_batch(migration).unwrap();
    }
    for (id, job, summary) in [
        (
            "1",
            "collect",
            r#"[{"asset_id":"A","status":"ok","source":"naver","message":null},{"asset_id":"B"},"x",5,null]"#,
        ),
        ("2", "collect", "no JSON"),
        (
            "3",
            "collect",
            r#"{"a":{"asset_id":"C","status":"failed"}}"#,
        ),
        ("4", "sync", r#"[{"asset_id":"D","status":"ok"}]"#),
        ("5", "collect", ""),
    ] {
        let insert = "INSERT INTO job_run (job_id, job_name, started_at, status, summary) VALUES (?1, ?2, '2026', 'success', ?3)";
        file.execute(insert, [id, job, summary]).unwrap();
    }
    let null = "INSERT INTO job_run (job_id, job_name, started_at, status) VALUES ('6', 'collect', '2026', 'success')";
    file.execute_batch(null).unwrap();
    file.execute_batch(MIGRATIONS[at]).unwrap();
    let mut carried = file
        .prepare("SELECT job_id || asset_id || status FROM asset_run ORDER BY 1")
        .unwrap();
    let carried: Vec<String> = carried
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(carried, ["1Aok", "3Cfailed"]);
}

#[test]
fn a_time_that_stands_twice_in_an_older_file_stands_once_and_says_the_same() {
    let file = Connection::open_in_memory().unwrap();
    let is_it = |sql: &&str| sql.contains("UPDATE price_daily SET known_since");
    let at = MIGRATIONS.iter().position(is_it).unwrap();
    for migration in &MIGRATIONS[..at] {
        file.execute_batch(migration).unwrap();
    }
    // Fetched once, fetched again as it was, written by another program, and changed once.
    file.execute_batch(
        "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at, known_since, synced_revision, job_id)
         VALUES ('A', '2026-01-05', 's', 1, 1, 1, 1, 5, 't1', 't1', 1, 'a'), ('A', '2026-01-06', 's', 1, 1, 1, 1, NULL, 't2', 't1', 0, 'a'),
             ('A', '2026-01-07', 's', 1, 1, 1, 1, 5, 't1', '', 0, NULL), ('A', '2026-01-08', 's', 2, 2, 2, 2, 5, 't3', 't2', 0, 'b');
         INSERT INTO price_revision (asset_id, date, source, open, high, low, close, ingested_at, known_since, replaced_at)
         VALUES ('A', '2026-01-08', 's', 1, 1, 1, 1, 't1', 't1', 't2'), ('A', '2026-01-08', 's', 1, 1, 1, 1, 't1', 't0', 't2')",
    )
    .unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = file.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| r.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    // All that a reader sees: every column but that one, and what it means.
    let seen = || {
        let columns = "date, source, open, high, low, close, volume, ingested_at, is_final";
        let known = "coalesce(nullif(known_since, ''), ingested_at)";
        let daily = format!(
            "SELECT concat_ws(' ', {columns}, revision, synced_revision, job_id, {known}) FROM price_daily"
        );
        let history =
            format!("SELECT concat_ws(' ', {columns}, replaced_at, {known}) FROM price_revision");
        [list(&daily), list(&history)].concat()
    };
    let before = seen();
    file.execute_batch(MIGRATIONS[at]).unwrap();
    assert_eq!(seen(), before);
    assert_eq!(
        list("SELECT known_since FROM price_daily"),
        ["", "t1", "", "t2"]
    );
    assert_eq!(list("SELECT known_since FROM price_revision"), ["", "t0"]);
}

#[test]
fn values_that_are_found_again_keep_the_time_when_they_were_fetched_first() {
    let bench = Bench::new();
    let rows = ["2026-01-05 10 12 9 11 100"];
    let known = || bench.text("SELECT ingested_at, known_since FROM price_daily");
    bench.stage("a", "2026-01-10T10:00:00Z", &rows);
    assert_eq!(known(), ["2026-01-10T10:00:00.000000Z "]);
    for day in ["11", "12"] {
        bench.stage("b", &format!("2026-01-{day}T10:00:00Z"), &rows);
        let both = format!("2026-01-{day}T10:00:00.000000Z 2026-01-10T10:00:00.000000Z");
        assert_eq!(known(), [both]);
    }
    bench.stage("c", "2026-01-13T10:00:00Z", &["2026-01-05 10 12 9 10 100"]);
    assert_eq!(known(), ["2026-01-13T10:00:00.000000Z "]);
    let kept = bench.text("SELECT ingested_at, known_since FROM price_revision");
    assert_eq!(
        kept,
        ["2026-01-12T10:00:00.000000Z 2026-01-10T10:00:00.000000Z"]
    );
}

#[test]
fn another_listing_under_the_same_symbol_is_not_staged() {
    let bench = Bench::new();
    bench.stage("a", "2026-01-10T10:00:00Z", &texts(&week(1000.0)));
    let ask = |job: &str, rows: &[&str], listed: u32| {
        let asked = Asked {
            first_trade: Some(day(listed)),
            ..Asked::default()
        };
        bench.ask(&bench.asset, job, "2026-01-20T10:00:00Z", rows, asked)
    };
    let is_open =
        || bench.text("SELECT rule, date FROM open_findings WHERE rule = 'other_listing'");
    // A share of seven won that is listed since the twelfth, with no day in common.
    let other = ["2026-01-13 7 7 7 7 5"];
    let Staged::Refused(why) = ask("b", &other, 12) else {
        panic!("staged")
    };
    let said = "has traded since 2026-01-12, the stored series since 2026-01-05";
    assert!(why.contains(said), "{why}");
    assert_eq!(is_open(), ["other_listing 2026-01-12"]);
    // The same closes, whatever the source says of its first day.
    assert!(matches!(
        ask("c", &texts(&week(1000.0)), 6),
        Staged::Done(_)
    ));
    assert!(is_open().is_empty());
    // The owner knows better.
    assert!(matches!(ask("d", &other, 12), Staged::Refused(_)));
    let days = Window {
        start: day(12),
        end: day(12),
    };
    let (id, rule) = (&bench.asset.id, crate::domain::finding::Rule::OtherListing);
    let waived = bench
        .staging
        .waive_rule(id, rule, days, "renamed", NOW.parse().unwrap());
    assert!(waived.unwrap());
    assert!(matches!(ask("e", &other, 12), Staged::Done(_)));
}
