//! Whole histories of one share: a source that adjusts late, breaks and mends, read day by day.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::config::assets_file::parse_assets;
use crate::domain::calendar::{Calendars, built_in};
use crate::domain::window::Window;
use crate::process::clock::Clock;
use crate::process::retry::RetryPolicy;
use crate::process::stop::Stop;
use crate::sources::Upstream;
use crate::sources::fetch::{Feed, FetchError, Part, Request, Response};
use crate::staging::Staging;

/// A close by day, as the source has it.
type Closes = BTreeMap<NaiveDate, f64>;

/// The source, which has another answer every day.
struct Market {
    days: Vec<NaiveDate>,
    today: AtomicUsize,
    answer: Mutex<Closes>,
    /// Every close that was ever sent.
    sent: Mutex<BTreeSet<(NaiveDate, u64)>>,
    asked: AtomicUsize,
}

impl Feed for Market {
    fn asked_at(&self, _: &dyn Upstream, _: &str) -> DateTime<Utc> {
        let day = self.days[self.today.load(Ordering::Relaxed)];
        day.and_hms_opt(12, 0, 0).unwrap().and_utc()
    }

    fn host(&self, _: Request<'_>) -> String {
        String::new()
    }

    fn parts(&self, upstream: &dyn Upstream, _: &str, window: Window) -> Vec<Part> {
        upstream.parts(window).into_iter().map(Part::of).collect()
    }

    fn get(&self, request: Request<'_>) -> Result<Response, FetchError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let window = request.part.window;
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Vec::new();
        for (day, close) in answer.range(window.start..=window.end) {
            sent.insert((*day, close.to_bits()));
            let (high, low) = (close * 1.01, close * 0.99);
            let mut row = String::new();
            let date = day.format("%Y%m%d");
            write!(row, "{{\"localDate\":\"{date}\",\"openPrice\":{close},\"highPrice\":{high},\"lowPrice\":{low},\"closePrice\":{close},\"accumulatedTradingVolume\":1000}}").unwrap();
            rows.push(row);
        }
        Ok(Response {
            status: 200,
            body: format!("[{}]", rows.join(",")).into_bytes(),
            fetched_at: self.asked_at(request.upstream, request.symbol),
            url: String::new(),
            headers: Vec::new(),
        })
    }
}

struct Nobody;

impl Observer for Nobody {
    fn begun(&self, _: &Asset) {}
    fn done(&self, _: &AssetOutcome) {}
}

/// One share, its source and its staging file.
struct History {
    market: Market,
    staging: Staging,
    asset: Asset,
    prices: Vec<f64>,
}

/// A run ended so.
#[derive(Debug, Clone, PartialEq)]
struct Ran {
    status: &'static str,
    code: u8,
    message: String,
}

impl History {
    /// Sessions of 2024 with closes that move up to three percent a day, by a seed.
    fn new(seed: u64) -> Self {
        let text = "[[asset]]\nid = \"A\"\nname = \"A\"\ncategory = \"stock\"\ncalendar = \"XKRX\"\ncurrency = \"KRW\"\n\
                    sources = [{ source = \"naver\", symbol = \"A\" }]\n";
        let days: Vec<NaiveDate> = built_in("XKRX")
            .sessions(date("2024-01-02"), date("2024-12-30"))
            .collect();
        let mut random = Random(seed);
        let mut price = 50_000.0;
        let walk = days.iter().map(|_| {
            price *= 1.0 + 0.03 * (2.0 * random.share() - 1.0);
            f64::round(price)
        });
        Self {
            prices: walk.collect(),
            market: Market {
                days,
                today: AtomicUsize::new(0),
                answer: Mutex::default(),
                sent: Mutex::default(),
                asked: AtomicUsize::new(0),
            },
            staging: Staging::in_memory().unwrap(),
            asset: parse_assets(text, &Calendars::built_in().unwrap())
                .unwrap()
                .remove(0),
        }
    }

