-- The values of one bar.
SELECT {values}
FROM price_daily
WHERE asset_id = ?1 AND date = ?2 AND source = ?3
