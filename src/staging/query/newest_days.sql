-- The days of an asset from the newest back, up to a day if one is given: the reader stops when it has enough. A tilde
-- sorts after every day.
SELECT source, date, is_final
FROM price_daily
WHERE asset_id = ?1 AND date <= coalesce(?2, '~')
ORDER BY date DESC
