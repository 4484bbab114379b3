-- Whether a series has a final bar on each of these days except waived and retracted ones, and at least ?5 final bars
-- after the last one.
SELECT NOT EXISTS (
        SELECT 1
        FROM json_each(?3) d
        WHERE NOT EXISTS (SELECT 1 FROM price_daily p WHERE p.asset_id = ?1 AND p.source = ?2 AND p.date = d.value AND p.is_final <> 0)
            AND NOT EXISTS (SELECT 1 FROM waiver w WHERE w.asset_id = ?1 AND w.date = d.value)
            AND NOT EXISTS (SELECT 1 FROM retraction r WHERE r.asset_id = ?1 AND r.source = ?2 AND r.date = d.value)
    )
    AND ?5 <= (
        SELECT count(*)
        FROM (SELECT 1 FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND date > ?4 AND is_final <> 0 LIMIT ?5)
    )
