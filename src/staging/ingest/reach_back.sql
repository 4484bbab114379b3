-- The oldest of: the recent provisional bars of a series, its newest final bars (only these show a change of scale),
-- its missing sessions (rule ?6) among days whose request was lost recently, and recent findings that make it suspect.
SELECT min(date)
FROM (
    SELECT min(date) AS date
    FROM price_daily
    WHERE asset_id = ?1 AND source = ?2 AND is_final = 0 AND date >= ?4
    UNION ALL
    SELECT date FROM (SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND is_final <> 0 ORDER BY date DESC LIMIT ?3)
    UNION ALL
    SELECT min(f.date)
    FROM lost_part l
    JOIN finding f ON f.asset_id = l.asset_id AND f.source = l.source AND f.date BETWEEN l.start_date AND l.end_date
    WHERE l.asset_id = ?1 AND l.source = ?2 AND l.lost_at > ?5 AND f.rule = ?6 AND f.resolved_at IS NULL
    UNION ALL
    SELECT min(date)
    FROM finding
    WHERE asset_id = ?1 AND source = ?2 AND date >= ?4 AND resolved_at IS NULL
      AND rule IN ('scale_step', 'scale_refused', 'scale_unknown')
)
