//! The table that had what was acknowledged is gone, emptied, moved or set back: everything is sent again.

use crate::support::program::TestEnv;
use crate::support::stock::{fill, stocked};
use crate::support::warehouse::{TestWarehouse, warehouse};

const ROWS: &str = "SELECT count(*) FROM price_daily";

/// A sync of three new rows after something happened to a table with 1500: everything is there again, it is said once, and doctor
/// and status say it before.
fn comes_back(happened: impl Fn(&TestWarehouse), what: &str) {
    let Some(warehouse) = TestWarehouse::of(what) else {
        return;
    };
    let env = stocked(&warehouse.url(), 1500);
    // One after the other, so that it is known which rows are acknowledged last: two connections may end in either order.
    for asset in ["000000", "000001"] {
        assert_eq!(env.sync(&["--assets", asset]).0, 0);
    }
    happened(&warehouse);
    let doctor = env.run(&["doctor", "--offline"]);
    let status = env.succeed(&["status"]).stdout;
    let is_said = ["not in this table", "no table price_daily"];
    assert!(
        is_said.iter().any(|s| status.contains(s)),
        "{what}: {status}"
    );
    fill(&env, 1500, 3);
    let ran = env.run(&["sync", "--format", "json"]);
    assert_eq!((ran.code, env.pending()), (0, 0), "{what}: {ran:?}");
    let said = "sending all of them again";
    assert_eq!(ran.stderr.matches(said).count(), 1, "{what}: {ran:?}");
    assert_eq!(warehouse.count(ROWS), 1503, "{what}");
    // A table that is missing altogether has a check of its own.
    let is_said = ["not in this table", "price_daily"];
    assert!(
        is_said.iter().any(|s| doctor.stdout.contains(s)),
        "{doctor:?}"
    );
    assert_equal_again(&env, what);
}

/// Nothing is sent a third time.
fn assert_equal_again(env: &TestEnv, what: &str) {
    fill(env, 1503, 1);
    let ran = env.run(&["sync", "--format", "json"]);
    assert_eq!((ran.code, &ran.row()["sent"]), (0, &1.into()), "{what}");
    assert!(!ran.stderr.contains("sent again"), "{what}: {ran:?}");
    env.succeed(&["verify"]);
    let status = env.succeed(&["status"]).stdout;
    let is_said = ["not in this table", "no table price_daily"];
    assert!(
        !is_said.iter().any(|s| status.contains(s)),
        "{what}: {status}"
    );
}

#[test]
fn status_does_not_call_sent_rows_well_where_nobody_answers() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 5);
    let nobody = "postgres://me:canary@127.0.0.1:1/prices";
    let unknown = "cannot tell whether PostgreSQL still has the rows sent before";
    // Nothing was sent yet, so nobody is asked.
    let env = env.with("DATABASE_URL", nobody);
    assert!(!env.succeed(&["status"]).stdout.contains(unknown));
    let env = env.with("DATABASE_URL", &warehouse.url());
    assert_eq!(env.sync(&[]).0, 0);
    assert!(!env.succeed(&["status"]).stdout.contains(unknown));
    let env = env.with("DATABASE_URL", nobody);
    let status = env.succeed(&["status"]).stdout;
    assert!(status.starts_with("Not all is well"), "{status}");
    assert!(
        status.contains(unknown) && !status.contains("canary"),
        "{status}"
    );
    // Where only a run's record was sent, no row can be missing.
    let env = stocked(&warehouse.url(), 1);
    env.staging()
        .execute("DELETE FROM price_daily", [])
        .unwrap();
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(env.sync(&[]).0, 0);
    let sent = "SELECT count(*) FROM job_run WHERE synced_revision > 0";
    assert!(env.count(sent) > 0);
    let env = env.with("DATABASE_URL", nobody);
    assert!(!env.succeed(&["status"]).stdout.contains(unknown));
}

#[test]
fn dropped() {
    comes_back(|w| w.execute("DROP TABLE price_daily"), "dropped");
}

#[test]
fn dropped_with_all_others() {
    let all = "DROP TABLE price_daily, asset_master, job_run";
    comes_back(|w| w.execute(all), "dropped_with_all_others");
}

#[test]
fn emptied() {
    comes_back(|w| w.execute("TRUNCATE price_daily"), "emptied");
}

#[test]
fn made_anew_by_somebody_else() {
    let anew = "CREATE TABLE other (LIKE price_daily INCLUDING ALL); DROP TABLE price_daily; ALTER TABLE other RENAME TO price_daily";
    comes_back(|w| w.execute(anew), "made_anew_by_somebody_else");
}

#[test]
fn moved_to_another_schema() {
    let moved = "CREATE SCHEMA kept; ALTER TABLE price_daily SET SCHEMA kept";
    comes_back(|w| w.execute(moved), "moved_to_another_schema");
}

#[test]
fn set_back_to_the_morning() {
    // What came last is not there.
    let set_back = "DELETE FROM price_daily WHERE (asset_id, date) > ('000000', '2020-06-01')";
    comes_back(|w| w.execute(set_back), "set_back_to_the_morning");
}

#[test]
fn a_sync_without_a_new_row_sees_it_too() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 5);
    assert_eq!(env.sync(&[]).0, 0);
    warehouse.execute("DELETE FROM price_daily");
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["inserted"]), (0, &5.into()), "{row}");
}

#[test]
fn another_search_path_is_another_table() {
    let warehouse = warehouse!();
    let env = stocked(&warehouse.url(), 10);
    assert_eq!(env.sync(&[]).0, 0);
    warehouse.execute("CREATE SCHEMA second");
    let separator = if warehouse.url().contains('?') {
        "&"
    } else {
        "?"
    };
    let second = format!(
        "{}{separator}options=-csearch_path%3Dsecond",
        warehouse.url()
    );
    let env = env.with("DATABASE_URL", &second);
    fill(&env, 10, 1);
    assert_eq!(env.sync(&[]).0, 0);
    assert_eq!(
        warehouse.count("SELECT count(*) FROM second.price_daily"),
        11
    );
}

#[test]
fn a_file_of_the_first_version_goes_on_and_is_completed() {
    let mut warehouse = warehouse!();
    let owner = stocked(&warehouse.url(), 1);
    owner.succeed(&["schema", "warehouse", "--apply"]);
    let url = warehouse.url_of_a_writer("price_daily, asset_master, job_run");
    let env = stocked(&url, 20);
    assert_eq!(env.sync(&[]).0, 0);
    let file = env.staging();
    file.execute_batch("UPDATE warehouse SET relation = NULL, place = NULL, witnesses = NULL")
        .unwrap();
    fill(&env, 20, 2);
    let (code, row) = env.sync(&[]);
    assert_eq!(
        (code, &row["sent"], &row["round_trips"]),
        (0, &2.into(), &2.into()),
        "{row}"
    );
    let completed = "SELECT count(*) FROM warehouse WHERE relation LIKE 'public.%' AND place IS NOT NULL AND witnesses IS NOT NULL";
    assert_eq!(env.count(completed), 1);
}
