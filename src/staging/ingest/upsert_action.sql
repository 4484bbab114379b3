-- Writes an action. The caller has read the stored one in the same transaction and decided that this one replaces it.
INSERT INTO corporate_action (asset_id, source, date, kind, amount, numerator, denominator, currency, ingested_at, job_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (asset_id, source, date, kind) DO UPDATE
SET amount = excluded.amount,
    numerator = excluded.numerator,
    denominator = excluded.denominator,
    currency = excluded.currency,
    left_out = NULL,
    ingested_at = excluded.ingested_at,
    job_id = excluded.job_id,
    revision = corporate_action.revision + 1
