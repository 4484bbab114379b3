//! Recorded prices of exchanges all over the world, against their calendars: which days had a bar, what is found in them, what
//! is stale, what arrives in PostgreSQL.
//!
//! `tests/fixtures/world_daily` has the files that people downloaded from Yahoo, each with a few columns of its own.
//! `DIFFERENCES.tsv` beside them names every day on which a record and a calendar differ, and who is right: Yahoo has holes and
//! copies rows, so that bars do not decide alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use pricestash::domain::calendar::{Calendar, Calendars};
use serde_json::{Value, json};

use crate::support::program::TestEnv;
use crate::support::recorded;
use crate::support::warehouse::warehouse;

/// One recorded series: its file, its asset, and what Yahoo's `meta` says of it.
struct Series {
    file: &'static str,
    id: &'static str,
    calendar: &'static str,
    currency: &'static str,
    zone: &'static str,
    exchange: &'static str,
}

const fn series(
    file: &'static str,
    id: &'static str,
    [calendar, currency, zone, exchange]: [&'static str; 4],
) -> Series {
    Series {
        file,
        id,
        calendar,
        currency,
        zone,
        exchange,
    }
}

#[rustfmt::skip]
const SERIES: [Series; 28] = [
    series("000001.SS_2020-05..2021-05", "000001.SS", ["XSHG", "CNY", "Asia/Shanghai", "SHH"]),
    series("066570.KS_..2020-06", "066570.KS", ["XKRX", "KRW", "Asia/Seoul", "KSC"]),
    series("2222.SR_..2020-06", "2222.SR", ["XSAU", "SAR", "Asia/Riyadh", "SAU"]),
    series("ASML.AS_2022-05-02..2024-05-03", "ASML.AS", ["XAMS", "EUR", "Europe/Amsterdam", "AMS"]),
    series("CL_F_2019-06-03..2021-01-29", "CL=F", ["CMES", "USD", "America/New_York", "NYM"]),
    series("EURUSD_X_2023-06-01..2026-07-14", "EURUSD=X", ["24/5", "USD", "Europe/London", "CCY"]),
    series("NESN.SW_2023-07-03..2025-07-25", "NESN.SW", ["XSWX", "CHF", "Europe/Zurich", "EBS"]),
    series("RELIANCE.NS_..2020-06", "RELIANCE.NS", ["XNSE", "INR", "Asia/Kolkata", "NSI"]),
    series("TSCO.L_..2020-06", "TSCO.L", ["XLON", "GBp", "Europe/London", "LSE"]),
    series("VOLV-B.ST_2023-07-03..2025-08-01", "VOLV-B.ST", ["XSTO", "SEK", "Europe/Stockholm", "STO"]),
    series("idx_AXJO_2020-05..2021-05", "^AXJO", ["XASX", "AUD", "Australia/Sydney", "ASX"]),
    series("idx_BSESN_2020-05..2021-05", "^BSESN", ["XBOM", "INR", "Asia/Kolkata", "BSE"]),
    series("idx_BVSP_2020-05..2021-05", "^BVSP", ["BVMF", "BRL", "America/Sao_Paulo", "SAO"]),
    series("idx_BVSP_2025-09..2026-03_yfinance-multiheader", "BVSP", ["BVMF", "BRL", "America/Sao_Paulo", "SAO"]),
    series("idx_FCHI_2020-05..2021-05", "^FCHI", ["XPAR", "EUR", "Europe/Paris", "PAR"]),
    series("idx_FTSE_2020-05..2021-05", "^FTSE", ["XLON", "GBP", "Europe/London", "FGI"]),
    series("idx_GDAXI_2020-05..2021-05", "^GDAXI", ["XETR", "EUR", "Europe/Berlin", "GER"]),
    series("idx_GSPC_2024-12-01..2026-07-14", "^GSPC", ["XNYS", "USD", "America/New_York", "SNP"]),
    series("idx_GSPTSE_2020-05..2021-05", "^GSPTSE", ["XTSE", "CAD", "America/Toronto", "TOR"]),
    series("idx_HSI_2020-05..2021-05", "^HSI", ["XHKG", "HKD", "Asia/Hong_Kong", "HKG"]),
    series("idx_JKSE_2020-05..2021-05", "^JKSE", ["XIDX", "IDR", "Asia/Jakarta", "JKT"]),
    series("idx_Jn0U.JO_2020-05..2021-05", "^Jn0U.JO", ["XJSE", "ZAc", "Africa/Johannesburg", "JNB"]),
    series("idx_KS11_2025-09..2026-03_yfinance-multiheader", "^KS11", ["XKRX", "KRW", "Asia/Seoul", "KSC"]),
    series("idx_N225_2020-05..2021-05", "^N225", ["XTKS", "JPY", "Asia/Tokyo", "OSA"]),
    series("idx_N225_2025-09..2026-03_yfinance-multiheader", "N225", ["XTKS", "JPY", "Asia/Tokyo", "OSA"]),
    series("idx_STI_2020-05..2021-05", "^STI", ["XSES", "SGD", "Asia/Singapore", "SES"]),
    series("idx_TA125.TA_2020-05..2021-05", "^TA125.TA", ["XTAE", "ILS", "Asia/Jerusalem", "TLV"]),
    series("idx_TWII_2020-05..2021-05", "^TWII", ["XTAI", "TWD", "Asia/Taipei", "TAI"]),
];

/// A row as it was recorded: the texts of open, high, low, close and volume, of which any may be absent.
type Row = [Option<String>; 5];

impl Series {
    fn rows(&self) -> BTreeMap<NaiveDate, Row> {
        let text = recorded(&format!("world_daily/{}.csv", self.file));
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let place = ["Open", "High", "Low", "Close", "Volume"]
            .map(|name| header.iter().position(|h| *h == name));
        lines
            .filter_map(|line| {
                let fields: Vec<&str> = line.split(',').collect();
                let day = fields[0].parse().ok()?;
                let value = |at: Option<usize>| {
                    let text = fields[at?];
                    (!text.is_empty() && text != "null").then(|| text.to_owned())
                };
                Some((day, place.map(value)))
            })
            .collect()
    }

    /// The days with a bar.
    fn bars(&self) -> BTreeSet<NaiveDate> {
        let rows = self.rows().into_iter();
        rows.filter(|(_, row)| row[3].is_some())
            .map(|(day, _)| day)
            .collect()
    }

    fn calendar(&self) -> Calendar {
        calendar(self.calendar)
    }

    /// What Yahoo would answer, without the rows of some days, and when it was fetched: on the day after the last row, before its session.
    fn answer(&self, without: &BTreeSet<NaiveDate>) -> (Value, NaiveDate) {
        let mut rows = self.rows();
        rows.retain(|day, _| !without.contains(day));
        let zone: chrono_tz::Tz = self.zone.parse().unwrap();
        // Currencies and futures are stamped at midnight, shares when they open.
        let opens = match self.calendar {
            "24/5" | "CMES" => NaiveTime::MIN,
            _ => NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
        };
        let stamp = |day: &NaiveDate| day.and_time(opens).and_local_timezone(zone).unwrap();
        let stamps: Vec<i64> = rows.keys().map(|day| stamp(day).timestamp()).collect();
        let column = |at: usize| -> Vec<Option<f64>> {
            let values = rows.values().map(|row| row[at].as_ref());
            values.map(|v| v.map(|v| v.parse().unwrap())).collect()
        };
        let volumes = column(4).into_iter().map(|v| v.unwrap_or(0.0).round());
        let quote = json!({"open": column(0), "high": column(1), "low": column(2), "close": column(3),
                           "volume": volumes.collect::<Vec<_>>()});
        let meta = json!({"currency": self.currency, "symbol": self.id, "exchangeName": self.exchange,
                          "exchangeTimezoneName": self.zone, "gmtoffset": 0, "dataGranularity": "1d"});
        let result = json!([{"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}]);
        let answer = json!({"chart": {"result": result, "error": null}});
        (answer, *rows.keys().last().unwrap() + TimeDelta::days(1))
    }

    /// Its asset, as somebody would write it into the assets file.
    fn asset(&self) -> String {
        let Self {
            id,
            calendar,
            currency,
            ..
        } = self;
        let category = if *calendar == "24/5" { "fx" } else { "stock" };
        let nonpositive = *id == "CL=F";
        format!(
            "[[asset]]\nid = \"{id}\"\nname = \"{id}\"\ncategory = \"{category}\"\ncalendar = \"{calendar}\"\n\
             currency = \"{currency}\"\nnonpositive = {nonpositive}\n\
             sources = [{{ source = \"yahoo\", symbol = \"{id}\" }}]\n\n"
        )
    }

    /// What the record has otherwise than the calendar: the days `open` without a bar, and `closed` with one.
    fn differences(&self) -> Vec<(NaiveDate, &'static str)> {
        let (bars, calendar) = (self.bars(), self.calendar());
        let (first, last) = (*bars.first().unwrap(), *bars.last().unwrap());
        let sessions: BTreeSet<NaiveDate> = calendar.sessions(first, last).collect();
        let differ = sessions.symmetric_difference(&bars);
        let says = |day: &NaiveDate| {
            if sessions.contains(day) {
                "open"
            } else {
                "closed"
            }
        };
        differ.map(|day| (*day, says(day))).collect()
    }
}

fn calendar(name: &str) -> Calendar {
    static ALL: LazyLock<Calendars> = LazyLock::new(|| Calendars::built_in().unwrap());
    ALL.get(name).unwrap_or_else(|| panic!("{name}"))
}

/// The named differences, by file.
fn named() -> BTreeMap<String, Vec<(NaiveDate, String)>> {
    let text = String::from_utf8(recorded("world_daily/DIFFERENCES.tsv")).unwrap();
    let mut named: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let [file, day, says, why] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert!(!why.is_empty(), "{line}");
        let days = named.entry(file.to_owned()).or_default();
        days.push((day.parse().unwrap(), says.to_owned()));
    }
    named
}

#[test]
fn every_day_on_which_a_record_and_its_calendar_differ_is_named() {
    let named = named();
    let mut found = String::new();
    let mut exchanges = BTreeSet::new();
    for series in &SERIES {
        exchanges.insert(series.calendar);
        let none = Vec::new();
        let known = named.get(series.file).unwrap_or(&none);
        let differences = series.differences();
        let differences: Vec<_> = differences
            .iter()
            .map(|(day, says)| (*day, (*says).to_owned()))
            .collect();
        for (day, says) in differences.iter().filter(|d| !known.contains(d)) {
            found.push_str(&format!("{}\t{day}\t{says}\n", series.file));
        }
        for (day, says) in known.iter().filter(|d| !differences.contains(d)) {
            found.push_str(&format!("{}\t{day}\t{says} no longer\n", series.file));
        }
    }
    assert_eq!(found, "");
    assert!(exchanges.len() >= 20, "{exchanges:?}");
}

/// All series as recorded, without the rows of some days.
fn replay(env: &TestEnv, without: impl Fn(&Series) -> BTreeSet<NaiveDate>) {
    let assets: String = SERIES.iter().map(Series::asset).collect();
    env.write("data/assets.toml", assets);
    for series in &SERIES {
        let (answer, fetched) = series.answer(&without(series));
        let file = format!("replay/yahoo/{}.json", series.id);
        env.write(&file, answer.to_string());
        let meta =
            json!({"status": 200, "headers": {}, "fetched_at": format!("{fetched}T01:00:00Z")});
        env.write(&format!("{file}.meta.json"), meta.to_string());
    }
}

const COLLECT: [&str; 3] = ["collect", "--replay", "replay"];
/// All that is found, but for volumes (some files have none), the moves of oil in 2019 and 2020, and closes that Yahoo has
/// outside the range of a pair of currencies.
const FOUND: &str = "SELECT asset_id || ' ' || rule, date FROM open_findings
    WHERE rule NOT IN ('zero_volume', 'volume_unknown')
      AND (asset_id, rule) NOT IN (('CL=F', 'price_jump'), ('EURUSD=X', 'close_outside_range'))
    ORDER BY asset_id, date";

#[test]
fn recorded_years_of_the_world_lack_what_they_lack_and_a_planted_gap_is_found() {
    let env = TestEnv::new();
    replay(&env, |_| BTreeSet::new());
    env.succeed(&COLLECT);
    let found =
        |env: &TestEnv| -> BTreeSet<(String, String)> { env.pairs(FOUND).into_iter().collect() };
    let gaps =
        |series: &Series, days: &mut dyn Iterator<Item = NaiveDate>| -> Vec<(String, String)> {
            let gap = |day: NaiveDate| (format!("{} date_gap", series.id), day.to_string());
            days.map(gap).collect()
        };
    let real: BTreeSet<_> = SERIES
        .iter()
        .flat_map(|s| gaps(s, &mut s.differences().into_iter().map(|(day, _)| day)))
        .collect();
    assert_eq!(found(&env), real);
    // One session in the middle of each, that of a Sunday where there are some.
    let planted = |series: &Series| -> NaiveDate {
        let bars = series.bars();
        let sunday = bars.iter().rev().nth(20).copied();
        let is_sunday = |d: &&NaiveDate| chrono::Datelike::weekday(*d) == chrono::Weekday::Sun;
        let last_sunday = bars.iter().rev().skip(1).find(is_sunday);
        last_sunday.copied().or(sunday).unwrap()
    };
    let env = TestEnv::new();
    replay(&env, |series| BTreeSet::from([planted(series)]));
    env.succeed(&COLLECT);
    let new: Vec<_> = SERIES
        .iter()
        .flat_map(|s| gaps(s, &mut [planted(s)].into_iter()))
        .collect();
    let expected: BTreeSet<_> = real.iter().cloned().chain(new).collect();
    assert_eq!(found(&env), expected);
    assert_eq!(expected.len(), real.len() + SERIES.len());
}

/// A series as recorded until a day, collected at a time.
fn collect_until(series: &Series, last: &str, fetched_at: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write("data/assets.toml", series.asset());
    let last: NaiveDate = last.parse().unwrap();
    let after = series.rows().into_keys().filter(|day| *day > last);
    let (answer, _) = series.answer(&after.collect());
    let file = format!("replay/yahoo/{}.json", series.id);
    env.write(&file, answer.to_string());
    let meta = json!({"status": 200, "headers": {}, "fetched_at": fetched_at});
    env.write(&format!("{file}.meta.json"), meta.to_string());
    env.succeed(&COLLECT);
    env
}

fn of(id: &str) -> &'static Series {
    SERIES.iter().find(|s| s.id == id).unwrap()
}

/// Golden Week, the Lunar New Year in three places, Diwali in both exchanges of Bombay, Eid in Riyadh.
#[test]
fn a_week_of_holidays_is_not_stale_and_the_day_after_it_is() {
    for (id, last, ok_until, stale) in [
        ("^N225", "2021-04-30", "2021-05-06", "2021-05-07"),
        ("000001.SS", "2021-02-10", "2021-02-18", "2021-02-19"),
        ("^HSI", "2021-02-11", "2021-02-16", "2021-02-17"),
        ("^TWII", "2021-02-05", "2021-02-17", "2021-02-18"),
        ("RELIANCE.NS", "2018-11-07", "2018-11-09", "2018-11-10"),
        ("^BSESN", "2020-11-13", "2020-11-17", "2020-11-18"),
        // From Thursday to the Sunday of the week after.
        ("2222.SR", "2020-05-21", "2020-05-31", "2020-06-01"),
    ] {
        let env = collect_until(of(id), last, &format!("{last}T23:59:00Z"));
        let status = |day: &str| {
            let ran = env.run(&["healthcheck", "--format", "json", "--as-of", day]);
            ran.rows()[0]["status"].as_str().unwrap().to_owned()
        };
        let mut day: NaiveDate = last.parse().unwrap();
        while day <= ok_until.parse().unwrap() {
            assert_eq!(status(&day.to_string()), "OK", "{id} as of {day}");
            day += TimeDelta::days(1);
        }
        assert_eq!(status(stale), "STALE", "{id} as of {stale}");
    }
}

/// Eight in the evening in Seoul, when its own bars are final, is noon in London and morning in New York.
#[test]
fn no_bar_of_london_or_new_york_is_final_in_the_evening_of_seoul() {
    let evening = NaiveTime::from_hms_opt(11, 0, 0).unwrap();
    for name in ["XLON", "XNYS", "XTSE", "CMES", "24/5", "BVMF"] {
        let calendar = calendar(name);
        let first = "2000-01-01".parse().unwrap();
        let mut sessions = calendar.sessions(first, "2027-12-31".parse().unwrap());
        let early = sessions.find(|d| calendar.final_at(*d) <= d.and_time(evening).and_utc());
        assert_eq!(early, None, "{name}");
    }
    for (id, last) in [("TSCO.L", "2020-06-24"), ("^GSPC", "2025-12-24")] {
        let env = collect_until(of(id), last, &format!("{last}T11:00:00Z"));
        let sql =
            format!("SELECT count(*) FROM price_daily WHERE date = '{last}' AND is_final = 0");
        assert_eq!(env.count(&sql), 1, "{id}");
        assert_eq!(
            env.count("SELECT count(*) FROM price_daily WHERE is_final = 0"),
            1
        );
    }
}

/// The whole of a list is final at its close and an hour, or later, and never after the next day has begun there.
#[test]
fn every_calendar_is_final_on_its_own_day() {
    let env = TestEnv::new();
    let rows = env
        .succeed(&["assets", "--calendars", "--format", "json"])
        .rows();
    for row in rows {
        let calendar = calendar(row["calendar"].as_str().unwrap());
        if calendar.known_until().is_none() {
            continue;
        }
        let (first, last) = ("2020-01-01".parse().unwrap(), "2027-12-31".parse().unwrap());
        for day in calendar.sessions(first, last) {
            let local = calendar.final_at(day).with_timezone(&calendar.zone());
            assert_eq!(local.date_naive(), day, "{} {local}", calendar.name());
            let noon = NaiveTime::from_hms_opt(12, 59, 0).unwrap();
            assert!(local.time() >= noon, "{} {local}", calendar.name());
        }
    }
}

/// Two shares of Tokyo under the calendar of New York: nothing is said of New York, and `doctor` says what is wrong.
#[test]
fn assets_of_another_exchange_give_no_advice_about_a_calendar() {
    let env = TestEnv::new();
    let series = of("^N225");
    let mut assets = String::new();
    for id in ["A", "B"] {
        assets += &series
            .asset()
            .replace("id = \"^N225\"", &format!("id = \"{id}\""))
            .replace("XTKS", "XNYS")
            .replace("JPY", "USD");
    }
    let (mut answer, fetched) = series.answer(&BTreeSet::new());
    answer["chart"]["result"][0]["meta"]["currency"] = json!("USD");
    env.write("data/assets.toml", assets);
    env.write("replay/yahoo/^N225.json", answer.to_string());
    let meta = json!({"status": 200, "headers": {}, "fetched_at": format!("{fetched}T23:00:00Z")});
    env.write("replay/yahoo/^N225.json.meta.json", meta.to_string());
    env.succeed(&COLLECT);
    let rules =
        "SELECT rule, asset_id FROM open_findings WHERE date = '2020-07-23' ORDER BY asset_id";
    let gap = |id: &str| ("date_gap".to_owned(), id.to_owned());
    assert_eq!(
        env.pairs(rules),
        [gap("A"), gap("B")],
        "Marine Day in Tokyo"
    );
    assert_eq!(
        env.count("SELECT count(*) FROM open_findings WHERE rule = 'probably_closed'"),
        0
    );
    let rows = env.run(&["doctor", "--offline", "--format", "json"]).rows();
    let about_a = rows.iter().find(|r| r["check"] == "asset A").unwrap();
    let detail = about_a["detail"].as_str().unwrap();
    assert_eq!(about_a["status"], "WARN");
    let why = "yahoo: the source names the exchange OSA, whose calendar is XTKS, not XNYS";
    assert_eq!(detail, why);
    // Their source says yen now: the answers are refused, and the reason is still there when the log is gone.
    answer["chart"]["result"][0]["meta"]["currency"] = json!("JPY");
    env.write("replay/yahoo/^N225.json", answer.to_string());
    assert_eq!(env.run(&COLLECT).code, 1);
    let rows = env.run(&["doctor", "--offline", "--format", "json"]).rows();
    let says = |words: &str| {
        rows.iter()
            .any(|r| r["detail"].as_str().unwrap().contains(words))
    };
    assert!(
        says("its prices are in JPY, but the assets file says USD"),
        "{rows:?}"
    );
}

#[test]
fn without_a_list_a_gap_is_what_two_others_have() {
    let env = TestEnv::new();
    let series = of("^TWII");
    let gone = "2021-03-17".parse().unwrap();
    let mut assets = String::new();
    for id in ["A", "B", "C"] {
        let asset = series.asset().replace("^TWII", id);
        assets += &asset.replace("XTAI", "weekdays@Asia/Taipei");
        let without = match id {
            "B" => BTreeSet::from([gone]),
            _ => BTreeSet::new(),
        };
        let (mut answer, fetched) = series.answer(&without);
        answer["chart"]["result"][0]["meta"]["symbol"] = json!(id);
        env.write(&format!("replay/yahoo/{id}.json"), answer.to_string());
        let meta =
            json!({"status": 200, "headers": {}, "fetched_at": format!("{fetched}T01:00:00Z")});
        env.write(
            &format!("replay/yahoo/{id}.json.meta.json"),
            meta.to_string(),
        );
    }
    env.write("data/assets.toml", assets);
    env.succeed(&COLLECT);
    let gap = [("2021-03-17".to_owned(), "B".to_owned())];
    assert_eq!(env.pairs(super::GAPS), gap);
    assert_eq!(
        env.count("SELECT count(*) FROM finding WHERE rule = 'probably_closed'"),
        0
    );
    // Fewer assets know less, and what was known stays.
    env.succeed(&[&COLLECT[..], &["--assets", "B", "--start", "2021-03-01"]].concat());
    assert_eq!(env.pairs(super::GAPS), gap);
}

/// A coin of ten decimals, as Yahoo would send it on the days of a recorded series.
fn coin() -> (Value, NaiveDate, BTreeMap<NaiveDate, [f64; 4]>) {
    let days = of("^N225");
    let (mut answer, fetched) = COIN.answer(&BTreeSet::new());
    let quote = &mut answer["chart"]["result"][0]["indicators"]["quote"][0];
    let mut prices = BTreeMap::new();
    for (at, day) in days.rows().into_keys().enumerate() {
        let price = 1e-10 * (1.0 + f64::from(u32::try_from(at % 17).unwrap()) / 100.0);
        for name in ["open", "high", "low", "close"] {
            quote[name][at] = json!(price);
        }
        prices.insert(day, [price; 4]);
    }
    (answer, fetched, prices)
}

const COIN: Series = series(
    "idx_N225_2020-05..2021-05",
    "COIN-USD",
    ["24/7", "USD", "UTC", "CCC"],
);

/// Pence, yen, oil below zero, Sundays, currencies.
const UNITS: [&str; 5] = ["TSCO.L", "^N225", "CL=F", "2222.SR", "EURUSD=X"];

type Bars = BTreeMap<(String, String), [u64; 4]>;

/// Collects series of all units, and tells their bars as they were recorded.
fn collect_units(env: &TestEnv) -> Bars {
    let all = UNITS.map(of);
    let mut assets: String = all.iter().map(|s| s.asset()).collect();
    assets += &COIN.asset().replace("\"stock\"", "\"crypto\"");
    env.write("data/assets.toml", assets);
    let mut expected = Bars::new();
    let mut expect = |id: &str, day: NaiveDate, values: [f64; 4]| {
        expected.insert((id.to_owned(), day.to_string()), values.map(f64::to_bits));
    };
    let write = |series: &Series, answer: &Value, fetched: NaiveDate| {
        let file = format!("replay/yahoo/{}.json", series.id);
        env.write(&file, answer.to_string());
        let meta =
            json!({"status": 200, "headers": {}, "fetched_at": format!("{fetched}T01:00:00Z")});
        env.write(&format!("{file}.meta.json"), meta.to_string());
    };
    for series in all {
        let (answer, fetched) = series.answer(&BTreeSet::new());
        write(series, &answer, fetched);
        let rows = series.rows().into_iter();
        for (day, row) in rows.filter(|(_, row)| row[3].is_some()) {
            let price = |at: usize| row[at].as_ref().unwrap().parse().unwrap();
            expect(series.id, day, [0, 1, 2, 3].map(price));
        }
    }
    let (answer, fetched, prices) = coin();
    write(&COIN, &answer, fetched);
    for (day, values) in prices {
        expect(COIN.id, day, values);
    }
    env.succeed(&[&COLLECT[..], &["--start", "2017-07-01"]].concat());
    expected
}

#[test]
fn prices_of_any_unit_arrive_bit_for_bit() {
    let warehouse = warehouse!();
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    let expected = collect_units(&env);
    env.succeed(&["sync"]);
    let sql = "SELECT asset_id, date::text, open, high, low, close FROM price_daily";
    let rows = warehouse.client().query(sql, &[]).unwrap();
    let arrived: Bars = rows
        .iter()
        .map(|r| {
            let price = |at: usize| r.get::<_, f64>(at).to_bits();
            ((r.get(0), r.get(1)), [2, 3, 4, 5].map(price))
        })
        .collect();
    let key = |id: &str, day: &str| (id.to_owned(), day.to_owned());
    let oil = arrived[&key("CL=F", "2020-04-20")];
    assert_eq!(oil[3], (-37.630_001_068_115_234_f64).to_bits());
    let sunday = key("2222.SR", "2020-06-28");
    assert!(arrived.contains_key(&sunday));
    assert_eq!(arrived.len(), expected.len());
    assert!(arrived == expected);
    // A second answer changes nothing, and is compared with nothing.
    env.succeed(&[&COLLECT[..], &["--audit"]].concat());
    assert_eq!(env.pending(), 0);
}

#[test]
fn what_is_shown_has_its_unit_and_oil_below_zero_is_a_jump() {
    let env = TestEnv::new();
    collect_units(&env);
    let shown = env.succeed(&["show", "TSCO.L", "--days", "3"]).stdout;
    assert!(shown.contains(" GBp "), "{shown}");
    let history = env.succeed(&["history", "TSCO.L", "2020-06-24"]).stdout;
    assert!(history.ends_with("prices: yahoo in GBp\n"), "{history}");
    let chart = env
        .succeed(&["show", "CL=F", "--days", "300", "--chart"])
        .stdout;
    assert!(chart.contains("-40."), "{chart}");
    let of_oil =
        "SELECT rule, date FROM open_findings WHERE asset_id = 'CL=F' AND date = '2020-04-20'
        AND rule <> 'zero_volume'";
    let jump = ("price_jump".to_owned(), "2020-04-20".to_owned());
    assert_eq!(env.pairs(of_oil), [jump]);
    let suspect =
        "SELECT count(*) FROM open_findings WHERE asset_id = 'CL=F' AND rule LIKE 'scale%'";
    assert_eq!(env.count(suspect), 0);
}
