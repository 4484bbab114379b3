-- The bars of an asset by day, each with whether it is pending.
SELECT {bar}, revision <> synced_revision
FROM price_daily
WHERE asset_id = ?1
ORDER BY date, source
