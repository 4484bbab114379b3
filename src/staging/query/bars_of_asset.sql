-- The bars of an asset, day by day, and whether each is pending.
SELECT {bar}, revision <> synced_revision
FROM price_daily
WHERE asset_id = ?1
ORDER BY date, source