    /// What the source has on a day: the closes until then times a factor each.
    fn answer(&self, today: usize, factor: impl Fn(usize) -> f64) -> Closes {
        let closes = self.market.days.iter().zip(&self.prices).enumerate();
        let until_today = closes.take(today + 1);
        until_today
            .map(|(n, (day, price))| (*day, cents(price * factor(n))))
            .collect()
    }

    fn run(&self, today: usize, answer: Closes, audit: Audit) -> Ran {
        self.market.today.store(today, Ordering::Relaxed);
        *self.market.answer.lock().unwrap() = answer;
        let stop = Stop::default();
        let collector = Collector {
            feed: &self.market,
            staging: &self.staging,
            options: Options {
                window: WindowArgs::default(),
                dry_run: false,
                final_only: false,
                heal: true,
                audit,
                all_sources: false,
                retry: RetryPolicy {
                    tries: 1,
                    base_delay: std::time::Duration::ZERO,
                },
                jobs: None,
            },
            job_id: uuid::Uuid::now_v7(),
            now: Utc::now,
            clock: &Clock::real(&stop),
            stop: &stop,
            observer: &Nobody,
        };
        let outcome = collector.run(&[&self.asset]);
        let asset = &outcome.assets[0];
        Ran {
            status: asset.status,
            code: outcome.status().exit_code(),
            message: asset.message.clone().unwrap_or_default(),
        }
    }

    fn stored(&self) -> Closes {
        let series = self.staging.stored_series("A", None).unwrap();
        let bars = series.into_values().flatten();
        bars.map(|bar| (bar.date, bar.values.close)).collect()
    }

    fn open(&self) -> Vec<String> {
        let findings = self.staging.open_findings(100).unwrap();
        let short = |f: &crate::staging::FindingRow| format!("{} {}", f.rule, f.date);
        findings.iter().map(short).collect()
    }

    fn is_suspect(&self) -> bool {
        !self.staging.suspects().unwrap().is_empty()
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn cents(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}

/// A linear congruential generator: the same histories on every machine.
struct Random(u64);

impl Random {
    fn share(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(1_u32 << 31)
    }

    fn below(&mut self, n: usize) -> usize {
        let place = self.share() * f64::from(u32::try_from(n).unwrap());
        (0..n)
            .rfind(|k| f64::from(u32::try_from(*k).unwrap()) <= place)
            .unwrap_or(0)
    }

    fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }
}

const FACTORS: [f64; 5] = [0.5, 30.0, 0.8, 10.0 / 11.0, 1.0 / 49.426];
/// Sessions before the split.
const SPLIT: usize = 40;

/// What happens beside a split.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Beside {
    Nothing,
    /// No run for some days around it.
    APause,
    /// The day before it is lost while the source is mended, and comes back.
    ANull,
    /// The day before it was corrected.
    ACorrection,
}

/// Runs a split whose older days are adjusted some sessions later.
fn split_adjusted_late(factor: f64, late: usize, beside: Beside) {
    let history = History::new(u64::try_from(late).unwrap());
    let what = format!("{factor} {late} {beside:?}");
    let day_before = history.market.days[SPLIT - 1];
    let mut was_said = false;
    for today in SPLIT - 3..SPLIT + late + 14 {
        let is_pause = (SPLIT - 1..SPLIT + 8).contains(&today);
        if beside == Beside::APause && is_pause {
            continue;
        }
        let is_mended = today >= SPLIT + late;
        let scale = |n: usize| if n >= SPLIT || is_mended { factor } else { 1.0 };
        let mut answer = history.answer(today, scale);
        if beside == Beside::ANull && today == SPLIT + late {
            answer.remove(&day_before);
        }
        if beside == Beside::ACorrection && today >= SPLIT {
            answer
                .entry(day_before)
                .and_modify(|c| *c = cents(*c * 1.004));
        }
        let ran = history.run(today, answer, Audit::Every(7));
        was_said |= ran.status == "suspect" && ran.code == 3;
        let stored = history.stored();
        let whole = history.answer(today, |_| factor);
        let in_old_scale =
            |(day, close): (&NaiveDate, &f64)| (close / whole[day] - 1.0).abs() > 0.01;
        let is_mixed = today >= SPLIT && stored.iter().any(in_old_scale);
        let is_large = factor.max(factor.recip()) >= 1.8;
        assert!(
            !(is_mixed && is_large && ran.status == "ok"),
            "{what} {today}: {ran:?}"
        );
    }
    let last = SPLIT + late + 13;
    let mut truth = history.answer(last, |_| factor);
    if beside == Beside::ACorrection {
        truth
            .entry(day_before)
            .and_modify(|c| *c = cents(*c * 1.004));
    }
    assert_eq!(history.stored(), truth, "{what}");
    assert!(!history.is_suspect(), "{what}: {:?}", history.open());
    let must_be_said = late > 0 && factor.max(factor.recip()) >= 1.8 && beside != Beside::APause;
    assert!(was_said || !must_be_said, "{what}");
}

