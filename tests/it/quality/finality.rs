//! Every version of a file that its source served through several days, each with the time it was served at: what is final
//! when, and what is a correction. (`week` asks twice a day.)

use std::fs;

use super::{kospi, year};
use crate::support::{recorded, repository};

/// When a file was served, and its bytes.
type Served = (String, Vec<u8>);

/// The served versions of the KRX file of 2026, oldest first, each with the time it was served at.
fn served() -> Vec<Served> {
    let folder = repository("tests/fixtures/krx_index_intraday");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|n| n.ends_with(".csv"));
    names.sort();
    let time = |name: &str| {
        let (day, rest) = name.split_once('@').unwrap().1.split_once('T').unwrap();
        format!("{day}T{}:{}:00+09:00", &rest[..2], &rest[2..4])
    };
    names
        .iter()
        .map(|n| (time(n), recorded(&format!("krx_index_intraday/{n}"))))
        .collect()
}

#[test]
fn a_file_as_it_was_served_through_several_days_ends_with_the_final_values() {
    let env = kospi(&[]);
    let served = served();
    assert!(served.len() > 30);
    let collect = |time: &str, body: &[u8]| {
        env.write("replay/krx/ks200_2026.csv", body);
        env.succeed(&["collect", "--replay", "replay", "--fetched-at", time])
    };
    let mut corrections = 0;
    let mut last_line = String::new();
    for (time, body) in &served {
        let text = String::from_utf8(body.clone()).unwrap();
        let line = text.lines().last().unwrap().to_owned();
        // A row of the same day with other open, high, low, close or volume is a correction.
        let values = |l: &str| -> Vec<String> {
            let f: Vec<&str> = l.split(',').collect();
            [0, 1, 5, 6, 7, 8]
                .iter()
                .map(|i| f[*i].to_owned())
                .collect()
        };
        let same_day = !last_line.is_empty() && line[..10] == last_line[..10];
        corrections += i64::from(same_day && values(&line) != values(&last_line));
        last_line = line.clone();
        collect(time, body);
        let now: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
        let day: chrono::NaiveDate = line[..10].parse().unwrap();
        let final_at = day.and_hms_opt(7, 30, 0).unwrap().and_utc();
        let is_final = format!("SELECT is_final FROM price_daily WHERE date = '{day}'");
        assert_eq!(env.count(&is_final), i64::from(now >= final_at), "{time}");
    }
    assert!(corrections > 20);
    let last =
        env.pairs("SELECT date, CAST(close AS TEXT) FROM price_daily ORDER BY date DESC LIMIT 1");
    assert_eq!(last, [("2026-03-20".to_owned(), "862.5".to_owned())]);
    assert_eq!(
        env.count("SELECT count(*) FROM price_revision"),
        corrections + between_days(&served)
    );
    // An older version afterwards changes nothing.
    let before =
        env.pairs("SELECT date || close || volume, ingested_at FROM price_daily ORDER BY 1");
    let (time, body) = &served[0];
    collect(time, body);
    assert_eq!(
        env.pairs("SELECT date || close || volume, ingested_at FROM price_daily ORDER BY 1"),
        before
    );
}

/// Corrections that show only in a later file whose last row is of another day.
fn between_days(served: &[Served]) -> i64 {
    let rows = |body: &[u8]| -> std::collections::BTreeMap<String, Vec<String>> {
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.lines()
            .skip(1)
            .map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>())
            .map(|f| {
                (
                    f[0].clone(),
                    [1, 5, 6, 7, 8].iter().map(|i| f[*i].clone()).collect(),
                )
            })
            .collect()
    };
    let changed = |(a, b): (&Served, &Served)| {
        let (old, new) = (rows(&a.1), rows(&b.1));
        let last = new.keys().last().cloned();
        old.iter()
            .filter(|(day, values)| {
                Some(*day) != last.as_ref() && new.get(*day).is_some_and(|v| v != *values)
            })
            .count()
    };
    served
        .iter()
        .zip(served.iter().skip(1))
        .map(changed)
        .sum::<usize>()
        .try_into()
        .unwrap()
}

#[test]
fn a_recording_from_the_future_is_refused() {
    let env = kospi(&[("2018", year("2018"))]);
    let meta = "{\"fetched_at\": \"2999-01-01T00:00:00Z\"}";
    env.write("replay/krx/ks200_2018.csv.meta.json", meta);
    let ran = env.run(&[
        "collect",
        "--replay",
        "replay",
        "--start",
        "2018-01-01",
        "--end",
        "2018-12-31",
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("is in the future"), "{}", ran.stdout);
    assert_eq!(env.count("SELECT count(*) FROM price_daily"), 0);
}
