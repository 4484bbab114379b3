-- Every version of an asset's bars that have changed (or of one day's), oldest first; the last version of a day is the
-- current one, unless the owner retracted it.
SELECT v.date, v.source, coalesce(nullif(v.known_since, ''), v.ingested_at) AS known_since, v.brought_by, v.replaced_at, v.job_id,
       r.reason, {values: v.COLUMN}
FROM price_revision v
LEFT JOIN retraction r
    ON r.asset_id = v.asset_id AND r.date = v.date AND r.source = v.source AND r.retracted_at = v.replaced_at
WHERE v.asset_id = ?1 AND (?2 IS NULL OR v.date = ?2)
UNION ALL
SELECT p.date, p.source, coalesce(nullif(p.known_since, ''), p.ingested_at), p.job_id, NULL, NULL, NULL, {values: p.COLUMN}
FROM price_daily p
WHERE p.asset_id = ?1
  AND (p.date = ?2 OR (?2 IS NULL AND EXISTS (
      SELECT 1 FROM price_revision r WHERE r.asset_id = p.asset_id AND r.date = p.date AND r.source = p.source
  )))
ORDER BY 1, 2, 3
