-- The bars of a series between two days in order, each with whether it is pending.
SELECT {bar}, revision <> synced_revision
FROM price_daily
WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4
ORDER BY date
