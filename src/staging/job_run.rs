//! The rows of `job_run`: the only list of its columns, and the reader of a row.

use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};

use super::bar_row::shown;
use crate::domain::run::JobRun;

/// The columns of a [`JobRun`]. SQLite computes the seconds because it also understands times of other programs.
const COLUMNS: &str = "job_id, job_name, started_at, ended_at,
    round((julianday(ended_at) - julianday(started_at)) * 86400, 1) AS seconds,
    status, error_message, host, process_id, version, summary, revision";

/// The runs selected by `rest`, which follows `FROM job_run`, in its order.
pub(super) fn job_runs(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Vec<JobRun>> {
    job_runs_as(connection, rest, params, |run| run)
}

/// The same, with each row converted while it is read: the summaries of a year's runs are too much to hold at once.
pub(super) fn job_runs_as<T>(
    connection: &Connection,
    rest: &str,
    params: impl Params,
    make: impl Fn(JobRun) -> T,
) -> Result<Vec<T>> {
    let sql = format!("SELECT {COLUMNS} FROM job_run {rest}");
    let mut statement = connection.prepare_cached(&sql)?;
    let runs = statement.query_map(params, |row| job_run(row).map(&make))?;
    Ok(runs.collect::<rusqlite::Result<_>>()?)
}

/// Whatever another program wrote into the row, it must not block others.
fn job_run(row: &Row<'_>) -> rusqlite::Result<JobRun> {
    let text = |column: &str| -> rusqlite::Result<Option<String>> {
        let value = row.get_ref(column)?;
        Ok((value != ValueRef::Null).then(|| shown(value)))
    };
    Ok(JobRun {
        job_id: text("job_id")?.unwrap_or_default(),
        job_name: text("job_name")?.unwrap_or_default(),
        started_at: text("started_at")?.unwrap_or_default(),
        ended_at: text("ended_at")?,
        seconds: row.get("seconds")?,
        status: text("status")?.unwrap_or_default(),
        error_message: text("error_message")?,
        host: text("host")?,
        process_id: row.get("process_id").unwrap_or_default(),
        version: text("version")?,
        summary: text("summary")?,
        revision: row.get("revision").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::Staging;

    #[test]
    fn a_run_is_read_as_it_stands_in_the_file() {
        let staging = Staging::in_memory().unwrap();
        let connection = staging.connection().unwrap();
        connection
            .execute_batch(
                "INSERT INTO job_run VALUES
                 ('a', 'collect', '2026-01-05T00:00:00.000000Z', '2026-01-05T00:00:02.500000Z', 'failure', '[]', 'nas', 7, '1.0', '{}', 2, 1);
                 INSERT INTO job_run (job_id, job_name, started_at, status) VALUES ('b', 'sync', 'then', 'running')",
            )
            .unwrap();
        let runs = job_runs(&connection, "ORDER BY job_id", []).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let whole = JobRun {
            job_id: "a".to_owned(),
            job_name: "collect".to_owned(),
            started_at: "2026-01-05T00:00:00.000000Z".to_owned(),
            ended_at: text("2026-01-05T00:00:02.500000Z"),
            seconds: Some(2.5),
            status: "failure".to_owned(),
            error_message: text("[]"),
            host: text("nas"),
            process_id: Some(7),
            version: text("1.0"),
            summary: text("{}"),
            revision: 2,
        };
        let bare = JobRun {
            job_id: "b".to_owned(),
            job_name: "sync".to_owned(),
            started_at: "then".to_owned(),
            status: "running".to_owned(),
            revision: 1,
            ..JobRun::default()
        };
        assert_eq!(runs, [whole, bare]);
    }
}
