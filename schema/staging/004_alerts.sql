-- Alerts: what was said of which asset and still holds, and what could not be sent yet.

-- What an alert told and is still so, so that it is told in full once and its end is said once. asset_id is '' for a run as a
-- whole. since and told are days of the machine's own zone. named: an alert named the asset.
CREATE TABLE alert_case (
    topic    TEXT    NOT NULL,
    asset_id TEXT    NOT NULL,
    cause    TEXT    NOT NULL,
    since    TEXT    NOT NULL,
    told     TEXT    NOT NULL,
    named    INTEGER NOT NULL,
    PRIMARY KEY (topic, asset_id)
) WITHOUT ROWID;

-- Alerts on their way. A row goes when the webhook has it. claimed_at keeps two processes from sending it at once; refused
-- counts how often the webhook did not take just this one.
CREATE TABLE alert_outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id     TEXT,
    created_at TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    claimed_at TEXT,
    refused    INTEGER NOT NULL DEFAULT 0
);
