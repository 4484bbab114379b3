-- The sources of an asset as the warehouse has them: by priority those whose bars may stand for its price, and what the stored bars
-- are in.
SELECT s.source, o.priority, coalesce(e.currency, s.currency), s.symbol
FROM asset_source s
LEFT JOIN own_source o ON o.asset_id = s.asset_id AND o.source = s.source
LEFT JOIN series e ON e.asset_id = s.asset_id AND e.source = s.source
WHERE s.asset_id = ?1
ORDER BY s.priority
