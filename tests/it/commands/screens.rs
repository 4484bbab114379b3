//! What is printed fits the screen: 80 columns say what matters, 200 say all, and a sentence is folded between its words.

use unicode_width::UnicodeWidthStr;

use crate::support::program::TestEnv;
use crate::support::server::{Answer, dead_origin};
use crate::support::{repository, route, shares};

/// The sample, collected, with an asset that has no recording and a long name.
fn sample(columns: &str) -> TestEnv {
    let env = TestEnv::new().with("COLUMNS", columns).with("TZ", "UTC");
    let assets = std::fs::read_to_string(repository("data/assets.toml")).unwrap();
    env.write("data/assets.toml", assets);
    let folder = repository("data/sample");
    let ran = env.run(&["collect", "--replay", folder.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    env
}

const SCREENS: [&[&str]; 14] = [
    &["assets"],
    &["status"],
    &["status", "--runs"],
    &["status", "--commands"],
    &["status", "--findings"],
    &["healthcheck"],
    &["assets", "--calendars"],
    &["assets", "--calendar", "XKRX", "2026"],
    &["show", "SOXL"],
    &["show", "BTC", "--days", "5"],
    &["history", "SOXL", "2026-06-05"],
    &["reconcile"],
    &["actions", "SOXL"],
    &["sync"],
];

fn widest(text: &str) -> (usize, String) {
    let lines = text.lines().map(|line| (line.width(), line.to_owned()));
    lines.max().unwrap_or_default()
}

#[test]
fn nothing_wraps_at_eighty_columns_and_wide_screens_show_more() {
    let narrow = sample("80");
    for arguments in SCREENS {
        let ran = narrow.run(arguments);
        let (width, line) = widest(&ran.stdout);
        assert!(width <= 80, "{arguments:?} takes {width}: {line}");
    }
    // Its staging file is the same one.
    let wide = narrow.with("COLUMNS", "200");
    for (arguments, further) in [
        (&["status"][..], "provisional"),
        (&["status", "--runs"], "process id"),
        (&["status", "--commands"], "last success"),
        (&["healthcheck"], "category"),
        (&["assets", "--calendars"], "zone"),
        (&["show", "SOXL"], "source"),
        (&["history", "SOXL", "2026-06-05"], "replaced by"),
    ] {
        let wide = wide.run(arguments).stdout;
        assert!(wide.contains(further), "{arguments:?}: {wide}");
        assert!(widest(&wide).0 <= 200, "{wide}");
    }
    let all = wide.with("COLUMNS", "40").run(&["status", "--wide"]).stdout;
    assert!(all.contains("provisional") && widest(&all).0 > 80, "{all}");
}

#[test]
fn status_at_eighty_columns_is_this() {
    let env = sample("80");
    env.staging()
        .execute_batch(
            "UPDATE job_run SET started_at = '2026-07-03T09:00:00.000000Z', ended_at = '2026-07-03T09:00:01.200000Z', host = 'h'",
        )
        .unwrap();
    let text = env.run(&["status"]).stdout;
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with(" asset id"))
        .take(8)
        .collect();
    assert_eq!(
        table,
        [
            " asset id  source  last date   freshness  pending  findings  last year",
            " 000660    naver   2025-06-16  STALE          369         0  ▇▂▁▂▃▁▁▅▅▄▁▄█",
            " 005930    naver   2026-01-23  STALE          732         0  ▁▁▁▁▁▁▂▂▃▅▄▅█",
            " BTC       upbit   2025-07-29  STALE            2         0  ▁█",
            " GC=F      yahoo   2025-08-22  STALE          753         5  ▁▂▃▂▂▄▄▆▇█▇██",
            " KS200     krx     2026-03-20  STALE           52         0  ▁▁▂▃▄▅▄▆█▄▆▆▇",
            " SI=F                          NO_DATA          0         0",
            " SOXL      yahoo   2026-07-02  STALE          753         2  ▁▁▁▁▁▂▂▂▂▂▄█▅",
        ],
        "{text}"
    );
    let runs = text.split_once("Last runs").unwrap().1;
    assert!(
        !runs.contains("T09:00"),
        "times are local, to the minute: {runs}"
    );
    let findings = text.split_once("Open findings").unwrap().1;
    assert!(findings.contains("close 182.54 after 262.7"), "{findings}");
}

#[test]
fn a_run_without_a_network_says_one_line_a_host_and_which_assets_were_skipped() {
    let (server, env) = shares(&["A", "B", "C", "D", "E", "F", "G"]);
    drop(server);
    let gone = dead_origin();
    let env = env
        .with("NAVER_BASE_URL", &gone)
        .with("NAVER_FCHART_BASE_URL", &gone)
        .with("COLUMNS", "80");
    let ran = env.collect();
    assert_eq!(ran.code, 1, "{ran:?}");
    let says = "7 assets were skipped, their sources could not be asked: A, B, C, D, E and 2 more";
    let unfolded = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unfolded.contains(says), "{ran:?}");
    let hosts = ran
        .stderr
        .lines()
        .filter(|l| l.contains("skipped for the rest of this run"));
    assert_eq!(hosts.count(), 2, "{ran:?}");
    assert!(ran.stderr.lines().count() <= 4, "{ran:?}");
    // Each asset has its cause all the same.
    assert_eq!(env.said().matches("no source has a bar").count(), 7);
    // Where one host answers and refuses the asset, that is said of the asset.
    let (server, env) = shares(&["A"]);
    server.answer(&route("A"), Answer::new(404, "gone"));
    let ran = env.collect();
    assert!(!ran.stdout.contains("skipped"), "{ran:?}");
}

