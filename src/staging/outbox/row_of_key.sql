-- One row, to compare with what was sent.
SELECT {bar}, revision
FROM price_daily
WHERE asset_id = ?1 AND date = ?2 AND source = ?3
