-- The newest day of each asset and source, up to a day if one is given.
SELECT asset_id::text, source::text, max(date)
FROM price_daily
WHERE $1::date IS NULL OR date <= $1
GROUP BY asset_id, source