#[test]
fn doctor_shows_the_settings_that_differ() {
    let env = sample("80")
        .with("FETCH_TIMEOUT", "30")
        .with("FETCH_MAX_RETRIES", "7");
    let text = env.run(&["doctor"]).stdout;
    assert!(text.contains("FETCH_MAX_RETRIES=7 (environment)"), "{text}");
    assert!(!text.contains("FETCH_TIMEOUT"), "{text}");
    assert!(widest(&text).0 <= 80, "{text}");
}

/// The rows of `status` in a C locale, in which its drawings are ASCII. No locale of Windows says so.
#[cfg(unix)]
fn status_in_ascii(columns: &str) -> Vec<String> {
    let text = sample(columns).with("LC_ALL", "C").run(&["status"]).stdout;
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with(" asset id"))
        .take_while(|line| !line.is_empty());
    rows.map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn status_in_ascii_is_this_at_eighty_and_at_two_hundred_columns() {
    assert_eq!(
        status_in_ascii("80"),
        [
            " asset id  source  last date   freshness  pending  findings  last year",
            " 000660    naver   2025-06-16  STALE          369         0  *._.,__==-_-#",
            " 005930    naver   2026-01-23  STALE          732         0  ______..,=-=#",
            " BTC       upbit   2025-07-29  STALE            2         0  _#",
            " GC=F      yahoo   2025-08-22  STALE          753         5  _.,..--+*#*##",
            " KS200     krx     2026-03-20  STALE           52         0  __.,-=-+#-++*",
            " SI=F                          NO_DATA          0         0",
            " SOXL      yahoo   2026-07-02  STALE          753         2  _____.....-#=",
        ]
    );
    assert_eq!(
        status_in_ascii("200")[..3],
        [
            " asset id  source  last date   freshness  pending  findings  last year                   ok 30 days  staged  first date  provisional",
            " 000660    naver   2025-06-16  STALE          369         0  +**-,._,--,...--=-=-,,-=#   1/1            369  2023-12-05            0",
            " 005930    naver   2026-01-23  STALE          732         0  __________......,--=-==*#   1/1            732  2023-01-25            0",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_chart_in_ascii_fits_eighty_and_two_hundred_columns() {
    for columns in ["80", "200"] {
        let env = sample(columns).with("LC_ALL", "C");
        let text = env.run(&["show", "SOXL", "--chart", "--days", "90"]).stdout;
        assert!(text.is_ascii(), "{text}");
        assert!(widest(&text).0 <= columns.parse().unwrap(), "{text}");
        assert!(text.contains("rises, # falls"), "{text}");
    }
}

#[test]
fn long_values_of_an_import_and_of_a_tested_source_fit_eighty_columns() {
    let env = sample("80");
    let long = "9".repeat(100);
    env.write(
        "x.csv",
        format!("date,open,high,low,close\n2024-01-03,{long},1,2,3\n2024-01-04,1,{long},2,\"3 {long}\"\n"),
    );
    let ran = env.run(&["import", "x.csv", "--asset", "SOXL"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("2 rows went to quarantine"), "{ran:?}");
    assert!(widest(&ran.stdout).0 <= 80, "{}", ran.stdout);
    let assets = std::fs::read_to_string(env.path("data/assets.toml")).unwrap();
    let own = "[[source]]\nname = \"mine\"\nurl = \"https://h/{symbol}\"\nformat = \"csv\"\ndate = \"Date\"\n\
               open = \"Open\"\nhigh = \"High\"\nlow = \"Low\"\nclose = \"Close\"\nvolume = \"Volume\"\n\n";
    env.write("data/assets.toml", format!("{own}{assets}"));
    env.write(
        "kept/mine/X.csv",
        format!("Date,Open,High,Low,Close,Volume\n2024-01-03,{long},{long},{long},{long},{long}\n2024-01-04,1,2,1,2,5\n"),
    );
    let ran = env.run(&["assets", "test-source", "mine", "X", "--replay", "kept"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("2024-01-04"), "{ran:?}");
    assert!(widest(&ran.stdout).0 <= 80, "{}", ran.stdout);
}
