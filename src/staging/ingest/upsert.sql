-- Writes one bar. The caller has read the stored row in the same transaction and decided that this one replaces it.
INSERT INTO price_daily (asset_id, date, source, open, high, low, close, volume, ingested_at, known_since, is_final, job_id)
VALUES (:asset_id, :date, :source, :open, :high, :low, :close, :volume, :ingested_at, :known_since, :is_final, :job_id)
ON CONFLICT (asset_id, date, source) DO UPDATE
SET open = excluded.open,
    high = excluded.high,
    low = excluded.low,
    close = excluded.close,
    volume = excluded.volume,
    ingested_at = excluded.ingested_at,
    known_since = excluded.known_since,
    is_final = excluded.is_final,
    job_id = excluded.job_id,
    revision = price_daily.revision + 1
