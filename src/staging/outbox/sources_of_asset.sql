-- The sources of an asset in the form for the warehouse: those whose bars can serve as its price by priority, and the
-- currency of the stored bars.
SELECT s.source, o.priority, coalesce(e.currency, s.currency), s.symbol
FROM asset_source s
LEFT JOIN own_source o ON o.asset_id = s.asset_id AND o.source = s.source
LEFT JOIN series e ON e.asset_id = s.asset_id AND e.source = s.source
WHERE s.asset_id = ?1
ORDER BY s.priority
