-- The oldest provisional bar of a series, or the oldest of its newest final bars, whichever is older: only final bars tell a
-- change of scale.
SELECT min(date)
FROM (
    SELECT min(date) AS date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND is_final = 0
    UNION ALL
    SELECT date FROM (SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND is_final <> 0 ORDER BY date DESC LIMIT ?3)
)
