//! Checks that a file has the tables of its version and nothing that acts on its own.

use std::collections::BTreeSet;

use anyhow::Result;
use rusqlite::Connection;

use crate::staging::MIGRATIONS;

/// The columns of the file's tables.
const COLUMNS: &str =
    "SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table'";
/// The file's views, which commands read.
const VIEWS: &str = "SELECT name FROM sqlite_master WHERE type = 'view'";
/// The file's triggers, which would change what anyone writes.
const TRIGGERS: &str =
    "SELECT name || ' (' || coalesce(sql, '') || ')' FROM sqlite_master WHERE type = 'trigger'";

/// How a file's schema differs from what this program's migrations create; additional tables, columns and indexes are
/// harmless.
pub(super) fn foreign_schema(file: &Connection) -> Result<Option<String>> {
    let version: usize =
        file.query_row("SELECT user_version FROM pragma_user_version", [], |r| {
            r.get(0)
        })?;
    if version == 0 {
        return Ok(Some("has no tables yet".to_owned()));
    }
    let made = Connection::open_in_memory()?;
    for migration in MIGRATIONS.iter().take(version) {
        made.execute_batch(migration)?;
    }
    for names in [COLUMNS, VIEWS] {
        let there = list(file, names)?;
        if let Some(missing) = list(&made, names)?.difference(&there).next() {
            return Ok(Some(format!("has no {missing}")));
        }
    }
    let foreign = &list(file, TRIGGERS)? - &list(&made, TRIGGERS)?;
    let name = |trigger: &String| trigger.split(' ').next().unwrap_or_default().to_owned();
    Ok(foreign.first().map(|trigger| {
        let name = name(trigger);
        format!("has the trigger {name:?}, which pricestash did not create")
    }))
}

fn list(file: &Connection, sql: &str) -> Result<BTreeSet<String>> {
    let mut statement = file.prepare(sql)?;
    let names = statement.query_map([], |r| r.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::schema;

    #[test]
    fn what_is_missing_and_what_acts_by_itself_is_named() {
        for (sql, says) in [
            ("", None),
            ("CREATE TABLE notes (x); CREATE INDEX n ON notes (x)", None),
            (
                "CREATE TABLE notes (x); CREATE TRIGGER mine AFTER INSERT ON notes BEGIN SELECT 1; END",
                Some("\"mine\""),
            ),
            ("DROP TABLE finding", Some("has no finding.")),
            ("DROP VIEW pending", Some("has no pending")),
            (
                "ALTER TABLE job_run DROP COLUMN summary",
                Some("has no job_run.summary"),
            ),
        ] {
            let file = Connection::open_in_memory().unwrap();
            file.execute_batch(&schema()).unwrap();
            file.execute_batch(sql).unwrap();
            let found = foreign_schema(&file).unwrap();
            match says {
                None => assert_eq!(found, None, "{sql}"),
                Some(says) => assert!(found.unwrap().contains(says), "{sql}"),
            }
        }
    }

    #[test]
    fn a_file_of_every_older_version_is_whole() {
        for version in 1..=MIGRATIONS.len() {
            let file = Connection::open_in_memory().unwrap();
            for migration in &MIGRATIONS[..version] {
                file.execute_batch(migration).unwrap();
            }
            file.pragma_update(None, "user_version", version).unwrap();
            assert_eq!(foreign_schema(&file).unwrap(), None);
        }
    }
}
