-- The rows from one key to another, in key order, each with whether it is pending.
SELECT {bar}, revision, revision <> synced_revision
FROM price_daily
WHERE (asset_id, date, source) >= (?1, ?2, ?3)
  AND (asset_id, date, source) <= (?4, ?5, ?6)
ORDER BY asset_id, date, source
