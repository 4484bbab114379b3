-- The newest day of each asset and source.
SELECT asset_id::text, source::text, max(date)
FROM price_daily
GROUP BY asset_id, source
