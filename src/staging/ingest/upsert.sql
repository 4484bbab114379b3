-- Writes a bar whose values were fetched for the first time, which known_since '' means. The caller has read the stored
-- row in the same transaction and decided that this one replaces it.
INSERT INTO price_daily (asset_id, date, source, ingested_at, is_final, job_id, {values})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, {values: ?})
ON CONFLICT (asset_id, date, source) DO UPDATE
SET {values: COLUMN = excluded.COLUMN},
    ingested_at = excluded.ingested_at,
    known_since = excluded.known_since,
    is_final = excluded.is_final,
    job_id = excluded.job_id,
    revision = price_daily.revision + 1