#[test]
fn after_the_audit_no_close_is_in_the_old_scale_however_late_the_source_adjusts() {
    for factor in FACTORS {
        for late in [0, 1, 2, 3, 4, 5, 8, 20] {
            for beside in [
                Beside::Nothing,
                Beside::APause,
                Beside::ANull,
                Beside::ACorrection,
            ] {
                split_adjusted_late(factor, late, beside);
            }
        }
    }
}

/// What is wrong with the source in a random history.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Its older days are in the old scale until a day.
    LateSplit {
        factor: f64,
        from: usize,
        mended: usize,
    },
    /// All its days from one to another are in another unit, on the days of the second pair.
    OtherUnit {
        factor: f64,
        days: (usize, usize),
        shown: (usize, usize),
    },
    /// A day is lost while it is that day or later, until another.
    Lost { day: usize, shown: (usize, usize) },
    /// A day is corrected from a day on.
    Corrected { day: usize, by: f64, from: usize },
}

fn faults(random: &mut Random, days: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..=random.below(3) {
        let at = 30 + random.below(days - 60);
        let length = 1 + random.below(12);
        let factor = FACTORS[random.below(FACTORS.len())];
        faults.push(match random.below(4) {
            0 => Fault::LateSplit {
                factor,
                from: at,
                mended: at + random.below(21),
            },
            1 => {
                let factor = if random.happens(0.5) { 0.01 } else { factor };
                let first = at - random.below(12);
                Fault::OtherUnit {
                    factor,
                    days: (first, first + length),
                    shown: (at, at + 1 + random.below(10)),
                }
            }
            2 => Fault::Lost {
                day: at - random.below(4),
                shown: (at, at + length),
            },
            _ => Fault::Corrected {
                day: at - 1 - random.below(3),
                by: 1.0 + 0.02 * random.share(),
                from: at,
            },
        });
    }
    faults
}

impl Fault {
    /// The factor of a day on a day, and at the end.
    fn factor(&self, n: usize, today: usize) -> f64 {
        match *self {
            Self::LateSplit {
                factor,
                from,
                mended,
            } => {
                if today >= mended.max(from) || (n >= from) {
                    if today >= from { factor } else { 1.0 }
                } else {
                    1.0
                }
            }
            Self::OtherUnit {
                factor,
                days,
                shown,
            } => {
                let is_shown = (shown.0..shown.1).contains(&today);
                if is_shown && (days.0..days.1).contains(&n) {
                    factor
                } else {
                    1.0
                }
            }
            Self::Corrected { day, by, from } => {
                if n == day && today >= from {
                    by
                } else {
                    1.0
                }
            }
            Self::Lost { .. } => 1.0,
        }
    }

    fn is_lost(&self, n: usize, today: usize) -> bool {
        matches!(*self, Self::Lost { day, shown } if day == n && (shown.0..shown.1).contains(&today))
    }
}

