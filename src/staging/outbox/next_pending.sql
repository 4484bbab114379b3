-- The pending rows after a key, in key order, with what the warehouse rejected of each; the partial index finds them
-- without reading the rest.
SELECT {p.bar}, p.revision, r.revision, r.row_sent
FROM price_daily p
LEFT JOIN sync_reject r USING (asset_id, date, source)
WHERE p.revision <> p.synced_revision
  AND (p.asset_id, p.date, p.source) > (?1, ?2, ?3)
  AND (?4 IS NULL OR p.asset_id IN (SELECT value FROM json_each(?4)))
ORDER BY p.asset_id, p.date, p.source
