-- ?1 a JSON list of assets, empty for all; ?2 a source, ?3 the first and ?4 the last day, NULL for all.
SELECT {bar}
FROM price_daily
WHERE (?1 = '[]' OR asset_id IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR source = ?2)
  AND (?3 IS NULL OR date >= ?3)
  AND (?4 IS NULL OR date <= ?4)
ORDER BY asset_id, date, source