#[test]
fn no_history_ends_with_two_scales_that_nobody_hears_of() {
    const DAYS: usize = 120;
    let histories = std::env::var("SCALE_HISTORIES")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut suspect = 0;
    for seed in 0..histories.unwrap_or(24) {
        let mut random = Random(seed * 7919 + 1);
        let history = History::new(seed);
        let faults = faults(&mut random, DAYS);
        let what = format!("seed {seed}: {faults:?}");
        let answer = |today: usize| {
            let factor = |n: usize| faults.iter().map(|f| f.factor(n, today)).product();
            let mut answer = history.answer(today, factor);
            for (n, day) in history.market.days.iter().enumerate().take(today + 1) {
                if faults.iter().any(|f| f.is_lost(n, today)) {
                    answer.remove(day);
                }
            }
            answer
        };
        let mut last = 0;
        for today in 20..DAYS {
            // The machine is off now and then.
            if random.happens(0.15) && today + 1 < DAYS {
                continue;
            }
            history.run(today, answer(today), Audit::Every(7));
            last = today;
        }
        history.run(last, answer(last), Audit::Now);
        suspect += usize::from(history.is_suspect());
        let (stored, truth) = (history.stored(), answer(last));
        let sent = history.market.sent.lock().unwrap();
        for (day, close) in &stored {
            let is_carried = history.open().contains(&format!("rescaled {day}"));
            assert!(
                sent.contains(&(*day, close.to_bits())) || is_carried,
                "{what}: {day} {close}"
            );
            let is_right = truth
                .get(day)
                .is_none_or(|right| (close / right - 1.0).abs() < 0.03);
            assert!(
                is_right || history.is_suspect(),
                "{what}: {day} {close} {:?} {:?}",
                truth.get(day),
                history.open()
            );
        }
    }
    // Most sources come right again, and then so does the series.
    println!("{suspect} suspect");
}

#[test]
fn a_series_is_compared_as_a_whole_once_in_seven_days_in_the_days_own_request() {
    let history = History::new(1);
    let first = history.answer(60, |_| 1.0);
    history.run(60, first, Audit::Every(7));
    let asked = || history.market.asked.load(Ordering::Relaxed);
    assert_eq!(asked(), 1);
    let staging = &history.staging;
    let audited = || staging.audited_on("A", "naver").unwrap().unwrap().1;
    let before = audited();
    let mut audits = BTreeSet::new();
    for today in 61..82 {
        history.run(today, history.answer(today, |_| 1.0), Audit::Every(7));
        audits.insert(audited());
    }
    assert_eq!(asked(), 22, "no request more");
    audits.remove(&before);
    assert!(
        (4..=5).contains(&audits.len()),
        "{audits:?}: 21 sessions are 29 days"
    );
    // Nothing was written but what is due: the oldest bars are as they came.
    let bars = staging.stored_series("A", None).unwrap();
    let oldest = &bars["naver"][0];
    let history_of = staging
        .history(&history.asset.id, Some(oldest.date))
        .unwrap();
    assert_eq!(history_of.len(), 1);
    history.run(82, history.answer(82, |_| 1.0), Audit::Every(0));
    let last = audited();
    history.run(100, history.answer(100, |_| 1.0), Audit::Every(0));
    assert_eq!(audited(), last, "0 is never");
}

