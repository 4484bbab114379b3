-- Puts back the bar that was retracted at a time (?4), unless another one is in its place: it counts as known since now
-- (?5).
INSERT INTO price_daily (asset_id, date, source, {values}, ingested_at, known_since, is_final, job_id)
SELECT asset_id, date, source, {values}, ingested_at, ?5, is_final, job_id
FROM retraction
WHERE asset_id = ?1 AND date = ?2 AND source = ?3 AND retracted_at = ?4
ON CONFLICT DO NOTHING
