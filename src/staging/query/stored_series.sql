-- The bars of an asset from a day on, oldest first; of all days when it is NULL. A condition of its own for that would keep SQLite
-- from beginning at the day.
SELECT {bar}
FROM price_daily
WHERE asset_id = ?1 AND date >= coalesce(?2, '')
ORDER BY date
