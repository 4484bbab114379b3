-- The staging file: what was collected, what changed afterwards, what was refused, what is still to be sent.
--
-- Every time is text `YYYY-MM-DDTHH:MM:SS.ffffffZ` (UTC), so that it sorts; every date is text `YYYY-MM-DD`.
-- Another program may write price_daily: it gives the first nine columns, everything else has a default.

-- One bar a row: asset, session's day in the exchange's time zone, source. Prices are in the currency of the source's
-- entry in assets.toml. volume is NULL where the source did not say it.
CREATE TABLE price_daily (
    asset_id        TEXT    NOT NULL CHECK (length(asset_id) BETWEEN 1 AND 20),
    date            TEXT    NOT NULL CHECK (date IS strftime('%Y-%m-%d', date)),
    source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 20),
    open            REAL    NOT NULL CHECK (typeof(open) = 'real'),
    high            REAL    NOT NULL CHECK (typeof(high) = 'real'),
    low             REAL    NOT NULL CHECK (typeof(low) = 'real'),
    close           REAL    NOT NULL CHECK (typeof(close) = 'real'),
    volume          INTEGER          CHECK (typeof(volume) IN ('integer', 'null')),
    -- When the bar was fetched last.
    ingested_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    -- When these values were fetched first; '' where another program wrote the row.
    known_since     TEXT    NOT NULL DEFAULT '',
    -- 0 while the bar was fetched before its session's final time.
    is_final        INTEGER NOT NULL DEFAULT 1,
    -- Raised by every write. The row is pending while synced_revision, the revision that the warehouse has, differs.
    revision        INTEGER NOT NULL DEFAULT 1,
    synced_revision INTEGER NOT NULL DEFAULT 0,
    -- The run that wrote the row last.
    job_id          TEXT             DEFAULT NULL,
    PRIMARY KEY (asset_id, date, source)
) WITHOUT ROWID;

-- Finds what is pending in key order without reading the rest.
CREATE INDEX price_daily_pending ON price_daily (asset_id, date, source) WHERE revision <> synced_revision;

-- What a price was before it changed: the old values, when they were fetched first (known_since) and last (ingested_at),
-- when the values that replaced them were fetched, and by which run.
CREATE TABLE price_revision (
    asset_id    TEXT NOT NULL,
    date        TEXT NOT NULL,
    source      TEXT NOT NULL,
    open        REAL NOT NULL,
    high        REAL NOT NULL,
    low         REAL NOT NULL,
    close       REAL NOT NULL,
    volume      INTEGER,
    ingested_at TEXT NOT NULL,
    is_final    INTEGER NOT NULL DEFAULT 1,
    known_since TEXT NOT NULL DEFAULT '',
    replaced_at TEXT NOT NULL,
    job_id      TEXT
);
CREATE INDEX price_revision_key ON price_revision (asset_id, date, source);

-- What is worth saying about a day of a series. resolved_at is set when a later run no longer sees it.
CREATE TABLE finding (
    asset_id    TEXT NOT NULL,
    source      TEXT NOT NULL,
    date        TEXT NOT NULL,
    rule        TEXT NOT NULL,
    detail      TEXT NOT NULL DEFAULT '',
    first_seen  TEXT NOT NULL,
    last_seen   TEXT NOT NULL,
    job_id      TEXT,
    resolved_at TEXT,
    PRIMARY KEY (asset_id, source, date, rule)
) WITHOUT ROWID;

-- Rows that can be no bar, with the values as received. The same row with the same values stands here once.
CREATE TABLE quarantine (
    asset_id   TEXT NOT NULL,
    source     TEXT NOT NULL,
    date       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    raw        TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen  TEXT NOT NULL,
    job_id     TEXT,
    PRIMARY KEY (asset_id, source, date, reason, raw)
) WITHOUT ROWID;

-- Sessions whose missing bar the user does not want to hear of again.
CREATE TABLE waiver (
    asset_id  TEXT NOT NULL,
    date      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    waived_at TEXT NOT NULL,
    PRIMARY KEY (asset_id, date)
) WITHOUT ROWID;

