-- The days of an asset from the oldest on, from a day on if one is given: whoever reads stops when they have seen enough.
SELECT source, date, is_final
FROM price_daily
WHERE asset_id = ?1 AND date >= coalesce(?2, '')
ORDER BY date