#[test]
fn good_prices_are_not_overwritten_by_an_answer_that_makes_a_step() {
    for (factor, from, until) in [
        (0.01, 30, 35),
        (0.5, 20, 41),
        (10.0 / 11.0, 20, 41),
        (0.01, 38, 39),
        (100.0, 40, 41),
    ] {
        let history = History::new(3);
        history.run(40, history.answer(40, |_| 1.0), Audit::Every(7));
        let good = history.stored();
        let broken = |n: usize| {
            if (from..until).contains(&n) {
                factor
            } else {
                1.0
            }
        };
        let ran = history.run(41, history.answer(41, broken), Audit::Now);
        assert!(
            ran.code != 0 && ran.message.contains("scale_refused"),
            "{factor} {ran:?}"
        );
        let stored = history.stored();
        assert!(
            good.iter()
                .all(|(day, close)| stored[day].to_bits() == close.to_bits())
        );
        // It stays so, and ends when the source is right again.
        let again = history.run(41, history.answer(41, broken), Audit::Every(7));
        assert_ne!(again.status, "ok");
        let mended = history.run(42, history.answer(42, |_| 1.0), Audit::Now);
        assert_eq!(
            (mended.status, mended.code),
            ("ok", 0),
            "{mended:?} {:?}",
            history.open()
        );
    }
}

#[test]
fn the_owner_accepts_an_answer_that_is_right() {
    let history = History::new(3);
    history.run(40, history.answer(40, |_| 1.0), Audit::Every(7));
    let since = |n: usize| if n >= 20 { 0.5 } else { 1.0 };
    history.run(41, history.answer(41, since), Audit::Every(7));
    let refused = history.staging.suspects().unwrap();
    let day: NaiveDate = refused.last().unwrap().date.parse().unwrap();
    assert_eq!(day, history.market.days[20]);
    let days = Window {
        start: day,
        end: day,
    };
    let rule = crate::domain::finding::Rule::ScaleRefused;
    let id = &history.asset.id;
    history
        .staging
        .waive_rule(id, rule, days, "I know", Utc::now())
        .unwrap();
    // It is read as a whole, whichever day is the asset's.
    let audited = history
        .staging
        .audited_on("A", "naver")
        .unwrap()
        .unwrap()
        .1
        .unwrap();
    assert!(crate::domain::audit::is_due(
        "A",
        audited,
        history.market.days[42],
        7
    ));
    history.run(42, history.answer(42, since), Audit::Every(7));
    assert_eq!(history.stored(), history.answer(42, since));
}

#[test]
fn too_few_days_to_tell_reach_back_and_where_there_are_none_it_is_said() {
    // Twelve days later two of the newest three stored days are lost: it reaches back.
    for factor in FACTORS {
        let history = History::new(5);
        history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
        let mut answer = history.answer(52, |_| factor);
        for n in [39, 40] {
            answer.remove(&history.market.days[n]);
        }
        history.run(52, answer, Audit::Every(0));
        let stored = history.stored();
        let whole = history.answer(52, |_| factor);
        let kept: Vec<NaiveDate> = stored
            .iter()
            .filter(|(day, close)| (*close / whole[*day] - 1.0).abs() > 0.01)
            .map(|(day, _)| *day)
            .collect();
        assert_eq!(kept, &history.market.days[39..=40], "{factor}");
        assert!(history.is_suspect());
        history.run(53, history.answer(53, |_| factor), Audit::Now);
        assert_eq!(history.stored(), history.answer(53, |_| factor));
        assert!(!history.is_suspect(), "{:?}", history.open());
    }
    // The source has nothing older than the new days.
    let history = History::new(5);
    history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
    let newer = history
        .answer(52, |_| 1.0)
        .split_off(&history.market.days[41]);
    let ran = history.run(52, newer, Audit::Every(0));
    assert_eq!((ran.status, ran.code), ("suspect", 3), "{ran:?}");
    assert!(ran.message.contains("scale_unknown"), "{ran:?}");
    let newer = history
        .answer(55, |_| 0.5)
        .split_off(&history.market.days[53]);
    let ran = history.run(55, newer, Audit::Every(0));
    assert_eq!(ran.status, "failed", "{ran:?}");
    assert!(ran.message.contains("held back"), "{ran:?}");
}

/// Runs the default window day by day from a first load, with an answer of each day.
fn run_days(
    history: &History,
    days: std::ops::Range<usize>,
    answer: impl Fn(usize) -> Closes,
) -> Vec<Ran> {
    days.map(|today| history.run(today, answer(today), Audit::Every(7)))
        .collect()
}

