-- The best bar of each day with prices adjusted as ?5 says, NULL if the factor is unknown. ?1 a JSON list of assets,
-- empty for all; ?2 a source, ?3 the first and ?4 the last day, NULL for all.
SELECT p.asset_id, p.date, p.source, p.open * a.factor, p.high * a.factor, p.low * a.factor, p.close * a.factor, p.volume,
       p.ingested_at, p.is_final
FROM best_price p
LEFT JOIN (
    SELECT asset_id, since, until, split_factor * CASE ?5 WHEN 'all' THEN dividend_factor ELSE 1.0 END AS factor
    FROM adjustment
) a ON a.asset_id = p.asset_id AND a.since <= p.date AND p.date < a.until
WHERE (?1 = '[]' OR p.asset_id IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR p.source = ?2)
  AND (?3 IS NULL OR p.date >= ?3)
  AND (?4 IS NULL OR p.date <= ?4)
ORDER BY p.asset_id, p.date
