-- Every collect and sync; error_message is a JSON list of failures.
CREATE TABLE IF NOT EXISTS job_run (
    job_id        uuid PRIMARY KEY,
    job_name      varchar(100),
    started_at    timestamptz,
    ended_at      timestamptz,
    status        varchar(20),
    error_message text
);
