-- The days of an asset from the oldest on, from a day on if one is given: the reader stops when it has enough.
SELECT source, date, is_final
FROM price_daily
WHERE asset_id = ?1 AND date >= coalesce(?2, '')
ORDER BY date
