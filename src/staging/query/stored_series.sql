-- The bars of an asset from a day on, oldest first; of all days if it is NULL. A separate condition for that would keep
-- SQLite from starting at the day.
SELECT {bar}
FROM price_daily
WHERE asset_id = ?1 AND date >= coalesce(?2, '')
ORDER BY date
