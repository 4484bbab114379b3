-- The bars of an asset from a day on, oldest first; of all days when it is NULL.
SELECT {bar}
FROM price_daily
WHERE asset_id = ?1 AND (?2 IS NULL OR date >= ?2)
ORDER BY date
