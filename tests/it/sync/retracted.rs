//! Bars that the owner takes back leave the warehouse too, and nothing else does.

use crate::support::program::TestEnv;
use crate::support::shares;
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{WEEK, route, server::Server, week};

fn collected(warehouse: &TestWarehouse) -> (Server, TestEnv) {
    let (server, env) = shares(&["A"]);
    let env = env.with("DATABASE_URL", &warehouse.url());
    env.collect();
    assert_eq!(env.sync(&[]).0, 0);
    (server, env)
}

fn retract(env: &TestEnv, day: &str, further: &[&str]) {
    let fixed = ["retract", "A", day, "--source", "naver"];
    env.succeed(&[&fixed[..], further].concat());
}

const DAYS: &str =
    "SELECT string_agg(concat_ws(' ', date, close), ', ' ORDER BY date) FROM price_daily";

#[test]
fn a_bar_leaves_the_warehouse_with_the_next_sync_and_comes_back_with_it() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse);
    retract(&env, WEEK[1], &["--reason", "a misprint"]);
    let status = env.run(&["status"]).stdout;
    assert!(
        status.contains("1 retracted bar is still in PostgreSQL"),
        "{status}"
    );
    let dry = env.run(&["sync", "--dry-run"]).stdout;
    assert!(dry.contains("1 retracted bar would be removed"), "{dry}");
    let (code, outcome) = env.sync(&[]);
    assert_eq!(
        (code, &outcome["retracted"], &outcome["sent"]),
        (0, &1.into(), &0.into())
    );
    assert_eq!(
        warehouse.text(DAYS),
        "2024-01-02 100, 2024-01-04 102, 2024-01-05 103"
    );
    env.succeed(&["verify"]);
    let (_, again) = env.sync(&[]);
    assert_eq!(again["retracted"], 0);
    retract(&env, WEEK[1], &["--undo"]);
    assert_eq!(env.sync(&[]).1["inserted"], 1);
    env.succeed(&["verify"]);
}

#[test]
fn the_bars_acknowledged_last_may_be_taken_back_and_nothing_is_sent_again() {
    let warehouse = warehouse!();
    let (server, env) = collected(&warehouse);
    for day in WEEK {
        retract(&env, day, &["--reason", "of another company"]);
    }
    assert_eq!(env.sync(&[]).1["retracted"], 4);
    server.answer(&route("A"), week([200, 201, 202, 203]));
    env.collect();
    let (code, outcome) = env.sync(&[]);
    assert_eq!((code, &outcome["sent"]), (0, &4.into()), "{outcome}");
    // A warehouse that was set back has them again.
    warehouse.execute("UPDATE price_daily SET close = close - 100, open = open - 100, high = high - 100, low = low - 100, ingested_at = '2020-01-01'");
    let (code, outcome) = env.sync(&["--full"]);
    assert_eq!((code, &outcome["sent"]), (0, &4.into()), "{outcome}");
    assert_eq!(
        warehouse.text(DAYS),
        "2024-01-02 200, 2024-01-03 201, 2024-01-04 202, 2024-01-05 203"
    );
}

#[test]
fn what_another_machine_fetched_later_stays_unless_it_says_the_same() {
    for (change, stays) in [
        (
            "close = 105, ingested_at = ingested_at + interval '1 minute'",
            true,
        ),
        ("ingested_at = ingested_at + interval '1 minute'", false),
        (
            "close = 99, ingested_at = ingested_at - interval '1 minute'",
            false,
        ),
        ("close = 99, ingested_at = now() + interval '1 year'", false),
    ] {
        let warehouse = warehouse!();
        let (_server, env) = collected(&warehouse);
        warehouse.execute(&format!(
            "UPDATE price_daily SET {change} WHERE date = '2024-01-03'"
        ));
        retract(&env, WEEK[1], &["--reason", "a misprint"]);
        assert_eq!(env.sync(&[]).0, 0);
        let days = warehouse.text(DAYS);
        assert_eq!(days.contains("2024-01-03"), stays, "{change}: {days}");
        assert!(days.contains("2024-01-04 102"), "{days}");
    }
}

#[test]
fn without_the_right_to_delete_it_waits_and_is_said() {
    let mut warehouse = warehouse!();
    let (_server, mut env) = collected(&warehouse);
    let url = warehouse.url_of_a_writer("price_daily, asset_master, job_run");
    env.set("DATABASE_URL", &url);
    retract(&env, WEEK[1], &["--reason", "a misprint"]);
    let (code, outcome) = env.sync(&[]);
    assert_eq!((code, &outcome["retracted"]), (3, &0.into()));
    let ran = env.run(&["sync"]);
    assert!(
        ran.stdout
            .contains("retracted bars are still in the warehouse"),
        "{ran:?}"
    );
    let doctor = env.run(&["doctor"]).stdout;
    assert!(doctor.contains("`retract` needs DELETE"), "{doctor}");
    env.set("DATABASE_URL", &warehouse.url());
    assert_eq!(env.sync(&[]).1["retracted"], 1);
    assert_eq!(
        warehouse.text(DAYS),
        "2024-01-02 100, 2024-01-04 102, 2024-01-05 103"
    );
}

#[test]
fn a_bar_that_is_put_back_while_it_is_taken_out_is_sent_again() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse);
    retract(&env, WEEK[1], &["--reason", "a misprint"]);
    let lock = warehouse.lock_prices();
    let sync = env.start(&["sync"]);
    warehouse.until_somebody_waits();
    retract(&env, WEEK[1], &["--undo"]);
    drop(lock);
    assert_eq!(sync.wait().code, 0);
    env.sync(&[]);
    assert_eq!(
        warehouse.text(DAYS),
        "2024-01-02 100, 2024-01-03 101, 2024-01-04 102, 2024-01-05 103"
    );
}

#[test]
fn a_bar_that_another_machine_has_sent_again_is_taken_out_again() {
    let warehouse = warehouse!();
    let (_server, env) = collected(&warehouse);
    let (_other_server, other) = collected(&warehouse);
    retract(&env, WEEK[1], &["--reason", "a misprint"]);
    assert_eq!(env.sync(&[]).1["retracted"], 1);
    other.run(&["verify", "--repair"]);
    assert_eq!(other.sync(&[]).1["inserted"], 1);
    let ran = env.run(&["verify", "--repair"]);
    let says = "1 bar was retracted here but present there again: the next sync removes it";
    assert!(ran.stdout.contains(says), "{ran:?}");
    assert_eq!(env.sync(&["--assets", "A"]).1["retracted"], 1);
    assert_eq!(
        warehouse.text(DAYS),
        "2024-01-02 100, 2024-01-04 102, 2024-01-05 103"
    );
}