#[test]
fn newest_days_that_moved_are_refused_wherever_the_window_begins() {
    for from in [35, 36, 37, 38, 39] {
        for factor in [0.01, 100.0, 0.5, 0.8, 10.0 / 11.0] {
            for seed in 0..4 {
                let history = History::new(seed);
                history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
                let good = history.stored();
                let broken = |n: usize| if n >= from { factor } else { 1.0 };
                let ran = history.run(41, history.answer(41, broken), Audit::Every(0));
                let stored = history.stored();
                let is_small = (0.8..=1.25).contains(&factor) && from >= 39;
                assert!(
                    is_small || good.iter().all(|(d, c)| stored[d].to_bits() == c.to_bits()),
                    "{from} {factor}: {ran:?}"
                );
                assert!(is_small || ran.status != "ok", "{from} {factor}: {ran:?}");
            }
        }
    }
}

#[test]
fn a_refused_answer_is_not_taken_for_the_days_that_were_staged_meanwhile() {
    for factor in [10.0 / 11.0, 20.0 / 21.0, 0.8, 0.5] {
        let history = History::new(2);
        history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
        let good = history.stored();
        let since = |n: usize| if n >= 20 { factor } else { 1.0 };
        let rans = run_days(&history, 41..56, |today| history.answer(today, since));
        assert!(
            rans.iter().all(|ran| ran.status != "ok"),
            "{factor}: {rans:?}"
        );
        let stored = history.stored();
        assert!(
            good.iter().all(|(d, c)| stored[d].to_bits() == c.to_bits()),
            "{factor}"
        );
        let ran = history.run(56, history.answer(56, |_| 1.0), Audit::Now);
        assert_eq!(ran.status, "ok", "{factor}: {ran:?} {:?}", history.open());
    }
}

#[test]
fn other_prices_under_the_same_name_are_not_taken() {
    let other = History::new(77);
    let history = History::new(2);
    history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
    let good = history.stored();
    for factor in [0.3, 1.0, 1_300.0] {
        let ran = history.run(41, other.answer(41, |_| factor), Audit::Every(0));
        assert_ne!(ran.status, "ok", "{factor} {ran:?}");
        let stored = history.stored();
        assert!(
            good.iter().all(|(d, c)| stored[d].to_bits() == c.to_bits()),
            "{factor}"
        );
    }
}

#[test]
fn what_nobody_compared_does_not_become_known_by_itself() {
    // The source reaches twenty sessions back; nobody asked for longer than that, and there was a split.
    for factor in [0.8, 10.0 / 11.0] {
        let history = History::new(4);
        history.run(60, history.answer(60, |_| 1.0), Audit::Every(0));
        let reach = |today: usize| {
            let mut answer = history.answer(today, |_| factor);
            answer.split_off(&history.market.days[today - 20])
        };
        let rans = run_days(&history, 100..110, reach);
        assert!(
            rans.iter().all(|ran| ran.status != "ok"),
            "{factor}: {rans:?}"
        );
    }
}

#[test]
fn the_newest_day_that_was_lost_while_the_others_moved_is_said() {
    for factor in [0.8, 10.0 / 11.0, 0.5] {
        let history = History::new(6);
        history.run(40, history.answer(40, |_| 1.0), Audit::Every(0));
        let without = |today: usize| {
            let mut answer = history.answer(today, |_| factor);
            answer.remove(&history.market.days[40]);
            answer
        };
        history.run(40, without(40), Audit::Every(0));
        assert!(history.is_suspect(), "{factor}");
        run_days(&history, 41..50, without);
        assert!(history.is_suspect(), "{factor} {:?}", history.open());
        history.run(50, history.answer(50, |_| factor), Audit::Now);
        assert_eq!(history.stored(), history.answer(50, |_| factor));
        assert!(!history.is_suspect(), "{factor} {:?}", history.open());
    }
}
