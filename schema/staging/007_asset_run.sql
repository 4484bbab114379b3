-- How each asset of a collect ended. It stood in job_run.summary, which grew with the assets and holds totals now.

-- status: ok, suspect or failed. source: whose bars were staged, of several with commas. It goes with its run.
CREATE TABLE asset_run (
    job_id   TEXT NOT NULL,
    asset_id TEXT NOT NULL,
    status   TEXT NOT NULL,
    source   TEXT,
    message  TEXT,
    PRIMARY KEY (job_id, asset_id)
) WITHOUT ROWID;

INSERT OR IGNORE INTO asset_run (job_id, asset_id, status, source, message)
SELECT job_id, asset ->> 'asset_id', asset ->> 'status', asset ->> 'source', asset ->> 'message'
FROM (
    SELECT r.job_id, CASE WHEN a.type = 'object' THEN a.value END AS asset
    FROM job_run r, json_each(CASE WHEN json_valid(r.summary) THEN r.summary ELSE '[]' END) a
    WHERE r.job_name = 'collect'
)
WHERE asset ->> 'asset_id' IS NOT NULL AND asset ->> 'status' IS NOT NULL;