-- Rows that the warehouse refuses, in the revision that it refused.
CREATE TABLE sync_reject (
    asset_id        TEXT    NOT NULL,
    date            TEXT    NOT NULL,
    source          TEXT    NOT NULL,
    revision        INTEGER NOT NULL,
    sqlstate        TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    constraint_name TEXT,
    rejected_at     TEXT    NOT NULL,
    PRIMARY KEY (asset_id, date, source)
) WITHOUT ROWID;

-- The assets as configured at the last collect. source_priority is a JSON list of the sources in the asset's own
-- currency, best first.
CREATE TABLE asset_master (
    asset_id        TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    calendar        TEXT    NOT NULL,
    currency        TEXT    NOT NULL,
    source_priority TEXT    NOT NULL,
    is_active       INTEGER NOT NULL,
    revision        INTEGER NOT NULL DEFAULT 1,
    synced_revision INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The sources of each asset in their order. Only those in the asset's own currency may stand for its price.
CREATE TABLE asset_source (
    asset_id     TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    priority     INTEGER NOT NULL,
    symbol       TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    own_currency INTEGER NOT NULL,
    PRIMARY KEY (asset_id, source)
) WITHOUT ROWID;

-- Every collect and sync: running, then success, partial_failure or failure. error_message is a JSON list.
CREATE TABLE job_run (
    job_id          TEXT    NOT NULL PRIMARY KEY,
    job_name        TEXT    NOT NULL,
    started_at      TEXT    NOT NULL,
    ended_at        TEXT,
    status          TEXT    NOT NULL,
    error_message   TEXT,
    host            TEXT,
    process_id      INTEGER,
    version         TEXT,
    -- What the run counted, as JSON.
    summary         TEXT,
    revision        INTEGER NOT NULL DEFAULT 1,
    synced_revision INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX job_run_started ON job_run (started_at);

-- Bars that the warehouse does not have in this revision.
CREATE VIEW pending AS
SELECT asset_id, date, source, open, high, low, close, volume, ingested_at, is_final, revision, synced_revision
FROM price_daily
WHERE revision <> synced_revision;

-- One bar for each asset and date: the first in the asset's source order, of the sources in its own currency.
CREATE VIEW best_price AS
SELECT p.asset_id, p.date, p.source, m.currency, p.open, p.high, p.low, p.close, p.volume, p.ingested_at, p.is_final
FROM price_daily p
JOIN asset_source s ON s.asset_id = p.asset_id AND s.source = p.source AND s.own_currency = 1
JOIN asset_master m ON m.asset_id = p.asset_id
WHERE NOT EXISTS (
    SELECT 1
    FROM asset_source t
    JOIN price_daily q ON q.asset_id = t.asset_id AND q.date = p.date AND q.source = t.source
    WHERE t.asset_id = p.asset_id AND t.own_currency = 1 AND t.priority < s.priority
);

-- The newest bar of each asset.
CREATE VIEW latest_price AS
SELECT b.asset_id, m.name, b.date, b.source, b.currency, b.open, b.high, b.low, b.close, b.volume, b.ingested_at, b.is_final
FROM asset_master m
JOIN best_price b ON b.asset_id = m.asset_id
    AND b.date = (
        SELECT max(p.date)
        FROM price_daily p
        JOIN asset_source s ON s.asset_id = p.asset_id AND s.source = p.source AND s.own_currency = 1
        WHERE p.asset_id = m.asset_id
    );

-- How far each series reaches.
CREATE VIEW coverage AS
SELECT asset_id, source, min(date) AS first_date, max(date) AS last_date, count(*) AS bars,
       sum(is_final = 0) AS provisional, sum(revision <> synced_revision) AS pending
FROM price_daily
GROUP BY asset_id, source;

-- What was found and is still so.
CREATE VIEW open_findings AS
SELECT asset_id, source, date, rule, detail, first_seen, last_seen
FROM finding
WHERE resolved_at IS NULL;
