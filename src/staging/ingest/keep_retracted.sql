-- Keeps a stored bar in the history that nothing replaced, because it was retracted at a time (?4).
INSERT INTO price_revision (asset_id, date, source, {values}, ingested_at, is_final, known_since, brought_by, replaced_at)
SELECT asset_id, date, source, {values}, ingested_at, is_final, known_since, job_id, ?4
FROM price_daily
WHERE asset_id = ?1 AND date = ?2 AND source = ?3
