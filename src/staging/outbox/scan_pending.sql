-- Every row after a key, in key order, with whether it is pending.
SELECT {bar}, revision, revision <> synced_revision AS is_pending
FROM price_daily
WHERE (asset_id, date, source) > (?1, ?2, ?3)
ORDER BY asset_id, date, source
