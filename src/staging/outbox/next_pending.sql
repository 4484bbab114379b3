-- The pending rows after a key, in key order; the partial index finds them without reading the rest.
-- A row that the warehouse refused in this revision is left out.
SELECT {p.bar}, p.revision
FROM price_daily p
WHERE p.revision <> p.synced_revision
  AND (p.asset_id, p.date, p.source) > (?1, ?2, ?3)
  AND (?4 IS NULL OR p.asset_id IN (SELECT value FROM json_each(?4)))
  AND NOT EXISTS (
      SELECT 1 FROM sync_reject r
      WHERE r.asset_id = p.asset_id AND r.date = p.date AND r.source = p.source AND r.revision = p.revision
  )
ORDER BY p.asset_id, p.date, p.source
LIMIT ?5
