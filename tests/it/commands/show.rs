//! `show`, the lines of `status`, and CSV: what a terminal gets, held to recordings that are read in another way.

use crate::support::program::TestEnv;
use crate::support::reading::{self, Days};
use crate::support::warehouse::warehouse;
use crate::support::{asset, recorded, route, shares, week};

const NAVER: &str = "naver/api_item_005930_day_2023-01..2026-01_rewrapped.json";
const WINDOW: [&str; 7] = [
    "collect",
    "--replay",
    "replay",
    "--start",
    "2023-01-01",
    "--end",
    "2026-02-01",
];

/// Three years of 005930 by Naver, replayed.
fn three_years() -> (TestEnv, Days) {
    let env = TestEnv::new();
    let assets = asset("005930", "XKRX", "KRW", &[("naver", "005930")]);
    env.write("data/assets.toml", assets);
    env.write("replay/naver/005930.json", recorded(NAVER));
    env.succeed(&WINDOW);
    (env, reading::naver(NAVER))
}

#[test]
fn csv_has_the_newest_days_as_the_recording_has_them() {
    let (env, days) = three_years();
    let ran = env.succeed(&["show", "005930", "--days", "100", "--format", "csv"]);
    let mut lines = ran.stdout.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let shown: Days = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let bits = ["open", "high", "low", "close"]
                .map(|name| cells[column(name)].parse::<f64>().unwrap().to_bits());
            let volume = cells[column("volume")].parse().unwrap();
            (cells[column("date")].to_owned(), (bits, volume))
        })
        .collect();
    let newest: Days = days.into_iter().rev().take(100).collect();
    assert_eq!(shown, newest);
}

#[test]
fn a_table_and_a_chart_end_with_the_newest_day() {
    let (env, days) = three_years();
    let (day, (bits, _)) = days.last_key_value().unwrap();
    let ran = env.succeed(&["show", "005930", "--days", "40", "--chart"]);
    let (table, chart) = ran.stdout.split_once("┤").unwrap();
    let rows = table.lines().filter(|l| l.starts_with(" 20"));
    assert_eq!(rows.clone().count(), 40, "{}", ran.stdout);
    let last = rows.max().unwrap();
    let close = f64::from_bits(bits[3]);
    let close = format!("{},{:03}", (close / 1000.0).floor(), close % 1000.0);
    assert!(
        last.contains(day.as_str()) && last.contains(&close),
        "{last}"
    );
    assert!(chart.contains('┃') && chart.contains('█') && chart.contains("volume"));
    // A pipe: no colour, and no line wider than the usual terminal.
    assert!(!ran.stdout.contains('\u{1b}'));
    assert!(chart.lines().all(|l| l.chars().count() <= 80), "{chart}");
}

#[test]
fn the_width_and_ascii_are_as_asked() {
    let (env, _) = three_years();
    let ascii = ["show", "005930", "--days", "700", "--chart", "--ascii"];
    let narrow = env.with("COLUMNS", "50");
    let printed = narrow.succeed(&ascii).stdout;
    let (_, chart) = printed
        .split_once("\n\n")
        .unwrap()
        .1
        .split_once("\n\n")
        .unwrap();
    assert!(chart.is_ascii(), "{chart}");
    assert!(chart.lines().all(|l| l.len() <= 50), "{chart}");
    assert!(
        chart.contains("a candle is 18 days") || chart.contains("a candle is 19 days"),
        "{chart}"
    );
    // Windows knows no locale in the environment.
    if cfg!(unix) {
        let narrow = narrow.with("LC_ALL", "C");
        assert!(narrow.succeed(&ascii[..5]).stdout.contains(chart));
    }
}

#[test]
fn status_draws_the_last_year_and_csv_is_for_every_command_with_rows() {
    let (env, days) = three_years();
    let status = env.succeed(&["status", "--wide"]).stdout;
    let line = status.lines().find(|l| l.contains("naver")).unwrap();
    let marks: Vec<char> = line.chars().filter(|c| ('▁'..='█').contains(c)).collect();
    let close = |day: &str| f64::from_bits(days[day].0[3]);
    assert!(close("2026-01-23") > close("2025-02-03") * 2.0);
    assert!(
        marks.len() > 20 && marks[0] < '▃' && marks.last() == Some(&'█'),
        "{line}"
    );

    let csv = env.succeed(&["status", "--format", "csv"]).stdout;
    assert!(
        csv.starts_with("asset_id,source,first_date,last_date,staged,"),
        "{csv}"
    );
    let (first, last) = (days.keys().next().unwrap(), days.keys().last().unwrap());
    let series = format!("005930,naver,{first},{last},{},", days.len());
    assert!(csv.contains(&series), "{csv}");
}

#[test]
fn what_is_not_there_is_said() {
    let env = TestEnv::new();
    let ran = env.run(&["show", "005930"]);
    assert!(
        ran.code == 1 && ran.error().contains("pricestash collect"),
        "{ran:?}"
    );
    let (env, _) = three_years();
    let ran = env.run(&["show", "SOXL"]);
    assert!(ran.code == 2 && ran.error().contains("005930"), "{ran:?}");
    assert_eq!(env.run(&["show", "005930", "--days", "0"]).code, 2);
}

#[test]
fn rows_of_another_program_are_shown_and_a_foreign_currency_is_not_mixed_in() {
    let (env, _) = three_years();
    env.staging()
        .execute_batch(
            "INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at)
             VALUES ('OWN', '2026-01-05', 'me', 1.5, 2.5, 1.0, 2.0, NULL, '2026-01-06T00:00:00.000000Z'),
                    ('005930', '2026-01-24', 'yahoo:X', 9.0, 9.0, 9.0, 9.0, 1, '2026-01-25T00:00:00.000000Z')",
        )
        .unwrap();
    let row = env.succeed(&["show", "OWN", "--format", "json"]).row();
    assert_eq!(
        (row["close"].as_f64(), row["volume"].is_null()),
        (Some(2.0), true)
    );
    let rows = env
        .succeed(&["show", "005930", "--days", "1", "--format", "json"])
        .rows();
    assert_eq!(rows[0]["date"], "2026-01-23");
}

#[test]
fn a_csv_without_rows_has_the_header_all_the_same() {
    let warehouse = warehouse!();
    let (server, env) = shares(&["A", "B"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    env.collect();
    server.answer(&route("A"), week([100, 101, 102, 104]));
    env.collect();
    env.sync(&[]);
    let header = |arguments: &[&str]| {
        let ran = env.run(&[arguments, &["--format", "csv"]].concat());
        let mut lines = ran.stdout.lines();
        let header = lines.next().unwrap_or_else(|| panic!("{ran:?}")).to_owned();
        (header, lines.count())
    };
    let with_rows = header(&["history", "A"]);
    assert_eq!((with_rows.0, 0), header(&["history", "B"]));
    let with_rows = header(&["export", "--assets", "A"]);
    assert_eq!(with_rows.1, 4);
    let none = header(&["export", "--assets", "A", "--start", "2030-01-01"]);
    assert_eq!((with_rows.0, 0), none);
    let none = header(&["verify"]);
    warehouse.execute("DELETE FROM price_daily WHERE asset_id = 'B'");
    assert_eq!((none.0, 4), header(&["verify"]));
    for (arguments, columns) in [
        (
            &["reconcile"][..],
            "asset_id,date,source,close,other_source,other_close,difference",
        ),
        (
            &["status", "--findings"],
            "asset_id,source,date,rule,detail",
        ),
    ] {
        assert_eq!(header(arguments), (columns.to_owned(), 0));
    }
}
