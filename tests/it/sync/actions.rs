//! Dividends and splits on their way to PostgreSQL, and the prices that are adjusted by them there.

use crate::support::program::TestEnv;
use crate::support::warehouse::{TestWarehouse, warehouse};
use crate::support::{asset, recorded};

const AAPL: &str = "yahoo/historicalv8-AAPL-2020-01-01-to-2021-01-04.2021-11-12.json";

/// Apple in 2020 as it was recorded, with four dividends and a split.
fn collected(warehouse: &TestWarehouse) -> TestEnv {
    let env = TestEnv::new().with("DATABASE_URL", &warehouse.url());
    env.write(
        "data/assets.toml",
        asset("AAPL", "XNYS", "USD", &[("yahoo", "AAPL")]),
    );
    env.write("replay/yahoo/AAPL.json", recorded(AAPL));
    replay(&env, "2021-11-12T12:00:00Z");
    env
}

fn replay(env: &TestEnv, at: &str) {
    let fixed = ["collect", "--replay", "replay", "--start", "2020-01-01"];
    let ran = env.run(&[&fixed[..], &["--fetched-at", at]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

const PENDING: &str = "SELECT date, kind FROM corporate_action WHERE revision <> synced_revision
     UNION ALL SELECT first_date, last_date FROM corporate_action_coverage WHERE revision <> synced_revision";
const COUNT: &str = "SELECT count(*) FROM corporate_action";

#[test]
fn actions_arrive_once_and_the_latest_telling_wins() {
    let mut warehouse = warehouse!();
    let env = collected(&warehouse);
    assert_eq!(env.pairs(PENDING).len(), 6);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(env.pairs(PENDING), []);
    assert_eq!(warehouse.count(COUNT), 5);
    let of = |warehouse: &mut TestWarehouse| {
        warehouse.text(
            "SELECT concat_ws(' ', date, kind, amount, numerator, denominator, currency, left_out, ingested_at AT TIME ZONE 'UTC')
             FROM corporate_action WHERE date >= '2020-08-31' ORDER BY date LIMIT 1",
        )
    };
    let split = "2020-08-31 split 4 1 2021-11-12 12:00:00";
    assert_eq!(of(&mut warehouse), split);
    let coverage =
        "SELECT concat_ws(' ', source, first_date, last_date) FROM corporate_action_coverage";
    assert!(warehouse.text(coverage).starts_with("yahoo 2020-01-02 "));
    // Another machine was told something else, earlier and later.
    for (told_at, numerator) in [("2021-11-11", 4), ("2021-11-13", 5)] {
        warehouse.execute(&format!("UPDATE corporate_action SET numerator = 5, ingested_at = '{told_at}' WHERE kind = 'split'"));
        assert_eq!(env.sync(&["--full"]).0, 0);
        assert!(
            of(&mut warehouse).starts_with(&format!("2020-08-31 split {numerator} 1")),
            "{told_at}"
        );
    }
    warehouse.execute("DROP TABLE corporate_action");
    assert_eq!(env.sync(&["--full"]).0, 0);
    assert_eq!(warehouse.count(COUNT), 5, "made again");
}

#[test]
fn prices_are_adjusted_there_as_in_the_file() {
    let warehouse = warehouse!();
    let env = collected(&warehouse);
    // A split that stands, in bars that nobody has adjusted.
    let connection = env.staging();
    connection
        .execute_batch(
            "UPDATE price_daily SET close = close * 7, revision = revision + 1 WHERE date < '2020-06-09';
             INSERT INTO corporate_action (asset_id, source, date, kind, numerator, denominator)
             VALUES ('AAPL', 'yahoo', '2020-06-09', 'split', 7.0, 1.0);
             INSERT INTO corporate_action (asset_id, source, date, kind, amount) VALUES ('AAPL', 'yahoo', '2030-01-01', 'dividend', 1.0);
             UPDATE corporate_action SET ingested_at = '2020-03-01T12:00:00Z', revision = revision + 1 WHERE date = '2020-02-07';
             UPDATE corporate_action SET left_out = 'odd', revision = revision + 1 WHERE date = '2020-11-06'",
        )
        .unwrap();
    drop(connection);
    env.sync(&[]);
    let ran = env.run(&["schema", "adjusted-price", "--apply"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    env.succeed(&["schema", "adjusted-price", "--apply"]);
    let here: Vec<(String, String)> = env.pairs(
        "SELECT date, printf('%.9f %.9f %.6f %.6f %s %s', split_factor, dividend_factor, close_split, close_all, action_source, known_until)
         FROM adjusted_price ORDER BY date",
    );
    let rows = warehouse
        .client()
        .query(
            "SELECT date::text, concat_ws(' ', round(split_factor::numeric, 9), round(dividend_factor::numeric, 9),
                        round(close_split::numeric, 6), round(close_all::numeric, 6), action_source, known_until)
             FROM adjusted_price ORDER BY date",
            &[],
        )
        .unwrap();
    let there: Vec<(String, String)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    assert_eq!(here.len(), 253);
    assert!(here[0].1.starts_with("0.142857143 0.99"), "{:?}", here[0]);
    let factor = |at: usize| {
        here[at]
            .1
            .split(' ')
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let (told_before, told_since) = (1.0 - factor(0) / factor(60), 1.0 - factor(60) / factor(120));
    assert!(
        told_before < told_since / 5.0,
        "{told_before} {told_since}: a dividend told before the split is of the old shares"
    );
    assert_eq!(here, there);
    warehouse.execute("UPDATE corporate_action_coverage SET first_date = '2020-03-02'");
    let unknown = "SELECT count(*) FROM adjusted_price WHERE date < '2020-03-02' AND close_all IS NULL AND split_factor IS NULL";
    assert_eq!(warehouse.count(unknown), 40);
    warehouse.execute("DELETE FROM corporate_action_coverage");
    assert_eq!(
        warehouse.count("SELECT count(close_all) FROM adjusted_price"),
        0
    );
}

#[test]
fn without_a_right_to_the_table_the_prices_go() {
    let mut warehouse = warehouse!();
    let env = collected(&warehouse);
    env.succeed(&["schema", "warehouse", "--apply"]);
    warehouse.execute("DROP TABLE corporate_action, corporate_action_coverage");
    let url = warehouse.url_of_a_writer("asset_master, price_daily, job_run");
    let writer = env.with("DATABASE_URL", &url);
    let ran = writer.run(&["sync"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr
            .contains("some dividends and splits were not sent"),
        "{}",
        ran.stderr
    );
    assert_eq!(warehouse.count("SELECT count(*) FROM price_daily"), 253);
    assert_eq!(writer.pairs(PENDING).len(), 6, "they wait");
    let owner = writer.with("DATABASE_URL", &warehouse.url());
    assert_eq!(owner.sync(&[]).0, 0);
    assert_eq!(warehouse.count(COUNT), 5);
}
