-- Every version of an asset's bars that have changed (or of one day's), oldest first; the last of a day is the one that holds.
SELECT date, source, coalesce(nullif(known_since, ''), ingested_at) AS known_since, brought_by, replaced_at, job_id, {values}
FROM price_revision
WHERE asset_id = ?1 AND (?2 IS NULL OR date = ?2)
UNION ALL
SELECT p.date, p.source, coalesce(nullif(p.known_since, ''), p.ingested_at), p.job_id, NULL, NULL, {values: p.COLUMN}
FROM price_daily p
WHERE p.asset_id = ?1
  AND (p.date = ?2 OR (?2 IS NULL AND EXISTS (
      SELECT 1 FROM price_revision r WHERE r.asset_id = p.asset_id AND r.date = p.date AND r.source = p.source
  )))
ORDER BY 1, 2, 3
