-- Keeps what is refused of a stored bar: its exact values, the reason (?4), and the time (?5).
INSERT INTO retraction (asset_id, date, source, {values}, ingested_at, is_final, job_id, reason, retracted_at)
SELECT asset_id, date, source, {values}, ingested_at, is_final, job_id, ?4, ?5
FROM price_daily
WHERE asset_id = ?1 AND date = ?2 AND source = ?3
