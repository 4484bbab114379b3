-- Keeps an action that is about to change, with the time and the run.
INSERT INTO corporate_action_revision (asset_id, source, date, kind, amount, numerator, denominator, currency, left_out, ingested_at, replaced_at, job_id)
SELECT asset_id, source, date, kind, amount, numerator, denominator, currency, left_out, ingested_at, ?5, ?6
FROM corporate_action
WHERE asset_id = ?1 AND source = ?2 AND date = ?3 AND kind = ?4
