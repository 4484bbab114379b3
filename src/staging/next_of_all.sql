-- Every staged row after a key, in key order.
SELECT p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at, p.revision
FROM price_daily p
WHERE (p.asset_id, p.date, p.source) > (?1, ?2, ?3)
  AND (?4 IS NULL OR p.asset_id IN (SELECT value FROM json_each(?4)))
ORDER BY p.asset_id, p.date, p.source
LIMIT ?5
