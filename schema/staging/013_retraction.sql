-- Bars that the owner took back as wrong, as they were: the same values of the source are not staged again, other values are.

CREATE TABLE retraction (
    asset_id     TEXT    NOT NULL,
    date         TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    -- The bar as price_daily had it.
    open         REAL    NOT NULL,
    high         REAL    NOT NULL,
    low          REAL    NOT NULL,
    close        REAL    NOT NULL,
    volume       INTEGER,
    ingested_at  TEXT    NOT NULL,
    is_final     INTEGER NOT NULL,
    job_id       TEXT,
    reason       TEXT    NOT NULL,
    retracted_at TEXT    NOT NULL,
    -- When the warehouse no longer had it; NULL while that waits for a sync.
    synced_at    TEXT,
    PRIMARY KEY (asset_id, date, source, retracted_at)
) WITHOUT ROWID;
CREATE INDEX retraction_pending ON retraction (asset_id, date, source) WHERE synced_at IS NULL;
