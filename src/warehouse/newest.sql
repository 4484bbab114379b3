-- The first and the newest day of each asset and source, and its days since $2, up to the day $1 if given.
SELECT asset_id::text, source::text, min(date), max(date), coalesce(array_agg(date) FILTER (WHERE date >= $2), '{}')
FROM price_daily
WHERE $1::date IS NULL OR date <= $1
GROUP BY asset_id, source
